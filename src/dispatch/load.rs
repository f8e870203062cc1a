//! A first load: everybody whom the host has, told to one target.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dispatcher::Dispatcher;
use super::hints::tell_truth;
use super::reassert::is_set_up;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Fact, LocalId, ResourceKey, ResourceKind, TargetKey};
use crate::store::Batch;

/// Where a load stands, among what is kept of a target.
const FACT: &str = "dispatcher.initial_load";

/// How far a first load has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Loading {
    /// Resources that were told.
    pub told: u64,
    /// Resources that the host named and did not have any more.
    pub missing: u64,
    /// Resources that could not be told; each is told with its next event.
    pub failed: u64,
    /// Whether everybody was told.
    pub is_done: bool,
    /// Groups come after users, so that their members have accounts.
    groups: bool,
    after: Option<LocalId>,
}

impl Dispatcher {
    /// Tells a target of the next resources that the host has, at most so many, users before groups; and keeps where it
    /// stands, so that the next call goes on there, in another process too. Call it until
    /// [`is_done`](Loading::is_done); a worker delivers. Scope, mapping, rules and the event table apply as ever: who is
    /// there already stays, and who was kept out by an application's or JIT's option stays out (R5). No other
    /// target is told.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when there is no such target or no
    /// [`ResourceSource`](crate::host::ResourceSource); [`Unsupported`](ErrorKind::Unsupported) when that cannot list;
    /// whatever it says; [`Storage`](ErrorKind::Storage). The next call goes on where this one was.
    pub async fn load(&self, target: &TargetKey, most: usize) -> Result<Loading> {
        let shared = self.shared();
        let snapshot = shared.snapshots.current(&target.organization).await?;
        is_set_up(&snapshot, target)?;
        let Some(source) = &shared.resources else {
            let message = "nobody knows whom to load; give the dispatcher a resource source";
            return Err(Error::new(ErrorKind::Configuration, message));
        };
        let mut leading = snapshot.configuration.all_provisioners();
        if !leading.any(|provisioner| provisioner.target == target.target) {
            let message = format!("no provisioner leads to {}; add one first", target.target);
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        let mut loading = self.loading(target).await?.unwrap_or_default();
        if loading.is_done {
            return Ok(loading);
        }
        let kind = if loading.groups { ResourceKind::Group } else { ResourceKind::User };
        let organization = &target.organization;
        let ids = source.list(organization, kind, loading.after.as_ref(), most.max(1)).await?;
        for id in &ids {
            let key = ResourceKey::new(organization.clone(), kind, id.clone());
            match tell_truth(shared, &**source, &key, Some(&target.target)).await {
                Ok(true) => loading.told += 1,
                Ok(false) => loading.missing += 1,
                // One that the host tells wrongly, or of which a row is damaged, keeps nobody else waiting (F16).
                Err(error)
                    if matches!(error.kind(), ErrorKind::InvalidEvent | ErrorKind::Damaged) =>
                {
                    loading.failed += 1;
                }
                Err(error) => {
                    self.keep(target, &loading).await?;
                    return Err(error);
                }
            }
            loading.after = Some(id.clone());
        }
        if ids.is_empty() {
            loading.is_done = loading.groups;
            (loading.groups, loading.after) = (true, None);
        }
        self.keep(target, &loading).await?;
        shared.bell.ring();
        Ok(loading)
    }

    /// How far a target's first load has come; none if none was begun.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage).
    pub async fn loading(&self, target: &TargetKey) -> Result<Option<Loading>> {
        let facts = self.shared().store.facts(target).await?;
        let fact = facts.into_iter().find(|fact| fact.name == FACT);
        // What cannot be read is begun anew: nobody is told twice of the same state.
        Ok(fact.and_then(|fact| Loading::deserialize(fact.value).ok()))
    }

    /// Forgets how far a load has come: the next [`load`](Self::load) begins anew.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage).
    pub async fn load_again(&self, target: &TargetKey) -> Result<()> {
        self.keep(target, &Loading::default()).await
    }

    async fn keep(&self, target: &TargetKey, loading: &Loading) -> Result<()> {
        let value = serde_json::to_value(loading).unwrap_or(Value::Null);
        let fact = Fact::new(FACT, value, self.shared().now());
        let mut batch = Batch::new();
        batch.facts.push((target.clone(), FACT.to_owned(), Some(fact)));
        self.shared().commit_unguarded(batch).await
    }
}
