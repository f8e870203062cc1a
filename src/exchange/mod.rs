//! Everything between a connector and the wire: who we say we are, through which client, and how fast.
//!
//! Not for: what is said. A connector hands over a request without credentials and gets back an answer in which our own
//! secrets are masked, in which `Retry-After` counts seconds, and which is none when the target said "too fast".
//!
//! | file | what | |
//! |---|---|---|
//! | `specs`, `read`, `settings` | the settings that every connector over HTTP has | pure |
//! | `pace`, `budget` | what a target says about our speed, and what we allow ourselves | pure |
//! | `header`, `oauth`, `assertion`, `mask` | credentials into requests, tokens out of answers, secrets out of bodies | pure |
//! | `signer`, `encoding` | signatures, base64 | pure |
//! | `credential`, `keyring` | secrets by reference, and which of two valid ones works | asks |
//! | `tokens`, `sign_in`, `exchange` | the parts put together | sends |

mod assertion;
mod budget;
mod clock;
mod credential;
mod encoding;
#[expect(clippy::module_inception, reason = "the thing that the room is for")]
mod exchange;
mod header;
mod keyring;
mod mask;
mod oauth;
mod pace;
mod read;
mod settings;
mod sign_in;
#[cfg_attr(not(feature = "oauth"), path = "no_signer.rs")]
mod signer;
mod specs;
mod tokens;

pub(crate) use budget::Limits;
#[cfg(feature = "scim2")]
pub(crate) use budget::{Rate, Share};
pub(crate) use exchange::Exchange;
pub(crate) use pace::retry_after;
pub(crate) use settings::ExchangeSettings;
pub(crate) use specs::specs;
