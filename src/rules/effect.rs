//! What follows from a decision.

use super::decision::{RuleDecision, Verdict};
use super::request::Operation;
use crate::model::{RuleSettings, WhenIndeterminate, WhenNotApplicable, WhenObliged};

/// What follows from a decision.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a complete case distinction: who acts on it must see a fourth"
)]
pub enum RuleEffect {
    /// It is done.
    Go,
    /// It is not done, and the reason is reported.
    Skip {
        /// In the engine's words, or in ours where it gave none. On one line.
        reason: String,
    },
    /// It waits, and the engine is asked again later.
    Hold {
        /// In the engine's words, or in ours where it gave none. On one line.
        reason: String,
    },
}

/// The engine's words may quote what it was told.
impl std::fmt::Debug for RuleEffect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Go => "Go",
            Self::Skip { .. } => "Skip([redacted])",
            Self::Hold { .. } => "Hold([redacted])",
        })
    }
}

impl RuleSettings {
    /// Whether an operation is subject to rules: what deprovisions is only where `deprovisioning` is on.
    pub fn ask_about(&self, operation: Operation) -> bool {
        self.deprovisioning || !operation.deprovisions()
    }

    /// What follows from a decision under these settings.
    ///
    /// ```
    /// use outbound_provisioning::model::{RuleSettings, WhenObliged};
    /// use outbound_provisioning::rules::{Obligation, RuleDecision, RuleEffect};
    ///
    /// let obliged = RuleDecision::permit().with_obligation(Obligation::new("urn:example:notify"));
    /// let mut settings = RuleSettings::default();
    /// assert!(matches!(settings.effect(&obliged), RuleEffect::Skip { .. }));
    /// settings.obligations = WhenObliged::Ignore;
    /// assert_eq!(settings.effect(&obliged), RuleEffect::Go);
    /// ```
    pub fn effect(&self, decision: &RuleDecision) -> RuleEffect {
        let reason = |otherwise: &str| decision.reason().unwrap_or(otherwise).to_owned();
        match decision.verdict {
            Verdict::Permit => match decision.obligations().first() {
                Some(obligation) if self.obligations == WhenObliged::Deny => RuleEffect::Skip {
                    reason: format!(
                        "the rules allow it with the obligation {}, which nobody fulfils",
                        obligation.id()
                    ),
                },
                _ => RuleEffect::Go,
            },
            Verdict::NotApplicable => match self.not_applicable {
                WhenNotApplicable::Allow => RuleEffect::Go,
                WhenNotApplicable::Skip => {
                    RuleEffect::Skip { reason: reason("no rule speaks of it") }
                }
            },
            Verdict::Deny => RuleEffect::Skip { reason: reason("the rules forbid it") },
            Verdict::Indeterminate => {
                let reason = reason("the rules could not be evaluated");
                match self.indeterminate {
                    WhenIndeterminate::Hold => RuleEffect::Hold { reason },
                    WhenIndeterminate::Skip => RuleEffect::Skip { reason },
                }
            }
        }
    }
}
