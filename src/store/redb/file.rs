//! The file: the only module that names redb.

use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::{
    Builder, Database, DatabaseError, Durability as Sync, ReadableDatabase, ReadableTable, Table,
    TableDefinition, WriteTransaction,
};

use super::options::RedbOptions;
use super::rows::{self, Kind, Row};
use super::sealing::Sealing;
use crate::delivery::{Columns, Era, LaneRecord, Life};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{LaneKey, ResourceKey};
use crate::store::batch::Durability;
use crate::store::keys::{Key, Reader, behind};
use crate::store::rows::{StoredLane, StoredResource};
use crate::store::tables::{Tables, TablesMut};

type Bytes = &'static [u8];
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const RESOURCES: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("resources");
const LANES: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("lanes");
const SMALL: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("small");

/// The format of files in which every row is in clear.
const CLEAR: u64 = 1;
/// The format of files that may have sealed rows, and the newest that this version reads.
const SEALED: u64 = 2;
/// Numbers of an era begin here times its own.
const NUMBERS_OF_AN_ERA: u32 = 40;

/// An open file.
pub(super) struct File {
    database: Database,
    life: Life,
    numbers: AtomicU64,
    sealing: Sealing,
}

impl File {
    /// Opens or makes the file, and begins a life.
    pub(super) fn open(path: &Path, options: &RedbOptions) -> Result<Self> {
        make_private(path)?;
        let opened = Builder::new().set_cache_size(options.cache).create(path);
        Self::begin_life(opened.map_err(|error| unopened(&error))?, options, None)
    }

    /// Opens the file that failed in this life again, and no other in its place.
    pub(super) fn reopen(path: &Path, options: &RedbOptions, life: Life) -> Result<Self> {
        let opened = Builder::new().set_cache_size(options.cache).open(path);
        Self::begin_life(opened.map_err(|error| unopened(&error))?, options, Some(life))
    }

