//! What is counted: requests by the client, outcomes by the observer.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use outbound_provisioning::Outcome;
use outbound_provisioning::delivery::Next;
use outbound_provisioning::host::{Observation, Observer};
use outbound_provisioning::transport::{
    HttpClient, HttpError, HttpRequest, HttpResponse, NetworkPolicy,
};

use crate::script::{Script, place};

/// Everything that is counted.
pub(crate) struct Tally {
    total: u64,
    accepted: AtomicU64,
    requests: AtomicU64,
    inner: Mutex<Inner>,
}

struct Inner {
    /// The newest event of each user that is done with.
    done: Vec<u64>,
    /// Events that are done with, those of an earlier life among them.
    done_in_all: u64,
    done_before: u64,
    last_done: Option<Instant>,
    delivered: u64,
    not_needed: u64,
    superseded: u64,
    unsupported: u64,
    failed: u64,
    parked: u64,
    quarantined: u64,
    operations: BTreeMap<&'static str, u64>,
    errors: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn new(script: &Script) -> Self {
        Self {
            total: script.len() as u64,
            accepted: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            inner: Mutex::new(Inner {
                done: vec![0; script.users()],
                done_in_all: 0,
                done_before: 0,
                last_done: None,
                delivered: 0,
                not_needed: 0,
                superseded: 0,
                unsupported: 0,
                failed: 0,
                parked: 0,
                quarantined: 0,
                operations: BTreeMap::new(),
                errors: BTreeMap::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more event is accepted.
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// What an earlier life has accepted of a user's events, and done.
    pub(crate) fn resumed(&self, user: usize, accepted: u64, done: u64) {
        self.accepted.fetch_add(accepted, Ordering::Relaxed);
        let mut inner = self.lock();
        inner.done_in_all += done;
        inner.done_before += done;
        if let Some(known) = inner.done.get_mut(user) {
            *known = done;
        }
    }

    pub(crate) fn is_all_done(&self) -> bool {
        self.lock().done_in_all == self.total
    }

    /// One line.
    pub(crate) fn progress(&self, after: Duration) -> String {
        const WIDTH: u64 = 30;
        let inner = self.lock();
        let (done, accepted) = (inner.done_in_all, self.accepted.load(Ordering::Relaxed));
        let per_second = rate(done - inner.done_before, after);
        let width =
            |part: u64| usize::try_from(part * WIDTH / self.total.max(1)).unwrap_or_default();
        let (full, half) = (width(done), width(accepted.max(done)) - width(done));
        let rest = width(self.total) - full - half;
        let bar = format!("{}{}{}", "#".repeat(full), "-".repeat(half), " ".repeat(rest));
        format!(
            "[{bar}] accepted {accepted}, done {done} of {} events, {per_second:.0}/s, failed {}",
            self.total, inner.failed
        )
    }

    /// The summary.
    pub(crate) fn print(&self, began: Instant, accepted_after: Duration, parked: usize) {
        let inner = self.lock();
        let took = inner.last_done.map_or(Duration::ZERO, |last| last.duration_since(began));
        let events = inner.done_in_all - inner.done_before;
        // A delete alone is no user; a user counts with the first event of it that is done here.
        let creates = inner.operations.get("create").copied().unwrap_or_default();
        println!("\nevents done              {events} in {:.2} s", took.as_secs_f64());
        if inner.done_before > 0 {
            println!("done in earlier runs     {}", inner.done_before);
        }
        println!("events/s                 {:.0}", rate(events, took));
        println!("users created/s          {:.0}", rate(creates, took));
        println!("all accepted after       {:.2} s", accepted_after.as_secs_f64());
        println!("requests sent            {}", self.requests.load(Ordering::Relaxed));
        println!("answers by operation     {}", list(&inner.operations));
        println!("answers that were errors {}", list(&inner.errors));
        println!("retries                  {}", inner.failed);
        println!(
            "outcomes                 delivered {}, not needed {}, superseded {}, unsupported {}, failed and tried again {}, \
             parked {} (now {parked}), quarantined {}",
            inner.delivered,
            inner.not_needed,
            inner.superseded,
            inner.unsupported,
            inner.failed,
            inner.parked,
            inner.quarantined
        );
    }
}

fn rate(count: u64, time: Duration) -> f64 {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    f64::from(count) / time.as_secs_f64().max(0.001)
}

fn list(counts: &BTreeMap<&'static str, u64>) -> String {
    let counts: Vec<String> =
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
}

impl Observer for Tally {
    fn observe(&self, observation: &Observation<'_>) {
        let mut guard = self.lock();
        let inner = &mut *guard;
        match observation {
            Observation::Settled { resource, event, outcome, .. } => {
                match outcome {
                    Outcome::Failed { next: Next::Queued, .. } => return inner.failed += 1,
                    Outcome::Failed { .. } => return inner.parked += 1,
                    Outcome::Delivered { .. } => {}
                    Outcome::Unsupported => {}
                    Outcome::NotNeeded => {}
                    _ => return,
                }
                let Some(known) =
                    place(resource.id.as_str()).and_then(|place| inner.done.get_mut(place))
                else {
                    return;
                };
                let newly = event.number().saturating_sub(*known);
                *known = event.number().max(*known);
                // A look back at an account carries out no event.
                if newly == 0 {
                    return;
                }
                inner.done_in_all += newly;
                inner.last_done = Some(Instant::now());
                // One outcome stands for all events since the last (P7).
                inner.superseded += newly - 1;
                match outcome {
                    Outcome::Delivered { .. } => inner.delivered += 1,
                    Outcome::Unsupported => inner.unsupported += 1,
                    _ => inner.not_needed += 1,
                }
            }
            Observation::Answered { operation, error, .. } => {
                *inner.operations.entry(operation).or_default() += 1;
                if let Some(error) = error {
                    *inner.errors.entry(error.kind().code()).or_default() += 1;
                }
            }
            Observation::Quarantined { .. } => inner.quarantined += 1,
            _ => {}
        }
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").field("total", &self.total).finish_non_exhaustive()
    }
}

/// An HTTP client whose requests are counted.
#[derive(Debug)]
pub(crate) struct Counted<C> {
    client: C,
    tally: Arc<Tally>,
}

impl<C> Counted<C> {
    pub(crate) fn new(client: C, tally: Arc<Tally>) -> Self {
        Self { client, tally }
    }
}

#[async_trait]
impl<C: HttpClient> HttpClient for Counted<C> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.tally.requests.fetch_add(1, Ordering::Relaxed);
        self.client.send(request).await
    }

    fn policy(&self) -> &NetworkPolicy {
        self.client.policy()
    }
}
