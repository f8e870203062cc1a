//! Passwords on their way: sealed when they are accepted, opened right before they are sent.

use super::attempt::Work;
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::terms::takes;
use crate::delivery::{LaneRecord, Step};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Cause, Event, EventChange, EventId, LaneKey, PasswordPolicy, Passwords, Problems, ResourceKind,
    Secret, Target,
};
use crate::seal::{NO_RANDOM_PASSWORDS, random_password};

/// Whether a target is given the password of an event, where the user is there already or is not.
pub(super) fn is_wanted(
    snapshot: &Snapshot,
    target: &Target,
    event: &Event,
    is_there: bool,
) -> bool {
    let policy = snapshot.configuration.settings(target).map(|settings| settings.passwords.policy);
    match policy.unwrap_or_default() {
        PasswordPolicy::Never | PasswordPolicy::InitialRandom => false,
        PasswordPolicy::FromEvent => {
            !is_there && matches!(event.change, EventChange::Created(_) | EventChange::Assigned(_))
        }
        PasswordPolicy::Sync => true,
    }
}

/// Notes what stands in the way of a target's passwords.
pub(super) fn check(passwords: Passwords, seals: bool, path: &str, problems: &mut Problems) {
    let complaint = match passwords.policy {
        PasswordPolicy::InitialRandom => NO_RANDOM_PASSWORDS,
        policy if policy.keeps() && !seals => {
            Some("passwords are kept only sealed; give the dispatcher keys to seal with")
        }
        _ => None,
    };
    if let Some(complaint) = complaint {
        problems.note(format!("{path}.passwords.policy"), complaint);
    }
}

impl Shared {
    /// Keeps an event's password at a lane, sealed.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when there are no keys to seal it with.
    pub(super) fn keep_password(
        &self,
        key: &LaneKey,
        record: &mut LaneRecord,
        event: EventId,
        password: &Secret,
    ) -> Result<()> {
        let Some(keys) = &self.sealing else {
            let message = "a password is kept only sealed; give the dispatcher keys to seal with";
            return Err(Error::new(ErrorKind::Configuration, message));
        };
        let sealed = keys.seal_secret(password, &context(key))?;
        record.keep_password(event, sealed);
        Ok(())
    }
}

impl Work<'_> {
    /// The password that goes with a step, if one does.
    pub(super) fn password(&self, step: &Step) -> Result<Option<Secret>> {
        let is_create = matches!(step, Step::Create { .. });
        if takes(step, &self.row.record.lane).is_some() {
            // Nobody keeps access because a password is refused, or cannot be opened: it comes after that.
            return Ok(None);
        }
        if !is_create && !matches!(step, Step::Update { .. }) || !self.capabilities.passwords {
            return Ok(None);
        }
        if let Some(sealed) = self.row.record.lane.password() {
            let Some(keys) = &self.shared.sealing else {
                let message =
                    "a password waits sealed; give the dispatcher the keys that it was sealed with";
                return Err(Error::new(ErrorKind::Configuration, message));
            };
            return keys.open_secret(sealed, &context(&self.row.key)).map(Some);
        }
        if self.makes_up_password(step) {
            let Passwords { length, symbols, .. } = self.passwords();
            return random_password(length, symbols).map(Some);
        }
        Ok(None)
    }

    /// Whether a password is to be made up for a step.
    pub(super) fn makes_up_password(&self, step: &Step) -> bool {
        matches!(step, Step::Create { .. })
            && self.row.key.resource.kind == ResourceKind::User
            && self.passwords().policy == PasswordPolicy::InitialRandom
    }

    fn passwords(&self) -> Passwords {
        let settings = self.snapshot.configuration.settings(&self.row.key.target);
        settings.map(|settings| settings.passwords).unwrap_or_default()
    }

    /// The target is not given people's passwords any more (P19): what waits is forgotten.
    pub(super) fn forget_unwanted_password(&mut self) {
        let policy = self.passwords().policy;
        // Who has an account keeps the password that it has. One that was made just now, without the password, lacks it.
        let is_late = policy == PasswordPolicy::FromEvent
            && self.row.record.account().is_some()
            && !self.has_created;
        if !policy.keeps() || is_late {
            self.row.record.lane.shred_password();
        }
    }

    /// Nothing is left to do: a password that still waits is forgotten, as it is of no use to keep what the target cannot
    /// have. Who is switched off comes back, so theirs is kept. Answers whether the target is to have one that it cannot
    /// have.
    pub(super) fn settle_password(&mut self) -> bool {
        let lane = &mut self.row.record.lane;
        let is_off = lane.leaves() == Some(Cause::Disabled);
        if is_off && self.capabilities.passwords {
            return false;
        }
        let is_to_be_there = is_off || lane.leaves().is_none();
        lane.shred_password() && is_to_be_there
    }
}

/// Whose it is, and where it goes: it opens nowhere else.
fn context(key: &LaneKey) -> Vec<u8> {
    let parts = [
        key.resource.organization.as_str(),
        key.resource.id.as_str(),
        key.target.connection.as_str(),
        key.target.connector.as_str(),
    ];
    // Lengths in front, so that no two lanes' contexts are the same (F108).
    let part = |part: &str| [&part.len().to_be_bytes()[..], part.as_bytes()].concat();
    parts.map(part).concat()
}
