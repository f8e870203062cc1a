//! What the server holds, and the rules between resources: uniqueness, members, versions.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::filter::Filter;
use super::patch;
use super::refusal::Refusal;
use super::schema::ResourceType;
use super::write;
use crate::model::Secret;

/// The users and groups.
#[derive(Default)]
pub(super) struct Directory {
    users: Collection,
    groups: Collection,
    /// Ids are numbers, of users and groups together.
    has_counted_ids: bool,
    /// Filters compare with case.
    filters_with_case: bool,
}

/// The resources of one type, in order of creation.
#[derive(Default)]
struct Collection {
    entries: Vec<Entry>,
    /// Counts deleted resources as well, for an id is never given twice.
    created: u64,
}

/// One resource, as it is shown.
pub(super) struct Entry {
    id: String,
    /// The name by which it is unique, folded.
    name: String,
    location: String,
    version: u64,
    resource: Map<String, Value>,
    /// Beside what is shown, as it is never returned (RFC 7643 section 4.1.1).
    password: Option<Secret>,
}

impl Entry {
    pub(super) fn location(&self) -> &str {
        &self.location
    }

    /// The version: a weak tag (RFC 7644 section 3.14), for the bytes of an answer may differ.
    pub(super) fn tag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    pub(super) fn resource(&self) -> &Map<String, Value> {
        &self.resource
    }

    /// The password; none where none was given.
    pub(super) fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Takes new values. Where they are the old ones the version stays (RFC 7644 section 3.5.2.1). A password that is not
    /// given stays too.
    fn take(&mut self, kind: ResourceType, mut resource: Map<String, Value>) {
        if let Some(Value::String(password)) = resource.remove("password") {
            self.password = Some(Secret::new(password));
        }
        resource.insert("id".to_owned(), self.id.as_str().into());
        resource.insert("meta".to_owned(), self.meta(kind));
        if resource == self.resource {
            return;
        }
        self.version += 1;
        resource.insert("meta".to_owned(), self.meta(kind));
        self.name = folded_name(kind, &resource);
        self.resource = resource;
    }

    fn meta(&self, kind: ResourceType) -> Value {
        json!({
            "resourceType": kind.name(),
            "location": self.location,
            "version": self.tag(),
        })
    }
}

impl Directory {
    /// Ids are numbers from now on.
    pub(super) fn count_ids(&mut self) {
        self.has_counted_ids = true;
    }

    /// Filters compare with case from now on.
    pub(super) fn filter_with_case(&mut self) {
        self.filters_with_case = true;
    }

    /// A filter as it compares here.
    pub(super) fn compared(&self, filter: Filter) -> Filter {
        if self.filters_with_case { filter.with_case() } else { filter }
    }

    /// All resources of a type, in order of creation.
    pub(super) fn all(&self, kind: ResourceType) -> impl Iterator<Item = &Entry> {
        self.collection(kind).entries.iter()
    }

    pub(super) fn get(&self, kind: ResourceType, id: &str) -> Result<&Entry, Refusal> {
        self.all(kind).find(|entry| entry.id == id).ok_or_else(unknown)
    }

    /// POST: RFC 7644 section 3.3. `endpoint` is the path of the collection.
    pub(super) fn create(
        &mut self,
        kind: ResourceType,
        endpoint: &str,
        body: Map<String, Value>,
    ) -> Result<&Entry, Refusal> {
        let resource = write::resource_from(kind, body)?;
        self.check(kind, None, &resource)?;
        let everybody = self.users.created + self.groups.created + 1;
        let has_counted_ids = self.has_counted_ids;
        let collection = self.collection_mut(kind);
        collection.created += 1;
        let id = match kind {
            _ if has_counted_ids => everybody.to_string(),
            ResourceType::User => format!("u-{}", collection.created),
            ResourceType::Group => format!("g-{}", collection.created),
        };
        let mut entry = Entry {
            location: format!("{endpoint}/{id}"),
            id,
            name: String::new(),
            version: 0,
            resource: Map::new(),
            password: None,
        };
        entry.take(kind, resource);
        collection.entries.push(entry);
        collection.entries.last().ok_or_else(unknown)
    }

