//! Keeps what is learnt of the target.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use outbound_provisioning::host::{Observation, Observer};
use outbound_provisioning::model::Fact;

/// The newest fact of each name.
#[derive(Debug, Default)]
pub(crate) struct Learning(Mutex<BTreeMap<String, Fact>>);

impl Learning {
    pub(crate) fn facts(&self) -> BTreeMap<String, Fact> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Observer for Learning {
    fn observe(&self, observation: &Observation<'_>) {
        if let Observation::Learnt { fact, .. } = observation {
            let mut facts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            facts.insert(fact.name.clone(), (*fact).clone());
        }
    }
}
