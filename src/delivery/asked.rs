//! What is wanted of a lane beside the states that events bring.

use serde::{Deserialize, Serialize};

use crate::model::{ApplicationId, Trigger};

/// By which way the host's last word came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// The application through which it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) application: Option<ApplicationId>,
    /// Why it happened.
    pub(crate) trigger: Trigger,
}

/// What is wanted of a lane beside what events say. It is carried out by the next attempt, as somebody may be at work on the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// What was held back goes through.
    Allow,
    /// It is brought to the target's terms of now.
    Reassert,
    /// It is tried again, whoever it waits for.
    Retry,
    /// It is judged by the scope of now, as a group that it is in has changed.
    Judge,
}

impl Asked {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
