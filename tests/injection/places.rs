//! The places: each takes a text, and panics where it became anything but that text.

use http::Method;
use http::header::{AUTHORIZATION, IF_MATCH};
use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::connector::{Lookup, Remote, Update};
use outbound_provisioning::model::{
    AttributePath, Change, Configuration, Difference, Event, Extensions, Group, LocalId, Member,
    MemberChanges, MultiValue, RemoteId, Resource, ResourceKind, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::HttpClient;
use outbound_provisioning::{ConnectorRegistry, Outcome};
use scim_v2::filter::{AttrExp, CompValue, CompareOp, Filter};
use serde_json::{Value, json};

use crate::bodies::{
    attempt, decoded, error_is_good, now, outcome_is_good, text_is_good, value_path,
};
use crate::scene::{QUIET, Scene, bearer, parsed, settings, status};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

fn scene() -> Scene {
    Scene::with(bearer(QUIET)).unwrap()
}

fn r1() -> RemoteId {
    RemoteId::new("r-1").unwrap()
}

/// Asked by our own id and by the name: one literal each, that reads back as the text.
pub(crate) fn names_in_filters(text: &str) {
    let (scene, id) = (scene(), LocalId::from(text));
    for (kind, name, collection) in
        [(ResourceKind::User, "userName", "Users"), (ResourceKind::Group, "displayName", "Groups")]
    {
        let found = now(scene.connector.find(&Lookup::new(kind, &id, text), &attempt()));
        assert_eq!(found, Ok(Vec::new()));
        let sent = scene.sent();
        assert_eq!(sent.len(), 2, "by the id and by the name");
        for (request, attribute) in sent.iter().zip(["externalId", name]) {
            assert_eq!(request.method(), Method::GET);
            let (path, query) = parsed(request);
            assert_eq!(path, format!("/scim/v2/{collection}"));
            let names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
            let with_members = ["filter", "excludedAttributes"];
            assert_eq!(names, &with_members[..names.len()]);
            let filter = query[0].1.parse::<Filter>().unwrap();
            let Filter::Attr(AttrExp::Comparison(path, CompareOp::Eq, CompValue::Str(value))) =
                filter
            else {
                panic!("another filter: {}", query[0].1)
            };
            assert_eq!((path.to_string().as_str(), value.as_str()), (attribute, text));
        }
    }
}

/// Among others, only who has the name is found.
pub(crate) fn names_at_a_server(text: &str) {
    let server = Scim2Target::new();
    let client = server.clone();
    let scene = Scene::answering(bearer(QUIET), move |request| client.answer(request)).unwrap();
    for (id, name) in [("0", text), ("1", "ada"), ("2", "\" or userName pr"), ("3", "x")] {
        // One that is taken is nobody's.
        let _ = now(scene.connector.create(&User::new(id, name).into(), &attempt()));
    }
    let id = LocalId::from("nobody");
    let found = now(scene.connector.find(&Lookup::new(ResourceKind::User, &id, text), &attempt()));
    let found = found.unwrap();
    let wanted = server.users().iter().filter(|user| user["userName"] == text).count();
    // Blanks alone are no name for a server.
    assert!(wanted == 1 || text.trim().is_empty(), "it was not made");
    assert_eq!(found.len(), wanted);
    for remote in found {
        assert_eq!(remote.resource.unwrap().name(), text);
    }
    scene.sent();
}

/// POST of a user and a group in which every text is this one.
pub(crate) fn texts_in_bodies(text: &str) {
    let scene = scene();
    let mut user = User::new(text, text).with_display_name(text).with_email(text);
    user.title = Some(text.to_owned());
    let group = Group::new(text, text).with_member(Member::user(text));
    let made = now(scene.connector.create(&user.into(), &attempt())).is_ok()
        && now(scene.connector.create(&group.into(), &attempt())).is_ok();
    assert!(made);
    let sent = scene.sent();
    let bodies: Vec<Value> =
        sent.iter().map(|request| serde_json::from_slice(request.body()).unwrap()).collect();
    for place in ["/externalId", "/userName", "/displayName", "/title", "/emails/0/value"] {
        assert_eq!(bodies[0].pointer(place), Some(&json!(text)), "{place}");
    }
    assert_eq!(bodies[0].as_object().map(|user| user.len()), Some(7), "{}", bodies[0]);
    for place in ["/externalId", "/displayName", "/members/0/value"] {
        assert_eq!(bodies[1].pointer(place), Some(&json!(text)), "{place}");
    }
    assert_eq!(parsed(&sent[0]), ("/scim/v2/Users".to_owned(), Vec::new()));
    assert_eq!(parsed(&sent[1]), ("/scim/v2/Groups".to_owned(), Vec::new()));
}

/// An id that was not refused is one segment, which decodes to it (F91).
pub(crate) fn ids_in_addresses(text: &str) {
    for text in
        [text.to_owned(), format!("r{text}"), format!("{text}1"), text.replace(['/', '\\'], "")]
    {
        let Ok(id) = RemoteId::new(text.as_str()) else { continue };
        assert_eq!(id.as_str(), text);
        let scene = scene();
        let user = User::new("u-1", "ada").into();
        let off = User::new("u-1", "ada").with_active(false).into();
        let difference = Difference::between(&user, &off);
        let _ = now(scene.connector.update(&id, &Update::new(&off, &difference), &attempt()));
        let changes = MemberChanges::new([Member::user("r-2")], []);
        let _ = now(scene.connector.change_members(&id, &changes, &attempt()));
        for kind in [ResourceKind::User, ResourceKind::Group] {
            let _ = now(scene.connector.delete(&id, kind, &attempt()));
        }
        let sent = scene.sent();
        let methods: Vec<_> = sent.iter().map(|request| request.method().as_str()).collect();
        assert_eq!(methods, ["PATCH", "PATCH", "DELETE", "DELETE"]);
        for (request, collection) in sent.iter().zip(["Users", "Groups", "Users", "Groups"]) {
            let (path, query) = parsed(request);
            assert!(query.is_empty());
            let prefix = format!("/scim/v2/{collection}/");
            let segment = path.strip_prefix(prefix.as_str()).unwrap();
            assert!(!segment.contains('/'));
            assert_eq!(decoded(segment), text);
        }
    }
}

/// `members[value eq "…"]` and `emails[type eq "…"]` name exactly the text.
pub(crate) fn values_in_paths(text: &str) {
    let scene = scene();
    let changes = MemberChanges::new([], [Member::user(text)]);
    now(scene.connector.change_members(&r1(), &changes, &attempt())).unwrap();
    let mut before = User::new("u-1", "ada");
    let mut email = MultiValue::default();
    email.value = text.to_owned();
    email.kind = Some(text.to_owned());
    before.emails = vec![email];
    let (before, after): (Resource, Resource) = (before.into(), User::new("u-1", "ada").into());
    let difference = Difference::between(&before, &after);
    let _ = now(scene.connector.update(&r1(), &Update::new(&after, &difference), &attempt()));
    let paths: Vec<String> = scene.sent().iter().flat_map(paths).collect();
    assert_eq!(value_path(&paths[0]), Some(("members".to_owned(), text.to_owned())), "{paths:?}");
    for path in paths.iter().skip(1).filter(|path| path.contains('[')) {
        let (attribute, value) = value_path(path).unwrap();
        assert_eq!(attribute, "emails");
        // What identifies a value has no case.
        assert_eq!(value.to_lowercase(), text.to_lowercase());
    }
}

fn paths(request: &http::Request<Vec<u8>>) -> Vec<String> {
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let operations = body["Operations"].as_array().cloned().unwrap_or_default();
    operations.iter().filter_map(|one| Some(one["path"].as_str()?.to_owned())).collect()
}

/// An extension and its attribute that an event may name are changed at a server, and nothing else is.
pub(crate) fn attributes_of_extensions(text: &str) {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let urn = |end: &str| format!("urn:example:{end}");
    for (urn, name) in [
        (urn("badge"), text.to_owned()),
        (urn(text), "colour".to_owned()),
        (text.to_owned(), text.to_owned()),
        (urn(&format!("b{letters}")), format!("a-{letters}")),
        (urn(&format!("{text}:badge")), format!("a{letters}_")),
    ] {
        let user = |value: u8| {
            let mut user = User::new("u-1", "ada").with_display_name("Ada");
            let attribute = (name.as_str(), json!(value.to_string()));
            let other = ("other", json!("same"));
            user.extensions = Extensions::new().with(urn.as_str(), [other, attribute]);
            user
        };
        let event = Event::user_created(user(1)).in_organization("acme");
        if event.check().is_err() || name == "other" {
            continue;
        }
        let server = Scim2Target::new();
        let client = server.clone();
        let scene = Scene::answering(bearer(QUIET), move |request| client.answer(request)).unwrap();
        let made = now(scene.connector.create(&user(1).into(), &attempt())).unwrap();
        let mut wanted = server.users()[0].clone();
        let (before, after) = (user(1).into(), user(2).into());
        let difference = Difference::between(&before, &after);
        now(scene.connector.update(&made.id, &Update::new(&after, &difference), &attempt()))
            .unwrap();
        let mut shown = server.users()[0].clone();
        wanted[urn.as_str()][name.as_str()] = json!("2");
        for user in [&mut wanted, &mut shown] {
            user.as_object_mut().unwrap().remove("meta");
        }
        assert_eq!(shown, wanted, "{urn} {name}");
        scene.sent();
    }
}

/// A header holds the text or is not sent, and no other comes with it.
pub(crate) fn keys_and_versions_in_headers(text: &str) {
    let keyed =
        settings("api_key", QUIET).with("api_key_header", "X-Api-Key").with("api_key", text);
    if let Some(scene) = Scene::with(keyed) {
        let made = now(scene.connector.create(&User::new("u-1", "ada").into(), &attempt()));
        let sent = scene.sent();
        assert_eq!(made.is_ok(), sent.len() == 1, "sent, or an error");
        for request in sent {
            assert_eq!(request.headers().get("x-api-key").unwrap().as_bytes(), text.as_bytes());
            assert_eq!(request.headers().len(), 4, "{:?}", request.headers().keys());
            assert!(!request.headers().contains_key(AUTHORIZATION));
        }
    }
    let scene = Scene::with(bearer(r#"{"discovery": false, "etag": true}"#)).unwrap();
    let wanted = User::new("u-1", "ada").into();
    let difference = [(AttributePath::new("active"), Change::Set(true.into()))];
    let difference = difference.into_iter().collect();
    let update = Update::new(&wanted, &difference).on_version(Some(text));
    now(scene.connector.update(&r1(), &update, &attempt())).unwrap();
    let sent = scene.sent();
    let tag = sent[0].headers().get(IF_MATCH);
    if let Some(tag) = tag {
        assert_eq!(tag.as_bytes(), text.as_bytes());
    }
    assert_eq!(sent[0].headers().len(), 4 + usize::from(tag.is_some()));
}

/// Errors, outcomes and problems are lines of ours, whatever the target or an administrator puts into them.
pub(crate) fn texts_in_what_we_print(text: &str) {
    let body = json!({ "schemas": [ERROR], "detail": text, "scimType": text, "status": text });
    let body = body.to_string().into_bytes();
    let refusing = move |_: &_| status(400, body.clone());
    let scene = Scene::answering(bearer(QUIET), refusing).unwrap();
    let refused = now(scene.connector.create(&User::new("u-1", "ada").into(), &attempt()));
    error_is_good(&refused.unwrap_err());
    match Remote::new(text) {
        Ok(remote) => outcome_is_good(&Outcome::Delivered { remote_id: remote.id }),
        Err(error) => error_is_good(&error),
    }
    let connectors = json!({ "scim2": { text: text, "base_url": text, "authentication": text } });
    let connection = json!({ "name": text, text: 1, "connectors": connectors });
    let organization = json!({ "connections": { text: connection }, text: text, "provisioners": [{ "connection": text, "connector": text }] });
    let document = json!({ text: 1, "organizations": { text: organization } }).to_string();
    let problems = match Configuration::from_json(&document) {
        Err(problems) => problems,
        Ok(configuration) => {
            let registry = ConnectorRegistry::new().with(Scim2Factory::new(client()));
            registry.check(&configuration).unwrap_err()
        }
    };
    for problem in problems.iter() {
        text_is_good(&problem.to_string(), 8_000);
    }
    if let Err(error) = Event::user_created(User::new(text, text)).in_organization(text).check() {
        error_is_good(&error);
    }
}

fn client() -> impl HttpClient {
    outbound_provisioning::transport::http_fn(|_| Ok(status(204, Vec::new())))
}
