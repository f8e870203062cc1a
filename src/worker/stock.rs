//! Which lane's turn is next: each organization its share, then each of its targets, urgent work first (P13, P15).

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::limits::Limits;
use crate::delivery::Gate;
use crate::dispatch::Shared;
use crate::error::Result;
use crate::model::{LaneKey, OrganizationId, TargetKey, Timestamp};

/// Lanes that are due, by organization and target, a few of each; and what is under way.
#[derive(Debug)]
pub(super) struct Stock {
    shelves: BTreeMap<OrganizationId, VecDeque<Shelf>>,
    running: HashMap<TargetKey, usize>,
    lanes: HashSet<LaneKey>,
    /// A lane over which the process may die: nothing else is under way.
    alone: Option<LaneKey>,
    /// Lanes that are left alone for a while, although they are due.
    put_off: HashMap<LaneKey, Timestamp>,
    /// The lane that runs next, alone.
    saved: Option<LaneKey>,
    /// When announcements are looked at again; at once, to begin with.
    ask_again: Option<Timestamp>,
    tidied: Option<Timestamp>,
    /// Whose turn it was last.
    last: Option<OrganizationId>,
    turns_left: usize,
    /// When the next lane is due that is not on a shelf.
    pub(super) next: Option<Timestamp>,
}

#[derive(Debug)]
struct Shelf {
    target: TargetKey,
    /// How many of its lanes may be under way.
    most: usize,
    lanes: VecDeque<LaneKey>,
}

impl Default for Stock {
    fn default() -> Self {
        Self {
            shelves: BTreeMap::new(),
            running: HashMap::new(),
            lanes: HashSet::new(),
            alone: None,
            put_off: HashMap::new(),
            saved: None,
            ask_again: Some(Timestamp::from_millis(i64::MIN)),
            tidied: None,
            last: None,
            turns_left: 0,
            next: None,
        }
    }
}

impl Stock {
    /// Looks again at what is due. Shelves are filled anew, so that what has become urgent is in front.
    pub(super) async fn fill(&mut self, shared: &Shared, limits: &Limits) -> Result<()> {
        self.shelves.clear();
        self.next = None;
        let now = shared.now();
        self.put_off.retain(|_, until| *until > now);
        let first = self.put_off.values().min().copied().into_iter().chain(self.ask_again).min();
        if let Some(first) = first {
            self.note_next(first);
        }
        let mut abandoned: HashMap<TargetKey, Vec<LaneKey>> = HashMap::new();
        for lane in shared.abandoned() {
            abandoned.entry(lane.target_key()).or_default().push(lane);
        }
        let mut busy = shared.busy();
        busy.extend(self.lanes.iter().cloned());
        for (target, first) in shared.store.agenda(&busy).await? {
            if first > now {
                self.note_next(first);
                continue;
            }
            let Some(most) = self.most(shared, limits, &target, now).await? else { continue };
            let running = self.running.get(&target).copied().unwrap_or_default();
            if running >= most {
                continue;
            }
            let is_here = |lane: &&LaneKey| lane.target == target.target;
            let put_off = self.put_off.keys().chain(&busy).filter(is_here).count();
            let limit = most * 2 + running + put_off;
            let lanes = shared.store.due(&target, now, limit).await?;
            let own = abandoned.remove(&target).unwrap_or_default();
            let free = |lane: &LaneKey| !busy.contains(lane);
            self.shelve(target, most, own.into_iter().chain(lanes).filter(free));
        }
        for (target, lanes) in abandoned {
            if let Some(most) = self.most(shared, limits, &target, now).await? {
                self.shelve(target, most, lanes);
            }
        }
        Ok(())
    }

