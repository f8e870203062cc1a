//! Documents that are nearly good: what servers say, with a few things wrong.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

/// What servers say.
pub(crate) const DOCUMENTS: [&str; 9] = [
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"r-1","externalId":"u-1","userName":"ada","displayName":"Ada","active":true,"emails":[{"value":"ada@example.com","type":"work","primary":true}],"name":{"familyName":"Lovelace"},"urn:example:badge":{"colour":"green"},"meta":{"resourceType":"User","location":"https://hr.example.com/scim/v2/Users/r-1","version":"W/\"1\""}}"#,
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"r-1","externalId":"g-1","displayName":"Club","members":[{"value":"r-2","$ref":"../Users/r-2","type":"User"},{"value":"r-3"}],"meta":{"version":"W/\"1\""}}"#,
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":2,"startIndex":1,"itemsPerPage":1,"nextCursor":"abc","Resources":[{"id":"r-1","externalId":"u-1","userName":"ada","meta":{"version":"1"}}]}"#,
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidValue","detail":"The attribute displayName is not known, krypt-t0ken"}"#,
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],"patch":{"supported":true},"bulk":{"supported":false,"maxOperations":0},"filter":{"supported":true,"maxResults":200},"etag":{"supported":true},"pagination":{"cursor":true,"index":false,"maxPageSize":50},"authenticationSchemes":[]}"#,
    r#"{"totalResults":2,"Resources":[{"id":"User","name":"User","endpoint":"/Users","schema":"urn:ietf:params:scim:schemas:core:2.0:User","schemaExtensions":[{"schema":"urn:example:badge","required":true}]},{"id":"Group","name":"Group","endpoint":"/Groups","schema":"urn:ietf:params:scim:schemas:core:2.0:Group"}]}"#,
    r#"{"totalResults":2,"Resources":[{"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[{"name":"userName","type":"string","required":true,"mutability":"readWrite"},{"name":"emails","multiValued":true,"subAttributes":[{"name":"value"},{"name":"type"}]},{"name":"displayName","mutability":"immutable"}]},{"id":"urn:example:badge","attributes":[{"name":"colour"}]}]}"#,
    r#"{"access_token":"t-1","token_type":"Bearer","expires_in":3600}"#,
    r#"{"error":"invalid_client","error_description":"krypt-t0ken is wrong"}"#,
];

const IDS: [&str; 18] = [
    "..",
    ".",
    "",
    " ",
    "../Groups/1",
    "//evil.example/x",
    "%2e%2e",
    "%252e%252e",
    "a/../b",
    "a%00",
    "r-1?x=1",
    "r-1#x",
    "a;b",
    "\u{1b}[31m",
    "r\n1",
    "\u{202e}r",
    "\u{1f600}",
    "r 1",
];

/// A value that no server should say there.
fn odd() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        "krypt-t0ken",
        "True",
        "https://evil.example/x",
        "../..",
        "\0",
        "\u{2028}",
        "urn:a:b",
        "\u{1b}[2J\nERROR forged",
        "Bearer x",
        "W/\"\r\n\"",
        "999999999999999999999999",
    ];
    prop_oneof![
        select(IDS.to_vec()).prop_map(Value::from),
        select(texts.to_vec()).prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[["x"]], {"value": {"value": 1}}])),
        ".{0,40}".prop_map(Value::from),
        (1_usize..3_000).prop_map(|length| Value::from("x".repeat(length))),
        (1_usize..90).prop_map(|depth| (0..depth).fold(json!(1), |inner, _| json!([inner]))),
    ]
}

/// One thing that goes wrong with a document.
#[derive(Clone, Debug)]
enum Fault {
    /// A place gets this value.
    Replace(Vec<Index>, Value),
    /// A name at a place is gone.
    Drop(Vec<Index>),
    /// A name is written in another case.
    Recase(Vec<Index>, bool),
    /// A name is put where it does not belong.
    Add(Vec<Index>, String, Value),
}

fn fault() -> impl Strategy<Value = Fault> {
    let place = || vec(any::<Index>(), 1..4);
    let names = [
        "id",
        "ID",
        "externalId",
        "userName",
        "meta",
        "version",
        "members",
        "Resources",
        "detail",
        "scimType",
        "nextCursor",
        "totalResults",
        "schemas",
        "name",
        "mutability",
        "endpoint",
    ];
    prop_oneof![
        4 => (place(), odd()).prop_map(|(place, value)| Fault::Replace(place, value)),
        2 => place().prop_map(Fault::Drop),
        1 => (place(), any::<bool>()).prop_map(|(place, upper)| Fault::Recase(place, upper)),
        1 => (place(), select(names.to_vec()), odd())
            .prop_map(|(place, name, value)| Fault::Add(place, name.to_owned(), value)),
    ]
}

