//! New resources, and what their answers show of a target.

use http::StatusCode;
use serde_json::Value;

use super::profile::{Asked, Lesson, Profile};
use super::protocol::{Answered, Created, Refused, created};
use super::target::{Sent, Target};
use crate::connector::{Lookup, PageRequest, Remote};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{AttributePath, RemoteId, Resource, ResourceKind, Secret};

impl Target {
    /// A user who can have no password there is created without: by the time of the answer the capabilities say so.
    pub(super) async fn create(
        &self,
        resource: &Resource,
        password: Option<&Secret>,
    ) -> Result<Remote> {
        let kind = resource.kind();
        self.ready().await?;
        self.has(kind)?;
        let mut trial = self.knowledge.trial();
        let password = password.filter(|_| kind == ResourceKind::User);
        let mut sent = Sent::of_several(several(resource)).with_password(password);
        let made = loop {
            let profile = trial.profile();
            let answer = self.try_create(&profile, resource, &mut sent).await;
            if let Err(refused) = &answer
                && let Some(error) = self.too_many(&profile, refused, members_of(resource))
            {
                return Err(error);
            }
            let wordless = answer.as_ref().is_err_and(Refused::may_be_a_conflict);
            let nowhere = answer.as_ref().is_err_and(Refused::is_nowhere);
            if nowhere
                && kind == ResourceKind::Group
                && profile.adapt
                && self.has_users_only().await
            {
                self.learn(Lesson::sure("groups", false, "users are there, and no groups"));
                return Err(Error::new(ErrorKind::Unsupported, "the target has no groups"));
            }
            match self.judge(trial, Asked::Create, kind, &sent, answer) {
                Ok(Ok(made)) => break made,
                Ok(Err(error)) if profile.adapt && wordless => {
                    return Err(self.taken(resource).await.unwrap_or(error));
                }
                Ok(Err(error)) => return Err(error),
                Err(again) => trial = again,
            }
        };
        self.knowledge.made_account(self.now());
        let asked_for = members_of(resource);
        let mut remote = made.remote;
        remote.again = self.only_one(&sent);
        let joined = self.knowledge.profile().members_on_create;
        if asked_for > 0 && (!joined || made.members.is_some_and(|shown| shown < asked_for)) {
            // They were not taken along, whatever the status said (`scim.md` 38): they follow by a change.
            if joined {
                let because = format!(
                    "a new group showed {} of its members",
                    made.members.unwrap_or_default()
                );
                self.learn(Lesson::sure("members_on_create", false, because));
            }
            remote.without_members = true;
        } else if asked_for > 0 && made.is_whole && made.members.is_none() && joined {
            remote.without_members = !self.shows_members(&remote.id, asked_for).await;
        } else if made.members.is_some_and(|shown| shown > 0) {
            self.shows("listed", "a new group showed its members");
        }
        if made.is_whole && remote.external_id.is_none() {
            self.look_for_our_id(kind, &mut remote).await;
        }
        if !made.is_new
            && remote.external_id.is_none()
            && self.knowledge.profile().keeps_external_id(kind)
        {
            // Some answer with an account that was there before: without our id it is not ours (P8).
            return Err(Error::new(
                ErrorKind::Conflict,
                "the target answered 200 with a resource that does not show our id",
            ));
        }
        Ok(remote)
    }

    /// A new group did not show its members. Once per target it is asked for them; where it does not show them then, they
    /// are added by a change from now on, which does no harm (`scim.md` 38).
    async fn shows_members(&self, id: &RemoteId, asked_for: usize) -> bool {
        if self.knowledge.is_known("members_readable") {
            return true;
        }
        let profile = self.knowledge.profile();
        // What cannot be read now is asked for with the next group.
        let Ok((group, _)) = self.fetch(&profile, ResourceKind::Group, id).await else {
            return false;
        };
        let shown = group.get("members").and_then(Value::as_array).map_or(0, Vec::len);
        if shown > 0 {
            self.shows("listed", "a group shows its members");
        }
        if shown < asked_for {
            let because = format!("a new group has {shown} of its members");
            self.learn(Lesson::sure("members_on_create", false, because));
        }
        shown >= asked_for
    }

    fn shows(&self, readable: &str, because: &str) {
        if !self.knowledge.is_known("members_readable") {
            self.knowledge.settle("members_readable", readable, because, self.now());
        }
    }

