//! Profiles of targets: the vendors' files are good, every field has one best source, and the guide for administrators
//! says what the code has. `UPDATE_DOCS=1` writes the guide.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a test that is wrong about a profile should stop")]

use std::fmt::Write;
use std::sync::Arc;

use outbound_provisioning::ConnectorRegistry;
use outbound_provisioning::conformance::{Quirk, Scim2Target};
use outbound_provisioning::connector::{BuildContext, Check, Connector, ConnectorFactory, Origin};
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::model::{
    Configuration, Connection, Fact, OrganizationConfiguration, Properties, Target, TargetKey,
    Timestamp, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::scim2::profile::{Profile, vendors};
use outbound_provisioning::transport::{HttpClient, http_fn};
use outbound_provisioning::{Dispatcher, ErrorKind};
use serde_json::{Value, json};

const GUIDE: &str = "src/scim2/profile/guide.md";

fn properties() -> Properties {
    Properties::new().with("base_url", "http://127.0.0.1/scim/v2").with("authentication", "none")
}

fn connector(client: impl HttpClient, properties: Properties) -> Arc<dyn Connector> {
    let target = Target::new("hr", "scim2");
    let secrets = Arc::new(NoSecrets::new());
    let context = BuildContext::new("acme".into(), target, 1, properties, secrets);
    Scim2Factory::new(client).build(&context).unwrap()
}

/// The sentence of the check that is about a field, and how it is known.
#[track_caller]
fn about(check: &Check, field: &str) -> (Origin, String) {
    let begins = format!("{field} = ");
    let finding = check.findings.iter().find(|finding| finding.text.starts_with(&begins)).unwrap();
    (finding.origin, finding.text.clone())
}

fn guide() -> String {
    let mut text = String::from(
        "\n# Guide for administrators\n\n\
         *Test connection* in the console shows every field below, and where its value comes from. Nothing need be set as a\n\
         rule: pick the product where it is listed, else leave the profile empty, and the rest is learnt as the target answers.\n\n\
         To override, set `profile_overrides` to a JSON object, for example `{\"user_update\": \"put\", \"max_members_per_request\": 100}`.\n\
         What is set there holds whatever the target says, both ways, and is never unlearnt.\n\n\
         ## Products\n",
    );
    for vendor in vendors() {
        write!(text, "\n### `{}`: {}\n\n", vendor.name, vendor.label).unwrap();
        writeln!(
            text,
            "Version {}, held against the vendor's documentation in {}.\n",
            vendor.version, vendor.dated
        )
        .unwrap();
        for note in &vendor.notes {
            writeln!(text, "- {note}").unwrap();
        }
        text.push_str("\n| field | assumed |\n|---|---|\n");
        for (field, value) in vendor.fields() {
            writeln!(text, "| `{field}` | `{value}` |").unwrap();
        }
    }
    text.push_str("\n## Fields\n\nWhat is assumed of every target; [`Profile`] says what each field means.\n\n| field | assumed |\n|---|---|\n");
    let Ok(Value::Object(fields)) = serde_json::to_value(Profile::default()) else { return text };
    for field in Profile::FIELDS {
        let value = fields.get(*field).cloned().unwrap_or_default();
        writeln!(text, "| `{field}` | `{value}` |").unwrap();
    }
    text
}

#[test]
fn the_guide_says_what_the_code_has() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(GUIDE, guide()).unwrap();
    }
    let kept = std::fs::read_to_string(GUIDE).unwrap();
    assert!(
        kept == guide(),
        "{GUIDE} is out of date; UPDATE_DOCS=1 cargo test --all-features --test profiles writes it"
    );
}

#[test]
fn every_vendors_file_is_read_and_every_field_of_it_is_good() {
    let names: Vec<&str> = vendors().iter().map(|vendor| vendor.name.as_str()).collect();
    assert_eq!(names, ["aws", "entra", "github_emu", "okta", "slack", "wso2"]);
    for vendor in vendors() {
        let dated = vendor.dated.split_once('-').unwrap();
        assert!(dated.0.len() == 4 && dated.1.len() == 2, "{}: {}", vendor.name, vendor.dated);
        assert!(vendor.version > 0 && !vendor.notes.is_empty() && !vendor.label.is_empty());
        let fields: serde_json::Map<String, Value> =
            vendor.fields().map(|(field, value)| (field.to_owned(), value.clone())).collect();
        assert!(!fields.is_empty(), "{} differs in nothing", vendor.name);
        // What is good as an override is good in a file.
        let overrides = Value::Object(fields).to_string();
        connector(Scim2Target::new(), properties().with("profile_overrides", overrides));
    }
}

