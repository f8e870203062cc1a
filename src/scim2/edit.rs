//! PATCH, and what follows when it is refused over what the target has now.

use serde_json::{Map, Value};

use super::profile::{Lesson, MembersReadable, Profile};
use super::protocol::{
    Answered, Refused, fetched, member_operations, members_left, resource_operations, updated,
    version_of, without_absent,
};
use super::target::{Sent, Target, is_passing};
use crate::connector::Remote;
use crate::error::Effect;
use crate::model::{Difference, MemberChanges, RemoteId, ResourceKind};

/// So often a target must refuse the version that it shows before it counts as one that knows no versions.
const OFTEN: u32 = 3;

/// What a PATCH changes.
pub(super) trait Edit: Clone + PartialEq + Send + Sync {
    fn operations(&self, profile: &Profile) -> Vec<Value>;

    /// What of it is left to do in a resource as it is now.
    fn left(&self, current: &Map<String, Value>) -> Self;

    fn is_nothing(&self) -> bool;
}

impl Edit for Difference {
    fn operations(&self, profile: &Profile) -> Vec<Value> {
        resource_operations(profile, self)
    }

    fn left(&self, current: &Map<String, Value>) -> Self {
        let left = without_absent(self, current);
        let mut after = current.clone();
        left.apply(&mut after);
        if after == *current { Self::default() } else { left }
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Edit for MemberChanges {
    fn operations(&self, profile: &Profile) -> Vec<Value> {
        member_operations(profile, self)
    }

    fn left(&self, current: &Map<String, Value>) -> Self {
        members_left(current, self)
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// A resource that is changed: which, and the version that is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) kind: ResourceKind,
    pub(super) id: &'a RemoteId,
    pub(super) version: Option<&'a str>,
}

impl Target {
    /// PATCH. Where it is refused because the resource is not what we think it is, it is read, and what is left to do is
    /// sent once more (RFC 7644 section 3.5.2.2, `scim.md` 18 and 36).
    pub(super) async fn patch<E: Edit>(
        &self,
        profile: &Profile,
        place: Place<'_>,
        edit: &E,
        sent: &mut Sent,
    ) -> Answered<Remote> {
        let Place { kind, id, version } = place;
        let request = self.writer(profile).patch(kind, id, version, &edit.operations(profile))?;
        let answer = updated(&self.exchange(request, sent).await?, &profile.conflict, id);
        let Err(refused) = answer else { return answer };
        let is_first = !std::mem::replace(&mut sent.has_looked, true);
        let looks = refused.is_no_target()
            || refused.wants_version()
            || (refused.may_be_needless() && profile.adapt && is_first);
        if !looks {
            return Err(refused);
        }
        let (current, now) = match self.fetch_within(profile, kind, id, sent).await {
            Ok(found) => found,
            Err(other) if is_passing(&other.error) => return Err(other),
            // It was not the reading that was to be done.
            Err(_) => return Err(refused),
        };
        // Some groups show nobody: there only the target's own word says that somebody is not in it.
        let shows = kind == ResourceKind::User
            || current.contains_key("members")
            || (refused.is_no_target() && profile.members_readable == MembersReadable::Listed);
        let left = if shows { edit.left(&current) } else { edit.clone() };
        if left.is_nothing() {
            let mut remote = Remote::of(id.clone());
            remote.version = now;
            return Ok(remote);
        }
        let (profile, tag) = if refused.wants_version() {
            match self.versioned(profile, version, now) {
                Some(versioned) => versioned,
                None => return Err(refused),
            }
        } else if left == *edit {
            return Err(refused);
        } else {
            (profile.clone(), now)
        };
        let operations = left.operations(&profile);
        let request = self.writer(&profile).patch(kind, id, tag.as_deref(), &operations)?;
        updated(&self.exchange(request, sent).await?, &profile.conflict, id)
    }

    /// PUT of what was read with changes made, so that what the target or others added survives. Where it changed since,
    /// it is read and changed once more.
    pub(super) async fn put(
        &self,
        profile: &Profile,
        place: Place<'_>,
        change: impl Fn(&mut Map<String, Value>) + Send + Sync,
        sent: &mut Sent,
    ) -> Answered<Remote> {
        let found = self.fetch_within(profile, place.kind, place.id, sent).await?;
        self.put_read(profile, place, change, found, sent).await
    }

    /// The same, of what was just read.
    pub(super) async fn put_read(
        &self,
        profile: &Profile,
        place: Place<'_>,
        change: impl Fn(&mut Map<String, Value>) + Send + Sync,
        (mut resource, version): (Map<String, Value>, Option<String>),
        sent: &mut Sent,
    ) -> Answered<Remote> {
        let Place { kind, id, .. } = place;
        without_password(&mut resource);
        change(&mut resource);
        let request = self.writer(profile).put(kind, id, version.as_deref(), resource)?;
        let answer = updated(&self.exchange(request, sent).await?, &profile.conflict, id);
        let Err(refused) = answer else { return answer };
        if !refused.wants_version() {
            return Err(refused);
        }
        let (mut resource, now) = self.fetch_within(profile, kind, id, sent).await?;
        without_password(&mut resource);
        change(&mut resource);
        let Some((profile, tag)) = self.versioned(profile, version.as_deref(), now) else {
            return Err(refused);
        };
        let request = self.writer(&profile).put(kind, id, tag.as_deref(), resource)?;
        updated(&self.exchange(request, sent).await?, &profile.conflict, id)
    }

    /// What to send after a version was refused, or one was missed: none where it leads nowhere. A target that refuses the
    /// version that it shows itself knows no versions, whatever it says.
    fn versioned(
        &self,
        profile: &Profile,
        refused: Option<&str>,
        now: Option<String>,
    ) -> Option<(Profile, Option<String>)> {
        let mut profile = profile.clone();
        if !profile.etag || refused.is_none() {
            now.as_ref()?;
            if !profile.etag {
                profile.etag = true;
                self.learn(Lesson::sure("etag", true, "it takes no change without a version"));
            }
            return Some((profile, now));
        }
        if now.as_deref() != refused {
            return Some((profile, now));
        }
        // What was read may come from a copy that lags: only after a few times is it believed.
        if self.knowledge.seen_again("412 to the version that it shows", self.now()) < OFTEN {
            return None;
        }
        self.learn(Lesson::sure("etag", false, "it refuses the version that it shows itself"));
        profile.etag = false;
        Some((profile, None))
    }

    /// What the target has, to be written back with changes. Reading does nothing, so it is never in doubt.
    pub(super) async fn fetch(
        &self,
        profile: &Profile,
        kind: ResourceKind,
        id: &RemoteId,
    ) -> Answered<(Map<String, Value>, Option<String>)> {
        self.fetch_within(profile, kind, id, &Sent::default()).await
    }

    /// The same within a call that may set a password.
    pub(super) async fn fetch_within(
        &self,
        profile: &Profile,
        kind: ResourceKind,
        id: &RemoteId,
        sent: &Sent,
    ) -> Answered<(Map<String, Value>, Option<String>)> {
        let request = self.writer(profile).get(kind, id)?;
        let answer = async {
            let response = self.send_hiding(request, sent.password()).await?;
            let resource = fetched(&response, id)?;
            let version = version_of(&resource, &response);
            Ok((resource, version))
        }
        .await;
        answer.map_err(|refused: Refused| Refused {
            error: match refused.error.effect() {
                Effect::Unknown => refused.error.with_effect(Effect::NotSent),
                _ => refused.error,
            },
            // It was not the change that was refused.
            told: None,
        })
    }
}

/// Some show what stands for the password; written back, it would become the password.
fn without_password(resource: &mut Map<String, Value>) {
    resource.retain(|name, _| !name.eq_ignore_ascii_case("password"));
}