    async fn try_create(
        &self,
        profile: &Profile,
        resource: &Resource,
        sent: &mut Sent,
    ) -> Answered<Created> {
        let password = sent.password().filter(|_| profile.takes_passwords());
        let request = match resource {
            Resource::Group(group) if !profile.members_on_create && !group.members.is_empty() => {
                let mut group = group.clone();
                group.members.clear();
                self.writer(profile).create(&group.into(), None)?
            }
            resource => self.writer(profile).create(resource, password)?,
        };
        let response = self.exchange(request, sent).await?;
        match created(&response, &profile.conflict) {
            // Made, and not a word about which it is: whoever carries our id (F41).
            Err(refused)
                if profile.adapt
                    && response.status() == StatusCode::CREATED
                    && response.body().is_empty() =>
            {
                let lookup = Lookup::new(resource.kind(), resource.local_id(), "");
                let found = self.find(&lookup).await.unwrap_or_default();
                let mut ours = found
                    .into_iter()
                    .filter(|remote| remote.external_id.as_ref() == Some(resource.local_id()));
                match (ours.next(), ours.next()) {
                    (Some(remote), None) => {
                        Ok(Created { remote, is_new: true, is_whole: false, members: None })
                    }
                    _ => Err(refused),
                }
            }
            answer => answer,
        }
    }

    /// Whether the collection of users is there and that of groups is not: both are asked, as an address that is out of
    /// order answers 404 to everything.
    async fn has_users_only(&self) -> bool {
        let group = self.list(&PageRequest::first(ResourceKind::Group)).await;
        let no_groups = group.is_err_and(|error| {
            matches!(
                error.kind(),
                ErrorKind::InvalidResponse | ErrorKind::NotFound | ErrorKind::Unsupported
            )
        });
        no_groups && self.list(&PageRequest::first(ResourceKind::User)).await.is_ok()
    }

    /// Some refuse a name that is taken without saying so (`scim.md` 16): whether it is, they are asked.
    async fn taken(&self, resource: &Resource) -> Option<Error> {
        let lookup = Lookup::new(resource.kind(), resource.local_id(), resource.name());
        // What cannot be asked explains nothing: the refusal stands.
        let found = self.find(&lookup).await.unwrap_or_default();
        let message = "the target refused it, and has such a resource already";
        (!found.is_empty()).then(|| Error::new(ErrorKind::Conflict, message))
    }

    /// Attributes of which the target kept one value where several were sent: that is learnt, and they are sent again, the
    /// preferred value alone (`scim.md` 42).
    pub(super) fn only_one(&self, sent: &Sent) -> Vec<AttributePath> {
        let mut single = self.knowledge.profile().single_valued.clone();
        let new: Vec<&str> =
            sent.single().filter(|name| !single.iter().any(|known| known == name)).collect();
        if new.is_empty() {
            return Vec::new();
        }
        single.extend(new.iter().map(|name| (*name).to_owned()));
        self.learn(Lesson::sure("single_valued", single, "it kept one value of several"));
        new.into_iter().map(AttributePath::new).collect()
    }

    /// The answer to a create did not show our id: once per target it is asked whether the resource does (P8.6).
    async fn look_for_our_id(&self, kind: ResourceKind, remote: &mut Remote) {
        let field = match kind {
            ResourceKind::User => "user_external_id",
            ResourceKind::Group => "group_external_id",
        };
        if self.knowledge.is_settled(field) {
            return;
        }
        let profile = self.knowledge.profile();
        // What cannot be read now proves nothing, and the account is made: the next create asks again.
        let Ok((shown, _)) = self.fetch(&profile, kind, &remote.id).await else { return };
        let own = shown.get("externalId").and_then(Value::as_str);
        let kept = own.is_some_and(|own| !own.is_empty());
        remote.external_id = own.filter(|_| kept).map(Into::into);
        self.knowledge.settle(field, kept, "what a new resource shows of our id", self.now());
    }
}

/// Multi-valued attributes with several values.
pub(super) fn several(resource: &Resource) -> Vec<&'static str> {
    let Resource::User(user) = resource else { return Vec::new() };
    let counts = [
        ("emails", user.emails.len()),
        ("phoneNumbers", user.phone_numbers.len()),
        ("ims", user.ims.len()),
        ("photos", user.photos.len()),
        ("addresses", user.addresses.len()),
        ("entitlements", user.entitlements.len()),
        ("roles", user.roles.len()),
        ("x509Certificates", user.x509_certificates.len()),
    ];
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect()
}

fn members_of(resource: &Resource) -> usize {
    resource.members().len()
}
