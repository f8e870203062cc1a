//! Everything in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::route::{Candidate, KnownGroup, LeftOut, route};
use super::slot::{LaneSlot, Ticket};
use crate::delivery::{Lane, LaneChange, Presence, References};
use crate::model::{
    Event, EventChange, EventId, Member, MemberChanges, OrganizationId, Reference, RemoteId,
    Resource, ResourceKey, ResourceKind, Target,
};
use crate::resolver::SkipReason;

/// Lanes, links and what is known of groups. Lost with the process.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    events: u64,
    lanes: HashMap<ResourceKey, BTreeMap<Target, Arc<LaneSlot>>>,
    groups: HashMap<ResourceKey, KnownGroup>,
    /// The groups that a user or group is in.
    groups_of: HashMap<ResourceKey, BTreeSet<ResourceKey>>,
}

/// What became of an event when it was accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) event: EventId,
    pub(crate) key: ResourceKey,
    /// Each target that the event was held against, in order.
    pub(crate) stops: Vec<Stop<Ticket>>,
    /// Groups that the event reaches too (P17).
    pub(crate) follow_ups: Vec<Ticket>,
}

/// An event at one target.
#[derive(Debug)]
pub(crate) struct Stop<T> {
    pub(crate) target: Target,
    pub(crate) candidate: Candidate,
    /// What the lane gave for it, if it took it.
    pub(crate) taken: Result<T, LeftOut>,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        // Nothing panics while it is held; if something did, the tables would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts an event: all lanes it reaches take it in one step, so that two events of one resource are in the same
    /// order everywhere (P5, P6).
    pub(crate) fn accept(&self, event: &Event, candidates: &[(Target, Candidate)]) -> Accepted {
        let mut tables = self.lock();
        tables.events += 1;
        let id = EventId::new(tables.events);
        let key = event.resource_key();
        tables.learn_group(&key, &event.change);
        let slots: Vec<_> = tables
            .with_linked(&key, candidates)
            .into_iter()
            .map(|(target, candidate)| (tables.slot(&key, &target), candidate))
            .collect();
        let known = Known::of(tables.groups.get(&key), &event.change);
        let stops = slots
            .into_iter()
            .map(|(slot, candidate)| {
                let decide =
                    |presence, exclusion: &mut _| known.route(presence, exclusion, candidate);
                let taken = slot.accept(id, decide);
                Stop { target: slot.target.clone(), candidate, taken }
            })
            .collect();
        let follow_ups = match &event.change {
            EventChange::Deleted(..) => tables.leave_groups(id, &key),
            _ => Vec::new(),
        };
        tables.forget_idle(&key);
        Accepted { event: id, key, stops, follow_ups }
    }

    /// What accepting an event would do, with the lanes as they would be.
    pub(crate) fn preview(
        &self,
        event: &Event,
        candidates: &[(Target, Candidate)],
    ) -> Vec<Stop<Lane>> {
        let tables = self.lock();
        let key = event.resource_key();
        let mut group = tables.groups.get(&key).cloned().unwrap_or_default();
        group.learn(&event.change);
        let known = Known::of(Some(&group), &event.change);
        tables
            .with_linked(&key, candidates)
            .into_iter()
            .map(|(target, candidate)| {
                let slot = tables.lanes.get(&key).and_then(|lanes| lanes.get(&target)).cloned();
                let slot =
                    slot.unwrap_or_else(|| Arc::new(LaneSlot::new(key.clone(), target.clone())));
                let decide =
                    |presence, exclusion: &mut _| known.route(presence, exclusion, candidate);
                Stop { taken: slot.preview(decide), target, candidate }
            })
            .collect()
    }

    /// The groups at a target that wait for an account which has appeared there (P17), each with a ticket to finish
    /// what is open. It counts as an event of its own, because others may have come since.
    pub(crate) fn waiting_groups(&self, key: &ResourceKey, target: &Target) -> Vec<Ticket> {
        let mut tables = self.lock();
        let account = tables.lanes.get(key).and_then(|lanes| lanes.get(target));
        let account = account.and_then(|slot| slot.with_lane(|lane| lane.link.clone()));
        let Some(account) = account.map(|link| link.remote_id) else { return Vec::new() };
        let member = member_of(key);
        let groups = tables.groups_of.get(key).into_iter().flatten();
        let waiting: Vec<Arc<LaneSlot>> = groups
            .filter_map(|group| tables.lanes.get(group)?.get(target))
            .filter(|slot| slot.with_lane(|lane| lane.membership.waits_for(&member, &account)))
            .cloned()
            .collect();
        if waiting.is_empty() {
            return Vec::new();
        }
        tables.events += 1;
        let event = EventId::new(tables.events);
        let change = || Ok::<_, LeftOut>(LaneChange::Moved(member.clone(), account.clone()));
        waiting.iter().filter_map(|slot| slot.accept(event, |_, _| change()).ok()).collect()
    }

    /// The target's ids of these resources, as far as they are linked at this system.
    pub(crate) fn references(
        &self,
        organization: &OrganizationId,
        target: &Target,
        fingerprint: &str,
        members: &[Member],
    ) -> References {
        if members.is_empty() {
            return References::new();
        }
        let tables = self.lock();
        let remote_id = |member: &Member| -> Option<RemoteId> {
            let slot = tables.lanes.get(&key_of(organization, member))?.get(target)?;
            slot.with_lane(|lane| lane.account_at(fingerprint).cloned())
        };
        members.iter().filter_map(|member| Some((member.clone(), remote_id(member)?))).collect()
    }

