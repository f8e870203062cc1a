//! What a target says of itself, what was learnt of it, and what an administrator says of it.

use std::time::{SystemTime, UNIX_EPOCH};

use outbound_provisioning::model::{Fact, Timestamp};
use serde_json::Value;

use super::input::{Input, answered};
use super::stage::{DEEDS, Stage, settings};

/// A body that is good for every call.
const GOOD: &str = r#"{"id":"r-1","externalId":"u-1","userName":"ada","displayName":"Club","members":[],"totalResults":1,"Resources":[]}"#;

/// Three documents, and everything that is done in their light.
pub(crate) fn discovery(bytes: &[u8]) {
    let input = Input::read(bytes);
    let mut answers: Vec<_> = input.bodies().take(3).map(|body| answered(0, body)).collect();
    // The rest is answered well, over and over.
    answers.extend((0..256).map(|_| answered(1, GOOD.as_bytes())));
    let Some(stage) = Stage::open(settings(), answers.clone()) else { return };
    stage.act(8);
    let facts = stage.learnt();
    for deed in 0..DEEDS - 1 {
        stage.act(deed);
    }
    stage.learnt();
    // The next connector knows it as well.
    let good = answers.split_off(answers.len().min(3));
    if let Some(next) = Stage::open(settings(), good) {
        recalled(&next, &facts);
    }
}

/// Any JSON in the place of what a store keeps: an object of names and facts.
pub(crate) fn facts(bytes: &[u8]) {
    let Ok(Value::Object(entries)) = serde_json::from_slice::<Value>(bytes) else { return };
    let fact = |(name, value)| Fact::new(name, value, today());
    let facts: Vec<Fact> = entries.into_iter().map(fact).collect();
    if let Some(stage) = Stage::open(settings(), vec![answered(1, GOOD.as_bytes())]) {
        recalled(&stage, &facts);
    }
}

/// Any text as what an administrator says of a target; the first line is what every request carries.
pub(crate) fn overrides(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (query, profile) = text.split_once('\n').unwrap_or(("", &text));
    let settings = settings().with("profile_overrides", profile);
    let settings = if query.is_empty() { settings } else { settings.with("query", query) };
    if let Some(stage) = Stage::open(settings, vec![answered(1, GOOD.as_bytes())]) {
        for deed in 0..DEEDS {
            stage.act(deed);
        }
    }
}

fn recalled(stage: &Stage, facts: &[Fact]) {
    stage.connector.recall(facts);
    let can = stage.connector.capabilities();
    assert_eq!(can, stage.connector.capabilities(), "asking changes nothing");
    for deed in 0..DEEDS {
        stage.act(deed);
    }
}

/// Facts grow old by the machine's clock, where a host gives no other.
fn today() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or_default())
}
