//! Why a text is no filter, where, and what would be one.

use crate::error::{Error, ErrorKind};

/// A text that is no filter or no value path.
///
/// `Display` prints the place and what was expected there. Neither it nor `Debug` holds anything of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column} (byte {offset}): expected {expected}")]
pub struct FilterError {
    kind: FilterErrorKind,
    offset: usize,
    column: usize,
    expected: &'static str,
}

/// What is wrong with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FilterErrorKind {
    /// It is longer than [`MAX_FILTER_BYTES`](super::MAX_FILTER_BYTES), or would be as it is printed.
    TooLong,
    /// It nests deeper than [`MAX_FILTER_DEPTH`](super::MAX_FILTER_DEPTH).
    TooDeep,
    /// It ends too early.
    End,
    /// Not an attribute's path.
    Path,
    /// Not an operator.
    Operator,
    /// Not a value: a JSON text, a number, `true`, `false` or `null`.
    Value,
    /// Something else stands where it must not: a bracket, a missing blank, a word too many.
    Syntax,
}

impl FilterError {
    /// An error at a byte of the text.
    pub(super) fn new(
        kind: FilterErrorKind,
        text: &str,
        offset: usize,
        expected: &'static str,
    ) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        Self { kind, offset, column: before.chars().count() + 1, expected }
    }

    /// The meaning, to be matched on.
    pub fn kind(&self) -> FilterErrorKind {
        self.kind
    }

    /// Where, in bytes from the start of the text; the text's length when more was expected behind it.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Where, in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was expected there, in words, for example ``an operator: `eq`, …``.
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::new(ErrorKind::Configuration, format!("not a filter: {error}"))
    }
}
