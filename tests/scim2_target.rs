//! The simulated server keeps the rules of RFC 7643 and RFC 7644, and keeps them strictly.
#![cfg(feature = "conformance")]

use http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION,
};
use http::{Method, Request, Response};
use outbound_provisioning::conformance::Scim2Target;
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// An answer, taken apart.
#[derive(Debug)]
struct Answer {
    status: u16,
    etag: String,
    location: String,
    content_type: String,
    body: Value,
}

impl From<Response<Vec<u8>>> for Answer {
    fn from(response: Response<Vec<u8>>) -> Self {
        let header = |name: HeaderName| {
            let value = response.headers().get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        Self {
            status: response.status().as_u16(),
            etag: header(ETAG),
            location: header(LOCATION),
            content_type: header(CONTENT_TYPE),
            body: serde_json::from_slice(response.body()).unwrap_or_default(),
        }
    }
}

impl Answer {
    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The answer is a refusal with this status and `scimType`.
    #[track_caller]
    fn refuses(self, status: u16, scim_type: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.content_type, "application/scim+json");
        assert_eq!(self.body.get("schemas"), Some(&json!([ERROR])));
        assert_eq!(self.text("status"), status.to_string(), "{self:?}");
        assert_eq!(self.text("scimType"), scim_type, "{self:?}");
        assert_ne!(self.text("detail"), "", "{self:?}");
    }

