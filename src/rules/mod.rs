//! Rules: before something is sent to a target, an engine may say no, and why.
//!
//! Not for: who must know of an event (that is the [`resolver`](crate::resolver)'s), or what the target sees of it. An
//! engine is asked last, with the resource as it would be sent, once per target.
//!
//! An engine answers one of the four decisions of XACML 3.0. What follows is the target's
//! [`RuleSettings`](crate::model::RuleSettings) to say:
//!
//! | decision | by default | else |
//! |---|---|---|
//! | [`Permit`](Verdict::Permit) | goes | with an obligation that nobody fulfilled: skipped (`obligations`) |
//! | [`NotApplicable`](Verdict::NotApplicable): no rule speaks of it | goes | skipped (`not_applicable`) |
//! | [`Deny`](Verdict::Deny) | skipped, with the engine's reason | – |
//! | [`Indeterminate`](Verdict::Indeterminate), and an engine that fails | held, and asked again | skipped (`indeterminate`) |
//!
//! Deleting and deactivating are not subject to rules unless `deprovisioning` says so: else a policy that only knows of
//! creating would keep accounts alive for ever.
//!
//! ```
//! use outbound_provisioning::model::RuleSettings;
//! use outbound_provisioning::rules::{RuleDecision, RuleEffect, Verdict};
//!
//! let settings = RuleSettings::default();
//! assert_eq!(settings.effect(&RuleDecision::permit()), RuleEffect::Go);
//! assert_eq!(settings.effect(&RuleDecision::new(Verdict::NotApplicable)), RuleEffect::Go);
//! let denied = RuleDecision::deny().because("outside office hours");
//! let RuleEffect::Skip { reason } = settings.effect(&denied) else { panic!() };
//! assert_eq!(reason, "outside office hours");
//! ```

mod attributes;
#[cfg(feature = "authzen")]
mod authzen;
mod claims;
mod clock;
mod contract;
mod decision;
mod effect;
mod native;
#[cfg(any(feature = "authzen", feature = "xacml"))]
mod remote;
mod request;
#[cfg(feature = "xacml")]
mod xacml;

pub use attributes::{RuleAttribute, RuleAttributes, RuleCategory, RuleDataType};
#[cfg(feature = "authzen")]
pub use authzen::{AuthzenEngine, SubjectSource};
pub use clock::UtcOffset;
pub use contract::RuleEngine;
pub use decision::{Obligation, RuleDecision, Verdict};
pub use effect::RuleEffect;
pub use native::NativeRules;
#[cfg(any(feature = "authzen", feature = "xacml"))]
pub use remote::DecisionPoint;
pub use request::{Operation, RuleRequest};
#[cfg(feature = "xacml")]
pub use xacml::{XacmlEngine, XacmlFormat};
