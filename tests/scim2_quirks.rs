//! Each quirk of the simulated server, seen from outside, beside what the strict server does.
#![cfg(feature = "conformance")]
#![expect(clippy::unwrap_used, reason = "tests that are wrong should stop")]

use http::{Method, Request, Response};
use outbound_provisioning::conformance::{Quirk, Scim2Target};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

struct Answer {
    status: u16,
    response: Response<Vec<u8>>,
    body: Value,
}

impl Answer {
    fn is_html(&self) -> bool {
        self.response.body().starts_with(b"<!DOCTYPE html>")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }
}

fn send_with(
    target: &Scim2Target,
    method: Method,
    path: &str,
    body: Value,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(format!("/v2{path}"));
    if !body.is_null() && !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/scim+json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let response = target.answer(&request.body(body).unwrap());
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    Answer { status: response.status().as_u16(), response, body }
}

fn send(target: &Scim2Target, method: Method, path: &str, body: Value) -> Answer {
    send_with(target, method, path, body, &[])
}

fn get(target: &Scim2Target, path: &str) -> Answer {
    send(target, Method::GET, path, Value::Null)
}

fn user(name: &str) -> Value {
    json!({ "schemas": [USER], "userName": name, "externalId": format!("x-{name}") })
}

fn post(target: &Scim2Target, user: Value) -> Answer {
    send(target, Method::POST, "/Users", user)
}

fn patch(target: &Scim2Target, path: &str, operations: Value) -> Answer {
    send(target, Method::PATCH, path, json!({ "schemas": [PATCH_OP], "Operations": operations }))
}

fn retitle(target: &Scim2Target) -> Answer {
    patch(target, "/Users/u-1", json!([{ "op": "replace", "path": "title", "value": "Dr" }]))
}

/// A server with these quirks and the users ada and bob, made before.
fn with(quirks: &[Quirk]) -> Scim2Target {
    let target = Scim2Target::new();
    assert_eq!(post(&target, user("Ada")).status, 201);
    assert_eq!(post(&target, user("bob")).status, 201);
    quirks.iter().fold(target, |target, quirk| target.with_quirk(*quirk))
}

/// The same, with a group of nobody.
fn with_group(quirks: &[Quirk]) -> Scim2Target {
    let target = with(&[]);
    let group = json!({ "schemas": [GROUP], "displayName": "Staff" });
    assert_eq!(send(&target, Method::POST, "/Groups", group).status, 201);
    quirks.iter().fold(target, |target, quirk| target.with_quirk(*quirk))
}

#[test]
fn methods_that_are_not_there() {
    let target = with(&[Quirk::NoPatch(501), Quirk::NoPut(405), Quirk::NoDelete(405)]);
    assert_eq!(retitle(&target).status, 501);
    let put = send(&target, Method::PUT, "/Users/u-1", user("Ada"));
    assert_eq!((put.status, put.is_html()), (405, true));
    assert_eq!(send(&target, Method::DELETE, "/Users/u-1", Value::Null).status, 405);
    assert_eq!(get(&target, "/ServiceProviderConfig").body["patch"]["supported"], false);
    assert_eq!(target.users().len(), 2);
}

#[test]
fn delete_that_deactivates() {
    let target = with(&[Quirk::DeleteDeactivates]);
    for _ in 0..2 {
        assert_eq!(send(&target, Method::DELETE, "/Users/u-1", Value::Null).status, 204);
    }
    assert_eq!(get(&target, "/Users/u-1").body["active"], false);
    assert_eq!(post(&target, user("ada")).status, 409, "the name stays taken");
    assert_eq!(send(&target, Method::DELETE, "/Users/u-9", Value::Null).status, 404);
}

#[test]
fn discovery_that_is_odd() {
    let target = with(&[Quirk::NoServiceProviderConfig]);
    assert!(get(&target, "/ServiceProviderConfig").is_html());
    assert_eq!(get(&target, "/Schemas").status, 200);
    let target = with(&[Quirk::NoDiscovery]);
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        assert_eq!(get(&target, path).status, 404);
    }
    let target = with(&[Quirk::OldDiscoveryName, Quirk::BareDiscovery]);
    assert_eq!(get(&target, "/ServiceProviderConfig").status, 404);
    assert_eq!(get(&target, "/ServiceProviderConfigs").body["patch"]["supported"], true);
    assert_eq!(get(&target, "/ResourceTypes").body[0]["id"], "User");
    let target = with(&[Quirk::LowerCaseEndpoints]);
    assert_eq!(get(&target, "/Users").status, 404);
    assert_eq!(get(&target, "/users/u-1").body["userName"], "Ada");
    assert_eq!(get(&target, "/ResourceTypes").body["Resources"][0]["endpoint"], "/users");
    let made = send(&target, Method::POST, "/users", user("cat"));
    assert_eq!(made.header("location"), Some("/v2/users/u-3"));
    let target = with(&[Quirk::NoGroups]);
    assert_eq!(get(&target, "/Groups").status, 404);
    assert_eq!(get(&target, "/ResourceTypes").body["totalResults"], 1);
}

