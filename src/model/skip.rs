//! Why a target is not told of an event.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a target is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// The application is set up to provision nothing.
    ApplicationDisabled,
    /// The connection is switched off.
    ConnectionDisabled,
    /// The connector is switched off.
    ConnectorDisabled,
    /// A provisioner of the application, or an earlier one, has the same target.
    DuplicateTarget,
    /// The user came just in time and the provisioner's JIT option is off.
    JitExcluded,
    /// A rule denies it.
    Denied,
    /// The application that the user lost does not lead there, or the organization's own provisioners do as well.
    NotAssigned,
    /// It is not in the target's scope.
    OutOfScope,
    /// The user lost the application through which it was provisioned.
    Unassigned,
    /// The connection is withdrawn.
    Withdrawn,
    /// The resource was never provisioned there and is deleted.
    NotProvisioned,
    /// The application's own provisioners override the organization's.
    Overridden,
}

impl SkipReason {
    /// Whether the resource itself was kept out, which is remembered (R5), rather than the target being out of
    /// order.
    pub(crate) fn excludes(self) -> bool {
        matches!(
            self,
            Self::ApplicationDisabled | Self::Denied | Self::JitExcluded | Self::Overridden
        )
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApplicationDisabled => "the application provisions nothing",
            Self::ConnectionDisabled => "the connection is switched off",
            Self::ConnectorDisabled => "the connector is switched off",
            Self::DuplicateTarget => "another provisioner has the same target",
            Self::JitExcluded => "created just in time, and JIT outbound is off",
            Self::Denied => "a rule denies it",
            Self::NotAssigned => "the application does not lead there, or is not the only way",
            Self::OutOfScope => "it is not in the target's scope",
            Self::Unassigned => "the user lost the application",
            Self::Withdrawn => "the connection is withdrawn",
            Self::NotProvisioned => "it was never provisioned there",
            Self::Overridden => "the application's provisioners override the organization's",
        })
    }
}
