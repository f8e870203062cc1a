//! Keys as bytes: what belongs together stands together, and no two keys are the same (F108).

use crate::delivery::{Due, Era, Priority};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    LaneKey, LocalId, Member, Reference, ResourceKey, ResourceKind, Target, TargetKey, Timestamp,
};

use super::rows::{Hint, Which};

/// The kinds of small rows. The number is part of every key, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Index {
    /// Target, due, resource → whose attempt is under way.
    Due = 1,
    /// Target, resource: parked.
    Parked = 2,
    /// Target, resource: unsettled.
    Unsettled = 3,
    /// Group, member.
    Members = 4,
    /// Member, group.
    Groups = 5,
    /// Group's lane, member → under which account.
    Joined = 6,
    /// Group's lane, member → mark.
    Open = 7,
    /// Group's lane, member → mark.
    Waiting = 8,
    /// Target → health.
    Health = 9,
    /// Target, name → fact.
    Fact = 10,
    /// Era, number, resource.
    Hint = 11,
    /// Target, resource, another that refers to it.
    Referring = 12,
    /// Target, resource: has an account.
    Linked = 13,
    /// Target, resource: the host's word is kept aside.
    Aside = 14,
}

impl From<Which> for Index {
    fn from(which: Which) -> Self {
        match which {
            Which::Due => Self::Due,
            Which::Parked => Self::Parked,
            Which::Unsettled => Self::Unsettled,
            Which::Linked => Self::Linked,
            Which::Aside => Self::Aside,
        }
    }
}

/// A key under construction.
#[derive(Clone, Debug)]
pub(super) struct Key(Vec<u8>);

impl Key {
    pub(super) fn of(index: Index) -> Self {
        let mut key = Vec::with_capacity(64);
        key.push(index as u8);
        Self(key)
    }

    /// For a table of its own.
    #[cfg(feature = "redb")]
    pub(super) fn bare() -> Self {
        Self(Vec::with_capacity(64))
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    pub(super) fn target(self, key: &TargetKey) -> Self {
        self.place(key.organization.as_str(), &key.target)
    }

    /// The target of a lane.
    pub(super) fn target_of(self, lane: &LaneKey) -> Self {
        self.place(lane.resource.organization.as_str(), &lane.target)
    }

    fn place(self, organization: &str, target: &Target) -> Self {
        self.text(organization).text(target.connection.as_str()).text(target.connector.as_str())
    }

    pub(super) fn resource(self, key: &ResourceKey) -> Self {
        self.text(key.organization.as_str()).kind(key.kind).text(key.id.as_str())
    }

    /// Target first, so that a target's lanes stand together.
    pub(super) fn at_target(self, lane: &LaneKey) -> Self {
        self.target_of(lane).kind(lane.resource.kind).text(lane.resource.id.as_str())
    }

    /// Resource first, so that a resource's lanes stand together.
    pub(super) fn lane(self, lane: &LaneKey) -> Self {
        self.resource(&lane.resource)
            .text(lane.target.connection.as_str())
            .text(lane.target.connector.as_str())
    }

    pub(super) fn member(self, member: &Member) -> Self {
        self.kind(member.kind).text(member.value.as_str())
    }

    fn kind(self, kind: ResourceKind) -> Self {
        self.byte(match kind {
            ResourceKind::User => 0,
            ResourceKind::Group => 1,
        })
    }

    pub(super) fn priority(self, priority: Priority) -> Self {
        self.byte(match priority {
            Priority::Urgent => 0,
            Priority::Normal => 1,
            Priority::Low => 2,
        })
    }

    pub(super) fn time(self, time: Timestamp) -> Self {
        // In the order of time, negative ones first.
        self.number(time.as_millis().cast_unsigned() ^ (1 << 63))
    }

    pub(super) fn due(lane: &LaneKey, due: Due) -> Self {
        Self::of(Index::Due)
            .target_of(lane)
            .priority(due.priority)
            .time(due.at)
            .kind(lane.resource.kind)
            .text(lane.resource.id.as_str())
    }

    pub(super) fn hint(hint: &Hint) -> Self {
        Self::of(Index::Hint).number(hint.era.number()).number(hint.number).resource(&hint.resource)
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The first key behind everything that begins like this.
pub(super) fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// Reads a key from its beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The rest of a small row's key.
    pub(super) fn of_small(key: &'a [u8]) -> Result<Self> {
        key.split_first().map(|(_, rest)| Self(rest)).ok_or_else(broken)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(broken)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn text(&mut self) -> Result<&'a str> {
        let length = u32::from_be_bytes(self.take(4)?.try_into().map_err(|_| broken())?);
        let length = usize::try_from(length).map_err(|_| broken())?;
        std::str::from_utf8(self.take(length)?).map_err(|_| broken())
    }

    pub(super) fn number(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.take(8)?.try_into().map_err(|_| broken())?))
    }

    pub(super) fn time(&mut self) -> Result<Timestamp> {
        Ok(Timestamp::from_millis((self.number()? ^ (1 << 63)).cast_signed()))
    }

    pub(super) fn skip_priority(&mut self) -> Result<()> {
        self.take(1).map(|_| ())
    }

    fn kind(&mut self) -> Result<ResourceKind> {
        match self.take(1)? {
            [0] => Ok(ResourceKind::User),
            [1] => Ok(ResourceKind::Group),
            _ => Err(broken()),
        }
    }

    pub(super) fn target(&mut self) -> Result<TargetKey> {
        let organization = self.text()?.into();
        Ok(TargetKey::new(organization, Target::new(self.text()?, self.text()?)))
    }

    pub(super) fn resource(&mut self) -> Result<ResourceKey> {
        let organization = self.text()?.into();
        let kind = self.kind()?;
        Ok(ResourceKey::new(organization, kind, LocalId::from(self.text()?)))
    }

    /// What stands behind a target.
    pub(super) fn resource_of(&mut self, target: &TargetKey) -> Result<ResourceKey> {
        let kind = self.kind()?;
        Ok(ResourceKey::new(target.organization.clone(), kind, LocalId::from(self.text()?)))
    }

    pub(super) fn lane(&mut self) -> Result<LaneKey> {
        let resource = self.resource()?;
        Ok(LaneKey::new(resource, Target::new(self.text()?, self.text()?)))
    }

    pub(super) fn member(&mut self) -> Result<Member> {
        let kind = self.kind()?;
        Ok(Member { value: Reference::from(self.text()?), kind })
    }

    pub(super) fn hint(&mut self) -> Result<Hint> {
        let (era, number) = (Era::new(self.number()?), self.number()?);
        Ok(Hint::new(era, number, self.resource()?))
    }
}

pub(super) fn broken() -> Error {
    Error::new(
        ErrorKind::Damaged,
        "a key in the store cannot be read; restore the file from a backup",
    )
}

pub(crate) fn member_of(key: &ResourceKey) -> Member {
    Member { value: Reference::from(&key.id), kind: key.kind }
}

pub(crate) fn key_of(organization: &crate::model::OrganizationId, member: &Member) -> ResourceKey {
    ResourceKey::new(organization.clone(), member.kind, (&member.value).into())
}