#[test]
fn filters_that_do_not_work() {
    let by_name = "/Users?filter=userName%20eq%20%22ada%22";
    let by_id = "/Users?filter=externalId%20eq%20%22x-bob%22";
    let total = |quirk, path| get(&with(&[quirk]), path).body["totalResults"].clone();
    assert_eq!(get(&with(&[]), by_name).body["totalResults"], 1);
    assert_eq!(get(&with(&[Quirk::NoFilter(501)]), by_name).status, 501);
    assert_eq!(get(&with(&[Quirk::NoFilter(400)]), by_name).body["scimType"], "invalidFilter");
    assert_eq!(get(&with(&[Quirk::NoFilter(403)]), "/Users").status, 200);
    assert_eq!(total(Quirk::FilterIgnored, by_name), 2);
    assert_eq!(total(Quirk::FilterCaseSensitive, by_name), 0);
    assert_eq!(get(&with(&[Quirk::NoExternalIdFilter(400)]), by_id).status, 400);
    assert_eq!(get(&with(&[Quirk::NoExternalIdFilter(400)]), by_name).status, 200);
    assert_eq!(total(Quirk::ExternalIdFilterEmpty, by_id), 0);
    assert_eq!(total(Quirk::ExternalIdFilterEmpty, by_name), 1);
}

#[test]
fn lists_that_are_odd() {
    let target = with(&[Quirk::PageSize(1), Quirk::PagesRepeat, Quirk::WrongItemsPerPage]);
    let page = get(&target, "/Users?startIndex=2&count=50").body;
    assert_eq!(page["Resources"][0]["userName"], "bob");
    assert_eq!((&page["itemsPerPage"], &page["totalResults"]), (&json!(20), &json!(2)));
    let page = get(&target, "/Users?startIndex=3&count=50").body;
    assert_eq!(page["Resources"][0]["userName"], "Ada", "the first page again");
    let target = with(&[Quirk::CursorOnly, Quirk::PageSize(1)]);
    assert_eq!(get(&target, "/Users?startIndex=1").status, 501);
    let page = get(&target, "/Users?cursor=").body;
    let next = page["nextCursor"].as_str().unwrap();
    let page = get(&target, &format!("/Users?cursor={next}")).body;
    assert_eq!(page["Resources"][0]["userName"], "bob");
    assert!(page.get("nextCursor").is_none() && page.get("startIndex").is_none());
    let list = get(&with(&[Quirk::LowerCaseListKey, Quirk::NoTotalResults]), "/Users").body;
    assert_eq!(list["resources"].as_array().unwrap().len(), 2);
    assert!(list.get("totalResults").is_none() && list.get("Resources").is_none());
    assert_eq!(get(&with(&[Quirk::TextTotalResults]), "/Users").body["totalResults"], "2");
}

#[test]
fn versions() {
    let target = with(&[Quirk::NoEtag]);
    let shown = get(&target, "/Users/u-1");
    assert_eq!(shown.header("etag"), None);
    assert!(shown.body["meta"].get("version").is_none());
    let stale = [("if-match", "W/\"9\"")];
    let gone = send_with(&target, Method::DELETE, "/Users/u-1", Value::Null, &stale);
    assert_eq!(gone.status, 204);
    let target = with(&[Quirk::IfMatchRequired]);
    assert_eq!(retitle(&target).status, 412);
    let right = [("if-match", "W/\"1\"")];
    let gone = send_with(&target, Method::DELETE, "/Users/u-1", Value::Null, &right);
    assert_eq!(gone.status, 204);
}

