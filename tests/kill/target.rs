//! The target: a strict SCIM server that writes down what comes in which order from which life, and that, if it is
//! told to, delays, refuses and loses.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use outbound_provisioning::conformance::Scim2Target;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};

use crate::script::Dice;
use crate::{BoxError, child};

/// A target that listens until it is dropped.
pub(crate) struct Target {
    pub(crate) base_url: String,
    log: Arc<Log>,
    server: AbortHandle,
}

/// What came, and in which order.
struct Log {
    scim: Scim2Target,
    lossy: bool,
    /// The newest life that was started.
    life: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    dice: Option<Dice>,
    seen: Seen,
    /// Ids of this target, and whose they are.
    ids: HashMap<String, String>,
    /// The newest number that came about each resource.
    newest: HashMap<String, u64>,
    /// Since when a life's request about a resource is under way.
    open: HashMap<(u64, String), Instant>,
    /// Which life applied what last: resource, method and number.
    applied: HashMap<(String, Method, u64), u64>,
    /// Requests whose effect is still to come.
    late: u64,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) mutations: u64,
    /// Requests of a life that was dead when they were read.
    pub(crate) posthumous: u64,
    /// The same state sent again by a later life.
    pub(crate) duplicates: u64,
    /// Creates that were refused because the resource is there.
    pub(crate) refused_creates: u64,
    /// When the first request of the newest life came.
    pub(crate) first_of_life: Option<Instant>,
    pub(crate) violations: Vec<String>,
}

/// What happens to a request.
struct Fate {
    before: Duration,
    applies: Applies,
    after: Duration,
    answered: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Applies {
    Yes,
    No,
    Refused,
}

impl Target {
    pub(crate) async fn start(lossy: bool, seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/scim/v2", listener.local_addr()?);
        let inner = Inner { dice: Some(Dice::new(seed)), ..Inner::default() };
        let log = Arc::new(Log {
            scim: Scim2Target::new(),
            lossy,
            life: AtomicU64::new(0),
            inner: Mutex::new(inner),
        });
        let shared = Arc::clone(&log);
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                // An answer is small and waited for.
                let _ = stream.set_nodelay(true);
                let log = Arc::clone(&shared);
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(Arc::clone(&log), request));
                    // A client that is killed in mid-request is what this is about.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { base_url, log, server: server.abort_handle() })
    }

    /// From now on this is the living one.
    pub(crate) fn begin_life(&self, life: u64) {
        self.log.life.store(life, Ordering::SeqCst);
        self.log.lock().seen.first_of_life = None;
    }

    pub(crate) fn seen(&self) -> Seen {
        self.log.lock().seen.clone()
    }

    /// The newest number that came about each resource.
    pub(crate) fn newest(&self) -> HashMap<String, u64> {
        self.log.lock().newest.clone()
    }

    /// Whether something that came has yet to take effect.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.log.lock().late == 0
    }

    pub(crate) fn users(&self) -> Vec<Value> {
        self.log.scim.users()
    }

    pub(crate) fn groups(&self) -> Vec<Value> {
        self.log.scim.groups()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down that a request has come. Answers whose resource it is about, if it changes anything.
    fn arrived(&self, life: u64, request: &Request<Vec<u8>>) -> (Option<About>, Fate) {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let lossy = self.lossy;
        let fate = inner.dice.as_mut().map_or(Fate::PLAIN, |dice| Fate::draw(dice, lossy));
        inner.seen.requests += 1;
        let living = self.life.load(Ordering::SeqCst);
        if life == living {
            inner.seen.first_of_life.get_or_insert_with(Instant::now);
        }
        if request.method() == Method::GET {
            return (None, fate);
        }
        inner.seen.mutations += 1;
        inner.late += u64::from(fate.applies == Applies::Yes);
        let last = request.uri().path().rsplit('/').next().unwrap_or_default();
        let body: Option<Value> = serde_json::from_slice(request.body()).ok();
        let own = body.as_ref().and_then(|body| body.get("externalId")).and_then(Value::as_str);
        let Some(who) = own.or(inner.ids.get(last).map(String::as_str)).map(str::to_owned) else {
            return (Some(About { who: String::new(), seq: None }), fate);
        };
        let seq = body.as_ref().and_then(|body| number(&body.to_string()));
        if life < living {
            inner.seen.posthumous += 1;
            return (Some(About { who, seq }), fate);
        }
        let newest = inner.newest.get(&who).copied().unwrap_or_default();
        if let Some(seq) = seq {
            if seq < newest {
                let method = request.method();
                let text = format!("reordered: {method} of {who} with seq={seq} after {newest}");
                inner.seen.violations.push(text);
            }
            inner.newest.insert(who.clone(), newest.max(seq));
        }
        // Whoever waited too long may send again; that one is not two at once.
        let before = inner.open.insert((life, who.clone()), Instant::now());
        if before.is_some_and(|since| since.elapsed() < child::DEADLINE / 2) {
            inner.seen.violations.push(format!("two requests about {who} at once"));
        }
        (Some(About { who, seq }), fate)
    }

    /// Lets a request take effect.
    fn apply(
        &self,
        life: u64,
        about: Option<&About>,
        request: &Request<Vec<u8>>,
    ) -> Response<Vec<u8>> {
        let response = self.scim.answer(request);
        self.scim.forget_requests();
        let Some(About { who, seq }) = about else { return response };
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.late -= 1;
        let (method, status) = (request.method(), response.status());
        if *method == Method::POST && status == StatusCode::CONFLICT {
            inner.seen.refused_creates += 1;
        }
        if !status.is_success() {
            return response;
        }
        if *method == Method::POST {
            let made: Option<Value> = serde_json::from_slice(response.body()).ok();
            let id = made.as_ref().and_then(|made| made.get("id")).and_then(Value::as_str);
            inner.ids.extend(id.map(|id| (id.to_owned(), who.clone())));
        }
        if let Some(seq) = seq {
            match inner.applied.insert((who.clone(), method.clone(), *seq), life) {
                Some(earlier) if earlier == life && !self.lossy => {
                    let text = format!("{method} of {who} with seq={seq} twice in one life");
                    inner.seen.violations.push(text);
                }
                Some(_) => inner.seen.duplicates += 1,
                None => {}
            }
        }
        response
    }

    fn ended(&self, life: u64, about: Option<&About>) {
        if let Some(About { who, .. }) = about {
            self.lock().open.remove(&(life, who.clone()));
        }
    }
}

