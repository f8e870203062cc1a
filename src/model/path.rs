//! Which attribute: RFC 7644 section 3.5.2's paths, without value filters.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::extension::{is_core, is_urn};

/// An attribute, one of its sub-attributes, or an attribute of an extension schema.
///
/// ```
/// use outbound_provisioning::model::AttributePath;
///
/// assert_eq!(AttributePath::new("name").sub_attribute("familyName").to_string(), "name.familyName");
/// assert_eq!(AttributePath::of_schema("urn:example:badge", "colour").to_string(), "urn:example:badge:colour");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttributePath {
    /// The extension's URN; none for the core schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The attribute's name.
    pub attribute: String,
    /// The sub-attribute's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_attribute: Option<String>,
}

impl AttributePath {
    /// An attribute of the core schema.
    pub fn new(attribute: impl Into<String>) -> Self {
        Self { schema: None, attribute: attribute.into(), sub_attribute: None }
    }

    /// An attribute of an extension schema.
    pub fn of_schema(urn: impl Into<String>, attribute: impl Into<String>) -> Self {
        Self { schema: Some(urn.into()), ..Self::new(attribute) }
    }

    /// A sub-attribute of this one.
    #[must_use]
    pub fn sub_attribute(self, name: impl Into<String>) -> Self {
        Self { sub_attribute: Some(name.into()), ..self }
    }

    /// The schema, unless the attribute stands at the resource itself.
    pub(crate) fn extension(&self) -> Option<&str> {
        self.schema.as_deref().filter(|urn| !is_core(urn))
    }

    /// Whether this leads to all that the other leads to. Names and schemas count without case.
    pub(crate) fn covers(&self, part: &Self) -> bool {
        let same = |one: Option<&str>, other: Option<&str>| match (one, other) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            (None, None) => true,
            _ => false,
        };
        same(self.extension(), part.extension())
            && self.attribute.eq_ignore_ascii_case(&part.attribute)
            && (self.sub_attribute.is_none()
                || same(self.sub_attribute.as_deref(), part.sub_attribute.as_deref()))
    }

    /// What a resource's JSON has here, under the very names.
    pub(crate) fn value_in<'a>(&self, attributes: &'a Map<String, Value>) -> Option<&'a Value> {
        self.value_by(attributes, |object, name| object.get(name))
    }

    /// The same, each part found in its own way.
    pub(crate) fn value_by<'a>(
        &self,
        attributes: &'a Map<String, Value>,
        part: impl Fn(&'a Map<String, Value>, &str) -> Option<&'a Value>,
    ) -> Option<&'a Value> {
        let attributes = match &self.schema {
            Some(urn) => part(attributes, urn)?.as_object()?,
            None => attributes,
        };
        let value = part(attributes, &self.attribute)?;
        match &self.sub_attribute {
            Some(sub) => part(value.as_object()?, sub),
            None => Some(value),
        }
    }
}

impl From<&str> for AttributePath {
    /// `attribute` or `attribute.subAttribute`, with `urn:…:` in front for an extension schema's.
    fn from(text: &str) -> Self {
        // A URN has colons and dots of its own; the attribute begins behind its last colon.
        let (urn, name) = match text.rsplit_once(':') {
            Some((urn, name)) if is_urn(text) => (Some(urn.to_owned()), name),
            _ => (None, text),
        };
        let (attribute, sub) =
            name.split_once('.').map_or((name, None), |(name, sub)| (name, Some(sub)));
        Self { schema: urn, sub_attribute: sub.map(str::to_owned), ..Self::new(attribute) }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.schema {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.attribute)?;
        match &self.sub_attribute {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}
