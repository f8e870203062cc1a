//! Credentials as one header of a request.

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::encoding::base64;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Secret;
use crate::transport::HttpRequest;

/// Which header, and what stands in it.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// User name and password (RFC 7617).
    Basic,
    /// One token (RFC 6750).
    Bearer,
    /// A key alone.
    ApiKey(HeaderName),
}

/// The header, and what must not be seen again in an answer.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    name: HeaderName,
    value: HeaderValue,
    pub(super) hidden: Vec<Secret>,
}

impl Form {
    /// The header that shows these values.
    pub(super) fn sign(&self, values: &[Secret]) -> Result<Signature> {
        match (self, values) {
            (Self::Basic, [username, password]) => basic(username, password),
            (Self::Bearer, [token]) => bearer(token),
            (Self::ApiKey(header), [key]) => signature(header.clone(), key, vec![key.clone()]),
            _ => Err(Error::new(ErrorKind::Internal, "credentials that do not fit the header")),
        }
    }
}

impl Signature {
    pub(super) fn put_on(&self, request: &mut HttpRequest) {
        request.headers_mut().insert(self.name.clone(), self.value.clone());
    }
}

/// User name and password. What has both in another writing masks its own.
pub(super) fn basic(username: &Secret, password: &Secret) -> Result<Signature> {
    if username.expose().contains(':') {
        let message = "a colon cannot be part of the user name (RFC 7617); use another";
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let pair = Secret::new(format!("{}:{}", username.expose(), password.expose()));
    let encoded = Secret::new(base64(pair.expose().as_bytes()));
    let value = Secret::new(format!("Basic {}", encoded.expose()));
    signature(AUTHORIZATION, &value, vec![encoded, password.clone()])
}

pub(super) fn bearer(token: &Secret) -> Result<Signature> {
    let value = Secret::new(format!("Bearer {}", token.expose()));
    signature(AUTHORIZATION, &value, vec![token.clone()])
}

fn signature(name: HeaderName, value: &Secret, hidden: Vec<Secret>) -> Result<Signature> {
    let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
        Error::new(ErrorKind::Configuration, "the credentials cannot stand in a header; they hold control characters or letters outside of ASCII")
    })?;
    value.set_sensitive(true);
    Ok(Signature { name, value, hidden })
}
