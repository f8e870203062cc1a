//! Compares what is wanted with what the server shows, and tells what the target cannot hold from what we failed to do.
//!
//! **The rules.** A difference is the target's only where the target itself has shown it, on the whole server and not
//! on one resource:
//!
//! * an attribute is *dropped* when a write that carried it was taken and no account on the server shows any value of
//!   it; *refused* when such a write was refused and no account shows one; *unknown* when it was never sent and the
//!   server's own `/Schemas` does not name it;
//! * a value is *rewritten* when it was taken and differs in capitals, blanks or (phone numbers) punctuation only, or
//!   when of several accounts none shows the attribute as it was sent;
//! * a list is *limited* when no account shows more values than this one, more were sent, and the preferred value is
//!   among those that are shown;
//! * a value *cannot be cleared* when every account on the server has one;
//! * *nobody can be renamed* when a rename was tried and every renamed user still has the former name;
//! * an account *cannot be deleted* when DELETE was tried and no user for whom it was tried is gone, and only where
//!   the account is inactive;
//! * members are *not shown* when writes with members were taken and no group on the server shows any, not even asked
//!   for by itself, nor any user a group.
//!
//! Everything else is our failure: an account too many or too few, two with one `externalId` or one `userName`,
//! somebody active who should not be or the other way round, and work that waits for a person for no reason above, or
//! for another one than that the target refuses the data or has given the name to another.

use std::collections::{BTreeMap, BTreeSet};

use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::{LaneState, LaneStatus};
use serde_json::Value;

use crate::attributes::{Census, Finding, Pair, Tally};
use crate::count::Exchange;
use crate::evidence::{Evidence, Kind};
use crate::flat::{Flat, field, flat, fold, text};
use crate::groups;
use crate::wanted::Wanted;

/// What a server shows.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) users: Vec<Value>,
    /// None: there are no groups at this server.
    pub(crate) groups: Option<Vec<Value>>,
    /// The attributes of users that `/Schemas` names, in lower case.
    pub(crate) schema: Option<BTreeSet<String>>,
}

/// All that is known when a judgement is asked for.
pub(crate) struct Case<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) wanted: &'a Wanted,
    pub(crate) shown: &'a Shown,
    pub(crate) exchanges: &'a [Exchange],
    /// Lanes at which something is open.
    pub(crate) open: &'a [LaneStatus],
    pub(crate) has_profile: bool,
}

/// The judgement.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) failures: Vec<String>,
    /// What the target cannot hold, with the number of resources.
    pub(crate) limits: Tally,
    /// Resources of whom something is explained by a limit.
    explained: BTreeSet<String>,
}

impl Judgement {
    pub(crate) fn fail(&mut self, text: String) {
        self.failures.push(text);
    }

    pub(crate) fn limit(&mut self, id: &str, text: String) {
        *self.limits.entry(text).or_default() += 1;
        self.explained.insert(id.to_owned());
    }
}

/// An account on the server.
pub(crate) struct Account<'a> {
    pub(crate) id: String,
    name: String,
    external_id: Option<String>,
    is_active: bool,
    /// The host's id of whom it belongs to.
    pub(crate) owner: Option<String>,
    pub(crate) shown: &'a Value,
}

pub(crate) fn judge(case: &Case<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let accounts: Vec<Account<'_>> =
        case.shown.users.iter().filter_map(|user| account(case.wanted, user)).collect();
    let owners: BTreeMap<String, String> = accounts
        .iter()
        .filter_map(|account| Some((account.id.clone(), account.owner.clone()?)))
        .collect();
    judge_accounts(case, &accounts, &mut judgement);
    judge_attributes(case, &accounts, &owners, &mut judgement);
    groups::judge(case, &accounts, &owners, &mut judgement);
    for lane in case.open {
        let id = lane.lane.resource.id.as_str();
        // What else waits for a person waits for no limit of the target.
        let may_follow =
            matches!(lane.state, LaneState::Parked(ParkReason::Rejected | ParkReason::NameTaken));
        if may_follow && judgement.explained.contains(id) {
            continue;
        }
        let kind = lane.lane.resource.kind;
        let message = lane.message.as_deref().unwrap_or("no reason given");
        judgement.fail(format!("{kind} {id} is not at rest: {} ({message})", lane.state));
    }
    judgement
}

fn account<'a>(wanted: &Wanted, user: &'a Value) -> Option<Account<'a>> {
    let name = field(user, "userName").and_then(text).unwrap_or_default();
    let external_id = field(user, "externalId").and_then(text);
    let owner = match &external_id {
        Some(id) => Some(id.clone())
            .filter(|id| wanted.users.contains_key(id) || wanted.deleted_users.contains_key(id)),
        None => by_name(wanted, &name),
    };
    Some(Account {
        id: field(user, "id").and_then(text)?,
        name,
        external_id,
        is_active: flat(user, |_| None).get("active").is_some_and(|a| a.contains("true")),
        owner,
        shown: user,
    })
}

