//! A group's members at one target: what is open of them, beside our own confirmed set, which stays in the store. One
//! change costs one request and no read at the target (P17).

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::model::{Capabilities, Member, MemberChanges, Reference, RemoteId};

/// What a protocol writes around the id of one member, by estimate.
const BYTES_AROUND_AN_ID: usize = 64;

/// The target's ids of resources that a lane's resource refers to, as far as they are linked.
pub(crate) type References = HashMap<Member, RemoteId>;

/// A member that is in the group at the target, as far as we know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The id under which it is there.
    pub(crate) account: RemoteId,
    /// A request about it was sent, and nobody knows what became of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) doubtful: bool,
}

impl Joined {
    /// Whether it is there under this account, beyond doubt.
    pub fn is_surely(&self, account: &RemoteId) -> bool {
        !self.doubtful && self.account == *account
    }
}

/// A member whose place in the group at a target may have to change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenMember {
    /// Who, in the host's ids.
    pub member: Member,
    /// Whether the host has it in the group.
    pub wanted: bool,
    /// Whether it is in the group at the target.
    pub joined: Option<Joined>,
    /// The mark under which the store opened it.
    pub opened: u64,
}

impl OpenMember {
    /// A member as a store found it.
    pub fn new(member: Member, wanted: bool, joined: Option<Joined>, opened: u64) -> Self {
        Self { member, wanted, joined, opened }
    }
}

/// The open members that an attempt works on: a window into what the store keeps, so that a large group needs little
/// memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    entries: BTreeMap<Member, Entry>,
    /// There are further open members in the store.
    pub(crate) more: bool,
    /// What the store knows of who is in the group is void.
    cleared: bool,
    /// And everybody is to be added again.
    lost: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    wanted: bool,
    joined: Option<Joined>,
    /// As the store has it.
    stored: Option<Joined>,
    opened: u64,
    /// The target has confirmed it.
    done: bool,
}

/// What still fits into one request.
#[derive(Clone, Copy, Debug)]
struct Room {
    changes: usize,
    bytes: usize,
    is_new: bool,
}

impl Room {
    fn of(capabilities: Capabilities) -> Self {
        let limit = |most: usize| if most == 0 { usize::MAX } else { most };
        Self {
            changes: limit(capabilities.members_per_request),
            bytes: limit(capabilities.member_bytes_per_request),
            is_new: true,
        }
    }

    /// So many further changes at most; 0 is no limit.
    fn limit_to(&mut self, most: usize) {
        if most > 0 {
            self.changes = self.changes.min(most);
        }
    }

    /// Takes one more change, unless the request is full. The first one always fits: less cannot be sent.
    fn takes(&mut self, id: Option<&RemoteId>) -> bool {
        let size = id.map_or(0, |id| id.as_str().len()) + BYTES_AROUND_AN_ID;
        let fits = self.is_new || (self.changes > 0 && self.bytes >= size);
        if fits {
            self.changes = self.changes.saturating_sub(1);
            self.bytes = self.bytes.saturating_sub(size);
            self.is_new = false;
        }
        fits
    }
}

/// A member's place before a request about it.
pub(crate) type Before = BTreeMap<Member, Option<Joined>>;

/// What an attempt learnt of a group's members, for the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberWrites {
    /// Forget first who is in the group at the target.
    pub clear: bool,
    /// Then open everybody whom the host has in it.
    pub reopen: bool,
    /// Who is in the group now, and who is not.
    pub joined: Vec<(Member, Option<Joined>)>,
    /// Who is done, or waits for an account: by the mark under which it was opened.
    pub close: Vec<(Member, u64, Close)>,
}

/// Why a member is no longer open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a member is done with or it waits; a store must know both"
)]
pub enum Close {
    /// Nothing is left to do.
    Done,
    /// It has no account at the target yet, and is opened when it has (P17).
    Waiting,
}

impl Members {
    /// The window a store gave.
    pub(crate) fn new(open: Vec<OpenMember>, more: bool) -> Self {
        let entries = open
            .into_iter()
            .map(|OpenMember { member, wanted, joined, opened }| {
                let stored = joined.clone();
                (member, Entry { wanted, joined, stored, opened, done: false })
            })
            .collect();
        Self { entries, more, cleared: false, lost: false }
    }

