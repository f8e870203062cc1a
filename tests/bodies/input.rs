//! Bytes as a conversation: what we do, how the target is, and its answers.

use http::StatusCode;
use outbound_provisioning::transport::HttpResponse;

/// Stands between two answers: bytes that no UTF-8 has.
const BETWEEN: &[u8] = b"\xff\xff";

const STATUSES: [u16; 32] = [
    200, 201, 204, 202, 200, 201, 200, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415,
    422, 428, 429, 500, 501, 503, 301, 302, 303, 307, 308, 304, 599,
];

/// What the bytes say.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    /// Which of several things is done.
    pub(crate) deed: usize,
    /// Which of several settings the connection has.
    pub(crate) manner: usize,
    answers: Vec<&'a [u8]>,
}

impl<'a> Input<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let (deed, rest) = bytes.split_first().unwrap_or((&0, &[]));
        let (manner, rest) = rest.split_first().unwrap_or((&0, &[]));
        Self { deed: (*deed).into(), manner: (*manner).into(), answers: parts(rest) }
    }

    /// The answers, each with its status in front, over and over.
    pub(crate) fn answers(&self) -> Vec<HttpResponse> {
        self.answers.iter().map(|answer| response(answer)).collect()
    }

    /// The same without their statuses.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = &'a [u8]> {
        self.answers.iter().copied()
    }
}

/// The bytes of a conversation.
pub(crate) fn written(deed: u8, manner: u8, answers: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![deed, manner];
    for (place, (status, body)) in answers.iter().enumerate() {
        if place > 0 {
            bytes.extend_from_slice(BETWEEN);
        }
        bytes.push(*status);
        bytes.extend_from_slice(body);
    }
    bytes
}

fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut rest) = (Vec::new(), bytes);
    while let Some(place) = rest.windows(BETWEEN.len()).position(|pair| pair == BETWEEN) {
        let (part, behind) = rest.split_at(place);
        parts.push(part);
        rest = behind.get(BETWEEN.len()..).unwrap_or_default();
    }
    parts.push(rest);
    parts
}

fn response(bytes: &[u8]) -> HttpResponse {
    let (status, body) = bytes.split_first().unwrap_or((&0, &[]));
    answered(*status, body)
}

/// An answer of this status, as the bytes count statuses.
pub(crate) fn answered(status: u8, body: &[u8]) -> HttpResponse {
    let mut response = HttpResponse::new(body.to_vec());
    let status = STATUSES.get(usize::from(status) % STATUSES.len()).copied().unwrap_or(200);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}
