//! Addresses of requests, built so that nothing from outside can lead them astray.

use std::fmt::Write;

use http::Uri;
use url::Url;

use super::policy::NetworkPolicy;
use crate::error::{Error, ErrorKind, Result};
use crate::model::RemoteId;

/// The address under which a target's collections lie. Collections are our own words; ids are percent-encoded as one
/// path segment (F91).
///
/// ```
/// use outbound_provisioning::model::RemoteId;
/// use outbound_provisioning::transport::{BaseUrl, NetworkPolicy};
///
/// let base = BaseUrl::parse("https://hr.example.com/scim/v2/", &NetworkPolicy::new()).unwrap();
/// let id = RemoteId::new("a b?c").unwrap();
/// assert_eq!(base.resource("Users", &id).unwrap(), "https://hr.example.com/scim/v2/Users/a%20b%3Fc");
/// let query = [("filter", "userName eq \"x\"")];
/// assert_eq!(base.query("Users", &query).unwrap(), "https://hr.example.com/scim/v2/Users?filter=userName%20eq%20%22x%22");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads and checks an address.
    ///
    /// # Errors
    /// What is wrong with it and the remedy, without the address itself: not an absolute URL; user name, password,
    /// query or fragment in it (F63); forbidden by the policy (F62).
    pub fn parse(text: &str, policy: &NetworkPolicy) -> Result<Self, &'static str> {
        let url =
            Url::parse(text).map_err(|_| "not an absolute URL; write it with https:// in front")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("user name or password in the address; use the authentication settings");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a query or fragment in the address; leave it out");
        }
        match policy.complaint(&url) {
            Some(complaint) => Err(complaint),
            None => Ok(Self(url.as_str().trim_end_matches('/').to_owned())),
        }
    }

    /// The address, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a collection.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when it is no valid address.
    pub fn collection(&self, collection: &str) -> Result<Uri> {
        uri(format!("{}/{collection}", self.0))
    }

    /// The address of one resource of a collection.
    ///
    /// # Errors
    /// As for [`collection`](Self::collection).
    pub fn resource(&self, collection: &str, id: &RemoteId) -> Result<Uri> {
        let mut text = format!("{}/{collection}/", self.0);
        percent_encode(id.as_str(), &mut text);
        uri(text)
    }

    /// The address of a collection with a query. Blanks become `%20`, never `+`.
    ///
    /// # Errors
    /// As for [`collection`](Self::collection).
    pub fn query(&self, collection: &str, parameters: &[(&str, &str)]) -> Result<Uri> {
        let mut text = format!("{}/{collection}", self.0);
        for (place, (name, value)) in parameters.iter().enumerate() {
            text.push(if place == 0 { '?' } else { '&' });
            percent_encode(name, &mut text);
            text.push('=');
            percent_encode(value, &mut text);
        }
        uri(text)
    }
}

/// Shows nothing beyond the path: an address holds no secret, by construction.
impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BaseUrl({})", self.0)
    }
}

/// Everything but RFC 3986's unreserved characters.
fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

fn uri(text: String) -> Result<Uri> {
    Uri::try_from(text).map_err(|error| {
        Error::new(ErrorKind::Configuration, "the address of the request cannot be built")
            .with_source(error)
    })
}
