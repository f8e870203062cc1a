//! The calls that only read: look-ups, lists, and the test of a connection.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

use serde_json::{Value, json};

use super::profile::{Asked, Deletion, Lesson, Paging, Profile, Source};
use super::protocol::{Answered, Listing, hits, listing, name_of, shown, shows};
use super::target::{Sent, Target};
use crate::connector::{Check, Finding, Lookup, Page, PageRequest, Remote};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{Resource, ResourceKind};
use crate::transport::HttpResponse;

/// Pages of one list; more means that the list has no end (F60).
const MOST_PAGES: usize = 1_000;
/// So often a list whose cursor expired is begun anew (RFC 9865 section 2.1).
const MOST_BEGINNINGS: usize = 3;
/// Resources of one list that are looked through (F60).
const MOST_ENTRIES: usize = 100_000;
/// So long one list is looked through (F60).
const LONGEST_LOOK: Duration = Duration::from_secs(60);

impl Target {
    /// By our own id first, then by name where nobody carries the id or the target refuses the question (P8); by
    /// looking through everybody where it answers no such question.
    pub(super) async fn find(&self, lookup: &Lookup<'_>) -> Result<Vec<Remote>> {
        let kind = lookup.kind;
        self.ready().await?;
        let profile = self.knowledge.profile();
        self.has(kind)?;
        let questions = [
            (
                "externalId",
                lookup.external_id.as_str(),
                !lookup.name_only && profile.keeps_external_id(kind),
            ),
            (name_of(kind), lookup.name, true),
        ];
        let mut asked = false;
        for (attribute, text, use_it) in questions {
            let can = use_it && !text.is_empty();
            if !can || !self.knowledge.profile().filters_by(kind, attribute) {
                continue;
            }
            match self.ask(lookup, attribute, text).await? {
                Asking::Answered(found) => {
                    asked = true;
                    if !found.is_empty() {
                        return self.verified(lookup, found).await;
                    }
                }
                // Everybody was looked through, by our id and by the name.
                Asking::Everybody(found) => return self.verified(lookup, found).await,
                Asking::Part | Asking::Refused => {}
            }
        }
        if asked {
            return Ok(Vec::new());
        }
        let found = self.look_through(lookup).await?;
        self.verified(lookup, found).await
    }

