//! The only module that names tokio.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::runtime::Handle;

use super::runtime::Runtime;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Timestamp;

/// Time and tasks of a tokio runtime.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use outbound_provisioning::host::TokioRuntime;
///
/// assert!(TokioRuntime::current().is_ok());
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TokioRuntime(Handle);

impl TokioRuntime {
    /// The runtime this is called in. Its timer must be enabled.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) outside of a tokio runtime.
    pub fn current() -> Result<Self> {
        Handle::try_current().map(Self).map_err(|error| {
            Error::new(
                ErrorKind::Configuration,
                "there is no tokio runtime here; call this inside of one",
            )
            .with_source(error)
        })
    }
}

#[async_trait]
impl Runtime for TokioRuntime {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.0.spawn(task);
    }
}
