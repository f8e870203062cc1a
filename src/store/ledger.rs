//! The book-keeping of the stores that keep plain tables: contract sentences 1 to 18, over any [`Tables`].

use super::batch::{Batch, Committed, LaneWrite, MembershipWrite, Opening, ResourceWrite};
use super::due::DueRow;
use super::keys::{Index, Key, Reader, behind, broken, key_of};
use super::references;
use super::rows::{Hint, LaneQuery, OpenMembers, StoredLane, StoredResource, Which};
use super::tables::{Tables, TablesMut, all, decode, joined, open_one, readable};
use crate::delivery::{Close, Columns, Era, Health, LaneRecord, MemberWrites, OpenMember};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Fact, LaneKey, Member, ResourceKey, TargetKey, Timestamp};

pub(super) fn resource(tables: &impl Tables, key: &ResourceKey) -> Result<StoredResource> {
    let mut row = tables.resource(key)?.unwrap_or_default();
    row.lanes = tables.lanes_of(key)?;
    Ok(row)
}

pub(super) fn lanes_at(
    tables: &impl Tables,
    target: &TargetKey,
    resources: &[ResourceKey],
) -> Result<Vec<StoredLane>> {
    let mut lanes = Vec::new();
    for resource in resources {
        let key = LaneKey::new(resource.clone(), target.target.clone());
        lanes.extend(readable(tables.lane(&key))?.flatten());
    }
    Ok(lanes)
}

pub(super) fn lanes(tables: &impl Tables, query: &LaneQuery) -> Result<Vec<StoredLane>> {
    let index = Index::from(query.which);
    let mut prefix = Key::of(index).text(query.organization.as_str());
    if let Some(target) = &query.target {
        let target = TargetKey::new(query.organization.clone(), target.clone());
        prefix = Key::of(index).target(&target);
    }
    let prefix = prefix.bytes();
    let mut from = prefix.clone();
    if let Some(after) = &query.after {
        let due = tables.lane(after)?.and_then(|row| row.record.due());
        let place = match (index, due) {
            (Index::Due, Some(due)) => Key::due(after, due),
            (Index::Due, None) => Key::of(index).target_of(after),
            _ => Key::of(index).at_target(after),
        };
        let mut behind = place.bytes();
        behind.push(0);
        // A lane of another target or organization shows nothing of those.
        from = from.max(behind);
    }
    let mut found = Vec::new();
    for (key, _) in tables.range(&from, &behind(&prefix), query.limit)? {
        let key = if index == Index::Due {
            DueRow(&key).lane()?
        } else {
            let mut reader = Reader::of_small(&key)?;
            let target = reader.target()?;
            LaneKey::new(reader.resource_of(&target)?, target.target)
        };
        found.extend(readable(tables.lane(&key))?.flatten());
    }
    Ok(found)
}

pub(super) fn count(tables: &impl Tables, target: &TargetKey, which: Which) -> Result<usize> {
    let prefix = Key::of(which.into()).target(target).bytes();
    tables.count(&prefix, &behind(&prefix))
}

pub(super) fn open_members(
    tables: &impl Tables,
    group: &LaneKey,
    limit: usize,
) -> Result<OpenMembers> {
    let prefix = Key::of(Index::Open).lane(group).bytes();
    let mut rows = all(tables, &prefix, limit.saturating_add(1))?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let members = rows
        .into_iter()
        .map(|(key, mark)| {
            let mut reader = Reader::of_small(&key)?;
            reader.lane()?;
            member(tables, group, reader.member()?, mark_of(&mark)?)
        })
        .collect::<Result<_>>()?;
    Ok(OpenMembers::new(members, more))
}

pub(super) fn named_members(
    tables: &impl Tables,
    group: &LaneKey,
    members: &[Member],
) -> Result<OpenMembers> {
    let members = members.iter().map(|name| {
        let mark = tables.small(&Key::of(Index::Open).lane(group).member(name).bytes())?;
        let mark = mark.map(|mark| mark_of(&mark)).transpose()?.unwrap_or(0);
        member(tables, group, name.clone(), mark)
    });
    Ok(OpenMembers::new(members.collect::<Result<_>>()?, false))
}