    /// One question. A refusal of the question itself is learnt, and the question not asked again; one of its form is
    /// learnt, and it is asked once more.
    async fn ask(&self, lookup: &Lookup<'_>, attribute: &str, text: &str) -> Result<Asking> {
        let kind = lookup.kind;
        let mut sent = Sent::default();
        // A value that a server may stumble over says nothing about other values (`scim.md` 3, Filter).
        let plain = text.chars().all(|letter| letter.is_ascii() && !matches!(letter, '"' | '\\'));
        for _ in 0..2 {
            let profile = self.knowledge.profile();
            let answer = self.try_ask(&profile, lookup, attribute, text, &mut sent).await;
            match self.judge(self.knowledge.trial(), Asked::Find(attribute), kind, &sent, answer) {
                Ok(Ok(asking)) => {
                    if !matches!(asking, Asking::Answered(_)) {
                        let because = "it shows everybody, whatever is asked";
                        let none = Vec::<Value>::new();
                        self.learn(Lesson::sure(filters_field(kind), none, because));
                    }
                    return Ok(asking);
                }
                // Not by this, though nothing is learnt from it.
                Ok(Err(error))
                    if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Unsupported) =>
                {
                    break;
                }
                Ok(Err(error)) => return Err(error),
                // Refused in a way that means "not by this", or "not in these words".
                Err(trial) => {
                    let sure = trial.interrupted();
                    let is_other = sure.iter().any(|lesson| lesson.field != filters_field(kind));
                    if plain || is_other {
                        self.knowledge.learn(sure, self.now());
                    }
                    if !is_other {
                        break;
                    }
                }
            }
        }
        Ok(Asking::Refused)
    }

    async fn try_ask(
        &self,
        profile: &Profile,
        lookup: &Lookup<'_>,
        attribute: &str,
        text: &str,
        sent: &mut Sent,
    ) -> Answered<Asking> {
        let request = self.writer(profile).find(lookup.kind, attribute, text)?;
        let response = self.exchange(request, sent).await?;
        let list = listing(&response)?;
        let stranger = |value: &&Value| {
            // Some do not show our id in lists.
            let hides = attribute == "externalId" && value.get(attribute).is_none();
            !hides && !shows(value, attribute, text)
        };
        let shown = u64::try_from(list.resources.len()).unwrap_or(u64::MAX);
        let is_whole = list.total.is_none_or(|total| total <= shown) && list.next_cursor.is_none();
        // One stranger may be how the target writes the name; a second one was not asked for.
        let strangers = list.resources.iter().filter(stranger).count();
        let is_ignored = strangers > 1;
        let found = hits(&response, list.resources, lookup)?;
        let ours = |remote: &Remote| remote.external_id.as_ref() == Some(lookup.external_id);
        Ok(if found.iter().any(ours) || (!is_ignored && is_whole) {
            Asking::Answered(found)
        } else if is_whole {
            Asking::Everybody(found)
        } else {
            Asking::Part
        })
    }

    /// Every page, for targets that answer no question; from the first one on again where the cursor expires.
    async fn look_through(&self, lookup: &Lookup<'_>) -> Result<Vec<Remote>> {
        for _ in 1..MOST_BEGINNINGS {
            match self.try_look_through(lookup).await {
                Err(refused) if refused.is_expired() => {}
                answer => return answer.map_err(Error::from),
            }
        }
        self.try_look_through(lookup).await.map_err(Error::from)
    }

    async fn try_look_through(&self, lookup: &Lookup<'_>) -> Answered<Vec<Remote>> {
        let mut request = PageRequest::first(lookup.kind);
        let (mut found, mut seen, mut entries) = (Vec::new(), HashSet::new(), 0_usize);
        let began = self.now();
        loop {
            let (response, list, next) = self.page(&request).await?;
            let hash = BuildHasherDefault::<DefaultHasher>::default();
            let ids = list.resources.iter().filter_map(|value| value.get("id"));
            // A page without anybody new is the first one over again.
            let new = ids.filter(|id| seen.insert(hash.hash_one(id.to_string()))).count();
            if self.now().since(began) > LONGEST_LOOK {
                return Err(endless().into());
            }
            entries = entries.saturating_add(list.resources.len());
            found.extend(hits(&response, list.resources, lookup)?);
            match next {
                Some(next) if new > 0 && entries < MOST_ENTRIES => {
                    request = PageRequest::at(lookup.kind, next);
                }
                Some(_) if new > 0 => return Err(endless().into()),
                _ => {
                    let mut ids = HashSet::new();
                    found.retain(|remote: &Remote| ids.insert(remote.id.clone()));
                    return Ok(found);
                }
            }
        }
    }

    /// Some lists leave our id out: then the resource itself is asked, as the id is the only proof (P8).
    async fn verified(&self, lookup: &Lookup<'_>, mut found: Vec<Remote>) -> Result<Vec<Remote>> {
        let profile = self.knowledge.profile();
        let silent = found.iter().all(|remote| remote.external_id.is_none());
        if silent && profile.keeps_external_id(lookup.kind) {
            for remote in found.iter_mut().take(2) {
                let fetched = self.fetch(&profile, lookup.kind, &remote.id).await;
                let (resource, _) = fetched.map_err(Error::from)?;
                let value = Value::Object(resource);
                *remote =
                    shown(&HttpResponse::default(), value, lookup.kind).map_err(Error::from)?;
            }
        }
        if lookup.kind == ResourceKind::User {
            for remote in &found {
                let off =
                    |resource: &Resource| matches!(resource, Resource::User(user) if !user.active);
                let is_off = remote.resource.as_deref().is_some_and(off);
                if is_off
                    && self.knowledge.was_deleted(&remote.id)
                    && profile.delete == Deletion::Hard
                {
                    let because = "an account that was deleted is still there, switched off";
                    self.learn(Lesson::sure("delete", "deactivates", because));
                }
            }
        }
        Ok(found)
    }

    pub(super) async fn list(&self, page: &PageRequest) -> Result<Page> {
        self.ready().await?;
        let (response, list, next) = self.page(page).await.map_err(Error::from)?;
        // What cannot be read is passed over.
        let readable =
            list.resources.into_iter().filter_map(|value| shown(&response, value, page.kind).ok());
        Ok(Page::new(readable.collect(), next))
    }

    /// One page, and what leads to the next.
    async fn page(&self, page: &PageRequest) -> Answered<(HttpResponse, Listing, Option<String>)> {
        let profile = self.knowledge.profile();
        let answer = self.try_page(&profile, page).await;
        let by_index = profile.paging == Paging::Index && page.cursor.is_none() && profile.adapt;
        let Err(refused) = answer else { return answer };
        if !by_index || !refused.knows_no_index() {
            return Err(refused);
        }
        // It says so of the index: then by cursor (RFC 9865), or everything at once.
        let mut other = Profile::clone(&profile);
        for paging in [Paging::Cursor, Paging::None] {
            other.paging = paging;
            match self.try_page(&other, page).await {
                Ok(found) => {
                    // Everything is everything only where no more is said to be.
                    let shown = u64::try_from(found.1.resources.len()).unwrap_or(u64::MAX);
                    let is_part = found.1.total.is_some_and(|total| total > shown)
                        || found.1.next_cursor.is_some();
                    if paging == Paging::None && is_part {
                        break;
                    }
                    self.learn(Lesson::sure("paging", json!(paging), "it knows no startIndex"));
                    return Ok(found);
                }
                Err(other) if other.knows_no_index() => {}
                Err(other) => return Err(other),
            }
        }
        Err(refused)
    }

    async fn try_page(
        &self,
        profile: &Profile,
        page: &PageRequest,
    ) -> Answered<(HttpResponse, Listing, Option<String>)> {
        let place = Place::read(page.cursor.as_deref(), profile.paging)?;
        let (writer, count) = (self.writer(profile), profile.max_count);
        let request = match &place {
            Place::Index { start, .. } => writer.page(page.kind, *start, count)?,
            Place::Cursor { cursor, .. } => writer.page_at(page.kind, cursor, count)?,
            Place::Everything => writer.everything(page.kind)?,
        };
        let response = self.send(request).await?;
        let list = listing(&response)?;
        let next = place.next(&list)?;
        Ok((response, list, next))
    }

    pub(super) async fn check(&self) -> Result<Check> {
        if self.knowledge.profile().discovery {
            self.discover().await?;
        }
        let profile = self.knowledge.profile();
        let request = self.writer(&profile).page(ResourceKind::User, 1, 1)?;
        let request = match profile.paging {
            Paging::Cursor => self.writer(&profile).page_at(ResourceKind::User, "", 1)?,
            Paging::Index | Paging::None => request,
        };
        let list = listing(&self.send(request).await?).map_err(Error::from)?;
        let mut check = Check::new([self.users(&list)]);
        check.findings.push(if self.knowledge.has_description() {
            Finding::found("The target describes itself.")
        } else {
            Finding::assumed(
                "The target does not describe itself; what it can do is learnt as it answers.",
            )
        });
        for known in self.knowledge.fields() {
            let text = match &known.because {
                Some(because) => {
                    format!("{} = {} ({}: {because})", known.field, known.value, known.source)
                }
                None => format!("{} = {} ({})", known.field, known.value, known.source),
            };
            check.findings.push(match known.source {
                Source::Assumed => Finding::assumed(text),
                Source::Set => Finding::overridden(text),
                _ => Finding::found(text),
            });
        }
        Ok(check)
    }

    fn users(&self, list: &Listing) -> Finding {
        let shown = u64::try_from(list.resources.len()).unwrap_or(u64::MAX);
        match list.total.unwrap_or(shown) {
            0 if self.knowledge.has_accounts() => Finding::warning(
                "The target answers and shows no user although accounts were made there: our account may not see users; grant it the right to read them.",
            ),
            0 => Finding::found(
                "The target answers and shows no user: it is empty, or our account there may not see users.",
            ),
            users => Finding::found(format!("The target answers and shows {users} users.")),
        }
    }
}

