//! What must hold of every request and every error, whatever a target says.

use std::error::Error as _;

use http::Method;
use outbound_provisioning::transport::HttpRequest;
use outbound_provisioning::{Error, Outcome};
use url::Url;

/// What nothing that we print may hold.
pub(crate) const SECRET: &str = "krypt-t0ken";

/// A request stays below its base, as a parser reads it that has nothing to do with whoever wrote it; and what changes
/// something names one thing in a collection (F91).
pub(crate) fn request_is_good(base: &str, request: &HttpRequest) {
    let text = request.uri().to_string();
    let (url, base) = (parsed(&text), parsed(base));
    assert_eq!(url.origin(), base.origin(), "{text}");
    assert!(url.username().is_empty() && url.password().is_none(), "{text}");
    assert!(url.fragment().is_none(), "{text}");
    // Nothing in it is resolved away, now or after it was decoded once or twice more.
    assert_eq!(url.path(), request.uri().path(), "{text}");
    let below = url.path().strip_prefix(base.path().trim_end_matches('/'));
    let below = below.and_then(|below| below.strip_prefix('/'));
    let segments: Vec<&str> = below.unwrap_or_default().split('/').collect();
    for segment in &segments {
        let mut stage = (*segment).to_owned();
        for _ in 0..3 {
            let parts = stage.split(['/', '\\']).map(str::trim).collect::<Vec<_>>();
            assert!(!parts.iter().any(|part| matches!(*part, "" | "." | "..")), "{text}");
            assert!(!stage.chars().any(char::is_control), "{text}");
            stage = decoded(&stage);
        }
    }
    let needs = if matches!(*request.method(), Method::POST | Method::GET) { 1 } else { 2 };
    assert!(segments.len() >= needs, "{} {text}", request.method());
    for (name, value) in request.headers() {
        assert!(!value.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{name}");
    }
}

#[expect(clippy::expect_used, reason = "a request to what is no address is a defect")]
fn parsed(text: &str) -> Url {
    Url::parse(text).expect("an address")
}

/// Percent-decoded once, by the url crate.
pub(crate) fn decoded(text: &str) -> String {
    // As a form has it, in which a plus is a blank: that one is kept out of it.
    let pair = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, text)| text.into_owned()).unwrap_or_default()
}

/// An error is one line of ours, and what stands behind it is short and harmless (F93).
pub(crate) fn error_is_good(error: &Error) {
    let shown = format!("{error} {error:?}");
    text_is_good(&shown, 4_000);
    let mut source = error.source();
    while let Some(cause) = source {
        text_is_good(&cause.to_string(), 512);
        text_is_good(&format!("{cause:?}"), 600);
        source = cause.source();
    }
}

/// The same for what became of an event.
pub(crate) fn outcome_is_good(outcome: &Outcome) {
    text_is_good(&outcome.to_string(), 4_000);
}

/// What somebody may read in a log or a console.
pub(crate) fn text_is_good(text: &str, most: usize) {
    assert!(text.len() <= most, "{} bytes: {:.200}", text.len(), text);
    assert!(!text.contains(SECRET), "{text}");
    assert!(!text.chars().any(breaks_a_line), "{text:?}");
}

/// Begins another line somewhere, or turns round what is written.
pub(crate) fn breaks_a_line(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
