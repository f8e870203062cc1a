//! What a form shows: sections of fields, each with its label, its description and what may be typed.
//!
//! Not for: which fields there are. A connector's own are its [`PropertySpec`]s; those of the parts that every connector
//! has stand in [`configuration`](super::configuration).

use std::fmt;

use super::properties::{PropertyKind, PropertySpec};

/// Fields that belong together.
///
/// ```
/// use outbound_provisioning::model::ConnectorSettings;
///
/// for section in ConnectorSettings::form() {
///     println!("{}\n{}", section.label, section.description);
///     for field in section.fields {
///         println!("  {}: {}", field.label, field.kind);
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormSection {
    /// The key among a connector's settings under which the fields stand, as an object. None: they stand beside it.
    pub name: Option<String>,
    /// What the form shows above the fields.
    pub label: String,
    /// What the section is for, in a sentence.
    pub description: String,
    /// The fields, in the order of the form.
    pub fields: Vec<FormField>,
}

impl FormSection {
    /// A section without fields. Its fields stand beside those of other sections.
    pub fn new(label: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: None,
            label: label.into(),
            description: description.into(),
            fields: Vec::new(),
        }
    }

    /// The same section, whose fields stand under this key.
    #[must_use]
    pub fn under(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same section with more fields.
    #[must_use]
    pub fn with(mut self, fields: impl IntoIterator<Item = FormField>) -> Self {
        self.fields.extend(fields);
        self
    }
}

/// One field of a form.
///
/// ```
/// use outbound_provisioning::model::{FormField, PropertyKind, PropertySpec};
///
/// let field = FormField::from(&PropertySpec::new("base_url", "Base URL", PropertyKind::Url).required());
/// assert!(field.required);
/// assert_eq!(field.kind.to_string(), "an absolute URL");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormField {
    /// The key.
    pub name: String,
    /// What the form shows in front of the field.
    pub label: String,
    /// What the form shows below it.
    pub description: String,
    /// What may be typed.
    pub kind: FieldKind,
    /// Whether a value must be given.
    pub required: bool,
    /// The value that counts when none is given.
    pub default: Option<String>,
}

impl FormField {
    /// An optional field without a default.
    pub fn new(name: impl Into<String>, label: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            description: String::new(),
            kind,
            required: false,
            default: None,
        }
    }

    /// The same field with a description.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The same field, which must be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same field with a default.
    #[must_use]
    pub fn with_default(mut self, value: impl Into<String>) -> Self {
        self.default = Some(value.into());
        self
    }
}

impl From<&PropertySpec> for FormField {
    fn from(spec: &PropertySpec) -> Self {
        Self {
            name: spec.name.clone(),
            label: spec.label.clone(),
            description: spec.description.clone(),
            kind: FieldKind::Property(spec.kind.clone()),
            required: spec.required,
            default: spec.default.clone(),
        }
    }
}

/// What may be typed into a field. `Display` says it in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A simple value, as a connector's own settings have it.
    Property(PropertyKind),
    /// Several texts.
    Texts,
    /// An attribute path, which may have a value filter: [`ValuePath`](super::ValuePath).
    Path,
    /// A [`Filter`](super::Filter) (RFC 7644 section 3.4.2.2).
    Filter,
    /// A [`Filter`](super::Filter), or `false` for none at all.
    FilterOrFalse,
    /// An [`Expression`](super::mapping::Expression); its functions are
    /// [`Expression::functions`](super::mapping::Expression::functions).
    Expression,
    /// Any JSON value.
    Value,
    /// Set as `true`, or not there.
    Mark,
    /// A list of rows, each with these fields.
    Rows(Vec<FormField>),
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Property(kind) => return kind.fmt(f),
            Self::Texts => "a list of texts",
            Self::Path => "an attribute, such as emails[type eq \"work\"].value",
            Self::Filter => "a filter, such as userType eq \"Employee\"",
            Self::FilterOrFalse => "a filter, such as displayName sw \"app-\", or false",
            Self::Expression => "an expression, such as ToLower([userName])",
            Self::Value => "any value",
            Self::Mark => "true, or nothing",
            Self::Rows(_) => "a list of rows",
        })
    }
}
