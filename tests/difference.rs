//! What turns one state of a resource into another: nothing is forgotten, and nothing is changed unasked.

#[path = "support/arbitrary.rs"]
mod arbitrary;

use std::collections::BTreeSet;
use std::fmt;

use outbound_provisioning::model::{
    Address, AttributePath, Change, Difference, ENTERPRISE_USER, EnterpriseUser, Group, Manager,
    Member, MemberChanges, MultiValue, Name, Resource, User,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The attributes that a difference is about: all but a group's members.
fn attributes(resource: &Resource) -> Map<String, Value> {
    let Ok(Value::Object(mut attributes)) = serde_json::to_value(resource) else {
        return Map::new();
    };
    if let Resource::Group(_) = resource {
        attributes.remove("members");
    }
    attributes
}

/// The same attributes in one spelling: multi-valued ones sorted, those without a value left out (RFC 7643 section
/// 2.5), in the core schema, in complex attributes and in extensions.
fn meaning(attributes: Map<String, Value>) -> Map<String, Value> {
    let one_level = |attributes: Map<String, Value>| {
        let assigned = attributes.into_iter().filter_map(|(name, value)| match value {
            Value::Null => None,
            Value::Array(values) if values.is_empty() => None,
            Value::Object(inner) if inner.is_empty() => None,
            Value::Array(mut values) => {
                values.sort_by_key(Value::to_string);
                Some((name, values.into()))
            }
            other => Some((name, other)),
        });
        assigned.collect::<Map<String, Value>>()
    };
    let inner = attributes.into_iter().map(|(name, value)| match value {
        Value::Object(inner) => (name, one_level(inner).into()),
        other => (name, other),
    });
    one_level(inner.collect())
}

fn applied(difference: &Difference, before: &Resource) -> Map<String, Value> {
    let mut attributes = attributes(before);
    difference.apply(&mut attributes);
    meaning(attributes)
}

fn paths(difference: &Difference) -> Vec<String> {
    difference.iter().map(|(path, _)| path.to_string()).collect()
}

/// A difference in words: `path = value`, `path cleared`, or `path -[keys] +[values]`.
fn words(difference: &Difference) -> Vec<String> {
    let word = |(path, change): (&AttributePath, &Change)| match change {
        Change::Set(value) => format!("{path} = {value}"),
        Change::Clear => format!("{path} cleared"),
        Change::Values { removed, added } => {
            let removed: Vec<String> =
                removed.iter().map(|key| format!("{}={}", key.sub_attribute, key.text)).collect();
            format!("{path} -[{}] +{}", removed.join(" "), Value::from(added.clone()))
        }
        other => format!("{path}: {other:?}"),
    };
    difference.iter().map(word).collect()
}

fn ada() -> User {
    User::new("u-1", "ada")
}

#[track_caller]
fn assert_difference(before: &User, after: &User, expected: &[&str]) {
    let (before, after) = (before.clone().into(), after.clone().into());
    let difference = Difference::between(&before, &after);
    assert_eq!(words(&difference), expected);
    assert_eq!(applied(&difference, &before), meaning(attributes(&after)));
    assert_eq!((difference.len(), difference.is_empty()), (expected.len(), expected.is_empty()));
}

/// States of one user or one group. `Debug` of a user hides the person, so that a failure would say nothing.
#[derive(Clone)]
struct States<const N: usize>([Resource; N]);

impl<const N: usize> fmt::Debug for States<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|state| Value::from(attributes(state)))).finish()
    }
}

/// States of which each keeps some attributes of the one before, and of a multi-valued one some values.
fn states<const N: usize>() -> impl Strategy<Value = States<N>> {
    // All of the attributes change, some, or one.
    let bits = || prop_oneof![Just(u32::MAX), any::<u32>(), (0..21u32).prop_map(|bit| 1 << bit)];
    let users = std::array::from_fn(|_| (arbitrary::user(), bits(), any::<u32>()));
    let users = users.prop_map(|states| in_turn(states, mixed_user));
    let groups = std::array::from_fn(|_| (arbitrary::group(), bits(), any::<u32>()));
    let groups = groups.prop_map(|states| in_turn(states, mixed_group));
    prop_oneof![4 => users, 1 => groups]
}

