//! T9: what our HTTP client does and leaves, pinned against servers that speak raw bytes. An update of a dependency
//! that changes any of it fails here.
#![cfg(feature = "reqwest")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "../support/certificates.rs"]
mod certificates;
#[path = "../support/wire.rs"]
mod wire;

mod answers;
mod proxy;
mod requests;
mod tls;

use std::error::Error as StdError;
use std::fmt::Write;
use std::time::Duration;

use outbound_provisioning::transport::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, NetworkPolicy, ReqwestClient,
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

fn policy() -> NetworkPolicy {
    NetworkPolicy::new().allow_loopback()
}

fn client() -> ReqwestClient {
    ReqwestClient::new(policy()).unwrap()
}

/// Waits 200 ms for what will not come.
fn impatient() -> ReqwestClient {
    let short = Duration::from_millis(200);
    ReqwestClient::new(policy().with_timeouts(short, short)).unwrap()
}

fn get(url: &str) -> HttpRequest {
    http::Request::get(url).body(Vec::new()).unwrap()
}

fn post(url: &str) -> HttpRequest {
    http::Request::post(url).body(b"{\"userName\":\"ada\"}".to_vec()).unwrap()
}

#[track_caller]
fn fails(answer: Result<HttpResponse, HttpError>, kind: HttpErrorKind) -> HttpError {
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), kind, "{}", words(&error));
    error
}

/// All that an error says, and all that stands behind it.
fn words(error: &HttpError) -> String {
    let mut words = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(source) = next {
        write!(words, " {source} {source:?}").unwrap();
        next = source.source();
    }
    words
}

async fn send(client: &impl HttpClient, request: HttpRequest) -> HttpResponse {
    client.send(request).await.unwrap()
}
