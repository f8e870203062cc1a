//! What is known of one target, how long it holds, and what is new of it for the store.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::profile::{LARGEST_DESCRIPTION, Layer, Layers, Lesson, Profile, Source, Trial};
use crate::model::{Fact, RemoteId, Timestamp};

/// So long a target's description of itself is believed (`scim.md` 22).
const DESCRIBED_FOR: Duration = Duration::from_secs(24 * 3600);
/// A target is not asked again sooner, whatever it refuses.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(3600);
/// So long a lesson is believed, and a guess that did not help is remembered: servers get better.
const LEARNT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// A guess that helped so often not is not tried again.
const VAIN_ENOUGH: u32 = 3;
/// Deleted accounts that are remembered, to see whether they are only switched off.
const DELETED: usize = 1_000;

/// The name under which a target's description of itself is kept.
const DESCRIPTION: &str = "description";
/// The name under which it is kept that accounts of ours were made.
const ACCOUNTS: &str = "accounts";

/// All that is known, behind a lock that is never held over a request.
pub(super) struct Knowledge(Mutex<Known>);

/// Shows what is known of, and not what: a target's words may hold anything.
impl fmt::Debug for Knowledge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.lock();
        let fields: Vec<&str> = Profile::FIELDS
            .iter()
            .copied()
            .filter(|field| known.layers.source(field) != Source::Assumed)
            .collect();
        f.debug_tuple("Knowledge").field(&fields).finish()
    }
}

struct Known {
    layers: Layers,
    profile: Arc<Profile>,
    /// When the target described itself last, or was asked in vain.
    described: Option<Timestamp>,
    /// It contradicted what it had said of itself.
    is_stale: bool,
    /// What suggested a lesson, and when.
    evidence: BTreeMap<String, (String, Timestamp)>,
    /// How often a guess did not help, and when last.
    vain: HashMap<(String, String), (u32, Timestamp)>,
    news: Vec<Fact>,
    /// We have made accounts there.
    has_accounts: bool,
    deleted: Vec<RemoteId>,
}

/// One field with where it comes from, for an administrator.
#[derive(Debug)]
pub(super) struct KnownField {
    pub(super) field: &'static str,
    pub(super) value: Value,
    pub(super) source: Source,
    pub(super) because: Option<String>,
}