#[test]
fn members_that_are_limited() {
    let add = |ids: &[&str]| {
        let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        json!({ "op": "add", "path": "members", "value": members })
    };
    let remove =
        |id: &str| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") });
    let staff = "/Groups/g-1";
    let target = with_group(&[Quirk::MemberCap { most: 1, status: 413 }]);
    assert_eq!(patch(&target, staff, json!([add(&["u-1", "u-2"])])).status, 413);
    assert_eq!(patch(&target, staff, json!([add(&["u-1"])])).status, 204);
    let group = json!({ "schemas": [GROUP], "displayName": "B", "members": [{ "value": "u-1" }, { "value": "u-2" }] });
    assert_eq!(send(&target, Method::POST, "/Groups", group.clone()).status, 413);
    let target = with_group(&[Quirk::MemberCap { most: 1, status: 400 }]);
    assert_eq!(patch(&target, staff, json!([add(&["u-1", "u-2"])])).body["scimType"], "tooMany");

    let target = with_group(&[Quirk::OneRemovalPerRequest, Quirk::NoMixedMemberChanges]);
    assert_eq!(patch(&target, staff, json!([add(&["u-1", "u-2"])])).status, 204);
    assert_eq!(patch(&target, staff, json!([remove("u-1"), remove("u-2")])).status, 400);
    assert_eq!(patch(&target, staff, json!([add(&["u-1"]), remove("u-2")])).status, 400);
    assert_eq!(patch(&target, staff, json!([remove("u-2")])).status, 204);

    let target = with_group(&[Quirk::MembersDroppedOnCreate]);
    assert_eq!(send(&target, Method::POST, "/Groups", group).status, 201);
    assert!(target.groups()[1].get("members").is_none());

    let target = with_group(&[Quirk::MembersNeverListed]);
    assert_eq!(patch(&target, staff, json!([add(&["u-1"])])).status, 204);
    assert!(get(&target, staff).body.get("members").is_none());
    assert_eq!(target.groups()[0]["members"][0]["value"], "u-1", "and yet they are there");

    let target = with_group(&[Quirk::MembersRemovedByValueList]);
    assert_eq!(patch(&target, staff, json!([add(&["u-1", "u-2"])])).status, 204);
    assert_eq!(patch(&target, staff, json!([remove("u-1")])).status, 400);
    let list = json!([{ "op": "remove", "path": "members", "value": [{ "value": "u-1" }] }]);
    assert_eq!(patch(&target, staff, list).status, 204);
    assert_eq!(target.groups()[0]["members"], json!([{ "value": "u-2" }]));
}

#[test]
fn dialects_of_patch() {
    let replace = |value: Value| json!([{ "op": "replace", "value": value }]);
    let path =
        |op: &str, path: &str, value: Value| json!([{ "op": op, "path": path, "value": value }]);
    let status = |quirk, operations| patch(&with(&[quirk]), "/Users/u-1", operations).status;

    let two = || replace(json!({ "title": "Dr", "nickName": "A" }));
    assert_eq!(status(Quirk::PathlessTakesOneAttribute, two()), 400);
    assert_eq!(status(Quirk::PathlessTakesOneAttribute, replace(json!({ "title": "Dr" }))), 204);
    assert_eq!(status(Quirk::PathlessOnly, two()), 204);
    assert_eq!(status(Quirk::PathlessOnly, path("replace", "title", json!("Dr"))), 400);
    let work = r#"emails[type eq "work"]"#;
    assert_eq!(status(Quirk::NoValuePaths, json!([{ "op": "remove", "path": work }])), 400);
    assert_eq!(status(Quirk::NoValuePaths, path("replace", "name.givenName", json!("A"))), 204);
    assert_eq!(status(Quirk::CapitalOpsOnly, path("replace", "title", json!("Dr"))), 400);
    assert_eq!(status(Quirk::CapitalOpsOnly, path("Replace", "title", json!("Dr"))), 204);
    assert_eq!(status(Quirk::LowerOpsOnly, path("Replace", "title", json!("Dr"))), 400);
    assert_eq!(status(Quirk::PatchMustChange, path("replace", "userName", json!("Ada"))), 400);

    let target = with(&[Quirk::TextBooleansOnly]);
    assert_eq!(patch(&target, "/Users/u-1", path("replace", "active", json!(false))).status, 400);
    assert_eq!(patch(&target, "/Users/u-1", path("replace", "active", json!("False"))).status, 204);
    assert_eq!(target.users()[0]["active"], false);

    let shown = retitle(&with(&[Quirk::PatchShowsResource]));
    assert_eq!((shown.status, &shown.body["title"]), (200, &json!("Dr")));
    let target = with(&[Quirk::PatchShowsChange]);
    assert_eq!(retitle(&target).status, 200);
    assert_eq!(retitle(&target).status, 204);
}

