//! The vocabulary: SCIM's names exactly, what others send by its meaning, and nothing hostile or secret let through.

#[path = "support/arbitrary.rs"]
mod arbitrary;

use outbound_provisioning::connector::{Lookup, Remote};
use outbound_provisioning::model::{
    Address, AttributePath, Difference, EnterpriseUser, Event, Filter, Group, LocalId,
    MAX_EVENT_BYTES, Manager, Member, MultiValue, Name, Properties, RemoteId, Resource,
    ResourceKind, Secret, SecretReference, Trigger, User,
};
use outbound_provisioning::{Effect, ErrorKind};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const FULL: &str = include_str!("data/user_full.json");
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BADGE: &str = "urn:example:params:scim:schemas:extension:badge:2.0:User";

fn full_json() -> Value {
    serde_json::from_str(FULL).unwrap_or_default()
}

/// The user of `data/user_full.json`, put together by hand.
fn full_user() -> User {
    let text = |text: &str| Some(text.to_owned());
    let value = |value: &str, display: Option<&str>, kind: Option<&str>, primary: bool| {
        let mut multi = MultiValue::default();
        multi.value = value.to_owned();
        multi.display = display.map(str::to_owned);
        multi.kind = kind.map(str::to_owned);
        multi.primary = primary;
        multi
    };

    let mut name = Name::new("Augusta", "King");
    name.formatted = text("The Rt Hon. Augusta Ada King, Countess of Lovelace");
    name.middle_name = text("Ada");
    name.honorific_prefix = text("The Rt Hon.");
    name.honorific_suffix = text("Countess of Lovelace");

    let mut home = Address::default();
    home.formatted = text("12 St James's Square\nLondon SW1Y 4JH");
    home.street_address = text("12 St James's Square");
    home.locality = text("London");
    home.region = text("Greater London");
    home.postal_code = text("SW1Y 4JH");
    home.country = text("GB");
    home.kind = text("home");
    home.primary = true;
    let mut other = Address::default();
    other.locality = text("Paris");
    other.country = text("FR");
    other.kind = text("other");

    let mut enterprise = EnterpriseUser::default();
    enterprise.employee_number = text("1815");
    enterprise.cost_center = text("4130");
    enterprise.organization = text("Analytical Engines");
    enterprise.division = text("Computation");
    enterprise.department = text("Notes");
    enterprise.manager = Some(Manager::new("u-1791"));

    let mut ada = User::new("u-1815", "ada.lovelace")
        .with_display_name("Ada Lovelace")
        .with_active(false)
        .with_extension(
            BADGE,
            [
                ("colour", json!("green")),
                ("doors", json!(["north", "south"])),
                ("valid", json!({ "from": "1842-10-01", "days": 30, "renewable": true })),
            ],
        );
    ada.name = Some(name);
    ada.nick_name = text("Enchantress of Number");
    ada.profile_url = text("https://people.example.com/ada");
    ada.title = text("Analyst");
    ada.user_type = text("Contractor");
    ada.preferred_language = text("en-GB, fr;q=0.8");
    ada.locale = text("en-GB");
    ada.timezone = text("Europe/London");
    ada.emails = vec![
        value("ada@engines.example.com", Some("Ada at work"), Some("work"), true),
        value("ada@home.example.net", None, Some("home"), false),
    ];
    ada.phone_numbers = vec![
        value("tel:+44-20-5550-1815", Some("+44 20 5550 1815"), Some("work"), true),
        value("tel:+44-20-5550-1843", None, Some("mobile"), false),
    ];
    ada.ims = vec![value("ada#1815", None, Some("xmpp"), false)];
    ada.photos = vec![value("https://people.example.com/ada/photo", None, Some("photo"), false)];
    ada.addresses = vec![home, other];
    ada.entitlements = vec![value("punched-cards", None, None, false)];
    ada.roles = vec![value("analyst", Some("Analyst"), Some("project"), true)];
    ada.x509_certificates = vec![value("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", None, None, false)];
    ada.enterprise = Some(enterprise);
    ada
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("{value}: {error}"))
}

fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

mod names {
    //! What is written, by name.

    use super::*;

    #[test]
    fn a_full_user_is_written_with_exactly_scims_names() {
        assert_eq!(json_of(&full_user()), full_json());
        assert_eq!(json_of(&Resource::from(full_user())), full_json());
    }