    /// How many lanes of a target may be under way; none while it is to be left alone.
    async fn most(
        &mut self,
        shared: &Shared,
        limits: &Limits,
        target: &TargetKey,
        now: Timestamp,
    ) -> Result<Option<usize>> {
        match shared.gate(target).await {
            Ok(Gate::Open) => Ok(Some(limits.per_target)),
            Ok(Gate::Probe) => Ok(Some(1)),
            Ok(Gate::Closed(until)) => {
                self.note_next(until);
                Ok(None)
            }
            Ok(Gate::Paused) => Ok(None),
            // No configuration can be had for the organization, or the target's health is damaged: others go on (F68,
            // F16).
            Err(error) if error.kind() != crate::error::ErrorKind::Storage => {
                self.note_next(now.after(RETRY_CONFIGURATION));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn shelve(&mut self, target: TargetKey, most: usize, lanes: impl IntoIterator<Item = LaneKey>) {
        let mut shelf = Shelf { target, most, lanes: VecDeque::new() };
        for lane in lanes {
            let is_free = !self.lanes.contains(&lane) && !self.put_off.contains_key(&lane);
            if is_free && !shelf.lanes.contains(&lane) {
                shelf.lanes.push_back(lane);
            }
        }
        if !shelf.lanes.is_empty() {
            let organization = shelf.target.organization.clone();
            self.shelves.entry(organization).or_default().push_back(shelf);
        }
    }

    /// A lane on which nothing could be done, and which is due still: it is left alone until then.
    pub(super) fn put_off(&mut self, lane: &LaneKey, until: Timestamp) {
        self.put_off.insert(lane.clone(), until);
    }

    /// There will be something to do then.
    pub(super) fn note_next(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// The next lane to work on; none when nothing more may be begun.
    pub(super) fn take(&mut self, limits: &Limits) -> Option<LaneKey> {
        for _ in 0..=self.shelves.len() {
            let organization = self.whose_turn(limits)?;
            if let Some(lane) = self.take_of(&organization) {
                self.turns_left = self.turns_left.saturating_sub(1);
                self.began(&lane);
                return Some(lane);
            }
            self.turns_left = 0;
        }
        None
    }

    fn whose_turn(&mut self, limits: &Limits) -> Option<OrganizationId> {
        if let Some(last) = &self.last
            && self.turns_left > 0
            && self.shelves.contains_key(last)
        {
            return Some(last.clone());
        }
        let after = self.last.clone().unwrap_or_default();
        let mut later = self.shelves.keys().skip_while(|organization| **organization <= after);
        let next = later.next().or_else(|| self.shelves.keys().next())?.clone();
        self.turns_left = limits.weights.get(&next).copied().unwrap_or(1);
        self.last = Some(next.clone());
        Some(next)
    }

    /// The next lane of an organization; its targets take turns.
    fn take_of(&mut self, organization: &OrganizationId) -> Option<LaneKey> {
        let shelves = self.shelves.get_mut(organization)?;
        let mut taken = None;
        for _ in 0..shelves.len() {
            let Some(mut shelf) = shelves.pop_front() else { break };
            let running = self.running.get(&shelf.target).copied().unwrap_or_default();
            if running < shelf.most {
                taken = shelf.lanes.pop_front();
            }
            if !shelf.lanes.is_empty() {
                shelves.push_back(shelf);
            }
            if taken.is_some() {
                break;
            }
        }
        if shelves.is_empty() {
            self.shelves.remove(organization);
        }
        taken
    }

    /// Nothing else is begun until this lane has ended.
    pub(super) fn leave_alone(&mut self, lane: &LaneKey) {
        self.alone = Some(lane.clone());
    }

    pub(super) fn is_alone(&self) -> bool {
        self.alone.is_some() || self.saved.is_some()
    }

    /// This lane is the next, once nothing else is under way.
    pub(super) fn save_for_later(&mut self, lane: LaneKey) {
        self.saved = Some(lane);
    }

    /// The lane that waited to be alone.
    pub(super) fn take_saved(&mut self) -> Option<LaneKey> {
        let lane = self.saved.take()?;
        self.leave_alone(&lane);
        self.began(&lane);
        Some(lane)
    }

    fn began(&mut self, lane: &LaneKey) {
        *self.running.entry(lane.target_key()).or_default() += 1;
        self.lanes.insert(lane.clone());
    }

    /// When the host is asked again for the truth of what was announced.
    pub(super) fn asks_again_at(&self) -> Option<Timestamp> {
        self.ask_again
    }

    pub(super) fn ask_again_at(&mut self, at: Option<Timestamp>) {
        self.ask_again = at;
        if let Some(at) = at {
            self.note_next(at);
        }
    }

    /// Whether rows are to be tidied again; notes that they are.
    pub(super) fn is_time_to_tidy(&mut self, now: Timestamp) -> bool {
        let is_time = self.tidied.is_none_or(|last| now.since(last) >= TIDY_EVERY);
        if is_time {
            self.tidied = Some(now);
        }
        is_time
    }

    /// A lane is no longer worked on.
    pub(super) fn ended(&mut self, lane: &LaneKey) {
        self.lanes.remove(lane);
        self.alone.take_if(|alone| alone == lane);
        let target = lane.target_key();
        if let Some(running) = self.running.get_mut(&target) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                self.running.remove(&target);
            }
        }
    }

    /// Whether a target has fewer lanes on its shelf than it could take.
    pub(super) fn is_low(&self) -> bool {
        self.shelves.is_empty()
            || self.shelves.values().flatten().any(|shelf| shelf.lanes.len() < shelf.most)
    }
}

/// How often rows that remember nothing are looked for.
const TIDY_EVERY: std::time::Duration = std::time::Duration::from_secs(60);
/// How long to wait for a configuration that could not be had.
const RETRY_CONFIGURATION: std::time::Duration = std::time::Duration::from_secs(5);
