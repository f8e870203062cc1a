//! What a target can do: one value, field by field from the best source.
//!
//! A field is taken from the first of these that says anything about it:
//!
//! 1. what the administrator set (`profile_overrides`, a JSON object of fields),
//! 2. what the target's answers taught: a refusal that meant "not like this", and what helped; kept with its date and
//!    what it was learnt from, and forgotten after 30 days,
//! 3. what the target says of itself (`/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`; each may be missing),
//!    asked for once a day,
//! 4. the vendor's profile, where the setting `profile` names one of [`vendors`],
//! 5. what RFC 7644 asks of every server ([`Profile::default`]).
//!
//! What needs no field, because every answer is read so: names in any case (`resources`), booleans as text, null and
//! missing lists, single values in place of lists, ids that are numbers, `totalResults` missing or as text, success with
//! 200, 201 or 204, bodies that are empty.
#![doc = include_str!("guide.md")]

mod discovery;
mod fields;
mod layers;
mod suspects;
mod trial;
mod values;
mod vendor;

pub(super) use discovery::{LARGEST_DESCRIPTION, of_schemas, of_service, of_types};
pub use fields::{Limits, Profile};
pub use layers::Source;
pub(super) use layers::{Layer, Layers};
pub(super) use suspects::{Asked, Scene, suspects};
pub(super) use trial::{Lesson, Trial};
pub use values::{
    BooleanForm, Clearing, ContentType, Deactivation, Deletion, GroupDeletion, MembersPatch,
    MembersReadable, OpCase, Paging, PatchStyle, Reactivation, RemoveForm, UpdateMethod, Version,
};
pub(super) use vendor::vendor;
pub use vendor::{VendorProfile, vendors};