    /// PUT: RFC 7644 section 3.5.1.
    pub(super) fn replace(
        &mut self,
        kind: ResourceType,
        id: &str,
        body: Map<String, Value>,
    ) -> Result<&Entry, Refusal> {
        let resource = write::resource_from(kind, body)?;
        self.store(kind, id, resource)
    }

    /// PATCH: RFC 7644 section 3.5.2.
    pub(super) fn patch(
        &mut self,
        kind: ResourceType,
        id: &str,
        body: &Map<String, Value>,
    ) -> Result<&Entry, Refusal> {
        let resource = patch::patched(kind, &self.get(kind, id)?.resource, body)?;
        self.store(kind, id, resource)
    }

    /// DELETE: RFC 7644 section 3.6. What is gone is no member any more.
    pub(super) fn delete(&mut self, kind: ResourceType, id: &str) -> Result<(), Refusal> {
        self.get(kind, id)?;
        self.collection_mut(kind).entries.retain(|entry| entry.id != id);
        for group in &mut self.groups.entries {
            let mut resource = group.resource.clone();
            let Some(Value::Array(members)) = resource.get_mut("members") else {
                continue;
            };
            members.retain(|member| member.get("value").and_then(Value::as_str) != Some(id));
            if members.is_empty() {
                resource.remove("members");
            }
            group.take(ResourceType::Group, resource);
        }
        Ok(())
    }

    fn store(
        &mut self,
        kind: ResourceType,
        id: &str,
        resource: Map<String, Value>,
    ) -> Result<&Entry, Refusal> {
        self.check(kind, Some(id), &resource)?;
        let entry = self
            .collection_mut(kind)
            .entries
            .iter_mut()
            .find(|entry| entry.id == id)
            .ok_or_else(unknown)?;
        entry.take(kind, resource);
        Ok(entry)
    }

    /// Whether the resource may stand beside the others. `id` is its own, if it has one.
    fn check(
        &self,
        kind: ResourceType,
        id: Option<&str>,
        resource: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        let name = folded_name(kind, resource);
        let others = || self.all(kind).filter(|other| Some(other.id.as_str()) != id);
        if others().any(|other| other.name == name) {
            return Err(Refusal::uniqueness("The name is taken."));
        }
        let external_id = resource.get("externalId").filter(|_| kind == ResourceType::User);
        if external_id.is_some()
            && others().any(|other| other.resource.get("externalId") == external_id)
        {
            return Err(Refusal::uniqueness("The externalId is taken."));
        }
        self.check_members(kind, resource)
    }

    fn check_members(
        &self,
        kind: ResourceType,
        resource: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        let members = match resource.get("members") {
            Some(Value::Array(members)) if kind == ResourceType::Group => members,
            _ => return Ok(()),
        };
        let ids: HashSet<&str> = ResourceType::ALL
            .into_iter()
            .flat_map(|kind| self.all(kind))
            .map(|entry| entry.id.as_str())
            .collect();
        let is_known = |member: &Value| {
            member.get("value").and_then(Value::as_str).is_some_and(|id| ids.contains(id))
        };
        if members.iter().all(is_known) {
            Ok(())
        } else {
            Err(Refusal::invalid_value("A member does not exist."))
        }
    }

    fn collection(&self, kind: ResourceType) -> &Collection {
        match kind {
            ResourceType::User => &self.users,
            ResourceType::Group => &self.groups,
        }
    }

    fn collection_mut(&mut self, kind: ResourceType) -> &mut Collection {
        match kind {
            ResourceType::User => &mut self.users,
            ResourceType::Group => &mut self.groups,
        }
    }
}

fn folded_name(kind: ResourceType, resource: &Map<String, Value>) -> String {
    resource.get(kind.naming_attribute()).and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

fn unknown() -> Refusal {
    Refusal::not_found("There is no resource with this id.")
}
