//! TLS of one client. The only module that names rustls and rustls-platform-verifier.

use std::error::Error as StdError;
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, ClientConfig};

use super::causes::causes;
use super::dialing::Dialing;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Secret;

/// The operating system's certificates, read once: every connection that asks for no others shares them.
#[derive(Clone)]
pub(super) struct SystemRoots {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl SystemRoots {
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) when there are none.
    pub(super) fn read() -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = verifier(Vec::new(), Arc::clone(&provider))?;
        Ok(Self { provider, verifier })
    }

    /// TLS 1.2 or newer, host names verified, sessions remembered for nobody else.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration), naming what is unusable and showing nothing of it.
    pub(super) fn client_config(&self, dialing: &Dialing) -> Result<ClientConfig> {
        let verifier = match &dialing.extra_roots {
            Some(pem) => verifier(
                certificates(pem).ok_or_else(|| unusable(ROOTS))?,
                Arc::clone(&self.provider),
            )?,
            None => Arc::clone(&self.verifier),
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable("TLS cannot be set up").with_source(error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        match &dialing.identity {
            None => Ok(config.with_no_client_auth()),
            Some(identity) => {
                let (chain, key) = chain_and_key(identity)?;
                config.with_client_auth_cert(chain, key).map_err(|error| {
                    unusable("our own certificate cannot be used; does the key belong to it?")
                        .with_source(error)
                })
            }
        }
    }
}

const ROOTS: &str = "the certificates to trust cannot be read; give them as PEM";

fn unusable(what: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what)
}

/// All certificates of a PEM text, at least one. Errors of the reader quote the text, so they end here.
fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let read: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().ok()?;
    (!read.is_empty()).then_some(read)
}

fn chain_and_key(
    identity: &Secret,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let pem = identity.expose();
    let chain = certificates(pem)
        .ok_or_else(|| unusable("our own certificate cannot be read; give it as PEM"))?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
        unusable("the key of our own certificate cannot be read; give it as PEM, without a password, behind the certificate")
    })?;
    Ok((chain, key))
}

/// The operating system's certificates, and these.
#[cfg(not(target_os = "android"))]
fn verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let what = if roots.is_empty() { "the system's certificates cannot be read" } else { ROOTS };
    match rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) => Err(unusable(what).with_source(error)),
    }
}

/// The system's verifier takes no others there.
#[cfg(target_os = "android")]
fn verifier(
    roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    if !roots.is_empty() {
        return Err(unusable("this system trusts no certificates but its own; leave them out"));
    }
    match rustls_platform_verifier::Verifier::new(provider) {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(error) => Err(unusable("the system's certificates cannot be read").with_source(error)),
    }
}

/// What TLS found wrong while connecting, if it was TLS.
pub(super) fn handshake_fault(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    Some(match tls_error(error)? {
        rustls::Error::InvalidCertificate(fault) => certificate_fault(fault),
        rustls::Error::AlertReceived(alert) => {
            refusal(*alert).unwrap_or("the target broke the TLS handshake off")
        }
        rustls::Error::PeerIncompatible(_) => NOTHING_IN_COMMON,
        rustls::Error::InvalidMessage(_) => "the target does not speak TLS",
        _ => "the TLS handshake with the target failed",
    })
}

/// What the target says against our certificate. With TLS 1.3 it says so after our handshake is through, but before its
/// own: what was sent in between reached nobody.
pub(super) fn identity_fault(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    match tls_error(error)? {
        rustls::Error::AlertReceived(alert) => refusal(*alert),
        _ => None,
    }
}

const NOTHING_IN_COMMON: &str = "the target has no TLS version or cipher in common with us";

fn certificate_fault(fault: &CertificateError) -> &'static str {
    use CertificateError as Fault;
    match fault {
        Fault::Expired | Fault::ExpiredContext { .. } => "the target's certificate has expired",
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => {
            "the target's certificate is not valid yet"
        }
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            "the target's certificate is another host's"
        }
        Fault::Revoked => "the target's certificate was revoked",
        // An authority of the same name as a trusted one, but another, makes a bad signature.
        Fault::UnknownIssuer | Fault::BadSignature => {
            "the target's certificate is from an authority that is not trusted"
        }
        _ => "the target's certificate is not valid",
    }
}

fn refusal(alert: AlertDescription) -> Option<&'static str> {
    use AlertDescription as Alert;
    match alert {
        Alert::CertificateRequired => Some("the target wants a certificate of ours"),
        Alert::AccessDenied
        | Alert::BadCertificate
        | Alert::CertificateExpired
        | Alert::CertificateRevoked
        | Alert::CertificateUnknown
        | Alert::DecryptError
        | Alert::UnknownCA
        | Alert::UnsupportedCertificate => Some("the target does not accept our certificate"),
        Alert::ProtocolVersion | Alert::InsufficientSecurity => Some(NOTHING_IN_COMMON),
        _ => None,
    }
}

/// The TLS error behind an error.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    causes(error).find_map(|error| error.downcast_ref())
}