fn member(tables: &impl Tables, group: &LaneKey, name: Member, mark: u64) -> Result<OpenMember> {
    let wanted = Key::of(Index::Members).resource(&group.resource).member(&name).bytes();
    let wanted = tables.small(&wanted)?.is_some();
    let joined = joined(tables, group, &name)?;
    Ok(OpenMember::new(name, wanted, joined, mark))
}

fn mark_of(value: &[u8]) -> Result<u64> {
    Ok(u64::from_be_bytes(value.try_into().map_err(|_| broken())?))
}

pub(super) fn waiting_members(tables: &impl Tables, group: &LaneKey) -> Result<usize> {
    let prefix = Key::of(Index::Waiting).lane(group).bytes();
    tables.count(&prefix, &behind(&prefix))
}

pub(super) fn members_of(tables: &impl Tables, group: &ResourceKey) -> Result<Vec<Member>> {
    let prefix = Key::of(Index::Members).resource(group).bytes();
    let rows = all(tables, &prefix, usize::MAX)?;
    let member = |(key, _): (Vec<u8>, Vec<u8>)| {
        let mut reader = Reader::of_small(&key)?;
        reader.resource()?;
        reader.member()
    };
    rows.into_iter().map(member).collect()
}

pub(super) fn health(tables: &impl Tables, target: &TargetKey) -> Result<Health> {
    let row = tables.small(&Key::of(Index::Health).target(target).bytes())?;
    row.map_or_else(|| Ok(Health::default()), |row| decode(&row))
}

pub(super) fn healths(tables: &impl Tables) -> Result<Vec<(TargetKey, Health)>> {
    let rows = all(tables, &Key::of(Index::Health).bytes(), usize::MAX)?;
    rows.into_iter()
        .map(|(key, row)| Ok((Reader::of_small(&key)?.target()?, decode(&row)?)))
        .collect()
}

/// What is not readable is learnt again.
pub(super) fn facts(tables: &impl Tables, target: &TargetKey) -> Result<Vec<Fact>> {
    let rows = all(tables, &Key::of(Index::Fact).target(target).bytes(), usize::MAX)?;
    Ok(rows.into_iter().filter_map(|(_, row)| decode(&row).ok()).collect())
}

pub(super) fn hints(tables: &impl Tables, limit: usize) -> Result<Vec<Hint>> {
    let rows = all(tables, &Key::of(Index::Hint).bytes(), limit)?;
    rows.into_iter().map(|(key, _)| Reader::of_small(&key)?.hint()).collect()
}

/// Applies a batch, or finds that it was made from rows that have changed.
pub(super) fn apply(tables: &mut impl TablesMut, batch: &Batch) -> Result<Committed> {
    if let Some(ResourceWrite { key, expected, .. }) = &batch.resource
        && tables.resource(key)?.map_or(0, |row| row.revision) != *expected
    {
        return Ok(Committed::Conflict);
    }
    let mut before = Vec::with_capacity(batch.lanes.len());
    for LaneWrite { key, expected, .. } in &batch.lanes {
        let row = tables.columns(key)?;
        if row.as_ref().map_or(0, |(revision, _)| *revision) != *expected {
            return Ok(Committed::Conflict);
        }
        before.push(row.map(|(_, columns)| columns).unwrap_or_default());
    }
    if let Some(write) = &batch.resource {
        let row = StoredResource {
            revision: tables.next_number(),
            newest: write.newest,
            attributes: write.attributes.clone(),
            lanes: Vec::new(),
        };
        tables.put_resource(&write.key, Some(&row))?;
    }
    for write in &batch.membership {
        write_membership(tables, write)?;
    }
    let mut revisions = Vec::with_capacity(batch.lanes.len());
    for (LaneWrite { key, record, .. }, before) in batch.lanes.iter().zip(&before) {
        revisions.push(write_lane(tables, key, before, record.as_ref())?);
    }
    // Only now: a group's lane may be among those that were written.
    for (LaneWrite { key, record, .. }, before) in batch.lanes.iter().zip(&before) {
        let account = record.as_ref().and_then(LaneRecord::account);
        if account.is_some() && account != before.account.as_ref() {
            for lane in references::appeared(tables, key)? {
                wake(tables, &lane)?;
            }
        }
    }
    for opening in &batch.open {
        open(tables, opening)?;
    }
    if let Some((group, writes)) = &batch.members {
        write_members(tables, group, writes)?;
    }
    for lane in &batch.wake {
        wake(tables, lane)?;
    }
    for lane in &batch.judge {
        change(tables, lane, LaneRecord::judge)?;
    }
    if let Some((target, health)) = &batch.health {
        let key = Key::of(Index::Health).target(target).bytes();
        tables.put_small(&key, Some(&encode(health)?))?;
    }
    for (target, name, fact) in &batch.facts {
        let key = Key::of(Index::Fact).target(target).text(name).bytes();
        let fact = fact.as_ref().map(encode).transpose()?;
        tables.put_small(&key, fact.as_deref())?;
    }
    for hint in &batch.announce {
        tables.put_small(&Key::hint(hint).bytes(), Some(&[]))?;
    }
    for hint in &batch.fulfil {
        tables.put_small(&Key::hint(hint).bytes(), None)?;
    }
    Ok(Committed::Done(revisions))
}