    #[test]
    fn a_full_user_is_read_back() {
        assert_eq!(read::<User>(&full_json()).unwrap(), full_user());
        assert_eq!(serde_json::from_str::<User>(FULL).unwrap(), full_user());
    }

    #[test]
    fn another_implementation_finds_every_attribute_under_the_same_name() {
        let mut ours = full_json();
        let core = ours.as_object_mut().unwrap();
        core.retain(|name, _| !name.starts_with("urn:"));
        core.insert("schemas".to_owned(), json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
        core.insert("groups".to_owned(), json!([]));
        let theirs: scim_v2::models::user::User = read(&ours).unwrap();
        assert_eq!(json_of(&theirs), ours);

        let ours = full_json()[ENTERPRISE].clone();
        let theirs: scim_v2::models::enterprise_user::EnterpriseUser = read(&ours).unwrap();
        assert_eq!(json_of(&theirs), ours);
    }

    #[test]
    fn a_user_writes_what_it_has_and_nothing_else() {
        let written = json!({ "externalId": "u-1", "userName": "ada", "active": true });
        assert_eq!(json_of(&User::new("u-1", "ada")), written);
        assert_eq!(json_of(&User::new("", "ada")), json!({ "userName": "ada", "active": true }));
    }

    #[test]
    fn a_group_is_written_with_exactly_scims_names() {
        let mut staff = Group::new("g-1", "Staff")
            .with_member(Member::user("u-1"))
            .with_member(Member::group("g-2"));
        staff.extensions = staff.extensions.with("urn:example:cost", [("center", json!("4130"))]);
        let written = json!({
            "externalId": "g-1",
            "displayName": "Staff",
            "members": [{ "value": "u-1", "type": "User" }, { "value": "g-2", "type": "Group" }],
            "urn:example:cost": { "center": "4130" },
        });
        assert_eq!(json_of(&staff), written);
        assert_eq!(json_of(&Resource::from(staff.clone())), written);
        assert_eq!(read::<Group>(&written).unwrap(), staff);
        let empty = json!({ "externalId": "g-1", "displayName": "Staff" });
        assert_eq!(json_of(&Group::new("g-1", "Staff")), empty);
    }

    #[test]
    fn the_extensions_in_use_are_told_by_urn() {
        assert_eq!(full_user().extension_urns().collect::<Vec<_>>(), [ENTERPRISE, BADGE]);
        assert_eq!(User::new("u-1", "ada").extension_urns().count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_of_a_user_is_read_back(user in arbitrary::user()) {
            // Empty text is read as no value; from then on nothing changes.
            let user = read::<User>(&json_of(&user)).unwrap();
            let written = json_of(&user);
            prop_assert!(read::<User>(&written) == Ok(user), "{written}");
        }

        #[test]
        fn what_is_written_of_a_group_is_read_back(group in arbitrary::group()) {
            let written = json_of(&group);
            prop_assert!(read::<Group>(&written) == Ok(group), "{written}");
        }
    }
}

mod lenience {
    //! What others send, and what it means.

    use super::*;

    /// Reads both sides of each line and expects the same of them.
    #[track_caller]
    fn assert_means<T: DeserializeOwned + PartialEq + Serialize>(table: &str) {
        let table = table.replace("ENTERPRISE", ENTERPRISE);
        let lines = table.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty()) {
            let (sent, meant) = line.split_once(" means ").unwrap_or((line, ""));
            let (sent, meant) = (read_text::<T>(sent), read_text::<T>(meant));
            let shown = (sent.as_ref().map(json_of), meant.as_ref().map(json_of));
            assert!(sent.is_ok() && sent == meant, "{line}\nis read as {shown:?}");
        }
    }

    fn read_text<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        read(&serde_json::from_str(text).map_err(|error| error.to_string())?)
    }

