//! What the settings are called, and what an admin form shows.

use super::settings::Algorithm;
use crate::model::{Choice, PropertyKind, PropertySpec};

/// The settings of every connector over HTTP, from this place of the form on.
pub(crate) fn specs(first: u16) -> Vec<PropertySpec> {
    let specs = [
        spec("authentication", "Authentication", authentication())
            .described("How the target recognises us")
            .required(),
        text("username", "User name", "With user name and password"),
        secret("password", "Password", "With user name and password"),
        secret("token", "Token", "With a bearer token"),
        text("api_key_header", "API key header", "With an API key: the header that carries it, for example X-Api-Key"),
        secret("api_key", "API key", "With an API key"),
        spec("token_url", "Token endpoint", PropertyKind::Url)
            .described("With OAuth 2.0: where tokens are given out, for example https://id.example.com/oauth2/token"),
        text("client_id", "Client ID", "With OAuth 2.0: who we are at the token endpoint"),
        spec("client_authentication", "Client authentication", client_authentication())
            .described("With OAuth 2.0: how the token endpoint recognises us")
            .with_default("client_secret_basic"),
        secret("client_secret", "Client secret", "With OAuth 2.0 and a client secret"),
        secret("private_key", "Private key", "With OAuth 2.0 and a private key: PEM, PKCS #8 or, for RSA, PKCS #1"),
        text("key_id", "Key ID", "With OAuth 2.0 and a private key: what the token endpoint knows it by"),
        spec("signature", "Signature", signature())
            .described("With OAuth 2.0 and a private key: how it signs")
            .with_default(Algorithm::Rs256.name()),
        text("scope", "Scope", "With OAuth 2.0: what the token is for, words between blanks"),
        text("audience", "Audience", "With OAuth 2.0: whom the token is for, where the token endpoint asks for it"),
        text("resource", "Resource", "With OAuth 2.0: the address the token is for (RFC 8707), where the token endpoint asks for it"),
        secret("client_certificate", "Client certificate", "Shown to a target that asks for one: certificate and private key, both in PEM"),
        text("extra_certificates", "Extra certificates", "Authorities that are trusted besides the operating system's: certificates in PEM"),
        spec("proxy", "Proxy", PropertyKind::Url)
            .described("The HTTP proxy to go through, without user name and password"),
        spec("reads_per_minute", "Reads per minute", PropertyKind::Integer)
            .described("The most requests per minute that only read; none given: as many as there are"),
        spec("writes_per_minute", "Writes per minute", PropertyKind::Integer)
            .described("The most requests per minute that change something; none given: as many as there are"),
    ];
    (first..).zip(specs).map(|(place, spec)| spec.at(place)).collect()
}

fn authentication() -> PropertyKind {
    PropertyKind::Choice(vec![
        Choice::new("none", "None (this machine only, or with a client certificate)"),
        Choice::new("basic", "User name and password"),
        Choice::new("bearer", "Bearer token"),
        Choice::new("api_key", "API key in a header"),
        Choice::new("oauth2", "OAuth 2.0 client credentials"),
    ])
}

fn client_authentication() -> PropertyKind {
    PropertyKind::Choice(vec![
        Choice::new("client_secret_basic", "Client secret in a header"),
        Choice::new("client_secret_post", "Client secret in the form"),
        Choice::new("private_key_jwt", "Assertion signed with a private key"),
    ])
}

fn signature() -> PropertyKind {
    let choice = |algorithm: Algorithm| Choice::new(algorithm.name(), algorithm.name());
    PropertyKind::Choice(Algorithm::ALL.map(choice).to_vec())
}

fn spec(name: &str, label: &str, kind: PropertyKind) -> PropertySpec {
    PropertySpec::new(name, label, kind)
}

fn text(name: &str, label: &str, description: &str) -> PropertySpec {
    spec(name, label, PropertyKind::Text).described(description)
}

fn secret(name: &str, label: &str, description: &str) -> PropertySpec {
    spec(name, label, PropertyKind::Secret).described(description)
}
