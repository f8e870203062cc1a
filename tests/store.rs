//! Our own store runs the contract's suite, and the suite finds every store that breaks a sentence of it.
#![cfg(feature = "conformance")]

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use outbound_provisioning::Result;
use outbound_provisioning::conformance::{self, Suite, Verdict};
use outbound_provisioning::delivery::{Close, Era, Health, Life};
use outbound_provisioning::model::{
    EventId, Fact, LaneKey, Member, ResourceKey, ResourceKind, TargetKey, Timestamp,
};
use outbound_provisioning::store::{
    Batch, Committed, Durability, Hint, LaneQuery, MemoryStore, OpenMembers, Opening, Store,
    StoredLane, StoredResource, Which,
};

#[tokio::test]
async fn the_store_in_memory_conforms() {
    let suite = conformance::store(|| async { Ok(MemoryStore::new()) }).await;
    assert!(suite.is_passed(), "\n{suite}");
    assert!(suite.cases.len() > 100, "the suite hardly ran:\n{suite}");
    let names: BTreeSet<_> = suite.cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), suite.cases.len(), "two cases have one name:\n{suite}");
    for case in &suite.cases {
        let sentence = format!("s{:02}_", case.sentence);
        assert!(case.name.starts_with(&sentence), "{} says another sentence", case.name);
    }
}

#[tokio::test]
async fn a_store_behind_pointers_conforms() {
    let suite = conformance::store(|| async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        Ok(Box::new(store))
    })
    .await;
    assert!(suite.is_passed(), "\n{suite}");
}

#[tokio::test]
async fn every_sentence_has_a_case() {
    let mut suite = conformance::store(|| async { Ok(MemoryStore::new()) }).await;
    suite.cases.extend(reopened(None).await.cases);
    let sentences: BTreeSet<u8> = suite.cases.iter().map(|case| case.sentence).collect();
    assert_eq!(sentences, (1..=18).collect());
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_fails_every_case() {
    use outbound_provisioning::{Error, ErrorKind};

    let failing = || async { Err::<MemoryStore, _>(Error::new(ErrorKind::Storage, "locked")) };
    let suite = conformance::store(failing).await;
    assert!(suite.cases.iter().all(|case| matches!(case.verdict, Verdict::Failed(_))));
    let suite = conformance::store_reopened(|_| failing()).await;
    assert!(suite.cases.iter().all(|case| matches!(case.verdict, Verdict::Failed(_))));
}

/// A sentence that is broken, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Broken {
    LeavesSomethingOfARefusedBatch,
    IgnoresAfter,
    TakesTargetsForEachOther,
    HidesUnsettledLanes,
    HidesAccounts,
    HidesWhoIsAside,
    TakesWhoIsAsideForAccounts,
    CountsOneMore,
    CountsAllTargets,
    CountsWhatIsDueOnly,
    IgnoresGuards,
    IgnoresGuardsOfResources,
    GivesRevisionsAgain,
    WorksAfterClose,
    HasNoLife,
    NumbersByRevision,
    DueBackwards,
    DueTooEarly,
    DueWithoutLimit,
    AgendaAtOnce,
    AgendaLeavesOut,
    DueWhileParked,
    KeepsOneSideOfMembership,
    DissolvesNothing,
    ClosesUnderOldMarks,
    OpensTheFirstOnly,
    WaitsForNobody,
    OpensNobodyForAnAccount,
    HidesWhoRefers,
    DropsWakes,
    LosesHealth,
    LosesFacts,
    FulfilsNothing,
    ForgetsTooMuch,
    ForgetsNothing,
    ForgetsWithoutLimit,
}

/// A store in memory that breaks a sentence.
#[derive(Debug)]
struct Wrong {
    inner: MemoryStore,
    broken: Broken,
}

impl Wrong {
    fn is(&self, broken: Broken) -> bool {
        self.broken == broken
    }

    fn shown(&self, mut row: StoredLane) -> StoredLane {
        if self.is(Broken::GivesRevisionsAgain) {
            row.revision = 1;
        }
        row
    }

    fn all_shown(&self, rows: Vec<StoredLane>) -> Vec<StoredLane> {
        rows.into_iter().map(|row| self.shown(row)).collect()
    }

    fn target(&self, target: &TargetKey) -> TargetKey {
        let mut target = target.clone();
        if self.is(Broken::TakesTargetsForEachOther) {
            target.target.connection = target.target.connection.as_str().to_lowercase().into();
        }
        target
    }

