//! Rows as they are on disk: a checksum, a revision, JSON (F16). A lane's begins with what it is found by, so that the
//! rest need not be read to write a newer one.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::delivery::{Columns, LaneRecord};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{EventId, Resource};
use crate::store::ledger::encode;
use crate::store::rows::StoredResource;
use crate::store::tables::decode;

/// The checksum and the revision.
const HEAD: usize = 12;

#[derive(Serialize, Deserialize)]
struct ResourceRow {
    newest: EventId,
    #[serde(default, with = "crate::model::stored", skip_serializing_if = "Option::is_none")]
    attributes: Option<Arc<Resource>>,
}

pub(super) fn lane(value: &[u8]) -> Result<(u64, LaneRecord)> {
    let (revision, _, record) = open_lane(value)?;
    Ok((revision, decode(record)?))
}

pub(super) fn columns(value: &[u8]) -> Result<(u64, Columns)> {
    let (revision, columns, _) = open_lane(value)?;
    Ok((revision, decode(columns)?))
}

/// The revision, the columns and the record.
fn open_lane(value: &[u8]) -> Result<(u64, &[u8], &[u8])> {
    let (revision, body) = open(value)?;
    let (length, rest) = body.split_first_chunk::<4>().ok_or_else(broken)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| broken())?;
    let (columns, record) = rest.split_at_checked(length).ok_or_else(broken)?;
    Ok((revision, columns, record))
}

pub(super) fn lane_row(revision: u64, record: &LaneRecord) -> Result<Vec<u8>> {
    let mut value = begin(revision);
    let columns = encode(&record.columns())?;
    value.extend_from_slice(&u32::try_from(columns.len()).unwrap_or(u32::MAX).to_be_bytes());
    value.extend_from_slice(&columns);
    seal(value, record)
}

pub(super) fn resource(value: &[u8]) -> Result<StoredResource> {
    let (revision, body) = open(value)?;
    let row: ResourceRow = decode(body)?;
    let mut resource = StoredResource::new(revision, row.newest);
    resource.attributes = row.attributes;
    Ok(resource)
}

pub(super) fn resource_row(row: &StoredResource) -> Result<Vec<u8>> {
    let body = ResourceRow { newest: row.newest, attributes: row.attributes.clone() };
    seal(begin(row.revision), &body)
}

fn begin(revision: u64) -> Vec<u8> {
    let mut value = Vec::with_capacity(1024);
    value.extend_from_slice(&[0; 4]);
    value.extend_from_slice(&revision.to_be_bytes());
    value
}

fn seal<T: Serialize>(mut value: Vec<u8>, row: &T) -> Result<Vec<u8>> {
    serde_json::to_writer(&mut value, row).map_err(|_| {
        Error::new(ErrorKind::Storage, "a row cannot be written; this is a defect of the library")
    })?;
    if let Some((checksum, sealed)) = value.split_first_chunk_mut::<4>() {
        *checksum = crc32fast::hash(sealed).to_be_bytes();
    }
    Ok(value)
}

fn open(value: &[u8]) -> Result<(u64, &[u8])> {
    let (head, body) = value.split_at_checked(HEAD).ok_or_else(broken)?;
    let (checksum, sealed) = value.split_first_chunk::<4>().ok_or_else(broken)?;
    if crc32fast::hash(sealed).to_be_bytes() != *checksum {
        return Err(broken());
    }
    let revision = head.last_chunk::<8>().ok_or_else(broken)?;
    Ok((u64::from_be_bytes(*revision), body))
}

fn broken() -> Error {
    let message =
        "a row in the store is damaged: its checksum is wrong; restore the file from a backup";
    Error::new(ErrorKind::Damaged, message)
}
