//! The engine: a request goes out, a decision comes back.

use std::sync::Arc;

use async_trait::async_trait;

use super::protocol::{self, SubjectSource};
use crate::error::Result;
use crate::model::Problems;
use crate::rules::remote::Remote;
use crate::rules::{DecisionPoint, RuleDecision, RuleEngine, RuleRequest};
use crate::transport::HttpClient;

/// Where an evaluation endpoint lies (Authorization API 1.0, section 10.1.1).
const EVALUATION: &str = "/access/v1/evaluation";

/// A policy decision point that speaks the AuthZEN Authorization API 1.0.
///
/// | it is told | |
/// |---|---|
/// | subject | `user` or `group`, our id; the SCIM attributes as properties, those of the enterprise extension beside them, `groups` by name |
/// | action | `provisioning.create`, `.update`, `.change_members`, `.disable`, `.delete`; the verb and the trigger as properties |
/// | resource | `provisioning_target`, the connection; connector, application and organization as properties |
/// | context | `tenant`: the organization; `time`: the time now, UTC |
///
/// It knows two decisions: true is a permit, and false a denial with `context.reason_admin`, or else `reason_user`, as
/// the reason. What is neither is an error and so counts as indeterminate.
///
/// ```
/// use outbound_provisioning::rules::{AuthzenEngine, DecisionPoint, SubjectSource};
/// use outbound_provisioning::transport::{HttpResponse, http_fn};
///
/// let client = http_fn(|request| {
///     assert_eq!(request.uri().path(), "/access/v1/evaluation");
///     Ok(HttpResponse::new(br#"{ "decision": true }"#.to_vec()))
/// });
/// // Cerbos takes roles from a property of this name.
/// let engine = AuthzenEngine::new(client, &DecisionPoint::new("http://127.0.0.1:3592"))?
///     .with_subject_property("cerbos.roles", SubjectSource::Groups);
/// # Ok::<(), outbound_provisioning::model::Problems>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct AuthzenEngine {
    remote: Remote,
    properties: Vec<(String, SubjectSource)>,
}

impl AuthzenEngine {
    /// An engine that asks below this address, at `/access/v1/evaluation`.
    ///
    /// # Errors
    /// All that is wrong with the point, under `decision_point`.
    pub fn new(client: impl HttpClient, point: &DecisionPoint) -> Result<Self, Problems> {
        Self::build(client, point, EVALUATION)
    }

    /// An engine that asks at this address itself: what the decision point's own description calls
    /// `access_evaluation_endpoint`.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn at_endpoint(client: impl HttpClient, point: &DecisionPoint) -> Result<Self, Problems> {
        Self::build(client, point, "")
    }

    fn build(client: impl HttpClient, point: &DecisionPoint, path: &str) -> Result<Self, Problems> {
        let remote = Remote::new(Arc::new(client), point, path)?;
        Ok(Self { remote, properties: Vec::new() })
    }

    /// The same engine, which also tells this of a subject, in place of any property of that name.
    #[must_use]
    pub fn with_subject_property(mut self, name: impl Into<String>, source: SubjectSource) -> Self {
        self.properties.push((name.into(), source));
        self
    }
}

#[async_trait]
impl RuleEngine for AuthzenEngine {
    async fn decide(&self, request: &RuleRequest<'_>) -> Result<RuleDecision> {
        let body = protocol::request(request, &self.properties);
        let body = self.remote.ask("application/json", body).await?;
        protocol::decision(&body)
    }
}
