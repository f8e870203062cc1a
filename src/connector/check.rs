//! What the test of a connection found.

/// What "test connection" found, sentence by sentence.
///
/// ```
/// use outbound_provisioning::connector::{Check, Finding};
///
/// let check = Check::new([Finding::found("The target answers."), Finding::assumed("It takes PATCH.")]);
/// assert_eq!(check.findings.len(), 2);
/// assert!(!check.has_warnings());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// Sentences for the administrator.
    pub findings: Vec<Finding>,
}

impl Check {
    /// A check with these findings.
    pub fn new(findings: impl IntoIterator<Item = Finding>) -> Self {
        Self { findings: findings.into_iter().collect() }
    }

    /// Whether anything needs the administrator's attention.
    pub fn has_warnings(&self) -> bool {
        self.findings.iter().any(|finding| finding.origin == Origin::Warning)
    }
}

/// One sentence about a target, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How it is known.
    pub origin: Origin,
    /// The sentence. Holds no secrets and no personal data.
    pub text: String,
}

/// How something is known of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The target has shown or said it.
    Found,
    /// Nobody has said otherwise.
    Assumed,
    /// The administrator says so.
    Overridden,
    /// The administrator should look into it.
    Warning,
}

impl Finding {
    /// What the target has shown or said.
    pub fn found(text: impl Into<String>) -> Self {
        Self { origin: Origin::Found, text: text.into() }
    }

    /// What is taken for granted until the target says otherwise.
    pub fn assumed(text: impl Into<String>) -> Self {
        Self { origin: Origin::Assumed, text: text.into() }
    }

    /// What the administrator set, whatever the target says.
    pub fn overridden(text: impl Into<String>) -> Self {
        Self { origin: Origin::Overridden, text: text.into() }
    }

    /// What the administrator should look into.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { origin: Origin::Warning, text: text.into() }
    }
}
