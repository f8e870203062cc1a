//! Complex attributes of a user (RFC 7643 sections 2.4 and 4.1).

use serde::{Deserialize, Serialize};

use super::lenient;

/// The parts of a name (RFC 7643 section 4.1.1).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Name {
    /// The full name as it is shown.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Last name.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// First name.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Middle names.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Title in front, for example `Dr.`.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub honorific_prefix: Option<String>,
    /// Suffix, for example `III`.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub honorific_suffix: Option<String>,
}

impl Name {
    /// First and last name.
    ///
    /// ```
    /// let name = outbound_provisioning::model::Name::new("Ada", "Lovelace");
    /// assert_eq!(name.family_name.as_deref(), Some("Lovelace"));
    /// ```
    pub fn new(given: impl Into<String>, family: impl Into<String>) -> Self {
        Self { given_name: Some(given.into()), family_name: Some(family.into()), ..Self::default() }
    }
}

/// One value of a multi-valued attribute such as `emails` or `roles` (RFC 7643 section 2.4).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct MultiValue {
    /// The value itself.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// What a person is shown.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// A label: `work`, `home`, … An open vocabulary.
    #[serde(
        rename = "type",
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// Whether this is the preferred value. At most one of an attribute's is.
    #[serde(deserialize_with = "lenient::flag", skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
}

impl MultiValue {
    /// A value with a label.
    ///
    /// ```
    /// let mail = outbound_provisioning::model::MultiValue::new("work", "ada@example.com").as_primary();
    /// assert!(mail.primary);
    /// ```
    pub fn new(kind: impl Into<String>, value: impl Into<String>) -> Self {
        Self { value: value.into(), kind: Some(kind.into()), ..Self::default() }
    }

    /// The same value, preferred.
    #[must_use]
    pub fn as_primary(mut self) -> Self {
        self.primary = true;
        self
    }
}

/// A postal address (RFC 7643 section 4.1.2).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Address {
    /// The address as it is printed.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street, house number, apartment.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State or region.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Zip or postal code.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    #[serde(deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// A label: `work`, `home`, `other`.
    #[serde(
        rename = "type",
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// Whether this is the preferred address.
    #[serde(deserialize_with = "lenient::flag", skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
}

redacted_debug!(Name, MultiValue, Address);
