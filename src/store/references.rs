//! Who hears of it when a resource gets another account at a target: the groups that it is in, and the resources that
//! refer to it (P17).

use super::keys::{Index, Key, Reader, key_of, member_of};
use super::tables::{Tables, TablesMut, all, groups_of, joined, open_one, readable};
use crate::error::Result;
use crate::model::{LaneKey, Member};

/// A resource has another account at a target: the lanes to wake, in whose groups it is opened.
pub(super) fn appeared(tables: &mut impl TablesMut, key: &LaneKey) -> Result<Vec<LaneKey>> {
    let mut woken = open_in_groups(tables, key)?;
    woken.extend(referring(tables, key)?);
    Ok(woken)
}

fn open_in_groups(tables: &mut impl TablesMut, key: &LaneKey) -> Result<Vec<LaneKey>> {
    let mut opened = Vec::new();
    let groups = groups_of(tables, &key.resource)?;
    if groups.is_empty() {
        return Ok(opened);
    }
    let Some(row) = tables.lane(key)? else { return Ok(opened) };
    let Some(account) = row.record.account() else { return Ok(opened) };
    let member = member_of(&key.resource);
    for group in groups {
        let group = LaneKey::new(group, key.target.clone());
        let Some(lane) = readable(tables.lane(&group))?.flatten() else { continue };
        let known = joined(tables, &group, &member)?;
        let is_there = known.is_some_and(|joined| joined.is_surely(account));
        if !is_there && lane.record.is_wanted() {
            open_one(tables, &group, &member)?;
            opened.push(group);
        }
    }
    Ok(opened)
}

/// Keeps to whom a lane's resource refers.
pub(super) fn note(
    tables: &mut impl TablesMut,
    key: &LaneKey,
    before: &[Member],
    now: &[Member],
) -> Result<()> {
    let row = |member: &Member| {
        let whom = LaneKey::new(key_of(&key.resource.organization, member), key.target.clone());
        Key::of(Index::Referring).at_target(&whom).resource(&key.resource).bytes()
    };
    for gone in before.iter().filter(|member| !now.contains(member)) {
        tables.put_small(&row(gone), None)?;
    }
    for new in now.iter().filter(|member| !before.contains(member)) {
        tables.put_small(&row(new), Some(&[]))?;
    }
    Ok(())
}

/// The lanes at the same target whose resources refer to this one's.
pub(super) fn referring(tables: &impl Tables, key: &LaneKey) -> Result<Vec<LaneKey>> {
    let prefix = Key::of(Index::Referring).at_target(key).bytes();
    let lane = |(row, _): (Vec<u8>, Vec<u8>)| {
        let mut reader = Reader::of_small(&row)?;
        let target = reader.target()?;
        reader.resource_of(&target)?;
        Ok(LaneKey::new(reader.resource()?, target.target))
    };
    all(tables, &prefix, usize::MAX)?.into_iter().map(lane).collect()
}
