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
use outbound_provisioning::ErrorKind;
use outbound_provisioning::connector::{
    BuildContext, Connector, ConnectorFactory, Lookup, PageRequest,
};
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::model::{ENTERPRISE_USER, Properties, ResourceKind, Target, User};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{HttpResponse, http_fn};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most that the network policy lets through.
const LARGEST: usize = 1024 * 1024;
/// What reading a body may take, beside the body (T13).
const READ: usize = 4 * 1024 * 1024;
/// What may come to it: requests, and what is learnt.
const ASIDE: usize = 128 * 1024;
/// The most that a list, or a resource that is written back, and reading it may take: honest ones take six times their
/// size, so that less would refuse them.
const MOST: usize = LARGEST + 8 * LARGEST + ASIDE;
/// Nothing is asked but what the call is.
const QUIET: &str = r#"{"discovery": false, "adapt": false}"#;
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
        ("lists of one", filled("[", |_| "[0]".to_owned(), "]")),
        ("objects of one", filled("[", |_| r#"{"":0}"#.to_owned(), "]")),
        (
            "an id of lists",
            filled(r#"{"schemas":[],"id":["#, |_| "[]".to_owned(), r#"],"userName":"ada"}"#),
        ),
        (
            "a resource of many parts",
            filled(r#"{"id":"r-1","userName":"ada","#, |n| format!(r#""a{n}":0"#), "}"),
        ),
        (
            "an extension of many parts",
            filled(
                r#"{"totalResults":1,"Resources":[{"id":"r-1","userName":"ada","urn:a":{"#,
                |n| format!(r#""a{n}":0"#),
                "}}]}",
            ),
        ),
        (
            "many extensions",
            filled(
                r#"{"totalResults":1,"Resources":[{"id":"r-1","userName":"ada","#,
                |n| format!(r#""urn:{n}":{{"a":0}}"#),
                "}]}",
            ),
        ),
        (
            "many values",
            filled(
                r#"{"totalResults":1,"Resources":[{"id":"r-1","userName":"ada","emails":["#,
                |_| "1".to_owned(),
                "]}]}",
            ),
        ),
        ("texts", filled("[", |_| r#""""#.to_owned(), "]")),
        ("not UTF-8", vec![0xff; LARGEST]),
        ("not JSON", filled("<", |_| r#"\"x""#.to_owned(), ">")),
        ("deep", [vec![b'['; LARGEST / 2], vec![b']'; LARGEST / 2]].concat()),
        ("deep objects", r#"{"a":"#.repeat(LARGEST / 5).into_bytes()),
        (
            "text",
            format!(r#"{{"id":"r-1","detail":"{}"}}"#, "\\u001b".repeat(170_000)).into_bytes(),
        ),
    ]
}

/// One user with all that RFC 7643 section 8.2 shows of one.
fn full_user(number: usize) -> String {
    format!(
        r#"{{"schemas":["{USER}","{ENTERPRISE_USER}"],"id":"2819c223-7f76-453a-919d-{number:012}","externalId":"u-{number}","userName":"bjensen{number}@example.com","name":{{"formatted":"Ms. Barbara J Jensen, III","familyName":"Jensen","givenName":"Barbara","middleName":"Jane","honorificPrefix":"Ms.","honorificSuffix":"III"}},"displayName":"Babs Jensen","nickName":"Babs","profileUrl":"https://login.example.com/bjensen","emails":[{{"value":"bjensen@example.com","type":"work","primary":true}},{{"value":"babs@jensen.org","type":"home"}}],"addresses":[{{"streetAddress":"100 Universal City Plaza","locality":"Hollywood","region":"CA","postalCode":"91608","country":"USA","formatted":"100 Universal City Plaza\nHollywood, CA 91608 USA","type":"work","primary":true}},{{"streetAddress":"456 Hollywood Blvd","locality":"Hollywood","region":"CA","postalCode":"91608","country":"USA","formatted":"456 Hollywood Blvd\nHollywood, CA 91608 USA","type":"home"}}],"phoneNumbers":[{{"value":"555-555-5555","type":"work"}},{{"value":"555-555-4444","type":"mobile"}}],"ims":[{{"value":"someaimhandle","type":"aim"}}],"photos":[{{"value":"https://photos.example.com/profilephoto/72930000000Ccne/F","type":"photo"}}],"userType":"Employee","title":"Tour Guide","preferredLanguage":"en-US","locale":"en-US","timezone":"America/Los_Angeles","active":true,"groups":[{{"value":"e9e30dba-f08f-4109-8486-d5c6a331660a","$ref":"https://example.com/v2/Groups/e9e30dba-f08f-4109-8486-d5c6a331660a","display":"Tour Guides"}}],"{ENTERPRISE_USER}":{{"employeeNumber":"701984","costCenter":"4130","organization":"Universal Studios","division":"Theme Park","department":"Tour Operations","manager":{{"value":"26118915-6090-4610-87e4-49d8ca9f808d","$ref":"../Users/26118915-6090-4610-87e4-49d8ca9f808d","displayName":"John Smith"}}}},"meta":{{"resourceType":"User","created":"2010-01-23T04:56:22Z","lastModified":"2011-05-13T04:42:34Z","version":"W/\"a330bc54f0671c9\"","location":"https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646"}}}}"#
    )
}

/// Honest answers, most of the largest size, by name and kind.
fn honest() -> Vec<(&'static str, ResourceKind, Vec<u8>)> {
    let list =
        |piece: &dyn Fn(usize) -> String| filled(r#"{"totalResults":1,"Resources":["#, piece, "]}");
    let group = r#"{"Resources":[{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"r-1","displayName":"Staff","members":["#;
    let hundred: Vec<String> = (0..100).map(full_user).collect();
    // A member that says little takes as much as one that says all; of these some thousand are read.
    let bare = |number: usize| {
        format!(
            r#"{{"value":"2819c223-7f76-453a-919d-{number:012}","display":"Babs Jensen {number}"}}"#
        )
    };
    let thousands: Vec<String> = (0..5_000).map(bare).collect();
    vec![
        ("full users", ResourceKind::User, list(&full_user)),
        (
            "a hundred full users",
            ResourceKind::User,
            format!(r#"{{"Resources":[{}]}}"#, hundred.join(",")).into_bytes(),
        ),
        (
            "small users",
            ResourceKind::User,
            list(&|number| {
                format!(
                    r#"{{"schemas":["{USER}"],"id":"2819c223-7f76-453a-919d-{number:012}","externalId":"u-{number}","userName":"bjensen{number}@example.com","name":{{"familyName":"Jensen","givenName":"Barbara"}},"displayName":"Babs Jensen","emails":[{{"value":"bjensen{number}@example.com","type":"work","primary":true}}],"active":true,"meta":{{"resourceType":"User","created":"2010-01-23T04:56:22Z","lastModified":"2011-05-13T04:42:34Z","location":"https://example.com/v2/Users/2819c223-7f76-453a-919d-{number:012}"}}}}"#
                )
            }),
        ),
        (
            "members",
            ResourceKind::Group,
            filled(
                group,
                |number| {
                    format!(
                        r#"{{"value":"2819c223-7f76-453a-919d-{number:012}","display":"Babs Jensen","type":"User","$ref":"https://example.com/v2/Users/2819c223-7f76-453a-919d-{number:012}"}}"#
                    )
                },
                "]}]}",
            ),
        ),
        (
            "thousands of members",
            ResourceKind::Group,
            format!("{group}{}]}}]}}", thousands.join(",")).into_bytes(),
        ),
        (
            "descriptions",
            ResourceKind::User,
            list(&|number| {
                let attribute = |number: usize| {
                    format!(
                        r#"{{"name":"a{number}","type":"string","multiValued":false,"description":"What it is for, in a sentence of the usual length.","required":false,"caseExact":false,"mutability":"readWrite","returned":"default","uniqueness":"none"}}"#
                    )
                };
                let attributes: Vec<String> = (0..20).map(attribute).collect();
                format!(r#"{{"id":"urn:a:{number}","attributes":[{}]}}"#, attributes.join(","))
            }),
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
    for (name, kind, body) in honest() {
        assert!(body.len() <= LARGEST, "{name}");
        let connector = connector(200, &body, QUIET);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let page = now(connector.list(&PageRequest::first(kind))).unwrap();
        let peak = MEMORY.peak_usage().saturating_sub(before);
        assert!(peak <= MOST, "{name}: {} KiB", peak / 1024);
        let sent = std::str::from_utf8(&body).unwrap().matches(r#""id":"#).count();
        assert_eq!(page.resources.len(), sent, "{name}");
    }
    for (name, body) in answers() {
        assert!(body.len() <= LARGEST, "{name}");
        for (status, overrides) in [(200, QUIET), (400, QUIET), (200, "{}")] {
            let connector = connector(status, &body, overrides);
            let (id, user) = ("u-1".into(), User::new("u-1", "ada").into());
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let _ = now(connector.create(&user, &attempt()));
            let _ = now(connector.find(&Lookup::new(ResourceKind::User, &id, "ada"), &attempt()));
            let _ = now(connector.list(&PageRequest::first(ResourceKind::User)));
            if overrides != QUIET {
                let _ = now(connector.check());
            }
            let peak = MEMORY.peak_usage().saturating_sub(before);
            let most = if status == 400 { LARGEST + READ + ASIDE } else { MOST };
            assert!(peak <= most, "{name} {status}: {} KiB", peak / 1024);
            let facts = connector.learnt();
            let kept: usize = facts.iter().map(|fact| fact.value.to_string().len()).sum();
            assert!(kept <= 2 * KEPT, "{name} {status}: {kept} bytes in facts");
            drop(facts);
            let left = MEMORY.current_usage().saturating_sub(before);
            assert!(left <= 2 * LARGEST, "{name} {status}: {} KiB stay", left / 1024);
        }
    }
    for length in [LARGEST, LARGEST / 2] {
        let body =
            [br#"{"Resources":["#, "[0],".repeat(length / 4 - 8).as_bytes(), b"0]}"].concat();
        let connector = connector(200, &body, QUIET);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let error = now(connector.list(&PageRequest::first(ResourceKind::User))).unwrap_err();
        let peak = MEMORY.peak_usage().saturating_sub(before);
        let most = if length == LARGEST { MOST } else { length + READ + ASIDE };
        assert!(peak <= most, "{length}: {} KiB", peak / 1024);
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("max_count"), "{error}");
    }
}
