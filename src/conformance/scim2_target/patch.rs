//! PATCH: RFC 7644 section 3.5.2.

use serde_json::{Map, Value};

use super::filter::{Filter, Scope};
use super::path::{self, Named, Path, Target};
use super::refusal::Refusal;
use super::schema::{Attribute, Mutability, ResourceType, value_of};
use super::write::{
    self, Mode, Place, finish, put_object, schemas_of, settle, take_object, write_extension,
};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Answers the resource as it is after all operations. The one that was given stays as it is, so
/// that a refusal changes nothing.
pub(super) fn patched(
    kind: ResourceType,
    resource: &Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let is_patch = |urn: &String| urn.eq_ignore_ascii_case(PATCH_OP);
    if !schemas_of(body)?.iter().any(is_patch) {
        return Err(Refusal::invalid_syntax("The message is not a PatchOp."));
    }
    let operations = value_of(body, "Operations")
        .and_then(Value::as_array)
        .filter(|operations| !operations.is_empty())
        .ok_or_else(|| Refusal::invalid_syntax("The list Operations is missing or empty."))?;
    let mut resource = resource.clone();
    for operation in operations {
        apply(kind, &mut resource, operation)?;
    }
    finish(kind, &mut resource)?;
    Ok(resource)
}

/// What an operation does to its target.
#[derive(Clone)]
enum Change {
    Remove,
    Write(Mode, Value),
}

impl Change {
    fn of(operation: &Map<String, Value>) -> Result<Self, Refusal> {
        let op = value_of(operation, "op").and_then(Value::as_str);
        let value = value_of(operation, "value");
        match (op.map(str::to_ascii_lowercase).as_deref(), value) {
            // Ignoring the value would remove more than was meant.
            (Some("remove"), Some(value)) if !value.is_null() => {
                Err(Refusal::invalid_value("A remove operation takes no value."))
            }
            (Some("remove"), _) => Ok(Self::Remove),
            (Some("add"), Some(value)) if !value.is_null() => {
                Ok(Self::Write(Mode::Add, value.clone()))
            }
            (Some("replace"), Some(value)) => Ok(Self::Write(Mode::Replace, value.clone())),
            (Some("add" | "replace"), _) => {
                Err(Refusal::invalid_value("The operation needs a value."))
            }
            _ => Err(Refusal::invalid_syntax("An op is none of add, remove, replace.")),
        }
    }
}

fn apply(
    kind: ResourceType,
    resource: &mut Map<String, Value>,
    operation: &Value,
) -> Result<(), Refusal> {
    let operation = operation
        .as_object()
        .ok_or_else(|| Refusal::invalid_syntax("An operation is no object."))?;
    let change = Change::of(operation)?;
    let path = match value_of(operation, "path") {
        None | Some(Value::Null) => return apply_to_resource(kind, resource, change),
        Some(Value::String(path)) => Path::parse(path, kind, resource)?,
        Some(_) => return Err(Refusal::invalid_path("A path is no text.")),
    };
    match (path, change) {
        (Path::Core(target), change) => target.apply(resource, change),
        (Path::Extended(urn, target), change) => {
            let mut extension = take_object(resource, &urn)?;
            target.apply(&mut extension, change)?;
            put_object(resource, urn, extension);
            Ok(())
        }
        (Path::Extension(urn), Change::Write(mode, value)) => {
            write_extension(resource, urn, mode, value)
        }
        (Path::Extension(urn), Change::Remove) => {
            resource.remove(&urn);
            Ok(())
        }
    }
}

