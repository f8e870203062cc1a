//! What an engine answers.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::is_disruptive;

/// The most characters of a reason, an id or a value that are kept.
const LONGEST: usize = 512;
/// The most policies, and the most obligations, that are kept.
const MOST: usize = 32;

/// The four decisions of XACML 3.0 (section 7.13 of its core).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "XACML 3.0 closes it, and a fifth decision must be seen by all that act on one"
)]
pub enum Verdict {
    /// A rule allows it.
    Permit,
    /// A rule forbids it.
    Deny,
    /// No rule speaks of it.
    NotApplicable,
    /// Nobody can tell: an attribute is missing, a rule is wrong, or the engine gave no answer.
    Indeterminate,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::NotApplicable => "not applicable",
            Self::Indeterminate => "indeterminate",
        })
    }
}

/// A decision, and what the engine says of it. All of it is to be recorded.
///
/// Texts are kept up to 512 characters, without line breaks and other letters that could forge a line in a log; of
/// policies and obligations 32 are kept.
///
/// ```
/// use outbound_provisioning::rules::{RuleDecision, Verdict};
///
/// let denied = RuleDecision::deny().because("not in\nHR").by_policy("hr-only");
/// assert_eq!(denied.reason(), Some("not in HR"));
/// assert_eq!(denied.policies(), ["hr-only"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleDecision {
    /// Which of the four.
    pub verdict: Verdict,
    reason: Option<String>,
    policies: Vec<String>,
    obligations: Vec<Obligation>,
    retry_after: Option<Duration>,
}

impl RuleDecision {
    /// A decision without a reason.
    pub fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            reason: None,
            policies: Vec::new(),
            obligations: Vec::new(),
            retry_after: None,
        }
    }

    /// A rule allows it.
    pub fn permit() -> Self {
        Self::new(Verdict::Permit)
    }

    /// A rule forbids it.
    pub fn deny() -> Self {
        Self::new(Verdict::Deny)
    }

    /// Nobody can tell, for this reason.
    pub fn indeterminate(reason: impl AsRef<str>) -> Self {
        Self::new(Verdict::Indeterminate).because(reason)
    }

    /// What an engine's answer counts for: an error is [`Indeterminate`](Verdict::Indeterminate), with the error's own
    /// line as the reason. It holds no personal data and no secret.
    ///
    /// ```
    /// use outbound_provisioning::rules::{RuleDecision, Verdict};
    /// use outbound_provisioning::{Error, ErrorKind};
    ///
    /// let decision = RuleDecision::of(Err(Error::new(ErrorKind::Timeout, "no answer within 2 s")));
    /// assert_eq!(decision.verdict, Verdict::Indeterminate);
    /// assert_eq!(decision.reason(), Some("timeout: no answer within 2 s"));
    /// ```
    pub fn of(answer: Result<Self>) -> Self {
        answer.unwrap_or_else(|error| Self::from(&error))
    }

    /// The same decision for this reason; none if it is blank.
    #[must_use]
    pub fn because(mut self, reason: impl AsRef<str>) -> Self {
        self.reason = Some(on_one_line(reason.as_ref())).filter(|reason| !reason.is_empty());
        self
    }

    /// The same decision, by one more policy.
    #[must_use]
    pub fn by_policy(mut self, policy: impl AsRef<str>) -> Self {
        let policy = on_one_line(policy.as_ref());
        if self.policies.len() < MOST && !policy.is_empty() {
            self.policies.push(policy);
        }
        self
    }

    /// The same decision with one more thing to be done along with it.
    #[must_use]
    pub fn with_obligation(mut self, obligation: Obligation) -> Self {
        // The first of them already forbids what nobody fulfils, so no more than can be shown are kept.
        if self.obligations.len() < MOST {
            self.obligations.push(obligation);
        }
        self
    }

    /// The same decision without these obligations: whoever fulfils them, an engine around this one, says so. Those that
    /// are left turn a permit into a denial by default (see [`RuleSettings`](crate::model::RuleSettings)).
    #[must_use]
    pub fn fulfilled(mut self, is_fulfilled: impl Fn(&Obligation) -> bool) -> Self {
        self.obligations.retain(|obligation| !is_fulfilled(obligation));
        self
    }

    /// Why, in the engine's words, on one line. It may quote what the engine was told.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Which policies decided, where the engine says it.
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// What must be done along with it.
    pub fn obligations(&self) -> &[Obligation] {
        &self.obligations
    }

    /// How long the engine asked us to wait before we ask again, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl From<&Error> for RuleDecision {
    /// An engine that failed: see [`RuleDecision::of`].
    fn from(error: &Error) -> Self {
        let mut decision = Self::indeterminate(error.to_string());
        decision.retry_after = error.retry_after();
        decision
    }
}

/// Shows whether there is a reason, and none of its words: they may quote what the engine was told.
impl fmt::Debug for RuleDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleDecision")
            .field("verdict", &self.verdict)
            .field("reason", &self.reason.as_ref().map(|_| ".."))
            .field("policies", &self.policies)
            .field("obligations", &self.obligations)
            .field("retry_after", &self.retry_after)
            .finish()
    }
}

/// Something that must be done along with a decision (XACML 3.0 section 7.18). The library fulfils none by itself.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Obligation {
    id: String,
    assignments: Vec<(String, String)>,
}

impl Obligation {
    /// An obligation without assignments.
    pub fn new(id: impl AsRef<str>) -> Self {
        Self { id: on_one_line(id.as_ref()), assignments: Vec::new() }
    }

    /// The same obligation with one more attribute and its value as text.
    #[must_use]
    pub fn with(mut self, attribute: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        if self.assignments.len() < MOST {
            self.assignments.push((on_one_line(attribute.as_ref()), on_one_line(value.as_ref())));
        }
        self
    }

    /// Which obligation.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its attributes and their values.
    pub fn assignments(&self) -> impl Iterator<Item = (&str, &str)> {
        self.assignments.iter().map(|(attribute, value)| (attribute.as_str(), value.as_str()))
    }
}

/// Shows the ids, and no value.
impl fmt::Debug for Obligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes: Vec<&str> = self.assignments().map(|(attribute, _)| attribute).collect();
        f.debug_struct("Obligation")
            .field("id", &self.id)
            .field("attributes", &attributes)
            .finish_non_exhaustive()
    }
}

/// What a stranger says, fit for a log: on one line, and not without end.
fn on_one_line(text: &str) -> String {
    let blank = |letter: char| letter.is_whitespace() || is_disruptive(letter);
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(blank).filter(|word| !word.is_empty()) {
        let gap = usize::from(!line.is_empty());
        if length + gap >= LONGEST {
            break;
        }
        if gap > 0 {
            line.push(' ');
        }
        length += gap;
        for letter in word.chars().take(LONGEST - length) {
            line.push(letter);
            length += 1;
        }
    }
    line
}