fn write_membership(tables: &mut impl TablesMut, write: &MembershipWrite) -> Result<()> {
    let mut put = |group: &ResourceKey, member: &Member, row: Option<&[u8]>| -> Result<()> {
        let own = key_of(&group.organization, member);
        tables.put_small(&Key::of(Index::Members).resource(group).member(member).bytes(), row)?;
        tables.put_small(&Key::of(Index::Groups).resource(&own).resource(group).bytes(), row)
    };
    match write {
        MembershipWrite::Join(group, member) => put(group, member, Some(&[])),
        MembershipWrite::Leave(group, member) => put(group, member, None),
        MembershipWrite::Dissolve(group) => {
            for member in members_of(tables, group)? {
                write_membership(tables, &MembershipWrite::Leave(group.clone(), member))?;
            }
            Ok(())
        }
    }
}

/// Writes a lane with everything that it is found by. Answers its revision.
fn write_lane(
    tables: &mut impl TablesMut,
    key: &LaneKey,
    old: &Columns,
    record: Option<&LaneRecord>,
) -> Result<u64> {
    let new = record.map(LaneRecord::columns).unwrap_or_default();
    if (old.due, old.owner) != (new.due, new.owner) {
        if let Some(due) = old.due
            && new.due != old.due
        {
            tables.put_small(&Key::due(key, due).bytes(), None)?;
        }
        if let Some(due) = new.due {
            let owner = new.owner.map_or(0, Era::number).to_be_bytes();
            tables.put_small(&Key::due(key, due).bytes(), Some(&owner))?;
        }
    }
    for (index, was, is) in [
        (Index::Parked, old.parked, new.parked),
        (Index::Unsettled, old.unsettled, new.unsettled),
        (Index::Linked, old.account.is_some(), new.account.is_some()),
        (Index::Aside, old.aside, new.aside),
    ] {
        if was != is {
            let row: Option<&[u8]> = if is { Some(&[]) } else { None };
            tables.put_small(&Key::of(index).at_target(key).bytes(), row)?;
        }
    }
    references::note(tables, key, &old.refers_to, &new.refers_to)?;
    let revision = tables.next_number();
    tables.put_lane(key, record.map(|record| (revision, record)))?;
    Ok(revision)
}

fn open(tables: &mut impl TablesMut, opening: &Opening) -> Result<()> {
    match opening {
        Opening::These(group, members) => {
            members.iter().try_for_each(|member| open_one(tables, group, member))
        }
        Opening::Everybody(group) => {
            let members = members_of(tables, &group.resource)?;
            members.iter().try_for_each(|member| open_one(tables, group, member))
        }
        Opening::Nobody(group) => {
            forget_all(tables, &Key::of(Index::Open).lane(group).bytes())?;
            forget_all(tables, &Key::of(Index::Waiting).lane(group).bytes())
        }
    }
}

