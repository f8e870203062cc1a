//! Which provisioners must know of an event: a pure function with a truth table.
//!
//! Not for: what a target should see, or whether the resource is there already. A linked target hears of updates and
//! deletes whatever this says.
//!
//! | application in the event | its mode | it has provisioners | result |
//! |---|---|---|---|
//! | none | – | – | the organization's |
//! | unknown | – | – | the organization's; the resolution says so |
//! | known | `Inherit` | no | the organization's |
//! | known | `Inherit` | yes | the application's only |
//! | known | `Add` | any | both, the application's first; one target twice is once, the application's |
//! | known | `Disabled` | any | nothing |
//!
//! Only then the filters. **R1**: the JIT filter comes after the override, without a way back to the organization's.
//! **R2**: a disabled connection or connector is skipped with a reason and the others go on. **R3**: nothing left is
//! an empty result, not an error. **R4**: this never fails. (**R5**, the memory of exclusions, is the dispatcher's.)
//!
//! ```
//! use outbound_provisioning::model::{Connection, OrganizationConfiguration, Properties, Provisioner, Trigger};
//! use outbound_provisioning::resolver::{SkipReason, resolve};
//!
//! let organization = OrganizationConfiguration::new()
//!     .with_connection("hr", Connection::new("HR").with_connector("scim2", Properties::new()))
//!     .with_provisioner(Provisioner::new("hr", "scim2").blocking());
//! let resolution = resolve(&organization, None, Trigger::JustInTime);
//! assert!(resolution.chosen.is_empty());
//! assert_eq!(resolution.skipped[0].reason, SkipReason::JitExcluded);
//! ```

use std::fmt;

use crate::model::{
    ApplicationId, ApplicationMode, OrganizationConfiguration, Provisioner, Target, Trigger,
};

// Defined below, because outcomes hold it.
pub use crate::model::skip::SkipReason;

/// Who must know, and why everybody else need not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolution<'a> {
    /// What became of the event's application.
    pub application: ApplicationFound,
    /// Who must know, in order, each target once.
    pub chosen: Vec<Chosen<'a>>,
    /// Everybody else, each with the reason.
    pub skipped: Vec<Skipped<'a>>,
}

/// What became of the application that an event names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a complete case distinction: the first column of the truth table"
)]
pub enum ApplicationFound {
    /// The event names none.
    None,
    /// It is set up.
    Known,
    /// It is not set up; the organization's default applied.
    Unknown,
}

/// A provisioner that must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chosen<'a> {
    /// Which.
    pub provisioner: &'a Provisioner,
    /// At which level it stands.
    pub level: Level,
}

/// A provisioner that need not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped<'a> {
    /// Which.
    pub provisioner: &'a Provisioner,
    /// At which level it stands.
    pub level: Level,
    /// Why.
    pub reason: SkipReason,
}

/// Where a provisioner stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the design knows two levels, and code that handles both must see a third"
)]
pub enum Level {
    /// For one application.
    Application,
    /// The default for every application.
    Organization,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "application",
            Self::Organization => "organization",
        })
    }
}

/// Resolves an event to provisioners. Allocates nothing but the result, and never fails (R4).
pub fn resolve<'a>(
    organization: &'a OrganizationConfiguration,
    application: Option<&ApplicationId>,
    trigger: Trigger,
) -> Resolution<'a> {
    let known = application.and_then(|id| organization.applications.get(id));
    let found = match (application, known) {
        (None, _) => ApplicationFound::None,
        (Some(_), Some(_)) => ApplicationFound::Known,
        (Some(_), None) => ApplicationFound::Unknown,
    };
    let own = known.map_or(&[][..], |application| &application.provisioners);
    let mode = known.map(|application| application.mode).unwrap_or_default();
    let overridden = mode == ApplicationMode::Inherit && !own.is_empty();

    let mut resolution = Resolution { application: found, chosen: Vec::new(), skipped: Vec::new() };
    let levels = own.iter().map(|provisioner| (provisioner, Level::Application)).chain(
        organization.provisioners.iter().map(|provisioner| (provisioner, Level::Organization)),
    );
    for (provisioner, level) in levels {
        let level_reason = match level {
            _ if mode == ApplicationMode::Disabled => Some(SkipReason::ApplicationDisabled),
            Level::Organization if overridden => Some(SkipReason::Overridden),
            Level::Organization if own.iter().any(|other| other.target == provisioner.target) => {
                Some(SkipReason::DuplicateTarget)
            }
            // The configuration's check refuses this; whoever skips it is still told once.
            _ if resolution
                .chosen
                .iter()
                .any(|chosen| chosen.provisioner.target == provisioner.target) =>
            {
                Some(SkipReason::DuplicateTarget)
            }
            _ => None,
        };
        let reason = level_reason
            .or_else(|| {
                (trigger == Trigger::JustInTime && !provisioner.jit)
                    .then_some(SkipReason::JitExcluded)
            })
            .or_else(|| switched_off(organization, &provisioner.target));
        match reason {
            None => resolution.chosen.push(Chosen { provisioner, level }),
            Some(reason) => resolution.skipped.push(Skipped { provisioner, level, reason }),
        }
    }
    resolution
}

/// Why nothing is sent to a target at the moment (R2). A target that is not there is the configuration's problem,
/// not this function's (R4).
pub(crate) fn switched_off(
    organization: &OrganizationConfiguration,
    target: &Target,
) -> Option<SkipReason> {
    let connection = organization.connections.get(&target.connection)?;
    if !connection.enabled {
        return Some(SkipReason::ConnectionDisabled);
    }
    let settings = connection.connectors.get(&target.connector)?;
    (!settings.enabled).then_some(SkipReason::ConnectorDisabled)
}
