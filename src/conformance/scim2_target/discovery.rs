//! What the server tells of itself: RFC 7644 section 4, RFC 7643 sections 5 to 7.

use serde_json::{Value, json};

use super::schema::{ENTERPRISE, ENTERPRISE_ATTRIBUTES, GROUP, ResourceType, USER, describe};

/// More than this a list never holds, whatever `count` asks for.
pub(super) const MAX_RESULTS: usize = 200;

pub(super) fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MAX_RESULTS },
        "changePassword": { "supported": true },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "One fixed bearer token.",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

pub(super) fn resource_types(base: &str) -> Vec<Value> {
    ResourceType::ALL
        .into_iter()
        .map(|kind| {
            let extensions = match kind {
                ResourceType::User => json!([{ "schema": ENTERPRISE, "required": false }]),
                ResourceType::Group => json!([]),
            };
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": kind.name(),
                "name": kind.name(),
                "endpoint": format!("/{}", kind.endpoint()),
                "schema": kind.schema(),
                "schemaExtensions": extensions,
                "meta": {
                    "resourceType": "ResourceType",
                    "location": format!("{base}/ResourceTypes/{}", kind.name()),
                },
            })
        })
        .collect()
}

pub(super) fn schemas(base: &str) -> Vec<Value> {
    let user = describe(ResourceType::User.attributes(), Some("userName"));
    let group = describe(ResourceType::Group.attributes(), Some("displayName"));
    let enterprise = describe(ENTERPRISE_ATTRIBUTES, None);
    [(USER, "User", user), (GROUP, "Group", group), (ENTERPRISE, "EnterpriseUser", enterprise)]
        .into_iter()
        .map(|(urn, name, attributes)| {
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
                "id": urn,
                "name": name,
                "attributes": attributes,
                "meta": {
                    "resourceType": "Schema",
                    "location": format!("{base}/Schemas/{urn}"),
                },
            })
        })
        .collect()
}