    fn text(&self, key: &str) -> &str {
        text(&self.body, key)
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn request(method: Method, path: &str, body: &Value) -> Request<Vec<u8>> {
    let mut request = Request::new(Vec::new());
    *request.method_mut() = method;
    *request.uri_mut() = path.replace(' ', "%20").replace('"', "%22").parse().unwrap_or_default();
    if !body.is_null() {
        *request.body_mut() = body.to_string().into_bytes();
        let content_type = HeaderValue::from_static("application/scim+json");
        request.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    request
}

fn send(target: &Scim2Target, method: Method, path: &str, body: &Value) -> Answer {
    target.answer(&request(method, path, body)).into()
}

fn get(target: &Scim2Target, path: &str) -> Answer {
    send(target, Method::GET, path, &Value::Null)
}

fn delete(target: &Scim2Target, path: &str) -> Answer {
    send(target, Method::DELETE, path, &Value::Null)
}

/// POST or PUT of a user with these attributes beside `schemas`.
fn write_user(target: &Scim2Target, method: Method, path: &str, user: Value) -> Answer {
    let mut body = json!({ "schemas": [USER, ENTERPRISE] });
    if let (Value::Object(body), Value::Object(user)) = (&mut body, user) {
        body.extend(user);
    }
    send(target, method, path, &body)
}

fn post_user(target: &Scim2Target, user: Value) -> Answer {
    write_user(target, Method::POST, "/Users", user)
}

fn post_group(target: &Scim2Target, name: &str, members: Value) -> Answer {
    let group = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    send(target, Method::POST, "/Groups", &group)
}

/// PATCH of the user `u-1`.
fn patch(target: &Scim2Target, operations: impl Into<Value>) -> Answer {
    send(target, Method::PATCH, "/Users/u-1", &patch_op(operations))
}

/// PATCH of the group `g-1`.
fn patch_group(target: &Scim2Target, operations: impl Into<Value>) -> Answer {
    send(target, Method::PATCH, "/Groups/g-1", &patch_op(operations))
}

fn patch_op(operations: impl Into<Value>) -> Value {
    json!({ "schemas": [PATCH_OP], "Operations": operations.into() })
}

fn add(path: &str, value: impl Into<Value>) -> Value {
    json!({ "op": "add", "path": path, "value": value.into() })
}

fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!({ "op": "replace", "path": path, "value": value.into() })
}

fn remove(path: &str) -> Value {
    json!({ "op": "remove", "path": path })
}

fn keys(resource: &Value) -> Vec<&str> {
    let keys = resource.as_object().into_iter().flatten();
    keys.map(|(key, _)| key.as_str()).collect()
}

/// A server that holds this one user, as `u-1`.
fn with_user(user: Value) -> Scim2Target {
    let target = Scim2Target::new();
    post_user(&target, user).is(201);
    target
}

/// The user `u-1`.
fn user(target: &Scim2Target) -> Value {
    get(target, "/Users/u-1").body
}

/// The names of the users that a filter finds.
fn found(target: &Scim2Target, filter: &str) -> Vec<String> {
    let answer = get(target, &format!("/Users?filter={filter}")).is(200);
    let users = answer.body.get("Resources").and_then(Value::as_array);
    let users = users.into_iter().flatten();
    users.map(|user| text(user, "userName").to_owned()).collect()
}

#[test]
fn post_answers_201_with_location_version_and_the_resource() {
    let target = Scim2Target::new();
    let answer = write_user(&target, Method::POST, "/any/base/Users", json!({ "userName": "ada" }));
    let answer = answer.is(201);
    assert_eq!(answer.location, "/any/base/Users/u-1");
    assert_eq!(answer.etag, "W/\"1\"");
    assert_eq!(answer.content_type, "application/scim+json");
    let meta =
        json!({ "resourceType": "User", "location": "/any/base/Users/u-1", "version": "W/\"1\"" });
    let expected = json!({ "schemas": [USER], "id": "u-1", "userName": "ada", "meta": meta });
    assert_eq!(answer.body, expected);
    assert_eq!(get(&target, "/any/base/Users/u-1").is(200).body, expected);
    assert_eq!(target.users(), [expected]);
}

#[test]
fn user_name_is_required_and_is_text() {
    let target = Scim2Target::new();
    for user in [
        json!({}),
        json!({ "userName": "" }),
        json!({ "userName": null }),
        json!({ "userName": 7 }),
    ] {
        post_user(&target, user).refuses(400, "invalidValue");
    }
    assert_eq!(target.users(), [Value::Null; 0]);
}

#[test]
fn user_name_is_unique_without_case_and_external_id_exactly() {
    let target = with_user(json!({ "userName": "Ada", "externalId": "x" }));
    post_user(&target, json!({ "userName": "aDA" })).refuses(409, "uniqueness");
    post_user(&target, json!({ "userName": "eve", "externalId": "x" })).refuses(409, "uniqueness");
    post_user(&target, json!({ "userName": "eve", "externalId": "X" })).is(201);
    patch(&target, [replace("userName", "EVE")]).refuses(409, "uniqueness");
    patch(&target, [replace("userName", "ADA")]).is(204);
}

#[test]
fn ids_are_never_given_twice() {
    let target = with_user(json!({ "userName": "ada" }));
    delete(&target, "/Users/u-1").is(204);
    delete(&target, "/Users/u-1").refuses(404, "");
    get(&target, "/Users/u-1").refuses(404, "");
    assert_eq!(post_user(&target, json!({ "userName": "ada" })).is(201).body["id"], "u-2");
}

#[test]
fn read_only_values_of_a_body_are_ignored() {
    let target = with_user(json!({
        "userName": "ada",
        "id": "mine",
        "meta": { "version": "mine" },
        "groups": [{ "value": "g" }],
    }));
    let user = user(&target);
    assert_eq!(user["id"], "u-1");
    assert_eq!(user["meta"]["version"], "W/\"1\"");
    assert_eq!(user["groups"], Value::Null);
}

#[test]
fn unknown_attributes_and_wrong_types_are_refused() {
    let target = Scim2Target::new();
    for (user, scim_type) in [
        (json!({ "shoeSize": 44 }), "invalidSyntax"),
        (json!({ "name": { "petName": "a" } }), "invalidSyntax"),
        (json!({ "name": "Ada" }), "invalidValue"),
        (json!({ "active": "true" }), "invalidValue"),
        (json!({ "title": 1 }), "invalidValue"),
        (json!({ "emails": { "value": "a@b" } }), "invalidValue"),
        (json!({ "emails": ["a@b"] }), "invalidValue"),
        (json!({ "emails": [{ "value": "a@b", "primary": "true" }] }), "invalidValue"),
        (json!({ ENTERPRISE: { "rank": "1" } }), "invalidSyntax"),
        (json!({ ENTERPRISE: { "manager": "u-1" } }), "invalidValue"),
        (json!({ format!("{ENTERPRISE}:department"): "x" }), "invalidSyntax"),
    ] {
        let mut user = user;
        user["userName"] = json!("ada");
        post_user(&target, user).refuses(400, scim_type);
    }
}

#[test]
fn an_extension_must_be_in_schemas_and_the_core_schema_too() {
    let target = Scim2Target::new();
    let post = |body: Value| send(&target, Method::POST, "/Users", &body);
    let badge = json!({ "badge": 7 });
    let user =
        |schemas: Value| json!({ "schemas": schemas, "userName": "ada", "urn:x:2.0:User": badge });
    post(json!({ "userName": "ada" })).refuses(400, "invalidSyntax");
    post(user(json!(["urn:x:2.0:User"]))).refuses(400, "invalidSyntax");
    post(user(json!([USER]))).refuses(400, "invalidValue");
    let answer = post(user(json!([USER, "urn:x:2.0:User", ENTERPRISE]))).is(201);
    assert_eq!(answer.body["urn:x:2.0:User"], json!({ "badge": 7 }));
    assert_eq!(
        answer.body["schemas"],
        json!([USER, "urn:x:2.0:User"]),
        "what has no value is not listed"
    );
}

#[test]
fn names_are_read_in_any_case_and_kept_in_that_of_the_rfc() {
    let target = with_user(json!({ "USERNAME": "ada", "NAME": { "givenname": "Ada" } }));
    let user = user(&target);
    assert_eq!(user["userName"], "ada");
    assert_eq!(user["name"], json!({ "givenName": "Ada" }));
}

#[test]
fn null_and_the_empty_list_are_no_value() {
    let target = with_user(
        json!({ "userName": "ada", "title": null, "emails": [], "name": { "givenName": null } }),
    );
    let user = user(&target);
    assert_eq!(keys(&user).len(), 4, "{user}");
}

#[test]
fn a_password_is_accepted_and_never_returned() {
    let target = with_user(json!({ "userName": "ada", "password": "secret" }));
    assert_eq!(target.password_of("u-1"), Some("secret".into()));
    patch(&target, [replace("password", "hidden")]).is(204);
    patch(&target, [replace("password", 1)]).refuses(400, "invalidValue");
    let shown = format!("{:?} {:?}", target.users(), get(&target, "/Users").body);
    assert!(!shown.contains("secret") && !shown.contains("hidden"));
}

#[test]
fn a_list_has_one_primary_value_at_most() {
    let two = json!([{ "value": "a", "primary": true }, { "value": "b", "primary": true }]);
    let target = Scim2Target::new();
    post_user(&target, json!({ "userName": "ada", "emails": two })).refuses(400, "invalidValue");
    post_user(&target, json!({ "userName": "ada" })).is(201);
    for op in ["add", "replace"] {
        let operation = json!([{ "op": op, "path": "emails", "value": two }]);
        patch(&target, operation).refuses(400, "invalidValue");
    }
}

#[test]
fn a_new_primary_value_takes_the_place_of_the_old_one() {
    let target =
        with_user(json!({ "userName": "ada", "emails": [{ "value": "a", "primary": true }] }));
    let add = json!([add("emails", json!([{ "value": "b", "primary": true }]))]);
    patch(&target, add).is(204);
    let expected = json!([{ "value": "a", "primary": false }, { "value": "b", "primary": true }]);
    assert_eq!(user(&target)["emails"], expected);
    let back = json!([replace("emails[value eq \"a\"].primary", true)]);
    patch(&target, back).is(204);
    let expected = json!([{ "value": "a", "primary": true }, { "value": "b", "primary": false }]);
    assert_eq!(user(&target)["emails"], expected);
}

#[test]
fn put_replaces_everything() {
    let target = Scim2Target::new();
    let department = json!({ "department": "R" });
    post_user(&target, json!({ "userName": "ada", "title": "Dr", ENTERPRISE: department })).is(201);
    let put = |path: &str| write_user(&target, Method::PUT, path, json!({ "userName": "eve" }));
    let answer = put("/Users/u-1").is(200);
    assert_eq!(answer.etag, "W/\"2\"");
    assert_eq!(keys(&answer.body).len(), 4, "{answer:?}");
    assert_eq!(answer.body["userName"], "eve");
    assert_eq!(answer.body["schemas"], json!([USER]));
    put("/Users/none").refuses(404, "");
}

#[test]
fn patch_answers_204_with_the_version_or_200_with_what_was_asked() {
    let target = with_user(json!({ "userName": "ada" }));
    let operation = json!({ "op": "Replace", "path": "active", "value": false });
    let answer = patch(&target, [operation.clone()]).is(204);
    assert_eq!((answer.etag.as_str(), answer.body), ("W/\"2\"", Value::Null));
    let path = "/Users/u-1?attributes=active";
    let answer = send(&target, Method::PATCH, path, &patch_op([operation])).is(200);
    assert_eq!(answer.body, json!({ "schemas": [USER], "id": "u-1", "active": false }));
    assert_eq!(answer.etag, "W/\"2\"", "nothing has changed");
}

#[test]
fn writes_honour_if_match_and_reads_if_none_match() {
    let target = with_user(json!({ "userName": "ada" }));
    let user = json!({ "schemas": [USER], "userName": "ada", "title": "Dr" });
    let mut tag = "W/\"1\"";
    for (method, body, next) in [
        (Method::PUT, user, "W/\"2\""),
        (Method::PATCH, patch_op([remove("title")]), "W/\"3\""),
        (Method::DELETE, Value::Null, ""),
    ] {
        let send = |tag| {
            let mut request = request(method.clone(), "/Users/u-1", &body);
            let headers = request.headers_mut();
            headers.insert(IF_MATCH, HeaderValue::from_static(tag));
            Answer::from(target.answer(&request))
        };
        send("W/\"0\"").refuses(412, "");
        assert_eq!(send(tag).etag, next, "{method}");
        tag = next;
    }
    assert_eq!(target.users().len(), 0);

    post_user(&target, json!({ "userName": "ada" })).is(201);
    let mut get = request(Method::GET, "/Users/u-2", &Value::Null);
    get.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("W/\"1\""));
    assert_eq!(Answer::from(target.answer(&get)).is(304).body, Value::Null);
}

#[test]
fn patch_is_all_or_nothing() {
    let target =
        with_user(json!({ "userName": "ada", "emails": [{ "value": "a", "type": "work" }] }));
    let before = user(&target);
    let operations = json!([replace("title", "Dr"), remove("emails"), replace("shoeSize", "44"),]);
    patch(&target, operations).refuses(400, "invalidPath");
    assert_eq!(user(&target), before);
}

#[test]
fn patch_takes_every_form_of_path() {
    let target =
        with_user(json!({ "userName": "ada", "name": { "givenName": "A", "familyName": "L" } }));
    let operations = json!([
        add("title", "Dr"),
        add("NAME.GIVENNAME", "Ada"),
        add(&format!("{USER}:nickName"), "al"),
        add("emails", json!([{ "type": "work", "value": "w" }])),
        add("emails", json!([{ "type": "home", "value": "h", "display": "d" }])),
        replace("emails[type eq \"work\"].value", "w2"),
        replace("emails[type eq \"home\"]", json!({ "type": "other", "value": "o" })),
        add(&format!("{ENTERPRISE}:department"), "R.D: 2.0"),
        add(&format!("{ENTERPRISE}:manager.value"), "u-9"),
        add(ENTERPRISE, json!({ "division": "N" })),
        { "op": "replace", "value": { "displayName": "Ada L", "name": { "familyName": "B" } } },
    ]);
    patch(&target, operations).is(204);
    let user = user(&target);
    assert_eq!(user["title"], "Dr");
    assert_eq!(user["nickName"], "al");
    assert_eq!(user["name"], json!({ "givenName": "Ada", "familyName": "B" }));
    assert_eq!(
        user["emails"],
        json!([{ "type": "work", "value": "w2" }, { "type": "other", "value": "o" }])
    );
    let enterprise =
        json!({ "department": "R.D: 2.0", "manager": { "value": "u-9" }, "division": "N" });
    assert_eq!(user[ENTERPRISE], enterprise);
    assert_eq!(user["displayName"], "Ada L");
}

#[test]
fn an_extension_comes_with_its_first_attribute_and_goes_with_its_last() {
    let target = with_user(json!({ "userName": "ada" }));
    let department = format!("{ENTERPRISE}:department");
    for (write, clear) in [
        (add(&department, "R"), remove(&department)),
        (
            json!({ "op": "add", "value": { ENTERPRISE: { "department": "R" } } }),
            remove(ENTERPRISE),
        ),
        (replace(&department, "R"), replace(ENTERPRISE, json!({ "department": null }))),
    ] {
        patch(&target, [write]).is(204);
        assert_eq!(user(&target)["schemas"], json!([USER, ENTERPRISE]));
        assert_eq!(user(&target)[ENTERPRISE], json!({ "department": "R" }));
        patch(&target, [clear]).is(204);
        assert_eq!(user(&target)["schemas"], json!([USER]));
        assert_eq!(user(&target)[ENTERPRISE], Value::Null);
    }
}

#[test]
fn an_extension_that_is_not_announced_is_taken_as_it_comes() {
    let target = with_user(json!({ "userName": "ada" }));
    let urn = "urn:example:params:2.1:User";
    let operations = json!([
        add(urn, json!({ "floor": 3 })),
        add(&format!("{urn}:badge"), json!({ "colour": "red" })),
        add(&format!("{urn}:badge.shape"), "round"),
        add(&format!("{urn}:tags"), json!(["a"])),
        add(&format!("{urn}:tags"), json!(["b", "a"])),
    ]);
    patch(&target, operations).is(204);
    let expected =
        json!({ "badge": { "colour": "red", "shape": "round" }, "tags": ["a", "b"], "floor": 3 });
    assert_eq!(user(&target)[urn], expected);
    assert_eq!(user(&target)["schemas"], json!([USER, urn]));
}

#[test]
fn patch_says_what_is_wrong() {
    let target =
        with_user(json!({ "userName": "ada", "emails": [{ "value": "a", "type": "work" }] }));
    let before = target.users();
    let refused = |scim_type: &str, operations: &[Value]| {
        for operation in operations {
            patch(&target, [operation.clone()]).refuses(400, scim_type);
        }
    };
    let add_all = |value: Value| json!({ "op": "add", "value": value });
    refused(
        "noTarget",
        &[
            json!({ "op": "remove" }),
            replace("emails[type eq \"home\"].value", "h"),
            replace("phoneNumbers[type eq \"home\"]", json!({ "value": "h" })),
        ],
    );
    refused(
        "invalidPath",
        &[
            add("shoeSize", "44"),
            add("name.petName", "a"),
            add(&format!("{ENTERPRISE}:rank"), "1"),
            add(&format!("{GROUP}:members"), json!([])),
            add("emails.value", "a"),
            add("phoneNumbers.value", "1"),
            add("title[value eq \"a\"]", "a"),
            add("emails[type eq \"work\"]value", "a"),
            add("", "a"),
            add_all(json!({ "shoeSize": 44 })),
            add_all(json!({ "name.givenName": "A" })),
            add_all(json!({ format!("{ENTERPRISE}:manager"): { "value": "u-1" } })),
        ],
    );
    refused("invalidFilter", &[remove("emails[type eq work]")]);
    refused(
        "mutability",
        &[
            replace("id", "u-7"),
            replace("meta.version", "1"),
            add_all(json!({ "id": "u-1" })),
            add("groups", json!([{ "value": "g-1" }])),
            add(&format!("{ENTERPRISE}:manager.displayName"), "E"),
            remove("userName"),
        ],
    );
    refused(
        "invalidValue",
        &[
            replace("userName", ""),
            replace("active", "False"),
            json!({ "op": "replace", "path": "title" }),
            add("title", Value::Null),
            replace("emails", json!({ "value": "a" })),
            json!({ "op": "remove", "path": "emails", "value": [{ "value": "a" }] }),
            add_all(json!("ada")),
        ],
    );
    refused("invalidSyntax", &[json!({ "op": "move", "path": "title" }), json!("add")]);
    patch(&target, json!([])).refuses(400, "invalidSyntax");
    let no_patch = json!({ "schemas": [USER], "Operations": [remove("title")] });
    send(&target, Method::PATCH, "/Users/u-1", &no_patch).refuses(400, "invalidSyntax");
    assert_eq!(target.users(), before);
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    let target =
        with_user(json!({ "userName": "ada", "emails": [{ "value": "a", "type": "work" }] }));
    let operations = json!([
        remove("emails[type eq \"home\"]"),
        remove("phoneNumbers[type eq \"home\"].value"),
        remove("title"),
        remove("name.givenName"),
        remove(&format!("{ENTERPRISE}:department")),
        add("emails", json!([{ "value": "a", "type": "work" }])),
    ]);
    assert_eq!(patch(&target, operations).is(204).etag, "W/\"1\"");
}

#[test]
fn removing_the_last_value_leaves_no_attribute() {
    let target = with_user(json!({
        "userName": "ada",
        "title": "Dr",
        "name": { "givenName": "A" },
        "emails": [{ "value": "a" }],
        "roles": [{ "value": "r" }],
    }));
    let operations = json!([
        remove("name.givenName"),
        remove("emails[value eq \"A\"]"),
        replace("roles", json!([])),
        { "op": "replace", "value": { "title": null } },
    ]);
    patch(&target, operations).is(204);
    let user = user(&target);
    assert_eq!(keys(&user).len(), 4, "{user}");
}

#[test]
fn group_names_are_required_and_unique_without_case() {
    let target = Scim2Target::new();
    post_group(&target, "", json!([])).refuses(400, "invalidValue");
    let answer = post_group(&target, "Staff", json!([])).is(201);
    assert_eq!((answer.location.as_str(), answer.etag.as_str()), ("/Groups/g-1", "W/\"1\""));
    post_group(&target, "STAFF", json!([])).refuses(409, "uniqueness");
    patch_group(&target, [remove("displayName")]).refuses(400, "mutability");
}

#[test]
fn members_exist_and_are_there_once() {
    let target = with_user(json!({ "userName": "ada" }));
    post_group(&target, "a", json!([{ "value": "u-7" }])).refuses(400, "invalidValue");
    post_group(&target, "a", json!([{ "display": "x" }])).refuses(400, "invalidValue");
    let twice = json!([{ "value": "u-1", "type": "User" }, { "value": "u-1", "display": "again" }]);
    let answer = post_group(&target, "a", twice).is(201);
    assert_eq!(answer.body["members"], json!([{ "value": "u-1", "type": "User" }]));
    let again = patch_group(&target, [add("members", json!([{ "value": "u-1" }]))]);
    assert_eq!(again.is(204).etag, "W/\"1\"", "nothing has changed");
    post_group(&target, "b", json!([{ "value": "g-1" }])).is(201);
    let unknown = json!([add("members", json!([{ "value": "g-7" }]))]);
    patch_group(&target, unknown).refuses(400, "invalidValue");
    let exchange = json!([replace("members[value eq \"u-1\"].value", "g-2")]);
    patch_group(&target, exchange).refuses(400, "mutability");
}

#[test]
fn members_are_added_and_removed_in_one_patch() {
    let target = with_user(json!({ "userName": "ada" }));
    post_user(&target, json!({ "userName": "eve" })).is(201);
    post_group(&target, "a", json!([{ "value": "u-1" }])).is(201);
    let operations = json!([
        remove("members[value eq \"u-1\"]"),
        remove("members[value eq \"u-9\"]"),
        add("members", json!({ "value": "u-2" })),
    ]);
    assert_eq!(patch_group(&target, operations).is(204).etag, "W/\"2\"");
    assert_eq!(target.groups()[0]["members"], json!([{ "value": "u-2" }]));
}

#[test]
fn deleting_a_resource_ends_its_memberships() {
    let target = with_user(json!({ "userName": "ada" }));
    post_group(&target, "a", json!([{ "value": "u-1" }])).is(201);
    post_group(&target, "b", json!([{ "value": "g-1" }, { "value": "u-1" }])).is(201);
    delete(&target, "/Users/u-1").is(204);
    assert_eq!(target.groups()[0]["members"], Value::Null);
    assert_eq!(target.groups()[0]["meta"]["version"], "W/\"2\"");
    delete(&target, "/Groups/g-1").is(204);
    assert_eq!(target.groups().len(), 1);
    assert_eq!(target.groups()[0]["members"], Value::Null);
}

#[test]
fn filters_find_what_they_say() {
    let target = with_user(json!({
        "userName": "Ada",
        "externalId": "X1",
        "active": true,
        "title": "a \"b\" \\ c",
        "emails": [
            { "value": "ada@work.example", "type": "work" },
            { "value": "l@home.example", "type": "home" },
        ],
        ENTERPRISE: { "department": "R", "manager": { "value": "u-9" } },
    }));
    post_user(&target, json!({ "userName": "eve", "externalId": "x2", "active": false })).is(201);
    let ada: &[&str] = &["Ada"];
    let eve: &[&str] = &["eve"];
    let both: &[&str] = &["Ada", "eve"];
    for (filter, expected) in [
        ("userName eq \"ADA\"", ada),
        ("USERNAME EQ \"ada\"", ada),
        ("externalId eq \"X1\"", ada),
        ("externalId eq \"x1\"", &[]),
        ("id eq \"u-2\"", eve),
        ("id eq \"U-2\"", &[]),
        ("userName ne \"ada\"", eve),
        ("userName co \"D\"", ada),
        ("userName sw \"E\"", eve),
        ("userName ew \"A\"", ada),
        ("userName gt \"b\"", eve),
        ("userName le \"ada\"", ada),
        ("active eq true", ada),
        ("title pr", ada),
        ("not (title pr)", eve),
        ("title eq null", eve),
        ("title eq \"a \\\"b\\\" \\\\ c\"", ada),
        ("title co \"\\u0022b\"", ada),
        ("emails co \"home.example\"", ada),
        ("emails.type eq \"work\"", ada),
        ("emails[type eq \"work\" and value co \"work\"]", ada),
        ("emails[type eq \"home\" and value co \"work\"]", &[]),
        ("emails[not (type eq \"work\")]", ada),
        ("userName eq \"eve\" or userName eq \"ada\" and active eq false", eve),
        ("(userName eq \"eve\" or userName eq \"ada\") and active eq true", ada),
        ("userName eq \"eve\" or userName eq \"ada\"", both),
        ("meta.resourceType eq \"User\"", both),
        ("shoeSize eq 44", &[]),
    ] {
        assert_eq!(found(&target, &filter.replace('\\', "%5C")), expected, "{filter}");
    }
    assert_eq!(found(&target, &format!("{ENTERPRISE}:department eq \"r\"")), ada);
    assert_eq!(found(&target, &format!("{ENTERPRISE}:manager.value eq \"u-9\"")), ada);
    assert_eq!(found(&target, &format!("{USER}:userName eq \"eve\"")), eve);
    assert_eq!(found(&target, &format!("schemas eq \"{ENTERPRISE}\"")), ada);
}

#[test]
fn a_malformed_filter_is_refused() {
    let target = with_user(json!({ "userName": "ada" }));
    let deep = |depth: usize| format!("{}title pr{}", "(".repeat(depth), ")".repeat(depth));
    for filter in [
        "",
        "userName",
        "userName eq",
        "userName is \"a\"",
        "userName eq ada",
        "userName eq \"ada",
        "userName eq 'ada'",
        "userName eq \"a\" and",
        "(title pr",
        "title pr)",
        "title pr or or title pr",
        "not title pr",
        "user name eq \"a\"",
        "emails[type eq \"work\"",
        "emails[emails[type pr]]",
        "emails[type eq \"work\"].value eq \"a\"",
        "active gt true",
        "title co 7",
        "title eq [1]",
        "title eq {}",
        ":title pr",
        "name..x pr",
        "1a pr",
        &deep(33),
    ] {
        let path = format!("/Users?filter={filter}").replace('[', "%5B").replace(']', "%5D");
        let path = path.replace('{', "%7B").replace('}', "%7D");
        get(&target, &path).refuses(400, "invalidFilter");
    }
    get(&target, &format!("/Users?filter={}", deep(32))).is(200);
}

#[test]
fn lists_are_paged_from_one() {
    let target = Scim2Target::new();
    for number in 1..=205 {
        post_user(&target, json!({ "userName": format!("user{number}") })).is(201);
    }
    for (query, start, length, first) in [
        ("", 1, 200, "u-1"),
        ("?startIndex=201&count=100", 201, 5, "u-201"),
        ("?startIndex=0&count=2", 1, 2, "u-1"),
        ("?startIndex=3&count=1", 3, 1, "u-3"),
        ("?count=0", 1, 0, ""),
        ("?count=-1", 1, 0, ""),
        ("?count=999", 1, 200, "u-1"),
        ("?startIndex=206", 206, 0, ""),
    ] {
        let list = get(&target, &format!("/Users{query}")).is(200).body;
        assert_eq!(list["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
        assert_eq!(list["totalResults"], 205, "{query}");
        assert_eq!(list["startIndex"], start, "{query}");
        assert_eq!(list["itemsPerPage"], length, "{query}");
        assert_eq!(list["Resources"].as_array().map(Vec::len), Some(length), "{query}");
        assert_eq!(list["Resources"][0]["id"].as_str().unwrap_or_default(), first, "{query}");
    }
    get(&target, "/Users?count=many").refuses(400, "invalidValue");
}

#[test]
fn attributes_are_selected_and_the_id_always_comes() {
    let target =
        with_user(json!({ "userName": "ada", "title": "Dr", "name": { "givenName": "A" } }));
    let selected = get(&target, "/Users?attributes=USERNAME,name.givenName").is(200);
    let expected =
        json!({ "schemas": [USER], "id": "u-1", "userName": "ada", "name": { "givenName": "A" } });
    assert_eq!(selected.body["Resources"], json!([expected]));
    let excluded = get(&target, "/Users/u-1?excludedAttributes=id,title,meta,name").is(200);
    assert_eq!(excluded.body, json!({ "schemas": [USER], "id": "u-1", "userName": "ada" }));
    get(&target, "/Users?attributes=id&excludedAttributes=title").refuses(400, "invalidValue");
}

#[test]
fn a_token_is_compared_as_a_whole() {
    let target = Scim2Target::new().with_bearer_token("secret");
    let mut request = request(Method::GET, "/Users", &Value::Null);
    Answer::from(target.answer(&request)).refuses(401, "");
    for wrong in ["Bearer secre", "Bearer secrets", "bearer secret", "secret", "Basic secret"] {
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static(wrong));
        Answer::from(target.answer(&request)).refuses(401, "");
    }
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
    Answer::from(target.answer(&request)).is(200);
}

#[test]
fn wrong_paths_methods_and_bodies_are_refused() {
    let target = with_user(json!({ "userName": "ada" }));
    for path in [
        "/",
        "/Users/",
        "/Users/u-1/x",
        "/users",
        "/Bulk",
        "/Users/u%2D2",
        "/Users/%zz",
        "/Schemas/x",
    ] {
        get(&target, path).refuses(404, "");
    }
    get(&target, "/Users/%75%2D1").is(200);
    for (method, path) in [
        (Method::PUT, "/Users"),
        (Method::DELETE, "/Groups"),
        (Method::POST, "/Users/u-1"),
        (Method::HEAD, "/Users"),
        (Method::POST, "/ServiceProviderConfig"),
    ] {
        send(&target, method, path, &json!({})).refuses(405, "");
    }
    for body in [json!([]), json!("ada"), json!(1)] {
        send(&target, Method::POST, "/Users", &body).refuses(400, "invalidSyntax");
    }
    let user = json!({ "schemas": [USER], "userName": "eve" });
    let mut post = request(Method::POST, "/Users", &user);
    post.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Answer::from(target.answer(&post)).refuses(415, "");
    post.headers_mut().remove(CONTENT_TYPE);
    Answer::from(target.answer(&post)).refuses(415, "");
    post.headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("Application/JSON; charset=utf-8"));
    Answer::from(target.answer(&post)).is(201);
}

#[test]
fn a_refusal_never_quotes_a_value() {
    let target = with_user(json!({ "userName": "zanzibar" }));
    let answers = [
        post_user(&target, json!({ "userName": "zanzibar" })),
        post_user(&target, json!({ "userName": "a", "zanzibar": "zanzibar" })),
        get(&target, "/Users/zanzibar"),
        get(&target, "/Users?filter=zanzibar"),
        patch(&target, [add("zanzibar", "zanzibar")]),
    ];
    for answer in answers {
        assert!(answer.status >= 400, "{answer:?}");
        assert!(!answer.body.to_string().contains("zanzibar"), "{answer:?}");
    }
}

#[test]
fn the_server_tells_what_it_can_do() {
    let target = Scim2Target::new();
    let config = get(&target, "/v2/ServiceProviderConfig").is(200).body;
    for (feature, supported) in [
        ("patch", true),
        ("bulk", false),
        ("filter", true),
        ("changePassword", true),
        ("sort", false),
        ("etag", true),
    ] {
        assert_eq!(config[feature]["supported"], supported, "{feature}");
    }
    assert_eq!(config["filter"]["maxResults"], 200);
    let types = get(&target, "/v2/ResourceTypes").is(200).body;
    assert_eq!(types["totalResults"], 2);
    let extensions = json!([{ "schema": ENTERPRISE, "required": false }]);
    assert_eq!(types["Resources"][0]["schemaExtensions"], extensions);
    assert_eq!(get(&target, "/v2/ResourceTypes/Group").is(200).body["endpoint"], "/Groups");
    let schemas = get(&target, "/v2/Schemas").is(200).body;
    let ids: Vec<_> = (0..3).map(|index| schemas["Resources"][index]["id"].clone()).collect();
    assert_eq!(ids, [USER, GROUP, ENTERPRISE]);
    let schema = get(&target, &format!("/v2/Schemas/{ENTERPRISE}")).is(200).body;
    assert_eq!(schema["attributes"][0]["name"], "employeeNumber");
    get(&target, "/v2/Schemas?filter=id pr").refuses(403, "");
}

#[test]
fn requests_are_recorded_in_order() {
    let target = with_user(json!({ "userName": "ada" }));
    get(&target, "/Users?count=1").is(200);
    let requests = target.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        (requests[0].method.clone(), requests[0].path.as_str(), requests[0].status),
        (Method::POST, "/Users", 201)
    );
    assert_eq!(requests[0].body.as_ref().map(|body| &body["userName"]), Some(&json!("ada")));
    assert_eq!((requests[1].path.as_str(), requests[1].body.clone()), ("/Users?count=1", None));
    target.forget_requests();
    assert_eq!(target.requests(), []);
    assert_eq!(target.users().len(), 1);
}

#[test]
fn a_scripted_answer_is_given_once_and_nothing_else_happens() {
    let target = Scim2Target::new();
    for status in [503, 429] {
        let mut response = Response::new(Vec::new());
        *response.status_mut() = status.try_into().expect("a status");
        target.answer_next_with(response);
    }
    post_user(&target, json!({ "userName": "ada" })).is(503);
    post_user(&target, json!({ "userName": "ada" })).is(429);
    assert_eq!(target.users().len(), 0);
    post_user(&target, json!({ "userName": "ada" })).is(201);
    let statuses: Vec<_> = target.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [503, 429, 201]);
}

#[test]
fn clones_share_state_and_debug_shows_counts_only() {
    let target = Scim2Target::default().with_bearer_token("secret");
    let clone = target.clone();
    let mut post =
        request(Method::POST, "/Users", &json!({ "schemas": [USER], "userName": "ada" }));
    post.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
    Answer::from(clone.answer(&post)).is(201);
    assert_eq!(target.users().len(), 1);
    let shown = format!("{target:?}");
    assert!(shown.contains("users: 1"), "{shown}");
    assert!(!shown.contains("secret") && !shown.contains("ada"), "{shown}");
}
