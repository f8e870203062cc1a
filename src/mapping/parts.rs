//! The parts of a resource that rules read and write, each turned into JSON and back by itself and only when a rule
//! needs it: most rules read and write one text.

use std::cell::OnceCell;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::MAX_LIST;
use super::datum::Datum;
use super::error::Fault;
use super::error::MappingErrorKind as Wrong;
use crate::model::mapping::{Head, Place, Reading, Texts};
use crate::model::{
    ENTERPRISE_USER, Extensions, MultiValue, Resource, USER_STORE, User, ValuePath,
};

/// What rules read: what the host said, and nothing that another rule made.
pub(super) struct Reader<'a> {
    resource: &'a Resource,
    /// JSON of the parts that were read so far, by [`Head`].
    parts: [OnceCell<Map<String, Value>>; Head::COUNT],
}

impl<'a> Reader<'a> {
    /// What it reads.
    pub(super) fn resource(&self) -> &'a Resource {
        self.resource
    }

    pub(super) fn new(resource: &'a Resource) -> Self {
        Self { resource, parts: [const { OnceCell::new() }; Head::COUNT] }
    }

    /// What stands at a path: a list where the attribute holds several values and none is chosen, though there be one;
    /// otherwise one value as it is, several as a list.
    pub(super) fn read(&'a self, reading: &Reading) -> Result<Datum<'a>, Fault> {
        let path = reading.path();
        if let Some(field) = reading.place.field {
            let text = (field.read)(self.resource).filter(|text| !text.is_empty());
            return Ok(text.map_or(Datum::Nothing, Datum::text));
        }
        if reading.place.head == Head::Active {
            return Ok(match self.resource {
                Resource::User(user) if path.filter().is_none() => Datum::Boolean(user.active),
                _ => Datum::Nothing,
            });
        }
        let is_whole = path.filter().is_none() && path.attribute().sub_attribute.is_none();
        let one_or_more = |values: &[&'a Value]| match values {
            [] => Ok(Datum::Nothing),
            [one] if !reading.is_list => Datum::of(one),
            several => Datum::list(several.iter().copied()),
        };
        if let Some(urn) = extension(self.resource, reading.place, path) {
            let Some((_, attributes)) = extensions(self.resource).named(urn) else {
                return Ok(Datum::Nothing);
            };
            if is_whole {
                return path.whole_in_schema(attributes).map_or(Ok(Datum::Nothing), Datum::of);
            }
            return one_or_more(&path.values_in_schema(attributes));
        }
        if let Some(texts) = &reading.texts {
            return self.texts(texts, reading);
        }
        let Some(part) = self.parts.get(reading.place.head as usize) else {
            return Ok(Datum::Nothing);
        };
        let part = part.get_or_init(|| part_of(self.resource, reading.place.head));
        if is_whole {
            return path.whole(part).map_or(Ok(Datum::Nothing), Datum::of);
        }
        one_or_more(&path.values(part))
    }

    /// Texts of the values of a list.
    fn texts(&self, texts: &Texts, reading: &Reading) -> Result<Datum<'a>, Fault> {
        let values = match self.resource {
            Resource::User(user) => values(user, reading.place.head),
            Resource::Group(_) => None,
        };
        let mut found = texts.read(values.map_or(&[], Vec::as_slice));
        let Some(first) = found.next() else { return Ok(Datum::Nothing) };
        let second = found.next();
        if second.is_none() && !reading.is_list {
            return Ok(Datum::text(first));
        }
        let mut list = Vec::new();
        for text in [first].into_iter().chain(second).chain(found) {
            if list.len() >= MAX_LIST {
                return Err(Wrong::List.into());
            }
            list.push(Datum::text(text));
        }
        Ok(Datum::List(list))
    }

    /// The name by which people know the resource.
    pub(super) fn name(&self) -> &'a str {
        self.resource.name()
    }

    /// The domain of the user store.
    pub(super) fn user_store(&self) -> Option<&'a str> {
        let (_, attributes) = extensions(self.resource).named(USER_STORE)?;
        attributes.get("domain")?.as_str().filter(|domain| !domain.is_empty())
    }
}

/// The schema, if its attributes stand among the resource's extensions. A group can carry the enterprise schema like
/// any other.
pub(super) fn extension<'p>(
    resource: &Resource,
    place: Place,
    path: &'p ValuePath,
) -> Option<&'p str> {
    let is_one = match place.head {
        Head::Extension => true,
        Head::Enterprise => matches!(resource, Resource::Group(_)),
        _ => false,
    };
    path.attribute().extension().filter(|_| is_one)
}

fn extensions(resource: &Resource) -> &Extensions {
    match resource {
        Resource::User(user) => &user.extensions,
        Resource::Group(group) => &group.extensions,
    }
}

pub(super) fn extensions_mut(resource: &mut Resource) -> &mut Extensions {
    match resource {
        Resource::User(user) => &mut user.extensions,
        Resource::Group(group) => &mut group.extensions,
    }
}

/// One part of a user as SCIM's JSON has it.
fn part_of(resource: &Resource, head: Head) -> Map<String, Value> {
    let mut part = Map::new();
    let Resource::User(user) = resource else { return part };
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            part.insert(name.to_owned(), value);
        }
    };
    match head {
        Head::Name => put("name", json(&user.name)),
        Head::Enterprise => put(ENTERPRISE_USER, json(&user.enterprise)),
        Head::Addresses => put("addresses", json(&user.addresses)),
        list => {
            let name = Head::LISTS.iter().find(|(_, head)| *head == list);
            if let (Some((name, _)), Some(values)) = (name, values(user, list)) {
                put(name, json(values));
            }
        }
    }
    part
}

