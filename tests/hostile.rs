//! Targets that want harm: redirects, answers that no parser should take, ids that lead elsewhere, words that forge
//! lines, descriptions of elsewhere. Whatever comes, a request stays where it belongs and an error is typed.
#![cfg(all(feature = "conformance", feature = "mock", feature = "oauth", feature = "scim2"))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "bodies/mod.rs"]
mod bodies;
#[path = "support/hostile_ids.rs"]
mod hostile_ids;
#[path = "support/site.rs"]
mod site;

use bodies::{attempt, error_is_good, request_is_good, text_is_good};
use hostile_ids::IDS;
use http::{HeaderName, Method};
use outbound_provisioning::connector::{Connector, Lookup, PageRequest, Update};
use outbound_provisioning::model::{
    Difference, Group, Member, MemberChanges, RemoteId, Resource, ResourceKind, User,
};
use outbound_provisioning::transport::HttpResponse;
use outbound_provisioning::{Effect, Error, ErrorKind, Result};
use serde_json::{Value, json};
use site::{BASE, Site, Us, answer, bearer, oauth2, settings, token};

/// As `tests/bodies` looks for it.
const SECRET: &str = "krypt-t0ken";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const EVIL: &str = "https://evil.example/scim/v2/Users/r-1";

/// Everything that a connector does.
const DEEDS: [&str; 9] = [
    "create",
    "create group",
    "update",
    "put",
    "delete",
    "change members",
    "find",
    "list",
    "check",
];

fn r1() -> RemoteId {
    RemoteId::new("r-1").unwrap()
}

/// One of them; what was found or made comes as ids.
async fn act(connector: &dyn Connector, deed: &str) -> Result<Vec<String>> {
    let attempt = attempt();
    let before: Resource = User::new("u-1", "ada").into();
    let after: Resource = User::new("u-1", "ada").with_display_name("Ada").into();
    match deed {
        "create" => connector.create(&after, &attempt).await.map(|made| vec![made.id.to_string()]),
        "create group" => {
            let group = Group::new("g-1", "Club").with_member(Member::user("r-2"));
            connector.create(&group.into(), &attempt).await.map(|made| vec![made.id.to_string()])
        }
        "update" | "put" => {
            let difference = Difference::between(&before, &after);
            let update = Update::new(&after, &difference);
            let updated = connector.update(&r1(), &update, &attempt).await;
            updated.map(|updated| vec![updated.id.to_string()])
        }
        "delete" => connector.delete(&r1(), ResourceKind::User, &attempt).await.map(|()| vec![]),
        "change members" => {
            let changes = MemberChanges::new([Member::user("r-2")], [Member::user("r-3")]);
            let changed = connector.change_members(&r1(), &changes, &attempt).await;
            changed.map(|changed| vec![changed.id.to_string()])
        }
        "find" => {
            let id = "u-1".into();
            let found =
                connector.find(&Lookup::new(ResourceKind::User, &id, "ada"), &attempt).await;
            found.map(|found| found.iter().map(|remote| remote.id.to_string()).collect())
        }
        "list" => {
            let page = connector.list(&PageRequest::first(ResourceKind::User)).await;
            page.map(|page| page.resources.iter().map(|remote| remote.id.to_string()).collect())
        }
        _ => connector.check().await.map(|_| vec![]),
    }
}

/// A connection whose target answers everything by a closure.
fn connected(
    deed: &str,
    answer: impl Fn(&http::Request<Vec<u8>>) -> HttpResponse + Send + Sync + 'static,
) -> (Site, Us) {
    let site = Site::new(move |request| Ok(answer(request)));
    let properties = match deed {
        "put" => bearer(SECRET).with(
            "profile_overrides",
            r#"{"discovery": false, "adapt": false, "user_update": "put"}"#,
        ),
        _ => bearer(SECRET),
    };
    let us = site.connect(properties);
    (site, us)
}

/// What was sent stays below the base.
fn sent(site: &Site) -> Vec<(Method, String)> {
    let seen = site.seen();
    seen.iter().for_each(|request| request_is_good(BASE, request));
    seen.iter().map(|request| (request.method().clone(), request.uri().to_string())).collect()
}

