//! A connector in front of a target that gives the answers of an input, and what is done with it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use outbound_provisioning::Result;
use outbound_provisioning::connector::{
    Attempt, BuildContext, Connector, ConnectorFactory, Lookup, Page, PageRequest, Remote, Update,
};
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::model::{
    Difference, EnterpriseUser, EventId, Extensions, Fact, Group, Manager, Member, MemberChanges,
    Problems, Properties, RemoteId, Resource, ResourceKind, Target, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{HttpError, HttpFn, HttpRequest, HttpResponse, http_fn};
use serde_json::json;

use super::judge::{SECRET, error_is_good, request_is_good, text_is_good};

pub(crate) const BASE: &str = "https://hr.example.com/scim/v2";
/// What one call may send: eight dialects, each with what is read before it, and what it asks the target first.
const MOST_REQUESTS: usize = 60;
/// The pages of one list are bounded by the connector itself; here they end sooner.
const MOST_PAGES: usize = 1_100;

type Seen = Arc<Mutex<Vec<HttpRequest>>>;
type Sent = std::result::Result<HttpResponse, HttpError>;

/// A connector, and what it has sent.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) seen: Seen,
    base: String,
}

/// One thing that can be done with a connector.
pub(crate) const DEEDS: usize = 9;

impl Stage {
    /// A connection with these settings; none where they are refused.
    pub(crate) fn open(properties: Properties, answers: Vec<HttpResponse>) -> Option<Self> {
        let seen = Seen::default();
        let factory = Scim2Factory::new(target(answers, Arc::clone(&seen)));
        let base = properties.text("base_url").unwrap_or_default().to_owned();
        let mut problems = Problems::new();
        properties.check(factory.properties(), "here", &mut problems);
        factory.check(&properties, "here", &mut problems);
        for problem in problems.iter() {
            text_is_good(&problem.to_string(), 4_000);
        }
        let secrets = Arc::new(NoSecrets::new());
        let place = Target::new("hr", "scim2");
        let context = BuildContext::new("acme".into(), place, 1, properties, secrets);
        let built = factory.build(&context);
        assert_eq!(built.is_ok(), problems.is_empty(), "{problems}");
        if let Err(error) = &built {
            // A line for each problem.
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
        built.ok().map(|connector| Self { connector, seen, base })
    }

    /// One call; whatever was sent and said is judged.
    pub(crate) fn act(&self, deed: usize) {
        let connector = &*self.connector;
        let (id, attempt) = (remote_id(), attempt());
        match deed % DEEDS {
            0 => {
                self.judge(connector.create(&user().into(), &attempt), |remote| good(remote, None))
            }
            1 => {
                self.judge(connector.create(&group().into(), &attempt), |remote| good(remote, None))
            }
            2 => {
                let (before, after) = (User::new("u-1", "ada").into(), user().into());
                self.update(&before, &after, &id);
            }
            3 => {
                let before = Group::new("g-1", "Club").with_member(Member::user("r-2")).into();
                let after = Group::new("g-1", "Society").into();
                self.update(&before, &after, &id);
            }
            4 => self.judge(connector.delete(&id, ResourceKind::User, &attempt), |()| {}),
            5 => {
                let changes = MemberChanges::new([Member::user("r-2")], [Member::user("r-\"3")]);
                self.judge(connector.change_members(&id, &changes, &attempt), |remote| {
                    good(remote, Some(&id));
                });
            }
            6 => {
                let own = "u-1".into();
                let lookup = Lookup::new(ResourceKind::User, &own, "ada");
                self.judge(connector.find(&lookup, &attempt), |found| {
                    found.iter().for_each(|remote| is_asked_for(remote, &lookup));
                });
            }
            7 => self.pages(ResourceKind::Group),
            _ => self.judge(connector.check(), |check| {
                for finding in &check.findings {
                    text_is_good(&finding.text, 70_000);
                }
            }),
        }
        text_is_good(&format!("{:?}", self.connector), 200_000);
    }

    fn update(&self, before: &Resource, after: &Resource, id: &RemoteId) {
        let difference = Difference::between(before, after);
        let update = Update::new(after, &difference).on_version(Some("W/\"1\""));
        let attempt = attempt();
        self.judge(self.connector.update(id, &update, &attempt), |remote| good(remote, Some(id)));
    }

    /// A list to its end, which it must have.
    pub(crate) fn pages(&self, kind: ResourceKind) {
        let mut request = PageRequest::first(kind);
        for _ in 0..8 {
            let mut next = None;
            self.judge(self.connector.list(&request), |page: Page| {
                page.resources.iter().for_each(harmless);
                next = page.next;
            });
            match next {
                Some(next) => request = PageRequest::at(kind, next),
                None => break,
            }
        }
    }

    fn judge<T: Debug>(&self, call: impl Future<Output = Result<T>>, judge: impl FnOnce(T)) {
        let answer = now(call);
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let asks = seen.iter().filter(|request| request.method() == http::Method::GET).count();
        assert!(seen.len() - asks <= MOST_REQUESTS && asks <= MOST_PAGES, "{}", seen.len());
        for request in &seen {
            request_is_good(&self.base, request);
        }
        match answer {
            Ok(value) => judge(value),
            Err(error) => error_is_good(&error),
        }
    }

    /// What is kept for the next connector: bounded, whatever the target said (F87).
    pub(crate) fn learnt(&self) -> Vec<Fact> {
        let facts = self.connector.learnt();
        let size = |fact: &Fact| fact.value.to_string().len() + fact.name.len();
        assert!(facts.iter().map(size).sum::<usize>() <= 80 * 1024, "facts are large");
        facts
    }
}

/// Answers in turn, over and over.
fn target(
    answers: Vec<HttpResponse>,
    seen: Seen,
) -> HttpFn<impl Fn(HttpRequest) -> Sent + Send + Sync + 'static> {
    let count = Mutex::new(0_usize);
    http_fn(move |request| {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(*count % answers.len().max(1)).cloned().unwrap_or_default();
        *count += 1;
        Ok(answer)
    })
}