    /// Takes further members into the window.
    pub(crate) fn include(&mut self, named: Vec<OpenMember>) {
        for (member, entry) in Self::new(named, false).entries {
            self.entries.entry(member).or_insert(entry);
        }
    }

    /// These are to be in no group of the target, whatever the host says.
    pub(crate) fn leave_out(&mut self, stripped: &[Member]) {
        for member in stripped {
            if let Some(entry) = self.entries.get_mut(member) {
                entry.wanted = false;
            }
        }
    }

    /// Whose ids at the target are needed.
    pub(super) fn referred(&self) -> Vec<Member> {
        self.entries.keys().cloned().collect()
    }

    /// Whether anybody is to be added.
    pub(super) fn any_wanted(&self) -> bool {
        self.entries.values().any(|entry| entry.wanted && !entry.done)
    }

    /// The next piece, as large as the target takes it and one change at least, adds first, in the host's ids. Who has
    /// no account yet is left for later.
    pub(super) fn next_piece(
        &self,
        references: &References,
        capabilities: Capabilities,
        whole: bool,
    ) -> MemberChanges {
        let mut room = Room::of(capabilities);
        let open = || self.entries.iter().filter(|(_, entry)| !entry.done);
        let joins = open().filter(|(member, entry)| {
            let account = references.get(*member);
            entry.wanted
                && account.is_some_and(|account| {
                    entry.joined.as_ref().is_none_or(|it| it.doubtful || it.account != *account)
                })
        });
        let mut piece = MemberChanges::default();
        for (member, _) in joins {
            if !room.takes(references.get(member)) {
                return piece;
            }
            piece.added.insert(member.clone());
        }
        if capabilities.separate_member_changes && !piece.is_empty() {
            return piece;
        }
        room.limit_to(capabilities.removals_per_request);
        let leaves = open().filter(|(member, entry)| {
            !entry.wanted
                && (entry.joined.is_some() || (!whole && references.contains_key(*member)))
        });
        for (member, _) in leaves {
            if !room.takes(self.id_of(member, references)) {
                return piece;
            }
            piece.removed.insert(member.clone());
        }
        piece
    }

    /// The same changes in the target's ids.
    pub(super) fn translated(
        &self,
        piece: &MemberChanges,
        references: &References,
    ) -> MemberChanges {
        let translate = |member: &Member, id: Option<&RemoteId>| {
            id.map(|id| Member { value: Reference::from(id), kind: member.kind })
        };
        let added = piece.added.iter();
        let removed = piece.removed.iter();
        MemberChanges {
            added: added.filter_map(|member| translate(member, references.get(member))).collect(),
            removed: removed
                .filter_map(|member| translate(member, self.id_of(member, references)))
                .collect(),
        }
    }

    /// Under which id a member is in the group, as far as we know.
    fn id_of<'a>(&'a self, member: &Member, references: &'a References) -> Option<&'a RemoteId> {
        let known = self.entries.get(member).and_then(|entry| entry.joined.as_ref());
        known.map(|joined| &joined.account).or_else(|| references.get(member))
    }

    /// The places of a piece's members.
    pub(super) fn places(&self, piece: &MemberChanges) -> Before {
        let all = piece.added.iter().chain(&piece.removed);
        all.filter_map(|member| Some((member.clone(), self.entries.get(member)?.joined.clone())))
            .collect()
    }

    /// The accounts under which a piece's members may join or leave later than anybody hears (P10).
    pub(super) fn accounts(&self, piece: &Before) -> Vec<(Member, RemoteId)> {
        let account = |member: &Member| {
            let joined = self.entries.get(member)?.joined.as_ref()?;
            Some((member.clone(), joined.account.clone()))
        };
        piece.keys().filter_map(account).collect()
    }

    /// Members of whom nobody knows whether they are in the group: they are asked for again, whichever way.
    pub(crate) fn doubt(&mut self, again: Vec<(Member, RemoteId)>) {
        // Who came back under another account is doubted under the newest one.
        let newest: BTreeMap<Member, RemoteId> = again.into_iter().collect();
        for (member, account) in newest {
            if let Some(entry) = self.entries.get_mut(&member) {
                let account = entry.joined.take().map_or(account, |joined| joined.account);
                entry.joined = Some(Joined { account, doubtful: true });
                entry.done = false;
            }
        }
    }