/// Without a path the value is an object of attributes.
fn apply_to_resource(
    kind: ResourceType,
    resource: &mut Map<String, Value>,
    change: Change,
) -> Result<(), Refusal> {
    let Change::Write(mode, value) = change else {
        return Err(Refusal::no_target("A remove operation needs a path."));
    };
    let Value::Object(members) = value else {
        return Err(Refusal::invalid_value("Without a path the value is an object."));
    };
    for (key, value) in members {
        match Place::of(kind, resource, &key) {
            // What `schemas` holds follows from the extensions that have values.
            Some(Place::Schemas) => {}
            Some(Place::Attribute(attribute)) if attribute.is_read_only() => {
                return Err(path::read_only());
            }
            Some(Place::Attribute(attribute)) => {
                write::write(resource, attribute.name, Some(attribute), mode, value)?;
            }
            Some(Place::Extension(urn)) => write_extension(resource, urn, mode, value)?,
            None => return Err(path::unknown()),
        }
    }
    Ok(())
}

impl Named {
    fn apply(&self, holder: &mut Map<String, Value>, change: Change) -> Result<(), Refusal> {
        match change {
            Change::Remove => {
                let is_fixed = self.definition.is_some_and(|attribute| {
                    attribute.required || attribute.mutability == Mutability::Immutable
                });
                if is_fixed {
                    return Err(Refusal::mutability("The attribute cannot be removed."));
                }
                holder.remove(&self.name);
                Ok(())
            }
            Change::Write(mode, value) => {
                let is_list = self.definition.is_some_and(|attribute| attribute.multi_valued);
                // "A new value is added to the attribute": one value needs no list around it.
                let value = match value {
                    Value::Object(_) if is_list && mode == Mode::Add => Value::Array(vec![value]),
                    value => value,
                };
                write::write(holder, &self.name, self.definition, mode, value)
            }
        }
    }
}

impl Target {
    fn apply(&self, holder: &mut Map<String, Value>, change: Change) -> Result<(), Refusal> {
        match (&self.filter, &self.sub) {
            (None, None) => self.attribute.apply(holder, change),
            (None, Some(sub)) => {
                let mut object = take_object(holder, &self.attribute.name)?;
                sub.apply(&mut object, change)?;
                put_object(holder, self.attribute.name.clone(), object);
                Ok(())
            }
            (Some(filter), _) => self.apply_to_entries(holder, filter, &change),
        }
    }

    fn apply_to_entries(
        &self,
        holder: &mut Map<String, Value>,
        filter: &Filter,
        change: &Change,
    ) -> Result<(), Refusal> {
        let definition = self.attribute.definition;
        let scope = Scope::Entry(definition.map_or(&[], Attribute::sub_attributes));
        let entries = match holder.remove(&self.attribute.name) {
            Some(Value::Array(entries)) => entries,
            None => Vec::new(),
            Some(_) => return Err(path::malformed()),
        };
        let mut is_found = false;
        let mut left = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                Value::Object(entry) if filter.matches(&entry, scope) => {
                    is_found = true;
                    let changed = self.apply_to_entry(entry, change.clone())?;
                    left.extend(changed.map(|entry| (entry, true)));
                }
                entry => left.push((entry, false)),
            }
        }
        // What is not there need not be removed; anything else has nothing to work on.
        if !is_found && !matches!(change, Change::Remove) {
            return Err(Refusal::no_target("The value filter matches no entry."));
        }
        let entries = settle(left, definition.is_some_and(Attribute::is_identified_by_value))?;
        if !entries.is_empty() {
            holder.insert(self.attribute.name.clone(), Value::Array(entries));
        }
        Ok(())
    }

    /// The entry after the change, if anything is left of it.
    fn apply_to_entry(
        &self,
        mut entry: Map<String, Value>,
        change: Change,
    ) -> Result<Option<Value>, Refusal> {
        match (&self.sub, change) {
            (Some(sub), change) => {
                sub.apply(&mut entry, change)?;
                Ok((!entry.is_empty()).then_some(Value::Object(entry)))
            }
            (None, Change::Remove) => Ok(None),
            (None, Change::Write(mode, value)) => {
                let base = match mode {
                    Mode::Add => entry,
                    // "All matching record values SHALL be replaced."
                    Mode::Replace => Map::new(),
                };
                write::entry(base, self.attribute.definition, mode, value).map(Some)
            }
        }
    }
}
