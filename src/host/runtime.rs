//! Time and tasks. The library has no clock and spawns nothing on its own.

use std::fmt::Debug;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use crate::model::Timestamp;

/// The host's clock and its tasks.
///
/// Without one there is no timer and no spawn: a deadline is then a configuration error, and work stands still while
/// nobody waits for it.
#[async_trait]
pub trait Runtime: Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// A number that nobody can predict, for the jitter of pauses. Default: the standard library's.
    fn random(&self) -> u64 {
        RandomState::new().hash_one(0_u8)
    }

    /// Comes back after this long.
    async fn sleep(&self, duration: Duration);

    /// Runs a task to its end, whether or not anybody waits for it.
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>);
}

/// The time now: the runtime's, or else the machine's.
pub(crate) fn now(runtime: Option<&dyn Runtime>) -> Timestamp {
    match runtime {
        Some(runtime) => runtime.now(),
        None => {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        }
    }
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: Runtime + ?Sized> Runtime for $pointer<T> {
            fn now(&self) -> Timestamp {
                (**self).now()
            }

            fn random(&self) -> u64 {
                (**self).random()
            }

            async fn sleep(&self, duration: Duration) {
                (**self).sleep(duration).await;
            }

            fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
                (**self).spawn(task);
            }
        }
    )+};
}

forward!(Arc, Box);
