//! Signed statements about ourselves: JWTs (RFC 7519) that a token endpoint takes in place of a secret (RFC 7523).

use std::time::Duration;

use serde::Serialize;

use super::encoding::base64_url;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Secret, Timestamp};

/// How long one is good: it is used at once, and clocks differ.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// Signs with a key that it keeps, wherever that is.
pub(super) trait Signer {
    /// What the header of a JWT calls the way it signs.
    fn algorithm(&self) -> &'static str;

    /// The signature of a text, in the form that a JWT has it.
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>>;
}

/// What a client says of itself to the token endpoint (RFC 7523 section 3).
#[derive(Serialize)]
struct ClientClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
}

/// The assertion of a client, now. `dice` make it one that was never seen before.
pub(super) fn client_assertion(
    signer: &dyn Signer,
    key_id: Option<&str>,
    client_id: &str,
    audience: &str,
    now: Timestamp,
    dice: u64,
) -> Result<Secret> {
    let seconds = |moment: Timestamp| moment.as_millis().div_euclid(1_000);
    let jti = format!("{:x}-{dice:016x}", now.as_millis());
    let claims = ClientClaims {
        iss: client_id,
        sub: client_id,
        aud: audience,
        jti: &jti,
        iat: seconds(now),
        exp: seconds(now.after(LIFE)),
    };
    jwt(signer, key_id, &claims)
}

/// A JWT in compact form (RFC 7515 section 7.1).
fn jwt(signer: &dyn Signer, key_id: Option<&str>, claims: &impl Serialize) -> Result<Secret> {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'a str,
        typ: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a str>,
    }
    let header = Header { alg: signer.algorithm(), typ: "JWT", kid: key_id };
    let mut text = format!("{}.{}", part(&header)?, part(claims)?);
    let signature = signer.sign(text.as_bytes())?;
    text.push('.');
    text.push_str(&base64_url(&signature));
    Ok(Secret::new(text))
}

fn part(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(value).map_err(|error| {
        Error::new(ErrorKind::Internal, "an assertion cannot be written").with_source(error)
    })?;
    Ok(base64_url(&json))
}
