//! The handle a host holds.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::accept::accept;
use super::ending::Ending;
use super::hints::{self, Announcement};
use super::join::unless;
use super::plan::{Plan, plan};
use super::report::Report;
use super::run::Run;
use super::shared::{Shared, candidates_of};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{Configuration, Event, OrganizationId, Problems, ResourceKey};
use crate::resolver::resolve;

/// Tells every external system that must know what happened. Clones are handles to the same dispatcher.
///
/// What it remembers (links, exclusions, what is still open) is in its [`Store`](crate::store::Store).
#[derive(Clone, Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
}

impl Dispatcher {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Accepts an event and waits for the outcome at the targets of blocking provisioners, and at targets that have
    /// the resource. All targets are attempted at once; one failure hides no other.
    ///
    /// Blocking is the provisioning option: the caller waits for the target's answer. It never overtakes earlier work
    /// on the same resource at the same target, but carries it out. Dropping the future ends the waiting. With a
    /// [`Runtime`](crate::host::Runtime) the work goes on; without one it is finished by the resource's next event.
    ///
    /// Without a runtime, await it or drop it: a future that is kept and not polled keeps its turn at the resource, and
    /// whoever waits for the same resource waits for it.
    ///
    /// # Errors
    /// [`InvalidEvent`](crate::ErrorKind::InvalidEvent), from [`Event::check`];
    /// [`Configuration`](crate::ErrorKind::Configuration) when the organization's configuration is invalid and there
    /// is no last good one, or this build does not send;
    /// [`Timeout`](ErrorKind::Timeout) when it does not come [`within`](Dispatch::within) the deadline; whatever the [`ConfigurationSource`](crate::host::ConfigurationSource) says when there is none. The event was then not
    /// accepted. What goes wrong at a target is in the [`Report`].
    pub fn dispatch(&self, event: Event) -> Dispatch {
        Dispatch { shared: Arc::clone(&self.shared), event, within: None, announcement: None }
    }

    /// What [`dispatch`](Self::dispatch) would do now. Writes nothing and sends nothing.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch).
    pub async fn plan(&self, event: &Event) -> Result<Plan> {
        event.check()?;
        let snapshot = self.shared.snapshots.current(&event.organization).await?;
        let resolution =
            resolve(&snapshot.configuration, event.application.as_ref(), event.trigger);
        plan(&self.shared, &snapshot, &resolution, event).await
    }

    /// Checks a configuration before it is put in place, with everything this dispatcher knows: its connectors, and
    /// the options that it serves.
    ///
    /// # Errors
    /// [`Problems`], each with its path.
    pub fn check(&self, configuration: &Configuration) -> Result<(), Problems> {
        self.shared.snapshots.check_document(configuration)
    }

    /// Checks the organization's newest configuration now, and takes it into use if it is good: for an admin console
    /// that has just saved one.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) with every problem on a line of its own, also when an older good
    /// one stays in use; whatever the [`ConfigurationSource`](crate::host::ConfigurationSource) says.
    pub async fn check_configuration(&self, organization: &OrganizationId) -> Result<()> {
        self.shared.snapshots.refresh(organization).await?;
        self.shared.healths.probe_now(|target| target.organization == *organization);
        self.shared.bell.ring();
        Ok(())
    }

    /// Announces that a resource is about to change, durably, *before* the host's own commit: for hosts whose database
    /// the store cannot join. After the commit, [`dispatch`](Self::dispatch) the event
    /// [`fulfilling`](Dispatch::fulfilling) it. If the process dies in between, the truth is asked of the
    /// [`ResourceSource`](crate::host::ResourceSource), and no committed change is lost. Without it, nothing is
    /// promised before `dispatch` returns (P1, P2). The truth is told as an update by no application: who was kept out by
    /// an application's options, and was never dispatched, is not kept out by them.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when there is no resource source to ask;
    /// [`Storage`](ErrorKind::Storage).
    pub async fn announce(&self, resource: ResourceKey) -> Result<Announcement> {
        hints::announce(&self.shared, resource).await
    }

