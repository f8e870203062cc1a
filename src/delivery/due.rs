//! Whose turn it is, and when: what a store orders lanes by, and finds them by.

use serde::{Deserialize, Serialize};

use crate::model::{Member, RemoteId, Timestamp};

/// One life of one process that works on a store. A later life never has an earlier one's number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Era(u64);

impl Era {
    /// The era of this number; 0 is before the first.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Whose turn it is at a store, and which earlier turns ended without a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Life {
    /// This life.
    pub era: Era,
    /// Lives before this one may have sent what no row tells of: they ended uncleanly, and what a store had not yet
    /// synced is lost (C12). The first era after the newest such end; 0 when there was none.
    pub unclean_before: Era,
}

impl Life {
    /// A life at a store.
    pub fn new(era: Era, unclean_before: Era) -> Self {
        Self { era, unclean_before }
    }
}

/// When a lane's next attempt is due, and how urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Due {
    /// Urgent goes before everything else of its target.
    pub priority: Priority,
    /// Not before this. The beginning of time: at once.
    pub at: Timestamp,
}

/// What goes first at a target (P15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a store orders by it, and must know all of it")]
pub enum Priority {
    /// Somebody is to lose access: deletes and deactivations.
    Urgent,
    /// Everything else.
    Normal,
    /// What a person wants brought to changed terms, and nobody waits for.
    Low,
}

impl Priority {
    /// All of them, what goes first first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Low];
}

/// What a lane is found by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Columns {
    /// See [`LaneRecord::due`](super::LaneRecord::due).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// See [`LaneRecord::owner`](super::LaneRecord::owner).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Era>,
    /// Whether it waits for a person.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
    /// Whether requests may still land of which nobody heard.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// See [`LaneRecord::account`](super::LaneRecord::account).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<RemoteId>,
    /// Whether it has no account, and the host's word is kept for when it is to have one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// See [`LaneRecord::refers_to`](super::LaneRecord::refers_to).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refers_to: Vec<Member>,
}
