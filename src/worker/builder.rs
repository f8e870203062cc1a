//! Builds a worker.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::limits::Limits;
use super::shift::Worker;
use crate::dispatch::{Dispatcher, Shared};
use crate::model::OrganizationId;

/// Builds a [`Worker`]. Every setting has a default.
#[derive(Clone, Debug)]
#[must_use]
pub struct WorkerBuilder {
    shared: Arc<Shared>,
    limits: Limits,
}

impl Worker {
    /// Starts building one for a dispatcher. Several workers may serve the same dispatcher.
    pub fn builder(dispatcher: &Dispatcher) -> WorkerBuilder {
        WorkerBuilder {
            shared: Arc::clone(dispatcher.shared()),
            limits: Limits {
                per_target: 8,
                in_all: 64,
                weights: HashMap::new(),
                grace: Duration::from_secs(30),
            },
        }
    }
}

impl WorkerBuilder {
    /// At most so many lanes of one target at once. Default: 8.
    pub fn in_flight_per_target(mut self, most: NonZeroUsize) -> Self {
        self.limits.per_target = most.get();
        self
    }

    /// At most so many lanes in all at once. Default: 64.
    pub fn in_flight(mut self, most: NonZeroUsize) -> Self {
        self.limits.in_all = most.get();
        self
    }

    /// This organization has so many turns where others have one (P13).
    pub fn weight(mut self, organization: impl Into<OrganizationId>, turns: NonZeroUsize) -> Self {
        self.limits.weights.insert(organization.into(), turns.get());
        self
    }

    /// When it is told to stop, requests under way may take so long to end. Default: 30 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// The worker.
    #[must_use]
    pub fn build(self) -> Worker {
        Worker::new(self.shared, self.limits)
    }
}