/// What goes wrong on the way: none, a few bytes changed, an end too early, something in front or behind.
fn on_the_way() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop_oneof![6 => Just(Vec::new()), 1 => vec((any::<Index>(), any::<u8>()), 1..4)]
}

/// A document with up to five faults.
pub(crate) fn document() -> impl Strategy<Value = Vec<u8>> {
    faulty(select(DOCUMENTS.to_vec()))
}

fn faulty(start: impl Strategy<Value = &'static str>) -> impl Strategy<Value = Vec<u8>> {
    (start, vec(fault(), 0..5), on_the_way(), 0_u8..40).prop_map(|(text, faults, bytes, rest)| {
        let mut value: Value = serde_json::from_str(text).unwrap_or_default();
        faults.into_iter().for_each(|fault| fault.strike(&mut value));
        let mut text = value.to_string();
        match rest {
            0 => text.insert(0, '\u{feff}'),
            1 => text.push_str("{}"),
            2 => text = text.replacen("\"id\":", "\"id\":\"r-2\",\"id\":", 1),
            3 => text = text.replacen("\"id\":", "\"ID\":\"r-2\",\"id\":", 1),
            4 => text = text.replacen("\"r-1\"", "\"\\ud800\"", 1),
            5 => text = text.replacen(':', ":1e9999,\"x\":", 1),
            _ => {}
        }
        let mut text = text.into_bytes();
        for (place, byte) in bytes {
            if !text.is_empty() {
                let place = place.index(text.len());
                text.splice(place..=place, [byte]);
            }
        }
        if rest == 6 {
            text.truncate(text.len() / 2);
        }
        text
    })
}

impl Fault {
    fn strike(self, value: &mut Value) {
        match self {
            Self::Replace(place, new) => at(value, &place, |value| *value = new),
            Self::Drop(place) => rename(value, &place, |_| None),
            Self::Recase(place, true) => rename(value, &place, |name| Some(name.to_uppercase())),
            Self::Recase(place, false) => rename(value, &place, |name| Some(name.to_lowercase())),
            Self::Add(place, name, new) => at(value, place.get(1..).unwrap_or_default(), |value| {
                if let Value::Object(object) = value {
                    object.insert(name, new);
                }
            }),
        }
    }
}

/// One name of the object at a place gets another, or goes with what it names.
fn rename(value: &mut Value, place: &[Index], new: impl FnOnce(&str) -> Option<String>) {
    let Some((last, place)) = place.split_last() else { return };
    at(value, place, |value| {
        let Value::Object(object) = value else { return };
        if object.is_empty() {
            return;
        }
        let name = object.keys().nth(last.index(object.len())).cloned().unwrap_or_default();
        if let (Some(inner), Some(name)) = (object.remove(&name), new(&name)) {
            object.insert(name, inner);
        }
    });
}

/// As deep as the place leads.
fn at(value: &mut Value, place: &[Index], strike: impl FnOnce(&mut Value)) {
    let mut pointer = String::new();
    for step in place {
        let next = match value.pointer(&pointer) {
            Some(Value::Object(object)) if !object.is_empty() => {
                let name = object.keys().nth(step.index(object.len())).cloned();
                name.unwrap_or_default().replace('~', "~0").replace('/', "~1")
            }
            Some(Value::Array(values)) if !values.is_empty() => {
                step.index(values.len()).to_string()
            }
            _ => break,
        };
        pointer.push('/');
        pointer.push_str(&next);
    }
    if let Some(value) = value.pointer_mut(&pointer) {
        strike(value);
    }
}

