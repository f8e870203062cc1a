//! What a mapping comes to for one resource, and which rule made each value.

use std::fmt;

use serde_json::{Map, Value};

use super::apply::Did;
use super::{MappingContext, MappingError};
use crate::model::mapping::{Base, Mapping, stays};
use crate::model::{AttributePath, Resource, ValuePath};

/// What the target would see, attribute by attribute.
///
/// `Debug` shows the paths and where the values come from, and never a value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Preview {
    /// What would be sent and compared.
    pub resource: Resource,
    /// What each rule came to, in the order of the rules, and behind them what no rule names.
    pub attributes: Vec<PreviewedAttribute>,
}

impl Preview {
    /// The first entry whose path is written so.
    pub fn attribute(&self, path: &str) -> Option<&PreviewedAttribute> {
        self.attributes.iter().find(|attribute| attribute.path.to_string() == path)
    }
}

/// One attribute of a preview.
#[derive(Clone)]
#[non_exhaustive]
pub struct PreviewedAttribute {
    /// Which.
    pub path: ValuePath,
    /// Where its value comes from.
    pub origin: Origin,
    value: Option<Value>,
}

impl PreviewedAttribute {
    /// The value that the target would see. Personal data: for the administrator who asked, and for no log.
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }
}

impl fmt::Debug for PreviewedAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreviewedAttribute")
            .field("path", &self.path.attribute().to_string())
            .field("origin", &self.origin)
            .field("value", &self.value.as_ref().map(|_| "[redacted]"))
            .finish()
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The host said so, and no rule names the attribute.
    PassedThrough,
    /// This rule made it.
    Rule {
        /// Which, from 0.
        index: usize,
        /// The rule's source, in one word as in a document.
        source: &'static str,
    },
    /// The source of this rule has no value, and its default took the place.
    Default {
        /// Which, from 0.
        index: usize,
    },
    /// Because of this rule there is no value.
    Cleared {
        /// Which, from 0.
        index: usize,
    },
    /// The rule leaves the attribute as it was confirmed at the target last, or no rule names it. Where nothing was
    /// confirmed yet there is no value; but `active`, the name and `externalId`, without which no account can be, stay
    /// what the host says.
    CarriedOver {
        /// Which, from 0.
        index: Option<usize>,
    },
}

impl Mapping {
    /// As [`apply`](Self::apply), and where each value comes from.
    ///
    /// ```
    /// use outbound_provisioning::mapping::{MappingContext, Origin};
    /// use outbound_provisioning::model::mapping::{Mapping, Rule, Source};
    /// use outbound_provisioning::model::{User, ValuePath};
    ///
    /// let to = ValuePath::parse("userType")?;
    /// let mapping = Mapping::new().with_user_rule(Rule::new(to, Source::Constant("Employee".into())));
    /// let (acme, hr) = ("acme".into(), "hr".into());
    /// let preview = mapping.preview(&User::new("u-1", "ada").into(), &MappingContext::new(&acme, &hr))?;
    ///
    /// let user_type = preview.attribute("userType").unwrap();
    /// assert_eq!(user_type.value().and_then(|value| value.as_str()), Some("Employee"));
    /// assert_eq!(user_type.origin, Origin::Rule { index: 0, source: "constant" });
    /// assert_eq!(preview.attribute("userName").unwrap().origin, Origin::PassedThrough);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn preview(
        &self,
        source: &Resource,
        context: &MappingContext<'_>,
    ) -> Result<Preview, MappingError> {
        let rules = self.rules(source.kind());
        let mut done = Vec::with_capacity(rules.len());
        let resource = self.run(source, context, &mut |_, did| done.push(did))?;
        let seen = resource.attributes();
        let mut attributes = Vec::new();
        for (index, (rule, did)) in rules.iter().zip(done).enumerate() {
            let origin = match did {
                Did::Made => Origin::Rule { index, source: rule.source().word() },
                Did::Defaulted => Origin::Default { index },
                Did::Cleared => Origin::Cleared { index },
                Did::CarriedOver => Origin::CarriedOver { index: Some(index) },
            };
            let path = rule.to().clone();
            let value = path.whole(&seen).cloned();
            attributes.push(PreviewedAttribute { path, origin, value });
        }
        // Of several values, those that a rule chose are in its entry.
        let mut rest = seen;
        for rule in rules {
            let whole = AttributePath { sub_attribute: None, ..rule.to().attribute().clone() };
            if let Some(filter) = rule.to().filter() {
                ValuePath::new(whole, Some(filter.clone())).clear(&mut rest);
            }
        }
        for path in leaves(&rest) {
            let is_named = rules.iter().any(|rule| {
                let to = rule.to();
                to.filter().is_none() && to.attribute().covers(&path)
            });
            if is_named {
                continue;
            }
            let passes = self.base == Base::All || stays(source.kind(), &path);
            let origin =
                if passes { Origin::PassedThrough } else { Origin::CarriedOver { index: None } };
            let path = ValuePath::from(path);
            let value = path.whole(&rest).cloned();
            attributes.push(PreviewedAttribute { path, origin, value });
        }
        Ok(Preview { resource, attributes })
    }
}

/// Every attribute, of one with parts each part.
fn leaves(attributes: &Map<String, Value>) -> Vec<AttributePath> {
    let mut leaves = Vec::new();
    for (name, value) in attributes {
        match value {
            Value::Object(parts) if name.contains(':') => {
                leaves.extend(parts.keys().map(|part| AttributePath::of_schema(name, part)));
            }
            Value::Object(parts) => {
                let whole = AttributePath::new(name);
                leaves.extend(parts.keys().map(|part| whole.clone().sub_attribute(part)));
            }
            _ => leaves.push(AttributePath::new(name)),
        }
    }
    leaves
}
