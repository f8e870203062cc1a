//! The target's own ids of everybody that a resource refers to.

use super::shared::Shared;
use crate::delivery::{Lane, Members, References};
use crate::error::Result;
use crate::model::{LaneKey, Member};
use crate::store::{key_of, member_of};

/// Those whom a resource refers to.
#[derive(Debug, Default)]
pub(super) struct Referred {
    /// The target's ids.
    pub(super) accounts: References,
    /// Who is to be in no group there.
    pub(super) stripped: Vec<Member>,
}

/// Everybody that a lane's resource refers to, as far as they are at the system of this fingerprint.
pub(super) async fn refer(
    shared: &Shared,
    key: &LaneKey,
    lane: &Lane,
    members: &Members,
    fingerprint: &str,
) -> Result<Referred> {
    let referred = lane.referred(members);
    if referred.is_empty() {
        return Ok(Referred::default());
    }
    let organization = &key.resource.organization;
    let keys: Vec<_> = referred.iter().map(|member| key_of(organization, member)).collect();
    let lanes = shared.store.lanes_at(&key.target_key(), &keys).await?;
    let mut referred = Referred::default();
    for row in lanes {
        let member = member_of(&row.key.resource);
        if row.record.lane.is_stripped() {
            referred.stripped.push(member.clone());
        }
        let account = row.record.lane.account_at(fingerprint);
        referred.accounts.extend(account.map(|account| (member, account.clone())));
    }
    Ok(referred)
}
