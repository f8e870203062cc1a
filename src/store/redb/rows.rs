//! Rows as they are on disk: a checksum, a revision, JSON (F16). A lane's begins with what it is found by, so that the
//! rest need not be read to write a newer one. The JSON is sealed where the store has a key; the rest never is.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::sealing::{Plain, Sealing};
use crate::delivery::{Columns, LaneRecord};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{EventId, Resource};
use crate::store::ledger::encode;
use crate::store::rows::StoredResource;
use crate::store::tables::decode;

const CHECKSUM: usize = 4;
/// The checksum and the revision.
const HEAD: usize = CHECKSUM + 8;

#[derive(Serialize, Deserialize)]
struct ResourceRow {
    newest: EventId,
    #[serde(default, with = "crate::model::stored", skip_serializing_if = "Option::is_none")]
    attributes: Option<Arc<Resource>>,
}

/// The kinds of rows. The number is part of what a sealed row is bound to, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Kind {
    Resource = 1,
    Lane = 2,
}

/// A row by its key, and with what it is sealed.
pub(super) struct Row<'a> {
    pub(super) kind: Kind,
    pub(super) key: &'a [u8],
    pub(super) sealing: &'a Sealing,
}

impl<'a> Row<'a> {
    pub(super) fn resource(key: &'a [u8], sealing: &'a Sealing) -> Self {
        Self { kind: Kind::Resource, key, sealing }
    }

    pub(super) fn lane(key: &'a [u8], sealing: &'a Sealing) -> Self {
        Self { kind: Kind::Lane, key, sealing }
    }

    pub(super) fn read_resource(&self, value: &[u8]) -> Result<StoredResource> {
        let parts = Parts::of(self.kind, value)?;
        let row: ResourceRow = decode(self.open(&parts)?.bytes())?;
        let mut resource = StoredResource::new(parts.revision, row.newest);
        resource.attributes = row.attributes;
        Ok(resource)
    }

    pub(super) fn write_resource(&self, row: &StoredResource) -> Result<Vec<u8>> {
        let body = ResourceRow { newest: row.newest, attributes: row.attributes.clone() };
        self.finish(begin(row.revision), encode(&body)?)
    }

    pub(super) fn read_lane(&self, value: &[u8]) -> Result<(u64, LaneRecord)> {
        let parts = Parts::of(self.kind, value)?;
        Ok((parts.revision, decode(self.open(&parts)?.bytes())?))
    }

    pub(super) fn write_lane(&self, revision: u64, record: &LaneRecord) -> Result<Vec<u8>> {
        let mut value = begin(revision);
        let columns = encode(&record.columns())?;
        value.extend_from_slice(&u32::try_from(columns.len()).unwrap_or(u32::MAX).to_be_bytes());
        value.extend_from_slice(&columns);
        self.finish(value, encode(record)?)
    }

    /// Whether the row is as it would be written now. Cheap: the checksum is not looked at, and nothing is opened.
    pub(super) fn is_newest(&self, value: &[u8]) -> bool {
        Parts::unchecked(self.kind, value).is_some_and(|parts| self.sealing.is_newest(parts.text))
    }

    /// The same row, sealed anew. Its revision stays: nothing that is kept has changed.
    pub(super) fn reseal(&self, value: &[u8]) -> Result<Vec<u8>> {
        let parts = Parts::of(self.kind, value)?;
        let text = self.open(&parts)?.bytes().to_vec();
        self.finish([&[0; CHECKSUM], parts.front].concat(), text)
    }

    fn open<'v>(&self, parts: &Parts<'v>) -> Result<Plain<'v>> {
        self.sealing.open(parts.text, &self.place(parts.front))
    }

    /// Puts the text behind what stands in the clear, and the checksum in front.
    fn finish(&self, mut value: Vec<u8>, text: Vec<u8>) -> Result<Vec<u8>> {
        let place = self.place(value.get(CHECKSUM..).unwrap_or_default());
        value.extend_from_slice(&self.sealing.seal(text, &place)?);
        if let Some((checksum, rest)) = value.split_first_chunk_mut::<CHECKSUM>() {
            *checksum = crc32fast::hash(rest).to_be_bytes();
        }
        Ok(value)
    }

    /// What a sealed text is bound to: kind, key, and what stands in the clear in front of it, the revision first. So no
    /// row of another key or of another time is taken for this one.
    fn place(&self, front: &[u8]) -> Vec<u8> {
        let length = u32::try_from(self.key.len()).unwrap_or(u32::MAX).to_be_bytes();
        [&[self.kind as u8], length.as_slice(), self.key, front].concat()
    }
}

pub(super) fn columns(value: &[u8]) -> Result<(u64, Columns)> {
    let parts = Parts::of(Kind::Lane, value)?;
    Ok((parts.revision, decode(parts.columns)?))
}

/// The parts of a row.
struct Parts<'v> {
    revision: u64,
    /// A lane's; a resource has none.
    columns: &'v [u8],
    /// All between the checksum and the text.
    front: &'v [u8],
    /// JSON, in clear or sealed.
    text: &'v [u8],
}

impl<'v> Parts<'v> {
    fn of(kind: Kind, value: &'v [u8]) -> Result<Self> {
        let (checksum, rest) = value.split_first_chunk::<CHECKSUM>().ok_or_else(broken)?;
        if crc32fast::hash(rest).to_be_bytes() != *checksum {
            return Err(broken());
        }
        Self::unchecked(kind, value).ok_or_else(broken)
    }

    fn unchecked(kind: Kind, value: &'v [u8]) -> Option<Self> {
        let (head, body) = value.split_at_checked(HEAD)?;
        let revision = u64::from_be_bytes(*head.last_chunk::<8>()?);
        let (columns, text) = match kind {
            Kind::Resource => (&[][..], body),
            Kind::Lane => {
                let (length, rest) = body.split_first_chunk::<4>()?;
                rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?
            }
        };
        let front = value.get(CHECKSUM..value.len() - text.len())?;
        Some(Self { revision, columns, front, text })
    }
}

fn begin(revision: u64) -> Vec<u8> {
    let mut value = Vec::with_capacity(1024);
    value.extend_from_slice(&[0; CHECKSUM]);
    value.extend_from_slice(&revision.to_be_bytes());
    value
}

fn broken() -> Error {
    let message =
        "a row in the store is damaged: its checksum is wrong; restore the file from a backup";
    Error::new(ErrorKind::Damaged, message)
}
