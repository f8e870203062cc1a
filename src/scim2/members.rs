//! Who comes into groups, and who leaves them.

use serde_json::{Map, Value, json};

use super::edit::Place;
use super::profile::{Asked, Lesson, MembersPatch, MembersReadable, Profile, UpdateMethod};
use super::protocol::{Answered, Refused, apply_members, replace_members, updated};
use super::target::{Sent, Target};
use crate::connector::Remote;
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{MemberChanges, RemoteId, ResourceKind};

impl Target {
    pub(super) async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
    ) -> Result<Remote> {
        self.ready().await?;
        self.has(ResourceKind::Group)?;
        let mut trial = self.knowledge.trial();
        let mut sent = Sent::default();
        loop {
            let profile = trial.profile();
            let answer = self.try_members(&profile, id, changes, &mut sent).await;
            if let Err(refused) = &answer
                && let Some(error) = self.too_many(&profile, refused, changes.len())
            {
                return Err(error);
            }
            match self.judge(trial, Asked::ChangeMembers, ResourceKind::Group, &sent, answer) {
                Ok(result) => return result,
                Err(again) => trial = again,
            }
        }
    }

    async fn try_members(
        &self,
        profile: &Profile,
        id: &RemoteId,
        changes: &MemberChanges,
        sent: &mut Sent,
    ) -> Answered<Remote> {
        let kind = ResourceKind::Group;
        let by_put = profile.members_patch == MembersPatch::None
            || matches!(profile.group_update, UpdateMethod::Put | UpdateMethod::PatchActiveOnly);
        let place = Place { kind, id, version: None };
        if by_put {
            // A list that is not shown cannot be written back with a change: it would be the end of everybody else.
            let found = self.fetch(profile, kind, id).await?;
            self.shows_everybody(profile, &found.0)?;
            let change = |group: &mut Map<String, Value>| apply_members(profile, group, changes);
            return self.put_read(profile, place, change, found, sent).await;
        }
        if profile.members_patch == MembersPatch::Replace {
            let (mut group, version) = self.fetch(profile, kind, id).await?;
            self.shows_everybody(profile, &group)?;
            apply_members(profile, &mut group, changes);
            let members = group.remove("members").unwrap_or_else(|| json!([]));
            let operations = replace_members(profile, members);
            let request = self.writer(profile).patch(kind, id, version.as_deref(), &operations)?;
            return updated(&self.exchange(request, sent).await?, &profile.conflict, id);
        }
        let pieces = pieces(profile, changes);
        let mut remote = Remote::of(id.clone());
        for (number, piece) in pieces.iter().enumerate() {
            remote = self.patch(profile, place, piece, sent).await.map_err(|refused| {
                // What went before it was done: the whole is in doubt, and repeating it is harmless.
                if number == 0 { refused } else { refused.with_effect(Effect::Unknown) }
            })?;
        }
        Ok(remote)
    }

    fn shows_everybody(&self, profile: &Profile, group: &Map<String, Value>) -> Result<()> {
        let is_listed = profile.members_readable == MembersReadable::Listed;
        let shows = match group.get("members") {
            Some(Value::Array(members)) if !members.is_empty() => is_listed,
            _ => is_listed && self.knowledge.is_settled("members_readable"),
        };
        if shows {
            return Ok(());
        }
        let message = "the target takes whole lists of members and does not show who is in the group; if it does, set members_readable to listed in the profile";
        Err(Error::new(ErrorKind::Unsupported, message))
    }

    /// A refusal of too many members: the next piece is half as large (`scim.md` 19).
    pub(super) fn too_many(
        &self,
        profile: &Profile,
        refused: &Refused,
        members: usize,
    ) -> Option<Error> {
        if members < 2 || !refused.is_too_much() {
            return None;
        }
        let most = members / 2;
        let limit = profile.max_members_per_request;
        if limit == 0 || most < limit {
            let because = format!("it refused {members} members in one request");
            self.learn(Lesson::sure("max_members_per_request", most, because));
        }
        let message = format!("the target does not take {members} members in one request");
        Some(Error::new(ErrorKind::TooLarge, message))
    }

    pub(super) fn has(&self, kind: ResourceKind) -> Result<()> {
        if kind == ResourceKind::Group && !self.knowledge.profile().groups {
            return Err(Error::new(ErrorKind::Unsupported, "the target has no groups"));
        }
        Ok(())
    }
}

/// A change of members in the pieces that one request may hold.
fn pieces(profile: &Profile, changes: &MemberChanges) -> Vec<MemberChanges> {
    let removals = match profile.max_removals_per_request {
        0 => usize::MAX,
        most => most,
    };
    if (profile.members_mixable || changes.added.is_empty() || changes.removed.is_empty())
        && changes.removed.len() <= removals
    {
        return vec![changes.clone()];
    }
    let mut pieces = Vec::new();
    if !changes.added.is_empty() {
        pieces.push(MemberChanges::new(changes.added.iter().cloned(), []));
    }
    let mut removed = changes.removed.iter().cloned().peekable();
    while removed.peek().is_some() {
        pieces.push(MemberChanges::new([], removed.by_ref().take(removals)));
    }
    pieces
}