fn forget_all(tables: &mut impl TablesMut, prefix: &[u8]) -> Result<()> {
    for (key, _) in all(tables, prefix, usize::MAX)? {
        tables.put_small(&key, None)?;
    }
    Ok(())
}

fn write_members(
    tables: &mut impl TablesMut,
    group: &LaneKey,
    writes: &MemberWrites,
) -> Result<()> {
    if writes.clear {
        forget_all(tables, &Key::of(Index::Joined).lane(group).bytes())?;
    }
    if writes.reopen {
        open(tables, &Opening::Everybody(group.clone()))?;
    }
    for (member, joined) in &writes.joined {
        let row = joined.as_ref().map(encode).transpose()?;
        let key = Key::of(Index::Joined).lane(group).member(member).bytes();
        tables.put_small(&key, row.as_deref())?;
    }
    for (member, mark, close) in &writes.close {
        let key = Key::of(Index::Open).lane(group).member(member).bytes();
        let current = tables.small(&key)?.map(|mark| mark_of(&mark)).transpose()?;
        match current {
            // It was never open, or another attempt closed it.
            None => continue,
            Some(current) if current != *mark => {
                wake(tables, group)?;
                continue;
            }
            Some(_) => {}
        }
        if *close == Close::Waiting {
            let account =
                LaneKey::new(key_of(&group.resource.organization, member), group.target.clone());
            let account = readable(tables.lane(&account))?.flatten();
            let own = tables.lane(group)?;
            if let (Some(account), Some(own)) = (account, own)
                && account.record.account_beside(&own.record).is_some()
            {
                wake(tables, group)?;
                continue;
            }
            let waiting = Key::of(Index::Waiting).lane(group).member(member).bytes();
            tables.put_small(&waiting, Some(&mark.to_be_bytes()))?;
        }
        tables.put_small(&key, None)?;
    }
    Ok(())
}

pub(super) fn wake(tables: &mut impl TablesMut, key: &LaneKey) -> Result<()> {
    change(tables, key, LaneRecord::wake)
}

fn change(
    tables: &mut impl TablesMut,
    key: &LaneKey,
    change: impl FnOnce(&mut LaneRecord),
) -> Result<()> {
    let Some(row) = readable(tables.lane(key))?.flatten() else { return Ok(()) };
    let mut record = row.record.clone();
    change(&mut record);
    write_lane(tables, key, &row.record.columns(), Some(&record)).map(|_| ())
}

/// Forgets lanes that remember nothing, and resources without lanes.
pub(super) fn tidy(
    tables: &mut impl TablesMut,
    before: Timestamp,
    after: &mut Option<ResourceKey>,
    limit: usize,
) -> Result<usize> {
    let mut forgotten = 0;
    let resources = tables.resources(after.as_ref(), limit)?;
    let is_last = resources.len() < limit;
    for key in resources {
        let mut left = 0;
        for row in tables.lanes_of(&key)? {
            let is_old = row.record.tombstone_since().is_some_and(|since| since < before);
            if is_old && forgotten < limit {
                write_lane(tables, &row.key, &row.record.columns(), None)?;
                open(tables, &Opening::Nobody(row.key.clone()))?;
                forget_all(tables, &Key::of(Index::Joined).lane(&row.key).bytes())?;
                forgotten += 1;
            } else {
                left += 1;
            }
        }
        let knows = tables.resource(&key)?.is_some_and(|row| row.attributes.is_some());
        if left == 0 && !knows && forgotten < limit {
            tables.put_resource(&key, None)?;
            forgotten += 1;
        }
        if forgotten == limit {
            // There may be more to forget of this one.
            return Ok(forgotten);
        }
        *after = Some(key);
    }
    if is_last {
        *after = None;
    }
    Ok(forgotten)
}

pub(super) fn encode<T: serde::Serialize>(row: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(row).map_err(|_| {
        Error::new(ErrorKind::Storage, "a row cannot be written; this is a defect of the library")
    })
}
