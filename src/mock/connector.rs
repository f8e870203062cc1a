//! A connector that needs no target.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::directory::Directory;
use super::fault::Fault;
use crate::connector::{
    Attempt, Capabilities, Check, Connector, Finding, Lookup, Page, PageRequest, Remote, Update,
};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{LocalId, MemberChanges, RemoteId, Resource, ResourceKind, Secret, User};

/// A connector with a directory in memory. Records every call, keeps what it was given, fails on demand. Clones share
/// all of it.
///
/// Answers like a real target: a second create is a conflict, as is a taken name; what is gone is not found.
#[derive(Clone)]
pub struct MockConnector {
    state: Arc<Mutex<State>>,
    capabilities: Capabilities,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    faults: VecDeque<Fault>,
    directory: Directory,
}

/// A call that a [`MockConnector`] was given, whether or not it failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Call {
    /// `create`, with the resource.
    Create(Resource),
    /// `update`, with the wanted state.
    Update(RemoteId, Resource),
    /// `delete`.
    Delete(RemoteId),
    /// `find`, with the host's id.
    Find(LocalId),
    /// `change_members`.
    ChangeMembers(RemoteId, MemberChanges),
    /// `list`.
    List(ResourceKind),
    /// `check`.
    Check,
}

impl MockConnector {
    /// An empty directory that can do everything.
    pub fn new() -> Self {
        let capabilities = Capabilities::new()
            .with_groups()
            .with_members_on_create()
            .with_find()
            .with_list()
            .with_check()
            .with_passwords()
            .with_unique_names(ResourceKind::User)
            .with_unique_names(ResourceKind::Group);
        Self { state: Arc::default(), capabilities }
    }

    /// The same directory behind a connector that can do only this: without
    /// [`passwords`](Capabilities::passwords), it sets none.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Makes the next call fail with this, without the target acting. Faults queue up.
    pub fn fail_next(&self, error: Error) {
        self.then(Fault::Refuse(error));
    }

    /// Makes the next call go wrong like this. Faults queue up.
    pub fn then(&self, fault: Fault) {
        self.lock().faults.push_back(fault);
    }

    /// Puts a resource into the directory that nobody sent: somebody else's.
    ///
    /// # Errors
    /// None in practice: the mock's own ids are harmless.
    pub fn insert(&self, resource: impl Into<Resource>) -> Result<RemoteId> {
        self.lock().directory.insert(resource.into()).map(|remote| remote.id)
    }

    /// Takes a resource out of the directory behind the library's back. Answers whether it was there.
    pub fn remove(&self, id: &RemoteId, kind: ResourceKind) -> bool {
        self.lock().directory.delete(id, kind).is_ok()
    }

    /// The calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.lock().calls.clear();
    }

    /// What the target has now.
    pub fn remote_resources(&self) -> Vec<(RemoteId, Resource)> {
        self.lock().directory.resources()
    }

    /// The passwords that an account was given, oldest first; of an account that is gone, too.
    ///
    /// ```
    /// use outbound_provisioning::mock::MockConnector;
    /// use outbound_provisioning::model::RemoteId;
    ///
    /// let nobody = RemoteId::new("remote-1")?;
    /// assert!(MockConnector::new().passwords_of(&nobody).is_empty());
    /// # Ok::<(), outbound_provisioning::Error>(())
    /// ```
    pub fn passwords_of(&self, id: &RemoteId) -> Vec<Secret> {
        self.lock().directory.passwords_of(id)
    }

    /// The password of an attempt, where this mock can set one.
    fn password(&self, attempt: &Attempt) -> Option<Secret> {
        attempt.password.clone().filter(|_| self.capabilities.passwords)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A scripted panic happens outside of the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the call, then does the work, or what the script says instead.
    async fn perform<T>(
        &self,
        call: Call,
        wrong: impl FnOnce() -> Result<T>,
        work: impl FnOnce(&mut Directory) -> Result<T>,
    ) -> Result<T> {
        let fault = {
            let mut state = self.lock();
            state.calls.push(call);
            state.faults.pop_front()
        };
        match fault {
            None => work(&mut self.lock().directory),
            Some(Fault::Refuse(error)) => Err(error),
            Some(Fault::TimeOutBefore) => Err(timeout()),
            Some(Fault::TimeOutAfter) => {
                // Whatever the target answered is lost on the way.
                let _lost = work(&mut self.lock().directory);
                Err(timeout())
            }
            Some(Fault::Slow(stall)) => {
                stall.hold().await;
                work(&mut self.lock().directory)
            }
            #[expect(clippy::panic, reason = "the script asks for it")]
            Some(Fault::Panic) => panic!("the mock was told to panic"),
            Some(Fault::WrongAnswer) => {
                work(&mut self.lock().directory)?;
                wrong()
            }
        }
    }

    fn needs(&self, able: bool, what: &'static str) -> Result<()> {
        if able { Ok(()) } else { Err(Error::new(ErrorKind::Unsupported, what)) }
    }

    fn needs_kind(&self, kind: ResourceKind) -> Result<()> {
        self.needs(
            kind == ResourceKind::User || self.capabilities.groups,
            "this mock knows no groups",
        )
    }
}

