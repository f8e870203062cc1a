//! Takes our own secrets out of what a target says (F93).

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::model::Secret;
use crate::transport::HttpResponse;

const MASKED: &str = "[redacted]";

/// In JSON they are looked for in the texts and not in the bytes, where they could be spelt in other ways. It is not
/// read into values: those take many times the memory (F87).
pub(super) fn mask<'a>(response: &mut HttpResponse, secrets: impl IntoIterator<Item = &'a Secret>) {
    let secrets: Vec<&str> = secrets.into_iter().map(Secret::expose).collect();
    let secrets: Vec<&str> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
    if secrets.is_empty() {
        return;
    }
    let body = response.body();
    let found = match std::str::from_utf8(body) {
        Ok(text) => mask_text(text, &secrets).map(String::into_bytes),
        Err(_) => mask_bytes(body, &secrets),
    };
    if let Some(masked) = found {
        *response.body_mut() = masked;
    }
}

/// None where there is no secret.
fn mask_text(text: &str, secrets: &[&str]) -> Option<String> {
    let found = mask_texts(text, secrets);
    if serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return found;
    }
    // Whatever it is, it has no texts that end where JSON's do.
    match masked(found.as_deref().unwrap_or(text), secrets) {
        Cow::Owned(all) => Some(all),
        Cow::Borrowed(_) => found,
    }
}

/// The same of what is no text: secrets are, so each stands between two bytes that are none.
fn mask_bytes(body: &[u8], secrets: &[&str]) -> Option<Vec<u8>> {
    let (mut found, mut changed) = (Vec::with_capacity(body.len()), false);
    for chunk in body.utf8_chunks() {
        let text = masked(chunk.valid(), secrets);
        changed |= matches!(text, Cow::Owned(_));
        found.extend_from_slice(text.as_bytes());
        found.extend_from_slice(chunk.invalid());
    }
    changed.then_some(found)
}

/// The same JSON with the secrets masked in its texts and names; none where there is none of them.
fn mask_texts(json: &str, secrets: &[&str]) -> Option<String> {
    let (mut changed, mut kept) = (None::<String>, 0);
    let mut rest = 0;
    while let Some((start, end)) = next_text(json, rest) {
        rest = end;
        let Some(written) = json.get(start..end) else { break };
        let Ok(text) = serde_json::from_str::<String>(written) else { continue };
        if let Cow::Owned(text) = masked(&text, secrets) {
            let changed = changed.get_or_insert_default();
            changed.push_str(json.get(kept..start).unwrap_or_default());
            changed.push_str(&Value::String(text).to_string());
            kept = end;
        }
    }
    let mut changed = changed?;
    changed.push_str(json.get(kept..).unwrap_or_default());
    Some(changed)
}

/// Where the next text begins and ends, its quotes included.
fn next_text(json: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + json.get(from..)?.find('"')?;
    let mut escaped = false;
    let within = json.get(start + 1..)?.bytes();
    let length = within.into_iter().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((start, start + 1 + length + 1))
}

fn masked<'a>(text: &'a str, secrets: &[&str]) -> Cow<'a, str> {
    let mut masked = Cow::Borrowed(text);
    for secret in secrets {
        if masked.contains(*secret) {
            masked = Cow::Owned(masked.replace(secret, MASKED));
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f93_a_secret_is_masked_in_what_is_no_text() {
        let mut response = HttpResponse::new(b"\xff\"s3cret\xfes3c\xffret".to_vec());
        mask(&mut response, &["s3cret".into()]);
        assert_eq!(response.body(), b"\xff\"[redacted]\xfes3c\xffret");
    }

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
            // Neither JSON nor without a secret in JSON's spelling.
            (r#"{"a":"\u00733cret"#, r#"{"a":"\u00733cret"#),
            (r#"{"a":"\u00733cret"} and s3cret"#, r#"{"a":"[redacted]"} and [redacted]"#),
            (r#"{"a":"x","a":"\\s3cret\"","#, r#"{"a":"x","a":"\\[redacted]\"","#),
            (r#"5" of s3cret"#, r#"5" of [redacted]"#),
            // Said twice, which others take for JSON.
            (r#"{"a":"s3cret","a":1}"#, r#"{"a":"[redacted]","a":1}"#),
        ] {
            let mut response = HttpResponse::new(body.as_bytes().to_vec());
            mask(&mut response, &["s3cret".into(), "0ther".into(), "".into()]);
            assert_eq!(std::str::from_utf8(response.body()), Ok(expected));
        }
    }
}
