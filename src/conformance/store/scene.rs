//! What the cases are made of: names, lanes in every state, and sentences about what was found.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::delivery::{
    Era, LaneChange, LaneRecord, Life, Members, Moment, Next, Outcome, ParkReason,
};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Cause, EnterpriseUser, EventId, Group, LaneKey, Link, Manager, Member, OrganizationId,
    RemoteId, Resource, ResourceKey, ResourceKind, Target, TargetKey, Timestamp, User,
};
use crate::store::{
    Batch, Committed, Durability, Hint, LaneWrite, MembershipWrite, Opening, ResourceWrite, Store,
};

/// Requests of which nobody heard may land for so long.
const SETTLE_MILLIS: i64 = 60_000;

/// How a case went.
pub(super) type Checked<T = ()> = std::result::Result<T, Wrong>;

/// What a store did otherwise than the contract says.
#[derive(Debug)]
pub(super) struct Wrong(pub(super) String);

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self(format!("it answered: {error}"))
    }
}

/// A case under way.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Checked> + Send + 'a>>;

/// A case over a store, or over a place where a store can be opened again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial<Run> {
    pub(super) sentence: u8,
    pub(super) name: &'static str,
    pub(super) run: Run,
}

/// A case that needs an empty store.
pub(super) type OnStore = for<'a> fn(&'a dyn Store) -> Running<'a>;
/// A case that opens a store more than once.
pub(super) type OnPlace = for<'a> fn(&'a dyn Place) -> Running<'a>;

/// Where a store keeps what outlives it.
#[async_trait]
pub(super) trait Place: Send + Sync {
    async fn open(&self) -> Result<Box<dyn Store>>;
}

/// Cases by the sentence that they check; each is a function, and its name is the case's.
macro_rules! trials {
    ($($sentence:literal: $($name:ident),+;)+) => {
        &[$($(Trial { sentence: $sentence, name: stringify!($name), run: |on| Box::pin($name(on)) }),+),+]
    };
}
pub(super) use trials;

pub(super) fn same<T: PartialEq + Debug>(what: &str, found: T, wanted: T) -> Checked {
    if found == wanted { Ok(()) } else { Err(Wrong(format!("{what}: {found:?}, not {wanted:?}"))) }
}

pub(super) fn holds(what: &str, whether: bool) -> Checked {
    if whether { Ok(()) } else { Err(Wrong(format!("not so: {what}"))) }
}

pub(super) fn sorted<T: Ord>(rows: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut rows: Vec<T> = rows.into_iter().collect();
    rows.sort();
    rows
}

pub(super) fn acme() -> OrganizationId {
    "acme".into()
}

pub(super) fn user(id: &str) -> ResourceKey {
    ResourceKey::new(acme(), ResourceKind::User, id.into())
}

pub(super) fn group(id: &str) -> ResourceKey {
    ResourceKey::new(acme(), ResourceKind::Group, id.into())
}

pub(super) fn hr() -> Target {
    Target::new("hr", "scim2")
}

pub(super) fn crm() -> Target {
    Target::new("crm", "scim2")
}

pub(super) fn target_key(target: Target) -> TargetKey {
    TargetKey::new(acme(), target)
}

/// A user's lane at the first target.
pub(super) fn lane(id: &str) -> LaneKey {
    LaneKey::new(user(id), hr())
}

/// A group's lane at the first target.
pub(super) fn group_lane(id: &str) -> LaneKey {
    LaneKey::new(group(id), hr())
}

pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn moment(millis: i64) -> Moment {
    let settle = Duration::from_millis(SETTLE_MILLIS.cast_unsigned());
    Moment { now: time(millis), settle, dice: 0 }
}

fn first_life() -> Life {
    Life::new(Era::new(1), Era::default())
}

fn state() -> LaneChange {
    LaneChange::State(Arc::new(User::new("u-1", "ada").with_email("ada@example.com").into()))
}

fn accepted(change: LaneChange) -> LaneRecord {
    let mut record = LaneRecord::default();
    record.accept(EventId::new(1), change, first_life(), &moment(0));
    record
}

