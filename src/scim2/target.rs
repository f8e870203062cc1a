//! One target: what is known of it, and requests to it.

use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::knowledge::{Knowledge, believe};
use super::profile::{
    Asked, Layer, Lesson, Profile, Scene, Trial, of_schemas, of_service, of_types, suspects,
};
use super::protocol::{Answered, Refused, Told, Writer, parse};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::exchange::{Exchange, Share};
use crate::host::{Runtime, now};
use crate::model::{ResourceKind, Secret, Timestamp};
use crate::transport::{BaseUrl, HttpRequest, HttpResponse};
use crate::turnstile::Turnstile;

/// One target, as a connector sees it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) base: BaseUrl,
    pub(super) knowledge: Knowledge,
    pub(super) exchange: Exchange,
    pub(super) runtime: Option<Arc<dyn Runtime>>,
    pub(super) asking: Turnstile,
}

/// The last request of a call that may be refused.
#[derive(Default)]
pub(super) struct Sent {
    method: Method,
    body: Vec<u8>,
    /// The password that the call is to set, if it is to set one: to be seen in no answer.
    password: Option<Secret>,
    /// What the target has was looked at in this call.
    pub(super) has_looked: bool,
    /// Multi-valued attributes of which several values are sent.
    several: Vec<&'static str>,
    /// Those of them of which the answer shows one value.
    single: Vec<&'static str>,
}

impl Sent {
    /// Several values of these attributes will be sent.
    pub(super) fn of_several(several: Vec<&'static str>) -> Self {
        Self { several, ..Self::default() }
    }

    /// A password is to be set.
    pub(super) fn with_password(self, password: Option<&Secret>) -> Self {
        Self { password: password.cloned(), ..self }
    }

    /// The password to set.
    pub(super) fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Attributes of which the last answer shows one value where several were sent.
    pub(super) fn single(&self) -> impl Iterator<Item = &'static str> {
        self.single.iter().copied()
    }

    fn look(&mut self, response: &HttpResponse) {
        self.single.clear();
        if self.several.is_empty() || !response.status().is_success() {
            return;
        }
        let Ok(Value::Object(shown)) = parse(response.body()) else { return };
        let is_single = |name: &&'static str| match shown.get(*name) {
            Some(Value::Array(values)) => values.len() == 1,
            Some(Value::Object(_) | Value::String(_)) => true,
            _ => false,
        };
        self.single.extend(self.several.iter().filter(|name| is_single(name)));
    }
}

impl Target {
    pub(super) fn now(&self) -> Timestamp {
        now(self.runtime.as_deref())
    }

    pub(super) fn writer<'a>(&'a self, profile: &'a Profile) -> Writer<'a> {
        Writer { base: &self.base, profile }
    }

    pub(super) fn learn(&self, lesson: Lesson) {
        self.knowledge.learn(vec![lesson], self.now());
    }

    /// Sends a request and remembers it, in case it is refused.
    pub(super) async fn exchange(
        &self,
        request: HttpRequest,
        sent: &mut Sent,
    ) -> Result<HttpResponse> {
        sent.method = request.method().clone();
        sent.body.clone_from(request.body());
        let response = self.send_hiding(request, sent.password()).await?;
        sent.look(&response);
        Ok(response)
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        self.send_hiding(request, None).await
    }

    /// Sends a request of a call that sets a password, which is masked in refusals.
    pub(super) async fn send_hiding(
        &self,
        request: HttpRequest,
        password: Option<&Secret>,
    ) -> Result<HttpResponse> {
        let share = if request.method().is_safe() { Share::Read } else { Share::Write };
        self.exchange.send(request, share, password).await
    }

    /// What an answer to a try means: the call's end, or another try under what was learnt.
    pub(super) fn judge<T>(
        &self,
        mut trial: Box<Trial>,
        asked: Asked<'_>,
        kind: ResourceKind,
        sent: &Sent,
        answer: Answered<T>,
    ) -> std::result::Result<Result<T>, Box<Trial>> {
        let refused = match answer {
            Ok(value) => {
                self.knowledge.learn(trial.succeeded(), self.now());
                return Ok(Ok(value));
            }
            Err(refused) => refused,
        };
        let Refused { error, told } = refused;
        let doubts_the_words =
            !matches!(error.kind(), ErrorKind::Conflict | ErrorKind::TooLarge | ErrorKind::Stale);
        if is_passing(&error) {
            // It says nothing about what was sent: neither for a guess nor against it.
            self.knowledge.learn(trial.interrupted(), self.now());
            return Ok(Err(error));
        }
        if let Some(told) = told.filter(|_| doubts_the_words && trial.profile().adapt) {
            let body = parse(&sent.body).unwrap_or(Value::Null);
            let scene = Scene {
                asked,
                kind,
                method: &sent.method,
                sent: &body,
                status: told.status,
                scim_type: told.scim_type,
                words: told.words.as_ref().map(|words| words.0.as_str()),
                is_scim: told.is_scim,
            };
            if contradicts(&told) {
                self.knowledge.contradicted();
            }
            let lessons = self.knowledge.worth_trying(suspects(&trial.profile(), scene));
            let words = told.words.map(|words| without_numbers(&words.0));
            let sign = (told.status.as_u16(), told.scim_type, words);
            if trial.refused(sign, &error, lessons) {
                return Err(trial);
            }
        }
        let error = trial.explains(error);
        let (sure, vain) = trial.failed();
        self.knowledge.learn(sure, self.now());
        self.knowledge.in_vain(vain, self.now());
        Ok(Err(error))
    }

