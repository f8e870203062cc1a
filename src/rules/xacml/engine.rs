//! The engine: a request goes out, a decision comes back.

use std::sync::Arc;

use async_trait::async_trait;

use super::{json, xml};
use crate::error::Result;
use crate::model::Problems;
use crate::rules::remote::Remote;
use crate::rules::{DecisionPoint, RuleAttributes, RuleDecision, RuleEngine, RuleRequest};
use crate::transport::HttpClient;

/// The form in which a decision point is asked and answers, and how it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum XacmlFormat {
    /// The JSON profile as `application/xacml+json`, as the REST profile has it.
    #[default]
    Json,
    /// The JSON profile as `application/json`.
    PlainJson,
    /// XML as `application/xacml+xml`, as the REST profile has it.
    Xml,
    /// XML as `application/xml`: WSO2 Identity Server.
    PlainXml,
}

impl XacmlFormat {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/xacml+json",
            Self::PlainJson => "application/json",
            Self::Xml => "application/xacml+xml",
            Self::PlainXml => "application/xml",
        }
    }

    fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::PlainJson)
    }
}

/// A XACML 3.0 policy decision point, asked over the REST profile with [`RuleAttributes`].
///
/// Its address is that of the decisions themselves. **WSO2 Identity Server**: `https://HOST/api/identity/entitlement/decision/pdp`
/// (of a tenant: `https://HOST/t/TENANT/api/…`), user name and password, [`XacmlFormat::PlainXml`]. Not JSON: its reader
/// of JSON passes over lists of categories and so decides on an empty request, to which no policy applies.
///
/// What is not exactly one decision in the standard's own words is an error and so counts as indeterminate: several
/// results, a word in another place or another spelling, a permit that reports a failure at once, anything that is
/// not JSON or XML.
///
/// ```
/// use outbound_provisioning::model::{Resource, Target, Timestamp, User};
/// use outbound_provisioning::rules::{DecisionPoint, Operation, RuleEngine, RuleRequest, Verdict, XacmlEngine};
/// use outbound_provisioning::transport::{HttpResponse, http_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = http_fn(|_| Ok(HttpResponse::new(br#"{ "Response": [{ "Decision": "Deny" }] }"#.to_vec())));
/// let engine = XacmlEngine::new(client, &DecisionPoint::new("http://127.0.0.1/decision"))?;
///
/// let (organization, target) = ("acme".into(), Target::new("hr", "scim2"));
/// let ada = Resource::from(User::new("u-42", "ada"));
/// let now = Timestamp::from_millis(1_793_788_200_000);
/// let request = RuleRequest::new(&organization, &target, Operation::Create, &ada, now);
/// assert_eq!(engine.decide(&request).await?.verdict, Verdict::Deny);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct XacmlEngine {
    remote: Remote,
    format: XacmlFormat,
    attributes: RuleAttributes,
    policy_ids: bool,
}

impl XacmlEngine {
    /// An engine that asks this decision point in JSON.
    ///
    /// # Errors
    /// All that is wrong with the point, under `decision_point`.
    pub fn new(client: impl HttpClient, point: &DecisionPoint) -> Result<Self, Problems> {
        Ok(Self {
            remote: Remote::new(Arc::new(client), point, "")?,
            format: XacmlFormat::default(),
            attributes: RuleAttributes::new(),
            policy_ids: true,
        })
    }

    /// The same engine, which asks in this form.
    #[must_use]
    pub fn with_format(mut self, format: XacmlFormat) -> Self {
        self.format = format;
        self
    }

    /// The same engine, which says this of a request.
    #[must_use]
    pub fn with_attributes(mut self, attributes: RuleAttributes) -> Self {
        self.attributes = attributes;
        self
    }

    /// The same engine, which does not ask for the ids of the policies that decided. Not every decision point has them.
    #[must_use]
    pub fn without_policy_ids(mut self) -> Self {
        self.policy_ids = false;
        self
    }
}

#[async_trait]
impl RuleEngine for XacmlEngine {
    async fn decide(&self, request: &RuleRequest<'_>) -> Result<RuleDecision> {
        let categories = self.attributes.of(request);
        let body = if self.format.is_json() {
            json::request(&categories, self.policy_ids)
        } else {
            xml::request(&categories, self.policy_ids)
        };
        let body = self.remote.ask(self.format.media_type(), body).await?;
        let answer = if self.format.is_json() { json::answer(&body) } else { xml::answer(&body) };
        answer?.judged()
    }
}