impl Knowledge {
    pub(super) fn new(vendor: Layer, set: Layer) -> Self {
        let layers = Layers { vendor, set, ..Layers::default() };
        let profile = Arc::new(layers.merged());
        Self(Mutex::new(Known {
            layers,
            profile,
            described: None,
            is_stale: false,
            evidence: BTreeMap::new(),
            vain: HashMap::new(),
            news: Vec::new(),
            has_accounts: false,
            deleted: Vec::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.lock().profile)
    }

    /// The tries of a call begin with what is known now.
    pub(super) fn trial(&self) -> Box<Trial> {
        Box::new(Trial::new(self.profile()))
    }

    /// Takes in what earlier connectors of this target learnt. What is too old, or not readable any more, is forgotten.
    pub(super) fn recall(&self, facts: &[Fact], now: Timestamp) {
        let mut known = self.lock();
        for fact in facts {
            let age = now.since(fact.at);
            match fact.name.as_str() {
                DESCRIPTION if age <= DESCRIBED_FOR && size(&fact.value) <= LARGEST_DESCRIPTION => {
                    if let Value::Object(layer) = &fact.value {
                        known.layers.discovered = layer.clone().into_iter().collect();
                        known.described = Some(fact.at);
                    }
                }
                ACCOUNTS => known.has_accounts = true,
                DESCRIPTION => {}
                field if age <= LEARNT_FOR && Profile::FIELDS.contains(&field) => {
                    let because = fact.value.get("because").and_then(Value::as_str);
                    if let Some(value) = fact.value.get("value") {
                        known.layers.learnt.insert(field.to_owned(), value.clone());
                        let because = because.unwrap_or_default().to_owned();
                        known.evidence.insert(field.to_owned(), (because, fact.at));
                    }
                }
                other => known.news.push(Fact::new(other, Value::Null, now)),
            }
        }
        known.merge();
    }

    /// Forgets what was learnt too long ago, so that a process that runs for months knows no more than a new one.
    pub(super) fn forget(&self, now: Timestamp) {
        let mut guard = self.lock();
        let known = &mut *guard;
        let is_old = |at: Timestamp| now.since(at) > LEARNT_FOR;
        known.vain.retain(|_, (_, at)| !is_old(*at));
        let old = known.evidence.iter().filter(|(_, (_, at))| is_old(*at));
        let old: Vec<String> = old.map(|(field, _)| field.clone()).collect();
        if old.is_empty() {
            return;
        }
        for field in old {
            known.evidence.remove(&field);
            known.layers.learnt.remove(&field);
            known.news.push(Fact::new(field, Value::Null, now));
        }
        known.merge();
    }

    /// What is to be kept, since this was asked last.
    pub(super) fn news(&self) -> Vec<Fact> {
        std::mem::take(&mut self.lock().news)
    }

    /// Whether the target is to be asked what it can do.
    pub(super) fn is_curious(&self, now: Timestamp) -> bool {
        let known = self.lock();
        if !known.profile.discovery {
            return false;
        }
        known.described.is_none_or(|at| {
            let age = now.since(at);
            age > DESCRIBED_FOR || (known.is_stale && age > ASKED_AGAIN_AFTER)
        })
    }

    /// The target described itself; empty where it does not.
    pub(super) fn described(&self, layer: Layer, now: Timestamp) {
        let mut known = self.lock();
        known.described = Some(now);
        known.is_stale = false;
        let fact = Fact::new(DESCRIPTION, Value::Object(layer.clone().into_iter().collect()), now);
        known.news.push(fact);
        known.layers.discovered = layer;
        known.merge();
    }

    /// The target could not say all that it may say: it is asked again in an hour.
    pub(super) fn ask_again_soon(&self, now: Timestamp) {
        let mut known = self.lock();
        known.described = Some(now);
        known.is_stale = true;
    }

    /// How often something odd was seen that may be chance, this time included.
    pub(super) fn seen_again(&self, what: &str, now: Timestamp) -> u32 {
        self.lock().once_more((what.to_owned(), String::new()), now)
    }

    /// Whether the target has described itself.
    pub(super) fn has_description(&self) -> bool {
        !self.lock().layers.discovered.is_empty()
    }

    /// A refusal contradicts what the target said of itself.
    pub(super) fn contradicted(&self) {
        self.lock().is_stale = true;
    }

    /// Lessons that hold from now on.
    pub(super) fn learn(&self, lessons: Vec<Lesson>, now: Timestamp) {
        if lessons.is_empty() {
            return;
        }
        let mut known = self.lock();
        for Lesson { field, value, because, .. } in lessons {
            if known.profile.value(&field).as_ref() == Some(&value) {
                continue;
            }
            let kept = json!({ "value": &value, "because": &because });
            known.news.push(Fact::new(field.as_str(), kept, now));
            known.evidence.insert(field.clone(), (because, now));
            known.layers.learnt.insert(field, value);
        }
        known.merge();
    }

    /// Whether anybody has said what a field holds.
    pub(super) fn is_settled(&self, field: &str) -> bool {
        self.lock().layers.source(field) != Source::Assumed
    }

    /// Whether a field is known by more than what is assumed, or what the target says of itself.
    pub(super) fn is_known(&self, field: &str) -> bool {
        !matches!(self.lock().layers.source(field), Source::Assumed | Source::Discovered)
    }

    /// What a field holds, also where that is what was assumed.
    pub(super) fn settle(
        &self,
        field: &str,
        value: impl Into<Value>,
        because: &str,
        now: Timestamp,
    ) {
        let (mut known, value) = (self.lock(), value.into());
        let kept = json!({ "value": &value, "because": because });
        known.news.push(Fact::new(field, kept, now));
        known.evidence.insert(field.to_owned(), (because.to_owned(), now));
        known.layers.learnt.insert(field.to_owned(), value);
        known.merge();
    }

    /// Guesses that did not help.
    pub(super) fn in_vain(&self, guesses: Vec<Lesson>, now: Timestamp) {
        let mut known = self.lock();
        for guess in guesses {
            known.once_more((guess.field, guess.value.to_string()), now);
        }
    }

    /// Of these lessons, those that are worth a try: what the administrator set is not doubted, and what never helped
    /// is not tried for ever.
    pub(super) fn worth_trying(&self, lessons: Vec<Lesson>) -> Vec<Lesson> {
        let known = self.lock();
        let worth = |lesson: &Lesson| {
            let key = (lesson.field.clone(), lesson.value.to_string());
            !known.layers.set.contains_key(&lesson.field)
                && known.vain.get(&key).is_none_or(|(times, _)| *times < VAIN_ENOUGH)
        };
        lessons.into_iter().filter(worth).collect()
    }

    /// An account was made there.
    pub(super) fn made_account(&self, now: Timestamp) {
        let mut known = self.lock();
        if !known.has_accounts {
            known.has_accounts = true;
            known.news.push(Fact::new(ACCOUNTS, true.into(), now));
        }
    }

    pub(super) fn has_accounts(&self) -> bool {
        self.lock().has_accounts
    }

    /// A user was deleted there.
    pub(super) fn deleted(&self, id: &RemoteId) {
        let mut known = self.lock();
        if known.deleted.len() >= DELETED {
            known.deleted.remove(0);
        }
        known.deleted.push(id.clone());
    }

    /// Whether a user was deleted there by us, and not long ago.
    pub(super) fn was_deleted(&self, id: &RemoteId) -> bool {
        self.lock().deleted.contains(id)
    }

    /// Every field, with where it comes from.
    pub(super) fn fields(&self) -> Vec<KnownField> {
        let known = self.lock();
        let of = |field: &&'static str| {
            let source = known.layers.source(field);
            let evidence = known.evidence.get(*field).filter(|_| source == Source::Learnt);
            Some(KnownField {
                field,
                value: known.profile.value(field)?,
                source,
                because: evidence.map(|(because, _)| because.clone()),
            })
        };
        Profile::FIELDS.iter().filter_map(of).collect()
    }
}

/// Takes in one document of a target about itself, or nothing of it where it says more than anybody needs (F87).
pub(super) fn believe(layer: &mut Layer, read: impl FnOnce(&mut Layer)) {
    let mut after = layer.clone();
    read(&mut after);
    if size(&after) <= LARGEST_DESCRIPTION {
        *layer = after;
    }
}

/// Bytes of JSON.
fn size(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len())
}

impl Known {
    /// Counts what did not help, or what is odd.
    fn once_more(&mut self, what: (String, String), now: Timestamp) -> u32 {
        let (times, last) = self.vain.entry(what).or_insert((0, now));
        (*times, *last) = (times.saturating_add(1), now);
        *times
    }

    fn merge(&mut self) {
        self.profile = Arc::new(self.layers.merged());
    }
}
