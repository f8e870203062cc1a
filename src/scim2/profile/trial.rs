//! One call under what is known of a target: where a refusal may mean that the target speaks another dialect, the call
//! is written anew, and what helped is learnt (`scim.md` 34, 4.6).

use std::sync::Arc;

use serde_json::Value;

use super::fields::Profile;
use crate::error::{Effect, Error, ErrorKind};

/// Requests that one call may send in other words after it was refused. Each lesson is paid for once per target.
const MOST_TRIES: usize = 8;

/// What a refusal may mean: a field of the profile that holds something else.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lesson {
    /// The field.
    pub(crate) field: String,
    /// What it holds then.
    pub(crate) value: Value,
    /// What suggests it, for an administrator.
    pub(crate) because: String,
    /// Whether the refusal leaves no doubt; else it is learnt only if it helps.
    pub(crate) sure: bool,
}

impl Lesson {
    pub(crate) fn sure(
        field: impl Into<String>,
        value: impl Into<Value>,
        because: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), value: value.into(), because: because.into(), sure: true }
    }

    pub(crate) fn guess(
        field: impl Into<String>,
        value: impl Into<Value>,
        because: impl Into<String>,
    ) -> Self {
        Self { sure: false, ..Self::sure(field, value, because) }
    }
}

/// What tells one refusal from another.
pub(super) type Sign = (u16, Option<&'static str>, Option<String>);

/// The tries of one call.
#[derive(Debug)]
pub(crate) struct Trial {
    /// What is believed now.
    profile: Arc<Profile>,
    /// What is kept of what was tried: the sure lessons, and the guesses that changed the answer.
    kept: Vec<Lesson>,
    /// Guesses not yet tried for the present refusal.
    open: Vec<Lesson>,
    /// The guess that is being tried, and what was believed before it.
    tried: Option<(Lesson, Arc<Profile>)>,
    /// Everything that was ever tried here.
    seen: Vec<(String, Value)>,
    last: Option<Sign>,
    /// How the call was refused last in the target's own words.
    error: Option<Error>,
    /// What one of the tries did is not known.
    is_doubtful: bool,
    tries: usize,
    /// Guesses that did not help.
    vain: Vec<Lesson>,
}

impl Trial {
    pub(crate) fn new(profile: Arc<Profile>) -> Self {
        Self {
            profile,
            kept: Vec::new(),
            open: Vec::new(),
            tried: None,
            seen: Vec::new(),
            last: None,
            error: None,
            is_doubtful: false,
            tries: 0,
            vain: Vec::new(),
        }
    }

    pub(crate) fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.profile)
    }

    /// Takes in a refusal and what it may mean. Answers whether the call is worth another try, under another profile.
    pub(crate) fn refused(&mut self, sign: Sign, error: &Error, lessons: Vec<Lesson>) -> bool {
        self.is_doubtful |= error.effect() == Effect::Unknown;
        self.error = Some(error.clone());
        let is_new = self.last.as_ref() != Some(&sign);
        if let Some((guess, before)) = self.tried.take() {
            if is_new {
                // Another refusal than before: this much was understood.
                self.kept.push(guess);
            } else {
                self.profile = before;
                self.vain.push(guess);
            }
        }
        if is_new {
            self.open.clear();
        }
        self.last = Some(sign);
        for lesson in lessons {
            let known = (lesson.field.clone(), lesson.value.clone());
            let believed = self.profile.value(&lesson.field).as_ref() == Some(&lesson.value);
            if believed || self.seen.contains(&known) {
                continue;
            }
            self.seen.push(known);
            self.open.push(lesson);
        }
        if self.tries >= MOST_TRIES || self.open.is_empty() {
            return false;
        }
        self.tries += 1;
        let place = self.open.iter().position(|lesson| lesson.sure).unwrap_or_default();
        let lesson = self.open.remove(place);
        let before = Arc::clone(&self.profile);
        // A lesson that does not fit the field would be a defect; it then changes nothing and is tried in vain.
        let _ = Arc::make_mut(&mut self.profile).set(&lesson.field, &lesson.value);
        if lesson.sure {
            self.kept.push(lesson);
        } else {
            self.tried = Some((lesson, before));
        }
        true
    }

    /// The call succeeded: what was learnt on the way.
    pub(crate) fn succeeded(mut self) -> Vec<Lesson> {
        self.kept.extend(self.tried.take().map(|(guess, _)| guess));
        self.kept
    }

    /// Why the call failed, when its last try ended like this: a guess that leads nowhere explains nothing, unless what
    /// it sent may have landed.
    pub(crate) fn explains(&mut self, error: Error) -> Error {
        let says_little = matches!(
            error.kind(),
            ErrorKind::Rejected | ErrorKind::Unsupported | ErrorKind::InvalidResponse
        );
        let explained = match self.error.take() {
            Some(refusal) if says_little && error.effect() != Effect::Unknown => refusal,
            _ => error,
        };
        // One try whose effect is not known leaves the whole call in doubt.
        if self.is_doubtful { explained.with_effect(Effect::Unknown) } else { explained }
    }

    /// The call ended with something that passes: only what is sure is learnt.
    pub(crate) fn interrupted(self) -> Vec<Lesson> {
        self.kept.into_iter().filter(|lesson| lesson.sure).collect()
    }

    /// The call failed for good: only what is sure is learnt. And what was guessed in vain.
    pub(crate) fn failed(self) -> (Vec<Lesson>, Vec<Lesson>) {
        let vain = self.vain.into_iter().chain(self.tried.map(|(guess, _)| guess)).collect();
        (self.kept.into_iter().filter(|lesson| lesson.sure).collect(), vain)
    }
}
