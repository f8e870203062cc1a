//! The mock with habits that some targets have.
#![allow(dead_code, reason = "every user takes only its part")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Capabilities, Connector, Lookup, Remote, Update};
use outbound_provisioning::mock::MockConnector;
use outbound_provisioning::model::{
    Difference, MemberChanges, RemoteId, Resource, ResourceKind, User,
};
use outbound_provisioning::{Effect, Error, ErrorKind, Result};

/// A target with habits.
#[derive(Clone, Debug)]
pub(crate) struct Peculiar {
    pub(crate) inner: MockConnector,
    state: Arc<Mutex<State>>,
    /// Gives version tags, and refuses updates of another version than the newest.
    versions: bool,
    /// Takes at most so many members in one request.
    most_members: Option<usize>,
    /// Says so after the first refusal.
    learns: bool,
    /// A delete only switches a user off, and this is what comes of deleting it again.
    deactivates: Option<Again>,
}

/// What a target says when what it has switched off is deleted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Done,
    NotFound,
    /// 404 in words that are not the protocol's.
    Unknown,
}

#[derive(Debug, Default)]
struct State {
    versions: HashMap<RemoteId, u64>,
    /// So often somebody else changes a resource right before an update of ours arrives.
    interference: usize,
    /// The versions that updates named.
    named: Vec<Option<String>>,
    /// The sizes of what was too large.
    refused: Vec<usize>,
    learnt: Option<usize>,
    deletes: usize,
    /// What look-ups show, whatever is there.
    shows: Option<Vec<(RemoteId, Resource)>>,
}

impl Peculiar {
    pub(crate) fn new() -> Self {
        Self::over(MockConnector::new())
    }

    pub(crate) fn over(inner: MockConnector) -> Self {
        Self {
            inner,
            state: Arc::default(),
            versions: false,
            most_members: None,
            learns: false,
            deactivates: None,
        }
    }

    pub(crate) fn with_versions(mut self) -> Self {
        self.versions = true;
        self
    }

    pub(crate) fn taking_members(mut self, most: usize) -> Self {
        self.most_members = Some(most);
        self
    }

    pub(crate) fn learning(mut self) -> Self {
        self.learns = true;
        self
    }

    /// Deletes switch off. The connector says so, or it does not.
    pub(crate) fn deactivating(mut self, again: Again, says_so: bool) -> Self {
        if says_so {
            let capabilities = self.inner.capabilities().with_deactivation();
            self.inner = self.inner.with_capabilities(capabilities);
        }
        self.deactivates = Some(again);
        self
    }

    /// The user at the target, if a delete would only switch it off.
    fn to_be_deactivated(&self, id: &RemoteId) -> Option<User> {
        self.deactivates?;
        self.inner.remote_resources().into_iter().find_map(|(known, resource)| match resource {
            Resource::User(user) if known == *id => Some(user),
            _ => None,
        })
    }

    pub(crate) fn interfere(&self, times: usize) {
        self.lock().interference = times;
    }

    pub(crate) fn take_versions(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.lock().named)
    }

    pub(crate) fn take_deletes(&self) -> usize {
        std::mem::take(&mut self.lock().deletes)
    }

    /// From now on look-ups show what is there now, whatever comes.
    pub(crate) fn freeze_index(&self) {
        self.lock().shows = Some(self.inner.remote_resources());
    }

    /// From now on look-ups show nothing.
    pub(crate) fn lose_index(&self) {
        self.lock().shows = Some(Vec::new());
    }

    /// From now on look-ups show what is there.
    pub(crate) fn mend_index(&self) {
        self.lock().shows = None;
    }

    pub(crate) fn take_refused(&self) -> Vec<usize> {
        std::mem::take(&mut self.lock().refused)
    }

    #[expect(clippy::unwrap_used, reason = "nothing panics while it is held")]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn changed(&self, remote: Remote) -> Remote {
        *self.lock().versions.entry(remote.id.clone()).or_default() += 1;
        self.tagged(remote)
    }

    fn tagged(&self, remote: Remote) -> Remote {
        if !self.versions {
            return remote;
        }
        let version = self.lock().versions.get(&remote.id).copied().unwrap_or_default();
        remote.with_version(version.to_string())
    }

    fn refuse_too_many(&self, members: usize) -> Result<()> {
        if self.most_members.is_none_or(|most| members <= most) {
            return Ok(());
        }
        let mut state = self.lock();
        state.refused.push(members);
        if self.learns {
            state.learnt = Some(members / 2);
        }
        Err(Error::new(ErrorKind::TooLarge, "413"))
    }
}

#[async_trait]
impl Connector for Peculiar {
    async fn create(&self, resource: &Resource, attempt: &Attempt) -> Result<Remote> {
        if let Resource::Group(group) = resource {
            self.refuse_too_many(group.members.len())?;
        }
        Ok(self.changed(self.inner.create(resource, attempt).await?))
    }

    async fn update(
        &self,
        id: &RemoteId,
        update: &Update<'_>,
        attempt: &Attempt,
    ) -> Result<Remote> {
        {
            let mut state = self.lock();
            state.named.push(update.version.map(str::to_owned));
            let interferes = state.interference > 0;
            state.interference = state.interference.saturating_sub(1);
            let version = state.versions.entry(id.clone()).or_default();
            *version += u64::from(interferes);
            let newest = version.to_string();
            if update.version.is_some_and(|version| version != newest) {
                return Err(Error::new(ErrorKind::Stale, "412"));
            }
        }
        Ok(self.changed(self.inner.update(id, update, attempt).await?))
    }

    async fn delete(&self, id: &RemoteId, kind: ResourceKind, attempt: &Attempt) -> Result<()> {
        let Some(user) = self.to_be_deactivated(id) else {
            return self.inner.delete(id, kind, attempt).await;
        };
        self.lock().deletes += 1;
        let gone = || Error::new(ErrorKind::NotFound, "404");
        match self.deactivates {
            Some(Again::NotFound) if !user.active => return Err(gone()),
            Some(Again::Unknown) if !user.active => {
                return Err(gone().with_effect(Effect::Unknown));
            }
            _ => {}
        }
        let (before, after) = (user.clone().into(), user.with_active(false).into());
        let difference = Difference::between(&before, &after);
        let update = Update::new(&after, &difference);
        self.inner.update(id, &update, attempt).await.map(drop)
    }

    fn capabilities(&self) -> Capabilities {
        let capabilities = self.inner.capabilities();
        match self.lock().learnt {
            Some(most) => capabilities.with_members_per_request(most),
            None => capabilities,
        }
    }

    async fn find(&self, lookup: &Lookup<'_>, attempt: &Attempt) -> Result<Vec<Remote>> {
        let found = self.inner.find(lookup, attempt).await?;
        let shows = self.lock().shows.clone();
        let found = shows.map_or(found, |shows| {
            let shown = shows.into_iter().filter(|(_, resource)| resource.kind() == lookup.kind);
            shown.map(|(id, resource)| Remote::of(id).showing(resource)).collect()
        });
        Ok(found.into_iter().map(|remote| self.tagged(remote)).collect())
    }

    async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
        attempt: &Attempt,
    ) -> Result<Remote> {
        self.refuse_too_many(changes.len())?;
        Ok(self.changed(self.inner.change_members(id, changes, attempt).await?))
    }
}