enum Asking {
    /// These match.
    Answered(Vec<Remote>),
    /// The question was ignored and everybody shown, of whom these match.
    Everybody(Vec<Remote>),
    /// The question was ignored and a part of everybody shown, which says nothing.
    Part,
    /// The target answers no such question.
    Refused,
}

fn filters_field(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "user_filters",
        ResourceKind::Group => "group_filters",
    }
}

fn endless() -> Error {
    let message =
        "the target's list has no end; give it a filter, or correct its paging in the profile";
    Error::new(ErrorKind::InvalidResponse, message).with_effect(Effect::Rejected)
}

/// Where in a list, and on which of its pages, so that whoever follows it comes to an end.
#[derive(Debug, PartialEq)]
enum Place {
    /// From this resource on; and how the page before began (a hash of the id there), to tell when it comes again.
    Index {
        page: usize,
        start: u64,
        before: Option<u64>,
    },
    Cursor {
        page: usize,
        cursor: String,
    },
    Everything,
}

impl Place {
    fn read(cursor: Option<&str>, paging: Paging) -> Result<Self> {
        let Some(cursor) = cursor else {
            return Ok(match paging {
                Paging::Index => Self::Index { page: 1, start: 1, before: None },
                Paging::Cursor => Self::Cursor { page: 1, cursor: String::new() },
                Paging::None => Self::Everything,
            });
        };
        Self::written(cursor).ok_or_else(|| {
            Error::new(
                ErrorKind::Configuration,
                "the cursor is not one of this connector; pass Page::next as it came",
            )
        })
    }