fn ended(change: LaneChange, outcome: &Outcome, millis: i64) -> LaneRecord {
    let mut record = attempted(change, first_life());
    record.end(outcome, &moment(millis));
    record
}

fn attempted(change: LaneChange, life: Life) -> LaneRecord {
    let mut record = accepted(change);
    // Only deaths could refuse an attempt, and none has happened here.
    drop(record.begin(life, &moment(0), false));
    record
}

/// Due at once.
pub(super) fn queued() -> LaneRecord {
    accepted(state())
}

/// Due at once, and before everything else.
pub(super) fn urgent() -> LaneRecord {
    accepted(LaneChange::Delete { erased: false })
}

/// The shortest pause after a failure is a millisecond.
fn shortly_before(millis: i64) -> i64 {
    millis.saturating_sub(1)
}

/// Due then, after an attempt that failed.
pub(super) fn queued_until(millis: i64) -> LaneRecord {
    ended(state(), &Outcome::queued(failure()), shortly_before(millis))
}

/// The same, and before everything else.
pub(super) fn urgent_until(millis: i64) -> LaneRecord {
    ended(LaneChange::Delete { erased: false }, &Outcome::queued(failure()), shortly_before(millis))
}

/// Waits for a person.
pub(super) fn parked() -> LaneRecord {
    let next = Next::Parked(ParkReason::Rejected);
    ended(state(), &Outcome::Failed { error: failure(), next }, 5)
}

/// Nothing is to be done, and nobody has an account.
pub(super) fn settled() -> LaneRecord {
    ended(state(), &Outcome::NotNeeded, 5)
}

/// Nothing is to be done, for a user with a manager who has no account.
pub(super) fn reporting_to(manager: &str) -> LaneRecord {
    let manager = Some(Manager::new(manager));
    let mut user = User::new("u-2", "bob");
    user.enterprise = Some(EnterpriseUser { manager, ..EnterpriseUser::default() });
    ended(LaneChange::State(Arc::new(user.into())), &Outcome::NotNeeded, 5)
}

/// Nothing is to be done, but requests may still land until then.
pub(super) fn unsettled_until(millis: i64) -> LaneRecord {
    let mut record = settled();
    record.refuse(&moment(millis.saturating_sub(SETTLE_MILLIS)));
    record
}

/// Remembers nothing but that the resource has been gone since then.
pub(super) fn gone_since(millis: i64) -> LaneRecord {
    ended(LaneChange::Delete { erased: false }, &Outcome::NotNeeded, millis)
}

/// An attempt of this life is under way.
pub(super) fn attempted_by(era: Era) -> LaneRecord {
    attempted(state(), Life::new(era, Era::default()))
}

/// Nothing is to be done: this account is there.
pub(super) fn linked(account: &str) -> Checked<LaneRecord> {
    let mut record = settled();
    record.lane.link = Some(Link {
        remote_id: RemoteId::new(account)?,
        version: Some("W/\"1\"".to_owned()),
        confirmed: None,
        shown: false,
        doubtful: Vec::new(),
    });
    Ok(record)
}

/// Nothing is to be done, at the system that says this of itself.
pub(super) fn settled_at(system: &str) -> LaneRecord {
    let mut record = settled();
    record.lane.begin_at(system, &mut Members::default());
    record
}

/// Nothing is to be done, and nobody has an account: what the host said last is kept for when they are to have one.
pub(super) fn aside() -> LaneRecord {
    let mut record = settled();
    record.lane.part(Cause::LeftScope);
    record
}

/// This account is there, and should not be.
pub(super) fn leaving(account: &str) -> Checked<LaneRecord> {
    let mut record = gone_since(5);
    record.lane.link = linked(account)?.lane.link;
    Ok(record)
}

/// An account is there, at the system that says this of itself.
pub(super) fn linked_at(account: &str, system: &str) -> Checked<LaneRecord> {
    let mut record = linked(account)?;
    let link = record.lane.link.take();
    record.lane.begin_at(system, &mut Members::default());
    record.lane.link = link;
    Ok(record)
}

fn failure() -> Error {
    Error::new(ErrorKind::Unavailable, "the target does not answer")
}

