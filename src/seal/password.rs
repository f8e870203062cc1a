//! Passwords that nobody knows.

use super::cipher;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Secret;

/// Without what many fonts show alike, such as `l`, `I` and `1`.
const KINDS: [&[u8]; 4] =
    [b"abcdefghijkmnpqrstuvwxyz", b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"23456789", b"!#%+-_=?"];

/// Why this build makes up no passwords, if it does not.
pub(crate) const NO_RANDOM_PASSWORDS: Option<&str> = cipher::NO_RANDOM;

/// A password of this length with a small letter, a capital one, a digit and, where asked for, a symbol.
///
/// # Errors
/// [`Configuration`](ErrorKind::Configuration) without the feature `seal`; [`Internal`](ErrorKind::Internal) when the
/// system has no random numbers.
pub(crate) fn random_password(length: u32, symbols: bool) -> Result<Secret> {
    if let Some(message) = NO_RANDOM_PASSWORDS {
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let kinds = if symbols { &KINDS[..] } else { &KINDS[..3] };
    let length = usize::try_from(length).unwrap_or(usize::MAX).clamp(kinds.len(), 1_024);
    let mut dice = Dice::default();
    let all = kinds.concat();
    // One of each kind, then any; and then nobody knows which stands where.
    let mut letters = Vec::with_capacity(length);
    for place in 0..length {
        let from = kinds.get(place).copied().unwrap_or(&all);
        let letter = dice.below(from.len())?;
        letters.extend(from.get(letter));
    }
    for place in (1..letters.len()).rev() {
        let other = dice.below(place + 1)?;
        letters.swap(place, other);
    }
    let text = String::from_utf8(letters);
    text.map(Secret::new).map_err(|_| Error::new(ErrorKind::Internal, "a password that is no text"))
}

/// Random bytes, a few at a time.
#[derive(Default)]
struct Dice(Vec<u8>);

impl Dice {
    /// A number below another of at most 1,024, each as likely as every other.
    fn below(&mut self, end: usize) -> Result<usize> {
        let end = end.max(1);
        let fair = 65_536 / end * end;
        loop {
            let (Some(high), Some(low)) = (self.0.pop(), self.0.pop()) else {
                let bytes = cipher::nonce().ok_or_else(|| {
                    Error::new(ErrorKind::Internal, "the system has no random numbers")
                })?;
                self.0.extend_from_slice(&bytes);
                continue;
            };
            let number = usize::from(high) * 256 + usize::from(low);
            if number < fair {
                return Ok(number % end);
            }
        }
    }
}
