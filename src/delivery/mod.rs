//! The core: what one target is to look like, what is sent next, and what an answer means. Values in, values out.
//!
//! Not for: sending. There is no `async`, no clock, no sleep and no randomness in here, so that a simulator and
//! production drive the same code. The [`dispatch`](crate::dispatch) room asks for the next step, sends it, and
//! hands the answer back, until the plan says that all is done.
//!
//! The lane alone says what comes next, and a step is noted in it *before* it is sent. So an attempt that dies
//! half-way, by a crash or a dropped future, needs no recovery code: the next plan begins with a look-up (C4 to C7).

mod asked;
mod contest;
mod due;
mod failure;
mod guard;
mod health;
mod lane;
mod learn;
mod members;
mod missing;
mod moment;
mod outcome;
mod pending;
mod plan;
mod recognise;
mod record;
mod standing;
mod verdict;

pub(crate) use contest::{Holder, contest};
pub use due::{Columns, Due, Era, Life, Priority};
pub(crate) use failure::Failure;
pub use failure::{Next, ParkReason};
pub(crate) use guard::Takes;
pub(crate) use health::{Gate, LOSSES};
pub use health::{Health, QuarantineReason};
pub(crate) use lane::Lane;
pub(crate) use learn::{Answer, asked_enough, learn};
pub use members::{Close, Joined, MemberWrites, OpenMember};
pub(crate) use members::{Members, References};
pub(crate) use moment::Moment;
pub use outcome::{HoldReason, Outcome};
pub(crate) use pending::{LaneChange, Presence};
pub(crate) use plan::{Step, intend, plan, settle};
pub(crate) use record::Came;
pub use record::LaneRecord;
pub(crate) use standing::Terms;
pub(crate) use verdict::{Scene, Verdict};