fn is(error: &Error, kind: ErrorKind, what: &str) {
    assert_eq!(error.kind(), kind, "{what}: {error}");
    error_is_good(error);
}

#[tokio::test]
async fn f84_no_redirect_of_any_call_is_followed() {
    for deed in DEEDS {
        for code in [300, 301, 302, 303, 305, 307, 308] {
            for to in
                [EVIL, "http://169.254.169.254/", "/scim/v2/Groups/r-1", "//evil.example", "?x"]
            {
                let (site, us) = connected(deed, move |_| {
                    answer(code, &[("location", to), ("refresh", to)], "")
                });
                let error = act(&*us.connector, deed).await.unwrap_err();
                is(&error, ErrorKind::InvalidResponse, deed);
                assert_ne!(error.effect(), Effect::Unknown, "{deed}: nothing was done");
                // A look-up asks by the id and by the name; a check asks for descriptions first.
                let most = if deed == "check" { 5 } else { 2 };
                let sent = sent(&site);
                assert!(!sent.is_empty() && sent.len() <= most, "{deed} {code}: {sent:?}");
            }
        }
    }
    // The token endpoint's neither.
    let site = Site::of(|_| answer(307, &[("location", EVIL)], ""), |_| panic!("nothing is sent"));
    let error = site.connect(oauth2()).write().await.unwrap_err();
    is(&error, ErrorKind::InvalidResponse, "token");
    assert_eq!(site.counts(), (1, 0));
}

