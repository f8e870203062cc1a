//! The protocol joined to a transport.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::config::{Authentication, Credential, Scim2Config, UpdateMethod, specs};
use super::protocol;
use crate::connector::{
    Attempt, BuildContext, Capabilities, Check, Connector, ConnectorFactory, Lookup, Page,
    PageRequest, Remote, Update,
};
use crate::error::{Effect, Error, ErrorKind, Result};
use crate::host::SecretSource;
use crate::model::{
    MemberChanges, Problems, Properties, PropertySpec, RemoteId, Resource, ResourceKind, Secret,
};
use crate::transport::{HttpClient, HttpRequest, HttpResponse};

/// Builds SCIM 2.0 connectors, registered as `scim2`. See the [module](crate::scim2) for the settings.
#[derive(Clone, Debug)]
pub struct Scim2Factory {
    client: Arc<dyn HttpClient>,
    specs: Vec<PropertySpec>,
}

impl Scim2Factory {
    /// Connectors that send through this client, within its policy.
    pub fn new(client: impl HttpClient) -> Self {
        Self { client: Arc::new(client), specs: specs() }
    }
}

impl ConnectorFactory for Scim2Factory {
    fn name(&self) -> &str {
        "scim2"
    }

    fn properties(&self) -> &[PropertySpec] {
        &self.specs
    }

    fn check(&self, properties: &Properties, path: &str, problems: &mut Problems) {
        Scim2Config::read(properties, self.client.policy(), path, problems);
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Connector>> {
        let mut problems = Problems::new();
        let path = context.target.to_string();
        context.properties.check(&self.specs, &path, &mut problems);
        let config =
            Scim2Config::read(&context.properties, self.client.policy(), &path, &mut problems);
        let config = problems.or(config)?.ok_or_else(|| {
            Error::new(ErrorKind::Configuration, format!("the settings of {path} are incomplete"))
        })?;
        Ok(Arc::new(Scim2Connector {
            client: Arc::clone(&self.client),
            secrets: Arc::clone(&context.secrets),
            config,
        }))
    }
}

/// A connector for one connection.
#[derive(Debug)]
struct Scim2Connector {
    client: Arc<dyn HttpClient>,
    secrets: Arc<dyn SecretSource>,
    config: Scim2Config,
}

#[async_trait]
impl Connector for Scim2Connector {
    async fn create(&self, resource: &Resource, _: &Attempt) -> Result<Remote> {
        let request = protocol::create(&self.config.base, resource)?;
        protocol::created(&self.exchange(request).await?)
    }

    async fn update(&self, id: &RemoteId, update: &Update<'_>, _: &Attempt) -> Result<Remote> {
        let (base, kind) = (&self.config.base, update.wanted.kind());
        let request = match self.config.update_method {
            UpdateMethod::Patch => {
                protocol::patch(base, kind, id, &protocol::resource_operations(update.difference))?
            }
            UpdateMethod::Put => {
                let mut resource = self.fetch(kind, id).await?;
                update.difference.apply(&mut resource);
                if let Resource::User(user) = update.wanted {
                    // A PUT that leaves it out may switch the account on again.
                    resource.insert("active".to_owned(), user.active.into());
                }
                protocol::put(base, kind, id, resource)?
            }
        };
        protocol::updated(&self.exchange(request).await?, id)
    }

    async fn delete(&self, id: &RemoteId, kind: ResourceKind, _: &Attempt) -> Result<()> {
        let request = protocol::delete(&self.config.base, kind, id)?;
        protocol::deleted(&self.exchange(request).await?)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new()
            .with_groups()
            .with_members_on_create()
            .with_find()
            .with_list()
            .with_check()
            .with_unique_names(ResourceKind::User)
    }

    fn fingerprint(&self) -> String {
        self.config.base.as_str().to_owned()
    }

    /// By our own id first, then by name where nobody carries the id or the target refuses the question (P8).
    async fn find(&self, lookup: &Lookup<'_>, _: &Attempt) -> Result<Vec<Remote>> {
        let request = protocol::find_by_id(&self.config.base, lookup)?;
        let by_id = protocol::found(&self.exchange(request).await?, lookup);
        let refused = matches!(&by_id, Err(error) if matches!(error.kind(), ErrorKind::Rejected | ErrorKind::Unsupported));
        if lookup.name.is_empty() || !(refused || by_id.as_ref().is_ok_and(Vec::is_empty)) {
            return by_id;
        }
        let request = protocol::find_by_name(&self.config.base, lookup)?;
        protocol::found(&self.exchange(request).await?, lookup)
    }

