//! Changes of resources, and their end.

use serde_json::{Map, Value};

use super::create::several;
use super::edit::Place;
use super::profile::{Asked, Deactivation, MembersReadable, Profile, Reactivation, UpdateMethod};
use super::protocol::{Answered, Fitted, deleted, fit_update, needs_whole_lists, with_whole_lists};
use super::target::{Sent, Target};
use crate::connector::{Remote, Update};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AttributePath, Change, Difference, RemoteId, Resource, ResourceKind, Secret};

/// RFC 7643 section 4.1.1.
const PASSWORD: &str = "password";

impl Target {
    pub(super) async fn update(
        &self,
        id: &RemoteId,
        update: &Update<'_>,
        password: Option<&Secret>,
    ) -> Result<Remote> {
        let kind = update.wanted.kind();
        self.ready().await?;
        self.has(kind)?;
        let mut trial = self.knowledge.trial();
        let password = password.filter(|_| kind == ResourceKind::User);
        let mut sent = Sent::of_several(changed_several(update)).with_password(password);
        loop {
            let answer = self.try_update(&trial.profile(), id, update, &mut sent).await;
            match self.judge(trial, Asked::Update, kind, &sent, answer) {
                Ok(Ok(mut remote)) => {
                    remote.again = self.only_one(&sent);
                    return Ok(remote);
                }
                Ok(Err(error)) => return Err(error),
                Err(again) => trial = again,
            }
        }
    }

    async fn try_update(
        &self,
        profile: &Profile,
        id: &RemoteId,
        update: &Update<'_>,
        sent: &mut Sent,
    ) -> Answered<Remote> {
        let kind = update.wanted.kind();
        let place = Place { kind, id, version: update.version };
        let Fitted { mut difference, mut fixed } = fit_update(profile, update)?;
        if let Some(password) = sent.password() {
            let path = AttributePath::new(PASSWORD);
            if profile.changes_passwords() {
                // From here on it is an attribute like any other: by every way a change can be made, it goes along.
                let password = Change::Set(password.expose().into());
                difference = and(&difference, path, password);
            } else {
                fixed.push(path);
            }
        }
        let mut remote = if difference.is_empty() {
            // Nothing that the target can hold: no request at all (`scim.md` 36).
            let mut remote = Remote::of(id.clone());
            remote.version = update.version.map(str::to_owned);
            remote
        } else {
            self.change(profile, place, update.wanted, &difference, sent).await?
        };
        remote.fixed = fixed;
        Ok(remote)
    }

    async fn change(
        &self,
        profile: &Profile,
        place: Place<'_>,
        wanted: &Resource,
        difference: &Difference,
        sent: &mut Sent,
    ) -> Answered<Remote> {
        match how(profile, place.kind, difference) {
            UpdateMethod::None => {
                let message = format!("the target does not let a {} be changed", place.kind);
                Err(Error::new(ErrorKind::Unsupported, message).into())
            }
            UpdateMethod::Put | UpdateMethod::PatchActiveOnly => {
                if place.kind == ResourceKind::Group
                    && profile.members_readable == MembersReadable::No
                {
                    let message =
                        "the target takes whole groups only and does not show who is in them";
                    return Err(Error::new(ErrorKind::Unsupported, message).into());
                }
                let own = wanted.local_id().as_str();
                let change = |resource: &mut Map<String, Value>| {
                    difference.apply(resource);
                    if let Resource::User(user) = wanted {
                        // A PUT that leaves it out may switch the account on again.
                        resource.insert("active".to_owned(), user.active.into());
                    }
                    if !own.is_empty() && profile.keeps_external_id(place.kind) {
                        // Some keep it and do not show it: left out, it would be gone (P8).
                        resource.entry("externalId").or_insert_with(|| own.into());
                    }
                };
                self.put(profile, place, change, sent).await
            }
            UpdateMethod::Patch | UpdateMethod::PutAndPatch => {
                if !needs_whole_lists(profile, difference) {
                    return self.patch(profile, place, difference, sent).await;
                }
                let (current, _) = self.fetch_within(profile, place.kind, place.id, sent).await?;
                let whole = with_whole_lists(difference, &current);
                self.patch(profile, place, &whole, sent).await
            }
        }
    }

