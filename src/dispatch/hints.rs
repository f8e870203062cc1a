//! Announcements: what closes the gap between the host's commit and ours (design 6).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::accept::try_accept;
use super::shared::{Shared, candidates_of, leading_to};
use crate::error::{Error, ErrorKind, Result};
use crate::host::ResourceSource;
use crate::model::{
    Event, EventChange, MAX_EVENT_BYTES, MEMBER_BYTES, Member, Resource, ResourceKey, ResourceKind,
    Target, Trigger,
};
use crate::resolver::resolve;
use crate::store::{Batch, Hint};

/// Announcements that are looked at in one go.
const AT_ONCE: usize = 256;

/// The right to change a resource at the host: durable before the host's own commit.
///
/// Hand it to [`Dispatch::fulfilling`](super::Dispatch::fulfilling) after the commit, or
/// [`withdraw`](Self::withdraw) it after a roll-back. If neither comes, because the process died or the task was
/// dropped, the [`ResourceSource`](crate::host::ResourceSource) is asked for the truth.
#[derive(Debug)]
#[must_use = "hand it to `Dispatch::fulfilling` after the commit"]
pub struct Announcement {
    shared: Arc<Shared>,
    hint: Option<Hint>,
}

impl Announcement {
    /// The change will not come: the host has rolled back.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when the store cannot be written. The resource is then looked at later, which
    /// does no harm.
    pub async fn withdraw(self) -> Result<()> {
        if let Some(hint) = &self.hint {
            fulfil(&self.shared, hint.clone()).await?;
        }
        self.fulfilled();
        Ok(())
    }

    pub(super) fn hint(&self) -> Option<Hint> {
        self.hint.clone()
    }

    /// An event that was committed has fulfilled it.
    pub(super) fn fulfilled(mut self) {
        if let Some(hint) = self.hint.take() {
            self.shared.hints.live().remove(&hint);
        }
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Some(hint) = self.hint.take() {
            self.shared.hints.live().remove(&hint);
            self.shared.hints.lock().push(hint);
            self.shared.bell.ring();
        }
    }
}