    fn begin_life(database: Database, options: &RedbOptions, before: Option<Life>) -> Result<Self> {
        let mut sealing = Sealing::new(options.keys.clone());
        let transaction = database.begin_write().map_err(failed)?;
        let life = {
            let mut meta = transaction.open_table(META).map_err(failed)?;
            let read = |key: &str| -> Result<u64> {
                Ok(meta.get(key).map_err(failed)?.map_or(0, |value| value.value()))
            };
            let format = read("format")?;
            if format > SEALED {
                let message = format!(
                    "the file was written by a newer version of the library (format {format}, this one reads up to {SEALED}); update the library"
                );
                return Err(Error::new(ErrorKind::Storage, message).with_effect(Effect::NotSent));
            }
            let era = read("era")? + 1;
            if before.is_some_and(|before| Era::new(era) <= before.era) {
                let message = "another file stands where the store's was; put the right one back";
                return Err(Error::new(ErrorKind::Storage, message));
            }
            let sealed_by = sealing.begin(read)?;
            let ended_cleanly = era == 1 || read("clean")? == 1;
            let unclean = if ended_cleanly { read("unclean_before")? } else { era };
            let wanted = if sealed_by.is_some() { SEALED } else { CLEAR };
            for (key, value) in [
                ("format", format.max(wanted)),
                ("era", era),
                ("clean", 0),
                ("unclean_before", unclean),
            ] {
                meta.insert(key, value).map_err(failed)?;
            }
            for (name, value) in sealed_by.into_iter().flatten() {
                meta.insert(name.as_str(), value).map_err(failed)?;
            }
            Life::new(Era::new(era), Era::new(unclean))
        };
        for table in [RESOURCES, LANES, SMALL] {
            transaction.open_table(table).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        let numbers = AtomicU64::new(life.era.number() << NUMBERS_OF_AN_ERA);
        Ok(Self { database, life, numbers, sealing })
    }

    pub(super) fn life(&self) -> Life {
        self.life
    }

    /// Reads the newest state.
    pub(super) fn read<T>(&self, read: impl FnOnce(&ReadTables<'_>) -> Result<T>) -> Result<T> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let tables = Rows {
            resources: transaction.open_table(RESOURCES).map_err(failed)?,
            lanes: transaction.open_table(LANES).map_err(failed)?,
            small: transaction.open_table(SMALL).map_err(failed)?,
            numbers: &self.numbers,
            sealing: &self.sealing,
        };
        read(&tables)
    }

    /// Writes in one transaction, unless `write` fails.
    pub(super) fn write<T>(
        &self,
        durability: Durability,
        write: impl FnOnce(&mut WriteTables<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let transaction = self.begin(durability)?;
        let written = {
            let mut tables = Rows {
                resources: transaction.open_table(RESOURCES).map_err(failed)?,
                lanes: transaction.open_table(LANES).map_err(failed)?,
                small: transaction.open_table(SMALL).map_err(failed)?,
                numbers: &self.numbers,
                sealing: &self.sealing,
            };
            write(&mut tables)
        };
        match written {
            Ok(written) => {
                transaction.commit().map_err(failed)?;
                Ok(written)
            }
            Err(error) => {
                transaction.abort().map_err(failed)?;
                Err(error)
            }
        }
    }

    fn begin(&self, durability: Durability) -> Result<WriteTransaction> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        let sync = match durability {
            Durability::Immediate => Sync::Immediate,
            Durability::Deferred => Sync::None,
        };
        transaction.set_durability(sync).map_err(failed)?;
        Ok(transaction)
    }

    /// Makes everything durable, and notes that nothing was lost.
    pub(super) fn end_cleanly(&self) -> Result<()> {
        let transaction = self.begin(Durability::Immediate)?;
        {
            let mut meta = transaction.open_table(META).map_err(failed)?;
            meta.insert("clean", 1).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}

/// The tables of one transaction.
pub(super) struct Rows<'a, T> {
    resources: T,
    lanes: T,
    small: T,
    numbers: &'a AtomicU64,
    sealing: &'a Sealing,
}

pub(super) type ReadTables<'a> = Rows<'a, redb::ReadOnlyTable<Bytes, Bytes>>;
pub(super) type WriteTables<'a, 'txn> = Rows<'a, Table<'txn, Bytes, Bytes>>;

impl<T: ReadableTable<Bytes, Bytes>> Tables for Rows<'_, T> {
    fn resource(&self, key: &ResourceKey) -> Result<Option<StoredResource>> {
        let key = Key::bare().resource(key).bytes();
        let row = self.resources.get(key.as_slice()).map_err(failed)?;
        row.map(|row| Row::resource(&key, self.sealing).read_resource(row.value())).transpose()
    }

    fn lane(&self, key: &LaneKey) -> Result<Option<StoredLane>> {
        let bytes = Key::bare().lane(key).bytes();
        let Some(row) = self.lanes.get(bytes.as_slice()).map_err(failed)? else { return Ok(None) };
        let (revision, record) = Row::lane(&bytes, self.sealing).read_lane(row.value())?;
        Ok(Some(StoredLane::new(key.clone(), revision, record)))
    }

    fn columns(&self, key: &LaneKey) -> Result<Option<(u64, Columns)>> {
        let key = Key::bare().lane(key).bytes();
        let row = self.lanes.get(key.as_slice()).map_err(failed)?;
        row.map(|row| rows::columns(row.value())).transpose()
    }

    fn lanes_of(&self, key: &ResourceKey) -> Result<Vec<StoredLane>> {
        let from = Key::bare().resource(key).bytes();
        let to = behind(&from);
        let mut lanes = Vec::new();
        for row in self.lanes.range(from.as_slice()..to.as_slice()).map_err(failed)? {
            let (key, value) = row.map_err(failed)?;
            let (revision, record) =
                Row::lane(key.value(), self.sealing).read_lane(value.value())?;
            lanes.push(StoredLane::new(Reader(key.value()).lane()?, revision, record));
        }
        Ok(lanes)
    }

    fn small(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.small.get(key).map_err(failed)?.map(|value| value.value().to_vec()))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        if from >= to {
            return Ok(Vec::new());
        }
        let rows = self.small.range(from..to).map_err(failed)?.take(limit);
        rows.map(|row| {
            let (key, value) = row.map_err(failed)?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        })
        .collect()
    }

    fn count(&self, from: &[u8], to: &[u8]) -> Result<usize> {
        let mut count = 0;
        for row in self.small.range(from..to).map_err(failed)? {
            row.map_err(failed)?;
            count += 1;
        }
        Ok(count)
    }

    fn resources(&self, after: Option<&ResourceKey>, limit: usize) -> Result<Vec<ResourceKey>> {
        let from = after.map(|after| {
            let mut from = Key::bare().resource(after).bytes();
            from.push(0);
            from
        });
        let from = from.unwrap_or_default();
        let rows = self.resources.range(from.as_slice()..).map_err(failed)?.take(limit);
        rows.map(|row| Reader(row.map_err(failed)?.0.value()).resource()).collect()
    }
}