#[test]
fn attributes_that_are_not_held() {
    let mut ada = user("Cat");
    ada["title"] = "Dr".into();
    ada["emails"] = json!([{ "value": "a@example.com" }, { "value": "b@example.com" }]);
    let target =
        with(&[Quirk::Drops("title"), Quirk::Drops("externalId"), Quirk::LowerCasesUserName]);
    assert_eq!(post(&target, ada.clone()).status, 201);
    let kept = &target.users()[2];
    assert_eq!(kept["userName"], "cat");
    assert!(kept.get("title").is_none() && kept.get("externalId").is_none());
    assert_eq!(retitle(&target).status, 204, "taken and dropped");
    assert!(target.users()[0].get("title").is_none());

    assert_eq!(post(&with(&[Quirk::Refuses("title")]), ada.clone()).status, 400);
    assert_eq!(retitle(&with(&[Quirk::Refuses("title")])).body["scimType"], "invalidPath");
    assert_eq!(post(&with(&[Quirk::OneEmail]), ada.clone()).status, 400);
    assert_eq!(post(&with(&[Quirk::Requires("name.givenName")]), ada.clone()).status, 400);
    ada["name"] = json!({ "givenName": "Cat" });
    let target = with(&[Quirk::Requires("name.givenName"), Quirk::ExternalIdNotEchoed]);
    let made = post(&target, ada.clone());
    assert!(made.status == 201 && made.body.get("externalId").is_none());
    assert_eq!(get(&target, "/Users/u-3").body["externalId"], "x-Cat");
    let nameless = json!([{ "op": "remove", "path": "name" }]);
    assert_eq!(patch(&target, "/Users/u-3", nameless).status, 400);

    let target = with(&[Quirk::NoEnterprise]);
    ada[ENTERPRISE] = json!({ "department": "R" });
    ada["schemas"] = json!([USER, ENTERPRISE]);
    assert_eq!(post(&target, ada).status, 400);
    let types = get(&target, "/ResourceTypes").body;
    assert_eq!(types["Resources"][0]["schemaExtensions"], json!([]));

    let target = with(&[Quirk::KeepsOneEmail]);
    let add = |mail: &str| json!([{ "op": "add", "path": "emails", "value": [{ "value": mail }] }]);
    assert_eq!(patch(&target, "/Users/u-1", add("a@example.com")).status, 204);
    assert_eq!(patch(&target, "/Users/u-1", add("b@example.com")).status, 204);
    assert_eq!(target.users()[0]["emails"], json!([{ "value": "b@example.com" }]));

    let rename = json!([{ "op": "replace", "path": "userName", "value": "eve" }]);
    let refused = patch(&with(&[Quirk::UserNameFixed]), "/Users/u-1", rename);
    assert_eq!((refused.status, &refused.body["scimType"]), (400, &json!("mutability")));
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "All" }]);
    let target = with_group(&[Quirk::GroupNameFixed]);
    assert_eq!(patch(&target, "/Groups/g-1", rename).status, 400);
}

#[test]
fn answers_in_other_shapes() {
    let conflict = |quirk| post(&with(&[quirk]), user("ada"));
    let untyped = conflict(Quirk::ConflictWithoutType);
    assert!(untyped.status == 409 && untyped.body.get("scimType").is_none());
    assert_eq!(conflict(Quirk::ConflictAs(400)).status, 400);
    assert!(conflict(Quirk::ConflictAs(500)).is_html());

    let target = Scim2Target::new().with_quirk(Quirk::NumericIds).with_quirk(Quirk::TextActive);
    let mut ada = user("ada");
    ada["active"] = true.into();
    let made = post(&target, ada).body;
    assert_eq!((&made["id"], &made["active"]), (&json!(1), &json!("True")));
    assert_eq!(get(&target, "/Users/1").status, 200);
    let group =
        json!({ "schemas": [GROUP], "displayName": "Staff", "members": [{ "value": "1" }] });
    assert_eq!(send(&target, Method::POST, "/Groups", group).body["id"], 2);

    let target = with(&[Quirk::NoLocation, Quirk::CreatedAs200]);
    let made = post(&target, user("cat"));
    assert_eq!((made.status, made.header("location")), (200, None));
    assert!(post(&with(&[Quirk::CreatedWithoutBody]), user("cat")).response.body().is_empty());
    let put = send(&with(&[Quirk::PutWithoutBody]), Method::PUT, "/Users/u-1", user("Ada"));
    assert!(put.status == 204 && put.response.body().is_empty());
    assert!(get(&with(&[Quirk::HtmlNotFound]), "/Users/u-9").is_html());
}

#[test]
fn requests_that_are_turned_away() {
    let target = with(&[Quirk::RateLimited { every: 4, retry_after: Some(3) }]);
    assert_eq!(get(&target, "/Users").status, 200);
    let limited = get(&target, "/Users");
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("3")));
    assert_eq!(get(&target, "/Users").status, 200);
    let target = with(&[Quirk::UserAgentRequired]);
    assert_eq!(get(&target, "/Users").status, 403);
    let agent = [("user-agent", "test")];
    assert_eq!(send_with(&target, Method::GET, "/Users", Value::Null, &agent).status, 200);
    let target = with(&[Quirk::PlainJsonOnly]);
    assert_eq!(post(&target, user("cat")).status, 415);
    let plain = [("content-type", "application/json; charset=utf-8")];
    assert_eq!(send_with(&target, Method::POST, "/Users", user("cat"), &plain).status, 201);
}
