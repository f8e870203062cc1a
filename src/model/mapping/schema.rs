//! Which attributes there are at a target, and what each of them holds (RFC 7643 sections 2 and 4).

use crate::model::extension::ENTERPRISE_USER;
use crate::model::kind::ResourceKind;
use crate::model::path::AttributePath;

/// One attribute of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttributeSpec {
    /// Which one.
    pub path: AttributePath,
    /// What it holds.
    pub kind: AttributeKind,
    /// Whether it holds several values.
    pub multi_valued: bool,
    /// Whether the target refuses a resource without it.
    pub required: bool,
    /// What it is for, as a form shows it.
    pub description: String,
}

impl AttributeSpec {
    /// An attribute with one value, which may be missing.
    ///
    /// ```
    /// use outbound_provisioning::model::mapping::{AttributeKind, AttributeSpec};
    ///
    /// let badge = AttributeSpec::new("urn:example:badge:colour", AttributeKind::Text).required();
    /// assert!(badge.required && !badge.multi_valued);
    /// ```
    pub fn new(path: impl Into<AttributePath>, kind: AttributeKind) -> Self {
        Self {
            path: path.into(),
            kind,
            multi_valued: false,
            required: false,
            description: String::new(),
        }
    }

    /// The same attribute, which must have a value.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same attribute with several values.
    #[must_use]
    pub fn multi_valued(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    /// The same attribute with what it is for.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }
}

/// What an attribute holds (RFC 7643 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeKind {
    /// A text.
    Text,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A date and time (RFC 3339).
    DateTime,
    /// Bytes in base64.
    Binary,
    /// Another user or group. It is copied whole, and never computed.
    Reference,
    /// Parts with names of their own.
    Complex,
}

/// The attributes of one kind of resource at a target.
///
/// ```
/// use outbound_provisioning::model::ResourceKind;
/// use outbound_provisioning::model::mapping::{AttributeKind, AttributeSpec, TargetSchema};
///
/// let schema = TargetSchema::rfc7643(ResourceKind::User)
///     .with(AttributeSpec::new("urn:example:badge:colour", AttributeKind::Text).required());
/// assert!(schema.attributes.iter().any(|spec| spec.path.to_string() == "urn:example:badge:colour"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetSchema {
    /// Users or groups.
    pub kind: ResourceKind,
    /// The attributes, and their sub-attributes each on its own.
    pub attributes: Vec<AttributeSpec>,
    /// Whether attributes of extension schemas that are not listed are taken too.
    pub open: bool,
}

impl TargetSchema {
    /// No attribute yet.
    pub fn new(kind: ResourceKind) -> Self {
        Self { kind, attributes: Vec::new(), open: false }
    }

    /// The core attributes of RFC 7643 section 4, and for users the enterprise extension. Open for other extensions.
    pub fn rfc7643(kind: ResourceKind) -> Self {
        let attributes = rows(kind).iter().map(Row::spec).collect();
        Self { kind, attributes, open: true }
    }

    /// The same with one more attribute, in place of one with the same path.
    #[must_use]
    pub fn with(mut self, spec: AttributeSpec) -> Self {
        self.attributes.retain(|known| known.path != spec.path);
        self.attributes.push(spec);
        self
    }

    /// The same, which takes no attribute of an extension schema that is not listed.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.open = false;
        self
    }
}

/// Which attributes can take each other's values whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Simple,
    Name,
    /// `value`, `display`, `type`, `primary`.
    Value,
    Address,
    Manager,
}

/// One attribute of RFC 7643.
#[derive(Debug)]
pub(crate) struct Row {
    /// The path, without the URN of the extension.
    pub(crate) path: &'static str,
    pub(crate) kind: AttributeKind,
    pub(crate) shape: Shape,
    pub(crate) multi_valued: bool,
    pub(crate) required: bool,
    pub(crate) enterprise: bool,
    description: &'static str,
}