/// What broke clients before, small enough to be tried everywhere.
pub(crate) fn hostile() -> impl Iterator<Item = Vec<u8>> {
    let texts = [
        "",
        " ",
        "null",
        "[]",
        "{}",
        "[{}]",
        "\"x\"",
        "1e9999",
        "\u{feff}{\"id\":\"r-1\"}",
        r#"{"id":"r-1","id":"r-2"}"#,
        r#"{"id":"r-1","ID":"r-2"}"#,
        r#"{"ID":"r-1","Id":"r-2"}"#,
        r#"{"id":1e9999}"#,
        r#"{"id":"\ud800"}"#,
        r#"{"id":"\ud800\udc00"}"#,
        r#"{"id":{"id":"r-1"}}"#,
        r#"{"id":"r-1","meta":[]}"#,
        r#"{"id":"r-1","members":{}}"#,
        r#"{"totalResults":18446744073709551615,"Resources":[{"id":"r-1"}]}"#,
        r#"{"totalResults":-1,"Resources":null}"#,
        r#"{"Resources":[null,1,[],{}]}"#,
        r#"{"users_path":"..","groups_path":"//evil.example/x"}"#,
        r#"{"users_path":{"value":"Users?x="},"user_update":{"value":"put"}}"#,
        r#"{"description":{"users_path":"../..","groups_path":"","config_path":"a/../b"}}"#,
        "<html>krypt-t0ken</html>",
    ];
    let ids = IDS.iter().map(|id| json!({ "id": id, "externalId": "u-1", "userName": "ada" }));
    let lists = IDS.iter().map(|id| json!({ "totalResults": 1, "Resources": [{ "id": id, "externalId": "u-1", "userName": "ada" }] }));
    let deep = ["[", "{\"a\":"].map(|open| open.repeat(10_000).into_bytes());
    let binary = [b"\xff\xfe{\0".to_vec(), b"{\"id\":\"\xc0\xaf\"}".to_vec(), vec![0; 100]];
    texts
        .into_iter()
        .map(|text| text.as_bytes().to_vec())
        .chain(ids.chain(lists).map(|value| value.to_string().into_bytes()))
        .chain(deep)
        .chain(binary)
}

/// Fields of a profile with good and bad values: bare, or as a store keeps them.
pub(crate) fn knowledge(kept: bool) -> impl Strategy<Value = Vec<u8>> {
    let fields: Vec<&str> = outbound_provisioning::scim2::profile::Profile::FIELDS
        .iter()
        .copied()
        .chain(["description", "accounts", "colour"])
        .collect();
    let paths = [
        "..",
        "../Groups",
        "Users/../Groups",
        "Users?x=",
        "Users#",
        "/Users",
        "Users/",
        "",
        "a b",
        "//evil.example",
        "@evil.example",
        "%2e%2e",
        "Users/r-9",
        "Leute",
        "v2/People",
        "\\..",
        "a;b",
    ];
    let good = [
        json!("put"),
        json!("patch"),
        json!("none"),
        json!(false),
        json!(0),
        json!(1),
        json!([]),
        json!(["emails"]),
        json!("refused"),
        json!("cursor"),
        json!("value_array"),
        json!("text"),
        json!({ "displayName": 3 }),
        json!({ "writes_per_minute": 0 }),
        json!([409, 400]),
        json!("path_less_object"),
        json!("empty_text"),
        json!("replace"),
        Value::Null,
    ];
    let value =
        prop_oneof![select(good.to_vec()), select(paths.to_vec()).prop_map(Value::from), odd(),];
    vec((select(fields), value, any::<bool>()), 0..6).prop_map(move |entries| {
        let mut object = Map::new();
        for (field, value, wrapped) in entries {
            let value = match wrapped && kept {
                true => json!({ "value": value, "because": "400 to PATCH" }),
                false => value,
            };
            object.insert(field.to_owned(), value);
        }
        if kept && object.len() > 3 {
            object = Map::from_iter([("description".to_owned(), Value::Object(object))]);
        }
        Value::Object(object).to_string().into_bytes()
    })
}

/// The value of a setting.
pub(crate) fn setting() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        "https?://[a-z.:@/#?%0-9\\[\\]]{0,30}",
        "https://hr.example.com(/[a-zA-Z0-9.%;~_-]{0,6}){0,4}",
        "https://hr\\.example\\.com/(\\.\\.|%2e%2e|//|\\\\|a|scim){1,4}",
        "[a-z0-9=&%;+ ]{0,20}",
        "[0-9-]{1,12}",
        ".{0,60}",
    ];
    text.prop_map(String::into_bytes)
}

/// A whole configuration with faults.
pub(crate) fn configuration() -> impl Strategy<Value = Vec<u8>> {
    faulty(Just(
        r#"{"organizations":{"acme":{"connections":{"hr":{"name":"HR","enabled":true,"connectors":{"scim2":{"base_url":"https://hr.example.com/scim/v2","authentication":"bearer","token":"env:HR_TOKEN","enabled":true}}}},"provisioners":[{"connection":"hr","connector":"scim2","blocking":true,"deadline_ms":500}],"applications":{"payroll":{"mode":"add","provisioners":[]}}}}}"#,
    ))
}