    async fn mend_guards(&self, batch: &mut Batch) -> Result<()> {
        if self.is(Broken::IgnoresGuards) || self.is(Broken::GivesRevisionsAgain) {
            for write in &mut batch.lanes {
                if self.is(Broken::IgnoresGuards) || write.expected == 1 {
                    let row = self.inner.lane(&write.key).await?;
                    write.expected = row.map_or(write.expected, |row| row.revision);
                }
            }
        }
        if let (Broken::IgnoresGuardsOfResources, Some(write)) = (self.broken, &mut batch.resource)
        {
            write.expected = self.inner.resource(&write.key).await?.revision;
        }
        Ok(())
    }

    async fn groups_with_account(&self, batch: &Batch) -> Result<Vec<LaneKey>> {
        let mut groups = Vec::new();
        for write in &batch.lanes {
            if write.record.as_ref().is_some_and(|record| record.account().is_some()) {
                for group in self.inner.groups_of(&write.key.resource).await? {
                    groups.push(LaneKey::new(group, write.key.target.clone()));
                }
            }
        }
        Ok(groups)
    }
}

#[async_trait]
impl Store for Wrong {
    fn life(&self) -> Life {
        let life = self.inner.life();
        if self.is(Broken::HasNoLife) { Life::new(Era::new(0), Era::new(0)) } else { life }
    }

    async fn resource(&self, key: &ResourceKey) -> Result<StoredResource> {
        let mut row = self.inner.resource(key).await?;
        if self.is(Broken::NumbersByRevision) {
            row.newest = EventId::new(row.revision);
        }
        row.lanes = self.all_shown(row.lanes);
        Ok(row)
    }