/// Whose resource a request is about, and the number that it carries.
#[derive(Clone)]
struct About {
    who: String,
    seq: Option<u64>,
}

impl Fate {
    const PLAIN: Self = Self {
        before: Duration::ZERO,
        applies: Applies::Yes,
        after: Duration::ZERO,
        answered: true,
    };

    fn draw(dice: &mut Dice, lossy: bool) -> Self {
        let mut up_to = |most| Duration::from_millis(dice.below(most));
        // A little slow, so that kills find requests under way.
        let plain = Self { before: up_to(4), after: up_to(4), ..Self::PLAIN };
        let (long, chance) = (up_to(150), if lossy { dice.below(100) } else { 100 });
        match chance {
            0..5 => Self { before: long, ..plain },
            5..10 => Self { after: long, ..plain },
            10..14 => Self { answered: false, ..plain },
            14..17 => Self { answered: false, applies: Applies::No, ..plain },
            17..20 => Self { applies: Applies::Refused, ..plain },
            // Takes effect when nobody waits for it any more, but before Δ is over.
            20..22 => Self { before: child::DEADLINE + child::SETTLE_WINDOW / 4, ..plain },
            _ => plain,
        }
    }
}

async fn answer(
    log: Arc<Log>,
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, BoxError> {
    let (head, body) = request.into_parts();
    // A request that was cut off never came.
    let body = body.collect().await?.to_bytes().to_vec();
    let request = Request::from_parts(head, body);
    let life = life_of(&request);
    let (about, fate) = log.arrived(life, &request);
    let (give, taken) = oneshot::channel();
    let (theirs, whom) = (Arc::clone(&log), about.clone());
    // A task of its own: what was taken in takes effect, whether or not the client still lives.
    tokio::spawn(async move {
        after(fate.before).await;
        let response = match fate.applies {
            Applies::Yes => theirs.apply(life, whom.as_ref(), &request),
            Applies::No => Response::new(Vec::new()),
            Applies::Refused => refused(),
        };
        after(fate.after).await;
        theirs.ended(life, whom.as_ref());
        // Nobody may be there to take it.
        let _ = give.send(response);
    });
    let response = taken.await?;
    if !fate.answered {
        // An error ends the connection without a word.
        return Err("the answer is lost".into());
    }
    Ok(response.map(|body| Full::new(Bytes::from(body))))
}

/// Waits: a target's slowness is the point of it.
async fn after(time: Duration) {
    if time > Duration::ZERO {
        let never = std::future::pending::<Infallible>();
        let _elapsed = tokio::time::timeout(time, never).await;
    }
}

fn refused() -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// Each life has a token of its own.
fn life_of(request: &Request<Vec<u8>>) -> u64 {
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let life = token.and_then(|token| token.strip_prefix("Bearer life-")?.parse().ok());
    life.unwrap_or_default()
}

/// The number behind `seq=`.
pub(crate) fn number(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("seq=")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}