    #[test]
    fn booleans_are_read_as_text_and_as_numbers() {
        // `primary` means nothing unless it is true.
        assert_means::<User>(
            r#"
            {"active": "False"} means {"active": false}
            {"active": "TRUE"} means {"active": true}
            {"active": 0} means {"active": false}
            {"active": 1} means {"active": true}
            {"emails": [{"value": "a@1", "primary": "True"}]} means {"emails": [{"value": "a@1", "primary": true}]}
            {"emails": [{"value": "a@1", "primary": 1}]} means {"emails": [{"value": "a@1", "primary": true}]}
            {"emails": [{"value": "a@1", "primary": "false"}]} means {"emails": [{"value": "a@1"}]}
            {"emails": [{"value": "a@1", "primary": "perhaps"}]} means {"emails": [{"value": "a@1"}]}
            {"emails": [{"value": "a@1", "primary": null}]} means {"emails": [{"value": "a@1"}]}
            {"addresses": [{"country": "GB", "primary": "True"}]} means {"addresses": [{"country": "GB", "primary": true}]}
            "#,
        );
    }

    #[test]
    fn a_missing_or_unreadable_active_is_true() {
        assert_means::<User>(
            r#"
            {} means {"active": true}
            {"active": null} means {"active": true}
            {"active": "perhaps"} means {"active": true}
            "#,
        );
    }

    #[test]
    fn a_single_value_is_read_as_a_list_of_one() {
        assert_means::<User>(
            r#"
            {"emails": {"value": "a@1"}} means {"emails": [{"value": "a@1"}]}
            {"emails": "a@1"} means {"emails": [{"value": "a@1"}]}
            {"roles": ["a", "b"]} means {"roles": [{"value": "a"}, {"value": "b"}]}
            {"addresses": {"country": "GB"}} means {"addresses": [{"country": "GB"}]}
            "#,
        );
        assert_means::<Group>(
            r#"
            {"members": {"value": "u-1"}} means {"members": [{"value": "u-1", "type": "User"}]}
            {"members": "u-1"} means {"members": [{"value": "u-1", "type": "User"}]}
            "#,
        );
    }