    async fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
        Ok(self.inner.lane(key).await?.map(|row| self.shown(row)))
    }

    async fn lanes_at(
        &self,
        target: &TargetKey,
        resources: &[ResourceKey],
    ) -> Result<Vec<StoredLane>> {
        Ok(self.all_shown(self.inner.lanes_at(target, resources).await?))
    }

    async fn lanes(&self, query: &LaneQuery) -> Result<Vec<StoredLane>> {
        let mut query = query.clone();
        if self.is(Broken::IgnoresAfter) {
            query.after = None;
        }
        match (self.broken, query.which) {
            (Broken::HidesUnsettledLanes, Which::Unsettled)
            | (Broken::HidesAccounts, Which::Linked)
            | (Broken::HidesWhoIsAside, Which::Aside) => return Ok(Vec::new()),
            (Broken::TakesWhoIsAsideForAccounts, Which::Aside) => query.which = Which::Linked,
            _ => {}
        }
        Ok(self.all_shown(self.inner.lanes(&query).await?))
    }

    async fn count(&self, target: &TargetKey, which: Which) -> Result<usize> {
        match self.broken {
            Broken::CountsOneMore => Ok(self.inner.count(target, which).await? + 1),
            Broken::CountsAllTargets => {
                let query = LaneQuery::new(target.organization.clone(), which).limit(1_000);
                Ok(self.inner.lanes(&query).await?.len())
            }
            Broken::CountsWhatIsDueOnly => self.inner.count(target, Which::Due).await,
            _ => self.inner.count(target, which).await,
        }
    }

    async fn open_members(&self, group: &LaneKey, limit: usize) -> Result<OpenMembers> {
        self.inner.open_members(group, limit).await
    }

    async fn named_members(&self, group: &LaneKey, members: &[Member]) -> Result<OpenMembers> {
        self.inner.named_members(group, members).await
    }

    async fn waiting_members(&self, group: &LaneKey) -> Result<usize> {
        self.inner.waiting_members(group).await
    }

    async fn members_of(&self, group: &ResourceKey) -> Result<Vec<Member>> {
        self.inner.members_of(group).await
    }

    async fn groups_of(&self, member: &ResourceKey) -> Result<Vec<ResourceKey>> {
        if self.is(Broken::KeepsOneSideOfMembership) {
            return Ok(Vec::new());
        }
        self.inner.groups_of(member).await
    }

    async fn referring(&self, lane: &LaneKey) -> Result<Vec<LaneKey>> {
        if self.is(Broken::HidesWhoRefers) {
            Ok(Vec::new())
        } else {
            self.inner.referring(lane).await
        }
    }

    async fn due(
        &self,
        target: &TargetKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LaneKey>> {
        let end = Timestamp::from_millis(i64::MAX);
        let until = if self.is(Broken::DueTooEarly) { end } else { until };
        let limit = if self.is(Broken::DueWithoutLimit) { usize::MAX } else { limit };
        let mut due = self.inner.due(target, until, limit).await?;
        if self.is(Broken::DueBackwards) {
            due.reverse();
        }
        if self.is(Broken::DueWhileParked) {
            let query = LaneQuery::new(target.organization.clone(), Which::Parked);
            let parked = self.inner.lanes(&query.at(target.target.clone())).await?;
            due.extend(parked.into_iter().map(|row| row.key));
        }
        Ok(due)
    }

    async fn agenda(
        &self,
        busy: &std::collections::HashSet<LaneKey>,
    ) -> Result<Vec<(TargetKey, Timestamp)>> {
        let mut agenda = self.inner.agenda(busy).await?;
        if self.is(Broken::AgendaLeavesOut) {
            agenda.truncate(1);
        }
        if self.is(Broken::AgendaAtOnce) {
            agenda.iter_mut().for_each(|(_, at)| *at = Timestamp::default());
        }
        Ok(agenda)
    }

    async fn health(&self, target: &TargetKey) -> Result<Health> {
        self.inner.health(&self.target(target)).await
    }

    async fn healths(&self) -> Result<Vec<(TargetKey, Health)>> {
        self.inner.healths().await
    }

    async fn facts(&self, target: &TargetKey) -> Result<Vec<Fact>> {
        self.inner.facts(&self.target(target)).await
    }

    async fn hints(&self, limit: usize) -> Result<Vec<Hint>> {
        self.inner.hints(limit).await
    }

    async fn commit(&self, mut batch: Batch, durability: Durability) -> Result<Committed> {
        self.mend_guards(&mut batch).await?;
        let mut after = Batch::new();
        match self.broken {
            Broken::DropsWakes => batch.wake.clear(),
            Broken::LosesHealth => batch.health = None,
            Broken::LosesFacts => batch.facts.clear(),
            Broken::FulfilsNothing => batch.fulfil.clear(),
            Broken::DissolvesNothing => {
                use outbound_provisioning::store::MembershipWrite::Dissolve;
                batch.membership.retain(|write| !matches!(write, Dissolve(_)));
            }
            Broken::OpensTheFirstOnly => {
                for opening in &mut batch.open {
                    if let Opening::These(_, members) = opening {
                        members.truncate(1);
                    }
                }
            }
            Broken::OpensNobodyForAnAccount => {
                let groups = self.groups_with_account(&batch).await?;
                after.open = groups.into_iter().map(Opening::Nobody).collect();
            }
            _ => {}
        }
        if let Some((group, writes)) = &mut batch.members {
            for (member, mark, close) in &mut writes.close {
                if self.is(Broken::WaitsForNobody) {
                    *close = Close::Done;
                }
                if self.is(Broken::ClosesUnderOldMarks) {
                    let open =
                        self.inner.named_members(group, std::slice::from_ref(member)).await?;
                    *mark = open.members.first().map_or(*mark, |open| open.opened);
                }
            }
        }
        let membership = batch.membership.clone();
        let committed = self.inner.commit(batch, durability).await?;
        if self.is(Broken::LeavesSomethingOfARefusedBatch) && committed == Committed::Conflict {
            after.membership = membership;
        }
        let _ = self.inner.commit(after, durability).await?;
        Ok(committed)
    }

    async fn tidy(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let end = Timestamp::from_millis(i64::MAX);
        match self.broken {
            Broken::ForgetsNothing => Ok(0),
            Broken::ForgetsTooMuch => self.inner.tidy(end, limit).await,
            Broken::ForgetsWithoutLimit => self.inner.tidy(before, 1_000).await,
            _ => self.inner.tidy(before, limit).await,
        }
    }

    async fn close(&self) -> Result<()> {
        if self.is(Broken::WorksAfterClose) { Ok(()) } else { self.inner.close().await }
    }
}

fn failed(suite: &Suite) -> BTreeSet<u8> {
    let failed = suite.cases.iter().filter(|case| matches!(case.verdict, Verdict::Failed(_)));
    failed.map(|case| case.sentence).collect()
}

