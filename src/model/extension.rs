//! Attributes of other schemas, by URN (RFC 7643 sections 3.3 and 4.3).

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::ids::Reference;
use super::lenient;

/// The URN of the enterprise user extension (RFC 7643 section 4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The URN under which the host says where it keeps a user: `domain` is the name of the user store. A mapping can use
/// it; it is never sent to any target.
///
/// ```
/// use outbound_provisioning::model::{USER_STORE, User};
///
/// let ada = User::new("u-42", "ada").with_extension(USER_STORE, [("domain", "LONDON".into())]);
/// # assert_eq!(ada.extension_urns().count(), 1);
/// ```
pub const USER_STORE: &str = "urn:outbound-provisioning:user-store";

/// The schemas whose attributes stand at the resource itself (RFC 7643 section 8.7.1): written with them or without, an
/// attribute is the same.
const CORE: [&str; 2] =
    ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"];

/// Whether the attributes of this schema stand at the resource itself. Asked wherever a schema is compared.
pub(crate) fn is_core(urn: &str) -> bool {
    CORE.iter().any(|core| core.eq_ignore_ascii_case(urn))
}

/// Whether a name is a schema's URN (RFC 8141: without regard to case).
pub(crate) fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// The enterprise user extension (RFC 7643 section 4.3).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct EnterpriseUser {
    /// The number by which the organization knows the person.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// Cost centre.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub cost_center: Option<String>,
    /// Organization.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Division.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// Department.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The user's manager.
    #[serde(deserialize_with = "lenient::object", skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
}

/// A manager: another user.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Manager {
    /// The other user.
    #[serde(deserialize_with = "lenient::text")]
    pub value: Reference,
}

impl Manager {
    /// The manager with this id.
    pub fn new(user: impl Into<Reference>) -> Self {
        Self { value: user.into() }
    }
}

redacted_debug!(EnterpriseUser, Manager);

/// Any other extensions: the schema's URN and its attributes as JSON.
///
/// ```
/// use outbound_provisioning::model::Extensions;
/// use serde_json::json;
///
/// let extensions = Extensions::new().with("urn:example:badge", [("colour", json!("green"))]);
/// assert_eq!(extensions.get("urn:example:badge").and_then(|badge| badge.get("colour")), Some(&json!("green")));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Extensions(BTreeMap<String, Map<String, Value>>);

impl Extensions {
    /// No extension.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with these attributes of this schema in place of any it had.
    #[must_use]
    pub fn with<'a>(
        mut self,
        urn: impl Into<String>,
        attributes: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Self {
        let attributes =
            attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.0.insert(urn.into(), attributes);
        self
    }

    /// The attributes of one schema.
    pub fn get(&self, urn: &str) -> Option<&Map<String, Value>> {
        self.0.get(urn)
    }

    /// The attributes of one schema, without regard to the case of its URN, and the URN as it is spelt.
    pub(crate) fn named(&self, urn: &str) -> Option<(&str, &Map<String, Value>)> {
        let exact = self.0.get_key_value(urn);
        let named =
            exact.or_else(|| self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(urn)));
        named.map(|(urn, attributes)| (urn.as_str(), attributes))
    }

    /// Takes the attributes of one schema out, without regard to the case of its URN, to be [put
    /// back](Self::replace) under the URN as it is spelt.
    pub(crate) fn take(&mut self, urn: &str) -> (String, Map<String, Value>) {
        if let Some(taken) = self.0.remove_entry(urn) {
            return taken;
        }
        let spelt = self.0.keys().find(|known| known.eq_ignore_ascii_case(urn)).cloned();
        let taken = spelt.and_then(|urn| self.0.remove_entry(&urn));
        taken.unwrap_or_else(|| (urn.to_owned(), Map::new()))
    }

    /// Puts these attributes in place of all that the schema has; nothing takes the schema away.
    pub(crate) fn replace(&mut self, urn: String, attributes: Map<String, Value>) {
        self.0.retain(|known, _| !known.eq_ignore_ascii_case(&urn));
        if !attributes.is_empty() {
            self.0.insert(urn, attributes);
        }
    }

    /// Takes a schema away, without regard to the case of its URN.
    pub(crate) fn remove(&mut self, urn: &str) {
        self.0.retain(|known, _| !known.eq_ignore_ascii_case(urn));
    }

    /// The URNs, sorted.
    pub fn urns(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

redacted_debug!(Extensions);

/// Keeps what a URN names and passes over the rest (`id`, `meta`, names of other dialects), whatever its shape.
impl<'de> Deserialize<'de> for Extensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> serde::de::Visitor<'de> for Keys {
            type Value = Extensions;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("attributes by schema URN")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Extensions, A::Error> {
                let mut extensions = Extensions::default();
                while let Some(key) = map.next_key::<String>()? {
                    if !is_urn(&key) {
                        map.next_value::<IgnoredAny>()?;
                    } else if let Value::Object(attributes) = map.next_value()? {
                        extensions.0.insert(key, attributes);
                    }
                }
                Ok(extensions)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}
