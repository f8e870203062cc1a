//! What is at rest is sealed: payloads and passwords, with a key of the host's (P28, F70, F127).
//!
//! Not for: where keys are kept, which is the host's affair, and what is sealed, which stores and the delivery core
//! decide. Nor for what is under way: connections have TLS.
//!
//! | file | what | |
//! |---|---|---|
//! | `key`, `keys` | a key, the keys of a host | |
//! | `text` | a sealed text, byte by byte | pure |
//! | `cipher` | AES-256-GCM, random numbers | |
//!
//! ```
//! # #[cfg(feature = "seal")] {
//! use outbound_provisioning::seal::SealingKeys;
//!
//! # let key: [u8; 32] = std::array::from_fn(|place| place as u8);
//! let keys = SealingKeys::new("2026", key)?;
//! let sealed = keys.seal(b"ada@example.com", b"users/u-42")?;
//! assert_eq!(keys.open(&sealed, b"users/u-42")?.expose(), b"ada@example.com");
//! assert!(keys.open(&sealed, b"users/u-43").is_err(), "a row in another's place");
//! # }
//! # Ok::<(), outbound_provisioning::Error>(())
//! ```

#[cfg_attr(not(feature = "seal"), path = "no_cipher.rs")]
mod cipher;
mod key;
mod keys;
mod password;
mod text;

pub use key::{Opened, SealingKey};
pub use keys::SealingKeys;
pub(crate) use password::{NO_RANDOM_PASSWORDS, random_password};