#[tokio::test]
async fn the_suite_finds_every_broken_sentence() {
    for (broken, sentence) in [
        (Broken::LeavesSomethingOfARefusedBatch, 1),
        (Broken::IgnoresAfter, 1),
        (Broken::TakesTargetsForEachOther, 1),
        (Broken::HidesUnsettledLanes, 1),
        (Broken::HidesAccounts, 1),
        (Broken::HidesWhoIsAside, 1),
        (Broken::TakesWhoIsAsideForAccounts, 1),
        (Broken::CountsOneMore, 18),
        (Broken::CountsAllTargets, 18),
        (Broken::CountsWhatIsDueOnly, 18),
        (Broken::IgnoresGuards, 2),
        (Broken::IgnoresGuardsOfResources, 2),
        (Broken::GivesRevisionsAgain, 3),
        (Broken::WorksAfterClose, 5),
        (Broken::HasNoLife, 5),
        (Broken::NumbersByRevision, 6),
        (Broken::DueBackwards, 7),
        (Broken::DueTooEarly, 7),
        (Broken::DueWithoutLimit, 7),
        (Broken::AgendaAtOnce, 8),
        (Broken::AgendaLeavesOut, 8),
        (Broken::DueWhileParked, 9),
        (Broken::KeepsOneSideOfMembership, 10),
        (Broken::DissolvesNothing, 10),
        (Broken::ClosesUnderOldMarks, 11),
        (Broken::OpensTheFirstOnly, 11),
        (Broken::WaitsForNobody, 12),
        (Broken::OpensNobodyForAnAccount, 13),
        (Broken::HidesWhoRefers, 17),
        (Broken::DropsWakes, 14),
        (Broken::LosesHealth, 15),
        (Broken::LosesFacts, 15),
        (Broken::FulfilsNothing, 15),
        (Broken::ForgetsTooMuch, 16),
        (Broken::ForgetsNothing, 16),
        (Broken::ForgetsWithoutLimit, 16),
    ] {
        let wrong = || async move { Ok(Wrong { inner: MemoryStore::new(), broken }) };
        let suite = conformance::store(wrong).await;
        assert!(failed(&suite).contains(&sentence), "{broken:?} is not found:\n{suite}");
    }
}

/// What outlives a store's lives, broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Forgetful {
    LosesEverything,
    LosesEverythingWhenItDies,
    LosesWhatIsWaitedFor,
    HasOnePlaceForAllNames,
    NumbersAllLivesAlike,
    TakesDeathForAClose,
    TakesACloseForDeath,
    ForgetsEarlierDeaths,
    LeavesOutWhatTheDeadWorkedOn,
}

/// What is left of the lives of one name.
#[derive(Clone, Debug, Default)]
struct Estate {
    kept: Arc<MemoryStore>,
    lives: u64,
    unclean_before: u64,
    is_clean: bool,
}

/// One life of a store that keeps its rows in memory, but longer than itself.
#[derive(Debug)]
struct OneLife {
    kept: Arc<MemoryStore>,
    life: Life,
    name: &'static str,
    estates: Arc<Mutex<HashMap<&'static str, Estate>>>,
    forgetful: Option<Forgetful>,
}

impl OneLife {
    fn begin(
        name: &'static str,
        estates: &Arc<Mutex<HashMap<&'static str, Estate>>>,
        forgetful: Option<Forgetful>,
    ) -> Self {
        let is = |this| forgetful == Some(this);
        let name = if is(Forgetful::HasOnePlaceForAllNames) { "" } else { name };
        let mut all = estates.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !all.contains_key(name);
        let estate = all.entry(name).or_default();
        if is(Forgetful::LosesEverything)
            || (is(Forgetful::LosesEverythingWhenItDies) && !estate.is_clean)
        {
            estate.kept = Arc::default();
        }
        // The rows are those of a life of number 1, which is never this one.
        estate.lives =
            if is(Forgetful::NumbersAllLivesAlike) { 2 } else { estate.lives.max(1) + 1 };
        let was_clean = match forgetful {
            Some(Forgetful::TakesDeathForAClose) => true,
            Some(Forgetful::TakesACloseForDeath) => false,
            _ => estate.is_clean,
        };
        if !is_first && !was_clean {
            estate.unclean_before = estate.lives;
        } else if is(Forgetful::ForgetsEarlierDeaths) {
            estate.unclean_before = 0;
        }
        estate.is_clean = false;
        let life = Life::new(Era::new(estate.lives), Era::new(estate.unclean_before));
        let kept = Arc::clone(&estate.kept);
        Self { kept, life, name, estates: Arc::clone(estates), forgetful }
    }
}

#[async_trait]
impl Store for OneLife {
    fn life(&self) -> Life {
        self.life
    }

    async fn resource(&self, key: &ResourceKey) -> Result<StoredResource> {
        self.kept.resource(key).await
    }

