//! Settings as an administrator types them, read into what the code wants: every problem at once, each with its path.

use http::{HeaderName, Uri};
use url::Url;

use super::budget::{Limits, Rate};
use super::credential::Credential;
use super::settings::{
    Algorithm, Authentication, ClientAuthentication, DialingSettings, ExchangeSettings, OAuth2,
};
use super::signer::{MISSING, signer};
use crate::model::{Problems, Properties, Secret};
use crate::transport::NetworkPolicy;

/// Headers that carry more than a key, or that belong to HTTP itself (F101, F102).
const RESERVED_HEADERS: [&str; 22] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "if-match",
    "if-none-match",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-http-method-override",
];

/// What belongs to one kind of authentication each.
const OF_ONE_AUTHENTICATION: [&str; 15] = [
    "username",
    "password",
    "token",
    "api_key_header",
    "api_key",
    "token_url",
    "client_id",
    "client_authentication",
    "client_secret",
    "private_key",
    "key_id",
    "signature",
    "scope",
    "audience",
    "resource",
];

impl ExchangeSettings {
    /// Reads the settings of [`specs`](super::specs) and notes what is wrong with them, beyond what the specs can
    /// say. None where they cannot be used. `is_local`: the target is this machine. `usual`: what a target of this
    /// kind allows, where the administrator says nothing.
    pub(crate) fn read(
        properties: &Properties,
        policy: &NetworkPolicy,
        is_local: bool,
        usual: Limits,
        path: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let mut reader =
            Reader { properties, policy, is_local, path, problems, used: Some(Vec::new()) };
        let authentication = reader.authentication();
        reader.note_unused();
        let dialing = reader.dialing();
        let limits = Limits {
            read: reader.rate("reads_per_minute").or(usual.read),
            write: reader.rate("writes_per_minute").or(usual.write),
        };
        Some(Self { authentication: authentication?, dialing: dialing?, limits })
    }
}

struct Reader<'a> {
    properties: &'a Properties,
    policy: &'a NetworkPolicy,
    is_local: bool,
    path: &'a str,
    problems: &'a mut Problems,
    /// What the chosen authentication takes; none while it is not known which one that is.
    used: Option<Vec<&'static str>>,
}

