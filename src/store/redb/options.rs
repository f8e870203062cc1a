//! How a file is opened.

use std::path::Path;

use super::RedbStore;
use crate::error::Result;
use crate::seal::SealingKeys;

/// Memory for pages of the file.
const CACHE: usize = 16 * 1024 * 1024;

/// How a [`RedbStore`] is opened. Made by [`RedbStore::options`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RedbOptions {
    pub(super) cache: usize,
    pub(super) keys: Option<SealingKeys>,
}

impl RedbOptions {
    pub(super) fn new() -> Self {
        Self { cache: CACHE, keys: None }
    }

    /// So many bytes of memory for pages of the file. Default: 16 MiB.
    pub fn cache(mut self, bytes: usize) -> Self {
        self.cache = bytes;
        self
    }

    /// What is known of users and groups is sealed with these keys. Default: it is in clear.
    ///
    /// Sealed is every row that can hold personal data: what waits for a target and what it has confirmed, and what is
    /// known of a resource. Readable stay the ids of organizations, connections and resources, the host's and the
    /// targets', who is in which group, what is due when, the health of targets and how long each row is.
    ///
    /// Rows that were written in clear, or with an [older](SealingKeys::with_older) key, are read as before, and sealed
    /// with the newest key when they are written next; [`RedbStore::reseal`] does it for all others. What a file once
    /// held in clear may stay in its unused pages: where that matters, begin with a new file.
    ///
    /// Once opened like this, a file is read by no version of the library that cannot open what is sealed.
    pub fn sealing(mut self, keys: SealingKeys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Opens the store in this file, or makes one.
    ///
    /// A file that is sealed opens without its keys too, and with wrong ones, and is left as it is: a row that cannot be
    /// opened answers [`Configuration`](crate::ErrorKind::Configuration) and names the key, and so does whatever would
    /// have to be written (F70).
    ///
    /// # Errors
    /// [`Storage`](crate::ErrorKind::Storage) when the file is open elsewhere (F19), was written by a newer version of
    /// the library, or cannot be read and written as a store.
    pub fn open(self, path: impl AsRef<Path>) -> Result<RedbStore> {
        RedbStore::open_as(path.as_ref().to_owned(), self)
    }
}