    async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
        _: &Attempt,
    ) -> Result<()> {
        let (base, kind) = (&self.config.base, ResourceKind::Group);
        let request = match self.config.update_method {
            UpdateMethod::Patch => {
                protocol::patch(base, kind, id, &protocol::member_operations(changes))?
            }
            UpdateMethod::Put => {
                let mut group = self.fetch(kind, id).await?;
                protocol::apply_members(&mut group, changes);
                protocol::put(base, kind, id, group)?
            }
        };
        let response = self.exchange(request).await?;
        if changes.removed.is_empty() || !protocol::is_no_target(&response) {
            return protocol::members_changed(&response, id);
        }
        // Somebody who leaves is gone already (RFC 7644 section 3.5.2.2): what is left to do is sent, once.
        let left = protocol::members_left(&self.fetch(kind, id).await?, changes);
        if left.is_empty() {
            return Ok(());
        }
        let request = protocol::patch(base, kind, id, &protocol::member_operations(&left))?;
        protocol::members_changed(&self.exchange(request).await?, id)
    }

    async fn list(&self, page: &PageRequest) -> Result<Page> {
        let start = match &page.cursor {
            None => 1,
            Some(cursor) => cursor.parse().map_err(|_| {
                Error::new(
                    ErrorKind::Configuration,
                    "the cursor is not one of this connector; pass Page::next as it came",
                )
            })?,
        };
        let request = protocol::list(&self.config.base, page.kind, start)?;
        protocol::listed(&self.exchange(request).await?, page.kind, start)
    }

    async fn check(&self) -> Result<Check> {
        let request = protocol::list(&self.config.base, ResourceKind::User, 1)?;
        protocol::checked(&self.exchange(request).await?)
    }
}

impl Scim2Connector {
    /// What the target has, to be written back with changes. Reading does nothing, so it is never in doubt.
    async fn fetch(
        &self,
        kind: ResourceKind,
        id: &RemoteId,
    ) -> Result<serde_json::Map<String, serde_json::Value>> {
        let request = protocol::get(&self.config.base, kind, id)?;
        let answer =
            self.exchange(request).await.and_then(|response| protocol::fetched(&response, id));
        answer.map_err(|error| match error.effect() {
            Effect::Unknown => error.with_effect(Effect::NotSent),
            _ => error,
        })
    }

    /// Signs the request, sends it, and takes our own secret out of an error's body (F93).
    async fn exchange(&self, mut request: HttpRequest) -> Result<HttpResponse> {
        let secrets = self.sign(&mut request).await?;
        // Not `self.client.send`, which would be the pointer's own and box the call once more.
        let mut response = (*self.client).send(request).await?;
        if !response.status().is_success() {
            protocol::mask(&mut response, &secrets);
        }
        Ok(response)
    }

    /// Puts the credentials into the request, marked sensitive, and answers what must not be seen again.
    async fn sign(&self, request: &mut HttpRequest) -> Result<Vec<Secret>> {
        let (header, value, secrets) = match &self.config.authentication {
            Authentication::None => return Ok(Vec::new()),
            Authentication::Basic { username, password } => {
                let (username, password) =
                    (self.secret(username).await?, self.secret(password).await?);
                if username.expose().contains(':') {
                    let message = "a colon cannot be part of the user name (RFC 7617); use another";
                    return Err(Error::new(ErrorKind::Configuration, message));
                }
                let pair = Secret::new(format!("{}:{}", username.expose(), password.expose()));
                let encoded = Secret::new(BASE64.encode(pair.expose()));
                (
                    AUTHORIZATION,
                    Secret::new(format!("Basic {}", encoded.expose())),
                    vec![encoded, password],
                )
            }
            Authentication::Bearer(token) => {
                let token = self.secret(token).await?;
                (AUTHORIZATION, Secret::new(format!("Bearer {}", token.expose())), vec![token])
            }
            Authentication::ApiKey { header, key } => {
                let key = self.secret(key).await?;
                (header.clone(), key.clone(), vec![key])
            }
        };
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
            Error::new(ErrorKind::Configuration, "the credentials cannot stand in a header; they hold control characters or letters outside of ASCII")
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(header, value);
        Ok(secrets)
    }

    /// What the administrator gave was checked when it was set; what a reference leads to is checked here.
    async fn secret(&self, credential: &Credential) -> Result<Secret> {
        let reference = match credential {
            Credential::Given(secret) => return Ok(secret.clone()),
            Credential::Reference(reference) => reference,
        };
        let secret = self.secrets.secret(reference).await?;
        if secret.expose().is_empty() {
            return Err(reference.missing());
        }
        Ok(secret)
    }
}
