//! What headers say: version tags, pauses in every form, addresses of elsewhere.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use outbound_provisioning::transport::HttpResponse;

use super::input::{Input, answered};
use super::stage::{DEEDS, Stage, attempt, in_manner, now, user};

const NAMES: [&str; 16] = [
    "retry-after",
    "date",
    "etag",
    "x-ratelimit-reset",
    "x-ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-remaining",
    "x-rate-limit-reset",
    "x-rate-limit-remaining",
    "location",
    "content-location",
    "set-cookie",
    "alt-svc",
    "link",
    "content-type",
    "www-authenticate",
];

/// One answer to every call, with headers: each part of the input is one, its name's number in front.
pub(crate) fn headers(bytes: &[u8]) {
    let input = Input::read(bytes);
    let status = u8::try_from(input.deed % 256).unwrap_or_default();
    let mut answer = answered(status, BODY.as_bytes());
    input.bodies().for_each(|header| add(&mut answer, header));
    let Some(stage) = Stage::open(in_manner(input.manner), vec![answer]) else { return };
    let created = now(stage.connector.create(&user().into(), &attempt()));
    if let Err(error) = created {
        assert!(error.retry_after() <= Some(Duration::from_secs(3600)), "{error}");
    }
    for deed in 0..DEEDS {
        stage.act(deed);
    }
}

/// Good for every question.
const BODY: &str =
    r#"{"id":"r-1","externalId":"u-1","userName":"ada","totalResults":0,"Resources":[]}"#;

fn add(answer: &mut HttpResponse, header: &[u8]) {
    let (name, value) = header.split_first().unwrap_or((&0, &[]));
    let name = NAMES.get(usize::from(*name) % NAMES.len()).copied().unwrap_or_default();
    // What no header can hold does not come through HTTP.
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
        answer.headers_mut().append(name, value);
    }
}
