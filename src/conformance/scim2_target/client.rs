//! The target as a client of itself: no socket between a connector and the simulated server.

use std::sync::LazyLock;

use async_trait::async_trait;

use super::Scim2Target;
use crate::transport::{HttpClient, HttpError, HttpRequest, HttpResponse, NetworkPolicy};

static POLICY: LazyLock<NetworkPolicy> = LazyLock::new(|| NetworkPolicy::new().allow_loopback());

#[async_trait]
impl HttpClient for Scim2Target {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        Ok(self.answer(&request))
    }

    fn policy(&self) -> &NetworkPolicy {
        &POLICY
    }
}
