//! A group's members at one target, kept as our own confirmed set: one change costs one request and no read (P17).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Member, MemberChanges, Reference, RemoteId};

/// The target's ids of resources that a lane's resource refers to, as far as they are linked.
pub(crate) type References = HashMap<Member, RemoteId>;

/// Members by the host's ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Membership {
    /// Who is in the group at the target, and under which id.
    confirmed: BTreeMap<Member, RemoteId>,
    /// Who has to be added, link or no link.
    joining: BTreeSet<Member>,
    /// Who has to be removed.
    leaving: BTreeSet<Member>,
    /// Who is in a request whose outcome is unknown, or was in a group that is now another one.
    doubtful: BTreeMap<Member, RemoteId>,
    /// Whether nobody else is in the group: we created it. In a group that was found there may be anybody.
    whole: bool,
}

impl Membership {
    /// Folds changes in. A member in doubt is asked for again, whichever way it goes now.
    pub(super) fn absorb(&mut self, changes: &MemberChanges) {
        for member in &changes.added {
            self.leaving.remove(member);
            if !self.confirmed.contains_key(member) || self.doubtful.contains_key(member) {
                self.joining.insert(member.clone());
            }
        }
        for member in &changes.removed {
            self.joining.remove(member);
            let may_be_in =
                self.confirmed.contains_key(member) || self.doubtful.contains_key(member);
            if may_be_in || !self.whole {
                self.leaving.insert(member.clone());
            }
        }
    }

    /// Who changes, and whose id at the target is therefore needed.
    pub(super) fn changing(&self) -> impl Iterator<Item = &Member> {
        self.joining.iter().chain(&self.leaving)
    }

    /// The group is announced anew, with everybody who is in it.
    pub(super) fn announced(&mut self) {
        self.joining.clear();
    }

    /// A member has this account at the target now. One that was added under another id is added again.
    pub(super) fn moved(&mut self, member: &Member, account: &RemoteId) {
        if self.confirmed.get(member).is_none_or(|known| known == account) {
            return;
        }
        if let Some(before) = self.confirmed.remove(member) {
            self.doubtful.insert(member.clone(), before);
        }
        if !self.leaving.contains(member) {
            self.joining.insert(member.clone());
        }
    }

    /// Whether the group waits for this account: to add it, or in place of an older one.
    pub(crate) fn waits_for(&self, member: &Member, account: &RemoteId) -> bool {
        self.joining.contains(member)
            || self.confirmed.get(member).is_some_and(|known| known != account)
    }

    /// Who has to be added.
    pub(crate) fn joining(&self) -> impl Iterator<Item = &Member> {
        self.joining.iter()
    }

    /// The next piece of at most `limit` changes (0: no limit), adds first, in the host's ids. Who has no link yet is
    /// left for later.
    pub(super) fn next_piece(&self, references: &References, limit: usize) -> MemberChanges {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let added =
            self.joining.iter().filter(|member| references.contains_key(*member)).take(limit);
        let added: BTreeSet<Member> = added.cloned().collect();
        let id = |member: &&Member| self.id_of(member, references).is_some();
        let removed = self.leaving.iter().filter(id).take(limit - added.len()).cloned().collect();
        MemberChanges { added, removed }
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
        MemberChanges {
            added: piece
                .added
                .iter()
                .filter_map(|member| translate(member, references.get(member)))
                .collect(),
            removed: piece
                .removed
                .iter()
                .filter_map(|member| translate(member, self.id_of(member, references)))
                .collect(),
        }
    }

    /// Under which id a member is in the group, as far as we know.
    fn id_of<'a>(&'a self, member: &Member, references: &'a References) -> Option<&'a RemoteId> {
        let known = self.confirmed.get(member).or_else(|| self.doubtful.get(member));
        known.or_else(|| references.get(member))
    }

    /// A request with this piece is about to be sent.
    pub(super) fn intend(&mut self, piece: &MemberChanges, references: &References) {
        for member in &piece.added {
            if let Some(id) = references.get(member) {
                self.doubtful.insert(member.clone(), id.clone());
            }
        }
        for member in &piece.removed {
            if let Some(id) = self.id_of(member, references).cloned() {
                self.doubtful.insert(member.clone(), id);
            }
        }
    }

    /// The target has taken this piece.
    pub(super) fn confirm(&mut self, piece: &MemberChanges) {
        for member in &piece.added {
            self.joining.remove(member);
            if let Some(id) = self.doubtful.remove(member) {
                self.confirmed.insert(member.clone(), id);
            }
        }
        for member in &piece.removed {
            self.leaving.remove(member);
            self.doubtful.remove(member);
            self.confirmed.remove(member);
        }
    }

    /// The target has surely not taken this piece; what was in doubt before stays so.
    pub(super) fn withdraw(&mut self, piece: &MemberChanges, doubtful_before: &BTreeSet<Member>) {
        for member in piece.added.iter().chain(&piece.removed) {
            if !doubtful_before.contains(member) {
                self.doubtful.remove(member);
            }
        }
    }

    /// Which of a piece are in doubt already.
    pub(super) fn doubtful_of(&self, piece: &MemberChanges) -> BTreeSet<Member> {
        let all = piece.added.iter().chain(&piece.removed);
        all.filter(|member| self.doubtful.contains_key(*member)).cloned().collect()
    }

    /// The group was created anew with this piece: nobody else is in it.
    pub(super) fn created_with(&mut self, piece: &MemberChanges) {
        self.confirm(piece);
        self.leaving.clear();
        self.doubtful.clear();
        self.whole = true;
    }

    /// The group at the target is gone, or is another one: who was in it may or may not be, and is added again.
    pub(super) fn lost(&mut self) {
        self.whole = false;
        for (member, id) in std::mem::take(&mut self.confirmed) {
            if !self.leaving.contains(&member) {
                self.joining.insert(member.clone());
            }
            self.doubtful.entry(member).or_insert(id);
        }
    }
}