    pub(super) async fn delete(&self, id: &RemoteId, kind: ResourceKind) -> Result<()> {
        self.ready().await?;
        self.has(kind)?;
        let mut trial = self.knowledge.trial();
        let mut sent = Sent::default();
        loop {
            let profile = trial.profile();
            if profile.refuses_delete(kind) {
                self.knowledge.learn(trial.succeeded(), self.now());
                return self.switch_off(id, kind).await;
            }
            let answer = self.try_delete(&trial.profile(), id, kind, &mut sent).await;
            match self.judge(trial, Asked::Delete, kind, &sent, answer) {
                Ok(result) => {
                    if result.is_ok() && kind == ResourceKind::User {
                        self.knowledge.deleted(id);
                    }
                    return result;
                }
                Err(again) => trial = again,
            }
        }
    }

    async fn try_delete(
        &self,
        profile: &Profile,
        id: &RemoteId,
        kind: ResourceKind,
        sent: &mut Sent,
    ) -> Answered<()> {
        let request = self.writer(profile).delete(kind, id, None)?;
        let answer = deleted(&self.exchange(request, sent).await?);
        let Err(refused) = answer else { return answer };
        if !refused.wants_version() {
            return Err(refused);
        }
        // Some take nothing without a version.
        let (_, version) = self.fetch(profile, kind, id).await?;
        let versioned = Profile { etag: true, ..profile.clone() };
        let request = self.writer(&versioned).delete(kind, id, version.as_deref())?;
        deleted(&self.exchange(request, sent).await?)
    }

    /// The most that a target can do which refuses DELETE: nobody signs in with the account any more (`scim.md` 40).
    async fn switch_off(&self, id: &RemoteId, kind: ResourceKind) -> Result<()> {
        if kind == ResourceKind::Group {
            let message = "the target does not let groups be deleted; empty and remove it there";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let off = Change::Set(false.into());
        let difference: Difference = [(AttributePath::new("active"), off)].into_iter().collect();
        let place = Place { kind, id, version: None };
        let mut trial = self.knowledge.trial();
        let mut sent = Sent::default();
        loop {
            let profile = trial.profile();
            if profile.deactivate == Deactivation::Unsupported {
                let message = "the target lets accounts neither be deleted nor switched off";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            let answer = match how(&profile, kind, &difference) {
                UpdateMethod::Put | UpdateMethod::PatchActiveOnly | UpdateMethod::None => {
                    let change = |resource: &mut Map<String, Value>| difference.apply(resource);
                    self.put(&profile, place, change, &mut sent).await
                }
                UpdateMethod::Patch | UpdateMethod::PutAndPatch => {
                    self.patch(&profile, place, &difference, &mut sent).await
                }
            };
            match self.judge(trial, Asked::Update, kind, &sent, answer) {
                Ok(result) => {
                    if result.is_ok() {
                        self.knowledge.deleted(id);
                    }
                    return result.map(drop);
                }
                Err(again) => trial = again,
            }
        }
    }
}

/// The same difference, with one more change.
fn and(difference: &Difference, path: AttributePath, change: Change) -> Difference {
    let changes = difference.iter().map(|(path, change)| (path.clone(), change.clone()));
    changes.chain([(path, change)]).collect()
}

/// Of the multi-valued attributes with several values, those that a change adds to.
fn changed_several(update: &Update<'_>) -> Vec<&'static str> {
    let adds = |name: &&'static str| {
        update.difference.iter().any(|(path, change)| {
            let adds = match change {
                Change::Values { added, .. } => !added.is_empty(),
                Change::Set(value) => value.is_array(),
                Change::Clear => false,
            };
            adds && path.schema.is_none() && path.attribute == **name
        })
    };
    several(update.wanted).into_iter().filter(adds).collect()
}

/// How this change of this kind is made.
fn how(profile: &Profile, kind: ResourceKind, difference: &Difference) -> UpdateMethod {
    let is_active = |path: &AttributePath| path.attribute == "active" && path.schema.is_none();
    let only_active = difference.iter().all(|(path, _)| is_active(path));
    let switches_on = difference
        .iter()
        .any(|(path, change)| is_active(path) && *change == Change::Set(true.into()));
    match profile.update(kind) {
        UpdateMethod::PatchActiveOnly if only_active => UpdateMethod::Patch,
        UpdateMethod::Patch | UpdateMethod::PutAndPatch
            if switches_on && profile.reactivate == Reactivation::Put =>
        {
            UpdateMethod::Put
        }
        method => method,
    }
}
