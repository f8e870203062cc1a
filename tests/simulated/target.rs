//! The connector to a simulated target.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use outbound_provisioning::connector::{Attempt, Capabilities, Connector, Lookup, Remote, Update};
use outbound_provisioning::model::{MemberChanges, RemoteId, Resource, ResourceKind};
use outbound_provisioning::{Effect, Error, ErrorKind, Result};

use super::clock::{Clock, lock};
use super::dice::Dice;
use super::directory::{Directory, Own, Request};
use super::weather::{DEADLINE, Fate, SETTLE, Strike, Weather};

#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) directory: Arc<Mutex<Directory>>,
    capabilities: Capabilities,
    clock: Clock,
    weather: Weather,
    dice: Arc<Mutex<Dice>>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Target")
    }
}

fn silence() -> Error {
    Error::new(ErrorKind::Timeout, "no answer")
}

/// A request is under way. When it ends, or its process does, it is no longer.
struct UnderWay<'a>(&'a Target, Option<Own>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut directory = lock(&self.0.directory);
        if let Some(count) = self.1.as_ref().and_then(|own| directory.under_way.get_mut(own)) {
            *count = count.saturating_sub(1);
        }
    }
}

impl Target {
    pub(crate) fn new(unique: bool, clock: Clock, weather: Weather, mut dice: Dice) -> Self {
        let mut capabilities =
            Capabilities::new().with_groups().with_find().with_members_per_request(2);
        if dice.one_in(2) {
            capabilities = capabilities.with_members_on_create();
        }
        if unique {
            capabilities = capabilities
                .with_unique_names(ResourceKind::User)
                .with_unique_names(ResourceKind::Group);
        }
        let directory = Directory { unique, ..Directory::default() };
        Self {
            directory: Arc::new(Mutex::new(directory)),
            capabilities,
            clock,
            weather,
            dice: Arc::new(Mutex::new(dice)),
        }
    }

    fn begin(&self, request: &Request) -> UnderWay<'_> {
        let now = self.clock.millis();
        self.weather.note(now, || format!("-> {}", brief(request)));
        let mut directory = lock(&self.directory);
        directory.requests += 1;
        if let Some(problem) = directory.judge(request) {
            self.weather.violated(now, problem);
        }
        let about = directory.about(request);
        if let Some(own) = &about {
            let count = directory.under_way.entry(own.clone()).or_default();
            *count += 1;
            if *count > 1 {
                self.weather.violated(now, format!("two requests at once for {own:?}"));
            }
        }
        drop(directory);
        UnderWay(self, about)
    }

    fn apply(&self, request: &Request) -> Result<Remote> {
        let answer = lock(&self.directory).apply(request);
        self.weather.note(self.clock.millis(), || {
            format!("   {} {}", if answer.is_ok() { "done" } else { "REFUSED" }, brief(request))
        });
        answer
    }

    fn later(&self, after: i64, request: &Request) {
        let at = self.clock.millis() + after;
        self.weather
            .note(self.clock.millis(), || format!("   lands {after} ms later: {}", brief(request)));
        lock(&self.directory).late.push((at, request.clone()));
    }

    fn latency(&self) -> i64 {
        let mut dice = lock(&self.dice);
        if dice.one_in(2) { 0 } else { dice.millis(1, 120) }
    }

    async fn ask(&self, request: Request) -> Result<Remote> {
        let _under_way = self.begin(&request);
        let there = self.latency();
        if there > 0 {
            self.clock.pause(there).await;
        }
        match self.weather.strike(self.clock.millis(), true) {
            Strike::Nothing => {}
            Strike::DieBefore => {
                self.weather.note(self.clock.millis(), || "DIES before a request".to_owned());
                self.weather.die().await;
            }
            Strike::DieAfter => {
                self.weather
                    .note(self.clock.millis(), || "DIES with a request under way".to_owned());
                let after = {
                    let mut dice = lock(&self.dice);
                    if dice.one_in(2) { 0 } else { dice.millis(0, SETTLE - 200) }
                };
                if after == 0 {
                    let _nobody_hears = self.apply(&request);
                } else {
                    self.later(after, &request);
                }
                self.weather.die().await;
            }
            Strike::FailBefore => return self.wait_in_vain().await,
            Strike::FailAfter => {
                let _nobody_hears = self.apply(&request);
                return self.wait_in_vain().await;
            }
        }
        let fate = self.weather.fate(self.clock.millis());
        if fate != Fate::Answered {
            self.weather.note(self.clock.millis(), || format!("   {fate:?}"));
        }
        match fate {
            Fate::Answered => {
                let answer = self.apply(&request);
                if answer.is_ok() {
                    lock(&self.directory).acknowledge(&request);
                }
                answer
            }
            Fate::Lost => self.wait_in_vain().await,
            Fate::AnswerLost => {
                let _nobody_hears = self.apply(&request);
                self.wait_in_vain().await
            }
            Fate::Late(after) => {
                // Counted from now, so that a process that dies before its deadline is no excuse.
                self.later(after, &request);
                self.wait_in_vain().await
            }
            Fate::Unavailable(applied) => {
                if applied {
                    let _nobody_hears = self.apply(&request);
                }
                Err(Error::new(ErrorKind::Unavailable, "503"))
            }
            Fate::Limited => {
                let error = Error::new(ErrorKind::RateLimited, "429");
                Err(error.with_retry_after(Duration::from_secs(1)))
            }
            Fate::NotSent => {
                Err(Error::new(ErrorKind::Unavailable, "no connection")
                    .with_effect(Effect::NotSent))
            }
        }
    }

    async fn wait_in_vain(&self) -> Result<Remote> {
        self.clock.pause(DEADLINE).await;
        Err(silence())
    }
}