/// Bodies that no parser should take, of at most the size that the network policy lets through.
fn unreadable() -> Vec<(&'static str, Vec<u8>)> {
    let many: String = (0..120_000).map(|number| format!("\"{number}\":0,")).collect();
    let around = |inner: &str| format!(r#"{{"id":"r-1","userName":"ada",{inner}}}"#).into_bytes();
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    vec![
        ("deep arrays", deep("[", "]").into_bytes()),
        ("deep objects", deep("{\"id\":", "}").into_bytes()),
        ("open arrays", vec![b'['; 1 << 20]),
        ("a deep schema", around(&format!(r#""externalId":{}"#, deep("[", "]")))),
        ("a number beyond all", around(r#""meta":{"version":1e9999}"#)),
        ("an id beyond all", br#"{"id":1e9999,"userName":"ada"}"#.to_vec()),
        ("two ids", br#"{"id":"r-1","id":"r-2","userName":"ada"}"#.to_vec()),
        ("the same id twice", br#"{"id":"r-1","id":"r-1","userName":"ada"}"#.to_vec()),
        ("ids in two cases", br#"{"id":"r-1","ID":"r-2","userName":"ada"}"#.to_vec()),
        ("ids in two other cases", br#"{"Id":"r-1","iD":"r-2","userName":"ada"}"#.to_vec()),
        (
            "many keys, the last twice",
            format!("{{{many}\"id\":\"r-1\",\"id\":\"r-2\"}}").into_bytes(),
        ),
        ("an open object of many keys", format!("{{{many}").into_bytes()),
        ("a mark in front", [b"\xef\xbb\xbf".as_slice(), br#"{"id":"r-1"}"#].concat()),
        ("two documents", br#"{"id":"r-1"}{"id":"r-1"}"#.to_vec()),
        ("no UTF-8", b"{\"id\":\"r-\xff\"}".to_vec()),
        ("overlong UTF-8", b"{\"id\":\"r-\xc0\xaf\"}".to_vec()),
        ("UTF-16", b"{\0\"\0i\0d\0\"\0:\0\"\0r\0\"\0}\0".to_vec()),
        ("half a letter", br#"{"id":"r-1\ud800"}"#.to_vec()),
        ("the other half", br#"{"id":"\udc00r-1"}"#.to_vec()),
        ("NUL", vec![0; 1 << 20]),
        ("no JSON number", br#"{"id":01}"#.to_vec()),
        ("NaN", br#"{"id":NaN}"#.to_vec()),
        ("a login page", b"<html>r-1</html>".to_vec()),
    ]
}

#[tokio::test]
async fn f89_json_that_no_parser_should_take_is_a_typed_error_of_every_call() {
    for (name, body) in unreadable() {
        for deed in DEEDS {
            let said = body.clone();
            let (site, us) = connected(deed, move |_| {
                let mut response = answer(200, &[], "");
                *response.body_mut() = said.clone();
                response
            });
            let what = format!("{deed}: {name}");
            let error = act(&*us.connector, deed).await.expect_err(&what);
            is(&error, ErrorKind::InvalidResponse, &what);
            let changes = !matches!(deed, "find" | "list" | "check" | "put");
            assert_eq!(error.effect() == Effect::Unknown, changes, "{what}: {error}");
            sent(&site);
        }
    }
}

/// The same as the body of a refusal: the status alone counts.
#[tokio::test]
async fn f89_a_refusal_that_cannot_be_read_is_a_refusal() {
    for (name, body) in unreadable() {
        let (_, us) = connected("create", move |_| {
            let mut response = answer(409, &[], "");
            *response.body_mut() = body.clone();
            response
        });
        let error = act(&*us.connector, "create").await.unwrap_err();
        is(&error, ErrorKind::Conflict, name);
    }
}

#[tokio::test]
async fn f91_a_hostile_id_is_refused_wherever_it_is_learnt() {
    let long = "x".repeat(1_000_000);
    for id in IDS.into_iter().chain([long.as_str()]) {
        let shown: String = id.chars().take(20).collect();
        for deed in DEEDS {
            let one =
                json!({ "id": id, "externalId": "u-1", "userName": "ada", "displayName": "Club" });
            let (site, us) = connected(deed, move |request| {
                let whole = request.uri().path().split('/').nth(4).is_some();
                let body = match *request.method() {
                    Method::GET if !whole => json!({ "totalResults": 1, "Resources": [one] }),
                    _ => one.clone(),
                };
                answer(200, &[], body)
            });
            let what = format!("{deed} {shown:?}");
            match (deed, act(&*us.connector, deed).await) {
                // What cannot be read is passed over.
                ("list", Ok(found)) => assert!(found.is_empty(), "{what}"),
                // Users are counted, and a delete needs no id.
                ("check" | "delete", Ok(_)) => {}
                (_, Err(error)) => is(&error, ErrorKind::InvalidResponse, &what),
                (_, Ok(found)) => panic!("{what}: {found:?}"),
            }
            for (method, address) in sent(&site) {
                assert!(!address.contains("evil") && address.len() < 300, "{method} {address}");
            }
        }
    }
}

/// F92, F94: only the id that was asked for is believed, and no address in an answer is used.
#[tokio::test]
async fn f94_an_answer_about_somebody_else_is_no_answer() {
    let other = json!({
        "id": "r-2", "externalId": "u-2", "userName": "bob", "displayName": "Club",
        "meta": { "location": EVIL, "version": "1" }, "members": [{ "value": "r-9", "$ref": EVIL }],
    });
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": [{ "location": EVIL, "method": "POST", "bulkId": "x", "status": "201", "response": other }],
    });
    for body in [other.clone(), bulk.clone(), json!([other]), json!({ "Resources": [other] })] {
        for deed in ["update", "put", "change members"] {
            let said = body.clone();
            let (site, us) = connected(deed, move |_| answer(200, &[("location", EVIL)], &said));
            let error = act(&*us.connector, deed).await.unwrap_err();
            is(&error, ErrorKind::InvalidResponse, deed);
            assert_eq!(sent(&site).len(), 1, "{deed}: nothing more was sent");
        }
        let said = json!({ "totalResults": 1, "Resources": [body] });
        let (site, us) = connected("find", move |_| answer(200, &[], &said));
        assert_eq!(act(&*us.connector, "find").await.unwrap_or_default(), [""; 0], "{body}");
        assert!(sent(&site).iter().all(|(method, _)| *method == Method::GET));
    }
    let (_, us) = connected("create", move |_| answer(200, &[], &bulk));
    let error = act(&*us.connector, "create").await.unwrap_err();
    is(&error, ErrorKind::InvalidResponse, "bulk");
    // A new resource is believed its id, and nothing of its addresses.
    let made = json!({ "id": "r-1", "meta": { "location": EVIL, "version": "1" } });
    let (site, us) = connected("create", move |_| answer(201, &[("location", EVIL)], &made));
    assert_eq!(act(&*us.connector, "create").await.unwrap(), ["r-1"]);
    act(&*us.connector, "update").await.unwrap();
    assert_eq!(sent(&site)[1], (Method::PATCH, format!("{BASE}/Users/r-1")));
}

/// F97: what a target hands out for later comes back to nobody.
#[tokio::test]
async fn f97_nothing_that_is_set_by_an_answer_is_sent_again() {
    let headers = [
        ("set-cookie", "session=evil; Path=/"),
        ("alt-svc", "h2=\"evil.example:443\""),
        ("strict-transport-security", "max-age=1"),
        ("link", "<https://evil.example/x>; rel=preload"),
        ("content-location", EVIL),
        ("clear-site-data", "\"*\""),
    ];
    let (site, us) = connected("create", move |_| answer(201, &headers, json!({ "id": "r-1" })));
    for deed in ["create", "update", "create"] {
        act(&*us.connector, deed).await.unwrap();
    }
    let (seen, wanted) = (site.seen(), ["accept", "authorization", "content-type", "user-agent"]);
    for request in &seen {
        let mut names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, wanted);
    }
    assert_eq!(sent(&site).len(), 3);
}

#[tokio::test]
async fn f93_words_of_a_target_are_short_harmless_and_without_our_secret() {
    let forged = format!("\u{1b}[2J\r\nERROR forged\u{2028}\u{202e}\0 {SECRET} ");
    for text in [forged.clone(), "ß".repeat(50_000), "\u{1f600}".repeat(300), forged.repeat(1_000)]
    {
        for code in [400, 401, 403, 404, 409, 412, 413, 422, 429, 500, 503] {
            let body = json!({
                "schemas": [ERROR, &text], "status": &text, "scimType": &text, "detail": &text,
                "message": [&text, &text], "error": { "x": &text }, &text: &text, "id": &text,
            });
            let (site, us) = connected("create", move |_| answer(code, &[], &body));
            for deed in DEEDS {
                if let Err(error) = act(&*us.connector, deed).await {
                    error_is_good(&error);
                }
            }
            text_is_good(&format!("{us:?}"), 100_000);
            sent(&site);
        }
    }
}

/// What a target says of itself, with its own endpoints.
fn described(types: Value, schemas: Value) -> (Site, Us) {
    let site = Site::new(move |request| {
        let path = request.uri().path();
        Ok(if path.ends_with("ResourceTypes") {
            answer(200, &[], &types)
        } else if path.ends_with("Schemas") {
            answer(200, &[], &schemas)
        } else {
            site::done(request)
        })
    });
    let properties = settings("bearer").with("token", SECRET).with("profile_overrides", "{}");
    let us = site.connect(properties);
    (site, us)
}

#[tokio::test]
async fn f91_an_endpoint_that_a_target_announces_leads_nowhere_else() {
    let user = "urn:ietf:params:scim:schemas:core:2.0:User";
    for endpoint in [
        "https://evil.example/x",
        "//evil.example/x",
        "../..",
        "..",
        "/..",
        ".",
        "",
        "/",
        "a/../..",
        "Users?x=",
        "Users#x",
        "%2e%2e",
        "Users%2f..",
        "\\evil",
        "http://169.254.169.254",
        "a b",
        "@evil",
        "Users\r\nX-Evil: 1",
        "Users;x",
        "javascript:alert(1)",
        "\u{202e}sresU",
        &"x".repeat(100_000),
    ] {
        let types = json!([{ "schema": user, "endpoint": endpoint, "name": "User" }]);
        let (site, us) = described(types, json!([]));
        for deed in DEEDS {
            let _ = act(&*us.connector, deed).await;
        }
        let sent = sent(&site);
        assert!(sent.len() > 8, "{endpoint:.40}: {sent:?}");
        for (method, address) in sent {
            assert!(address.starts_with(&format!("{BASE}/")), "{method} {address}");
            assert!(address.len() < 300, "{method} {address:.80}");
        }
    }
}

/// What is kept of a description is small, whatever it says; and none of our secrets is in it, nor in what is shown.
#[tokio::test]
async fn f87_f93_a_description_is_bounded_and_holds_none_of_our_secrets() {
    let (user, badge) = ("urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:badge");
    let types = |extensions: Value| json!([{ "schema": user, "endpoint": "/Users", "schemaExtensions": extensions }]);
    let schema = |names: Vec<String>| {
        let attributes: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!([{ "id": user, "attributes": attributes }, { "id": badge, "attributes": attributes }])
    };
    let plain = || vec!["userName".to_owned(), "displayName".to_owned()];
    let many: Vec<String> = (0..100_000).map(|number| format!("a{number}")).collect();
    // One extension in every case.
    let often: Vec<Value> = (0..20_000)
        .map(|number| {
            if number % 2 == 0 {
                json!({ "schema": badge })
            } else {
                json!({ "schema": badge.to_uppercase() })
            }
        })
        .collect();
    let urns: Vec<Value> =
        (0..40_000).map(|number| json!({ "schema": format!("urn:a:{number}") })).collect();
    let odd = vec![
        SECRET.to_owned(),
        "a\u{1b}[31m".to_owned(),
        "b\u{202e}".to_owned(),
        "x".repeat(1 << 20),
    ];
    let named = json!([{ "schema": "urn:".to_owned() + &"x".repeat(1 << 19) }, { "schema": format!("urn:{SECRET}") }]);
    for (what, types, schemas) in [
        ("many attributes", types(json!([])), schema(many.clone())),
        ("often", types(json!(often)), schema(many)),
        ("many extensions", types(json!(urns)), schema(plain())),
        ("odd names", types(json!([])), schema([plain(), odd].concat())),
        ("odd extensions", types(named), schema(plain())),
    ] {
        let (_, us) = described(types, schemas);
        let check = us.connector.check().await.unwrap();
        for finding in &check.findings {
            text_is_good(&finding.text, 70_000);
        }
        let facts = us.connector.learnt();
        let kept: String = facts.iter().map(|fact| fact.value.to_string()).collect();
        assert!(kept.len() <= 64 * 1024, "{what}: {} bytes", kept.len());
        assert!(!kept.contains(SECRET), "{what}");
        text_is_good(&format!("{us:?} {facts:?}"), 100_000);
        // And all that we do is done as before.
        act(&*us.connector, "create").await.unwrap();
    }
}

/// P12: what no address holds is asked for in another way, and is no fault of the connection.
#[tokio::test]
async fn f73_a_name_that_no_address_holds_is_looked_for_in_the_list() {
    let name = "\u{1f600}".repeat(20_000);
    let one = json!({ "id": "r-1", "externalId": "u-1", "userName": name });
    let all = json!({ "totalResults": 1, "Resources": [one] });
    let (site, us) = connected("find", move |_| answer(200, &[], &all));
    for id in ["u-1", &"x".repeat(100_000)] {
        let (id, attempt) = (id.into(), attempt());
        let lookup = Lookup::new(ResourceKind::User, &id, &name);
        let found = us.connector.find(&lookup, &attempt).await.unwrap();
        assert_eq!(found.len(), 1);
    }
    for (_, address) in sent(&site) {
        assert!(address.len() < 40_000);
    }
}

/// F60: a cursor that no address holds leads nowhere, and is the target's fault.
#[tokio::test]
async fn f60_a_cursor_that_no_address_holds_ends_the_list() {
    let page = json!({ "totalResults": 2, "Resources": [], "nextCursor": "x".repeat(500_000) });
    let (_, us) = connected("list", move |_| answer(200, &[], &page));
    is(&act(&*us.connector, "list").await.unwrap_err(), ErrorKind::InvalidResponse, "list");
}

/// F96: what is no token goes nowhere, and neither does what is one go anywhere but to the target.
#[tokio::test]
async fn f96_a_token_is_shown_to_the_target_alone() {
    let site = Site::of(|_| token("tok"), |_| answer(302, &[("location", EVIL)], ""));
    let error = site.connect(oauth2()).write().await.unwrap_err();
    is(&error, ErrorKind::InvalidResponse, "redirected");
    let shown: Vec<String> = site
        .seen()
        .iter()
        .filter(|request| site::header(request, "authorization").contains("tok"))
        .map(|request| request.uri().to_string())
        .collect();
    assert_eq!(shown, [format!("{BASE}/Users")]);
}
