//! A connector in front of a target that answers well, and everything that it has sent.

use std::sync::{Arc, Mutex};

use http::Method;
use outbound_provisioning::connector::{BuildContext, Connector, ConnectorFactory};
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::model::{Problems, Properties, Target};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{HttpRequest, HttpResponse, http_fn};
use serde_json::json;
use url::Url;

use crate::bodies::request_is_good;

pub(crate) const BASE: &str = "https://hr.example.com/scim/v2";

/// A connector, and what it has sent.
pub(crate) struct Scene {
    pub(crate) connector: Arc<dyn Connector>,
    seen: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Scene {
    /// None where the settings are refused.
    pub(crate) fn with(properties: Properties) -> Option<Self> {
        Self::answering(properties, |request| {
            let body = match *request.method() {
                Method::POST => json!({ "id": "r-1" }),
                Method::GET => json!({ "totalResults": 0, "Resources": [] }),
                _ => return status(204, Vec::new()),
            };
            let code = if request.method() == Method::POST { 201 } else { 200 };
            status(code, body.to_string().into_bytes())
        })
    }

    pub(crate) fn answering(
        properties: Properties,
        answer: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static,
    ) -> Option<Self> {
        let seen = Arc::<Mutex<Vec<HttpRequest>>>::default();
        let told = Arc::clone(&seen);
        let client = http_fn(move |request| {
            let response = answer(&request);
            told.lock().unwrap().push(request);
            Ok(response)
        });
        let factory = Scim2Factory::new(client);
        let mut problems = Problems::new();
        properties.check(factory.properties(), "here", &mut problems);
        factory.check(&properties, "here", &mut problems);
        let place = Target::new("hr", "scim2");
        let secrets = Arc::new(NoSecrets::new());
        let context = BuildContext::new("acme".into(), place, 1, properties, secrets);
        let built = factory.build(&context).ok();
        assert_eq!(built.is_some(), problems.is_empty(), "{problems}");
        built.map(|connector| Self { connector, seen })
    }

    /// What was sent since the last question; each stays where it should be.
    pub(crate) fn sent(&self) -> Vec<HttpRequest> {
        let sent = std::mem::take(&mut *self.seen.lock().unwrap());
        for request in &sent {
            request_is_good(BASE, request);
        }
        sent
    }
}

pub(crate) fn status(code: u16, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap();
    response
}

pub(crate) fn bearer(overrides: &str) -> Properties {
    settings("bearer", overrides).with("token", "t0ken")
}

pub(crate) fn settings(authentication: &str, overrides: &str) -> Properties {
    Properties::new()
        .with("base_url", BASE)
        .with("authentication", authentication)
        .with("profile_overrides", overrides)
}

/// Exactly the requests that a call needs.
pub(crate) const QUIET: &str = r#"{"discovery": false, "adapt": false}"#;

/// The parameters of a request as the `url` crate reads them, and its path.
pub(crate) fn parsed(request: &HttpRequest) -> (String, Vec<(String, String)>) {
    let url = Url::parse(&request.uri().to_string()).unwrap();
    (url.path().to_owned(), url.query_pairs().into_owned().collect())
}
