//! Why a request is refused: RFC 7644 section 3.12.

use http::StatusCode;
use http::header::{ALLOW, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};

/// A refusal. The detail is fixed text, so that it cannot quote a value of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    scim_type: Option<&'static str>,
    detail: &'static str,
    /// The methods that would do, where the method was wrong.
    allow: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: &'static str) -> Self {
        Self { status, scim_type: None, detail, allow: None }
    }

    fn bad_request(scim_type: &'static str, detail: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, scim_type: Some(scim_type), detail, allow: None }
    }

    pub(super) fn invalid_syntax(detail: &'static str) -> Self {
        Self::bad_request("invalidSyntax", detail)
    }

    pub(super) fn invalid_value(detail: &'static str) -> Self {
        Self::bad_request("invalidValue", detail)
    }

    pub(super) fn invalid_filter(detail: &'static str) -> Self {
        Self::bad_request("invalidFilter", detail)
    }

    pub(super) fn too_many(detail: &'static str) -> Self {
        Self::bad_request("tooMany", detail)
    }

    pub(super) fn invalid_path(detail: &'static str) -> Self {
        Self::bad_request("invalidPath", detail)
    }

    pub(super) fn no_target(detail: &'static str) -> Self {
        Self::bad_request("noTarget", detail)
    }

    pub(super) fn mutability(detail: &'static str) -> Self {
        Self::bad_request("mutability", detail)
    }

    pub(super) fn uniqueness(detail: &'static str) -> Self {
        Self { status: StatusCode::CONFLICT, scim_type: Some("uniqueness"), detail, allow: None }
    }

    pub(super) fn not_found(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "The endpoint does not take this method.")
        }
    }

    /// What RFC 9110 wants beside the body (sections 15.5.2 and 15.5.6).
    pub(super) fn add_headers_to(self, headers: &mut HeaderMap) {
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
    }

    pub(super) fn to_json(self) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_str(),
            "detail": self.detail,
        });
        if let (Some(scim_type), Some(body)) = (self.scim_type, body.as_object_mut()) {
            body.insert("scimType".into(), scim_type.into());
        }
        body
    }
}
