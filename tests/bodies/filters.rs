//! Filters, written by us and read by two parsers that know nothing of us.

use http::Request;
use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::model::Filter;
use scim_v2::filter::{self, AttrExp, CompValue, CompareOp, PatchPath, ValFilter};
use serde_json::{Value, json};

/// A text in a filter is one literal that reads back as the same (F71, F72).
pub(crate) fn filters(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (left, right) = text.split_once('\n').unwrap_or((&text, ""));
    for text in [&*text, left, right] {
        reads_back(text);
    }
    let both =
        Filter::equals("userName", left).and(Filter::equals("externalId", right)).to_string();
    let parsed = both.parse().ok();
    let terms = match &parsed {
        Some(filter::Filter::And(terms)) => terms.as_slice(),
        _ => &[],
    };
    let terms: Vec<_> = terms.iter().map(compared).collect();
    assert_eq!(terms, [Some(("userName", left)), Some(("externalId", right))], "{both}");
    finds_only(&text);
}

/// By the grammar of the `scim_v2` crate, alone and as a value path.
pub(crate) fn reads_back(text: &str) {
    let written = Filter::equals("externalId", text).to_string();
    let parsed = written.parse().ok();
    assert_eq!(parsed.as_ref().and_then(compared), Some(("externalId", text)), "{written}");
    let written = format!("members[{}]", Filter::equals("value", text));
    assert_eq!(value_path(&written), Some(("members".to_owned(), text.to_owned())), "{written}");
}

fn compared(filter: &filter::Filter) -> Option<(&str, &str)> {
    match filter {
        filter::Filter::Attr(expression) => equal(expression),
        _ => None,
    }
}

fn equal(expression: &AttrExp) -> Option<(&str, &str)> {
    match expression {
        AttrExp::Comparison(path, CompareOp::Eq, CompValue::Str(value))
            if path.uri.is_none() && path.sub_attr.is_none() =>
        {
            Some((&path.name, value))
        }
        _ => None,
    }
}

/// `members[value eq "..."]` as the attribute and the text.
pub(crate) fn value_path(path: &str) -> Option<(String, String)> {
    match path.parse().ok()? {
        PatchPath::Value(path) if path.sub_attr.is_none() && path.attr.uri.is_none() => {
            let ValFilter::Attr(expression) = &path.filter else { return None };
            let (_, text) =
                equal(expression).filter(|(name, _)| *name == "value" || *name == "type")?;
            Some((path.attr.name.clone(), text.to_owned()))
        }
        _ => None,
    }
}

/// By the simulated server: among others, only who has the name is found.
fn finds_only(text: &str) {
    let target = Scim2Target::new();
    for (number, name) in [text, "ada", "x\" or userName pr"].iter().enumerate() {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name,
            "externalId": format!("{number}"),
        });
        // A name that is taken, or that the server does not take, is nobody's.
        asked(&target, "POST", "/Users", user.to_string());
    }
    let filter = Filter::equals("userName", text).to_string();
    let query: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let found = asked(&target, "GET", &format!("/Users?filter={query}"), String::new());
    let resources = found.get("Resources").and_then(Value::as_array).cloned();
    // Only a filter that it cannot read is answered otherwise.
    assert!(resources.is_some(), "{filter}: {found}");
    for user in resources.unwrap_or_default() {
        let name = user.get("userName").and_then(Value::as_str).unwrap_or_default();
        assert_eq!(name.to_lowercase(), text.to_lowercase(), "{filter}");
    }
}

fn asked(target: &Scim2Target, method: &str, path: &str, body: String) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/scim+json")
        .body(body.into_bytes());
    // Longer than any address: nothing was asked.
    let Ok(request) = request else { return json!({ "Resources": [] }) };
    serde_json::from_slice(target.answer(&request).body()).unwrap_or_default()
}
