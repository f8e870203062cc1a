//! What the target is to show, kept by the scenario itself and not by the library.

use std::collections::{BTreeMap, BTreeSet};

use outbound_provisioning::model::{Group, Member, User};

/// The wanted state, by the host's own ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) groups: BTreeMap<String, WantedGroup>,
    /// Names that users and groups had before, by id.
    pub(crate) former_names: BTreeMap<String, Vec<String>>,
    /// Users who were gone and are back: their account may be new, or the old one.
    pub(crate) returned: BTreeSet<String>,
    /// Users who are gone, as they were last.
    pub(crate) deleted_users: BTreeMap<String, User>,
    /// Groups that are gone, by id, with their last names.
    pub(crate) deleted_groups: BTreeMap<String, String>,
}

/// A group and who is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedGroup {
    pub(crate) name: String,
    pub(crate) members: BTreeSet<String>,
}

impl Wanted {
    pub(crate) fn put_user(&mut self, user: &User) {
        let id = user.external_id.as_str().to_owned();
        if self.deleted_users.remove(&id).is_some() {
            self.returned.insert(id.clone());
        }
        if let Some(before) = self.users.insert(id.clone(), user.clone())
            && before.user_name != user.user_name
        {
            self.former_names.entry(id).or_default().push(before.user_name);
        }
    }

    pub(crate) fn delete_user(&mut self, id: &str) {
        if let Some(user) = self.users.remove(id) {
            self.deleted_users.insert(id.to_owned(), user);
        }
        for group in self.groups.values_mut() {
            group.members.remove(id);
        }
    }

    pub(crate) fn put_group(&mut self, group: &Group) {
        let members = group.members.iter().map(|member| member.value.as_str().to_owned());
        let group = (group.external_id.as_str(), &group.display_name, members.collect());
        let (id, name, members) = group;
        self.deleted_groups.remove(id);
        self.groups.insert(id.to_owned(), WantedGroup { name: name.clone(), members });
    }

    pub(crate) fn rename_group(&mut self, id: &str, name: &str) {
        if let Some(group) = self.groups.get_mut(id) {
            let before = std::mem::replace(&mut group.name, name.to_owned());
            self.former_names.entry(id.to_owned()).or_default().push(before);
        }
    }

    pub(crate) fn delete_group(&mut self, id: &str) {
        if let Some(group) = self.groups.remove(id) {
            self.deleted_groups.insert(id.to_owned(), group.name);
        }
    }

    /// Members as an event names them.
    pub(crate) fn members(ids: &BTreeSet<String>) -> Vec<Member> {
        ids.iter().map(|id| Member::user(id.as_str())).collect()
    }
}
