//! Decision points that are down, slow, too talkative, or do not know us; and addresses that may not be asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use outbound_provisioning::host::{Runtime, SecretSource};
use outbound_provisioning::mock::ManualRuntime;
use outbound_provisioning::model::{Secret, SecretReference};
use outbound_provisioning::rules::{
    AuthzenEngine, DecisionPoint, RuleDecision, RuleEngine, Verdict, XacmlEngine,
};
use outbound_provisioning::transport::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, NetworkPolicy, http_fn,
};
use outbound_provisioning::{ErrorKind, Result};

use crate::scene::Scene;

const ADDRESS: &str = "http://127.0.0.1/pdp";
const TOKEN: &str = "krypt-token-of-ours";

fn engines(client: impl HttpClient + Clone, point: &DecisionPoint) -> [Box<dyn RuleEngine>; 2] {
    [
        Box::new(XacmlEngine::new(client.clone(), point).unwrap()),
        Box::new(AuthzenEngine::new(client, point).unwrap()),
    ]
}

/// Whatever the answer, it is an error of this kind, it shows nothing, and it is indeterminate.
async fn fails(client: impl HttpClient + Clone, kind: ErrorKind) -> [RuleDecision; 2] {
    let mut decisions = Vec::new();
    for engine in engines(client, &DecisionPoint::new(ADDRESS).with_bearer(TOKEN)) {
        let error = engine.decide(&Scene::new().request()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let printed = format!("{error} {error:?} {engine:?}");
        for secret in [TOKEN, "Lovelace", "example.com"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        let decision = RuleDecision::of(Err(error));
        assert_eq!(decision.verdict, Verdict::Indeterminate);
        decisions.push(decision);
    }
    decisions.try_into().unwrap()
}

#[tokio::test]
async fn a_status_is_no_decision() {
    for (status, kind) in [
        (201, ErrorKind::InvalidResponse),
        (204, ErrorKind::InvalidResponse),
        (302, ErrorKind::InvalidResponse),
        (400, ErrorKind::Rejected),
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::Configuration),
        (429, ErrorKind::RateLimited),
        (500, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
    ] {
        let body = format!(
            r#"{{"Response":[{{"Decision":"Permit"}}],"decision":true,"said":"{TOKEN} Lovelace"}}"#
        );
        let client = http_fn(move |_| {
            let mut response = HttpResponse::new(body.clone().into_bytes());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            // Elsewhere it would say that we ask too often.
            if [429, 503].contains(&status) {
                response.headers_mut().insert("retry-after", "7".parse().unwrap());
            }
            Ok(response)
        });
        let decisions = fails(client, kind).await;
        if [429, 503].contains(&status) {
            assert_eq!(decisions[0].retry_after(), Some(Duration::from_secs(7)));
        }
    }
}

#[tokio::test]
async fn what_comes_to_nothing_is_no_decision() {
    for (http, kind) in [
        (HttpErrorKind::Connect, ErrorKind::Unavailable),
        (HttpErrorKind::Interrupted, ErrorKind::Unavailable),
        (HttpErrorKind::Timeout, ErrorKind::Timeout),
        (HttpErrorKind::Refused, ErrorKind::Configuration),
        (HttpErrorKind::Tls, ErrorKind::Configuration),
        (HttpErrorKind::TooLarge, ErrorKind::InvalidResponse),
        (HttpErrorKind::Encoded, ErrorKind::InvalidResponse),
    ] {
        fails(http_fn(move |_| Err(HttpError::new(http))), kind).await;
    }
}

/// 64 KiB are read and not a byte more.
#[tokio::test]
async fn a_large_answer_is_no_decision() {
    let answer = |length: usize| {
        let text = r#"{"Response":[{"Decision":"Permit"}],"decision":true}"#;
        format!("{text}{}", " ".repeat(length - text.len())).into_bytes()
    };
    let client = http_fn(move |_| Ok(HttpResponse::new(answer(64 * 1024))));
    for engine in engines(client, &DecisionPoint::new(ADDRESS)) {
        let decision = engine.decide(&Scene::new().request()).await.unwrap();
        assert_eq!(decision.verdict, Verdict::Permit);
    }
    fails(
        http_fn(move |_| Ok(HttpResponse::new(answer(64 * 1024 + 1)))),
        ErrorKind::InvalidResponse,
    )
    .await;
}

/// Takes every request and never answers.
#[derive(Clone, Debug)]
struct Silent(NetworkPolicy);

#[async_trait]
impl HttpClient for Silent {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        std::future::pending().await
    }

    fn policy(&self) -> &NetworkPolicy {
        &self.0
    }
}

#[test]
fn a_slow_engine_is_waited_for_two_seconds_or_as_long_as_is_set() {
    let usual = DecisionPoint::new(ADDRESS);
    let short = usual.clone().with_timeout(Duration::from_millis(300));
    for (point, millis) in [(usual, 2_000), (short, 300)] {
        let runtime = ManualRuntime::new();
        let point = point.with_runtime(runtime.clone());
        for engine in engines(Silent(NetworkPolicy::new().allow_loopback()), &point) {
            let answer: Arc<Mutex<Option<Result<RuleDecision>>>> = Arc::default();
            let shared = Arc::clone(&answer);
            runtime.spawn(Box::pin(async move {
                let decided = engine.decide(&Scene::new().request()).await;
                *shared.lock().unwrap() = Some(decided);
            }));
            runtime.run();
            runtime.advance(Duration::from_millis(millis - 1));
            assert!(answer.lock().unwrap().is_none());
            runtime.advance(Duration::from_millis(1));
            let error = answer.lock().unwrap().take().unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert_eq!(runtime.open_tasks(), 0);
        }
    }
}

/// The operator's policy holds for decision points as it does for targets, and nobody is asked who is not asked to
/// recognise us.
#[test]
fn an_address_is_judged_before_it_is_asked() {
    let problems = |policy: NetworkPolicy, point: &DecisionPoint| {
        let problems = XacmlEngine::new(Silent(policy), point).err();
        problems.map(|problems| problems.to_string()).unwrap_or_default()
    };
    let loopback = || NetworkPolicy::new().allow_loopback();
    let signed = |address: &str| DecisionPoint::new(address).with_bearer(TOKEN);
    assert_eq!(problems(loopback(), &signed("https://pdp.example.com/decision")), "");
    assert_eq!(problems(NetworkPolicy::new(), &signed("https://pdp.example.com/decision")), "");
    for address in [
        "pdp.example.com",
        "http://pdp.example.com/decision",
        "https://10.1.2.3/decision",
        "https://169.254.169.254/decision",
        "https://us:krypt@pdp.example.com/",
        "https://pdp.example.com/?tenant=krypt",
        "ftp://pdp.example.com/",
    ] {
        let said = problems(loopback(), &signed(address));
        assert!(said.starts_with("decision_point.address: "), "{address}: {said}");
        assert!(!said.contains("krypt"), "{said}");
    }
    assert!(
        problems(NetworkPolicy::new(), &signed(ADDRESS)).starts_with("decision_point.address: ")
    );
    let said = problems(loopback(), &DecisionPoint::new("https://pdp.example.com/decision"));
    assert!(said.starts_with("decision_point.authentication: "), "{said}");
    let odd = DecisionPoint::new("https://pdp.example.com/")
        .with_basic("u:s", TOKEN)
        .with_property("tokem", "x");
    let said = problems(loopback(), &odd);
    assert!(said.contains("decision_point.username: ") && said.contains("`token`"), "{said}");
    assert!(!said.contains(TOKEN), "{said}");
}

/// Masking a secret in an answer does not make two words of it one.
#[tokio::test]
async fn an_answer_that_says_two_things_is_no_decision_even_when_it_is_masked() {
    let body = format!(
        r#"{{"Response":[{{"Decision":"Deny","Decision":"Permit"}}],"decision":false,"decision":true,"said":"{TOKEN}"}}"#
    );
    let client = http_fn(move |_| Ok(HttpResponse::new(body.clone().into_bytes())));
    fails(client, ErrorKind::InvalidResponse).await;
}

/// Keeps what is asked for, and whom.
#[derive(Clone, Debug, Default)]
struct Vault(Arc<AtomicUsize>);

#[async_trait]
impl SecretSource for Vault {
    async fn secret(&self, reference: &SecretReference) -> Result<Secret> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Secret::new(format!("krypt-{}", reference.name())))
    }
}

