//! What a suite found.

use std::fmt;

/// The cases of a suite and how they went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suite {
    /// In the order in which they ran.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// The sentence of the contract that it checks.
    pub sentence: u8,
    /// What was tried.
    pub name: &'static str,
    /// How it went.
    pub verdict: Verdict,
}

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// As the contract says.
    Passed,
    /// Not tried: the capabilities say that the target lacks it.
    Lacking,
    /// Otherwise, and how.
    Failed(String),
}

impl Suite {
    /// Whether nothing failed.
    pub fn is_passed(&self) -> bool {
        !self.cases.iter().any(|case| matches!(case.verdict, Verdict::Failed(_)))
    }

    pub(super) fn note(&mut self, sentence: u8, name: &'static str, result: Result<(), String>) {
        let verdict = result.map_or_else(Verdict::Failed, |()| Verdict::Passed);
        self.cases.push(Case { sentence, name, verdict });
    }

    pub(super) fn lacking(&mut self, sentence: u8, name: &'static str) {
        self.cases.push(Case { sentence, name, verdict: Verdict::Lacking });
    }
}

/// A line per case.
impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Case { sentence, name, verdict } in &self.cases {
            match verdict {
                Verdict::Passed => writeln!(f, "{sentence:>2}  {name}: passed")?,
                Verdict::Lacking => writeln!(f, "{sentence:>2}  {name}: lacking")?,
                Verdict::Failed(how) => writeln!(f, "{sentence:>2}  {name}: FAILED, {how}")?,
            }
        }
        Ok(())
    }
}
