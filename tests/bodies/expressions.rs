//! Filters and value paths, written by anybody and read by us.

use outbound_provisioning::model::{Filter, FilterError, MAX_FILTER_BYTES, ValuePath};
use serde_json::{Map, Value};

/// What is asked, for whom: nearly every name means something here.
const RESOURCES: [&str; 3] = [
    r#"{"userName":"ada","active":true,"level":2,"title":null,"name":{"givenName":"Ada"},"emails":[{"type":"work","value":"a@example.com","primary":true},{"type":"home"},"b",null],"a":[],"b":{},"meta":{"lastModified":"2011-05-13T04:42:34Z"},"urn:example:badge":{"colour":"green","a":["x"]}}"#,
    r#"{"a":"x","b":[{"a":1,"b":null},{"A":"\u00e4"}],"c":{"a":-1.5e300},"value":"v","not":true,"$ref":"r"}"#,
    "{}",
];

/// What is read reads back when it was printed, is asked of anybody, and says the opposite when it is turned round; a
/// value is there when it was set and gone when it was cleared; an error is at a place.
pub(crate) fn expressions(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // One for each line, and one for all; the last line of a long text is a resource as well.
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let own = serde_json::from_str(rest).unwrap_or_default();
    let known = RESOURCES.iter().filter_map(|text| serde_json::from_str(text).ok());
    let resources: Vec<Map<String, Value>> = known.chain([own]).collect();
    for text in [&*text, first] {
        filter(text, &resources);
        value_path(text, &resources);
    }
}

fn filter(text: &str, resources: &[Map<String, Value>]) {
    let filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(error) => return is_somewhere(&error, text),
    };
    let printed = filter.to_string();
    assert!(printed.len() <= MAX_FILTER_BYTES, "{text}");
    assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{text}: {printed}");
    let (not, both) = (filter.clone().not(), filter.clone().and(filter.clone()));
    for resource in resources {
        let matches = filter.matches(resource);
        assert_eq!(not.matches(resource), !matches, "{text}");
        assert_eq!(both.matches(resource), matches, "{text}");
    }
    assert!(filter.paths().count() > 0, "{text}");
}

fn value_path(text: &str, resources: &[Map<String, Value>]) {
    let path = match ValuePath::parse(text) {
        Ok(path) => path,
        Err(error) => return is_somewhere(&error, text),
    };
    let printed = path.to_string();
    assert_eq!(ValuePath::parse(&printed).as_ref(), Ok(&path), "{text}: {printed}");
    for resource in resources {
        let values = path.values(resource);
        assert_eq!(path.first(resource), values.first().copied(), "{text}");
        assert_eq!(path.whole(resource).is_some(), !values.is_empty(), "{text}");
        let (mut set, mut unset) = (resource.clone(), resource.clone());
        if !path.set(&mut set, "x".into()) {
            assert_eq!(&set, resource, "{text}");
        }
        path.clear(&mut unset);
        assert!(path.first(&unset).is_none() || has_twins(resource), "{text}");
    }
}

/// Two names that are the same without their case: one may be cleared and the other seen.
fn has_twins(members: &Map<String, Value>) -> bool {
    let mut names: Vec<String> = members.keys().map(|name| name.to_ascii_lowercase()).collect();
    names.sort();
    let twins = names.windows(2).any(|pair| matches!(pair, [one, other] if one == other));
    let within = |value: &Value| match value {
        Value::Object(members) => has_twins(members),
        Value::Array(values) => values.iter().filter_map(Value::as_object).any(has_twins),
        _ => false,
    };
    twins || members.values().any(within)
}

fn is_somewhere(error: &FilterError, text: &str) {
    assert!(text.is_char_boundary(error.offset()), "{text}: {error}");
    assert!(error.column() <= text.chars().count() + 1, "{text}: {error}");
}