/// One line for people.
pub(crate) fn brief(request: &Request) -> String {
    let resource = |resource: &Resource| match resource {
        Resource::User(user) => {
            let name = user.display_name.as_deref().unwrap_or("-");
            format!("{} `{}` {name} active={}", user.external_id, user.user_name, user.active)
        }
        Resource::Group(group) => {
            let members: Vec<&str> =
                group.members.iter().map(|member| member.value.as_str()).collect();
            format!("{} `{}` {members:?}", group.external_id, group.display_name)
        }
    };
    let names = |members: &std::collections::BTreeSet<_>| {
        let names: Vec<String> = members
            .iter()
            .map(|member: &outbound_provisioning::model::Member| member.value.as_str().to_owned())
            .collect();
        names.join(",")
    };
    match request {
        Request::Create(wanted) => format!("create {}", resource(wanted)),
        Request::Update(id, wanted, difference) => {
            let paths: Vec<String> = difference.iter().map(|(path, _)| path.to_string()).collect();
            format!("update {id} {} {paths:?}", resource(wanted))
        }
        Request::Delete(id, _) => format!("delete {id}"),
        Request::Members(id, changes) => {
            format!("members {id} +{} -{}", names(&changes.added), names(&changes.removed))
        }
    }
}

#[async_trait]
impl Connector for Target {
    async fn create(&self, resource: &Resource, _: &Attempt) -> Result<Remote> {
        self.ask(Request::Create(resource.clone())).await
    }

    async fn update(&self, id: &RemoteId, update: &Update<'_>, _: &Attempt) -> Result<Remote> {
        let (wanted, difference) = (update.wanted.clone(), update.difference.clone());
        self.ask(Request::Update(id.clone(), wanted, difference)).await
    }

    async fn delete(&self, id: &RemoteId, kind: ResourceKind, _: &Attempt) -> Result<()> {
        self.ask(Request::Delete(id.clone(), kind)).await.map(|_| ())
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn find(&self, lookup: &Lookup<'_>, _: &Attempt) -> Result<Vec<Remote>> {
        let latency = self.latency();
        if latency > 0 {
            self.clock.pause(latency).await;
        }
        match self.weather.strike(self.clock.millis(), false) {
            Strike::Nothing => {}
            Strike::DieBefore | Strike::DieAfter => {
                self.weather.note(self.clock.millis(), || "DIES in a look-up".to_owned());
                self.weather.die().await;
            }
            Strike::FailBefore | Strike::FailAfter => {
                return self.wait_in_vain().await.map(|_| Vec::new());
            }
        }
        match self.weather.fate(self.clock.millis()) {
            Fate::Answered => {}
            Fate::Limited => {
                let error = Error::new(ErrorKind::RateLimited, "429");
                return Err(error.with_retry_after(Duration::from_secs(1)));
            }
            _ => return self.wait_in_vain().await.map(|_| Vec::new()),
        }
        let found = lock(&self.directory).find(lookup);
        self.weather.note(self.clock.millis(), || {
            let ids: Vec<_> = found.iter().map(|remote| remote.id.as_str().to_owned()).collect();
            format!("?? {} `{}` -> {ids:?}", lookup.external_id, lookup.name)
        });
        Ok(found)
    }

    async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
        _: &Attempt,
    ) -> Result<Remote> {
        self.ask(Request::Members(id.clone(), changes.clone())).await
    }
}
