//! What connectors learn of their targets, and the store keeps for the next ones.

use std::sync::Arc;

use serde_json::Value;

use super::dispatcher::Dispatcher;
use super::join::{caught, guarded, panicked};
use super::shared::Shared;
use super::snapshot::Snapshot;
use crate::connector::{Check, Connector};
use crate::error::Result;
use crate::host::Observation;
use crate::model::{Fact, TargetKey};
use crate::store::{Batch, Durability};

/// Facts for the store: where, under which name, and what; none forgets it.
pub(super) type Facts = Vec<(TargetKey, String, Option<Fact>)>;

/// The connector of a target, which knows what was learnt of it before.
pub(super) async fn connector(
    shared: &Shared,
    snapshot: &Snapshot,
    target: &TargetKey,
) -> Result<Arc<dyn Connector>> {
    let connector = snapshot.connector(&target.target)?;
    if !snapshot.is_untold(&target.target) {
        return Ok(connector);
    }
    let _turn = snapshot.tell_alone(&target.target).await?;
    // Perhaps somebody else has told it meanwhile.
    if snapshot.is_untold(&target.target) {
        let system = guarded(|| connector.fingerprint())?;
        let mut facts = shared.store.facts(target).await?;
        facts.retain(|fact| fact.system == system);
        guarded(|| connector.recall(&facts))?;
        snapshot.is_told(&target.target);
    }
    Ok(connector)
}

/// What a connector has learnt since it was asked last.
pub(super) fn learnt(shared: &Shared, target: &TargetKey, connector: &dyn Connector) -> Facts {
    // One that panics here has learnt nothing; its requests are judged on their own.
    let learnt = guarded(|| (connector.learnt(), connector.fingerprint()));
    let (learnt, system) = learnt.unwrap_or_default();
    let kept = learnt.into_iter().map(|fact| {
        let (organization, at) = (&target.organization, &target.target);
        shared.snapshots.tell(&Observation::Learnt { organization, target: at, fact: &fact });
        let name = fact.name.clone();
        let fact = (fact.value != Value::Null).then(|| fact.of_system(system.as_str()));
        (target.clone(), name, fact)
    });
    kept.collect()
}

impl Dispatcher {
    /// Tests a connection, for an admin console: whether the target answers and takes our credentials, and what it
    /// can do. Reads only; what it learns is kept.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) when there is no such connection or it cannot be built,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) when its connector has no such test, whatever the target says,
    /// and [`Storage`](crate::ErrorKind::Storage).
    pub async fn check_connection(&self, target: &TargetKey) -> Result<Check> {
        let shared = self.shared();
        let snapshot = shared.snapshots.current(&target.organization).await?;
        let connector = connector(shared, &snapshot, target).await?;
        let checked = caught(connector.check()).await.unwrap_or_else(|| Err(panicked()));
        let mut batch = Batch::new();
        batch.facts = learnt(shared, target, &*connector);
        if !batch.facts.is_empty() {
            // Without a guard it cannot conflict.
            let _ = shared.store.commit(batch, Durability::Deferred).await?;
        }
        checked
    }
}
