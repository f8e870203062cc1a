//! Who we say we are: each authentication exactly, tokens, secrets that are replaced, and what is said to those who
//! refuse us.
#![cfg(all(feature = "mock", feature = "oauth", feature = "scim2"))]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/site.rs"]
mod site;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use outbound_provisioning::host::{NoSecrets, SecretSource};
use outbound_provisioning::model::{Properties, Secret, SecretReference};
use outbound_provisioning::transport::{
    HttpError, HttpErrorKind, HttpRequest, HttpResponse, NetworkPolicy,
};
use outbound_provisioning::{Effect, Error, ErrorKind};
use proptest::prelude::*;
use ring::signature::{self, KeyPair, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use site::{
    Site, TOKEN_URL, Us, Vault, answer, asks_for_token, bearer, body, done, header, oauth2,
    settings, status, token,
};

const RSA: &str = include_str!("data/keys/rsa.pkcs8.pem");
const RSA_PKCS1: &str = include_str!("data/keys/rsa.pkcs1.pem");
const RSA_SHORT: &str = include_str!("data/keys/rsa1024.pkcs8.pem");
const P256: &str = include_str!("data/keys/p256.pkcs8.pem");
const P256_SEC1: &str = include_str!("data/keys/p256.sec1.pem");

const SECOND: Duration = Duration::from_secs(1);

/// Counts, and answers with a token of that number: `t1`, `t2` …
fn numbered() -> impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static {
    let count = AtomicUsize::new(0);
    move |_| token(&format!("t{}", count.fetch_add(1, Ordering::Relaxed) + 1))
}

/// A target that takes these, and nobody else.
fn taking(
    credentials: &'static [&'static str],
) -> impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static {
    move |request| {
        let shown = header(request, "authorization");
        let is_taken = credentials.iter().any(|taken| shown == format!("Bearer {taken}"));
        if is_taken { done(request) } else { status(401) }
    }
}

#[track_caller]
fn is(error: &Error, kind: ErrorKind, effect: Effect) {
    assert_eq!((error.kind(), error.effect()), (kind, effect), "{error}");
}

