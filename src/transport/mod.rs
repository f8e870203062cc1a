//! The seam to HTTP: `http` types in and out, so that connectors name no client library.
//!
//! Not for: retries, redirects, cookies or authentication. A client sends one request and gives back whatever
//! answer came, whichever its status.
//!
//! ```
//! use outbound_provisioning::transport::{HttpResponse, http_fn};
//!
//! let client = http_fn(|request| {
//!     assert_eq!(request.method(), "GET");
//!     Ok(HttpResponse::new(b"{}".to_vec()))
//! });
//! println!("{client:?}");
//! ```

mod address;
#[cfg(feature = "reqwest")]
mod causes;
mod client;
mod dialing;
mod dns;
mod host_name;
mod policy;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "reqwest")]
mod tls;
mod url;

pub use address::AddressRange;
pub use client::{
    HttpClient, HttpError, HttpErrorKind, HttpFn, HttpRequest, HttpResponse, http_fn,
};
pub use dialing::Dialing;
pub use dns::Dns;
#[cfg(feature = "reqwest")]
pub use dns::SystemDns;
pub use policy::NetworkPolicy;
#[cfg(feature = "reqwest")]
pub use reqwest::ReqwestClient;
pub use url::BaseUrl;

#[cfg(any(feature = "scim2", feature = "authzen", feature = "xacml"))]
pub(crate) use policy::is_loopback;