/// Whose account it is, where it does not say: whose name it has, had, or had before being deleted.
fn by_name(wanted: &Wanted, name: &str) -> Option<String> {
    let name = fold(name);
    let now = wanted.users.iter().find(|(_, user)| fold(&user.user_name) == name);
    let now = now.map(|(id, _)| id);
    let former = || {
        let had = |names: &Vec<String>| names.iter().any(|former| fold(former) == name);
        wanted.former_names.iter().find(|(_, names)| had(names)).map(|(id, _)| id)
    };
    let deleted = || {
        let gone = wanted.deleted_users.iter();
        gone.into_iter().find(|(_, user)| fold(&user.user_name) == name).map(|(id, _)| id)
    };
    now.or_else(former).or_else(deleted).cloned()
}

/// One account for each user, none for anybody else.
fn judge_accounts(case: &Case<'_>, accounts: &[Account<'_>], judgement: &mut Judgement) {
    let prefix = fold(case.prefix);
    let is_ours = |account: &&Account<'_>| {
        let id = account.external_id.as_deref().unwrap_or_default();
        account.owner.is_some()
            || fold(id).starts_with(&prefix)
            || fold(&account.name).starts_with(&prefix)
    };
    let ours: Vec<&Account<'_>> = accounts.iter().filter(is_ours).collect();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    let mut by_owner: BTreeMap<&str, Vec<&Account<'_>>> = BTreeMap::new();
    for account in &ours {
        *by_name.entry(fold(&account.name)).or_default() += 1;
        match &account.owner {
            Some(owner) => by_owner.entry(owner).or_default().push(account),
            None => judgement.fail(format!("account {} belongs to nobody", account.id)),
        }
    }
    for (name, count) in by_name.iter().filter(|(_, count)| **count > 1) {
        judgement.fail(format!("{count} accounts have the userName `{name}`"));
    }
    for (owner, accounts) in by_owner.iter().filter(|(_, accounts)| accounts.len() > 1) {
        judgement.fail(format!("{} accounts belong to {owner}", accounts.len()));
    }
    let evidence = Evidence(case.exchanges);
    let deleted = evidence.deleted(Kind::User);
    let nobody_goes = !deleted.is_empty()
        && deleted.iter().all(|id| accounts.iter().any(|account| account.id == *id));
    for (id, user) in &case.wanted.users {
        if by_owner.contains_key(id.as_str()) {
            continue;
        }
        let holds_name = |account: &&&Account<'_>| {
            fold(&account.name) == fold(&user.user_name) && !account.is_active
        };
        match ours.iter().find(holds_name) {
            Some(_) if nobody_goes => judgement.limit(
                id,
                "accounts: a deleted user's account stays, and keeps the name from others"
                    .to_owned(),
            ),
            _ => judgement.fail(format!("user {id} has no account")),
        }
    }
    for id in case.wanted.deleted_users.keys() {
        for account in by_owner.get(id.as_str()).into_iter().flatten() {
            let text = match evidence.was_delete_refused(Kind::User, &account.id) {
                true => "accounts: DELETE is refused; they are deactivated".to_owned(),
                false => "accounts: DELETE only deactivates".to_owned(),
            };
            match (account.is_active, nobody_goes) {
                (false, true) => judgement.limit(id, text),
                (true, _) => judgement.fail(format!("deleted user {id} has an active account")),
                (false, false) => judgement.fail(format!("deleted user {id} has an account")),
            }
        }
    }
}

fn judge_attributes(
    case: &Case<'_>,
    accounts: &[Account<'_>],
    owners: &BTreeMap<String, String>,
    judgement: &mut Judgement,
) {
    let whose = |id: &str| owners.get(id).cloned();
    let everybody: Vec<Flat> = accounts.iter().map(|account| flat(account.shown, whose)).collect();
    let mut pairs = Vec::new();
    for (account, shown) in accounts.iter().zip(&everybody) {
        let Some((id, user)) =
            account.owner.as_ref().and_then(|owner| case.wanted.users.get_key_value(owner))
        else {
            continue;
        };
        // By what RFC 7643 says, and not by the library's own words.
        let Ok(wanted) = serde_json::to_value(user) else { continue };
        pairs.push(Pair {
            id: id.clone(),
            wanted: flat(&wanted, |_| None),
            shown: shown.clone(),
            has_returned: case.wanted.returned.contains(id),
            former_names: case.wanted.former_names.get(id).cloned().unwrap_or_default(),
        });
    }
    let census = Census {
        pairs: &pairs,
        everybody: &everybody,
        evidence: Evidence(case.exchanges),
        schema: case.shown.schema.as_ref(),
        has_profile: case.has_profile,
    };
    for pair in &pairs {
        for finding in census.findings(pair) {
            match finding {
                Finding::Limit(text) => judgement.limit(&pair.id, text),
                Finding::Failure(text) => judgement.fail(text),
            }
        }
    }
}