fn in_turn<T: Clone + Into<Resource>, const N: usize>(
    states: [(T, u32, u32); N],
    mixed: fn(T, T, u32, u32) -> T,
) -> States<N> {
    let mut before: Option<T> = None;
    States(states.map(|(fresh, changed, kept)| {
        let now = match before.take() {
            Some(before) => mixed(before, fresh, changed, kept),
            None => fresh,
        };
        before = Some(now.clone());
        now.into()
    }))
}

/// The first user with those attributes of the second that the bits name.
fn mixed_user(mut user: User, other: User, changed: u32, kept: u32) -> User {
    let mut bits = (0..u32::BITS).map(|place| changed >> place & 1 == 1);
    let mut changes = || bits.next().unwrap_or_default();
    macro_rules! replace {
        ($($attribute:ident)+) => {$(
            if changes() {
                user.$attribute = other.$attribute;
            }
        )+};
    }
    macro_rules! replace_values {
        ($($attribute:ident)+) => {$(
            if changes() {
                let mut bits = (0..u32::BITS).map(|place| kept >> place & 1 == 1);
                user.$attribute.retain(|_| bits.next().unwrap_or_default());
                user.$attribute.extend(other.$attribute);
            }
        )+};
    }
    replace!(user_name name display_name nick_name profile_url title user_type preferred_language);
    replace!(locale timezone active enterprise extensions);
    replace_values!(emails phone_numbers ims photos addresses entitlements roles x509_certificates);
    user
}

/// The same for groups.
fn mixed_group(mut group: Group, other: Group, changed: u32, _: u32) -> Group {
    if changed & 1 == 1 {
        group.display_name = other.display_name;
    }
    if changed & 2 == 2 {
        group.extensions = other.extensions;
    }
    group.members = other.members;
    group
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn applied_to_one_state_it_gives_the_other(States([before, after]) in states()) {
        let difference = Difference::between(&before, &after);
        prop_assert_eq!(applied(&difference, &before), meaning(attributes(&after)));
    }

    #[test]
    fn from_nothing_gives_everything(States([after]) in states()) {
        let mut nothing = Map::new();
        Difference::from_nothing(&after).apply(&mut nothing);
        prop_assert_eq!(meaning(nothing), meaning(attributes(&after)));
    }

    #[test]
    fn it_is_empty_exactly_when_both_mean_the_same(States([before, after]) in states()) {
        let same = meaning(attributes(&before)) == meaning(attributes(&after));
        let difference = Difference::between(&before, &after);
        prop_assert_eq!(difference.is_empty(), same, "{:?}", paths(&difference));
        prop_assert!(Difference::between(&after, &after).is_empty());
    }

    #[test]
    fn the_order_of_values_is_no_change(user in arbitrary::user()) {
        let mut reordered = user.clone();
        for values in [
            &mut reordered.emails,
            &mut reordered.phone_numbers,
            &mut reordered.ims,
            &mut reordered.photos,
            &mut reordered.entitlements,
            &mut reordered.roles,
            &mut reordered.x509_certificates,
        ] {
            values.reverse();
        }
        reordered.addresses.reverse();
        prop_assert!(Difference::between(&user.into(), &reordered.into()).is_empty());
    }

    #[test]
    fn it_names_each_attribute_once_and_sorted(States([before, after]) in states()) {
        let difference = Difference::between(&before, &after);
        let paths: Vec<&AttributePath> = difference.iter().map(|(path, _)| path).collect();
        prop_assert!(paths.is_sorted_by(|left, right| left < right), "{:?}", paths);
    }

    #[test]
    fn what_is_in_doubt_is_mended_by_sending_it_again(
        States([before, after, wanted]) in states(),
    ) {
        // Of a request that turns `before` into `after` nobody knows how much was done; `wanted` is meant now.
        let request = Difference::between(&before, &after);
        let doubtful: Vec<AttributePath> = request.iter().map(|(path, _)| path.clone()).collect();
        let again = Difference::between(&before, &wanted).and_again(&doubtful, &wanted);
        prop_assert_eq!(applied(&again, &before), meaning(attributes(&wanted)));
        let mut done = attributes(&before);
        request.apply(&mut done);
        again.apply(&mut done);
        prop_assert_eq!(meaning(done), meaning(attributes(&wanted)));
    }
}

