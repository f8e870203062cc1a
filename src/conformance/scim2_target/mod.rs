//! A small and honest SCIM 2.0 server (RFC 7643, RFC 7644), to test clients against.
//!
//! Written from the RFCs and not from any client, it refuses what a strict server refuses: types
//! are not bent, unknown names are not swallowed, a PATCH that fails changes nothing. It is pure:
//! a request goes in, a response comes out. There is no socket, no clock and nothing random, so
//! that a test sees the same ids and versions on every run.
//!
//! Left out, as RFC 7644 allows: bulk, sorting, `/Me`, `/.search`, `meta.created` and
//! `meta.lastModified` (there is no clock), and `groups` of users.
//!
//! ```
//! use http::{Request, header::CONTENT_TYPE};
//! use outbound_provisioning::conformance::Scim2Target;
//!
//! let target = Scim2Target::new();
//! let body = r#"{
//!     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
//!     "userName": "ada"
//! }"#;
//! let request = Request::post("/scim/v2/Users")
//!     .header(CONTENT_TYPE, "application/scim+json")
//!     .body(body.as_bytes().to_vec())?;
//!
//! assert_eq!(target.answer(&request).status(), 201);
//! assert_eq!(target.users()[0]["userName"], "ada");
//! assert_eq!(target.answer(&request).status(), 409, "the name is taken");
//! # Ok::<(), http::Error>(())
//! ```

mod client;
mod directory;
mod discovery;
mod filter;
mod grammar;
mod patch;
mod path;
mod query;
mod quirks;
mod refusal;
mod schema;
mod service;
mod write;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Request, Response};
use serde_json::Value;

use self::directory::{Directory, Entry};
pub use self::quirks::Quirk;
use self::quirks::Quirks;
use self::schema::ResourceType;
use crate::model::Secret;

/// A SCIM 2.0 server in memory, without a socket.
///
/// Clones share everything: users, groups, the token, what was recorded and what is scripted.
///
/// Whatever stands before `/Users`, `/Groups`, `/ServiceProviderConfig`, `/ResourceTypes` or
/// `/Schemas` in a path is taken for the base, so that any base URL works.
#[derive(Clone, Default)]
pub struct Scim2Target {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    directory: Directory,
    quirks: Quirks,
    token: Option<String>,
    /// How many requests there were, those that are forgotten too.
    asked: u64,
    scripted: VecDeque<Response<Vec<u8>>>,
    requests: Vec<RecordedRequest>,
}

/// A request that a [`Scim2Target`] has answered, as it was sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// The path with the query, as they were sent.
    pub path: String,
    /// The body, if it was JSON: all of it, personal data and passwords too.
    pub body: Option<Value>,
    /// The status of the answer.
    pub status: u16,
}

/// Shows neither the query nor the body: both hold personal data.
impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{} {path} -> {}", self.method, self.status)
    }
}

impl Scim2Target {
    /// A server without users and groups, that asks for no token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for this token from now on: a request without exactly `Authorization: Bearer <token>`
    /// is answered with 401.
    #[must_use]
    pub fn with_bearer_token(self, token: impl Into<String>) -> Self {
        self.lock().token = Some(token.into());
        self
    }

    /// Departs from the RFCs in this from now on, as servers do. Several may be given.
    ///
    /// ```
    /// use outbound_provisioning::conformance::{Quirk, Scim2Target};
    ///
    /// let target = Scim2Target::new().with_quirk(Quirk::NoPatch(405));
    /// let request = http::Request::patch("/scim/v2/Users/u-1").body(Vec::new())?;
    /// assert_eq!(target.answer(&request).status(), 405);
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn with_quirk(self, quirk: Quirk) -> Self {
        let mut state = self.lock();
        state.quirks.add(quirk);
        match quirk {
            Quirk::NumericIds => state.directory.count_ids(),
            Quirk::FilterCaseSensitive => state.directory.filter_with_case(),
            _ => {}
        }
        drop(state);
        self
    }

    /// Answers a request and records it.
    pub fn answer(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let mut state = self.lock();
        let State { directory, quirks, token, asked, scripted, requests } = &mut *state;
        *asked += 1;
        let response = scripted.pop_front().unwrap_or_else(|| {
            quirks::answer(quirks, directory, token.as_deref(), *asked, request)
        });
        let uri = request.uri();
        requests.push(RecordedRequest {
            method: request.method().clone(),
            path: uri.path_and_query().map_or(uri.path(), |path| path.as_str()).to_owned(),
            body: serde_json::from_slice(request.body()).ok(),
            status: response.status().as_u16(),
        });
        response
    }

    /// The users, in order of creation.
    #[must_use]
    pub fn users(&self) -> Vec<Value> {
        self.all(ResourceType::User)
    }

    /// The groups, in order of creation.
    #[must_use]
    pub fn groups(&self) -> Vec<Value> {
        self.all(ResourceType::Group)
    }

    /// The password that the user with this id was given last; none where there is no such user, or none was given.
    /// For tests only: no answer ever shows it (RFC 7643 section 4.1.1, `returned: never`).
    ///
    /// ```
    /// use outbound_provisioning::conformance::Scim2Target;
    ///
    /// let target = Scim2Target::new();
    /// let body = r#"{
    ///     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    ///     "userName": "ada", "password": "correct horse"
    /// }"#;
    /// let request = http::Request::post("/scim/v2/Users")
    ///     .header("Content-Type", "application/scim+json")
    ///     .body(body.as_bytes().to_vec())?;
    /// let answer = target.answer(&request);
    /// assert!(!String::from_utf8_lossy(answer.body()).contains("correct horse"));
    /// assert!(target.password_of("u-1").is_some_and(|it| it.expose() == "correct horse"));
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn password_of(&self, id: &str) -> Option<Secret> {
        let state = self.lock();
        let entry = state.directory.get(ResourceType::User, id).ok()?;
        entry.password().cloned()
    }

    /// Every request that was answered, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.lock().requests.clone()
    }

    /// Starts the record anew. Users, groups and what is scripted stay.
    pub fn forget_requests(&self) {
        self.lock().requests.clear();
    }

    /// Answers the next request with this response, whatever it asks, and does nothing else.
    /// Several are used up in the order in which they were given.
    pub fn answer_next_with(&self, response: Response<Vec<u8>>) {
        self.lock().scripted.push_back(response);
    }

    fn all(&self, kind: ResourceType) -> Vec<Value> {
        let show = |entry: &Entry| Value::Object(entry.resource().clone());
        self.lock().directory.all(kind).map(show).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows counts only: neither the token nor anything personal.
impl fmt::Debug for Scim2Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Scim2Target")
            .field("users", &state.directory.all(ResourceType::User).count())
            .field("groups", &state.directory.all(ResourceType::Group).count())
            .field("requests", &state.requests.len())
            .field("scripted", &state.scripted.len())
            .finish_non_exhaustive()
    }
}
