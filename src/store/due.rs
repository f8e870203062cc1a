//! What is due, over any [`Tables`]: contract sentences 7 to 9.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::keys::{Index, Key, Reader, behind, broken};
use super::tables::Tables;
use crate::delivery::{Era, Priority};
use crate::error::Result;
use crate::model::{LaneKey, TargetKey, Timestamp};

/// Rows that are read in one go, where the first ones were not enough.
const MORE_ROWS: usize = 64;

pub(super) fn due(
    tables: &impl Tables,
    era: Era,
    target: &TargetKey,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<LaneKey>> {
    let mut lanes = Vec::new();
    for priority in Priority::ALL {
        let wanted = limit - lanes.len();
        if wanted == 0 {
            break;
        }
        let from = Key::of(Index::Due).target(target).priority(priority);
        let to = behind(&from.clone().time(until).bytes());
        each_free(tables, era, from.bytes(), &to, wanted, |row| {
            lanes.push(row.lane()?);
            Ok(if lanes.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
    }
    Ok(lanes)
}

/// Shows the due lanes between two keys on which this life does not work, until it is told that they are enough; `first`
/// is how many may be enough.
fn each_free(
    tables: &impl Tables,
    era: Era,
    mut from: Vec<u8>,
    to: &[u8],
    first: usize,
    mut show: impl FnMut(DueRow<'_>) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut limit = first;
    loop {
        let rows = tables.range(&from, to, limit)?;
        for (key, owner) in &rows {
            if owner_of(owner)? != Some(era) && show(DueRow(key))?.is_break() {
                return Ok(());
            }
        }
        match rows.last() {
            Some((last, _)) if rows.len() == limit => {
                from.clone_from(last);
                from.push(0);
                limit = MORE_ROWS;
            }
            _ => return Ok(()),
        }
    }
}

/// The key of a row that says when a lane is due. Whoever needs only half of it reads only that.
pub(super) struct DueRow<'a>(pub(super) &'a [u8]);

impl DueRow<'_> {
    fn time(&self) -> Result<Timestamp> {
        Ok(self.read()?.1)
    }

    pub(super) fn lane(&self) -> Result<LaneKey> {
        let (target, _, mut rest) = self.read()?;
        Ok(LaneKey::new(rest.resource_of(&target)?, target.target))
    }

    fn read(&self) -> Result<(TargetKey, Timestamp, Reader<'_>)> {
        let mut reader = Reader::of_small(self.0)?;
        let target = reader.target()?;
        reader.skip_priority()?;
        Ok((target, reader.time()?, reader))
    }
}

fn owner_of(value: &[u8]) -> Result<Option<Era>> {
    let number = u64::from_be_bytes(value.try_into().map_err(|_| broken())?);
    Ok((number > 0).then(|| Era::new(number)))
}

/// A target's due lanes stand together, so each target costs a look at its first ones, and at those that this life
/// works on.
pub(super) fn agenda(
    tables: &impl Tables,
    era: Era,
    busy: &HashSet<LaneKey>,
) -> Result<Vec<(TargetKey, Timestamp)>> {
    let mut agenda: Vec<(TargetKey, Timestamp)> = Vec::new();
    let mut from = Key::of(Index::Due).bytes();
    let end = behind(&from);
    while let Some((key, _)) = tables.range(&from, &end, 1)?.into_iter().next() {
        let target = Reader::of_small(&key)?.target()?;
        let mut earliest: Option<Timestamp> = None;
        for priority in Priority::ALL {
            let prefix = Key::of(Index::Due).target(&target).priority(priority).bytes();
            if let Some(first) = first_free(tables, era, busy, &prefix)? {
                earliest = Some(earliest.map_or(first, |earliest| earliest.min(first)));
            }
        }
        from = behind(&Key::of(Index::Due).target(&target).bytes());
        agenda.extend(earliest.map(|earliest| (target, earliest)));
    }
    Ok(agenda)
}

/// When the first lane is due on which this life does not work.
fn first_free(
    tables: &impl Tables,
    era: Era,
    busy: &HashSet<LaneKey>,
    prefix: &[u8],
) -> Result<Option<Timestamp>> {
    let mut first = None;
    each_free(tables, era, prefix.to_vec(), &behind(prefix), 1, |row| {
        if !busy.is_empty() && busy.contains(&row.lane()?) {
            return Ok(ControlFlow::Continue(()));
        }
        first = Some(row.time()?);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(first)
}
