//! The target's own ids of everybody that a resource refers to.

use super::shared::Shared;
use crate::delivery::{Lane, Members, References};
use crate::error::Result;
use crate::model::LaneKey;
use crate::store::{key_of, member_of};

/// The ids of everybody that a lane's resource refers to, as far as they are at the system of this fingerprint.
pub(super) async fn refer(
    shared: &Shared,
    key: &LaneKey,
    lane: &Lane,
    members: &Members,
    fingerprint: &str,
) -> Result<References> {
    let referred = lane.referred(members);
    if referred.is_empty() {
        return Ok(References::new());
    }
    let organization = &key.resource.organization;
    let keys: Vec<_> = referred.iter().map(|member| key_of(organization, member)).collect();
    let lanes = shared.store.lanes_at(&key.target_key(), &keys).await?;
    let accounts = lanes.into_iter().filter_map(|row| {
        let account = row.record.lane.account_at(fingerprint)?.clone();
        Some((member_of(&row.key.resource), account))
    });
    Ok(accounts.collect())
}
