//! The trait that a rule engine implements.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::decision::RuleDecision;
use super::request::RuleRequest;
use crate::error::Result;

/// Decides whether something may be sent to a target.
///
/// # Contract
/// 1. The same request is decided alike until the rules change. It is asked again after a pause, and a decision is kept
///    nowhere.
/// 2. Nothing but a rule's own yes is [`Permit`](super::Verdict::Permit). What is not understood is
///    [`Indeterminate`](super::Verdict::Indeterminate).
/// 3. It answers soon: whoever asks waits. The future may be dropped at any time.
///
/// ```
/// use async_trait::async_trait;
/// use outbound_provisioning::Result;
/// use outbound_provisioning::rules::{RuleDecision, RuleEngine, RuleRequest, Verdict};
///
/// /// Nobody is created on behalf of the trial application.
/// #[derive(Debug)]
/// struct NoTrials;
///
/// #[async_trait]
/// impl RuleEngine for NoTrials {
///     async fn decide(&self, request: &RuleRequest<'_>) -> Result<RuleDecision> {
///         Ok(match request.application {
///             Some(application) if application.as_str() == "trial" => {
///                 RuleDecision::deny().because("trials stay with us")
///             }
///             _ => RuleDecision::new(Verdict::NotApplicable),
///         })
///     }
/// }
/// ```
#[async_trait]
pub trait RuleEngine: Debug + Send + Sync + 'static {
    /// The decision on one request.
    ///
    /// # Errors
    /// Whatever keeps the engine from deciding. It counts as [`Indeterminate`](super::Verdict::Indeterminate), whatever
    /// its kind: see [`RuleDecision::of`].
    async fn decide(&self, request: &RuleRequest<'_>) -> Result<RuleDecision>;
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: RuleEngine + ?Sized> RuleEngine for $pointer<T> {
            async fn decide(&self, request: &RuleRequest<'_>) -> Result<RuleDecision> {
                (**self).decide(request).await
            }
        }
    )+};
}

forward!(Arc, Box);