#[test]
fn what_would_have_no_effect_cannot_be_set() {
    for overrides in [
        json!({ "delete": "soft_irreversible" }),
        json!({ "group_delete": "deactivates" }),
        json!({ "reactivate": "recreate" }),
    ] {
        let overrides = overrides.to_string();
        let properties = properties().with("profile_overrides", overrides.as_str());
        let target = Target::new("hr", "scim2");
        let secrets = Arc::new(NoSecrets::new());
        let context = BuildContext::new("acme".into(), target, 1, properties, secrets);
        let error = Scim2Factory::new(Scim2Target::new()).build(&context).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{overrides}");
    }
}

#[tokio::test]
async fn each_field_comes_from_its_best_source() {
    let target = Scim2Target::new();
    let set = json!({ "max_count": 7, "members_readable": "listed" }).to_string();
    let connector =
        connector(target, properties().with("profile", "aws").with("profile_overrides", set));
    connector.recall(&[fact("group_update", json!("put"), 0)]);
    let check = connector.check().await.unwrap();
    assert_eq!(about(&check, "accept").0, Origin::Assumed);
    let (origin, text) = about(&check, "max_members_per_request");
    assert_eq!(origin, Origin::Found);
    assert_eq!(text, "max_members_per_request = 100 (by the vendor's profile)");
    assert_eq!(about(&check, "etag").1, "etag = true (the target says so)");
    let learnt = about(&check, "group_update").1;
    assert_eq!(learnt, r#"group_update = "put" (learnt from its answers: a test said so)"#);
    // What the administrator set wins over the vendor's file and over what the target says.
    assert_eq!(about(&check, "members_readable").0, Origin::Overridden);
    assert_eq!(about(&check, "max_count").1, "max_count = 7 (set by the administrator)");
}

fn fact(field: &str, value: Value, at: i64) -> Fact {
    let value = json!({ "value": value, "because": "a test said so" });
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    Fact::new(field, value, Timestamp::from_millis(now - at))
}

#[tokio::test]
async fn what_is_no_field_or_too_old_is_forgotten() {
    const DAY: i64 = 24 * 3_600_000;
    let connector = connector(Scim2Target::new().with_quirk(Quirk::NoDiscovery), properties());
    let facts = [
        fact("user_update", json!("put"), 29 * DAY),
        fact("group_update", json!("put"), 31 * DAY),
        fact("patch_style", json!("sideways"), 0),
        fact("colour", json!("green"), 0),
    ];
    connector.recall(&facts);
    let forgotten = connector.learnt();
    let names: Vec<&str> = forgotten.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(names, ["group_update", "colour"]);
    assert!(forgotten.iter().all(|fact| fact.value.is_null()));
    let check = connector.check().await.unwrap();
    assert_eq!(about(&check, "user_update").0, Origin::Found);
    assert_eq!(about(&check, "group_update").0, Origin::Assumed);
    // Kept by another version of this crate, and not understood: passed over.
    assert_eq!(about(&check, "patch_style").0, Origin::Assumed);
}

#[tokio::test]
async fn an_account_that_may_not_read_is_told_from_an_empty_target() {
    let hidden = http_fn(|request| {
        let mut response = http::Response::new(
            br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0}"#.to_vec(),
        );
        if request.method() == http::Method::POST {
            *response.status_mut() = http::StatusCode::CREATED;
            *response.body_mut() = br#"{"id":"r-1","externalId":"u-1","userName":"ada"}"#.to_vec();
        }
        Ok(response)
    });
    let connector = connector(hidden, properties());
    assert!(!connector.check().await.unwrap().has_warnings(), "it may be empty");
    let attempt = outbound_provisioning::connector::Attempt::new(
        "acme".into(),
        Default::default(),
        Target::new("hr", "scim2"),
        1,
    );
    connector.create(&User::new("u-1", "ada").into(), &attempt).await.unwrap();
    assert!(
        connector.check().await.unwrap().has_warnings(),
        "accounts were made, and none is shown"
    );
}

#[tokio::test]
async fn a_console_tests_a_connection_and_what_it_finds_is_kept() {
    let connection = Connection::new("HR").with_connector("scim2", properties());
    let acme = OrganizationConfiguration::new().with_connection("hr", connection);
    let configuration = Configuration::new().with_organization("acme", acme);
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(Scim2Target::new()));
    let store = Arc::new(outbound_provisioning::store::MemoryStore::new());
    let dispatcher =
        Dispatcher::builder(configuration, registry).store(Arc::clone(&store)).build().unwrap();
    let key = TargetKey::new("acme".into(), Target::new("hr", "scim2"));
    let check = dispatcher.check_connection(&key).await.unwrap();
    assert!(!check.has_warnings());
    let facts = outbound_provisioning::store::Store::facts(&*store, &key).await.unwrap();
    assert!(facts.iter().any(|fact| fact.name == "description"));
    assert!(facts.iter().all(|fact| fact.system == "http://127.0.0.1/scim/v2"));

    let nowhere = TargetKey::new("acme".into(), Target::new("crm", "scim2"));
    let refused = dispatcher.check_connection(&nowhere).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Configuration);
}