    /// Nobody knows what became of a request about any of these. Answers the accounts that it may have been about.
    pub(super) fn doubt_all(&mut self, references: &References) -> Vec<(Member, RemoteId)> {
        let mut accounts = Vec::new();
        for (member, entry) in &mut self.entries {
            if let Some(joined) = &mut entry.joined {
                joined.doubtful = true;
            }
            let account = entry.joined.as_ref().map(|joined| &joined.account);
            let account = account.or_else(|| references.get(member));
            accounts.extend(account.map(|account| (member.clone(), account.clone())));
        }
        accounts
    }

    /// A request with this piece is about to be sent.
    pub(super) fn intend(&mut self, piece: &MemberChanges, references: &References) {
        let ids = |member: &Member, known: Option<&RemoteId>| {
            known.map(|id| (member.clone(), id.clone()))
        };
        let added = piece.added.iter().filter_map(|member| ids(member, references.get(member)));
        let removed =
            piece.removed.iter().filter_map(|member| ids(member, self.id_of(member, references)));
        for (member, account) in added.chain(removed).collect::<Vec<_>>() {
            if let Some(entry) = self.entries.get_mut(&member) {
                entry.joined = Some(Joined { account, doubtful: true });
            }
        }
    }

    /// The target has taken this piece.
    pub(super) fn confirm(&mut self, piece: &MemberChanges) {
        for member in &piece.added {
            if let Some(entry) = self.entries.get_mut(member) {
                entry.done = true;
                if let Some(joined) = &mut entry.joined {
                    joined.doubtful = false;
                }
            }
        }
        for member in &piece.removed {
            if let Some(entry) = self.entries.get_mut(member) {
                entry.done = true;
                entry.joined = None;
            }
        }
    }

    /// The target has surely not taken a piece: everybody is where they were.
    pub(super) fn withdraw(&mut self, before: Before) {
        for (member, joined) in before {
            if let Some(entry) = self.entries.get_mut(&member) {
                entry.joined = joined;
            }
        }
    }

    /// The group at the target is gone, and who was in it.
    pub(super) fn clear(&mut self) {
        self.cleared = true;
        for entry in self.entries.values_mut() {
            entry.joined = None;
            entry.stored = None;
            entry.done = false;
        }
    }

    /// The same, and everybody is to be added to the group that comes in its place.
    pub(super) fn lose(&mut self) {
        self.clear();
        self.lost = true;
        self.more = true;
    }

    /// What the store is to keep of what was learnt. With `ended`, who has no account is closed too, to wait for one.
    pub(crate) fn writes(
        &mut self,
        references: &References,
        whole: bool,
        ended: bool,
    ) -> MemberWrites {
        let mut writes = MemberWrites {
            clear: std::mem::take(&mut self.cleared),
            reopen: std::mem::take(&mut self.lost),
            ..MemberWrites::default()
        };
        for (member, entry) in &mut self.entries {
            if entry.joined != entry.stored {
                writes.joined.push((member.clone(), entry.joined.clone()));
                entry.stored.clone_from(&entry.joined);
            }
        }
        if writes.reopen {
            return writes;
        }
        self.entries.retain(|member, entry| {
            let close = match (&entry.joined, references.get(member)) {
                _ if entry.done => Close::Done,
                (Some(joined), account) if entry.wanted => {
                    let is_there = !joined.doubtful
                        && account.is_none_or(|account| *account == joined.account);
                    match (is_there, account) {
                        (true, _) => Close::Done,
                        (false, None) if ended => Close::Waiting,
                        (false, _) => return true,
                    }
                }
                (None, None) if entry.wanted && ended => Close::Waiting,
                (None, None) if !entry.wanted => Close::Done,
                (None, Some(_)) if !entry.wanted && whole => Close::Done,
                _ => return true,
            };
            writes.close.push((member.clone(), entry.opened, close));
            false
        });
        writes
    }
}
