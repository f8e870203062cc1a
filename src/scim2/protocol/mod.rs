//! SCIM as values: requests out of resources, answers into what they mean. No client, no clock, no `async`.

mod answer;
mod fit;
mod parse;
mod patch;
mod refusal;
mod request;

pub(super) use answer::{
    Created, Listing, created, deleted, fetched, hits, listing, name_of, shown, shows, updated,
    version_of,
};
pub(super) use fit::{Fitted, fit_update};
pub(super) use parse::parse;
pub(super) use patch::{
    apply_members, member_operations, members_left, needs_whole_lists, replace_members,
    resource_operations, with_whole_lists, without_absent,
};
pub(super) use refusal::{Answered, Refused, Told};
pub(super) use request::Writer;
