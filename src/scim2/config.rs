//! Settings as an administrator types them, and as the code wants them: the one bridge between the two.

use http::HeaderName;
use url::Url;

use crate::model::{
    Choice, Problems, Properties, PropertyKind, PropertySpec, Secret, SecretReference,
};
use crate::transport::{BaseUrl, NetworkPolicy, is_loopback};

/// Headers that carry more than a key, or that belong to HTTP itself (F101, F102).
const RESERVED_HEADERS: [&str; 17] = [
    "authorization",
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "if-match",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-http-method-override",
];

/// The settings of one connection, checked.
#[derive(Clone, Debug)]
pub(super) struct Scim2Config {
    pub(super) base: BaseUrl,
    pub(super) authentication: Authentication,
    pub(super) update_method: UpdateMethod,
}

/// How we show who we are.
#[derive(Clone, Debug)]
pub(super) enum Authentication {
    None,
    Basic { username: Credential, password: Credential },
    Bearer(Credential),
    ApiKey { header: HeaderName, key: Credential },
}

/// A secret, or where it is.
#[derive(Clone, Debug)]
pub(super) enum Credential {
    Given(Secret),
    Reference(SecretReference),
}

/// How an existing resource is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UpdateMethod {
    Patch,
    Put,
}

pub(super) fn specs() -> Vec<PropertySpec> {
    let authentication = PropertyKind::Choice(vec![
        Choice::new("none", "None (this machine only)"),
        Choice::new("basic", "User name and password"),
        Choice::new("bearer", "Bearer token"),
        Choice::new("api_key", "API key in a header"),
    ]);
    let update_method = PropertyKind::Choice(vec![
        Choice::new("patch", "PATCH with what changed"),
        Choice::new("put", "PUT of the whole resource"),
    ]);
    vec![
        PropertySpec::new("base_url", "Base URL", PropertyKind::Url)
            .described("Where the SCIM service begins, for example https://hr.example.com/scim/v2")
            .required()
            .at(1),
        PropertySpec::new("authentication", "Authentication", authentication)
            .described("How the target recognises us")
            .required()
            .at(2),
        PropertySpec::new("username", "User name", PropertyKind::Text)
            .described("With user name and password")
            .at(3),
        PropertySpec::new("password", "Password", PropertyKind::Secret)
            .described("With user name and password")
            .at(4),
        PropertySpec::new("token", "Token", PropertyKind::Secret)
            .described("With a bearer token")
            .at(5),
        PropertySpec::new("api_key_header", "API key header", PropertyKind::Text)
            .described("With an API key: the header that carries it, for example X-Api-Key")
            .at(6),
        PropertySpec::new("api_key", "API key", PropertyKind::Secret)
            .described("With an API key")
            .at(7),
        PropertySpec::new("update_method", "Update method", update_method)
            .described("PUT only for targets without PATCH: it costs a second request")
            .with_default("patch")
            .at(8),
    ]
}

impl Scim2Config {
    /// Reads settings and notes what is wrong with them. None where they cannot be used.
    pub(super) fn read(
        properties: &Properties,
        policy: &NetworkPolicy,
        path: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let base_url = properties.text("base_url").unwrap_or_default();
        let base = BaseUrl::parse(base_url, policy);
        if let (Err(complaint), false) = (&base, base_url.is_empty()) {
            problems.note(format!("{path}.base_url"), *complaint);
        }
        let local = Url::parse(base_url).is_ok_and(|url| is_loopback(&url));
        let mut settings = Settings { properties, path, problems, used: Vec::new() };
        let authentication = settings.authentication(local);
        settings.note_unused();
        let update_method = match properties.text("update_method") {
            Some("put") => UpdateMethod::Put,
            _ => UpdateMethod::Patch,
        };
        Some(Self { base: base.ok()?, authentication: authentication?, update_method })
    }
}

struct Settings<'a> {
    properties: &'a Properties,
    path: &'a str,
    problems: &'a mut Problems,
    used: Vec<&'static str>,
}

impl Settings<'_> {
    /// An unknown mode is refused, never taken for a weaker one (F61). What the description of the settings says
    /// already is not said twice.
    fn authentication(&mut self, local: bool) -> Option<Authentication> {
        match self.properties.text("authentication")? {
            "none" if local => Some(Authentication::None),
            "none" => {
                self.note("authentication", "a target on another machine needs authentication; give basic, bearer or api_key");
                None
            }
            "basic" => {
                let (username, password) =
                    (self.credential("username"), self.credential("password"));
                if username.as_ref().is_some_and(|username| matches!(username, Credential::Given(name) if name.expose().contains(':'))) {
                    self.note("username", "a colon cannot be part of it (RFC 7617); use another user name or another authentication");
                }
                Some(Authentication::Basic { username: username?, password: password? })
            }
            "bearer" => self.credential("token").map(Authentication::Bearer),
            "api_key" => {
                let (header, key) = (self.header(), self.credential("api_key"));
                Some(Authentication::ApiKey { header: header?, key: key? })
            }
            _ => None,
        }
    }

    fn credential(&mut self, name: &'static str) -> Option<Credential> {
        self.used.push(name);
        let Some(text) = self.properties.text(name).filter(|text| !text.is_empty()) else {
            self.note(name, "missing; this authentication needs it");
            return None;
        };
        if text.chars().any(char::is_control) {
            self.note(name, "holds control characters; remove them");
            return None;
        }
        Some(
            SecretReference::parse(text)
                .map_or_else(|| Credential::Given(Secret::new(text)), Credential::Reference),
        )
    }

    fn header(&mut self) -> Option<HeaderName> {
        self.used.push("api_key_header");
        let text = self.properties.text("api_key_header").unwrap_or_default();
        match HeaderName::try_from(text) {
            Ok(header) if RESERVED_HEADERS.contains(&header.as_str()) => {
                self.note(
                    "api_key_header",
                    "this header has a meaning of its own; give another, for example X-Api-Key",
                );
                None
            }
            Ok(header) => Some(header),
            Err(_) => {
                self.note(
                    "api_key_header",
                    "missing or no header name; give one, for example X-Api-Key",
                );
                None
            }
        }
    }

    /// One method per connection: what belongs to another is refused rather than ignored.
    fn note_unused(&mut self) {
        for name in ["username", "password", "token", "api_key_header", "api_key"] {
            if self.properties.text(name).is_some()
                && !self.used.contains(&name)
                && self.properties.text("authentication").is_some()
            {
                self.note(
                    name,
                    "belongs to another authentication; remove it or change the authentication",
                );
            }
        }
    }

    fn note(&mut self, name: &str, message: &str) {
        self.problems.note(format!("{}.{name}", self.path), message);
    }
}