impl Default for MockConnector {
    fn default() -> Self {
        Self::new()
    }
}

fn timeout() -> Error {
    Error::new(ErrorKind::Timeout, "no answer from the mock").with_effect(Effect::Unknown)
}

fn stranger() -> Result<Remote> {
    Ok(Remote::new("somebody-else")?.showing(User::new("not-ours", "somebody-else").into()))
}

impl fmt::Debug for MockConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("MockConnector")
            .field("calls", &state.calls.len())
            .field("resources", &state.directory.resources().len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Connector for MockConnector {
    async fn create(&self, resource: &Resource, attempt: &Attempt) -> Result<Remote> {
        self.needs_kind(resource.kind())?;
        let password = self.password(attempt);
        self.perform(Call::Create(resource.clone()), stranger, |directory| {
            let remote = directory.create(resource)?;
            directory.set_password(&remote.id, password);
            Ok(remote)
        })
        .await
    }

    async fn update(
        &self,
        id: &RemoteId,
        update: &Update<'_>,
        attempt: &Attempt,
    ) -> Result<Remote> {
        let call = Call::Update(id.clone(), update.wanted.clone());
        let password = self.password(attempt);
        self.perform(call, stranger, |directory| {
            let remote = directory.update(id, update)?;
            directory.set_password(id, password);
            Ok(remote)
        })
        .await
    }

    async fn delete(&self, id: &RemoteId, kind: ResourceKind, _: &Attempt) -> Result<()> {
        self.perform(Call::Delete(id.clone()), || Ok(()), |directory| directory.delete(id, kind))
            .await
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn find(&self, lookup: &Lookup<'_>, _: &Attempt) -> Result<Vec<Remote>> {
        self.needs(self.capabilities.find, "this mock cannot look up")?;
        let call = Call::Find(lookup.external_id.clone());
        self.perform(call, || Ok(vec![stranger()?]), |directory| Ok(directory.find(lookup))).await
    }

    async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
        _: &Attempt,
    ) -> Result<Remote> {
        self.needs_kind(ResourceKind::Group)?;
        let call = Call::ChangeMembers(id.clone(), changes.clone());
        self.perform(call, stranger, |directory| directory.change_members(id, changes)).await
    }

    async fn list(&self, page: &PageRequest) -> Result<Page> {
        self.needs(self.capabilities.list, "this mock cannot list")?;
        let wrong = || Ok(Page::default());
        self.perform(Call::List(page.kind), wrong, |directory| {
            Ok(Page::new(directory.list(page.kind), None))
        })
        .await
    }

    async fn check(&self) -> Result<Check> {
        self.needs(self.capabilities.check, "this mock cannot be tested")?;
        self.perform(
            Call::Check,
            || Ok(Check::new([])),
            |_| Ok(Check::new([Finding::found("The mock is there.")])),
        )
        .await
    }
}