/// What was shown to the target, in order.
fn shown(site: &Site) -> Vec<String> {
    let seen = site.seen();
    let shown = seen.iter().filter(|request| !asks_for_token(request));
    shown.map(|request| header(request, "authorization")).collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// Each authentication, exactly

#[tokio::test]
async fn each_authentication_is_one_sensitive_header() {
    let pair = STANDARD.encode("us:pä:ss");
    for (properties, name, value) in [
        (bearer("t0ken"), "authorization", "Bearer t0ken".to_owned()),
        (
            settings("basic").with("username", "us").with("password", "pä:ss"),
            "authorization",
            format!("Basic {pair}"),
        ),
        (
            settings("api_key").with("api_key_header", "X-Api-Key").with("api_key", "k3y"),
            "x-api-key",
            "k3y".to_owned(),
        ),
        (oauth2(), "authorization", "Bearer t1".to_owned()),
    ] {
        let site = Site::of(numbered(), done);
        let us = site.connect(properties);
        us.write().await.unwrap();
        us.read().await.unwrap();
        let seen = site.seen();
        let to_target: Vec<_> = seen.iter().filter(|request| !asks_for_token(request)).collect();
        assert_eq!(to_target.len(), 2);
        for request in to_target {
            let values: Vec<_> = request.headers().get_all(name).iter().collect();
            assert_eq!(values, [value.as_str()]);
            assert!(values[0].is_sensitive());
        }
    }
}

#[tokio::test]
async fn a_client_with_a_secret_asks_for_a_token_in_a_header_or_in_the_form() {
    // Each is encoded before both become a pair (RFC 6749 section 2.3.1).
    let pair = STANDARD.encode("us%3A1:s3%2Bcr%C3%A9t+%25");
    let more =
        "scope=a+b&audience=https%3A%2F%2Fapi.example.com&resource=https%3A%2F%2Fhr.example.com%2F";
    for (client, authorization, form) in [
        (None, format!("Basic {pair}"), "grant_type=client_credentials&"),
        (Some("client_secret_basic"), format!("Basic {pair}"), "grant_type=client_credentials&"),
        (
            Some("client_secret_post"),
            String::new(),
            "grant_type=client_credentials&client_id=us%3A1&client_secret=s3%2Bcr%C3%A9t+%25&",
        ),
    ] {
        let site = Site::of(numbered(), done);
        let mut properties = oauth2()
            .with("client_id", "us:1")
            .with("client_secret", "s3+crét %")
            .with("scope", "a b")
            .with("audience", "https://api.example.com")
            .with("resource", "https://hr.example.com/")
            .with("token_url", format!("{TOKEN_URL}?tenant=7"));
        if let Some(client) = client {
            properties = properties.with("client_authentication", client);
        }
        site.connect(properties).write().await.unwrap();
        let asked = &site.seen()[0];
        assert_eq!(
            (asked.method().as_str(), asked.uri().to_string()),
            ("POST", format!("{TOKEN_URL}?tenant=7"))
        );
        assert_eq!(header(asked, "content-type"), "application/x-www-form-urlencoded");
        assert_eq!(header(asked, "accept"), "application/json");
        assert_eq!(header(asked, "authorization"), authorization);
        assert!(asked.headers().get("authorization").is_none_or(|value| value.is_sensitive()));
        assert_eq!(body(asked), format!("{form}{more}"));
    }
}

fn by_key(key: &str) -> Properties {
    settings("oauth2")
        .with("token_url", TOKEN_URL)
        .with("client_id", "us")
        .with("client_authentication", "private_key_jwt")
        .with("private_key", key)
}

fn rsa_public() -> Vec<u8> {
    let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_slice(RSA.as_bytes()).unwrap() else {
        panic!("PKCS #8");
    };
    let pair = ring::rsa::KeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    pair.public().as_ref().to_vec()
}

fn p256_public() -> Vec<u8> {
    let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_slice(P256.as_bytes()).unwrap() else {
        panic!("PKCS #8");
    };
    let pair = signature::EcdsaKeyPair::from_pkcs8(
        &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        key.secret_pkcs8_der(),
        &ring::rand::SystemRandom::new(),
    );
    pair.unwrap().public_key().as_ref().to_vec()
}

/// The header and the claims of an assertion whose signature is good.
fn verified(assertion: &str, by: &'static dyn VerificationAlgorithm, key: &[u8]) -> (Value, Value) {
    let (text, signature) = assertion.rsplit_once('.').unwrap();
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    UnparsedPublicKey::new(by, key).verify(text.as_bytes(), &decoded(signature)).unwrap();
    let (header, claims) = text.split_once('.').unwrap();
    let json = |part: &str| serde_json::from_slice(&decoded(part)).unwrap();
    (json(header), json(claims))
}

fn form(request: &HttpRequest) -> Vec<(String, String)> {
    url::form_urlencoded::parse(request.body()).into_owned().collect()
}

fn field(request: &HttpRequest, name: &str) -> String {
    let form = form(request);
    let mut values = form.iter().filter(|(known, _)| known == name);
    let (_, value) = values.next().unwrap();
    assert_eq!(values.next(), None);
    value.clone()
}

#[tokio::test]
async fn a_client_with_a_private_key_signs_what_it_says_of_itself() {
    let (rsa, p256) = (rsa_public(), p256_public());
    for (key, name, by, public) in [
        (RSA, None, &signature::RSA_PKCS1_2048_8192_SHA256 as &dyn VerificationAlgorithm, &rsa),
        (RSA_PKCS1, Some("RS256"), &signature::RSA_PKCS1_2048_8192_SHA256, &rsa),
        (RSA, Some("PS256"), &signature::RSA_PSS_2048_8192_SHA256, &rsa),
        (P256, Some("ES256"), &signature::ECDSA_P256_SHA256_FIXED, &p256),
    ] {
        let site = Site::of(numbered(), taking(&["t2"]));
        let mut properties = by_key("secret:key").with("key_id", "k-7").with("scope", "scim");
        if let Some(name) = name {
            properties = properties.with("signature", name);
        }
        let us = site.connect_as("acme", properties, Vault::default().with("key", key, None));
        us.write().await.unwrap();
        let seen = site.seen();
        let asked: Vec<_> = seen.iter().filter(|request| asks_for_token(request)).collect();
        assert_eq!(asked.len(), 2);
        let mut ids = Vec::new();
        for request in asked {
            assert_eq!(header(request, "authorization"), "");
            assert_eq!(field(request, "grant_type"), "client_credentials");
            assert_eq!(field(request, "client_id"), "us");
            assert_eq!(field(request, "scope"), "scim");
            assert_eq!(
                field(request, "client_assertion_type"),
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            let assertion = field(request, "client_assertion");
            let (header, claims) = verified(&assertion, by, public);
            let name = name.unwrap_or("RS256");
            assert_eq!(header, json!({ "alg": name, "typ": "JWT", "kid": "k-7" }));
            let id = claims["jti"].as_str().unwrap().to_owned();
            let now = us.clock_seconds();
            let expected = json!({
                "iss": "us", "sub": "us", "aud": TOKEN_URL, "jti": id, "iat": now, "exp": now + 300,
            });
            assert_eq!(claims, expected);
            ids.push(id);
        }
        assert_ne!(ids[0], ids[1], "an assertion is used once");
    }
}

impl Us {
    fn clock_seconds(&self) -> i64 {
        use outbound_provisioning::host::Runtime;
        self.clock.now().as_millis() / 1_000
    }
}

/// A key from a reference is only seen when it is needed.
#[tokio::test]
async fn a_private_key_that_does_not_do_is_the_configurations_fault() {
    for (key, name) in [
        ("krypt", "RS256"),
        (P256, "RS256"),
        (RSA, "ES256"),
        (RSA_SHORT, "PS256"),
        (P256_SEC1, "ES256"),
        ("-----BEGIN PRIVATE KEY-----\nkrypt\n-----END PRIVATE KEY-----", "ES256"),
    ] {
        let site = Site::of(numbered(), done);
        let properties = by_key("secret:key").with("signature", name);
        let us = site.connect_as("acme", properties, Vault::default().with("key", key, None));
        let error = us.write().await.unwrap_err();
        is(&error, ErrorKind::Configuration, Effect::NotSent);
        assert!(error.message().contains("private key") && !error.message().contains("krypt"));
        assert_eq!(site.counts(), (0, 0));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Settings

/// All at once, each with its path.
#[test]
fn f61_f102_a_sign_in_that_is_incomplete_or_mixed_is_refused() {
    let without = |name: &str| {
        let all = ["base_url", "authentication", "token_url", "client_id", "client_secret"];
        let good = oauth2();
        let kept = all.into_iter().filter(|known| *known != name);
        kept.fold(Properties::new(), |some, name| some.with(name, good.text(name).unwrap()))
    };
    let site = Site::of(numbered(), done);
    let cases = [
        (without("token_url"), vec![("token_url", "missing")]),
        (without("client_id"), vec![("client_id", "missing")]),
        (without("client_secret"), vec![("client_secret", "missing")]),
        (
            settings("oauth2"),
            vec![("token_url", "missing"), ("client_id", "missing"), ("client_secret", "missing")],
        ),
        (oauth2().with("token", "krypt"), vec![("token", "another authentication")]),
        (oauth2().with("password", "krypt"), vec![("password", "another authentication")]),
        (oauth2().with("private_key", RSA), vec![("private_key", "another authentication")]),
        (oauth2().with("key_id", "krypt"), vec![("key_id", "another authentication")]),
        (bearer("t").with("scope", "krypt"), vec![("scope", "another authentication")]),
        (
            bearer("t").with("client_id", "krypt").with("client_secret", "krypt"),
            vec![("client_id", "another"), ("client_secret", "another")],
        ),
        (by_key(RSA).with("client_secret", "krypt"), vec![("client_secret", "another")]),
        (by_key("krypt"), vec![("private_key", "no private key in PEM")]),
        (by_key(P256), vec![("private_key", "not an RSA key")]),
        (by_key(RSA_SHORT), vec![("private_key", "2048 bits")]),
        (by_key(RSA).with("signature", "ES256"), vec![("private_key", "P-256")]),
        (by_key(RSA).with("signature", "none"), vec![("signature", "one of RS256, PS256, ES256")]),
        (by_key(RSA).with("signature", "HS256"), vec![("signature", "one of RS256, PS256, ES256")]),
        (
            oauth2().with("client_authentication", "krypt"),
            vec![("client_authentication", "one of client_secret_basic")],
        ),
        (oauth2().with("token_url", "krypt"), vec![("token_url", "an absolute URL")]),
        (
            oauth2().with("token_url", "http://id.example.com/"),
            vec![("token_url", "not encrypted")],
        ),
        (oauth2().with("token_url", "https://127.1/"), vec![("token_url", "not a public address")]),
        (oauth2().with("token_url", "ftp://id.example.com/"), vec![("token_url", "not an HTTP")]),
        (oauth2().with("token_url", "https://krypt@a.example/"), vec![("token_url", "user name")]),
        (oauth2().with("token_url", "https://a.example/#krypt"), vec![("token_url", "fragment")]),
        (oauth2().with("resource", "krypt"), vec![("resource", "absolute address")]),
        (oauth2().with("resource", "https://a.example/#krypt"), vec![("resource", "fragment")]),
        (oauth2().with("scope", "krypt\nscope"), vec![("scope", "control characters")]),
        (oauth2().with("client_secret", "krypt\n"), vec![("client_secret", "control characters")]),
        (settings("none"), vec![("authentication", "needs authentication")]),
        (settings("oauth1").with("token", "t"), vec![("authentication", "one of none, basic")]),
        (
            bearer("t").with("proxy", "http://127.0.0.1:3128"),
            vec![("proxy", "not a public address")],
        ),
        (bearer("t").with("proxy", "http://us:krypt@p.example"), vec![("proxy", "user name")]),
        (bearer("t").with("proxy", "http://p.example/krypt"), vec![("proxy", "host and port")]),
        (bearer("t").with("proxy", "socks5://p.example"), vec![("proxy", "not an HTTP")]),
        (bearer("t").with("extra_certificates", "krypt"), vec![("extra_certificates", "in PEM")]),
        (bearer("t").with("client_certificate", "krypt"), vec![("client_certificate", "in PEM")]),
        (bearer("t").with("client_certificate", RSA), vec![("client_certificate", "in PEM")]),
        (bearer("t").with("reads_per_minute", "0"), vec![("reads_per_minute", "1 or more")]),
        (bearer("t").with("writes_per_minute", "-7"), vec![("writes_per_minute", "1 or more")]),
        (bearer("t").with("writes_per_minute", "7.5"), vec![("writes_per_minute", "whole number")]),
    ];
    for (properties, expected) in cases {
        let problems = site.problems(&properties);
        let found: Vec<_> = problems.iter().collect();
        assert_eq!(found.len(), expected.len(), "{problems}");
        for (problem, (name, words)) in found.iter().zip(expected) {
            assert_eq!(problem.path, format!("here.{name}"), "{problems}");
            assert!(problem.message.contains(words), "{problems}");
            assert!(!problem.message.contains("krypt"), "{problems}");
        }
    }
    for good in [oauth2(), by_key(RSA), by_key("secret:key").with("signature", "ES256")] {
        let problems = site.problems(&good);
        assert!(problems.is_empty(), "{problems}");
    }
}

#[tokio::test]
async fn f61_f69_a_secret_that_is_not_there_sends_nothing() {
    for properties in [
        bearer("secret:gone"),
        settings("basic").with("username", "us").with("password", "secret:gone"),
        settings("api_key").with("api_key_header", "X-Api-Key").with("api_key", "secret:gone"),
        oauth2().with("client_secret", "secret:gone"),
        by_key("secret:gone"),
        bearer("t").with("client_certificate", "secret:gone"),
        bearer("secret:empty"),
    ] {
        let site = Site::of(numbered(), done);
        let us = site.connect_as("acme", properties, Vault::default().with("empty", "", None));
        let error = us.write().await.unwrap_err();
        is(&error, ErrorKind::Configuration, Effect::NotSent);
        assert!(error.message().contains("secret:"), "{error}");
        assert_eq!(site.counts(), (0, 0));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Tokens

#[tokio::test]
async fn f96_one_token_is_asked_for_at_a_time() {
    let site = Site::of(numbered(), done);
    let us = site.connect(oauth2());
    assert!(us.writes(16).await.iter().all(Result::is_ok));
    assert_eq!(site.counts(), (1, 16));
}

#[tokio::test]
async fn f96_a_token_endpoint_that_refuses_is_not_asked_by_all() {
    let site = Site::of(|_| answer(401, &[], json!({ "error": "invalid_client" })), done);
    let us = site.connect(oauth2());
    for result in us.writes(16).await {
        is(&result.unwrap_err(), ErrorKind::Unauthenticated, Effect::NotSent);
    }
    assert_eq!(site.counts(), (1, 0));
    // Later it is asked again.
    us.write().await.unwrap_err();
    assert_eq!(site.counts(), (1, 0));
}

/// Who stops waiting while it asks leaves the way free.
#[tokio::test]
async fn a_question_that_is_given_up_stops_nobody() {
    let site = Site::of(numbered(), done);
    let us = site.connect(oauth2());
    let mut asking = Box::pin(us.write());
    let waker = std::task::Waker::noop();
    let polled = asking.as_mut().poll(&mut std::task::Context::from_waker(waker));
    assert!(polled.is_pending());
    assert_eq!(site.counts(), (1, 0));
    drop(asking);
    us.write().await.unwrap();
    assert_eq!(site.counts(), (1, 1));
}

#[tokio::test]
async fn f55_a_token_that_is_refused_is_replaced_once_and_the_request_repeated_once() {
    let site = Site::of(numbered(), taking(&["t2"]));
    let us = site.connect(oauth2());
    us.write().await.unwrap();
    assert_eq!(shown(&site), ["Bearer t1", "Bearer t2"]);
    assert_eq!(site.counts(), (2, 2));
    us.write().await.unwrap();
    assert_eq!(site.counts(), (0, 1));
}

#[tokio::test]
async fn f55_a_target_that_refuses_every_token_ends_in_an_error_and_no_loop() {
    let site = Site::of(numbered(), taking(&[]));
    let us = site.connect(oauth2());
    let error = us.write().await.unwrap_err();
    is(&error, ErrorKind::Unauthenticated, Effect::Rejected);
    assert_eq!(site.counts(), (2, 2));
}

#[tokio::test]
async fn a_token_that_is_refused_to_many_is_replaced_once() {
    let site = Site::of(numbered(), taking(&["t2"]));
    let us = site.connect(oauth2());
    assert!(us.writes(16).await.iter().all(Result::is_ok));
    let (tokens, requests) = site.counts();
    assert_eq!(tokens, 2);
    assert!(requests <= 32, "{requests}");
}

/// Only a 401 says that nothing was done.
#[tokio::test]
async fn nothing_but_a_401_is_sent_twice() {
    for code in [400, 403, 404, 408, 409, 429, 500, 502, 503, 302] {
        let site = Site::of(numbered(), move |_| status(code));
        let us = site.connect(oauth2());
        us.write().await.unwrap_err();
        assert_eq!(site.counts(), (1, 1), "{code}");
    }
    for kind in [
        HttpErrorKind::Connect,
        HttpErrorKind::Interrupted,
        HttpErrorKind::Timeout,
        HttpErrorKind::TooLarge,
    ] {
        let site = Site::new(move |request| match asks_for_token(request) {
            true => Ok(token("t")),
            false => Err(HttpError::new(kind)),
        });
        let us = site.connect(oauth2());
        us.write().await.unwrap_err();
        assert_eq!(site.counts(), (1, 1), "{kind:?}");
    }
    // With a given secret there is nothing else to show.
    let site = Site::of(numbered(), taking(&[]));
    site.connect(bearer("t")).write().await.unwrap_err();
    assert_eq!(site.counts(), (0, 1));
}

#[tokio::test]
async fn a_token_is_replaced_a_little_before_its_end() {
    for (life, early) in [(json!(3600), 60), (json!("3600"), 60), (json!(100), 10), (json!(30), 3)]
    {
        let seconds = life.as_u64().unwrap_or(3600);
        let count = AtomicUsize::new(0);
        let site = Site::of(
            move |_| {
                let number = count.fetch_add(1, Ordering::Relaxed);
                answer(
                    200,
                    &[],
                    json!({ "access_token": number.to_string(), "token_type": "bearer", "expires_in": life }),
                )
            },
            done,
        );
        let us = site.connect(oauth2());
        us.write().await.unwrap();
        us.clock.advance(SECOND * u32::try_from(seconds - early).unwrap() - SECOND / 1000);
        us.write().await.unwrap();
        assert_eq!(site.counts(), (1, 2));
        us.clock.advance(SECOND / 1000);
        us.write().await.unwrap();
        assert_eq!(site.counts(), (1, 1));
    }
}

#[tokio::test]
async fn a_token_endpoint_that_is_down_does_not_end_a_token_early() {
    let count = AtomicUsize::new(0);
    let tokens = move |_: &HttpRequest| match count.fetch_add(1, Ordering::Relaxed) {
        0 => token("t1"),
        _ => status(503),
    };
    let site = Site::of(tokens, done);
    let us = site.connect(oauth2());
    us.write().await.unwrap();
    us.clock.advance(SECOND * 3599);
    us.write().await.unwrap();
    assert_eq!(shown(&site), ["Bearer t1", "Bearer t1"]);
    us.clock.advance(SECOND);
    let error = us.write().await.unwrap_err();
    is(&error, ErrorKind::Unavailable, Effect::NotSent);
}

/// Whatever it says of its life, a token is used for half a minute and not longer than a day (F96).
#[tokio::test]
async fn f96_the_life_of_a_token_is_kept_within_reason() {
    let (shortest, day, hour) = (27, 24 * 3600 - 60, 3600 - 60);
    for (life, used) in [
        (json!(-1), shortest),
        (json!(0), shortest),
        (json!("-1"), shortest),
        (json!(1), shortest),
        (json!(-1e300), shortest),
        (json!(1_000_000_000), day),
        (json!(u64::MAX), day),
        (json!(1e300), day),
        (json!("1e999"), day),
        (json!("99999999999999999999999999"), day),
        (json!(3600.5), hour),
        (Value::Null, hour),
        (json!("soon"), hour),
        (json!("NaN"), hour),
        (json!([3600]), hour),
        (json!({}), hour),
        (json!(true), hour),
    ] {
        let said = life.clone();
        let site = Site::of(
            move |_| {
                answer(
                    200,
                    &[],
                    json!({ "access_token": "t", "token_type": "Bearer", "expires_in": said }),
                )
            },
            done,
        );
        let us = site.connect(oauth2());
        us.write().await.unwrap();
        us.clock.advance(SECOND * (used - 1));
        us.write().await.unwrap();
        assert_eq!(site.counts(), (1, 2), "{life}");
        us.clock.advance(SECOND * 2);
        us.write().await.unwrap();
        assert_eq!(site.counts(), (1, 1), "{life}");
    }
}

#[tokio::test]
async fn f96_what_is_no_token_is_an_error_that_repeats_nothing() {
    let with = |name: &str, value: Value| {
        let mut all = json!({ "access_token": "krypt", "token_type": "Bearer", "expires_in": 60 });
        all[name] = value;
        all.to_string()
    };
    for said in [
        String::new(),
        "krypt".to_owned(),
        "<html>krypt</html>".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        "\"krypt\"".to_owned(),
        "[".repeat(10_000),
        with("access_token", Value::Null),
        with("access_token", json!("")),
        with("access_token", json!(7)),
        with("access_token", json!(["krypt"])),
        with("access_token", json!("krypt token")),
        with("access_token", json!("krypt\r\nX-Evil: 1")),
        with("access_token", json!("kryptö")),
        with("access_token", json!("krypt\0")),
        with("access_token", json!("krypt".repeat(5_000))),
        with("more", json!("krypt".repeat(200_000))),
        with("token_type", Value::Null),
        with("token_type", json!("mac")),
        with("token_type", json!("krypt")),
        with("token_type", json!(["Bearer"])),
        r#"{"access_token":"krypt","access_token":"krypt","token_type":"Bearer"}"#.to_owned(),
        r#"{"access_token":"krypt"}"#.to_owned(),
        r#"{"error":"invalid_client"}"#.to_owned(),
    ] {
        let start: String = said.chars().take(80).collect();
        let site = Site::of(move |_| answer(200, &[], &said), done);
        let us = site.connect(oauth2());
        let error = us.write().await.unwrap_err();
        is(&error, ErrorKind::InvalidResponse, Effect::NotSent);
        let shown = format!(
            "{error} {error:?} {:?} {us:?}",
            std::error::Error::source(&error).map(ToString::to_string)
        );
        assert!(!shown.contains("krypt"), "{start}: {shown}");
        assert_eq!(site.counts(), (1, 0), "{start}");
    }
    for kind in ["Bearer", "bearer", "BEARER"] {
        let site = Site::of(move |_| answer(200, &[], with("token_type", json!(kind))), done);
        site.connect(oauth2()).write().await.unwrap();
    }
}

/// Nothing was sent to the target, and nothing of a body is repeated.
#[tokio::test]
async fn what_each_refusal_of_a_token_endpoint_means() {
    use ErrorKind::{InvalidResponse, RateLimited, Unauthenticated, Unavailable};
    let said = |error: &str| json!({ "error": error, "error_description": "krypt" }).to_string();
    for (code, body, kind, words) in [
        (
            400,
            said("invalid_client"),
            Unauthenticated,
            "400 (invalid_client): it does not accept our client",
        ),
        (401, said("invalid_client"), Unauthenticated, "401 (invalid_client)"),
        (401, "krypt".to_owned(), Unauthenticated, "401: it does not accept our client"),
        (401, String::new(), Unauthenticated, "401"),
        (403, said("access_denied"), Unauthenticated, "403 (access_denied)"),
        (400, said("invalid_scope"), Unauthenticated, "does not give out this scope"),
        (400, said("invalid_target"), Unauthenticated, "knows no such resource"),
        (400, said("unauthorized_client"), Unauthenticated, "allow it there"),
        (400, said("krypt"), Unauthenticated, "answered 400: it"),
        (400, said("temporarily_unavailable"), Unavailable, "(temporarily_unavailable)"),
        (404, "krypt".to_owned(), InvalidResponse, "check the address"),
        (405, String::new(), InvalidResponse, "check the address"),
        (302, "krypt".to_owned(), InvalidResponse, "a redirect, which is never followed"),
        (307, String::new(), InvalidResponse, "a redirect, which is never followed"),
        (429, "krypt".to_owned(), RateLimited, "429: too many"),
        (408, String::new(), Unavailable, "408"),
        (500, said("krypt"), Unavailable, "500"),
        (503, "krypt".to_owned(), Unavailable, "503"),
    ] {
        let place = format!("{code} {body}");
        let headers = [("location", "https://evil.example/token"), ("retry-after", "7")];
        // With a wait, a 403 would be about our speed.
        let headers = if code == 403 { headers[..1].to_vec() } else { headers.to_vec() };
        let site = Site::of(move |_| answer(code, &headers, &body), done);
        let us = site.connect(oauth2());
        let error = us.write().await.unwrap_err();
        is(&error, kind, Effect::NotSent);
        assert!(error.message().contains(words), "{place}: {error}");
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert!(!format!("{error} {error:?} {source:?}").contains("krypt"), "{place}: {error:?}");
        assert_eq!(error.retry_after(), Some(SECOND * 7).filter(|_| code != 403), "{place}");
        assert_eq!(site.counts(), (1, 0), "{place}");
    }
    for (kind, expected, words) in [
        (HttpErrorKind::Connect, Unavailable, "no connection to the token endpoint"),
        (HttpErrorKind::Timeout, Unavailable, "did not answer in time"),
        (HttpErrorKind::Interrupted, Unavailable, "lost"),
        (HttpErrorKind::TooLarge, InvalidResponse, "too large"),
        (HttpErrorKind::Encoded, InvalidResponse, "compressed"),
        (HttpErrorKind::Tls, ErrorKind::Configuration, "no secure connection"),
        (HttpErrorKind::Refused, ErrorKind::Configuration, "does not allow the token endpoint"),
    ] {
        let site = Site::new(move |_| Err(HttpError::new(kind)));
        let error = site.connect(oauth2()).write().await.unwrap_err();
        is(&error, expected, Effect::NotSent);
        assert!(error.message().contains(words), "{error}");
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Tenants

/// The tenant's secret decides whose token it is.
fn tokens_by_secret() -> Site {
    Site::of(
        |request| {
            let pair = header(request, "authorization");
            let pair = STANDARD.decode(pair.strip_prefix("Basic ").unwrap()).unwrap();
            let pair = String::from_utf8(pair).unwrap();
            token(&pair.replace(':', "-with-"))
        },
        done,
    )
}

#[tokio::test]
async fn f104_p27_the_same_client_id_in_two_tenants_never_shares_a_token() {
    let site = tokens_by_secret();
    let factory_of = |organization: &str, secret: &str| {
        site.connect_as(organization, oauth2().with("client_secret", secret), NoSecrets::new())
    };
    let (acme, globex) = (factory_of("acme", "a"), factory_of("globex", "g"));
    for _ in 0..3 {
        acme.write().await.unwrap();
        globex.write().await.unwrap();
    }
    let expected = ["Bearer us-with-a", "Bearer us-with-g"].repeat(3);
    assert_eq!(shown(&site), expected);
    // Even with the same secret each asks for itself.
    let again = factory_of("initech", "a");
    site.counts();
    again.write().await.unwrap();
    assert_eq!(site.counts(), (1, 1));
}

#[tokio::test]
async fn p27_each_connection_has_a_client_of_its_own() {
    let site = Site::of(numbered(), done);
    let (one, other) = (site.connect(bearer("t")), site.connect(bearer("t")));
    assert!(site.dialled().is_empty(), "before it is needed");
    for us in [&one, &one, &other, &one] {
        us.write().await.unwrap();
    }
    assert_eq!(site.dialled().len(), 2);
    assert!(site.dialled().iter().all(|dialing| dialing.is_plain()));
}

// ---------------------------------------------------------------------------------------------------------------------
// Secrets that are replaced

#[tokio::test]
async fn a_changed_secret_gets_a_token_of_its_own() {
    let (site, vault) = (tokens_by_secret(), Vault::default().with("hr", "one", None));
    let us = site.connect_as("acme", oauth2().with("client_secret", "secret:hr"), vault.clone());
    us.write().await.unwrap();
    us.write().await.unwrap();
    vault.put("hr", "two", Some("one"));
    us.write().await.unwrap();
    assert_eq!(shown(&site), ["Bearer us-with-one", "Bearer us-with-one", "Bearer us-with-two"]);
    assert_eq!(site.counts(), (2, 3));
}

#[tokio::test]
async fn f53_a_target_that_does_not_know_the_new_secret_yet_gets_the_one_before() {
    let site = Site::of(numbered(), taking(&["old"]));
    let vault = Vault::default().with("hr", "old", None);
    let us = site.connect_as("acme", bearer("secret:hr"), vault.clone());
    us.write().await.unwrap();
    vault.put("hr", "new", Some("old"));
    for _ in 0..3 {
        us.write().await.unwrap();
    }
    // It is remembered which one works.
    let old = "Bearer old";
    assert_eq!(shown(&site), [old, "Bearer new", old, old, old]);
    site.counts();
    // Until the secret changes again.
    vault.put("hr", "newer", Some("new"));
    let error = us.write().await.unwrap_err();
    is(&error, ErrorKind::Unauthenticated, Effect::Rejected);
    assert_eq!(shown(&site), ["Bearer newer", "Bearer new"]);
}

#[tokio::test]
async fn a_target_that_has_learnt_the_new_secret_gets_it() {
    let taken = Arc::new(std::sync::Mutex::new("Bearer old"));
    let takes = Arc::clone(&taken);
    let site = Site::of(numbered(), move |request| {
        if header(request, "authorization") == *takes.lock().unwrap() {
            done(request)
        } else {
            status(401)
        }
    });
    let vault = Vault::default().with("hr", "new", Some("old"));
    let us = site.connect_as("acme", bearer("secret:hr"), vault);
    us.write().await.unwrap();
    us.write().await.unwrap();
    *taken.lock().unwrap() = "Bearer new";
    us.write().await.unwrap();
    us.write().await.unwrap();
    let (old, new) = ("Bearer old", "Bearer new");
    assert_eq!(shown(&site), [new, old, old, old, new, new]);
}

/// A secret that is refused in both versions costs two requests, one without a second version costs one.
#[tokio::test]
async fn a_secret_before_the_current_one_is_tried_once_and_only_if_there_is_one() {
    let name = "secret:hr";
    let basic =
        |username: &str| settings("basic").with("username", username).with("password", name);
    let key = settings("api_key").with("api_key_header", "X-Api-Key").with("api_key", name);
    for (properties, previous, requests) in [
        (bearer(name), Some("old"), 2),
        (bearer(name), None, 1),
        (bearer(name), Some(""), 1),
        (bearer(name), Some("new"), 1),
        (basic("us"), Some("old"), 2),
        (basic("us"), None, 1),
        (basic(name), Some("old"), 2),
        (key.clone(), Some("old"), 2),
        (key, None, 1),
    ] {
        let site = Site::of(numbered(), taking(&[]));
        let vault = Vault::default().with("hr", "new", previous);
        let us = site.connect_as("acme", properties, vault);
        let error = us.write().await.unwrap_err();
        is(&error, ErrorKind::Unauthenticated, Effect::Rejected);
        assert_eq!(site.counts(), (0, requests));
    }
    // What is not refused because of the secret is not tried again.
    for code in [400, 403, 500, 503] {
        let site = Site::of(numbered(), move |_| status(code));
        let vault = Vault::default().with("hr", "new", Some("old"));
        site.connect_as("acme", bearer(name), vault).write().await.unwrap_err();
        assert_eq!(site.counts(), (0, 1), "{code}");
    }
}

/// A token endpoint learns late as well.
#[tokio::test]
async fn a_token_endpoint_that_does_not_know_the_new_secret_yet_gets_the_one_before() {
    let old = format!("Basic {}", STANDARD.encode("us:old"));
    let tokens = numbered();
    let site = Site::of(
        move |request| match header(request, "authorization") == old {
            true => tokens(request),
            false => answer(400, &[], json!({ "error": "invalid_client" })),
        },
        done,
    );
    let vault = Vault::default().with("hr", "new", Some("old"));
    let us = site.connect_as("acme", oauth2().with("client_secret", "secret:hr"), vault.clone());
    us.write().await.unwrap();
    assert_eq!(site.counts(), (2, 1));
    us.write().await.unwrap();
    assert_eq!(site.counts(), (0, 1));
    us.clock.advance(SECOND * 4000);
    us.write().await.unwrap();
    assert_eq!(site.counts(), (1, 1));
    // Not for a refusal that has nothing to do with the secret.
    let site = Site::of(|_| answer(400, &[], json!({ "error": "invalid_scope" })), done);
    let us = site.connect_as("acme", oauth2().with("client_secret", "secret:hr"), vault);
    us.write().await.unwrap_err();
    assert_eq!(site.counts(), (1, 0));
}

/// A source of somebody who has not heard of previous secrets, behind pointers.
#[tokio::test]
async fn a_source_without_previous_secrets_says_so_and_pointers_ask_it() {
    let reference = SecretReference::parse("secret:hr").unwrap();
    assert!(NoSecrets::new().previous(&reference).await.unwrap().is_none());
    let vault = Vault::default().with("hr", "new", Some("old"));
    let pointer: Arc<dyn SecretSource> = Arc::new(Box::new(vault));
    let previous = pointer.previous(&reference).await.unwrap();
    assert_eq!(previous.as_ref().map(Secret::expose), Some("old"));
}

// ---------------------------------------------------------------------------------------------------------------------
// Certificates and proxies

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

#[tokio::test]
async fn a_connection_is_dialled_with_its_certificates_and_through_its_proxy() {
    let site = Site::of(numbered(), done);
    let vault = Vault::default().with("certificate", "one", None);
    let properties = oauth2()
        .with("client_certificate", "secret:certificate")
        .with("extra_certificates", CERTIFICATE)
        .with("proxy", "http://proxy.example.com:3128");
    let us = site.connect_as("acme", properties, vault.clone());
    us.write().await.unwrap();
    us.write().await.unwrap();
    vault.put("certificate", "two", Some("one"));
    us.write().await.unwrap();
    us.write().await.unwrap();
    let dialled = site.dialled();
    let shown = dialled.iter().map(|dialing| dialing.identity.as_ref().unwrap().expose());
    assert!(shown.eq(["one", "two"]));
    for dialing in dialled {
        assert_eq!(dialing.extra_roots.as_deref(), Some(CERTIFICATE));
        assert_eq!(dialing.proxy.unwrap().as_str(), "http://proxy.example.com:3128/");
    }
}

#[tokio::test]
async fn a_client_without_certificates_is_never_used_in_place_of_one_with() {
    let site = Site::of(numbered(), done).that_cannot_dial();
    for properties in [
        bearer("t").with("extra_certificates", CERTIFICATE),
        bearer("t").with("proxy", "http://proxy.example.com:3128"),
        oauth2().with("client_certificate", format!("{CERTIFICATE}{RSA}")),
        settings("none").with("client_certificate", format!("{CERTIFICATE}{RSA}")),
    ] {
        let error = site.connect(properties).write().await.unwrap_err();
        is(&error, ErrorKind::Configuration, Effect::NotSent);
    }
    assert_eq!(site.counts(), (0, 0));
}

#[tokio::test]
async fn a_certificate_alone_may_be_who_we_are() {
    let site = Site::of(numbered(), done);
    let properties = settings("none").with("client_certificate", format!("{CERTIFICATE}{RSA}"));
    assert!(site.problems(&properties).is_empty());
    site.connect(properties).write().await.unwrap();
    assert_eq!(header(&site.seen()[0], "authorization"), "");
}

/// This machine is a token endpoint or a proxy only where it may be a target.
#[test]
fn a_policy_that_allows_this_machine_allows_it_to_give_out_tokens() {
    let site = Site::of(numbered(), done).with_policy(NetworkPolicy::new().allow_loopback());
    let properties = oauth2()
        .with("token_url", "http://127.0.0.1:8080/token")
        .with("proxy", "http://localhost:3128");
    let problems = site.problems(&properties);
    assert!(problems.is_empty(), "{problems}");
}

// ---------------------------------------------------------------------------------------------------------------------
// Whatever comes

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any answer of a token endpoint is a token or an error, and only a token is shown to the target.
    #[test]
    fn f96_no_answer_of_a_token_endpoint_does_harm(
        code in prop_oneof![Just(200_u16), 200_u16..600],
        said in prop_oneof![
            ".{0,200}",
            (any::<String>(), "(Bearer|bearer|mac)", any::<f64>()).prop_map(|(token, kind, life)| {
                json!({ "access_token": token, "token_type": kind, "expires_in": life }).to_string()
            }),
            ("[!-~]{1,40}", any::<i64>()).prop_map(|(token, life)| {
                json!({ "access_token": token, "token_type": "bearer", "expires_in": life }).to_string()
            }),
        ],
    ) {
        let site = Site::of(move |_| answer(code, &[], &said), done);
        let us = site.connect(oauth2());
        let result = run(us.write());
        let (tokens, requests) = site.counts();
        prop_assert_eq!(tokens, 1);
        prop_assert_eq!(requests, usize::from(result.is_ok()));
        if let Err(error) = result {
            prop_assert_eq!(error.effect(), Effect::NotSent);
        }
    }

    /// Any text is a good setting or a problem, and building never fails on what was found good.
    #[test]
    fn f101_no_setting_does_harm(
        name in prop_oneof![
            Just("token_url"), Just("client_id"), Just("client_secret"), Just("scope"),
            Just("resource"), Just("proxy"), Just("client_certificate"), Just("writes_per_minute"),
        ],
        value in prop_oneof![".{0,60}", "https?://[a-z.:@/#?%0-9]{0,30}", "[0-9-]{1,12}"],
    ) {
        let site = Site::of(numbered(), done);
        let properties = oauth2().with(name, value);
        if site.problems(&properties).is_empty() {
            let us = site.connect_as("acme", properties, Vault::default());
            let _ = run(us.write());
            for request in site.seen() {
                prop_assert!(!request.headers().contains_key("x-evil"));
            }
        }
    }
}
