//! What an answer of the largest size may cost once it is read: memory, counted by the allocator, and what is kept of
//! it. One test alone, as all tests of a program share its allocator.
#![cfg(all(feature = "conformance", feature = "scim2"))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "bodies/mod.rs"]
mod bodies;

use bodies::{attempt, now};
use outbound_provisioning::connector::{
    BuildContext, Connector, ConnectorFactory, Lookup, PageRequest,
};
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::model::{Properties, ResourceKind, Target, User};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{HttpResponse, http_fn};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most that the network policy lets through.
const LARGEST: usize = 1024 * 1024;
/// The most that reading it may take (T12).
const MOST: usize = 64 * 1024 * 1024;
/// The most that is kept of what a target says of itself, and a little for its names.
const KEPT: usize = 66 * 1024;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// One text between two, and between them another as often as it fits.
fn filled(start: &str, piece: impl Fn(usize) -> String, end: &str) -> Vec<u8> {
    let mut text = start.to_owned();
    for number in 0.. {
        let piece = piece(number);
        if text.len() + piece.len() + end.len() + 1 > LARGEST {
            break;
        }
        if number > 0 {
            text.push(',');
        }
        text.push_str(&piece);
    }
    text.push_str(end);
    text.into_bytes()
}

/// Answers of the largest size that say as much as they can.
fn answers() -> Vec<(&'static str, Vec<u8>)> {
    let user = format!(r#"{{"id":"{USER}","#);
    let long = "x".repeat(240);
    vec![
        ("numbers", filled("[", |_| "0".to_owned(), "]")),
        ("objects", filled("[", |_| "{}".to_owned(), "]")),
        ("lists", filled(r#"{"Resources":["#, |_| "[]".to_owned(), r#"],"totalResults":1}"#)),
        ("keys", filled("{", |number| format!("\"{number}\":0"), "}")),
        ("the same key", filled("{", |_| "\"a\":0".to_owned(), "}")),
        ("members", filled(r#"{"id":"r-1","members":["#, |_| "{}".to_owned(), "]}")),
        (
            "resources",
            filled(r#"{"totalResults":1,"Resources":["#, |n| format!(r#"{{"id":{n}}}"#), "]}"),
        ),
        (
            "ours",
            filled(
                r#"{"totalResults":1,"Resources":["#,
                |n| format!(r#"{{"id":{n},"userName":"ada"}}"#),
                "]}",
            ),
        ),
        (
            "attributes",
            filled(&format!("{user}\"attributes\":["), |n| format!(r#"{{"name":"a{n}"}}"#), "]}"),
        ),
        (
            "attributes with long names",
            filled(
                &format!(r#"{user}"attributes":[{{"name":"{long}","subAttributes":["#),
                |n| format!(r#"{{"name":"a{n}"}}"#),
                "]}]}",
            ),
        ),
        (
            "extensions",
            filled(
                &format!(r#"[{{"schema":"{USER}","schemaExtensions":["#),
                |n| format!(r#"{{"schema":"urn:a:{n}"}}"#),
                "]}]",
            ),
        ),
        (
            "schemas of one extension",
            filled(
                &format!(
                    r#"[{{"schema":"{USER}","id":"{USER}","schemaExtensions":[{{"schema":"urn:b:{long}"}}]}},{{"id":"urn:b:{long}","attributes":["#
                ),
                |n| format!(r#"{{"name":"a{n}"}}"#),
                "]}]",
            ),
        ),
        ("deep", [vec![b'['; LARGEST / 2], vec![b']'; LARGEST / 2]].concat()),
        ("deep objects", r#"{"a":"#.repeat(LARGEST / 5).into_bytes()),
        (
            "text",
            format!(r#"{{"id":"r-1","detail":"{}"}}"#, "\\u001b".repeat(170_000)).into_bytes(),
        ),
    ]
}

fn connector(status: u16, body: &[u8], overrides: &str) -> std::sync::Arc<dyn Connector> {
    let body = body.to_vec();
    let client = http_fn(move |_| {
        let mut response = HttpResponse::new(body.clone());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    });
    let properties = Properties::new()
        .with("base_url", "https://hr.example.com/scim/v2")
        .with("authentication", "bearer")
        .with("token", "krypt-t0ken")
        .with("profile_overrides", overrides);
    let (place, secrets) = (Target::new("hr", "scim2"), std::sync::Arc::new(NoSecrets::new()));
    let context = BuildContext::new("acme".into(), place, 1, properties, secrets);
    Scim2Factory::new(client).build(&context).unwrap()
}

#[test]
fn f87_f89_the_largest_answers_cost_little_and_little_is_kept_of_them() {
    for (name, body) in answers() {
        assert!(body.len() <= LARGEST, "{name}");
        let quiet = r#"{"discovery": false, "adapt": false}"#;
        for (status, overrides) in [(200, quiet), (400, quiet), (200, "{}")] {
            let connector = connector(status, &body, overrides);
            let (id, user) = ("u-1".into(), User::new("u-1", "ada").into());
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let _ = now(connector.create(&user, &attempt()));
            let _ = now(connector.find(&Lookup::new(ResourceKind::User, &id, "ada"), &attempt()));
            let _ = now(connector.list(&PageRequest::first(ResourceKind::User)));
            if overrides != quiet {
                let _ = now(connector.check());
            }
            let peak = MEMORY.peak_usage().saturating_sub(before);
            assert!(peak <= MOST, "{name} {status}: {} KiB", peak / 1024);
            let facts = connector.learnt();
            let kept: usize = facts.iter().map(|fact| fact.value.to_string().len()).sum();
            assert!(kept <= 2 * KEPT, "{name} {status}: {kept} bytes in facts");
            drop(facts);
            let left = MEMORY.current_usage().saturating_sub(before);
            assert!(left <= 2 * LARGEST, "{name} {status}: {} KiB stay", left / 1024);
        }
    }
}
