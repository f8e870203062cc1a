//! SCIM as values: requests out of resources, answers into what they mean. No client, no clock, no `async`.

mod answer;
mod patch;
mod request;

pub(super) use answer::{
    checked, created, deleted, fetched, found, is_no_target, listed, mask, members_changed, updated,
};
pub(super) use patch::{apply_members, member_operations, members_left, resource_operations};
pub(super) use request::{create, delete, find_by_id, find_by_name, get, list, patch, put};
