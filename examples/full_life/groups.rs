//! The part of the judgement that is about groups and their members.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::evidence::{Evidence, Kind};
use crate::flat::{field, fold, text};
use crate::judge::{Account, Case, Judgement};
use crate::wanted::{Wanted, WantedGroup};

/// A group on the server.
struct Listed<'a> {
    id: String,
    name: String,
    owner: Option<String>,
    shown: &'a Value,
}

pub(crate) fn judge(
    case: &Case<'_>,
    accounts: &[Account<'_>],
    owners: &BTreeMap<String, String>,
    judgement: &mut Judgement,
) {
    let Some(groups) = &case.shown.groups else {
        for id in case.wanted.groups.keys() {
            judgement.limit(id, "groups: there are none at this target".to_owned());
        }
        return;
    };
    let groups: Vec<Listed<'_>> =
        groups.iter().filter_map(|group| listed(case.wanted, group)).collect();
    judge_existence(case, &groups, judgement);
    judge_names(case, &groups, judgement);
    judge_members(case, &groups, accounts, owners, judgement);
}

fn listed<'a>(wanted: &Wanted, group: &'a Value) -> Option<Listed<'a>> {
    let name = field(group, "displayName").and_then(text).unwrap_or_default();
    let external_id = field(group, "externalId").and_then(text);
    let is_known =
        |id: &String| wanted.groups.contains_key(id) || wanted.deleted_groups.contains_key(id);
    let owner = external_id.filter(is_known).or_else(|| {
        let now = wanted.groups.iter().find(|(_, group)| fold(&group.name) == fold(&name));
        let former = || {
            let had = |names: &Vec<String>| names.iter().any(|former| fold(former) == fold(&name));
            wanted.former_names.iter().find(|(_, names)| had(names)).map(|(id, _)| id.clone())
        };
        let deleted = || {
            let gone = wanted.deleted_groups.iter();
            gone.into_iter().find(|(_, last)| fold(last) == fold(&name)).map(|(id, _)| id.clone())
        };
        now.map(|(id, _)| id.clone()).or_else(former).or_else(deleted)
    });
    Some(Listed { id: field(group, "id").and_then(text)?, name, owner, shown: group })
}

fn judge_existence(case: &Case<'_>, groups: &[Listed<'_>], judgement: &mut Judgement) {
    let evidence = Evidence(case.exchanges);
    let prefix = fold(case.prefix);
    let mut by_owner: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups {
        match &group.owner {
            Some(owner) => *by_owner.entry(owner).or_default() += 1,
            None if fold(&group.name).starts_with(&prefix) => {
                judgement.fail(format!("group {} belongs to nobody", group.id));
            }
            None => {}
        }
    }
    for (owner, count) in by_owner.iter().filter(|(_, count)| **count > 1) {
        judgement.fail(format!("{count} groups belong to {owner}"));
    }
    for id in case.wanted.groups.keys().filter(|id| !by_owner.contains_key(id.as_str())) {
        judgement.fail(format!("group {id} is not there"));
    }
    for group in groups {
        let Some(owner) =
            group.owner.as_ref().filter(|owner| case.wanted.deleted_groups.contains_key(*owner))
        else {
            continue;
        };
        if evidence.was_delete_refused(Kind::Group, &group.id) {
            judgement.limit(owner, "groups: DELETE is refused".to_owned());
        } else {
            judgement.fail(format!("deleted group {owner} is there"));
        }
    }
}

fn judge_names(case: &Case<'_>, groups: &[Listed<'_>], judgement: &mut Judgement) {
    let evidence = Evidence(case.exchanges);
    for (group, owner, wanted) in wanted_groups(case, groups) {
        if group.name == wanted.name {
            continue;
        }
        let former = case.wanted.former_names.get(owner);
        let has_former =
            former.is_some_and(|names| names.iter().any(|name| fold(name) == fold(&group.name)));
        if fold(&group.name) == fold(&wanted.name) {
            judgement.limit(owner, "displayName of groups: capitals are not kept".to_owned());
        } else if has_former && evidence.was_change_tried(Kind::Group, "displayName") {
            judgement.limit(owner, "displayName of groups: no group can be renamed".to_owned());
        } else {
            judgement.fail(format!(
                "group {owner}: displayName is `{}`, should be `{}`",
                group.name, wanted.name
            ));
        }
    }
}

fn judge_members(
    case: &Case<'_>,
    groups: &[Listed<'_>],
    accounts: &[Account<'_>],
    owners: &BTreeMap<String, String>,
    judgement: &mut Judgement,
) {
    let is_shown = groups.iter().any(|group| !members(group.shown).is_empty());
    let by_users = groups_of_users(accounts);
    for (group, owner, wanted) in wanted_groups(case, groups) {
        let ids = match (is_shown, by_users.is_empty()) {
            (true, _) => members(group.shown),
            (false, false) => by_users.get(&group.id).cloned().unwrap_or_default(),
            (false, true) => {
                if wanted.members.is_empty() {
                    continue;
                }
                if Evidence(case.exchanges).was_taken(Kind::Group, "members") {
                    judgement.limit(owner, "members: taken, and shown by no group".to_owned());
                } else {
                    judgement.fail(format!("group {owner}: no members were ever taken"));
                }
                continue;
            }
        };
        let shown: BTreeSet<String> = ids
            .into_iter()
            .map(|id| owners.get(&id).cloned().unwrap_or(format!("stranger {id}")))
            .collect();
        // Who has no account for a reason of the target's cannot be a member either.
        let without_account = wanted.members.iter().filter(|member| {
            !accounts.iter().any(|account| account.owner.as_ref() == Some(*member))
        });
        let missing: BTreeSet<&String> = without_account.collect();
        let should: BTreeSet<String> =
            wanted.members.iter().filter(|member| !missing.contains(member)).cloned().collect();
        for id in should.difference(&shown) {
            judgement.fail(format!("group {owner}: {id} is missing"));
        }
        for id in shown.difference(&should) {
            judgement.fail(format!("group {owner}: {id} is in it, and should not be"));
        }
    }
}

fn wanted_groups<'a>(
    case: &'a Case<'_>,
    groups: &'a [Listed<'_>],
) -> impl Iterator<Item = (&'a Listed<'a>, &'a String, &'a WantedGroup)> {
    groups.iter().filter_map(|group| {
        let (owner, wanted) = case.wanted.groups.get_key_value(group.owner.as_ref()?)?;
        Some((group, owner, wanted))
    })
}

/// The ids of a group's members.
pub(crate) fn members(group: &Value) -> BTreeSet<String> {
    ids(field(group, "members"))
}

/// Who is in which group, by what the users show of their groups.
fn groups_of_users(accounts: &[Account<'_>]) -> BTreeMap<String, BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for account in accounts {
        for group in ids(field(account.shown, "groups")) {
            groups.entry(group).or_default().insert(account.id.clone());
        }
    }
    groups
}

fn ids(list: Option<&Value>) -> BTreeSet<String> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|entry| field(entry, "value").and_then(text)).collect()
}