/// Announces a change. When this returns, it is durable.
pub(super) async fn announce(shared: &Arc<Shared>, resource: ResourceKey) -> Result<Announcement> {
    if shared.resources.is_none() {
        let message = "an announcement that is not fulfilled needs somebody to ask; give the dispatcher a resource source";
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let number = shared.hints.numbers.fetch_add(1, Ordering::Relaxed);
    let hint = Hint::new(shared.store.life().era, number, resource);
    let mut batch = Batch::new();
    batch.announce.push(hint.clone());
    shared.hints.live().insert(hint.clone());
    // From now on it is adrift if nobody takes it on, whether or not the commit is answered.
    let announcement = Announcement { shared: Arc::clone(shared), hint: Some(hint) };
    shared.commit_unguarded(batch).await?;
    Ok(announcement)
}

async fn fulfil(shared: &Shared, hint: Hint) -> Result<()> {
    let mut batch = Batch::new();
    batch.fulfil.push(hint);
    shared.commit_unguarded(batch).await
}

/// Asks the host for the truth of every resource whose announcement nobody will fulfil. Answers how many there were.
/// One that cannot be recovered holds up no other, and is asked for again the next time.
pub(crate) async fn recover(shared: &Shared) -> Result<usize> {
    let era = shared.store.life().era;
    let mut recovered = 0;
    let (mut tried, mut failed) = (HashSet::new(), None);
    loop {
        let mut open: Vec<Hint> = shared.store.hints(AT_ONCE + tried.len()).await?;
        open.retain(|hint| hint.era < era && !shared.hints.live().contains(hint));
        open.extend(shared.hints.lock().iter().cloned());
        open.retain(|hint| !tried.contains(hint));
        if open.is_empty() {
            return failed.map_or(Ok(recovered), Err);
        }
        for hint in open {
            match recover_one(shared, &hint).await {
                Ok(()) => {
                    recovered += 1;
                    shared.hints.lock().retain(|adrift| *adrift != hint);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
            tried.insert(hint);
        }
    }
}

async fn recover_one(shared: &Shared, hint: &Hint) -> Result<()> {
    let Some(source) = &shared.resources else {
        let message =
            "announcements of an earlier life are open; give the dispatcher a resource source";
        return Err(Error::new(ErrorKind::Configuration, message));
    };
    tell_truth(shared, &**source, &hint.resource, None).await?;
    fulfil(shared, hint.clone()).await
}

/// Tells what the host has now of a resource: to whom it may concern, or, for a first load, to one target only, which is
/// never told of a removal. Answers whether the host has it.
pub(super) async fn tell_truth(
    shared: &Shared,
    source: &dyn ResourceSource,
    key: &ResourceKey,
    only: Option<&Target>,
) -> Result<bool> {
    loop {
        if let Some(is_there) = try_to_tell(shared, source, key, only).await? {
            return Ok(is_there);
        }
    }
}

/// None when somebody else told of the resource meanwhile: the answer may be older than what they told, and what is
/// older never comes after what is newer (P5).
async fn try_to_tell(
    shared: &Shared,
    source: &dyn ResourceSource,
    key: &ResourceKey,
    only: Option<&Target>,
) -> Result<Option<bool>> {
    // Read before the host is asked: whatever comes later than this is seen.
    let known = shared.store.resource(key).await?;
    let truth = source.load(key).await?;
    let is_there = truth.is_some();
    let mut events = Vec::new();
    match truth {
        None if known.revision == 0 || only.is_some() => {}
        None => events.push(match key.kind {
            ResourceKind::User => Event::user_deleted(key.id.clone()),
            ResourceKind::Group => Event::group_deleted(key.id.clone()),
        }),
        Some(Resource::User(user)) => events.push(Event::user_updated(user)),
        Some(Resource::Group(mut group)) => {
            let wanted: BTreeSet<Member> = std::mem::take(&mut group.members).into_iter().collect();
            let members = shared.store.members_of(key).await?;
            let members: BTreeSet<Member> = members.into_iter().collect();
            events.push(Event::group_created(group));
            let came = pieces(wanted.difference(&members).cloned());
            let left = pieces(members.difference(&wanted).cloned());
            let id = || key.id.clone();
            events.extend(came.into_iter().map(|came| Event::members_changed(id(), came, [])));
            events.extend(left.into_iter().map(|left| Event::members_changed(id(), [], left)));
        }
    }
    let mut since = known.revision;
    for event in events {
        let trigger = if only.is_some() { Trigger::Import } else { Trigger::Api };
        let event = event.in_organization(key.organization.clone()).triggered_by(trigger);
        event.check()?;
        let snapshot = shared.snapshots.current(&event.organization).await?;
        let resolution = resolve(&snapshot.configuration, None, event.trigger);
        let candidates = match only {
            Some(only) => {
                let mut candidates = leading_to(only, &snapshot.configuration);
                // Who is in a group is everybody's affair: what is noted here is told nobody else later.
                candidates.and_linked |= matches!(event.change, EventChange::MembersChanged(..));
                candidates
            }
            None => candidates_of(&event, &snapshot.configuration, &resolution),
        };
        let accepted = try_accept(shared, &snapshot, &event, &candidates, &[], Some(since)).await?;
        let Some(accepted) = accepted else { return Ok(None) };
        let now = shared.store.resource(key).await?;
        if now.newest != accepted.routed.event {
            return Ok(None);
        }
        since = now.revision;
    }
    Ok(Some(is_there))
}

/// Members in pieces that an event can take each (F73).
fn pieces(members: impl Iterator<Item = Member>) -> Vec<Vec<Member>> {
    let (mut pieces, mut bytes) = (Vec::<Vec<Member>>::new(), MAX_EVENT_BYTES);
    for member in members {
        bytes += MEMBER_BYTES + member.value.as_str().len();
        match pieces.last_mut() {
            Some(piece) if bytes <= MAX_EVENT_BYTES => piece.push(member),
            _ => {
                bytes = MEMBER_BYTES + member.value.as_str().len();
                pieces.push(vec![member]);
            }
        }
    }
    pieces
}