impl Reader<'_> {
    /// An unknown mode is refused, never taken for a weaker one (F61). What the description of the settings says
    /// already is not said twice.
    fn authentication(&mut self) -> Option<Authentication> {
        let has_certificate = self.properties.text("client_certificate").is_some();
        match self.properties.text("authentication").unwrap_or_default() {
            "none" if self.is_local || has_certificate => Some(Authentication::None),
            "none" => {
                self.note("authentication", "a target on another machine needs authentication; give basic, bearer, api_key or oauth2, or a client certificate");
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
            "oauth2" => self.oauth2().map(Authentication::OAuth2),
            _ => {
                self.used = None;
                None
            }
        }
    }

    fn oauth2(&mut self) -> Option<OAuth2> {
        let token_url = self.token_url();
        let client_id = self.needed_text("client_id");
        let (scope, audience, resource) =
            (self.text("scope"), self.text("audience"), self.resource());
        self.uses("client_authentication");
        let (client, credential) =
            match self.properties.text("client_authentication").unwrap_or("client_secret_basic") {
                "client_secret_basic" => {
                    (Some(ClientAuthentication::SecretBasic), self.credential("client_secret"))
                }
                "client_secret_post" => {
                    (Some(ClientAuthentication::SecretPost), self.credential("client_secret"))
                }
                "private_key_jwt" => self.private_key(),
                _ => {
                    self.used = None;
                    (None, None)
                }
            };
        let (token_url, token_url_text) = token_url?;
        Some(OAuth2 {
            token_url,
            token_url_text,
            client_id: client_id?,
            client: client?,
            credential: credential?,
            scope: scope.ok()?,
            audience: audience.ok()?,
            resource: resource.ok()?,
        })
    }

    /// Judged like the target's own address. A query is part of it (RFC 6749 section 3.2).
    fn token_url(&mut self) -> Option<(Uri, String)> {
        let text = self.needed_text("token_url")?;
        let url = Url::parse(&text).ok().filter(Url::has_host)?;
        let complaint = if !url.username().is_empty() || url.password().is_some() {
            Some("user name or password in the address; use the client's settings")
        } else if url.fragment().is_some() {
            Some("a fragment in the address; leave it out")
        } else {
            self.policy.complaint(&url)
        };
        if let Some(complaint) = complaint {
            self.note("token_url", complaint);
            return None;
        }
        let uri = Uri::try_from(url.as_str());
        if uri.is_err() {
            self.note("token_url", "not an address that a request can be sent to; correct it");
        }
        Some((uri.ok()?, text))
    }

    fn resource(&mut self) -> Result<Option<String>, Noted> {
        let resource = self.text("resource")?;
        let is_good = |text: &String| Url::parse(text).is_ok_and(|url| url.fragment().is_none());
        if resource.as_ref().is_some_and(|text| !is_good(text)) {
            self.note("resource", "not an absolute address without a fragment; correct it");
            return Err(Noted);
        }
        Ok(resource)
    }

    fn private_key(&mut self) -> (Option<ClientAuthentication>, Option<Credential>) {
        if let Some(missing) = MISSING {
            self.note("client_authentication", missing);
            self.used = None;
            return (None, None);
        }
        let key_id = self.text("key_id");
        self.uses("signature");
        let name = self.properties.text("signature").unwrap_or(Algorithm::Rs256.name());
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        let key = self.pem("private_key");
        if let (Some(Credential::Given(key)), Some(algorithm)) = (&key, algorithm)
            && let Err(complaint) = signer(key, algorithm)
        {
            self.note("private_key", complaint);
            return (None, None);
        }
        let client = match (algorithm, key_id) {
            (Some(algorithm), Ok(key_id)) => {
                Some(ClientAuthentication::PrivateKey { algorithm, key_id })
            }
            _ => None,
        };
        (client, key)
    }

    fn credential(&mut self, name: &'static str) -> Option<Credential> {
        let text = self.needed(name)?;
        if text.expose().chars().any(char::is_control) {
            self.note(name, "holds control characters; remove them");
            return None;
        }
        Some(Credential::new(text.expose()))
    }

    /// A credential of several lines.
    fn pem(&mut self, name: &'static str) -> Option<Credential> {
        let text = self.needed(name)?;
        if text.expose().chars().any(is_odd_in_pem) {
            self.note(name, "holds control characters; remove them");
            return None;
        }
        Some(Credential::new(text.expose()))
    }

    fn header(&mut self) -> Option<HeaderName> {
        self.uses("api_key_header");
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

    fn dialing(&mut self) -> Option<DialingSettings> {
        let (identity, extra_roots, proxy) = (self.identity(), self.extra_roots(), self.proxy());
        Some(DialingSettings {
            identity: identity.ok()?,
            extra_roots: extra_roots.ok()?,
            proxy: proxy.ok()?,
        })
    }

    fn identity(&mut self) -> Result<Option<Credential>, Noted> {
        let name = "client_certificate";
        if self.properties.text(name).is_none_or(str::is_empty) {
            return Ok(None);
        }
        let identity = self.pem(name).ok_or(Noted)?;
        if let Credential::Given(pem) = &identity {
            let pem = pem.expose();
            if !(pem.contains("BEGIN CERTIFICATE-") && pem.contains("PRIVATE KEY-")) {
                self.note(name, "not a certificate and its private key, both in PEM; give both");
                return Err(Noted);
            }
        }
        Ok(Some(identity))
    }

    fn extra_roots(&mut self) -> Result<Option<String>, Noted> {
        let name = "extra_certificates";
        match self.properties.text(name).filter(|text| !text.trim().is_empty()) {
            None => Ok(None),
            Some(pem) if !pem.contains("BEGIN CERTIFICATE-") => {
                self.note(name, "no certificate in PEM; give one or more");
                Err(Noted)
            }
            Some(pem) => Ok(Some(pem.to_owned())),
        }
    }

    /// What goes through a proxy is encrypted before, so it may itself be reached without TLS; for the rest it is
    /// judged like a target.
    fn proxy(&mut self) -> Result<Option<Url>, Noted> {
        let Some(url) = self.properties.text("proxy").and_then(|text| Url::parse(text).ok()) else {
            return Ok(None);
        };
        let mut judged = url.clone();
        let is_http = url.scheme() == "http" && judged.set_scheme("https").is_ok();
        let complaint = if !url.username().is_empty() || url.password().is_some() {
            Some("user name or password in the address; leave them out")
        } else if !matches!(url.path(), "" | "/")
            || url.query().is_some()
            || url.fragment().is_some()
        {
            Some("more than host and port in the address; leave the rest out")
        } else if is_http && self.policy.loopback && self.policy.complaint(&url).is_none() {
            None
        } else {
            self.policy.complaint(&judged)
        };
        if let Some(complaint) = complaint {
            self.note("proxy", complaint);
            return Err(Noted);
        }
        Ok(Some(url))
    }

    fn rate(&mut self, name: &str) -> Option<Rate> {
        let number = self.properties.text(name)?.parse::<i64>().ok()?;
        let rate = u32::try_from(number).ok().filter(|number| *number > 0).map(Rate::per_minute);
        if rate.is_none() {
            self.note(name, "not a number of requests; give 1 or more");
        }
        rate
    }

    fn needed(&mut self, name: &'static str) -> Option<Secret> {
        self.uses(name);
        let text = self.properties.text(name).filter(|text| !text.is_empty()).map(Secret::new);
        if text.is_none() {
            self.note(name, "missing; this authentication needs it");
        }
        text
    }

    fn needed_text(&mut self, name: &'static str) -> Option<String> {
        self.needed(name)?;
        self.text(name).ok()?
    }

    /// Nothing, when there is none or it is blank: its description says what is wrong with that.
    fn text(&mut self, name: &'static str) -> Result<Option<String>, Noted> {
        self.uses(name);
        let text = self.properties.text(name).filter(|text| !text.trim().is_empty());
        if text.is_some_and(|text| text.chars().any(char::is_control)) {
            self.note(name, "holds control characters; remove them");
            return Err(Noted);
        }
        Ok(text.map(str::to_owned))
    }

    fn uses(&mut self, name: &'static str) {
        self.used.iter_mut().for_each(|used| used.push(name));
    }

    /// One method per connection: what belongs to another is refused rather than ignored (F102).
    fn note_unused(&mut self) {
        let Some(used) = self.used.take() else { return };
        for name in OF_ONE_AUTHENTICATION {
            if self.properties.text(name).is_some() && !used.contains(&name) {
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

/// A problem was noted already.
struct Noted;

fn is_odd_in_pem(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
}
