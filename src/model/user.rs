//! A user (RFC 7643 section 4.1).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::attribute::{Address, MultiValue, Name};
use super::extension::{ENTERPRISE_USER, EnterpriseUser, Extensions};
use super::ids::LocalId;
use super::lenient;

/// A user as SCIM's core schema has it, without a password: passwords travel beside the user, in the event.
///
/// Serialises to exactly SCIM's names and reads leniently what other systems send. `Debug` shows the id and nothing
/// of the person.
///
/// ```
/// use outbound_provisioning::model::{Name, User};
///
/// let mut ada = User::new("u-42", "ada").with_email("ada@example.com");
/// ada.name = Some(Name::new("Ada", "Lovelace"));
/// let json = serde_json::to_value(&ada).unwrap();
/// assert_eq!(json["externalId"], "u-42");
/// assert_eq!(json["name"]["familyName"], "Lovelace");
/// assert_eq!(json["emails"][0]["type"], "work");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// The host's stable id. Empty only in what a target shows and did not echo.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "is_empty")]
    pub external_id: LocalId,
    /// The unique name for signing in.
    #[serde(default, deserialize_with = "lenient::text")]
    pub user_name: String,
    /// The parts of the name.
    #[serde(
        default,
        deserialize_with = "lenient::object",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<Name>,
    /// The name that others are shown.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub display_name: Option<String>,
    /// The casual name.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub nick_name: Option<String>,
    /// A page about the user.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub profile_url: Option<String>,
    /// For example `Vice President`.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub title: Option<String>,
    /// For example `Employee`. An open vocabulary.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_type: Option<String>,
    /// As in an `Accept-Language` header.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub preferred_language: Option<String>,
    /// A language tag. Kept as text: an open vocabulary.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub locale: Option<String>,
    /// A time zone of the Olson database. Kept as text: an open vocabulary.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub timezone: Option<String>,
    /// Whether the account may be used. Missing counts as true.
    #[serde(default = "yes", deserialize_with = "lenient::flag_or_true")]
    pub active: bool,
    /// E-mail addresses.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<MultiValue>,
    /// Telephone numbers.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub phone_numbers: Vec<MultiValue>,
    /// Instant messaging addresses.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub ims: Vec<MultiValue>,
    /// URLs of photos.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<MultiValue>,
    /// Postal addresses.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Entitlements.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<MultiValue>,
    /// Roles.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<MultiValue>,
    /// X.509 certificates, DER in base64.
    #[serde(default, deserialize_with = "lenient::list", skip_serializing_if = "Vec::is_empty")]
    pub x509_certificates: Vec<MultiValue>,
    /// The enterprise extension.
    #[serde(
        rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        default,
        deserialize_with = "enterprise",
        skip_serializing_if = "is_unassigned"
    )]
    pub enterprise: Option<EnterpriseUser>,
    /// Any other extensions.
    #[serde(flatten)]
    pub extensions: Extensions,
}

impl User {
    /// An active user with these two names and nothing else.
    pub fn new(external_id: impl Into<LocalId>, user_name: impl Into<String>) -> Self {
        Self {
            external_id: external_id.into(),
            user_name: user_name.into(),
            name: None,
            display_name: None,
            nick_name: None,
            profile_url: None,
            title: None,
            user_type: None,
            preferred_language: None,
            locale: None,
            timezone: None,
            active: true,
            emails: Vec::new(),
            phone_numbers: Vec::new(),
            ims: Vec::new(),
            photos: Vec::new(),
            addresses: Vec::new(),
            entitlements: Vec::new(),
            roles: Vec::new(),
            x509_certificates: Vec::new(),
            enterprise: None,
            extensions: Extensions::new(),
        }
    }

    /// The same user with this work address as the preferred one.
    #[must_use]
    pub fn with_email(mut self, address: impl Into<String>) -> Self {
        self.emails.push(MultiValue::new("work", address).as_primary());
        self
    }

    /// The same user with this display name.
    #[must_use]
    pub fn with_display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// The same user, allowed in or not.
    #[must_use]
    pub fn with_active(mut self, active: bool) -> Self {
        self.active = active;
        self
    }

    /// The same user with an attribute of an extension schema; the enterprise schema's attributes are
    /// [`enterprise`](Self::enterprise).
    #[must_use]
    pub fn with_extension<'a>(
        mut self,
        urn: impl Into<String>,
        attributes: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Self {
        self.extensions = self.extensions.with(urn, attributes);
        self
    }

    /// The URNs of the extensions in use.
    pub fn extension_urns(&self) -> impl Iterator<Item = &str> {
        let enterprise = (!is_unassigned(&self.enterprise)).then_some(ENTERPRISE_USER);
        enterprise.into_iter().chain(self.extensions.urns())
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("external_id", &self.external_id).finish_non_exhaustive()
    }
}

/// An extension without attributes is not there (RFC 7643 section 2.5).
fn is_unassigned(enterprise: &Option<EnterpriseUser>) -> bool {
    enterprise.as_ref().is_none_or(|enterprise| *enterprise == EnterpriseUser::default())
}

fn enterprise<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<EnterpriseUser>, D::Error> {
    let enterprise = lenient::object(deserializer)?;
    Ok(enterprise.filter(|enterprise| *enterprise != EnterpriseUser::default()))
}

fn yes() -> bool {
    true
}

fn is_empty(id: &LocalId) -> bool {
    id.as_str().is_empty()
}
