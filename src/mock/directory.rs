//! What a mock target has: resources by id, unique names, members.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::connector::{Lookup, Remote, Update};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Group, LocalId, MemberChanges, RemoteId, Resource, ResourceKind, Secret, User};

#[derive(Debug, Default)]
pub(super) struct Directory {
    entries: BTreeMap<RemoteId, Resource>,
    made: u64,
    passwords: BTreeMap<RemoteId, Vec<Secret>>,
}

impl Directory {
    pub(super) fn resources(&self) -> Vec<(RemoteId, Resource)> {
        self.entries.iter().map(|(id, resource)| (id.clone(), resource.clone())).collect()
    }

    pub(super) fn create(&mut self, resource: &Resource) -> Result<Remote> {
        self.refuse_taken(resource, None)?;
        self.insert(resource.clone())
    }

    /// Puts a resource there, whatever else is there.
    pub(super) fn insert(&mut self, resource: Resource) -> Result<Remote> {
        self.made += 1;
        let remote = Remote::new(format!("remote-{}", self.made))?;
        self.entries.insert(remote.id.clone(), resource.clone());
        Ok(remote.showing(resource))
    }

    pub(super) fn set_password(&mut self, id: &RemoteId, password: Option<Secret>) {
        if let Some(password) = password {
            self.passwords.entry(id.clone()).or_default().push(password);
        }
    }

    pub(super) fn passwords_of(&self, id: &RemoteId) -> Vec<Secret> {
        self.passwords.get(id).cloned().unwrap_or_default()
    }

    pub(super) fn update(&mut self, id: &RemoteId, update: &Update<'_>) -> Result<Remote> {
        let present = self.entries.get(id).ok_or_else(gone)?;
        let mut attributes = match serde_json::to_value(present) {
            Ok(Value::Object(attributes)) => attributes,
            _ => {
                return Err(Error::new(
                    ErrorKind::Internal,
                    "a resource of the mock is not a JSON object",
                ));
            }
        };
        update.difference.apply(&mut attributes);
        let changed = match present.kind() {
            ResourceKind::User => {
                serde_json::from_value::<User>(attributes.into()).map(Resource::User)
            }
            ResourceKind::Group => {
                serde_json::from_value::<Group>(attributes.into()).map(Resource::Group)
            }
        };
        let changed = changed.map_err(|_| {
            Error::new(ErrorKind::Rejected, "the mock cannot read the changed resource")
        })?;
        self.refuse_taken(&changed, Some(id))?;
        self.entries.insert(id.clone(), changed.clone());
        Ok(Remote::of(id.clone()).showing(changed))
    }

    pub(super) fn delete(&mut self, id: &RemoteId, kind: ResourceKind) -> Result<()> {
        if self.entries.get(id).is_none_or(|resource| resource.kind() != kind) {
            return Err(gone());
        }
        self.entries.remove(id);
        for resource in self.entries.values_mut() {
            if let Resource::Group(group) = resource {
                group.members.retain(|member| member.value.as_str() != id.as_str());
            }
        }
        Ok(())
    }

    pub(super) fn find(&self, lookup: &Lookup<'_>) -> Vec<Remote> {
        let matches = |resource: &Resource| {
            resource.kind() == lookup.kind
                && ((!lookup.name_only && resource.local_id() == lookup.external_id)
                    || (!lookup.name.is_empty() && same_name(resource.name(), lookup.name)))
        };
        self.show(matches)
    }

    pub(super) fn list(&self, kind: ResourceKind) -> Vec<Remote> {
        self.show(|resource| resource.kind() == kind)
    }

    pub(super) fn change_members(
        &mut self,
        id: &RemoteId,
        changes: &MemberChanges,
    ) -> Result<Remote> {
        let Some(Resource::Group(group)) = self.entries.get_mut(id) else {
            return Err(gone());
        };
        group.members.retain(|member| !changes.removed.contains(member));
        for member in &changes.added {
            if !group.members.contains(member) {
                group.members.push(member.clone());
            }
        }
        Ok(Remote::of(id.clone()))
    }

    fn show(&self, wanted: impl Fn(&Resource) -> bool) -> Vec<Remote> {
        let shown = self.entries.iter().filter(|(_, resource)| wanted(resource));
        shown.map(|(id, resource)| Remote::of(id.clone()).showing(resource.clone())).collect()
    }

    /// Names and our own ids are unique per kind, names without regard to case.
    fn refuse_taken(&self, resource: &Resource, own: Option<&RemoteId>) -> Result<()> {
        let others = self
            .entries
            .iter()
            .filter(|(id, other)| Some(*id) != own && other.kind() == resource.kind());
        let own_id = |id: &LocalId| !id.as_str().is_empty() && id == resource.local_id();
        let taken = others
            .map(|(_, other)| other)
            .any(|other| same_name(other.name(), resource.name()) || own_id(other.local_id()));
        if taken {
            Err(Error::new(ErrorKind::Conflict, "the mock has such a resource"))
        } else {
            Ok(())
        }
    }
}

fn same_name(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

fn gone() -> Error {
    Error::new(ErrorKind::NotFound, "the mock has no such resource")
}
