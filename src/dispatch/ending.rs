//! How a life at a store ends.

/// Whether a dispatcher came to a clean end, as [`Dispatcher::close`](super::Dispatcher::close) answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an unclean end has closed nothing"]
#[expect(clippy::exhaustive_enums, reason = "an end is clean or it is not")]
pub enum Ending {
    /// The store is closed, and the next life looks up nothing.
    Clean,
    /// Somebody still works, or nobody knows what became of a request. The store is as it was, and open: it can be
    /// closed once that is over. If it is dropped instead, the next life looks up whatever was open.
    Unclean,
}

impl Ending {
    /// Whether the store is closed.
    pub fn is_clean(self) -> bool {
        self == Self::Clean
    }
}
