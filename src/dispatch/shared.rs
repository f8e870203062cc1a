//! What every handle and every piece of work shares.

use std::sync::Arc;

use super::snapshot::Snapshots;
use crate::host::Runtime;
use crate::model::Target;
use crate::resolver::{Chosen, Resolution};
use crate::store::{Candidate, MemoryStore};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) snapshots: Snapshots,
    pub(super) store: MemoryStore,
    pub(super) runtime: Option<Arc<dyn Runtime>>,
}

/// The targets of a resolution, each once. A target that is chosen at one level is not left out at another.
pub(super) fn candidates(resolution: &Resolution<'_>) -> Vec<(Target, Candidate)> {
    let chosen = resolution.chosen.iter();
    let mut candidates: Vec<(Target, Candidate)> = chosen
        .map(|Chosen { provisioner, level }| {
            (provisioner.target.clone(), Candidate::Chosen(*level, provisioner.wait))
        })
        .collect();
    for skipped in &resolution.skipped {
        let target = &skipped.provisioner.target;
        if !candidates.iter().any(|(known, _)| known == target) {
            candidates.push((target.clone(), Candidate::Skipped(skipped.reason)));
        }
    }
    candidates
}
