//! One connection's way to its target.

use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;

use super::budget::{Budget, Share};
use super::clock::Clock;
use super::mask::mask;
use super::pace::Pace;
use super::settings::{DialingSettings, ExchangeSettings};
use super::sign_in::{Proof, SignIn};
use super::tokens::Means;
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::host::{Runtime, SecretSource};
use crate::model::Secret;
use crate::transport::{Dialing, HttpClient, HttpRequest, HttpResponse};

/// Secrets shorter than this are parts of other words.
const SHORTEST_HIDDEN: usize = 8;

/// Sends what a connector says, in our name and within our budget.
///
/// One for each connection and generation: tokens, open connections and budgets are shared with nobody (P27).
#[derive(Debug)]
pub(crate) struct Exchange {
    client: Arc<dyn HttpClient>,
    secrets: Arc<dyn SecretSource>,
    clock: Clock,
    dialing: DialingSettings,
    dialled: Mutex<Option<Dialled>>,
    sign_in: SignIn,
    budget: Mutex<Budget>,
}

/// The client of this connection alone, and the certificate that it shows.
#[derive(Debug)]
struct Dialled {
    client: Arc<dyn HttpClient>,
    identity: Option<Secret>,
}

impl Exchange {
    pub(crate) fn new(
        client: Arc<dyn HttpClient>,
        settings: ExchangeSettings,
        secrets: Arc<dyn SecretSource>,
        runtime: Option<Arc<dyn Runtime>>,
    ) -> Self {
        Self {
            client,
            secrets,
            clock: Clock::new(runtime),
            dialing: settings.dialing,
            dialled: Mutex::new(None),
            sign_in: SignIn::new(settings.authentication),
            budget: Mutex::new(Budget::new(settings.limits)),
        }
    }

    /// Sends one request and gives back its answer, whichever its status, with our own secrets, and the password that it
    /// is about, masked where it is an error (F93, P28), and `Retry-After`, where it is understood, in seconds. A request
    /// that was refused with 401 is sent once more, with a new token or the other of two valid secrets; nothing else is
    /// ever sent twice.
    ///
    /// # Errors
    /// [`RateLimited`](ErrorKind::RateLimited) without sending when the budget is empty, and when the target says that
    /// it was too much; what kept the credentials from being had; what kept an answer from coming.
    pub(crate) async fn send(
        &self,
        request: HttpRequest,
        share: Share,
        password: Option<&Secret>,
    ) -> Result<HttpResponse> {
        let (mut response, hidden) = self.answered(request, share).await?;
        if !response.status().is_success() {
            mask(&mut response, hidden.iter().chain(password));
        }
        Ok(response)
    }

    /// The same for a question about the target itself. What it answers is kept and shown, so our own secrets are
    /// masked in it too; but for those so short that they are parts of other words.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub(crate) async fn ask(&self, request: HttpRequest) -> Result<HttpResponse> {
        let (mut response, mut hidden) = self.answered(request, Share::Read).await?;
        hidden.retain(|secret| secret.expose().len() >= SHORTEST_HIDDEN);
        mask(&mut response, &hidden);
        Ok(response)
    }

    /// An answer, and what is not to be seen in it.
    async fn answered(
        &self,
        request: HttpRequest,
        share: Share,
    ) -> Result<(HttpResponse, Vec<Secret>)> {
        self.take(share)?;
        let ready = self.ready().await;
        let (client, proof) = ready.inspect_err(|_| self.budget().give_back(share))?;
        let spare = self.sign_in.has_another().then(|| request.clone());
        let mut response = self.attempt(&*client, request, proof.as_ref(), share).await?;
        let mut second = None;
        if let (StatusCode::UNAUTHORIZED, Some(spare), Some(refused)) =
            (response.status(), spare, &proof)
        {
            second = self.sign_in.another(refused, self.means(&*client)).await?;
            if let Some(second) = &second {
                // It counts, and goes out even when it is one too many: the first one did nothing.
                let _ = self.take(share);
                response = self.attempt(&*client, spare, Some(second), share).await?;
                if response.status() != StatusCode::UNAUTHORIZED {
                    self.sign_in.works(second);
                }
            }
        }
        let shown = proof.into_iter().chain(second).flat_map(|proof| proof.signature.hidden);
        Ok((response, shown.collect()))
    }

    /// The client to send through, and what shows who we are.
    async fn ready(&self) -> Result<(Arc<dyn HttpClient>, Option<Proof>)> {
        let client = self.client().await?;
        let proof = self.sign_in.proof(self.means(&*client)).await?;
        Ok((client, proof))
    }

    fn means<'a>(&'a self, client: &'a dyn HttpClient) -> Means<'a> {
        Means { client, secrets: &*self.secrets, clock: &self.clock }
    }

    async fn attempt(
        &self,
        client: &dyn HttpClient,
        mut request: HttpRequest,
        proof: Option<&Proof>,
        share: Share,
    ) -> Result<HttpResponse> {
        if let Some(proof) = proof {
            proof.signature.put_on(&mut request);
        }
        let mut response = client.send(request).await?;
        let now = self.clock.now();
        let pace = Pace::read(&response, now);
        self.budget().learn(share, &pace, now);
        if pace.is_limited {
            return Err(too_fast(response.status(), &pace));
        }
        pace.settle(response.headers_mut());
        Ok(response)
    }

    /// The client of this connection, made when it is first needed and again when its certificate is another.
    async fn client(&self) -> Result<Arc<dyn HttpClient>> {
        let identity = match &self.dialing.identity {
            Some(credential) => Some(credential.current(&*self.secrets).await?),
            None => None,
        };
        let mut dialled = self.dialled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dialled) = &*dialled
            && dialled.identity.as_ref().map(Secret::expose)
                == identity.as_ref().map(Secret::expose)
        {
            return Ok(Arc::clone(&dialled.client));
        }
        let mut dialing = Dialing::new();
        dialing.extra_roots.clone_from(&self.dialing.extra_roots);
        dialing.proxy.clone_from(&self.dialing.proxy);
        dialing.identity.clone_from(&identity);
        let own = (*self.client).for_connection(&dialing)?;
        let client = own.unwrap_or_else(|| Arc::clone(&self.client));
        *dialled = Some(Dialled { client: Arc::clone(&client), identity });
        Ok(client)
    }

    fn take(&self, share: Share) -> Result<()> {
        let now = self.clock.now();
        self.budget().take(share, now).map_err(|wait| {
            let message = "as many requests as the target allows were sent; the next one waits";
            Error::new(ErrorKind::RateLimited, message)
                .with_effect(Effect::NotSent)
                .with_retry_after(wait)
        })
    }

    fn budget(&self) -> std::sync::MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_fast(status: StatusCode, pace: &Pace) -> Error {
    let message = format!("the target answered {}: too many requests", status.as_u16());
    let error = Error::new(ErrorKind::RateLimited, message);
    match pace.wait {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}
