//! How a filter is kept: its tree in one list, a node before its children.
//!
//! A tree of boxes would be dropped, cloned and compared by recursion, and what the builders can make would overflow
//! the stack. A list has no depth.

use serde_json::Value;

use super::operator::Operator;
use crate::model::path::AttributePath;

/// A node, with its place relative to others, so that lists can be put together without renumbering.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// How far before it its parent stands. Means nothing for the root.
    pub(super) up: usize,
    /// How many nodes it and all below it are.
    pub(super) span: usize,
    pub(super) term: Term,
}

/// What a node says.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// All of its children, two or more, none of them this as well.
    All,
    /// Any of its children, two or more, none of them this as well.
    Any,
    /// Not its only child.
    Not,
    /// An attribute meets a test.
    Test(AttributePath, Test),
    /// One value of the attribute meets its only child.
    Entry(AttributePath),
    /// Of the values that meet its only child, one has a sub-attribute, the path's, that meets a test.
    Selected(AttributePath, Test),
}

/// What is asked of a value.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Test {
    Present,
    Compare(Operator, Value),
}

impl Node {
    pub(super) fn leaf(term: Term) -> Self {
        Self { up: 0, span: 1, term }
    }
}

impl Term {
    pub(super) fn path(&self) -> Option<&AttributePath> {
        match self {
            Self::Test(path, _) | Self::Entry(path) | Self::Selected(path, _) => Some(path),
            Self::All | Self::Any | Self::Not => None,
        }
    }
}

/// The tree below a new root.
pub(super) fn under(term: Term, mut tree: Vec<Node>) -> Vec<Node> {
    if let Some(root) = tree.first_mut() {
        root.up = 1;
    }
    let root = Node { up: 0, span: tree.len() + 1, term };
    tree.insert(0, root);
    tree
}

/// Both trees below a root of this kind, [`Term::All`] or [`Term::Any`]; a root that is one already is used for both,
/// so that however a filter was put together, it is the same.
pub(super) fn joined(left: Vec<Node>, right: Vec<Node>, term: Term) -> Vec<Node> {
    let is_joined = |tree: &[Node]| tree.first().is_some_and(|root| root.term == term);
    let right_is_joined = is_joined(&right);
    let mut tree = if is_joined(&left) { left } else { under(term.clone(), left) };
    let start = tree.len();
    // The right root itself is left out when its children become those of the left one.
    for (place, mut node) in right.into_iter().enumerate().skip(usize::from(right_is_joined)) {
        if place == 0 || (right_is_joined && node.up == place) {
            node.up = start + place - usize::from(right_is_joined);
        }
        tree.push(node);
    }
    let span = tree.len();
    if let Some(root) = tree.first_mut() {
        root.span = span;
    }
    tree
}
