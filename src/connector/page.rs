//! What a connector answers to a list.

use crate::model::Remote;

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The resources.
    pub resources: Vec<Remote>,
    /// Leads to the next page; none on the last.
    pub next: Option<String>,
}

impl Page {
    /// A page.
    pub fn new(resources: Vec<Remote>, next: Option<String>) -> Self {
        Self { resources, next }
    }
}