/// A connection with a bearer token.
pub(crate) fn settings() -> Properties {
    Properties::new().with("base_url", BASE).with("authentication", "bearer").with("token", SECRET)
}

/// The same in one of several manners.
pub(crate) fn in_manner(manner: usize) -> Properties {
    const MANNERS: [&str; 10] = [
        r#"{"discovery": false, "adapt": false}"#,
        r#"{"discovery": false}"#,
        "",
        r#"{"discovery": false, "etag": true}"#,
        r#"{"discovery": false, "user_update": "put", "group_update": "put"}"#,
        r#"{"discovery": false, "members_patch": "replace", "complex_paths": false}"#,
        r#"{"discovery": false, "members_patch": "none", "patch_style": "path_less_object"}"#,
        r#"{"discovery": false, "paging": "cursor", "user_filters": [], "group_filters": []}"#,
        r#"{"discovery": false, "delete": "refused", "members_on_create": false}"#,
        r#"{"discovery": false, "paging": "none", "remove_form": "value_array", "booleans": "text"}"#,
    ];
    match MANNERS.get(manner % MANNERS.len()) {
        Some(text) if !text.is_empty() => settings().with("profile_overrides", *text),
        _ => settings(),
    }
}

/// The result of a call that waits for nobody.
#[expect(clippy::panic, reason = "nothing is left that could wake it")]
pub(crate) fn now<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    match call.as_mut().poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a call waits for nobody"),
    }
}

pub(crate) fn attempt() -> Attempt {
    Attempt::new("acme".into(), EventId::new(1), Target::new("hr", "scim2"), 1)
}

#[expect(clippy::expect_used, reason = "it is harmless")]
fn remote_id() -> RemoteId {
    RemoteId::new("r-1").expect("an id")
}

/// A user with a bit of everything.
pub(crate) fn user() -> User {
    let mut user = User::new("u-1", "ada").with_display_name("Ada").with_email("ada@example.com");
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some("R&D".to_owned());
    enterprise.manager = Some(Manager::new("r-9"));
    user.enterprise = Some(enterprise);
    user.extensions = Extensions::new().with("urn:example:badge", [("colour", json!("green"))]);
    user
}

fn group() -> Group {
    Group::new("g-1", "Club").with_member(Member::user("r-2")).with_member(Member::user("r-3"))
}

/// An answer about one resource: an id that is harmless, and the one that was asked for.
fn good(remote: Remote, asked: Option<&RemoteId>) {
    harmless(&remote);
    if let Some(asked) = asked {
        assert_eq!(&remote.id, asked, "another one's id");
    }
}

fn harmless(remote: &Remote) {
    assert!(RemoteId::new(remote.id.as_str()).is_ok(), "{}", remote.id);
    let version = remote.version.as_deref().unwrap_or_default();
    assert!(version.len() <= 1024, "a version of {} bytes", version.len());
}

/// P8, F45: by its own body.
fn is_asked_for(remote: &Remote, lookup: &Lookup<'_>) {
    harmless(remote);
    let ours = remote.external_id.as_ref() == Some(lookup.external_id);
    let shown = remote.resource.as_ref().map(|resource| resource.name().to_lowercase());
    assert!(ours || shown == Some(lookup.name.to_lowercase()), "somebody else was found");
}