impl Row {
    fn spec(&self) -> AttributeSpec {
        let path = AttributePath::from(self.path);
        AttributeSpec {
            path: AttributePath {
                schema: self.enterprise.then(|| ENTERPRISE_USER.to_owned()),
                ..path
            },
            kind: self.kind,
            multi_valued: self.multi_valued,
            required: self.required,
            description: self.description.to_owned(),
        }
    }
}

const fn text(path: &'static str, description: &'static str) -> Row {
    Row {
        path,
        kind: AttributeKind::Text,
        shape: Shape::Simple,
        multi_valued: false,
        required: false,
        enterprise: false,
        description,
    }
}

const fn of(kind: AttributeKind, row: Row) -> Row {
    Row { kind, ..row }
}

const fn complex(shape: Shape, row: Row) -> Row {
    Row { kind: AttributeKind::Complex, shape, ..row }
}

const fn many(row: Row) -> Row {
    Row { kind: AttributeKind::Complex, shape: Shape::Value, multi_valued: true, ..row }
}

const fn required(row: Row) -> Row {
    Row { required: true, ..row }
}

const fn enterprise(row: Row) -> Row {
    Row { enterprise: true, ..row }
}

/// The attributes that a user or a group can carry.
pub(crate) fn rows(kind: ResourceKind) -> &'static [Row] {
    match kind {
        ResourceKind::User => USER,
        ResourceKind::Group => GROUP,
    }
}

/// The sub-attributes of every multi-valued attribute but addresses.
pub(crate) const VALUE: &[Row] = &[
    text("value", "The value itself"),
    text("display", "The value as people read it"),
    text("type", "A label such as work or home"),
    of(AttributeKind::Boolean, text("primary", "Whether it is the preferred value")),
];

const GROUP: &[Row] =
    &[text("externalId", "The host's id"), required(text("displayName", "The name of the group"))];

const USER: &[Row] = &[
    text("externalId", "The host's id"),
    required(text("userName", "The unique name for signing in")),
    complex(Shape::Name, text("name", "The parts of the name")),
    text("name.formatted", "The full name as it is shown"),
    text("name.familyName", "Last name"),
    text("name.givenName", "First name"),
    text("name.middleName", "Middle names"),
    text("name.honorificPrefix", "Title in front, such as Dr."),
    text("name.honorificSuffix", "Suffix, such as III"),
    text("displayName", "The name that others are shown"),
    text("nickName", "The casual name"),
    text("profileUrl", "A page about the user"),
    text("title", "For example Vice President"),
    text("userType", "For example Employee"),
    text("preferredLanguage", "As in an Accept-Language header"),
    text("locale", "A language tag"),
    text("timezone", "A time zone of the Olson database"),
    of(AttributeKind::Boolean, text("active", "Whether the account may be used")),
    many(text("emails", "E-mail addresses")),
    many(text("phoneNumbers", "Telephone numbers")),
    many(text("ims", "Instant messaging addresses")),
    many(text("photos", "URLs of photos")),
    Row { shape: Shape::Address, ..many(text("addresses", "Postal addresses")) },
    text("addresses.formatted", "The address as it is printed"),
    text("addresses.streetAddress", "Street, house number, apartment"),
    text("addresses.locality", "City"),
    text("addresses.region", "State or region"),
    text("addresses.postalCode", "Zip or postal code"),
    text("addresses.country", "ISO 3166-1 alpha-2 code"),
    text("addresses.type", "A label such as work or home"),
    of(AttributeKind::Boolean, text("addresses.primary", "Whether it is the preferred address")),
    many(text("entitlements", "Entitlements")),
    many(text("roles", "Roles")),
    many(text("x509Certificates", "Certificates, DER in base64")),
    enterprise(text("employeeNumber", "The number by which the organization knows the person")),
    enterprise(text("costCenter", "Cost centre")),
    enterprise(text("organization", "Organization")),
    enterprise(text("division", "Division")),
    enterprise(text("department", "Department")),
    enterprise(Row {
        kind: AttributeKind::Reference,
        shape: Shape::Manager,
        ..text("manager", "The user's manager")
    }),
    enterprise(of(AttributeKind::Reference, text("manager.value", "The manager's id"))),
];
