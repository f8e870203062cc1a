//! What stands behind an error.

use std::error::Error;
use std::io;

/// The error, its source, the source's source, and so on. An `io::Error` that wraps another error names that one's
/// source as its own; here the wrapped one comes in between.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|wrapped| wrapped as &(dyn Error + 'static)),
        None => error.source(),
    })
}
