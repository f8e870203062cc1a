//! The store's contract, sentence by sentence.

mod batches;
mod beside;
mod counts;
mod lists;
mod marks;
mod members;
mod names;
mod places;
mod queue;
mod referring;
mod scene;

use std::future::Future;

use async_trait::async_trait;

use self::scene::{OnStore, Place, Trial, Wrong};
use super::suite::Suite;
use crate::error::Result;
use crate::store::Store;

/// Checks a store against its [contract](Store#contract), but for what outlives it: [`store_reopened`] does that.
///
/// `fresh` opens an empty store for each case, of its first life: a new file, a new schema, a new directory.
pub async fn store<F, Fut, S>(fresh: F) -> Suite
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<S>> + Send,
    S: Store,
{
    let all: [&[Trial<OnStore>]; 9] = [
        batches::TRIALS,
        names::TRIALS,
        lists::TRIALS,
        counts::TRIALS,
        queue::TRIALS,
        members::TRIALS,
        marks::TRIALS,
        referring::TRIALS,
        beside::TRIALS,
    ];
    let mut suite = Suite::default();
    for trial in all.into_iter().flatten() {
        let verdict = match fresh().await {
            Ok(store) => (trial.run)(&store).await,
            Err(error) => Err(error.into()),
        };
        suite.note(trial.sentence, trial.name, verdict.map_err(|Wrong(how)| how));
    }
    suite.cases.sort_by_key(|case| case.sentence);
    suite
}

/// Checks what must outlive a store's lives: sentences 3, 4, 5 and 11, and what is due when a life has ended.
///
/// `open` opens the store of a name: empty for a name that it has not heard before, and otherwise with what the last
/// life of the same name left there. One life of a name has always ended when the next is opened: it was closed, or,
/// in place of a process that dies, dropped without it. So `open` must keep no handle to what it has opened.
///
/// ```no_run
/// # use outbound_provisioning::store::MemoryStore as FileStore;
/// # async fn checked(open: impl Fn(&str) -> FileStore + Send + Sync) {
/// use outbound_provisioning::conformance;
///
/// let suite = conformance::store_reopened(|name| {
///     let store = open(name);
///     async { Ok(store) }
/// })
/// .await;
/// assert!(suite.is_passed(), "{suite}");
/// # }
/// ```
pub async fn store_reopened<F, Fut, S>(open: F) -> Suite
where
    F: Fn(&'static str) -> Fut + Send + Sync,
    Fut: Future<Output = Result<S>> + Send,
    S: Store,
{
    let mut suite = Suite::default();
    for trial in places::TRIALS {
        let place = Named { name: trial.name, open: &open };
        let verdict = (trial.run)(&place).await;
        suite.note(trial.sentence, trial.name, verdict.map_err(|Wrong(how)| how));
    }
    suite
}

/// The place of one case.
struct Named<'a, F> {
    name: &'static str,
    open: &'a F,
}

#[async_trait]
impl<F, Fut, S> Place for Named<'_, F>
where
    F: Fn(&'static str) -> Fut + Send + Sync,
    Fut: Future<Output = Result<S>> + Send,
    S: Store,
{
    async fn open(&self) -> Result<Box<dyn Store>> {
        Ok(Box::new((self.open)(self.name).await?))
    }
}
