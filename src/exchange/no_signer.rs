//! In place of signatures, in a build without the feature `oauth`.

use super::assertion::Signer;
use super::settings::Algorithm;
use crate::model::Secret;

const MESSAGE: &str =
    "this build signs nothing; build it with the feature `oauth`, or use a client secret";

/// Why this build cannot sign.
pub(super) const MISSING: Option<&str> = Some(MESSAGE);

/// Says that there are no signatures.
pub(super) fn signer(_: &Secret, _: Algorithm) -> Result<Box<dyn Signer>, &'static str> {
    Err(MESSAGE)
}
