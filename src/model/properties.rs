//! The settings of a connector: name and value as an administrator edits them, and what describes them to a form.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use url::Url;

use super::problem::Problems;
use super::secret::{Secret, SecretReference};

/// Settings by name. `Debug` shows the names and never a value: it cannot know which are secret.
///
/// ```
/// use outbound_provisioning::model::Properties;
///
/// let properties = Properties::new().with("base_url", "https://hr.example.com/scim/v2").with("token", "env:HR_TOKEN");
/// assert_eq!(properties.text("base_url"), Some("https://hr.example.com/scim/v2"));
/// assert_eq!(format!("{properties:?}"), r#"Properties(["base_url", "token"])"#);
/// ```
#[derive(Clone, Default)]
pub struct Properties(BTreeMap<String, Secret>);

impl Properties {
    /// No settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same settings and one more. A secret may be given as it is or as a [`SecretReference`].
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), Secret::new(value));
    }

    /// The value of a setting, as text. Whoever asks for a secret one must neither log nor store it.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Notes every setting that its description does not allow: unknown, missing, or of the wrong kind.
    pub fn check(&self, specs: &[PropertySpec], path: &str, problems: &mut Problems) {
        let known = specs.iter().map(|spec| spec.name.as_str());
        for (name, value) in &self.0 {
            let path = format!("{path}.{name}");
            match specs.iter().find(|spec| spec.name == *name) {
                Some(spec) => {
                    if let Some(message) = spec.complaint(value.expose()) {
                        problems.note(path, message);
                    }
                }
                None => problems.note_unknown_key(path, name, known.clone()),
            }
        }
        for spec in specs {
            if spec.required && spec.default.is_none() && !self.0.contains_key(&spec.name) {
                problems
                    .note(format!("{path}.{}", spec.name), format!("missing; give {}", spec.kind));
            }
        }
    }
}

impl PartialEq for Properties {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().all(|(name, value)| other.text(name) == Some(value.expose()))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Properties({:?})", self.names().collect::<Vec<_>>())
    }
}

/// One setting, described so that an admin console can draw a form and check what is typed.
///
/// ```
/// use outbound_provisioning::model::{PropertyKind, PropertySpec};
///
/// let spec = PropertySpec::new("base_url", "Base URL", PropertyKind::Url)
///     .described("Where the SCIM service begins, for example https://hr.example.com/scim/v2")
///     .required()
///     .at(1);
/// assert!(spec.required);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PropertySpec {
    /// The key.
    pub name: String,
    /// What the form shows in front of the field.
    pub label: String,
    /// What the form shows below it.
    pub description: String,
    /// What may be typed.
    pub kind: PropertyKind,
    /// Whether a value must be given.
    pub required: bool,
    /// The value that counts when none is given.
    pub default: Option<String>,
    /// The place in the form, ascending.
    pub order: u16,
}

impl PropertySpec {
    /// An optional setting at the start of the form.
    pub fn new(name: impl Into<String>, label: impl Into<String>, kind: PropertyKind) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            description: String::new(),
            kind,
            required: false,
            default: None,
            order: 0,
        }
    }

    /// The same setting with a description.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The same setting, which must be given.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same setting with a default.
    #[must_use]
    pub fn with_default(mut self, value: impl Into<String>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// The same setting at a place of the form.
    #[must_use]
    pub fn at(mut self, order: u16) -> Self {
        self.order = order;
        self
    }

    /// What is wrong with a value, in words that do not repeat it.
    pub(crate) fn complaint(&self, value: &str) -> Option<String> {
        let fits = match &self.kind {
            PropertyKind::Text => !value.trim().is_empty(),
            PropertyKind::Secret => !value.is_empty(),
            PropertyKind::Url => Url::parse(value).is_ok_and(|url| url.has_host()),
            PropertyKind::Boolean => matches!(value, "true" | "false"),
            PropertyKind::Integer => value.parse::<i64>().is_ok(),
            PropertyKind::Choice(choices) => choices.iter().any(|choice| choice.value == value),
        };
        (!fits).then(|| format!("not understood; give {}", self.kind))
    }

    /// How a value is written to a document; a secret only as a reference.
    pub(crate) fn document_value(&self, value: &str) -> Option<Value> {
        match self.kind {
            PropertyKind::Secret => {
                SecretReference::parse(value).map(|reference| reference.to_string().into())
            }
            PropertyKind::Boolean => {
                Some(value.parse::<bool>().map_or_else(|_| value.into(), Value::from))
            }
            PropertyKind::Integer => {
                // Only a number that reads back as the same text.
                let number = value.parse::<i64>().ok().filter(|number| number.to_string() == value);
                Some(number.map_or_else(|| value.into(), Value::from))
            }
            PropertyKind::Text | PropertyKind::Url | PropertyKind::Choice(_) => Some(value.into()),
        }
    }
}

/// What may be typed for a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PropertyKind {
    /// `true` or `false`.
    Boolean,
    /// One of these.
    Choice(Vec<Choice>),
    /// A whole number.
    Integer,
    /// A secret, or a [`SecretReference`] to one. The form hides what is typed.
    Secret,
    /// Any text.
    Text,
    /// An absolute URL.
    Url,
}

impl fmt::Display for PropertyKind {
    /// What may be typed, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "true or false",
            Self::Choice(choices) => {
                f.write_str("one of ")?;
                for (place, choice) in choices.iter().enumerate() {
                    write!(f, "{}{}", if place == 0 { "" } else { ", " }, choice.value)?;
                }
                return Ok(());
            }
            Self::Integer => "a whole number",
            Self::Secret => "a secret, or a reference such as env:NAME or file:PATH",
            Self::Text => "a text",
            Self::Url => "an absolute URL",
        })
    }
}

/// One of several allowed values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choice {
    /// The value that is stored.
    pub value: String,
    /// What the form shows.
    pub label: String,
}

impl Choice {
    /// A value and its label.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}