/// A list whose values all have the same parts.
fn values(user: &User, head: Head) -> Option<&Vec<MultiValue>> {
    Some(match head {
        Head::Emails => &user.emails,
        Head::PhoneNumbers => &user.phone_numbers,
        Head::Ims => &user.ims,
        Head::Photos => &user.photos,
        Head::Entitlements => &user.entitlements,
        Head::Roles => &user.roles,
        Head::X509Certificates => &user.x509_certificates,
        _ => return None,
    })
}

pub(super) fn values_mut(user: &mut User, head: Head) -> Option<&mut Vec<MultiValue>> {
    Some(match head {
        Head::Emails => &mut user.emails,
        Head::PhoneNumbers => &mut user.phone_numbers,
        Head::Ims => &mut user.ims,
        Head::Photos => &mut user.photos,
        Head::Entitlements => &mut user.entitlements,
        Head::Roles => &mut user.roles,
        Head::X509Certificates => &mut user.x509_certificates,
        _ => return None,
    })
}

/// Copies a list whole, from a source that has it to the same place. Answers whether it could: what is no list of
/// values with the same parts, or holds a value without any, takes the way over JSON.
pub(super) fn copy_list(source: &Resource, result: &mut Resource, head: Head) -> bool {
    let (Resource::User(source), Resource::User(result)) = (source, result) else { return false };
    let (Some(from), Some(to)) = (values(source, head), values_mut(result, head)) else {
        return false;
    };
    let is_plain = !from.is_empty() && from.len() <= MAX_LIST;
    let is_copied = is_plain && !from.contains(&MultiValue::default());
    if is_copied && from != to {
        to.clone_from(from);
    }
    is_copied
}

/// The types of the model turn into JSON without fail.
fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The part that a path begins with, of extensions the one that is named.
pub(super) fn load(resource: &Resource, place: Place, path: &ValuePath) -> Map<String, Value> {
    let Some(urn) = extension(resource, place, path) else { return part_of(resource, place.head) };
    let named = extensions(resource).named(urn);
    named
        .map(|(urn, attributes)| (urn.to_owned(), Value::Object(attributes.clone())))
        .into_iter()
        .collect()
}

/// As [`load`], to be changed and [stored](store): an extension is taken out of the resource.
pub(super) fn take(resource: &mut Resource, place: Place, path: &ValuePath) -> Map<String, Value> {
    let Some(urn) = extension(resource, place, path) else { return part_of(resource, place.head) };
    let (urn, attributes) = extensions_mut(resource).take(urn);
    if attributes.is_empty() { Map::new() } else { Map::from_iter([(urn, attributes.into())]) }
}

/// Puts a part back, in place of what the resource had there.
pub(super) fn store(
    resource: &mut Resource,
    place: Place,
    mut part: Map<String, Value>,
    path: &ValuePath,
) -> Result<(), Fault> {
    if let Some(urn) = extension(resource, place, path) {
        match part.into_iter().next() {
            Some((urn, Value::Object(attributes))) => {
                extensions_mut(resource).replace(urn, attributes);
            }
            _ => extensions_mut(resource).remove(urn),
        }
        return Ok(());
    }
    let Resource::User(user) = resource else { return Ok(()) };
    match place.head {
        Head::Name => user.name = typed(part.remove("name"))?,
        Head::Enterprise => {
            let attributes = part.remove(ENTERPRISE_USER);
            user.enterprise = typed(attributes.map(with_reference))?;
        }
        Head::Addresses => user.addresses = list(part.remove("addresses"))?,
        head => {
            let name = Head::LISTS.iter().find(|(_, known)| *known == head);
            let value = name.and_then(|(name, _)| part.remove(*name));
            if let Some(values) = values_mut(user, head) {
                *values = list(value)?;
            }
        }
    }
    Ok(())
}

/// A manager given by id alone.
fn with_reference(mut enterprise: Value) -> Value {
    if let Some(manager) = enterprise.get_mut("manager")
        && manager.is_string()
    {
        *manager = serde_json::json!({ "value": manager.take() });
    }
    enterprise
}

fn typed<T: DeserializeOwned>(value: Option<Value>) -> Result<Option<T>, Fault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value @ Value::Object(_)) => {
            // The cause would quote the value.
            serde_json::from_value(value).map(Some).map_err(|_| Wrong::Mismatch.into())
        }
        Some(_) => Err(Wrong::Mismatch.into()),
    }
}

/// Values of a list; what has none of the parts that the attribute knows is no value.
fn list<T: DeserializeOwned + Default + PartialEq>(value: Option<Value>) -> Result<Vec<T>, Fault> {
    let values = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(values)) => values,
        Some(one) => vec![one],
    };
    let typed =
        values.into_iter().map(|value| typed(Some(value))?.ok_or(Fault::from(Wrong::Mismatch)));
    typed.filter(|value| !matches!(value, Ok(value) if *value == T::default())).collect()
}

/// One text out of a value for an attribute that holds one: of several the first, of a value with parts its `value`.
pub(super) fn one_text(value: Datum<'_>) -> Result<Option<String>, Fault> {
    let value = value.first();
    let text = match value {
        Datum::Text(text) => text.into_owned(),
        ref json @ Datum::Json(ref parts) => match parts.get("value") {
            Some(Value::String(text)) => text.clone(),
            Some(_) | None => json.as_text().ok_or(Fault::from(Wrong::Mismatch))?.into_owned(),
        },
        other => other.as_text().ok_or(Fault::from(Wrong::Mismatch))?.into_owned(),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}
