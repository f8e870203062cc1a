//! Which values of a resource: RFC 7644 section 3.5.2, figure 7.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::error::FilterError;
use super::evaluate;
use super::reach::{self, Scope};
use super::{Filter, parse, print, write};
use crate::model::path::AttributePath;

/// An attribute, of its values perhaps only those that meet a filter, and of these perhaps only a sub-attribute:
/// `name.givenName`, `emails[type eq "work"].value`, `urn:…:User:department`.
///
/// What a filter means and where names and nothing are the same is told at [`Filter`]. `Debug` does not show the values
/// in the filter.
///
/// ```
/// use outbound_provisioning::model::ValuePath;
/// use serde_json::{Map, json};
///
/// let work = ValuePath::parse(r#"emails[type eq "work"].value"#)?;
/// let mut ada = Map::new();
/// assert_eq!(work.first(&ada), None);
///
/// work.set(&mut ada, "ada@example.com".into());
/// assert_eq!(ada.get("emails"), Some(&json!([{ "type": "work", "value": "ada@example.com" }])));
/// assert_eq!(work.first(&ada), Some(&json!("ada@example.com")));
///
/// ValuePath::parse(r#"emails[type eq "work"]"#)?.clear(&mut ada);
/// assert!(ada.is_empty());
/// # Ok::<(), outbound_provisioning::model::FilterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuePath {
    path: AttributePath,
    filter: Option<Filter>,
}

impl ValuePath {
    /// The attribute's values that meet the filter, or all; of these the path's sub-attribute, if it has one. In the
    /// filter, names begin at the value. It has no value path of its own: printed, that would not be read.
    pub fn new(path: impl Into<AttributePath>, filter: Option<Filter>) -> Self {
        Self { path: path.into(), filter }
    }

    /// Reads a value path.
    ///
    /// # Errors
    /// Any [`FilterErrorKind`](super::FilterErrorKind), with the place and what was expected there; never the text.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::value_path(text)
    }

    /// The attribute, and the sub-attribute if there is one.
    pub fn attribute(&self) -> &AttributePath {
        &self.path
    }

    /// What the values have to meet.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// Every value at the path, in the order of the resource; lists are taken apart, and what is nothing is left out.
    pub fn values<'a>(&self, attributes: &'a Map<String, Value>) -> Vec<&'a Value> {
        self.iter(Scope::Resource(attributes)).collect()
    }

    /// The first of the [`values`](Self::values).
    pub fn first<'a>(&self, attributes: &'a Map<String, Value>) -> Option<&'a Value> {
        self.iter(Scope::Resource(attributes)).next()
    }

    /// What stands at the path as it stands: a list whole. With a filter, or below a list, that is the first value.
    pub fn whole<'a>(&self, attributes: &'a Map<String, Value>) -> Option<&'a Value> {
        self.whole_at(Scope::Resource(attributes))
    }

    /// As [`values`](Self::values), where the attributes of its schema stand alone.
    pub(crate) fn values_in_schema<'a>(
        &self,
        attributes: &'a Map<String, Value>,
    ) -> Vec<&'a Value> {
        self.iter(Scope::Schema(attributes)).collect()
    }

    /// As [`whole`](Self::whole), where the attributes of its schema stand alone.
    pub(crate) fn whole_in_schema<'a>(
        &self,
        attributes: &'a Map<String, Value>,
    ) -> Option<&'a Value> {
        self.whole_at(Scope::Schema(attributes))
    }

    /// As [`set`](Self::set), where the attributes of its schema stand alone.
    pub(crate) fn set_in_schema(&self, attributes: &mut Map<String, Value>, value: Value) -> bool {
        write::set_alone(&self.path, self.filter.as_ref(), attributes, value)
    }

    fn whole_at<'a>(&self, scope: Scope<'a>) -> Option<&'a Value> {
        let value = reach::attribute(scope, &self.path)?;
        let whole = match (&self.filter, &self.path.sub_attribute) {
            (None, None) => value,
            (None, Some(sub)) if value.is_object() => reach::member(value, sub)?,
            _ => return self.iter(scope).next(),
        };
        // A list of nothing is nothing.
        reach::taken_apart(whole).next().map(|_| whole)
    }

    /// Puts a value there, and answers whether there is a place for it.
    ///
    /// - What is missing on the way is made: the extension, the attribute, a value of it. An attribute that RFC 7643
    ///   declares multi-valued becomes a list.
    /// - A sub-attribute is set in every value that meets the filter, in every value if there is no filter.
    /// - Without a sub-attribute, the value takes the place of all that meet the filter.
    /// - Where none meets the filter, a value is added that has what the filter compares by `eq`, joined by `and`. If
    ///   that still does not meet it, nothing is set, and the answer is false: `emails[type sw "w"].value` does not say
    ///   what the type of a new address is. A whole value is added with what it lacks of this, and is its own judge of
    ///   the rest.
    /// - What is nothing (null, an empty list, an empty object) [clears](Self::clear) the place.
    /// - A plain text, number or boolean becomes the `value` of one with sub-attributes when another is set in it.
    pub fn set(&self, attributes: &mut Map<String, Value>, value: Value) -> bool {
        write::set(&self.path, self.filter.as_ref(), attributes, value)
    }

    /// Removes what stands there, and what holds nothing any more: a value without sub-attributes, an attribute
    /// without values, an extension without attributes.
    pub fn clear(&self, attributes: &mut Map<String, Value>) {
        write::clear(&self.path, self.filter.as_ref(), attributes);
    }

    fn iter<'a>(&self, scope: Scope<'a>) -> impl Iterator<Item = &'a Value> {
        reach::entries(scope, &self.path)
            .filter(|entry| {
                self.filter.as_ref().is_none_or(|filter| filter.chooses(entry, &self.path))
            })
            .filter_map(|entry| match &self.path.sub_attribute {
                Some(sub) => reach::member(entry, sub),
                None => Some(entry),
            })
            .flat_map(reach::taken_apart)
    }
}

impl Filter {
    /// Whether a value of the attribute meets this filter in its brackets.
    pub(super) fn chooses(&self, entry: &Value, path: &AttributePath) -> bool {
        evaluate::holds(&self.0, Scope::Entry(entry, path))
    }
}

impl From<AttributePath> for ValuePath {
    fn from(path: AttributePath) -> Self {
        Self::new(path, None)
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(filter) = &self.filter else { return self.path.fmt(f) };
        print::print_attribute(&self.path, f)?;
        write!(f, "[{filter}]")?;
        match &self.path.sub_attribute {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

impl FromStr for ValuePath {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}
