//! Everything that is wrong with a configuration, at once, each with its place and the remedy.

use std::fmt;

use super::letters::is_disruptive;
use crate::error::{Error, ErrorKind};

/// One thing that is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The place, for example `organizations.acme.connections.hr.connectors.scim2.base_url`.
    pub path: String,
    /// What is wrong and the remedy. Never a value.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// All problems of one document, in the order they are found; a line each when printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// No problem yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes one. On one line, whatever a name in it holds.
    pub fn note(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0
            .push(Problem { path: on_one_line(path.into()), message: on_one_line(message.into()) });
    }

    /// Notes a key that is not known, with the nearest that is.
    pub(crate) fn note_unknown_key<'a>(
        &mut self,
        path: String,
        key: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) {
        let remedy = match nearest(key, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", listed(known)),
        };
        self.note(path, format!("unknown key; {remedy}"));
    }

    /// Notes a name that leads nowhere, with the nearest that would lead somewhere.
    pub(crate) fn note_unknown_name<'a>(
        &mut self,
        path: String,
        thing: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) {
        let remedy = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", listed(known)),
        };
        self.note(path, format!("no such {thing}; {remedy}"));
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value` when nothing was noted, else the problems.
    ///
    /// # Errors
    /// `self`, when it holds a problem.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        self.0.extend(problems);
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Problems> for Error {
    fn from(problems: Problems) -> Self {
        Self::new(ErrorKind::Configuration, problems.to_string())
    }
}

/// A name with a line break could forge a line of its own.
fn on_one_line(text: String) -> String {
    let escape = |letter: char| letter.escape_debug().collect::<String>();
    if text.chars().any(is_disruptive) {
        text.chars()
            .map(|letter| if is_disruptive(letter) { escape(letter) } else { letter.into() })
            .collect()
    } else {
        text
    }
}

fn listed<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

/// The known word that a misspelt one most likely means.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, by rows.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (line, left) in a.chars().enumerate() {
        let mut diagonal = line;
        let mut last = line + 1;
        if let Some(first) = row.first_mut() {
            *first = last;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(b.chars()) {
            let replace = diagonal + usize::from(left != right);
            diagonal = *cell;
            last = replace.min(*cell + 1).min(last + 1);
            *cell = last;
        }
    }
    row.last().copied().unwrap_or(0)
}