    async fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
        self.kept.lane(key).await
    }

    async fn lanes_at(
        &self,
        target: &TargetKey,
        resources: &[ResourceKey],
    ) -> Result<Vec<StoredLane>> {
        self.kept.lanes_at(target, resources).await
    }

    async fn lanes(&self, query: &LaneQuery) -> Result<Vec<StoredLane>> {
        self.kept.lanes(query).await
    }

    async fn count(&self, target: &TargetKey, which: Which) -> Result<usize> {
        self.kept.count(target, which).await
    }

    async fn open_members(&self, group: &LaneKey, limit: usize) -> Result<OpenMembers> {
        self.kept.open_members(group, limit).await
    }

    async fn named_members(&self, group: &LaneKey, members: &[Member]) -> Result<OpenMembers> {
        self.kept.named_members(group, members).await
    }

    async fn waiting_members(&self, group: &LaneKey) -> Result<usize> {
        let is_lost = self.forgetful == Some(Forgetful::LosesWhatIsWaitedFor);
        if is_lost { Ok(0) } else { self.kept.waiting_members(group).await }
    }

    async fn members_of(&self, group: &ResourceKey) -> Result<Vec<Member>> {
        self.kept.members_of(group).await
    }

    async fn groups_of(&self, member: &ResourceKey) -> Result<Vec<ResourceKey>> {
        self.kept.groups_of(member).await
    }

    async fn referring(&self, lane: &LaneKey) -> Result<Vec<LaneKey>> {
        self.kept.referring(lane).await
    }

    async fn due(
        &self,
        target: &TargetKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LaneKey>> {
        let mut due = self.kept.due(target, until, limit).await?;
        if self.forgetful == Some(Forgetful::LeavesOutWhatTheDeadWorkedOn) {
            let keys: Vec<ResourceKey> = due.iter().map(|lane| lane.resource.clone()).collect();
            let rows = self.kept.lanes_at(target, &keys).await?;
            let owned = |lane: &LaneKey| {
                rows.iter().any(|row| row.key == *lane && row.record.owner().is_some())
            };
            due.retain(|lane| !owned(lane));
        }
        Ok(due)
    }

    async fn agenda(
        &self,
        busy: &std::collections::HashSet<LaneKey>,
    ) -> Result<Vec<(TargetKey, Timestamp)>> {
        self.kept.agenda(busy).await
    }

    async fn health(&self, target: &TargetKey) -> Result<Health> {
        self.kept.health(target).await
    }

    async fn healths(&self) -> Result<Vec<(TargetKey, Health)>> {
        self.kept.healths().await
    }

    async fn facts(&self, target: &TargetKey) -> Result<Vec<Fact>> {
        self.kept.facts(target).await
    }

    async fn hints(&self, limit: usize) -> Result<Vec<Hint>> {
        self.kept.hints(limit).await
    }

    async fn commit(&self, batch: Batch, durability: Durability) -> Result<Committed> {
        self.kept.commit(batch, durability).await
    }

    async fn tidy(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.kept.tidy(before, limit).await
    }

    async fn close(&self) -> Result<()> {
        let mut estates = self.estates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(estate) = estates.get_mut(self.name) {
            estate.is_clean = true;
        }
        Ok(())
    }
}

async fn reopened(forgetful: Option<Forgetful>) -> Suite {
    let estates = Arc::default();
    conformance::store_reopened(|name| {
        let life = OneLife::begin(name, &estates, forgetful);
        async { Ok(life) }
    })
    .await
}

#[tokio::test]
async fn a_store_that_outlives_its_lives_conforms() {
    let suite = reopened(None).await;
    assert!(suite.is_passed(), "\n{suite}");
    assert!(suite.cases.len() > 10, "the suite hardly ran:\n{suite}");
}

#[tokio::test]
async fn the_suite_finds_what_does_not_outlive_a_life() {
    for (forgetful, sentence) in [
        (Forgetful::LosesEverything, 3),
        (Forgetful::LosesEverything, 4),
        (Forgetful::LosesEverything, 11),
        (Forgetful::LosesEverythingWhenItDies, 4),
        (Forgetful::LosesWhatIsWaitedFor, 4),
        (Forgetful::HasOnePlaceForAllNames, 4),
        (Forgetful::NumbersAllLivesAlike, 5),
        (Forgetful::TakesDeathForAClose, 5),
        (Forgetful::TakesACloseForDeath, 5),
        (Forgetful::ForgetsEarlierDeaths, 5),
        (Forgetful::LeavesOutWhatTheDeadWorkedOn, 7),
    ] {
        let suite = reopened(Some(forgetful)).await;
        assert!(failed(&suite).contains(&sentence), "{forgetful:?} is not found:\n{suite}");
    }
}

/// A store that has been closed says so, and keeps the words of the contract.
#[tokio::test]
async fn a_closed_store_names_itself_and_nothing_of_its_contents() {
    let store = MemoryStore::new();
    store.close().await.unwrap();
    let key = ResourceKey::new("acme".into(), ResourceKind::User, "u-secret".into());
    let error = store.resource(&key).await.unwrap_err();
    assert_eq!(error.kind(), outbound_provisioning::ErrorKind::Storage);
    assert!(!error.to_string().contains("u-secret"));
}
