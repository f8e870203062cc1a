//! Addresses of requests, built so that nothing from outside can lead them astray.

use std::fmt::Write;
#[cfg(feature = "scim2")]
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use http::Uri;
use url::Url;

use super::policy::NetworkPolicy;
use crate::error::{Error, ErrorKind, Result};
use crate::model::RemoteId;

/// The most that a query of ours may have, in bytes: an address of the `http` crate ends at 65,534.
const LONGEST_QUERY: usize = 32 * 1024;

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
pub struct BaseUrl {
    address: String,
    /// Kept on every request, encoded.
    query: String,
}

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
            None => Ok(Self {
                address: url.as_str().trim_end_matches('/').to_owned(),
                query: String::new(),
            }),
        }
    }

    /// The same address with parameters that every request carries.
    #[must_use]
    pub fn with_query(mut self, parameters: &[(&str, &str)]) -> Self {
        self.query = encoded(parameters);
        self
    }

    /// The address, without a slash at the end and without a query.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// What tells this system from another: the address, and a hash of the parameters, which may hold a key.
    #[cfg(feature = "scim2")]
    pub(crate) fn fingerprint(&self) -> String {
        if self.query.is_empty() {
            return self.address.clone();
        }
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&self.query);
        format!("{}?{hash:016x}", self.address)
    }

    /// The address of a collection.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when it is no valid address.
    pub fn collection(&self, collection: &str) -> Result<Uri> {
        self.query(collection, &[])
    }

    /// The address of one resource of a collection.
    ///
    /// # Errors
    /// As for [`collection`](Self::collection).
    pub fn resource(&self, collection: &str, id: &RemoteId) -> Result<Uri> {
        let mut path = format!("{}/{collection}/", self.address);
        percent_encode(id.as_str(), &mut path);
        self.uri(path, &[])
    }

    /// The address of a collection with a query. Blanks become `%20`, never `+`.
    ///
    /// # Errors
    /// As for [`collection`](Self::collection), and [`Rejected`](ErrorKind::Rejected) when the query is too long for
    /// an address: that is the fault of one value and not of the connection (P12).
    pub fn query(&self, collection: &str, parameters: &[(&str, &str)]) -> Result<Uri> {
        self.uri(format!("{}/{collection}", self.address), parameters)
    }

    fn uri(&self, mut text: String, parameters: &[(&str, &str)]) -> Result<Uri> {
        let own = encoded(parameters);
        for (place, part) in
            [&self.query, &own].into_iter().filter(|part| !part.is_empty()).enumerate()
        {
            text.push(if place == 0 { '?' } else { '&' });
            text.push_str(part);
        }
        if own.len() > LONGEST_QUERY {
            let message = "a value is too long to be asked for; no address holds it";
            return Err(Error::new(ErrorKind::Rejected, message));
        }
        Uri::try_from(text).map_err(|error| {
            Error::new(ErrorKind::Configuration, "the address of the request cannot be built")
                .with_source(error)
        })
    }
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        percent_encode(name, &mut text);
        text.push('=');
        percent_encode(value, &mut text);
    }
    text
}

/// Shows nothing beyond the path: an address holds no secret, by construction.
impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BaseUrl({})", self.address)
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