    /// Drops the lanes of a resource that remember nothing any more.
    pub(crate) fn forget_idle(&self, key: &ResourceKey) {
        self.lock().forget_idle(key);
    }

    /// Lets a resource that was kept out of a target in again.
    pub(crate) fn forget_exclusion(&self, key: &ResourceKey, target: &Target) -> bool {
        let tables = self.lock();
        let slot = tables.lanes.get(key).and_then(|lanes| lanes.get(target));
        slot.is_some_and(|slot| slot.forget_exclusion())
    }
}

impl Tables {
    fn forget_idle(&mut self, key: &ResourceKey) {
        if let Some(lanes) = self.lanes.get_mut(key) {
            lanes.retain(|_, slot| !slot.is_idle());
            if lanes.is_empty() {
                self.lanes.remove(key);
            }
        }
    }

    fn slot(&mut self, key: &ResourceKey, target: &Target) -> Arc<LaneSlot> {
        let lanes = match self.lanes.get_mut(key) {
            Some(lanes) => lanes,
            None => self.lanes.entry(key.clone()).or_default(),
        };
        if let Some(slot) = lanes.get(target) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(LaneSlot::new(key.clone(), target.clone()));
        lanes.insert(target.clone(), Arc::clone(&slot));
        slot
    }

    /// The candidates, and every target that has the resource although none of them points there.
    fn with_linked(
        &self,
        key: &ResourceKey,
        candidates: &[(Target, Candidate)],
    ) -> Vec<(Target, Candidate)> {
        let mut all = candidates.to_vec();
        let lanes = self.lanes.get(key).into_iter().flatten();
        let linked = lanes.filter(|(target, slot)| {
            !candidates.iter().any(|(known, _)| known == *target)
                && slot.presence() != Presence::Absent
        });
        all.extend(linked.map(|(target, _)| (target.clone(), Candidate::Linked)));
        all
    }

    fn learn_group(&mut self, key: &ResourceKey, change: &EventChange) {
        if key.kind != ResourceKind::Group {
            return;
        }
        let group = self.groups.entry(key.clone()).or_default();
        let left: Vec<Member> = match change {
            EventChange::Deleted(..) => group.members.iter().cloned().collect(),
            EventChange::MembersChanged(_, changes) => changes.removed.iter().cloned().collect(),
            _ => Vec::new(),
        };
        let joined: Vec<Member> = match change {
            EventChange::Created(resource) => resource.members().to_vec(),
            EventChange::MembersChanged(_, changes) => changes.added.iter().cloned().collect(),
            _ => Vec::new(),
        };
        group.learn(change);
        if let EventChange::Deleted(..) = change {
            self.groups.remove(key);
        }
        for member in left {
            let member = key_of(&key.organization, &member);
            if let Some(groups) = self.groups_of.get_mut(&member) {
                groups.remove(key);
                if groups.is_empty() {
                    self.groups_of.remove(&member);
                }
            }
        }
        for member in joined {
            self.groups_of
                .entry(key_of(&key.organization, &member))
                .or_default()
                .insert(key.clone());
        }
    }

    /// A deleted resource leaves the groups it is in, first in what is desired.
    fn leave_groups(&mut self, event: EventId, key: &ResourceKey) -> Vec<Ticket> {
        let member = member_of(key);
        let changes = MemberChanges::new([], [member.clone()]);
        let mut tickets = Vec::new();
        for group in self.groups_of.remove(key).unwrap_or_default() {
            if let Some(known) = self.groups.get_mut(&group) {
                known.members.remove(&member);
            }
            let lanes = self.lanes.get(&group).into_iter().flatten();
            tickets.extend(lanes.filter_map(|(_, slot)| {
                let decide = |presence, _: &mut _| match presence {
                    Presence::Present => Ok(LaneChange::Members(changes.clone())),
                    Presence::Leaving | Presence::Absent => Err(LeftOut::Nothing),
                };
                slot.accept(event, decide).ok()
            }));
        }
        tickets
    }
}

impl KnownGroup {
    fn learn(&mut self, change: &EventChange) {
        match change {
            EventChange::Created(resource) | EventChange::Updated(resource) => {
                // A change brings no members.
                self.members.extend(resource.members().iter().cloned());
                self.attributes = Some(Resource::without_members(resource));
            }
            EventChange::MembersChanged(_, changes) => {
                self.members.extend(changes.added.iter().cloned());
                self.members.retain(|member| !changes.removed.contains(member));
            }
            _ => {}
        }
    }
}

/// What is known of a resource when an event of it is routed.
struct Known<'a> {
    change: &'a EventChange,
    state: Option<Arc<Resource>>,
    group: Option<&'a KnownGroup>,
}

impl<'a> Known<'a> {
    /// Of a user what the event says; of a group what all its events have said.
    fn of(group: Option<&'a KnownGroup>, change: &'a EventChange) -> Self {
        let state = match change {
            EventChange::Created(user) | EventChange::Updated(user)
                if user.kind() == ResourceKind::User =>
            {
                Some(Arc::clone(user))
            }
            _ => group.and_then(|group| group.attributes.clone()),
        };
        Self { change, state, group }
    }

    fn route(
        &self,
        presence: Presence,
        exclusion: &mut Option<SkipReason>,
        candidate: Candidate,
    ) -> Result<LaneChange, LeftOut> {
        route(presence, exclusion, self.change, self.state.as_ref(), self.group, candidate)
    }
}

fn member_of(key: &ResourceKey) -> Member {
    Member { value: Reference::new(key.id.as_str()), kind: key.kind }
}

fn key_of(organization: &OrganizationId, member: &Member) -> ResourceKey {
    ResourceKey::new(organization.clone(), member.kind, (&member.value).into())
}
