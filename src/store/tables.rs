//! Plain tables, and what is read of them in more than one place.

use super::keys::{Index, Key, Reader, behind};
use super::rows::{StoredLane, StoredResource};
use crate::delivery::{Columns, Joined, LaneRecord};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{LaneKey, Member, ResourceKey};

/// Rows that are read.
pub(super) trait Tables {
    /// A resource's own row, without its lanes.
    fn resource(&self, key: &ResourceKey) -> Result<Option<StoredResource>>;
    fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>>;
    /// A lane's revision, and what it is found by.
    fn columns(&self, key: &LaneKey) -> Result<Option<(u64, Columns)>>;
    fn lanes_of(&self, key: &ResourceKey) -> Result<Vec<StoredLane>>;
    fn small(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// Small rows from a key on and before another, at most so many.
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>>;
    fn count(&self, from: &[u8], to: &[u8]) -> Result<usize>;
    /// Resources from a key on, for tidying.
    fn resources(&self, after: Option<&ResourceKey>, limit: usize) -> Result<Vec<ResourceKey>>;
}

/// Rows that are written too.
pub(super) trait TablesMut: Tables {
    fn put_resource(&mut self, key: &ResourceKey, row: Option<&StoredResource>) -> Result<()>;
    fn put_lane(&mut self, key: &LaneKey, row: Option<(u64, &LaneRecord)>) -> Result<()>;
    fn put_small(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()>;
    /// A number that was never given before.
    fn next_number(&mut self) -> u64;
}

pub(super) fn all(
    tables: &impl Tables,
    prefix: &[u8],
    limit: usize,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    tables.range(prefix, &behind(prefix), limit)
}

pub(super) fn joined(
    tables: &impl Tables,
    group: &LaneKey,
    member: &Member,
) -> Result<Option<Joined>> {
    let row = tables.small(&Key::of(Index::Joined).lane(group).member(member).bytes())?;
    row.map(|row| decode(&row)).transpose()
}

pub(super) fn groups_of(tables: &impl Tables, member: &ResourceKey) -> Result<Vec<ResourceKey>> {
    let prefix = Key::of(Index::Groups).resource(member).bytes();
    let group = |(key, _): (Vec<u8>, Vec<u8>)| {
        let mut reader = Reader::of_small(&key)?;
        reader.resource()?;
        reader.resource()
    };
    all(tables, &prefix, usize::MAX)?.into_iter().map(group).collect()
}

pub(super) fn open_one(
    tables: &mut impl TablesMut,
    group: &LaneKey,
    member: &Member,
) -> Result<()> {
    let mark = tables.next_number().to_be_bytes();
    tables.put_small(&Key::of(Index::Open).lane(group).member(member).bytes(), Some(&mark))?;
    tables.put_small(&Key::of(Index::Waiting).lane(group).member(member).bytes(), None)
}

/// A row that is damaged costs its own lane everything, and others nothing (F16).
pub(super) fn readable<T>(row: Result<T>) -> Result<Option<T>> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(error) if error.kind() == ErrorKind::Damaged => Ok(None),
        Err(error) => Err(error),
    }
}

/// The cause would quote the row.
pub(super) fn decode<T: serde::de::DeserializeOwned>(row: &[u8]) -> Result<T> {
    serde_json::from_slice(row).map_err(|_| {
        let message = "a row in the store cannot be read; restore it from a backup, or open it with the version that wrote it";
        Error::new(ErrorKind::Damaged, message)
    })
}
