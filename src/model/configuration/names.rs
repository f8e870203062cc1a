//! Names that a document can carry.

/// What is wrong with a name, and the remedy.
pub(super) fn complaint(name: &str) -> Option<&'static str> {
    (name.trim().is_empty() || name.chars().any(char::is_control))
        .then_some("a name must not be empty or hold control characters; give another")
}