impl TablesMut for WriteTables<'_, '_> {
    fn put_resource(&mut self, key: &ResourceKey, row: Option<&StoredResource>) -> Result<()> {
        let key = Key::bare().resource(key).bytes();
        let row =
            row.map(|row| Row::resource(&key, self.sealing).write_resource(row)).transpose()?;
        put(&mut self.resources, &key, row.as_deref())
    }

    fn put_lane(&mut self, key: &LaneKey, row: Option<(u64, &LaneRecord)>) -> Result<()> {
        let key = Key::bare().lane(key).bytes();
        let write = |(revision, record)| Row::lane(&key, self.sealing).write_lane(revision, record);
        put(&mut self.lanes, &key, row.map(write).transpose()?.as_deref())
    }

    fn put_small(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        put(&mut self.small, key, value)
    }

    fn next_number(&mut self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Where a row that may be sealed stands: resources first, as they are gone through.
#[derive(Clone, Debug)]
pub(super) struct Place {
    kind: Kind,
    key: Vec<u8>,
}

impl<T: ReadableTable<Bytes, Bytes>> Rows<'_, T> {
    /// Whether rows can be sealed anew.
    pub(super) fn reseals(&self) -> Result<()> {
        self.sealing.reseals()
    }

    /// At most so many rows behind a place that are not sealed by the newest key.
    pub(super) fn stale(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Place>> {
        let mut stale = Vec::new();
        for (kind, table) in [(Kind::Resource, &self.resources), (Kind::Lane, &self.lanes)] {
            let from = match after {
                Some(after) if after.kind > kind => continue,
                Some(after) if after.kind == kind => Bound::Excluded(after.key.as_slice()),
                _ => Bound::Unbounded,
            };
            for row in table.range::<&[u8]>((from, Bound::Unbounded)).map_err(failed)? {
                if stale.len() == limit {
                    return Ok(stale);
                }
                let (key, value) = row.map_err(failed)?;
                let row = Row { kind, key: key.value(), sealing: self.sealing };
                if !row.is_newest(value.value()) {
                    stale.push(Place { kind, key: row.key.to_vec() });
                }
            }
        }
        Ok(stale)
    }
}

impl WriteTables<'_, '_> {
    /// Seals a row anew, if it is there and needs it.
    pub(super) fn reseal(&mut self, Place { kind, key }: &Place) -> Result<bool> {
        let table = match kind {
            Kind::Resource => &mut self.resources,
            Kind::Lane => &mut self.lanes,
        };
        let row = Row { kind: *kind, key, sealing: self.sealing };
        let resealed = match table.get(key.as_slice()).map_err(failed)? {
            Some(value) if !row.is_newest(value.value()) => row.reseal(value.value())?,
            _ => return Ok(false),
        };
        put(table, key, Some(&resealed))?;
        Ok(true)
    }
}

/// Names and addresses are in the file: it is nobody else's to read.
fn make_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => {
            let message = "the store's file cannot be made; check its folder and its permissions";
            Err(Error::new(ErrorKind::Storage, message)
                .with_effect(Effect::NotSent)
                .with_source(error))
        }
    }
}

fn put(table: &mut Table<'_, Bytes, Bytes>, key: &[u8], value: Option<&[u8]>) -> Result<()> {
    match value {
        Some(value) => table.insert(key, value).map_err(failed)?,
        None => table.remove(key).map_err(failed)?,
    };
    Ok(())
}

fn unopened(error: &DatabaseError) -> Error {
    let message = match error {
        DatabaseError::DatabaseAlreadyOpen => {
            "the file is open already; one process works on a store at a time: stop the other one, or give this one a file of its own"
        }
        DatabaseError::UpgradeRequired(_) | DatabaseError::LockProtocolMismatch => {
            "the file was written by another version of redb than this library can read"
        }
        _ => {
            "the file cannot be opened as a store; check its folder, its permissions and that it is a store's"
        }
    };
    Error::new(ErrorKind::Storage, message).with_effect(Effect::NotSent)
}

/// What redb says may name the file, and never holds a row; it goes into the source.
fn failed(error: impl Into<redb::Error>) -> Error {
    Error::new(ErrorKind::Storage, "the store's file could not be read or written")
        .with_source(error.into())
}