    /// Ends cleanly, once workers have stopped and nothing is dispatched any more: the next life at the store need not
    /// look up what was open. Where somebody still works, or a request's outcome was not learnt, nothing is closed, and
    /// the answer says so.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use outbound_provisioning::dispatch::Ending;
    /// use outbound_provisioning::model::Configuration;
    /// use outbound_provisioning::{ConnectorRegistry, Dispatcher};
    ///
    /// let dispatcher = Dispatcher::builder(Configuration::new(), ConnectorRegistry::new()).build()?;
    /// assert_eq!(dispatcher.close().await?, Ending::Clean);
    /// # Ok::<(), outbound_provisioning::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage).
    pub async fn close(&self) -> Result<Ending> {
        if !self.shared.turns.is_quiet() {
            return Ok(Ending::Unclean);
        }
        self.shared.store.close().await?;
        Ok(Ending::Clean)
    }

    /// Asks the host for the truth of every resource whose announcement nobody will fulfil. A worker does so on its
    /// own. Answers how many there were.
    ///
    /// # Errors
    /// Whatever the [`ResourceSource`](crate::host::ResourceSource) says, and [`Storage`](ErrorKind::Storage). What was
    /// not recovered is asked for again.
    pub async fn recover(&self) -> Result<usize> {
        let recovered = hints::recover(&self.shared).await;
        self.shared.bell.ring();
        recovered
    }
}

/// An event on its way. Await it.
#[derive(Debug)]
#[must_use = "nothing is accepted until it is awaited"]
pub struct Dispatch {
    shared: Arc<Shared>,
    event: Event,
    within: Option<Duration>,
    announcement: Option<Announcement>,
}

impl Dispatch {
    /// This is the change that was announced.
    pub fn fulfilling(mut self, announcement: Announcement) -> Self {
        self.announcement = Some(announcement);
        self
    }

    /// Waits this long at most, where the provisioner would wait longer. Needs a
    /// [`Runtime`](crate::host::Runtime): without one the event is refused, as
    /// [`Configuration`](ErrorKind::Configuration).
    pub fn within(mut self, deadline: Duration) -> Self {
        self.within = Some(deadline);
        self
    }
}

impl IntoFuture for Dispatch {
    type Output = Result<Report>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Report>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(dispatch(self))
    }
}

async fn dispatch(dispatch: Dispatch) -> Result<Report> {
    let Dispatch { shared, event, within, announcement } = dispatch;
    event.check()?;
    if within.is_some() && shared.runtime.is_none() {
        let message =
            "a deadline needs a timer; give the dispatcher a runtime, or leave the deadline out";
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let began = shared.runtime.as_ref().map(|runtime| runtime.now());
    let snapshot = shared.snapshots.current(&event.organization);
    let snapshot = match (within, &shared.runtime) {
        (Some(within), Some(runtime)) => {
            unless(snapshot, runtime.sleep(within)).await.unwrap_or_else(|| Err(no_configuration()))
        }
        _ => snapshot.await,
    }?;
    let resolution = resolve(&snapshot.configuration, event.application.as_ref(), event.trigger);
    let sends = cfg!(any(feature = "blocking", feature = "non-blocking"));
    if !sends && !resolution.chosen.is_empty() {
        let message =
            "this build plans and does not send; enable the feature `blocking` or `non-blocking`";
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    // Whatever becomes of the commit: an error, or a caller who leaves, does not say that nothing was accepted.
    let rings = Rings(Arc::clone(&shared));
    let fulfils: Vec<_> = announcement.iter().filter_map(Announcement::hint).collect();
    let candidates = candidates_of(&event, &snapshot.configuration, &resolution);
    let accepted = accept(&shared, &snapshot, &event, &candidates, &fulfils).await?;
    drop(rings);
    if let Some(announcement) = announcement {
        announcement.fulfilled();
    }
    let application = resolution.application;
    let event = accepted.routed.event;
    let run = Run::new(shared, snapshot, event, within, began);
    let (deliveries, follow_ups) = run.carry_out(accepted).await;
    Ok(Report { event, application, deliveries, follow_ups })
}

/// Tells workers to look, when it is dropped.
struct Rings(Arc<Shared>);

impl Drop for Rings {
    fn drop(&mut self) {
        self.0.bell.ring();
    }
}

fn no_configuration() -> Error {
    let message = "the configuration did not come in time; the event was not accepted";
    Error::new(ErrorKind::Timeout, message).with_effect(Effect::NotSent)
}