    /// Before the first call of a day the target is asked what it can do; each answer is optional (`scim.md` 20).
    pub(super) async fn ready(&self) -> Result<()> {
        self.knowledge.forget(self.now());
        if self.knowledge.is_curious(self.now()) {
            let _turn = self.asking.enter().await;
            // Somebody else may have asked meanwhile.
            if self.knowledge.is_curious(self.now()) {
                self.discover().await?;
            }
        }
        Ok(())
    }

    /// Asks the target what it can do. What it does not say is not known; that is no error. Where it is out of order, what
    /// it said before stays, and it is asked again soon.
    ///
    /// # Errors
    /// When nobody answers at all, or we are to wait: nothing was sent then that could have done anything.
    pub(super) async fn discover(&self) -> Result<()> {
        let (mut layer, mut is_certain) = (Layer::new(), true);
        let profile = self.knowledge.profile();
        let mut config = self.document(&profile, &profile.config_path).await?;
        if matches!(config, Document::Missing)
            && profile.config_path == Profile::default().config_path
        {
            // SCIM 1.1's name for it, under which some serve it.
            config = self.later_document(&profile, "ServiceProviderConfigs").await?;
        }
        // One after the other: each may be as large as an answer may be.
        is_certain &= config.read(&mut layer, of_service);
        let mut needed = Vec::new();
        let types = self.later_document(&profile, "ResourceTypes").await?;
        is_certain &= types.read(&mut layer, |types, layer| needed = of_types(types, layer));
        let schemas = self.later_document(&profile, "Schemas").await?;
        is_certain &=
            schemas.read(&mut layer, |schemas, layer| of_schemas(schemas, &needed, layer));
        if is_certain || !self.knowledge.has_description() {
            self.knowledge.described(layer, self.now());
        }
        if !is_certain {
            self.knowledge.ask_again_soon(self.now());
        }
        Ok(())
    }

    /// A document after the first: that it does not come stops nobody.
    async fn later_document(&self, profile: &Profile, path: &str) -> Result<Document> {
        match self.document(profile, path).await {
            Err(error) if error.kind() != ErrorKind::RateLimited => Ok(Document::OutOfOrder),
            answer => answer,
        }
    }

    async fn document(&self, profile: &Profile, path: &str) -> Result<Document> {
        let request = self.writer(profile).get_at(path)?;
        let response = match self.exchange.ask(request).await {
            Ok(response) => response,
            // An answer of some kind, if a useless one.
            Err(error) if error.kind() == ErrorKind::InvalidResponse => {
                return Ok(Document::Missing);
            }
            Err(error) => return Err(error.with_effect(Effect::NotSent)),
        };
        let status = response.status();
        Ok(if status.is_success() {
            parse(response.body()).map_or(Document::Missing, Document::Said)
        } else if status.is_server_error() && status.as_u16() != 501 {
            Document::OutOfOrder
        } else {
            Document::Missing
        })
    }
}

/// What a target answers when it is asked about itself.
enum Document {
    Said(Value),
    /// It has no such document, or does not show it.
    Missing,
    /// It cannot say now.
    OutOfOrder,
}

impl Document {
    /// Takes in what was said. Answers whether that is all there is to say.
    fn read(self, layer: &mut Layer, read: impl FnOnce(&Value, &mut Layer)) -> bool {
        match self {
            Self::Said(document) => believe(layer, |layer| read(&document, layer)),
            Self::Missing => {}
            Self::OutOfOrder => return false,
        }
        true
    }
}

/// Whether a refusal is at odds with what the target said it can do (`scim.md` 22).
fn contradicts(told: &Told) -> bool {
    let names_schema = || {
        let words = told.words.as_ref().map(|words| words.0.to_lowercase()).unwrap_or_default();
        matches!(told.status.as_u16(), 400 | 422) && words.contains("schema")
    };
    told.status.as_u16() == 501 || told.scim_type == Some("invalidPath") || names_schema()
}

/// The words of a refusal without what differs each time: times, and numbers of requests.
fn without_numbers(words: &str) -> String {
    let is_word = |word: &&str| !word.chars().any(|letter| letter.is_ascii_digit());
    words.split_whitespace().filter(is_word).collect::<Vec<_>>().join(" ")
}

/// Another time the same request may pass.
pub(super) fn is_passing(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::RateLimited
            | ErrorKind::Timeout
            | ErrorKind::Unauthenticated
            | ErrorKind::Unavailable
    )
}
