//! An HTTP client that keeps what was sent and answered, between the connector and the one that sends.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::Method;
use outbound_provisioning::transport::{
    Dialing, HttpClient, HttpError, HttpRequest, HttpResponse, NetworkPolicy,
};
use serde_json::Value;

use crate::scenario::Operation;

/// A request and what came of it.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) sent: Option<Value>,
    /// None where no answer came.
    pub(crate) status: Option<u16>,
}

/// Bodies hold people: none is shown.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, status, .. } = self;
        match status {
            Some(status) => write!(f, "{method} {path} -> {status}"),
            None => write!(f, "{method} {path} -> no answer"),
        }
    }
}

impl Exchange {
    pub(crate) fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the target said no to what was asked, and not to the method, the credentials or the moment.
    pub(crate) fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| [400, 403, 422].contains(&status))
    }

    /// Whether the target does not do this at all.
    pub(crate) fn is_unknown_method(&self) -> bool {
        self.status.is_some_and(|status| [405, 501].contains(&status))
    }

    pub(crate) fn writes(&self) -> bool {
        [Method::POST, Method::PUT, Method::PATCH].contains(&self.method)
    }

    /// Whether it is about the resource with this id.
    pub(crate) fn is_about(&self, id: &str) -> bool {
        self.path.rsplit('/').next() == Some(id)
    }
}

/// Everything that was sent. Clones share it.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Mutex<Inner>>);

struct Inner {
    operation: Operation,
    exchanges: Vec<Exchange>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let inner = Inner { operation: Operation::Connect, exchanges: Vec::new() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// What comes now is counted under this.
    pub(crate) fn begin(&self, operation: Operation) {
        self.lock().operation = operation;
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.lock().exchanges.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().exchanges.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bodies hold people: none is shown.
impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("exchanges", &self.len()).finish_non_exhaustive()
    }
}

/// A client whose requests are kept.
#[derive(Debug)]
pub(crate) struct Counting<C> {
    client: C,
    ledger: Ledger,
}

impl<C> Counting<C> {
    pub(crate) fn new(client: C, ledger: Ledger) -> Self {
        Self { client, ledger }
    }
}

#[async_trait]
impl<C: HttpClient> HttpClient for Counting<C> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let sent = serde_json::from_slice(request.body()).ok();
        let operation = self.ledger.lock().operation;
        let answer = self.client.send(request).await;
        let status = answer.as_ref().ok().map(|response| response.status().as_u16());
        let exchange = Exchange { operation, method, path, sent, status };
        self.ledger.lock().exchanges.push(exchange);
        answer
    }

    fn policy(&self) -> &NetworkPolicy {
        self.client.policy()
    }

    fn for_connection(
        &self,
        dialing: &Dialing,
    ) -> outbound_provisioning::Result<Option<Arc<dyn HttpClient>>> {
        let own = self.client.for_connection(dialing)?;
        Ok(own.map(|client| {
            let counting: Arc<dyn HttpClient> =
                Arc::new(Counting { client, ledger: self.ledger.clone() });
            counting
        }))
    }
}