/// A reference is followed for each question, so that a changed secret counts at once; and what an engine says of it
/// is masked.
#[tokio::test]
async fn a_secret_may_be_a_reference_and_is_not_repeated() {
    let vault = Vault::default();
    let point =
        DecisionPoint::new(ADDRESS).with_bearer("secret:pdp-token").with_secrets(vault.clone());
    let client = http_fn(|request| {
        assert_eq!(request.headers()["authorization"], "Bearer krypt-pdp-token");
        assert!(request.headers()["authorization"].is_sensitive());
        let body = r#"{"Response":[{"Decision":"Deny","Status":{"StatusMessage":"not with krypt-pdp-token"}}],
            "decision":false,"context":{"reason_admin":"not with krypt-pdp-token"}}"#;
        Ok(HttpResponse::new(body.as_bytes().to_vec()))
    });
    for engine in engines(client, &point) {
        let decision = engine.decide(&Scene::new().request()).await.unwrap();
        assert_eq!(decision.reason(), Some("not with [redacted]"));
    }
    assert_eq!(vault.0.load(Ordering::Relaxed), 2);
    // Without a source it leads nowhere, and nothing is sent.
    let client = http_fn(|_| panic!("sent"));
    for engine in engines(client, &DecisionPoint::new(ADDRESS).with_bearer("secret:pdp-token")) {
        let error = engine.decide(&Scene::new().request()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}
