//! Keeps events, lanes and links. In memory for now, and therefore private: what is kept here is lost with the
//! process.
//!
//! Not for: deciding. It routes an accepted event to lanes by the table in [`route`], and guards each lane's turn.

mod memory;
mod route;
mod slot;

pub(crate) use memory::{Accepted, MemoryStore, Stop};
pub(crate) use route::{Candidate, LeftOut};
pub(crate) use slot::{Claim, LaneSlot, Ticket, Turn};
