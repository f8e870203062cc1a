//! Users and groups of every shape, out of few different texts, so that values meet each other often.

use outbound_provisioning::model::{
    Address, EnterpriseUser, Extensions, Group, Manager, Member, MultiValue, Name, User,
};
use proptest::collection::{btree_map, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

/// Texts of which some differ in case only, some not in ASCII.
const TEXTS: &[&str] = &["a", "A", "b", "ä", "Ä", "x \"y\"", "\u{1f600}", "1", ""];
const KINDS: &[&str] = &["work", "Work", "home", "HOME", "other", ""];
const URNS: &[&str] = &["urn:example:badge", "URN:example:parking", "urn:example:2.0:room"];

/// A user with any of its attributes.
pub(crate) fn user() -> impl Strategy<Value = User> {
    let multi_valued = (values(), values(), values(), values(), values(), values(), values());
    let single = (text(), of(name()), optional_texts(8), any::<bool>());
    let rest = (vec(address(), 0..3), of(enterprise()), extensions());
    (single, multi_valued, rest).prop_map(|(single, multi_valued, rest)| {
        let (user_name, name, mut texts, active) = single;
        let mut next = || texts.pop().flatten();
        let mut user = User::new("u-1", user_name).with_active(active);
        user.name = name;
        user.display_name = next();
        user.nick_name = next();
        user.profile_url = next();
        user.title = next();
        user.user_type = next();
        user.preferred_language = next();
        user.locale = next();
        user.timezone = next();
        let (emails, phone_numbers, ims, photos, entitlements, roles, certificates) = multi_valued;
        user.emails = emails;
        user.phone_numbers = phone_numbers;
        user.ims = ims;
        user.photos = photos;
        user.entitlements = entitlements;
        user.roles = roles;
        user.x509_certificates = certificates;
        (user.addresses, user.enterprise, user.extensions) = rest;
        user
    })
}

/// A group with members and extensions.
pub(crate) fn group() -> impl Strategy<Value = Group> {
    (text(), vec(member(), 0..4), extensions()).prop_map(|(name, members, extensions)| {
        let mut group = Group::new("g-1", name);
        group.members = members;
        group.extensions = extensions;
        group
    })
}

/// One of few members, users and groups.
pub(crate) fn member() -> impl Strategy<Value = Member> {
    (select(vec!["1", "2", "3", "4"]), any::<bool>())
        .prop_map(|(id, user)| if user { Member::user(id) } else { Member::group(id) })
}

fn text() -> impl Strategy<Value = String> {
    select(TEXTS).prop_map(str::to_owned)
}

fn optional_texts(count: usize) -> impl Strategy<Value = Vec<Option<String>>> {
    vec(weighted(0.3, text()), count)
}

fn name() -> impl Strategy<Value = Name> {
    optional_texts(6).prop_map(|mut texts| {
        let mut next = || texts.pop().flatten();
        let mut name = Name::default();
        name.formatted = next();
        name.family_name = next();
        name.given_name = next();
        name.middle_name = next();
        name.honorific_prefix = next();
        name.honorific_suffix = next();
        name
    })
}

fn values() -> impl Strategy<Value = Vec<MultiValue>> {
    let value = (text(), of(select(KINDS)), weighted(0.2, text()), any::<bool>());
    let value = value.prop_map(|(text, kind, display, primary)| {
        let mut value = MultiValue::default();
        value.value = text;
        value.kind = kind.map(str::to_owned);
        value.display = display;
        value.primary = primary;
        value
    });
    vec(value, 0..4)
}

fn address() -> impl Strategy<Value = Address> {
    (optional_texts(6), of(select(KINDS)), any::<bool>()).prop_map(|(mut texts, kind, primary)| {
        let mut next = || texts.pop().flatten();
        let mut address = Address::default();
        address.formatted = next();
        address.street_address = next();
        address.locality = next();
        address.region = next();
        address.postal_code = next();
        address.country = next();
        address.kind = kind.map(str::to_owned);
        address.primary = primary;
        address
    })
}

fn enterprise() -> impl Strategy<Value = EnterpriseUser> {
    (optional_texts(5), of(select(vec!["u-2", "u-3"]))).prop_map(|(mut texts, manager)| {
        let mut next = || texts.pop().flatten();
        let mut enterprise = EnterpriseUser::default();
        enterprise.employee_number = next();
        enterprise.cost_center = next();
        enterprise.organization = next();
        enterprise.division = next();
        enterprise.department = next();
        enterprise.manager = manager.map(Manager::new);
        enterprise
    })
}

fn extensions() -> impl Strategy<Value = Extensions> {
    let attributes = btree_map(select(vec!["a", "A", "b", "value", "type"]), json(), 0..4);
    btree_map(select(URNS), attributes, 0..3).prop_map(|extensions| {
        extensions
            .into_iter()
            .fold(Extensions::new(), |all, (urn, attributes)| all.with(urn, attributes))
    })
}

/// Nested JSON, lists of objects that look like values of a multi-valued attribute among it.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = select(vec!["type", "value", "x"]).prop_map(str::to_owned);
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(key, inner, 0..3).prop_map(|object| Value::Object(Map::from_iter(object))),
        ]
    })
}
