//! What a store must do.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::batch::{Batch, Committed, Durability};
use super::rows::{Hint, LaneQuery, OpenMembers, StoredLane, StoredResource, Which};
use crate::delivery::{Health, Life};
use crate::error::Result;
use crate::model::{Fact, LaneKey, Member, ResourceKey, TargetKey, Timestamp};

/// Keeps events, lanes and links, and decides nothing: it keeps rows, finds what is due, and commits batches whole.
///
/// # Contract
///
/// The numbers are quoted by [`conformance::store`](crate::conformance::store), which checks them.
///
/// *Batches*
/// 1. **A batch is committed whole or not at all**, and is seen by every read that begins after [`commit`](Self::commit)
///    has returned.
/// 2. **A guard that does not hold refuses the batch**: each write of a resource or a lane names the revision that it
///    was made from, 0 for a row that is not there. The answer is [`Committed::Conflict`], and nothing is changed.
/// 3. **A row gets a new revision with every write**, and none that it or an earlier row of the same key ever had.
/// 4. **What was committed [`Immediate`](Durability::Immediate) survives** the process, and the machine as far as the
///    store promises. What was committed [`Deferred`](Durability::Deferred) survives once anything `Immediate` was
///    committed after it; until then either all of a suffix of it is lost, or nothing.
/// 5. **A life has a number of its own**, higher than any before it. If the one before did not end by
///    [`close`](Self::close), [`Life::unclean_before`] is this life's number.
///
/// *Order*
/// 6. **The events of a resource are numbered 1, 2, 3 … without gaps**, in the order in which their batches were
///    committed: the number is kept in the resource's row, under its guard (P6).
///
/// *Due lanes*
/// 7. **[`due`](Self::due) gives a target's lanes in the order of [`Due`](crate::delivery::Due)**: urgent ones first,
///    then by time; none that is due later than asked for, and none that another living process works on. It may leave
///    out lanes that it showed to another process less than a second ago.
/// 8. **[`agenda`](Self::agenda) names every target that has a lane due**, now or later, with the earliest time of
///    lanes that are not busy: neither named as such nor marked as this life's. They would hide when the next one is.
/// 9. **A parked lane is not due** unless its record says so: where a request that may still land could be what stands in
///    its way. Else its cost to `due` and `agenda` is nothing.
///
/// *Members*
/// 10. **Who is in a group is kept both ways**: by group and by member.
/// 11. **An open member stays open until it is closed under the mark that it was opened with.** A close under an older
///     mark is ignored, and the lane is woken.
/// 12. **A member that is closed to wait, but has an account at the target by then, stays open**, and the lane is woken.
/// 13. **When a lane gets another account, its resource is opened in every group** that the host has it in and that
///     [is wanted](crate::delivery::LaneRecord::is_wanted) at the same target, unless it is in the group there
///     [surely](crate::delivery::Joined::is_surely) under this account; and those lanes are woken (P17). This belongs
///     to the same batch, whose lanes are all written before.
/// 14. **To wake a lane is to call [`LaneRecord::wake`](crate::delivery::LaneRecord::wake) on it**, with a new revision,
///     if it is there. To have one judged is to call [`LaneRecord::judge`](crate::delivery::LaneRecord::judge) in the same
///     way.
///
/// *Beside lanes*
/// 15. **Health, facts and hints are kept as they were written last.**
/// 16. **[`tidy`](Self::tidy) forgets lanes that remember nothing** since before a time, and resources without lanes,
///     and nothing else.
///
/// *References*
/// 17. **When a lane gets another account, the lanes at the same target whose resources
///     [refer to](crate::delivery::LaneRecord::refers_to) this one are woken** by the same batch, its own included (P17).
///
/// *Counting*
/// 18. **[`count`](Self::count) is how many lanes [`lanes`](Self::lanes) would show** of a target, if it showed all of
///    them.
///
/// # Errors
///
/// From every method: [`Storage`](crate::ErrorKind::Storage) when the store cannot be read or written;
/// [`Damaged`](crate::ErrorKind::Damaged) when it can, and holds what cannot be, such as a checksum that is wrong (F16).
/// Only of the second is it known that it stays so: what is damaged is passed over where that helps others, and a store
/// that fails never is. The message names the row by its kind and never its contents.
/// [`Configuration`](crate::ErrorKind::Configuration) when a store that seals was not given the right key: that is never
/// passed over either, and nothing is written in its place (F70).
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// This process's life at the store.
    fn life(&self) -> Life;

    /// Whether several processes may work on it at once. If not, an unclean end shows in [`life`](Self::life), and
    /// then everything that was open counts as sent (C12): so nothing needs to be written before a request. Default:
    /// yes, and what is about to be sent is committed first.
    fn is_shared(&self) -> bool {
        true
    }

    /// What is known of a resource, with its lanes by target; an empty row of revision 0 when nothing is.
    async fn resource(&self, key: &ResourceKey) -> Result<StoredResource>;

    /// One lane.
    async fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>>;

    /// The lanes of these resources at one target, as far as they are there, in no order.
    async fn lanes_at(
        &self,
        target: &TargetKey,
        resources: &[ResourceKey],
    ) -> Result<Vec<StoredLane>>;

    /// Lanes by what is to be known of them, by key, after the one where an earlier answer ended.
    async fn lanes(&self, query: &LaneQuery) -> Result<Vec<StoredLane>>;

    /// How many lanes of a target have this in common.
    async fn count(&self, target: &TargetKey, which: Which) -> Result<usize>;

    /// At most so many of a group's open members at a target.
    async fn open_members(&self, group: &LaneKey, limit: usize) -> Result<OpenMembers>;

    /// These members of a group at a target, open or not.
    async fn named_members(&self, group: &LaneKey, members: &[Member]) -> Result<OpenMembers>;

    /// How many members of a group wait for an account at a target.
    async fn waiting_members(&self, group: &LaneKey) -> Result<usize>;

    /// Who is in a group at the host.
    async fn members_of(&self, group: &ResourceKey) -> Result<Vec<Member>>;

    /// The groups that a resource is in at the host.
    async fn groups_of(&self, member: &ResourceKey) -> Result<Vec<ResourceKey>>;

    /// The lanes at the same target whose resources refer to this one's: see
    /// [`LaneRecord::refers_to`](crate::delivery::LaneRecord::refers_to).
    async fn referring(&self, lane: &LaneKey) -> Result<Vec<LaneKey>>;

    /// At most so many lanes of a target that are due by then.
    async fn due(&self, target: &TargetKey, until: Timestamp, limit: usize)
    -> Result<Vec<LaneKey>>;

    /// Every target that has lanes due other than these, on which somebody works, and when the first is.
    async fn agenda(&self, busy: &HashSet<LaneKey>) -> Result<Vec<(TargetKey, Timestamp)>>;

    /// A target's health.
    async fn health(&self, target: &TargetKey) -> Result<Health>;

    /// Every target whose health was ever written.
    async fn healths(&self) -> Result<Vec<(TargetKey, Health)>>;

    /// What was learnt of a target.
    async fn facts(&self, target: &TargetKey) -> Result<Vec<Fact>>;

    /// At most so many announcements that were not fulfilled, oldest life first.
    async fn hints(&self, limit: usize) -> Result<Vec<Hint>>;

    /// Commits a batch.
    async fn commit(&self, batch: Batch, durability: Durability) -> Result<Committed>;

    /// Forgets at most so many rows that remember nothing since before then; answers how many there were.
    async fn tidy(&self, before: Timestamp, limit: usize) -> Result<usize>;

    /// Ends this life cleanly: everything that was committed is made durable, and nothing was under way. Later calls
    /// fail. [`Dispatcher::close`](crate::Dispatcher::close) calls it.
    async fn close(&self) -> Result<()>;
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: Store + ?Sized> Store for $pointer<T> {
            fn life(&self) -> Life {
                (**self).life()
            }

            fn is_shared(&self) -> bool {
                (**self).is_shared()
            }

            async fn resource(&self, key: &ResourceKey) -> Result<StoredResource> {
                (**self).resource(key).await
            }

            async fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
                (**self).lane(key).await
            }

            async fn lanes_at(&self, target: &TargetKey, resources: &[ResourceKey]) -> Result<Vec<StoredLane>> {
                (**self).lanes_at(target, resources).await
            }

            async fn lanes(&self, query: &LaneQuery) -> Result<Vec<StoredLane>> {
                (**self).lanes(query).await
            }

            async fn count(&self, target: &TargetKey, which: Which) -> Result<usize> {
                (**self).count(target, which).await
            }

            async fn open_members(&self, group: &LaneKey, limit: usize) -> Result<OpenMembers> {
                (**self).open_members(group, limit).await
            }

            async fn named_members(&self, group: &LaneKey, members: &[Member]) -> Result<OpenMembers> {
                (**self).named_members(group, members).await
            }

            async fn waiting_members(&self, group: &LaneKey) -> Result<usize> {
                (**self).waiting_members(group).await
            }

            async fn members_of(&self, group: &ResourceKey) -> Result<Vec<Member>> {
                (**self).members_of(group).await
            }

            async fn groups_of(&self, member: &ResourceKey) -> Result<Vec<ResourceKey>> {
                (**self).groups_of(member).await
            }

            async fn referring(&self, lane: &LaneKey) -> Result<Vec<LaneKey>> {
                (**self).referring(lane).await
            }

            async fn due(&self, target: &TargetKey, until: Timestamp, limit: usize) -> Result<Vec<LaneKey>> {
                (**self).due(target, until, limit).await
            }

            async fn agenda(&self, busy: &HashSet<LaneKey>) -> Result<Vec<(TargetKey, Timestamp)>> {
                (**self).agenda(busy).await
            }

            async fn health(&self, target: &TargetKey) -> Result<Health> {
                (**self).health(target).await
            }

            async fn healths(&self) -> Result<Vec<(TargetKey, Health)>> {
                (**self).healths().await
            }

            async fn facts(&self, target: &TargetKey) -> Result<Vec<Fact>> {
                (**self).facts(target).await
            }

            async fn hints(&self, limit: usize) -> Result<Vec<Hint>> {
                (**self).hints(limit).await
            }

            async fn commit(&self, batch: Batch, durability: Durability) -> Result<Committed> {
                (**self).commit(batch, durability).await
            }

            async fn tidy(&self, before: Timestamp, limit: usize) -> Result<usize> {
                (**self).tidy(before, limit).await
            }

            async fn close(&self) -> Result<()> {
                (**self).close().await
            }
        }
    )+};
}

forward!(Arc, Box);
