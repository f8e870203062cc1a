//! What of a resource a target can hold (`scim.md` 23, 33, 42).

use serde_json::{Map, Value};

use crate::connector::Update;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    AttributePath, Change, Difference, MultiValue, Resource, ResourceKind, Secret, is_urn,
};

use super::super::profile::{Deactivation, Profile};

/// Without these it is not the resource that it should be, whatever a target's schema forgets to say.
const ALWAYS: [&str; 6] = ["schemas", "externalId", "userName", "displayName", "active", "members"];

/// Whether a target may be sent an attribute.
pub(super) fn holds(profile: &Profile, kind: ResourceKind, path: &AttributePath) -> bool {
    let text = path.to_string();
    let is = |known: &String| known.eq_ignore_ascii_case(&text);
    let whole = AttributePath { sub_attribute: None, ..path.clone() }.to_string();
    let is_whole = |known: &String| known.eq_ignore_ascii_case(&whole);
    let urn = path.schema.as_deref();
    let forbidden = profile.forbidden(kind);
    if forbidden.iter().any(|known| {
        is(known) || is_whole(known) || urn.is_some_and(|urn| known.eq_ignore_ascii_case(urn))
    }) {
        return false;
    }
    if let (Some(urn), Some(announced)) = (urn, profile.extensions(kind))
        && !announced.iter().any(|known| known.eq_ignore_ascii_case(urn))
    {
        return false;
    }
    let Some(known) = profile.attributes(kind) else { return true };
    if urn.is_none() && ALWAYS.iter().any(|name| name.eq_ignore_ascii_case(&path.attribute)) {
        return true;
    }
    if let Some(urn) = urn {
        let prefix = format!("{}:", urn.to_lowercase());
        if !known.iter().any(|known| known.to_lowercase().starts_with(&prefix)) {
            // Announced, and not described.
            return true;
        }
    }
    if path.sub_attribute.is_none() {
        return known.iter().any(is);
    }
    let prefix = format!("{}.", whole.to_lowercase());
    let described = known.iter().any(|known| known.to_lowercase().starts_with(&prefix));
    if described { known.iter().any(is) } else { known.iter().any(is_whole) }
}

/// Whether a target holds all of a resource, so that nothing need be looked through.
pub(super) fn holds_everything(profile: &Profile, resource: &Resource) -> bool {
    let kind = resource.kind();
    !prefers_several(resource)
        && profile.attributes(kind).is_none()
        && profile.extensions(kind).is_none()
        && profile.forbidden(kind).is_empty()
        && profile.required(kind).is_empty()
        && profile.single_valued.is_empty()
        && profile.max_len.is_empty()
        && profile.member_type
}

/// Takes out of a new resource what the target cannot hold, and gives a user the password.
///
/// # Errors
/// Rejected, before anything is sent, when the target needs what the resource lacks, or a text is too long for it.
pub(super) fn fit(
    profile: &Profile,
    kind: ResourceKind,
    attributes: &mut Map<String, Value>,
    password: Option<&Secret>,
) -> Result<()> {
    let names: Vec<String> = attributes.keys().cloned().collect();
    for name in names {
        let Some(value) = attributes.remove(&name) else { continue };
        if let Some(fitted) = fit_attribute(profile, kind, &name, value) {
            attributes.insert(name, fitted);
        }
    }
    if let (Some(password), ResourceKind::User) = (password, kind) {
        attributes.insert("password".to_owned(), password.expose().into());
    }
    needs(profile, kind, attributes)?;
    lengths(profile, attributes)
}

fn fit_attribute(profile: &Profile, kind: ResourceKind, name: &str, value: Value) -> Option<Value> {
    if is_urn(name) {
        let Value::Object(inner) = value else { return Some(value) };
        let inner: Map<String, Value> = inner
            .into_iter()
            .filter(|(attribute, _)| {
                holds(profile, kind, &AttributePath::of_schema(name, attribute))
            })
            .collect();
        return (!inner.is_empty()).then_some(Value::Object(inner));
    }
    let path = AttributePath::new(name);
    if !holds(profile, kind, &path) {
        return None;
    }
    match value {
        Value::Array(mut values) => {
            let single = profile.single_valued.iter().any(|known| known.eq_ignore_ascii_case(name));
            if single && values.len() > 1 {
                values = first(values);
            }
            values.iter_mut().for_each(|value| trim(profile, kind, &path, value));
            prefer_one(&mut values);
            Some(Value::Array(values))
        }
        mut value @ Value::Object(_) => {
            trim(profile, kind, &path, &mut value);
            value.as_object().is_some_and(|inner| !inner.is_empty()).then_some(value)
        }
        value => Some(value),
    }
}

/// At most one value is the preferred one (RFC 7643 section 2.4): the first that says so.
fn prefer_one(values: &mut [Value]) {
    let preferred = values.iter_mut().filter(|value| value.get("primary") == Some(&true.into()));
    for value in preferred.skip(1).filter_map(Value::as_object_mut) {
        value.remove("primary");
    }
}

