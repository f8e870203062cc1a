//! Whether a target has what a host has.

use outbound_provisioning::model::{
    EnterpriseUser, LocalId, Manager, RemoteId, Resource, ResourceKind, User,
};

use crate::host::{STRANGER, Truth};
use crate::simulated::directory::{Directory, Own};
use crate::terms::Terms;

/// The target enforces unique names, and a stranger has this one; or somebody has it who waits for a stranger's.
pub(crate) fn excused(truth: &Truth, directory: &Directory, own: &Own, depth: u32) -> bool {
    let Some(user) = truth.users.get(&own.1).filter(|_| directory.unique && depth < 8) else {
        return false;
    };
    let mut holders = directory.entries.values().filter(|entry| entry.name() == user.user_name);
    user.user_name == STRANGER
        || holders.any(|entry| {
            entry.local_id() != &own.1
                && excused(
                    truth,
                    directory,
                    &(ResourceKind::User, entry.local_id().clone()),
                    depth + 1,
                )
        })
}

/// The target has what the host has, once each, and nothing else.
pub(crate) fn wrong(truth: &Truth, directory: &Directory, terms: Terms) -> Vec<String> {
    let mut wrong = Vec::new();
    for own in &truth.ever {
        let accounts = directory.accounts(own);
        let wanted = match own.0 {
            ResourceKind::User => truth
                .users
                .get(&own.1)
                .map(|user| Resource::User(with_manager(user, directory, &accounts))),
            ResourceKind::Group => truth.groups.get(&own.1).map(|(group, members)| {
                let mut group = group.clone();
                let mut ids: Vec<String> = members
                    .iter()
                    .flat_map(|id| directory.accounts(&(ResourceKind::User, id.clone())))
                    .map(|(id, _)| id.as_str().to_owned())
                    .collect();
                ids.sort();
                group.members =
                    ids.into_iter().map(outbound_provisioning::model::Member::user).collect();
                Resource::Group(group)
            }),
        };
        let wanted = wanted.and_then(|wanted| terms.seen(wanted));
        let is_off = |shown: &Resource| matches!(shown, Resource::User(user) if !user.active);
        let stranger = own.0 == ResourceKind::User && excused(truth, directory, own, 0);
        match (wanted, &accounts[..]) {
            (None, []) => {}
            (None, [(_, shown)]) if terms.keeps() && is_off(shown) => {}
            (None, [_]) if terms.leaves_groups() && own.0 == ResourceKind::Group => {}
            (Some(_), []) if stranger => {}
            (Some(wanted), [(_, shown)]) => {
                let mut shown = (*shown).clone();
                if let Resource::Group(group) = &mut shown {
                    group
                        .members
                        .sort_by(|left, right| left.value.as_str().cmp(right.value.as_str()));
                }
                if shown != wanted && !stranger {
                    wrong.push(format!(
                        "STALE {own:?}: {} instead of {}",
                        text(&shown),
                        text(&wanted)
                    ));
                }
            }
            (None, left) => wrong.push(format!("ZOMBIE {own:?}: {} accounts", left.len())),
            (Some(_), []) => wrong.push(format!("MISSING {own:?}")),
            (Some(_), more) => wrong.push(format!("DUPLICATE {own:?}: {} accounts", more.len())),
        }
    }
    for id in &directory.foreign {
        let name = directory.entries.get(id).map(|resource| resource.name().to_owned());
        if name.as_deref() != Some(STRANGER) {
            wrong.push(format!("a stranger's account became {name:?}"));
        }
    }
    let strangers = directory
        .entries
        .values()
        .filter(|resource| !truth.ever.contains(&(resource.kind(), resource.local_id().clone())));
    if strangers.count() > directory.foreign.len() {
        wrong.push("an account that nobody asked for".to_owned());
    }
    wrong
}

/// The manager in the target's ids. One who is not there leaves the target's word as it is.
fn with_manager(user: &User, directory: &Directory, shown: &[(&RemoteId, &Resource)]) -> User {
    let mut user = user.clone();
    let manager = user.enterprise.as_ref().and_then(|enterprise| enterprise.manager.as_ref());
    let Some(manager) = manager.map(|manager| LocalId::from(&manager.value)) else { return user };
    let accounts = directory.accounts(&(ResourceKind::User, manager));
    user.enterprise = match (accounts.first(), shown.first()) {
        (Some((id, _)), _) => {
            let mut enterprise = EnterpriseUser::default();
            enterprise.manager = Some(Manager::new(id.as_str()));
            Some(enterprise)
        }
        (None, Some((_, Resource::User(shown)))) => shown.enterprise.clone(),
        (None, _) => None,
    };
    user
}

fn text(resource: &Resource) -> String {
    serde_json::to_string(resource).unwrap_or_default()
}