    fn written(cursor: &str) -> Option<Self> {
        let (how, rest) = cursor.split_once(':')?;
        let (page, rest) = rest.split_once(':')?;
        let page = page.parse().ok()?;
        match how {
            "c" => Some(Self::Cursor { page, cursor: rest.to_owned() }),
            "i" => {
                let (start, before) = rest.split_once(':')?;
                let (start, before) = (start.parse().ok()?, before.parse().ok()?);
                Some(Self::Index { page, start, before: Some(before) })
            }
            _ => None,
        }
    }

    /// Begins after what came; a page without anything, or the same page again, is the last (F60).
    fn next(&self, list: &Listing) -> Result<Option<String>> {
        let (page, next) = match self {
            Self::Cursor { page, cursor } => {
                let next = list.next_cursor.as_ref().filter(|next| *next != cursor);
                (page, next.map(|next| format!("c:{}:{next}", page.saturating_add(1))))
            }
            Self::Index { page, start, before } => {
                let Some(first) = list.resources.first() else { return Ok(None) };
                let first = first.get("id").map(|id| {
                    BuildHasherDefault::<DefaultHasher>::default().hash_one(id.to_string())
                });
                if first.is_some() && first == *before {
                    return Ok(None);
                }
                let received = u64::try_from(list.resources.len()).unwrap_or(u64::MAX);
                let next = start.saturating_add(received);
                let more = list.total.is_none_or(|total| next <= total);
                let first = first.unwrap_or_default();
                (page, more.then(|| format!("i:{}:{next}:{first}", page.saturating_add(1))))
            }
            Self::Everything => return Ok(None),
        };
        if next.is_some() && *page >= MOST_PAGES { Err(endless()) } else { Ok(next) }
    }
}
