//! Rows that hold personal data are sealed as they are written, and opened as they are read.

use crate::error::{Error, ErrorKind, Result};
use crate::seal::{Opened, SealingKeys};

/// A file's note that its rows are sealed.
const SEALED: &str = "sealed";

/// With what a file's rows are sealed and opened.
#[derive(Default)]
pub(super) struct Sealing {
    keys: Option<SealingKeys>,
    /// Why no row may be written: it would be in clear among sealed ones, or under a key that is not what it seems (F70).
    refusal: Option<Error>,
}

/// What is in a row.
pub(super) enum Plain<'a> {
    Clear(&'a [u8]),
    Opened(Opened),
}

impl Plain<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Clear(bytes) => bytes,
            Self::Opened(opened) => opened.expose(),
        }
    }
}

impl Sealing {
    pub(super) fn new(keys: Option<SealingKeys>) -> Self {
        Self { keys, refusal: None }
    }

    /// The newest key seals from now on, unless another one did so under its id; then, and where a sealed file has no
    /// key any more, nothing is written. `noted` is what the file has noted by a name, 0 for nothing; the answer is what
    /// it is to note.
    pub(super) fn begin(
        &mut self,
        noted: impl Fn(&str) -> Result<u64>,
    ) -> Result<Option<[(String, u64); 2]>> {
        let Some((id, fingerprint)) = self.keys.as_ref().map(SealingKeys::newest) else {
            if noted(SEALED)? != 0 {
                self.refusal = Some(keyless());
            }
            return Ok(None);
        };
        let name = format!("key:{id}");
        let before = noted(&name)?;
        if before != 0 && before != fingerprint {
            self.refusal = Some(SealingKeys::wrong(id));
            return Ok(None);
        }
        Ok(Some([(SEALED.to_owned(), 1), (name, fingerprint)]))
    }

    /// What may be written for this.
    pub(super) fn seal(&self, plain: Vec<u8>, place: &[u8]) -> Result<Vec<u8>> {
        self.permitted()?;
        match &self.keys {
            Some(keys) => keys.seal(&plain, place),
            None => Ok(plain),
        }
    }

    pub(super) fn open<'a>(&self, text: &'a [u8], place: &[u8]) -> Result<Plain<'a>> {
        match &self.keys {
            _ if is_clear(text) => Ok(Plain::Clear(text)),
            Some(keys) => keys.open(text, place).map(Plain::Opened),
            None => Err(SealingKeys::missing(text)),
        }
    }

    /// Whether this is as it would be written now.
    pub(super) fn is_newest(&self, text: &[u8]) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.is_newest(text))
    }

    /// Rows can be sealed anew.
    pub(super) fn reseals(&self) -> Result<()> {
        if self.keys.is_none() {
            let message = "the store was opened without keys to seal with; open it with them";
            return Err(Error::new(ErrorKind::Configuration, message));
        }
        self.permitted()
    }

    fn permitted(&self) -> Result<()> {
        self.refusal.clone().map_or(Ok(()), Err)
    }
}

/// Rows are JSON; a sealed text never begins like it.
fn is_clear(text: &[u8]) -> bool {
    text.first() == Some(&b'{')
}

/// The file's rows are sealed, and no key was given.
fn keyless() -> Error {
    let message = "the store is sealed, and was opened without its keys: nothing is written to it in clear; open it with them";
    Error::new(ErrorKind::Configuration, message)
}
