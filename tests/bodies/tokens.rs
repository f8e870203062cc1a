//! Answers of a token endpoint.

use std::sync::{Arc, Mutex, PoisonError};

use outbound_provisioning::Effect;
use outbound_provisioning::connector::{BuildContext, ConnectorFactory};
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::model::{Properties, Target};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::http_fn;

use super::input::{Input, answered};
use super::judge::{SECRET, error_is_good};
use super::stage::{BASE, attempt, now, user};

const TOKEN_URL: &str = "https://id.example.com/oauth2/token";

/// Any answer is a token or an error; only a token is shown to the target, and an error repeats nothing (F96).
pub(crate) fn tokens(bytes: &[u8]) {
    let input = Input::read(bytes);
    let (answers, is_odd) = (input.answers(), input.deed % 2 == 1);
    let seen = Arc::new(Mutex::new((0_usize, Vec::new())));
    let told = Arc::clone(&seen);
    let client = http_fn(move |request| {
        let mut seen = told.lock().unwrap_or_else(PoisonError::into_inner);
        if request.uri() == TOKEN_URL {
            let answer = answers.get(seen.0 % answers.len().max(1)).cloned().unwrap_or_default();
            seen.0 += 1;
            return Ok(answer);
        }
        let shown = request.headers().get("authorization").cloned();
        seen.1.push(shown);
        // The first token of an odd input is not believed.
        let refused = is_odd && seen.1.len() == 1;
        Ok(answered(if refused { 8 } else { 1 }, b"{\"id\":\"r-1\"}"))
    });
    let place = Target::new("hr", "scim2");
    let secrets = Arc::new(NoSecrets::new());
    let context = BuildContext::new("acme".into(), place, 1, properties(), secrets);
    let Ok(connector) = Scim2Factory::new(client).build(&context) else { return };
    for _ in 0..2 {
        if let Err(error) = now(connector.create(&user().into(), &attempt())) {
            error_is_good(&error);
            assert_ne!(error.effect(), Effect::Unknown, "{error}");
        }
    }
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(seen.0 <= 4, "asked {} times", seen.0);
    for shown in &seen.1 {
        let shown = shown.as_ref().map(|value| value.as_bytes()).unwrap_or_default();
        let token = shown.strip_prefix(b"Bearer ").unwrap_or_default();
        assert!(!token.is_empty() && token.len() <= 16 * 1024, "no token");
        assert!(token.iter().all(u8::is_ascii_graphic), "a token that is more than that");
    }
}

fn properties() -> Properties {
    Properties::new()
        .with("base_url", BASE)
        .with("profile_overrides", r#"{"discovery": false, "adapt": false}"#)
        .with("authentication", "oauth2")
        .with("token_url", TOKEN_URL)
        .with("client_id", "us")
        .with("client_secret", SECRET)
}