/// Everything that a record says.
pub(super) fn form(record: &LaneRecord) -> Checked<Value> {
    serde_json::to_value(record).map_err(|error| Wrong(error.to_string()))
}

/// A group's attributes.
pub(super) fn attributes(name: &str) -> Arc<Resource> {
    Arc::new(Group::new("g-1", name).into())
}

/// A user who is in groups.
pub(super) fn staff() -> Member {
    Member::user("u-1")
}

/// An announcement of the first life.
pub(super) fn announced(number: u64, id: &str) -> Hint {
    Hint::new(Era::new(1), number, user(id))
}

/// Commits, and nothing stands in the way.
pub(super) async fn commit(store: &dyn Store, batch: Batch) -> Checked {
    same("a commit", store.commit(batch, Durability::Immediate).await?.is_done(), true)
}

/// A guard stands in the way.
pub(super) async fn refused(store: &dyn Store, batch: Batch) -> Checked {
    same(
        "a commit under a guard that does not hold",
        store.commit(batch, Durability::Immediate).await?,
        Committed::Conflict,
    )
}

pub(super) fn write(key: &LaneKey, expected: u64, record: Option<LaneRecord>) -> Batch {
    Batch { lanes: vec![LaneWrite::new(key.clone(), expected, record)], ..Batch::new() }
}

pub(super) fn write_resource(key: &ResourceKey, expected: u64, newest: u64) -> Batch {
    let write = ResourceWrite::new(key.clone(), expected, EventId::new(newest));
    Batch { resource: Some(write), ..Batch::new() }
}

pub(super) fn new_lanes(lanes: impl IntoIterator<Item = (LaneKey, LaneRecord)>) -> Batch {
    let write = |(key, record)| LaneWrite::new(key, 0, Some(record));
    Batch { lanes: lanes.into_iter().map(write).collect(), ..Batch::new() }
}

pub(super) fn membership(writes: impl IntoIterator<Item = MembershipWrite>) -> Batch {
    Batch { membership: writes.into_iter().collect(), ..Batch::new() }
}

pub(super) fn join(group: &ResourceKey, member: &Member) -> MembershipWrite {
    MembershipWrite::Join(group.clone(), member.clone())
}

pub(super) fn open(openings: impl IntoIterator<Item = Opening>) -> Batch {
    Batch { open: openings.into_iter().collect(), ..Batch::new() }
}

pub(super) fn wake(lane: &LaneKey) -> Batch {
    Batch { wake: vec![lane.clone()], ..Batch::new() }
}

/// A lane's revision; 0 when it is not there.
pub(super) async fn revision(store: &dyn Store, key: &LaneKey) -> Checked<u64> {
    Ok(store.lane(key).await?.map_or(0, |row| row.revision))
}

/// Writes a lane over whatever is there.
pub(super) async fn put(store: &dyn Store, key: &LaneKey, record: LaneRecord) -> Checked {
    let expected = revision(store, key).await?;
    commit(store, write(key, expected, Some(record))).await
}

/// A lane's record, which is there.
pub(super) async fn record(store: &dyn Store, key: &LaneKey) -> Checked<LaneRecord> {
    let row = store.lane(key).await?;
    row.map(|row| row.record).ok_or_else(|| Wrong("a lane is not there".to_owned()))
}

/// The resources of a target's due lanes, in the store's order.
pub(super) async fn due(store: &dyn Store, until: i64, limit: usize) -> Checked<Vec<String>> {
    let lanes = store.due(&target_key(hr()), time(until), limit).await?;
    Ok(lanes.iter().map(|lane| lane.resource.id.as_str().to_owned()).collect())
}

/// Whether a lane has been woken since it was put there as nothing to be done.
pub(super) async fn is_woken(store: &dyn Store, key: &LaneKey) -> Checked<bool> {
    let is_due = record(store, key).await?.due().is_some();
    let shown = store.due(&key.target_key(), time(0), 1_000).await?.contains(key);
    same("a lane's record is due, and `due` shows it", is_due, shown)?;
    Ok(is_due)
}
