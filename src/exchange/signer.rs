//! Signatures by ring. The only module that names ring and rustls-pki-types.

use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::assertion::Signer;
use super::settings::Algorithm;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Secret;

/// Why this build cannot sign.
pub(super) const MISSING: Option<&str> = None;

/// What signs with a private key in PEM.
///
/// # Errors
/// What is wrong with the key, without the key.
pub(super) fn signer(key: &Secret, algorithm: Algorithm) -> Result<Box<dyn Signer>, &'static str> {
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| "no private key in PEM; give one that is not encrypted")?;
    match algorithm {
        Algorithm::Rs256 => rsa_signer(&key, algorithm, &RSA_PKCS1_SHA256),
        Algorithm::Ps256 => rsa_signer(&key, algorithm, &RSA_PSS_SHA256),
        Algorithm::Es256 => ecdsa_signer(&key),
    }
}

fn rsa_signer(
    key: &PrivateKeyDer<'_>,
    algorithm: Algorithm,
    padding: &'static dyn RsaEncoding,
) -> Result<Box<dyn Signer>, &'static str> {
    let pair = match key {
        PrivateKeyDer::Pkcs8(key) => rsa::KeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => rsa::KeyPair::from_der(key.secret_pkcs1_der()),
        _ => {
            return Err(
                "not an RSA key, which this signature needs; give one, or another signature",
            );
        }
    };
    let pair = pair
        .map_err(|_| "not an RSA key of 2048 bits or more, which this signature needs; give one, or another signature")?;
    Ok(Box::new(Rsa { pair, algorithm, padding, random: SystemRandom::new() }))
}

fn ecdsa_signer(key: &PrivateKeyDer<'_>) -> Result<Box<dyn Signer>, &'static str> {
    let PrivateKeyDer::Pkcs8(key) = key else {
        return Err(
            "not a key on the curve P-256 in PKCS #8, which ES256 needs; convert it, or give another signature",
        );
    };
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        key.secret_pkcs8_der(),
        &random,
    )
    .map_err(
        |_| "not a key on the curve P-256, which ES256 needs; give one, or another signature",
    )?;
    Ok(Box::new(Ecdsa { pair, random }))
}

struct Rsa {
    pair: rsa::KeyPair,
    algorithm: Algorithm,
    padding: &'static dyn RsaEncoding,
    random: SystemRandom,
}

impl Signer for Rsa {
    fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(self.padding, &self.random, text, &mut signature)
            .map_err(|_| cannot_sign())?;
        Ok(signature)
    }
}

struct Ecdsa {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer for Ecdsa {
    fn algorithm(&self) -> &'static str {
        Algorithm::Es256.name()
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let signature = self.pair.sign(&self.random, text).map_err(|_| cannot_sign())?;
        Ok(signature.as_ref().to_vec())
    }
}

fn cannot_sign() -> Error {
    Error::new(ErrorKind::Configuration, "the private key does not sign; give another")
}
