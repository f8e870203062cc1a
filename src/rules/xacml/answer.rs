//! What an answer means, in whichever form it came.

use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Obligation, RuleDecision, Verdict};

const STATUS: &str = "urn:oasis:names:tc:xacml:1.0:status:";

/// One result of a response (XACML 3.0 section 5.48), as its form has it.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) decision: String,
    /// The outermost status code.
    pub(super) status: Option<String>,
    pub(super) message: Option<String>,
    pub(super) obligations: Vec<Obligation>,
    pub(super) advice: Vec<Obligation>,
    pub(super) policies: Vec<String>,
}

impl Answer {
    /// The decision. The four words count as they are spelled in the standard, and no others.
    pub(super) fn judged(self) -> Result<RuleDecision> {
        let verdict = match self.decision.as_str() {
            "Permit" => Verdict::Permit,
            "Deny" => Verdict::Deny,
            "NotApplicable" => Verdict::NotApplicable,
            "Indeterminate" => Verdict::Indeterminate,
            _ => return Err(unreadable()),
        };
        let status =
            self.status.as_deref().map(|status| status.strip_prefix(STATUS).unwrap_or(status));
        // A decision by an engine that says in the same breath that it failed (section 5.57) is none.
        if verdict == Verdict::Permit && status.is_some_and(|status| status != "ok") {
            return Err(Error::new(
                ErrorKind::InvalidResponse,
                "the decision point permits it and reports an error at once",
            ));
        }
        let said = self.message.filter(|message| !message.trim().is_empty());
        let advised = self.advice.iter().flat_map(Obligation::assignments);
        let advised = advised.map(|(_, value)| value.to_owned()).find(|value| !value.is_empty());
        let reason = match verdict {
            Verdict::Indeterminate => match (status, said) {
                (Some(status), Some(said)) => Some(format!("{status}: {said}")),
                (Some(status), None) => Some(status.to_owned()),
                (None, said) => said,
            },
            Verdict::Deny => said.or(advised),
            Verdict::Permit | Verdict::NotApplicable => said,
        };
        let mut decision = RuleDecision::new(verdict).because(reason.unwrap_or_default());
        for policy in self.policies {
            decision = decision.by_policy(policy);
        }
        for obligation in self.obligations {
            decision = decision.with_obligation(obligation);
        }
        Ok(decision)
    }
}

/// The answer to everything that is not one decision and nothing else.
pub(super) fn unreadable() -> Error {
    Error::new(ErrorKind::InvalidResponse, "the decision point's answer is not one XACML decision")
}
