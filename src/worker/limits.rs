//! How much a worker does at once.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::OrganizationId;

/// How much a worker does at once.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) per_target: usize,
    pub(super) in_all: usize,
    pub(super) weights: HashMap<OrganizationId, usize>,
    pub(super) grace: Duration,
}