    #[test]
    fn null_is_read_as_missing() {
        for name in full_json().as_object().unwrap().keys() {
            assert_means::<User>(&format!(r#"{{"{name}": null}} means {{}}"#));
        }
        for name in ["externalId", "displayName", "members", "urn:example:cost"] {
            assert_means::<Group>(&format!(r#"{{"{name}": null}} means {{}}"#));
        }
        assert_means::<User>(
            r#"
            {"emails": [null, {"value": "a@1", "type": null, "display": null}]} means {"emails": [{"value": "a@1"}]}
            {"name": {"givenName": "Ada", "familyName": null}} means {"name": {"givenName": "Ada"}}
            {"ENTERPRISE": {"department": null, "manager": null}} means {"ENTERPRISE": {}}
            "#,
        );
    }

    #[test]
    fn the_empty_list_in_place_of_a_structure_is_read_as_missing() {
        // RFC 7643 section 2.5; it is also how PHP writes an object without members.
        assert_means::<User>(
            r#"
            {"emails": []} means {}
            {"name": []} means {}
            {"ENTERPRISE": []} means {}
            {"ENTERPRISE": {"manager": []}} means {"ENTERPRISE": {}}
            "#,
        );
    }

    #[test]
    fn empty_text_in_place_of_a_structure_is_read_as_missing() {
        assert_means::<User>(
            r#"
            {"emails": ""} means {}
            {"emails": ["", {"value": "a@1"}]} means {"emails": [{"value": "a@1"}]}
            {"name": ""} means {}
            {"ENTERPRISE": {"manager": ""}} means {"ENTERPRISE": {}}
            "#,
        );
    }

    #[test]
    fn numbers_are_read_as_text() {
        assert_means::<User>(
            r#"
            {"externalId": 1815} means {"externalId": "1815"}
            {"userName": 1815} means {"userName": "1815"}
            {"displayName": 7} means {"displayName": "7"}
            {"name": {"givenName": 7}} means {"name": {"givenName": "7"}}
            {"phoneNumbers": [{"value": 49151}]} means {"phoneNumbers": [{"value": "49151"}]}
            {"phoneNumbers": 49151} means {"phoneNumbers": [{"value": "49151"}]}
            {"roles": [{"value": "a", "display": 1, "type": 2}]} means {"roles": [{"value": "a", "display": "1", "type": "2"}]}
            {"addresses": [{"postalCode": 10115}]} means {"addresses": [{"postalCode": "10115"}]}
            {"ENTERPRISE": {"employeeNumber": 1815}} means {"ENTERPRISE": {"employeeNumber": "1815"}}
            {"ENTERPRISE": {"manager": 26}} means {"ENTERPRISE": {"manager": {"value": "26"}}}
            {"ENTERPRISE": {"manager": {"value": 26}}} means {"ENTERPRISE": {"manager": {"value": "26"}}}
            "#,
        );
        assert_means::<Group>(
            r#"
            {"externalId": 7, "displayName": 8} means {"externalId": "7", "displayName": "8"}
            {"members": [{"value": 7}]} means {"members": [{"value": "7"}]}
            {"members": [7]} means {"members": [{"value": "7"}]}
            "#,
        );
    }

    #[test]
    fn a_manager_is_read_from_text_and_from_any_object_with_a_value() {
        assert_means::<User>(
            r#"
            {"ENTERPRISE": {"manager": "u-2"}} means {"ENTERPRISE": {"manager": {"value": "u-2"}}}
            {"ENTERPRISE": {"manager": {"value": "u-2", "$ref": "../Users/u-2", "displayName": "Charles"}}} means {"ENTERPRISE": {"manager": {"value": "u-2"}}}
            "#,
        );
    }

    #[test]
    fn the_type_of_a_member_is_read_in_any_case_and_missing_is_a_user() {
        assert_means::<Member>(
            r#"
            {"value": "1", "type": "group"} means {"value": "1", "type": "Group"}
            {"value": "1", "type": "GROUP"} means {"value": "1", "type": "Group"}
            {"value": "1", "type": "USER"} means {"value": "1", "type": "User"}
            {"value": "1", "type": "direct"} means {"value": "1", "type": "User"}
            {"value": "1", "type": null} means {"value": "1", "type": "User"}
            {"value": "1", "display": "Ada", "$ref": "../Users/1"} means {"value": "1", "type": "User"}
            "#,
        );
        let group = json!({ "value": "1", "type": "Group" });
        assert_eq!(read(&group), Ok(Member::group("1")));
    }

    #[test]
    fn unknown_names_are_passed_over_whatever_their_shape() {
        let mut sent = full_json();
        let more = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE, BADGE],
            "id": 1815,
            "meta": { "resourceType": "User", "version": "W/\"1\"" },
            "groups": [{ "value": "g-1" }],
            "password": "PLANTED",
            "urn": "not one",
            "urn:example:not:an:object": ["a"],
            "favourite": { "engine": [1, 2, null] },
        });
        sent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        for part in ["/name", "/emails/0", "/addresses/0", &format!("/{ENTERPRISE}")] {
            sent.pointer_mut(part).unwrap()["$ref"] = json!({ "y": [1] });
        }
        assert_means::<User>(&format!("{sent} means {}", full_json()));
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_quoting_it() {
        for name in ["userName", "displayName", "name", ENTERPRISE] {
            let refused = read::<User>(&json!({ (name): ["PLANTED"] })).err();
            let reason = refused.unwrap_or_default().replace(r#"["PLANTED"]"#, "");
            assert!(!reason.is_empty() && !reason.contains("PLANTED"), "{name}: {reason}");
        }
        for (name, part) in [("name", "givenName"), ("emails", "value"), (ENTERPRISE, "manager")] {
            let refused = read::<User>(&json!({ (name): { (part): ["PLANTED"] } })).err();
            let reason = refused.unwrap_or_default().replace(r#"["PLANTED"]"#, "");
            assert!(!reason.is_empty() && !reason.contains("PLANTED"), "{name}: {reason}");
        }
    }
}

mod debug {
    //! `Debug` never shows a person or a secret (P28).

    use std::fmt::Debug;
    use std::sync::Arc;

    use outbound_provisioning::connector::{BuildContext, Update};
    use outbound_provisioning::host::NoSecrets;
    use outbound_provisioning::model::{
        Configuration, Connection, ConnectorSettings, OrganizationConfiguration, Target,
    };

    use super::*;

    const PLANTED: &str = "PLANTED";

    /// The same JSON with the planted word in place of every text but the host's ids, and in every free name.
    fn planted(value: Value) -> Value {
        match value {
            Value::String(_) => PLANTED.into(),
            Value::Array(values) => values.into_iter().map(planted).collect(),
            Value::Object(object) => object
                .into_iter()
                .map(|(name, value)| match name.as_str() {
                    "externalId" => (name, value),
                    "colour" => (format!("colour{PLANTED}"), planted(value)),
                    _ => (name, planted(value)),
                })
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other,
        }
    }

    #[track_caller]
    fn assert_hidden(thing: &impl Debug) {
        for shown in [format!("{thing:?}"), format!("{thing:#?}")] {
            assert!(!shown.contains(PLANTED), "{shown}");
            assert!(!shown.is_empty());
        }
    }

    #[test]
    fn users_and_their_parts_hide_the_person() {
        let user: User = read(&planted(full_json())).unwrap();
        assert_eq!(user.user_name, PLANTED);
        assert_hidden(&user);
        assert_hidden(&user.name);
        assert_hidden(&user.emails);
        assert_hidden(&user.addresses);
        assert_hidden(&user.enterprise);
        assert_hidden(&user.enterprise.as_ref().unwrap().manager);
        assert_hidden(&user.extensions);
        assert_hidden(&Resource::from(user.clone()));
        assert!(format!("{user:?}").contains("u-1815"), "the id tells whom it is about");

        let remote = Remote::new("r-1").unwrap().showing(user.clone().into());
        assert_hidden(&remote);
        let (name, id) = (user.user_name.as_str(), &user.external_id);
        assert_hidden(&Lookup::new(ResourceKind::User, id, name));
    }

    #[test]
    fn groups_hide_all_but_ids() {
        let mut group = Group::new("g-1", PLANTED).with_member(Member::user("u-1"));
        group.extensions = group.extensions.with("urn:example:x", [("x", PLANTED.into())]);
        assert_hidden(&group);
        assert_hidden(&Resource::from(group));
    }

    #[test]
    fn events_hide_the_person() {
        let user: User = read(&planted(full_json())).unwrap();
        let mut group = Group::new("g-1", PLANTED);
        group.extensions = group.extensions.with("urn:example:x", [("x", PLANTED.into())]);
        for event in [
            Event::user_created(user.clone()),
            Event::user_updated(user),
            Event::group_created(group.clone()),
            Event::group_updated(group),
        ] {
            assert_hidden(&event);
            assert_hidden(&event.change);
        }
    }

    #[test]
    fn differences_and_filters_hide_values() {
        let after: User = read(&planted(full_json())).unwrap();
        let mut before = after.clone();
        before.roles = vec![MultiValue::new("PLANTED", "PLANTED too")];
        let (before, after) = (before.into(), after.into());
        for difference in [Difference::between(&before, &after), Difference::from_nothing(&after)] {
            assert!(!difference.is_empty());
            assert_hidden(&difference);
            assert_hidden(&difference.iter().map(|(_, change)| change).collect::<Vec<_>>());
            assert_hidden(&Update::new(&after, &difference));
        }
        // It is asked for by name or by e-mail address.
        let filter = Filter::equals("userName", PLANTED);
        assert_hidden(&filter);
        assert_hidden(&filter.and(Filter::equals("emails.value", PLANTED)));
    }

    #[test]
    fn secrets_and_settings_hide_their_values() {
        assert_hidden(&Secret::new(PLANTED));
        assert_eq!(format!("{:?}", Secret::new("")), "[redacted]");
        let properties = Properties::new().with("token", PLANTED).with("base_url", PLANTED);
        assert_hidden(&properties);
        assert!(format!("{properties:?}").contains("token"));
        let settings = ConnectorSettings::from(properties.clone());
        let connection = Connection::new("HR").with_connector("scim2", settings.clone());
        let acme = OrganizationConfiguration::new().with_connection("hr", connection.clone());
        assert_hidden(&settings);
        assert_hidden(&connection);
        assert_hidden(&acme);
        assert_hidden(&Configuration::new().with_organization("acme", acme.clone()));
        let target = Target::new("hr", "scim2");
        let secrets = Arc::new(NoSecrets::new());
        assert_hidden(&BuildContext::new("acme".into(), target, 1, properties, secrets));
    }
}

mod remote_ids {
    //! The target's ids are hostile until proven harmless (F91).

    use super::*;

    #[test]
    fn f91_ids_that_could_lead_a_request_astray_are_refused() {
        // Another place in clear, with the other slash, encoded once, in parts, twice, three times, one within the
        // other; blanks and control characters, encoded.
        let one_a_word = r"
            . .. ../Groups/1 ../../admin // //evil //evil.example.com/1 /1 1/ 1//2 1/./2 1/../2
            ..\Groups\1 \\evil \1 1\ 1\..\2 1/..\2
            %2e %2e%2e %2E%2e .%2e %2e. %2e%2e%2fGroups%2f1 ..%2fGroups %2f%2fevil 1%2f %5c%5cevil ..%5c1
            %2%65%2%65 %%32e%%32e %%32%65%%32%65
            %252e%252e %252e%252e%252fGroups %252f%252fevil %255c1
            %25252e%25252e %25252f1 %25%32%65%25%32%65
            %20 %2520 %2e%2e%20 %20../1 1/%20/2
            %00 1%0d%0aHost:%20evil 1%250a %c2%85 %1b[2J %7f %25252500";
        let in_clear = [
            "",
            " ",
            "\u{a0}",
            " .. ",
            "1/ ../2",
            "1/ /2",
            "1\0",
            "\t1",
            "1\n",
            "1\r\nHost: evil",
            "1\u{7f}",
            "1\u{85}",
            "1\u{9b}2J",
            "\u{1b}[2J",
        ];
        for text in one_a_word.split_whitespace().chain(in_clear) {
            let refused = RemoteId::new(text);
            assert!(refused.is_err(), "{text:?} is accepted");
            assert!(Remote::new(text).is_err(), "{text:?} is accepted");
            assert!(read::<RemoteId>(&text.into()).is_err(), "{text:?} is read");
        }
    }

    #[test]
    fn f91_an_id_has_at_most_1024_bytes() {
        assert!(RemoteId::new("a".repeat(1024)).is_ok());
        assert!(RemoteId::new("a".repeat(1025)).is_err());
        assert!(RemoteId::new("ä".repeat(513)).is_err());
        assert!(RemoteId::new("a".repeat(1024 * 1024)).is_err());
        assert!(RemoteId::new("%25".repeat(1024 * 1024)).is_err());
    }

    #[test]
    fn f91_a_refusal_does_not_repeat_the_id_and_leaves_open_what_the_target_did() {
        let error = RemoteId::new("../PLANTED").expect_err("must be refused");
        assert_eq!((error.kind(), error.effect()), (ErrorKind::InvalidResponse, Effect::Unknown));
        assert!(!format!("{error} {error:?}").contains("PLANTED"));
    }

    #[test]
    fn other_ids_are_kept_as_they_are() {
        let one_a_word = r#"
            1 2819c223-7f76-453a-919d-413861904646 00u1dhhb1fkIGP7RL1d8 ada@example.com aGVsbG8rd29ybGQ= a+b
            CN=Ada,OU=Notes urn:uuid:1 ünï-ぁ-😀 ... ..1 1.. .1 a/b a\b a%2fb %41 100% % %zz %e4 a?b=c a#b a;b "'`<>|
            ~root $(x)"#;
        for text in one_a_word.split_whitespace().chain(["Ada Lovelace"]) {
            let id = RemoteId::new(text).unwrap();
            assert_eq!((id.as_str(), id.to_string().as_str()), (text, text));
            assert_eq!(json_of(&id), text);
            assert_eq!(read::<RemoteId>(&text.into()), Ok(id));
        }
    }
}

mod filters_and_paths {
    //! What is asked for cannot end its own quotation (F71).

    use super::*;

    #[track_caller]
    fn assert_one_literal(value: &str) {
        let filter = Filter::equals("userName", value).to_string();
        let literal = filter.strip_prefix("userName eq ").unwrap_or_default();
        assert_eq!(
            serde_json::from_str::<String>(literal).ok().as_deref(),
            Some(value),
            "{filter}"
        );
        assert!(!filter.chars().any(|letter| letter.is_ascii_control() && letter != '\u{7f}'));
    }

    #[test]
    fn f71_a_value_is_one_string_literal() {
        for value in [
            "",
            "ada",
            "\"",
            "\\",
            "\\\"",
            "\\\\\"",
            "\" or userName pr or userName eq \"",
            "o'hara)",
            "a\nb",
            "\0",
            "\u{1f600}",
            "\u{202e}ada",
            "\u{feff}",
            "\u{2028}",
            "\u{7f}",
            "*",
            "%",
            "${x}",
        ] {
            assert_one_literal(value);
        }
    }

    #[test]
    fn filters_print_as_the_rfc_has_them() {
        let by_name = Filter::equals("userName", "ada");
        assert_eq!(by_name.to_string(), r#"userName eq "ada""#);
        let of_type =
            Filter::equals("emails.type", "work").and(Filter::equals("emails.value", "a\"b"));
        assert_eq!(of_type.to_string(), r#"emails.type eq "work" and emails.value eq "a\"b""#);
        let three = by_name.and(of_type);
        assert_eq!(three.to_string().matches(" and ").count(), 2);
        let badge = AttributePath::of_schema("urn:example:badge", "colour");
        assert_eq!(
            Filter::equals(badge, "red").to_string(),
            r#"urn:example:badge:colour eq "red""#
        );
    }

    #[test]
    fn paths_print_as_the_rfc_has_them() {
        let manager = AttributePath::of_schema(ENTERPRISE, "manager").sub_attribute("value");
        for (path, printed) in [
            (AttributePath::new("userName"), "userName"),
            (AttributePath::new("name").sub_attribute("familyName"), "name.familyName"),
            (AttributePath::from("userName"), "userName"),
            (AttributePath::of_schema("urn:example:badge", "colour"), "urn:example:badge:colour"),
            (manager, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"),
        ] {
            assert_eq!(path.to_string(), printed);
        }
        let parts = AttributePath::from("name.familyName");
        assert_eq!(parts, AttributePath::new("name").sub_attribute("familyName"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn f71_any_text_is_one_string_literal(value in any::<String>()) {
            assert_one_literal(&value);
        }
    }
}

mod events {
    //! What can be accepted.

    use super::*;

    fn user(id: &str, name: &str) -> Event {
        Event::user_created(User::new(id, name)).in_organization("acme")
    }

    #[track_caller]
    fn assert_refused(event: &Event, place: &str) {
        let refused = event.check().err();
        let meaning = refused.as_ref().map(|error| (error.kind(), error.effect()));
        assert_eq!(meaning, Some((ErrorKind::InvalidEvent, Effect::NotSent)), "{event:?}");
        let message = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains(place), "{message}");
        assert!(!message.contains("PLANTED") && !message.contains(char::is_control), "{message:?}");
    }

    #[test]
    fn every_kind_of_event_is_accepted() {
        let ada = || User::new("u-1", "ada");
        let staff = || Group::new("g-1", "Staff");
        for event in [
            Event::user_created(full_user()),
            Event::user_updated(ada().with_active(false)),
            Event::user_deleted("u-1"),
            Event::group_created(staff().with_member(Member::user("u-1"))),
            Event::group_updated(staff()),
            Event::group_deleted("g-1"),
            Event::members_changed("g-1", [Member::user("u-1")], [Member::group("g-2")]),
        ] {
            let event =
                event.in_organization("acme").through("payroll").triggered_by(Trigger::Import);
            assert_eq!(event.check(), Ok(()), "{event:?}");
            assert_eq!(event.application, Some("payroll".into()));
            assert_eq!(event.resource_key().id, *event.local_id());
        }
    }

    #[test]
    fn an_event_is_of_one_organization() {
        assert_refused(&Event::user_deleted("u-1"), "organization");
        assert_refused(&Event::user_deleted("u-1").in_organization(" "), "organization");
        assert_refused(&Event::user_deleted("u-1").in_organization("acme\n"), "organization");
    }

    #[test]
    fn f71_ids_and_names_are_neither_empty_nor_hold_control_characters() {
        let group = |id: &str, name: &str| {
            Event::group_created(Group::new(id, name)).in_organization("acme")
        };
        let member = |id: &str| Group::new("g-1", "Staff").with_member(Member::user(id));
        for bad in ["", "  ", "PLANTED\n", "PLAN\0TED", "\u{85}PLANTED", "PLANTED\u{7f}"] {
            for (event, place) in [
                (user("u-1", "ada").through(bad), "application"),
                (user(bad, "ada"), "id"),
                (user("u-1", bad), "userName"),
                (Event::user_updated(User::new("u-1", bad)), "userName"),
                (Event::user_deleted(bad), "id"),
                (group(bad, "Staff"), "id"),
                (group("g-1", bad), "displayName"),
                (Event::group_updated(Group::new("g-1", bad)), "displayName"),
                (Event::group_deleted(bad), "id"),
                (Event::group_created(member(bad)), "member"),
                (Event::members_changed(bad, [], []), "id"),
                (Event::members_changed("g-1", [Member::user(bad)], []), "member"),
                (Event::members_changed("g-1", [], [Member::group(bad)]), "member"),
            ] {
                assert_refused(&event.in_organization("acme"), place);
            }
        }
    }

    #[test]
    fn f71_other_characters_are_accepted() {
        for name in ["o'hara", "\"", "\\", "a) or b", "😀", "\u{202e}ada", "Ἄδα", "a b"] {
            assert_eq!(user(name, name).check(), Ok(()), "{name}");
        }
    }

    #[test]
    fn members_of_a_changed_group_are_refused() {
        let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
        assert_refused(&Event::group_updated(staff).in_organization("acme"), "members_changed");
    }

    #[test]
    fn f73_more_than_1_mib_is_refused() {
        let sized = |bytes: usize| {
            let user = User::new("u-1", "ada").with_display_name("");
            let rest = bytes - serde_json::to_vec(&user).unwrap().len();
            user.with_display_name("x".repeat(rest))
        };
        assert_eq!(MAX_EVENT_BYTES, 1 << 20);
        for (bytes, accepted) in [(MAX_EVENT_BYTES, true), (MAX_EVENT_BYTES + 1, false)] {
            let created = Event::user_created(sized(bytes)).in_organization("acme");
            let updated = Event::user_updated(sized(bytes)).in_organization("acme");
            assert_eq!((created.check().is_ok(), updated.check().is_ok()), (accepted, accepted));
            if !accepted {
                assert_refused(&created, "1 MiB");
            }
        }
        let members = || (0..50_000).map(|number| Member::user(format!("u-{number}")));
        let mut staff = Group::new("g-1", "Staff");
        staff.members = members().collect();
        for event in [
            Event::group_created(staff),
            Event::members_changed("g-1", members(), []),
            Event::members_changed("g-1", [], members()),
            Event::members_changed("g-1", members().take(25_000), members().skip(25_000)),
        ] {
            assert_refused(&event.in_organization("acme"), "1 MiB");
        }
        let piece = Event::members_changed("g-1", members().take(20_000), []);
        assert_eq!(piece.in_organization("acme").check(), Ok(()));
    }

    #[test]
    fn an_event_tells_whom_it_is_about() {
        for (event, kind, id) in [
            (Event::user_updated(User::new("u-1", "ada")), ResourceKind::User, "u-1"),
            (Event::user_deleted("u-1"), ResourceKind::User, "u-1"),
            (Event::group_created(Group::new("g-1", "Staff")), ResourceKind::Group, "g-1"),
            (Event::group_deleted("g-1"), ResourceKind::Group, "g-1"),
            (Event::members_changed("g-1", [], []), ResourceKind::Group, "g-1"),
        ] {
            assert_eq!((event.kind(), event.local_id()), (kind, &LocalId::from(id)));
            assert_eq!(event.trigger, Trigger::Api);
        }
    }
}

mod references {
    //! Where a secret is kept, in place of the secret.

    use super::*;

    #[test]
    fn a_reference_has_one_of_three_schemes_and_a_name() {
        for (text, scheme, name) in [
            ("env:HR_TOKEN", "env", "HR_TOKEN"),
            ("file:/run/secrets/hr", "file", "/run/secrets/hr"),
            ("file:C:\\secrets\\hr", "file", "C:\\secrets\\hr"),
            ("secret:vault/hr#token", "secret", "vault/hr#token"),
            ("secret:a:b", "secret", "a:b"),
        ] {
            let reference = SecretReference::parse(text).unwrap();
            assert_eq!((reference.scheme(), reference.name()), (scheme, name));
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_the_secret_itself() {
        for text in [
            "",
            ":",
            "env",
            "env:",
            "file:",
            "secret:",
            "ENV:A",
            " env:A",
            "envv:A",
            "vault:a",
            "https://a",
            "a:b",
        ] {
            assert_eq!(SecretReference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_a_mistake_in_the_configuration() {
        let error = SecretReference::parse("env:HR_TOKEN").unwrap().missing();
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Configuration, Effect::NotSent));
        assert!(error.message().contains("env:HR_TOKEN"));
    }
}
