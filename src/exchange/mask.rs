//! Takes our own secrets out of what a target says (F93).

use std::borrow::Cow;

use serde_json::Value;

use crate::model::Secret;
use crate::transport::HttpResponse;

const MASKED: &str = "[redacted]";

/// In JSON they are looked for in the texts and not in the bytes, where they could be spelt in other ways.
pub(super) fn mask<'a>(response: &mut HttpResponse, secrets: impl IntoIterator<Item = &'a Secret>) {
    let secrets: Vec<&str> = secrets.into_iter().map(Secret::expose).collect();
    let secrets = secrets.as_slice();
    if let Ok(mut body) = serde_json::from_slice::<Value>(response.body()) {
        if mask_value(&mut body, secrets) {
            *response.body_mut() = body.to_string().into_bytes();
        }
    } else if let Cow::Owned(text) = masked(&String::from_utf8_lossy(response.body()), secrets) {
        *response.body_mut() = text.into_bytes();
    }
}

/// Answers whether there was one. The parser has a limit to the depth.
fn mask_value(value: &mut Value, secrets: &[&str]) -> bool {
    match value {
        Value::String(text) => match masked(text, secrets) {
            Cow::Owned(masked) => {
                *text = masked;
                true
            }
            Cow::Borrowed(_) => false,
        },
        Value::Array(values) => {
            values.iter_mut().fold(false, |found, value| mask_value(value, secrets) | found)
        }
        Value::Object(members) => {
            let mut found =
                members.values_mut().fold(false, |found, value| mask_value(value, secrets) | found);
            if members.keys().any(|name| matches!(masked(name, secrets), Cow::Owned(_))) {
                let names = std::mem::take(members).into_iter();
                members.extend(
                    names.map(|(name, value)| (masked(&name, secrets).into_owned(), value)),
                );
                found = true;
            }
            found
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn masked<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    let mut masked = Cow::Borrowed(text);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        if masked.contains(*secret) {
            masked = Cow::Owned(masked.replace(secret, MASKED));
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What no connector repeats today: bodies that are not JSON, and texts anywhere in JSON.
    #[test]
    fn f93_a_secret_is_masked_wherever_it_stands() {
        for (body, expected) in [
            ("<html>s3cret</html>", "<html>[redacted]</html>"),
            ("s3cret and 0ther", "[redacted] and [redacted]"),
            (r#"{"a":[{"b":"x s3cret"}]}"#, r#"{"a":[{"b":"x [redacted]"}]}"#),
            (r#"{"s3cret":{"0ther":1}}"#, r#"{"[redacted]":{"[redacted]":1}}"#),
            (r#""\u00733cret""#, r#""[redacted]""#),
            // What holds none stays as it came.
            (r#"{ "b": 1.50, "a": "secret" }"#, r#"{ "b": 1.50, "a": "secret" }"#),
            ("", ""),
        ] {
            let mut response = HttpResponse::new(body.as_bytes().to_vec());
            mask(&mut response, &["s3cret".into(), "0ther".into(), "".into()]);
            assert_eq!(std::str::from_utf8(response.body()), Ok(expected));
        }
    }
}