/// Whether a list of a resource has more than one preferred value.
fn prefers_several(resource: &Resource) -> bool {
    let Resource::User(user) = resource else { return false };
    let several = |values: &[MultiValue]| values.iter().filter(|value| value.primary).count() > 1;
    let lists = [
        &user.emails,
        &user.phone_numbers,
        &user.ims,
        &user.photos,
        &user.entitlements,
        &user.roles,
        &user.x509_certificates,
    ];
    lists.into_iter().any(|values| several(values))
        || user.addresses.iter().filter(|address| address.primary).count() > 1
}

/// The primary value, or else the first.
fn first(values: Vec<Value>) -> Vec<Value> {
    let is_primary = |value: &Value| value.get("primary").and_then(Value::as_bool) == Some(true);
    let place = values.iter().position(is_primary).unwrap_or_default();
    values.into_iter().skip(place).take(1).collect()
}

/// Takes out of a complex value the parts that the target does not know.
fn trim(profile: &Profile, kind: ResourceKind, path: &AttributePath, value: &mut Value) {
    if let Value::Object(parts) = value {
        parts.retain(|part, _| match part.as_str() {
            "type" if path.attribute == "members" => profile.member_type,
            "value" => true,
            part => holds(profile, kind, &path.clone().sub_attribute(part)),
        });
    }
}

fn needs(profile: &Profile, kind: ResourceKind, attributes: &Map<String, Value>) -> Result<()> {
    let lacks = |path: &&String| {
        let value = AttributePath::from(path.as_str()).value_by(attributes, part);
        value.is_none_or(|value| {
            value.is_null()
                || value.as_str().is_some_and(str::is_empty)
                || value.as_array().is_some_and(Vec::is_empty)
        })
    };
    let missing: Vec<&str> =
        profile.required(kind).iter().filter(lacks).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the target takes no {kind} without {}; give it a value, or correct the profile's {kind}_required",
        missing.join(", ")
    );
    Err(not_sent(message))
}

/// By a name in any case, as targets spell it.
fn part<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let is = |known: &&String| known.eq_ignore_ascii_case(name);
    object.get(name).or_else(|| object.get(object.keys().find(is)?))
}

fn lengths(profile: &Profile, attributes: &Map<String, Value>) -> Result<()> {
    for (name, most) in &profile.max_len {
        let value = AttributePath::from(name.as_str()).value_by(attributes, part);
        if value.and_then(Value::as_str).is_some_and(|text| text.chars().count() > *most) {
            return Err(not_sent(format!(
                "{name} is longer than the {most} characters that the target takes; shorten it"
            )));
        }
    }
    Ok(())
}

fn not_sent(message: String) -> Error {
    Error::new(ErrorKind::Rejected, message)
}

/// A change as the target can take it.
#[derive(Debug)]
pub(in super::super) struct Fitted {
    /// What is sent.
    pub(in super::super) difference: Difference,
    /// What the target does not let change.
    pub(in super::super) fixed: Vec<AttributePath>,
}

/// What of a change the target can take.
pub(in super::super) fn fit_update(profile: &Profile, update: &Update<'_>) -> Result<Fitted> {
    let kind = update.wanted.kind();
    let mut fixed = Vec::new();
    let mut changes = Vec::new();
    for (path, change) in update.difference.iter() {
        if !holds(profile, kind, path) {
            continue;
        }
        let text = path.to_string();
        let never = profile.immutable(kind).iter().any(|known| known.eq_ignore_ascii_case(&text))
            || (path.attribute == "active" && profile.deactivate == Deactivation::Unsupported);
        if never {
            fixed.push(path.clone());
            continue;
        }
        changes.push((path.clone(), fit_change(profile, update.wanted, path, change)));
    }
    lengths(profile, &update.wanted.attributes())
        .map(|()| Fitted { difference: changes.into_iter().collect(), fixed })
}

fn fit_change(
    profile: &Profile,
    wanted: &Resource,
    path: &AttributePath,
    change: &Change,
) -> Change {
    let kind = wanted.kind();
    let single =
        profile.single_valued.iter().any(|known| known.eq_ignore_ascii_case(&path.attribute));
    match change {
        Change::Values { .. } if single => {
            let values = wanted.attributes().remove(&path.attribute);
            match values.and_then(|values| fit_attribute(profile, kind, &path.attribute, values)) {
                Some(value) => Change::Set(value),
                None => Change::Clear,
            }
        }
        Change::Values { removed, added } => {
            let mut added = added.clone();
            added.iter_mut().for_each(|value| trim(profile, kind, path, value));
            prefer_one(&mut added);
            Change::Values { removed: removed.clone(), added }
        }
        Change::Set(value) if path.sub_attribute.is_none() && path.schema.is_none() => {
            match fit_attribute(profile, kind, &path.attribute, value.clone()) {
                Some(value) => Change::Set(value),
                None => Change::Clear,
            }
        }
        other => other.clone(),
    }
}
