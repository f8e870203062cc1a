//! The paths of PATCH: RFC 7644 section 3.5.2, figure 7.

use serde_json::{Map, Value};

use super::filter::{AttributePath, Filter, is_name};
use super::grammar;
use super::refusal::Refusal;
use super::schema::{Attribute, ResourceType, extension_attributes, find, key_of};
use super::write::{is_core, is_urn, known_extension};

/// `attrPath / valuePath [subAttr]` of figure 7, or the URN of an extension alone.
pub(super) enum Path {
    Core(Target),
    Extended(String, Target),
    Extension(String),
}

/// The attribute that is meant, within the resource or an extension.
pub(super) struct Target {
    pub(super) attribute: Named,
    pub(super) filter: Option<Filter>,
    pub(super) sub: Option<Named>,
}

/// A name, and what is known of it.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) definition: Option<&'static Attribute>,
}

impl Path {
    pub(super) fn parse(
        text: &str,
        kind: ResourceType,
        resource: &Map<String, Value>,
    ) -> Result<Self, Refusal> {
        let (head, filter, tail) = match text.split_once('[') {
            None => (text, None, ""),
            Some((head, rest)) => {
                let (filter, tail) = grammar::parse_in_brackets(rest)?;
                (head, Some(filter), tail)
            }
        };
        match bare_extension(head, kind, resource) {
            Some(urn) if filter.is_none() => return Ok(Self::Extension(urn)),
            _ => {}
        }
        let path = AttributePath::parse(head).ok_or_else(malformed)?;
        let sub = match (path.sub, tail) {
            (sub, "") => sub,
            (None, tail) => Some(
                tail.strip_prefix('.').filter(|sub| is_name(sub)).ok_or_else(malformed)?.to_owned(),
            ),
            (Some(_), _) => return Err(malformed()),
        };
        let urn = match path.schema {
            Some(urn) if !urn.eq_ignore_ascii_case(kind.schema()) => urn,
            _ => return Target::new(core(kind, &path.name)?, filter, sub).map(Self::Core),
        };
        if !is_urn(&urn) || is_core(&urn) {
            return Err(unknown());
        }
        let urn = known_extension(resource, &urn).unwrap_or(urn);
        let holder = resource.get(&urn).and_then(Value::as_object);
        let attribute = Named::find(extension_attributes(&urn), holder, path.name)?;
        Ok(Self::Extended(urn, Target::new(attribute, filter, sub)?))
    }
}

/// The extension that a path names as a whole. The URN of one that was never seen must end in the
/// name of the resource type, as those of the RFC do: else its last part is an attribute.
fn bare_extension(text: &str, kind: ResourceType, resource: &Map<String, Value>) -> Option<String> {
    known_extension(resource, text).or_else(|| {
        let (schema, last) = text.rsplit_once(':')?;
        let names_extension = is_urn(text)
            && !is_core(text)
            && known_extension(resource, schema).is_none()
            && last.eq_ignore_ascii_case(kind.name());
        names_extension.then(|| text.to_owned())
    })
}

/// An attribute of the resource type that may be written.
fn core(kind: ResourceType, name: &str) -> Result<Named, Refusal> {
    if name.eq_ignore_ascii_case("schemas") {
        return Err(read_only());
    }
    let definition = kind.attribute(name).ok_or_else(unknown)?;
    Named { name: definition.name.to_owned(), definition: Some(definition) }.writable()
}

impl Named {
    /// Finds a name among what is known; where nothing is, every name will do.
    fn find(
        known: Option<&'static [Attribute]>,
        holder: Option<&Map<String, Value>>,
        name: String,
    ) -> Result<Self, Refusal> {
        let Some(known) = known else {
            let spelling = holder.and_then(|holder| key_of(holder, &name));
            return Ok(Self {
                name: spelling.map(str::to_owned).unwrap_or(name),
                definition: None,
            });
        };
        let definition = find(known, &name).ok_or_else(unknown)?;
        Self { name: definition.name.to_owned(), definition: Some(definition) }.writable()
    }

    fn writable(self) -> Result<Self, Refusal> {
        if self.definition.is_some_and(Attribute::is_read_only) {
            Err(read_only())
        } else {
            Ok(self)
        }
    }
}

impl Target {
    fn new(attribute: Named, filter: Option<Filter>, sub: Option<String>) -> Result<Self, Refusal> {
        let is_list = attribute.definition.map(|known| known.multi_valued);
        // Which entry of a list is meant must be said; where there is no list, nothing can be.
        match (is_list, &filter, &sub) {
            (Some(true), None, Some(_)) | (Some(false), Some(_), _) => {
                return Err(Refusal::invalid_path(
                    "A value filter selects from a list, and only from a list.",
                ));
            }
            _ => {}
        }
        let known = attribute.definition.map(Attribute::sub_attributes);
        let sub = sub.map(|sub| Named::find(known, None, sub)).transpose()?;
        Ok(Self { attribute, filter, sub })
    }
}

pub(super) fn malformed() -> Refusal {
    Refusal::invalid_path("The path does not follow the grammar of RFC 7644.")
}

pub(super) fn unknown() -> Refusal {
    Refusal::invalid_path("The path or the value names an attribute that is not known.")
}

pub(super) fn read_only() -> Refusal {
    Refusal::mutability("The attribute is read-only.")
}
