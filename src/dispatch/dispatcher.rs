//! The handle a host holds.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::join::unless;
use super::plan::{Plan, plan};
use super::report::Report;
use super::run::Run;
use super::shared::{Shared, candidates};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::model::{Configuration, Event, OrganizationId, Problems, ResourceKey, Target};
use crate::resolver::resolve;

/// Tells every external system that must know what happened. Clones are handles to the same dispatcher.
///
/// What it remembers (links, exclusions, what is still open) is in memory in this version: it is lost with the
/// process.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    shared: Arc<Shared>,
}

impl Dispatcher {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
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
        Dispatch { shared: Arc::clone(&self.shared), event, within: None }
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
        Ok(plan(&self.shared.store, &snapshot, &resolution, event))
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
        self.shared.snapshots.refresh(organization).await
    }

    /// Lets a resource in again that JIT-off, an override or a disabled application kept out of a target (R5). Its
    /// next event creates it there. Answers whether it was kept out.
    pub fn lift_exclusion(&self, resource: &ResourceKey, target: &Target) -> bool {
        self.shared.store.forget_exclusion(resource, target)
    }
}

/// An event on its way. Await it.
#[derive(Debug)]
#[must_use = "nothing is accepted until it is awaited"]
pub struct Dispatch {
    shared: Arc<Shared>,
    event: Event,
    within: Option<Duration>,
}

impl Dispatch {
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
        Box::pin(dispatch(self.shared, self.event, self.within))
    }
}

async fn dispatch(shared: Arc<Shared>, event: Event, within: Option<Duration>) -> Result<Report> {
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
    if !cfg!(feature = "blocking") && !resolution.chosen.is_empty() {
        let message = "this build plans and does not send; enable the feature `blocking`";
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let accepted = shared.store.accept(&event, &candidates(&resolution));
    let application = resolution.application;
    let run = Run::new(shared, snapshot, accepted.event, within, began);
    let (deliveries, follow_ups) = run.carry_out(accepted).await;
    Ok(Report { event: run.event(), application, deliveries, follow_ups })
}

fn no_configuration() -> Error {
    let message = "the configuration did not come in time; the event was not accepted";
    Error::new(ErrorKind::Timeout, message).with_effect(Effect::NotSent)
}