#[test]
fn clearing_one_attribute_leaves_the_others_alone() {
    let mut before = ada().with_display_name("Ada");
    before.title = Some("Countess".to_owned());
    assert_difference(&before, &ada().with_display_name("Ada"), &["title cleared"]);
}

#[test]
fn part_of_a_name_changes_alone() {
    let (mut before, mut after) = (ada(), ada());
    before.name = Some(Name::new("Ada", "Byron"));
    after.name = Some(Name::new("Ada", "Lovelace"));
    assert_difference(&before, &after, &[r#"name.familyName = "Lovelace""#]);
    assert_difference(&before, &ada(), &["name cleared"]);
    after.name = Some(Name::default());
    let cleared = Difference::between(&before.clone().into(), &after.clone().into());
    let mut attributes = attributes(&before.clone().into());
    cleared.apply(&mut attributes);
    assert!(!attributes.contains_key("name"), "no part is left");
    after.name = Some(Name::new("Ada", "Lovelace"));
    assert_difference(&ada(), &after, &[r#"name = {"familyName":"Lovelace","givenName":"Ada"}"#]);
}

#[test]
fn a_complex_attribute_without_parts_has_no_value() {
    let mut empty = ada();
    empty.name = Some(Name::default());
    empty.enterprise = Some(EnterpriseUser::default());
    assert_difference(&ada(), &empty, &[]);
    assert_difference(&empty, &ada(), &[]);
}

#[test]
fn one_email_of_two_changes_by_its_type() {
    let user = |work: &str| {
        let mut user = ada();
        user.emails = vec![MultiValue::new("work", work), MultiValue::new("home", "a@home")];
        user
    };
    assert_difference(
        &user("a@old"),
        &user("a@new"),
        &[r#"emails -[type=work] +[{"type":"work","value":"a@new"}]"#],
    );
}

#[test]
fn values_without_types_change_by_value() {
    let role = |value: &str| {
        let mut role = MultiValue::default();
        role.value = value.to_owned();
        role
    };
    let (mut before, mut after) = (ada(), ada());
    before.roles = vec![role("reader"), role("writer")];
    after.roles = vec![role("writer"), role("owner")];
    assert_difference(&before, &after, &[r#"roles -[value=reader] +[{"value":"owner"}]"#]);
}

#[test]
fn values_of_one_type_change_by_value() {
    let (mut before, mut after) = (ada(), ada());
    before.emails = vec![MultiValue::new("work", "a@1"), MultiValue::new("work", "a@2")];
    after.emails = vec![MultiValue::new("work", "a@2")];
    assert_difference(&before, &after, &["emails -[value=a@1] +[]"]);
}

#[test]
fn values_that_nothing_tells_apart_change_as_a_whole() {
    let twice = MultiValue::new("work", "a@1");
    let (mut before, mut after) = (ada(), ada());
    before.emails = vec![twice.clone(), twice.clone()];
    after.emails = vec![twice];
    assert_difference(&before, &after, &[r#"emails = [{"type":"work","value":"a@1"}]"#]);
    assert_difference(&before, &ada(), &["emails cleared"]);
}

#[test]
fn how_often_a_value_is_there_counts() {
    let (one, other) = (MultiValue::new("", "1"), MultiValue::new("", "2"));
    let (mut before, mut after) = (ada(), ada());
    before.roles = vec![one.clone(), one.clone(), other.clone()];
    after.roles = vec![one, other.clone(), other];
    assert_difference(
        &before,
        &after,
        &[r#"roles = [{"type":"","value":"1"},{"type":"","value":"2"},{"type":"","value":"2"}]"#],
    );
}

#[test]
fn types_are_compared_without_case_and_sent_as_they_are() {
    let (mut before, mut after) = (ada(), ada());
    before.emails = vec![MultiValue::new("work", "a@1")];
    after.emails = vec![MultiValue::new("Work", "a@1")];
    assert_difference(
        &before,
        &after,
        &[r#"emails -[type=work] +[{"type":"Work","value":"a@1"}]"#],
    );
    before.emails.push(MultiValue::new("WORK", "a@2"));
    assert_difference(
        &before,
        &after,
        &[r#"emails -[value=a@1 value=a@2] +[{"type":"Work","value":"a@1"}]"#],
    );
}

#[test]
fn another_preferred_value_changes_both() {
    let user = |home: bool| {
        let mut user = ada();
        let (mut one, mut other) = (MultiValue::new("work", "1"), MultiValue::new("home", "2"));
        (one.primary, other.primary) = (!home, home);
        user.phone_numbers = vec![one, other];
        user
    };
    assert_difference(
        &user(false),
        &user(true),
        &[
            r#"phoneNumbers -[type=work type=home] +[{"type":"work","value":"1"},{"primary":true,"type":"home","value":"2"}]"#,
        ],
    );
}

#[test]
fn addresses_change_by_type() {
    let address = |kind: &str, locality: &str| {
        let mut address = Address::default();
        address.kind = Some(kind.to_owned());
        address.locality = Some(locality.to_owned());
        address
    };
    let (mut before, mut after) = (ada(), ada());
    before.addresses = vec![address("work", "London"), address("home", "Surrey")];
    after.addresses = vec![address("home", "Surrey"), address("work", "Paris")];
    assert_difference(
        &before,
        &after,
        &[r#"addresses -[type=work] +[{"locality":"Paris","type":"work"}]"#],
    );
}

#[test]
fn extensions_change_attribute_by_attribute() {
    let (mut before, mut after) = (ada(), ada());
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some("Engines".to_owned());
    before.enterprise = Some(enterprise.clone());
    enterprise.manager = Some(Manager::new("u-2"));
    after.enterprise = Some(enterprise);
    assert_difference(
        &before,
        &after,
        &[&format!(r#"{ENTERPRISE_USER}:manager = {{"value":"u-2"}}"#)],
    );
    assert_difference(
        &after,
        &ada(),
        &[
            &format!("{ENTERPRISE_USER}:department cleared"),
            &format!("{ENTERPRISE_USER}:manager cleared"),
        ],
    );
    let badge = |urn: &str, colour: Value| ada().with_extension(urn, [("colour", colour)]);
    for urn in ["urn:example:badge", "URN:example:badge"] {
        let red = badge(urn, json!("red"));
        assert_difference(&ada(), &red, &[&format!(r#"{urn}:colour = "red""#)]);
        assert_difference(
            &badge(urn, json!({"r": 1})),
            &red,
            &[&format!(r#"{urn}:colour = "red""#)],
        );
        assert_difference(&red, &badge(urn, Value::Null), &[&format!("{urn}:colour cleared")]);
    }
}

#[test]
fn members_are_no_part_of_it() {
    let group = Group::new("g-1", "Staff");
    let full = group.clone().with_member(Member::user("u-1"));
    assert!(Difference::between(&group.clone().into(), &full.clone().into()).is_empty());
    let renamed = Group::new("g-1", "Crew").into();
    let difference = Difference::between(&full.clone().into(), &renamed);
    assert_eq!(words(&difference), [r#"displayName = "Crew""#]);
    assert_eq!(
        words(&Difference::from_nothing(&full.into())),
        [r#"displayName = "Staff""#, r#"externalId = "g-1""#]
    );
}

#[test]
fn values_that_are_not_ours_stay() {
    let (mut before, mut after) = (ada(), ada());
    before.emails = vec![MultiValue::new("work", "a@old")];
    after.emails = vec![MultiValue::new("work", "a@new")];
    let difference = Difference::between(&before.into(), &after.into());
    let Value::Object(mut theirs) = json!({
        "emails": [{ "type": "home", "value": "a@home" }, { "type": "WORK", "value": "a@old", "display": "x" }],
        "nickName": "Al",
    }) else {
        unreachable!("an object")
    };
    difference.apply(&mut theirs);
    let expected = json!({
        "emails": [{ "type": "home", "value": "a@home" }, { "type": "work", "value": "a@new" }],
        "nickName": "Al",
    });
    assert_eq!(Value::Object(theirs), expected);
}

#[test]
fn a_doubtful_attribute_is_sent_again_whole() {
    let mut ada = ada().with_display_name("Ada").with_email("a@1");
    ada.name = Some(Name::new("Ada", "Lovelace"));
    let ada =
        ada.with_extension("urn:example:badge", [("colour", Value::Null), ("size", json!([]))]);
    let ada = Resource::User(ada);
    let again = |path: AttributePath| {
        let unchanged = Difference::between(&ada, &ada);
        words(&unchanged.and_again(&[path], &ada))
    };
    let badge = |attribute: &str| AttributePath::of_schema("urn:example:badge", attribute);
    for (path, expected) in [
        ("displayName".into(), r#"displayName = "Ada""#),
        ("name.givenName".into(), r#"name.givenName = "Ada""#),
        ("emails".into(), r#"emails = [{"primary":true,"type":"work","value":"a@1"}]"#),
        // What has no value now may have one at the target.
        ("title".into(), "title cleared"),
        ("name.middleName".into(), "name.middleName cleared"),
        (badge("shape"), "urn:example:badge:shape cleared"),
        (badge("colour"), "urn:example:badge:colour cleared"),
        (badge("size"), "urn:example:badge:size cleared"),
    ] {
        assert_eq!(again(path), [expected]);
    }
}

#[test]
fn a_doubtful_attribute_that_changes_is_sent_once_and_whole() {
    let user = |address: &str| {
        let mut user = ada();
        user.emails = vec![MultiValue::new("work", address), MultiValue::new("home", "a@home")];
        Resource::from(user)
    };
    let difference = Difference::between(&user("a@old"), &user("a@new"));
    let again = difference.clone().and_again(&["emails".into()], &user("a@new"));
    assert_eq!(
        words(&again),
        [r#"emails = [{"type":"work","value":"a@new"},{"type":"home","value":"a@home"}]"#]
    );
    assert!(difference.clone().and_again(&[], &user("a@new")) == difference);
}

mod members {
    //! Who joins and leaves a group.

    use super::*;

    fn changes() -> impl Strategy<Value = MemberChanges> {
        let members = || vec(arbitrary::member(), 0..6);
        (members(), members()).prop_map(|(added, removed)| MemberChanges::new(added, removed))
    }

    fn after(mut group: BTreeSet<Member>, changes: &MemberChanges) -> BTreeSet<Member> {
        group.retain(|member| !changes.removed.contains(member));
        group.extend(changes.added.iter().cloned());
        group
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn two_changes_in_one_do_what_both_do(
            group in vec(arbitrary::member(), 0..6),
            first in changes(),
            second in changes(),
        ) {
            let group: BTreeSet<Member> = group.into_iter().collect();
            let both = first.clone().then(&second);
            prop_assert_eq!(after(group.clone(), &both), after(after(group, &first), &second));
            prop_assert!(both.added.is_disjoint(&both.removed));
            prop_assert_eq!(both.len(), both.added.len() + both.removed.len());
            prop_assert_eq!(both.is_empty(), first.is_empty() && second.is_empty());
        }

        #[test]
        fn nobody_joins_and_leaves_at_once(changes in changes()) {
            prop_assert!(changes.added.is_disjoint(&changes.removed));
        }
    }

    #[test]
    fn who_is_named_in_both_leaves() {
        let changes = MemberChanges::new(
            [Member::user("1"), Member::user("2")],
            [Member::user("1"), Member::group("2")],
        );
        assert_eq!(changes.added, BTreeSet::from([Member::user("2")]));
        assert_eq!(changes.removed, BTreeSet::from([Member::user("1"), Member::group("2")]));
    }
}
