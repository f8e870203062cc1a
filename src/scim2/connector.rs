//! The factory, and the connector that it builds.

use std::sync::Arc;

use async_trait::async_trait;

use super::config::{Scim2Config, specs};
use super::knowledge::Knowledge;
use super::profile::Deletion;
use super::target::Target;
use crate::connector::{
    Attempt, BuildContext, Capabilities, Check, Connector, ConnectorFactory, Lookup, Page,
    PageRequest, Remote, Update,
};
use crate::error::{Error, ErrorKind, Result};
use crate::exchange::Exchange;
use crate::model::mapping::TargetSchema;
use crate::model::{
    Fact, MemberChanges, Problems, Properties, PropertySpec, RemoteId, Resource, ResourceKind,
};
use crate::transport::HttpClient;
use crate::turnstile::Turnstile;

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

    /// What RFC 7643 has; what a product leaves out of it is learnt from its answers, or set in its profile.
    fn schemas(&self) -> Vec<TargetSchema> {
        vec![TargetSchema::rfc7643(ResourceKind::User), TargetSchema::rfc7643(ResourceKind::Group)]
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
        Ok(Arc::new(Scim2Connector(Target {
            base: config.base,
            knowledge: Knowledge::new(config.vendor, config.set),
            exchange: Exchange::new(
                Arc::clone(&self.client),
                config.exchange,
                Arc::clone(&context.secrets),
                context.runtime.clone(),
            ),
            runtime: context.runtime.clone(),
            asking: Turnstile::default(),
        })))
    }
}

/// A connector for one connection.
#[derive(Debug)]
struct Scim2Connector(Target);

#[async_trait]
impl Connector for Scim2Connector {
    async fn create(&self, resource: &Resource, attempt: &Attempt) -> Result<Remote> {
        self.0.create(resource, attempt.password.as_ref()).await
    }

    async fn update(
        &self,
        id: &RemoteId,
        update: &Update<'_>,
        attempt: &Attempt,
    ) -> Result<Remote> {
        self.0.update(id, update, attempt.password.as_ref()).await
    }

    async fn delete(&self, id: &RemoteId, kind: ResourceKind, _: &Attempt) -> Result<()> {
        self.0.delete(id, kind).await
    }

    fn capabilities(&self) -> Capabilities {
        let profile = self.0.knowledge.profile();
        let mut can = Capabilities::new()
            .with_find()
            .with_list()
            .with_check()
            .with_members_per_request(profile.max_members_per_request)
            .with_removals_per_request(profile.max_removals_per_request)
            .with_member_bytes_per_request(profile.max_member_bytes);
        can.groups = profile.groups;
        can.passwords = profile.takes_passwords();
        can.members_on_create = profile.members_on_create;
        can.separate_member_changes = !profile.members_mixable;
        can.unique_users = profile.unique_users;
        can.unique_groups = profile.unique_groups;
        (can.forgets_user_ids, can.forgets_group_ids) =
            (!profile.user_external_id, !profile.group_external_id);
        can.deactivates = profile.delete != Deletion::Hard;
        can
    }

    fn fingerprint(&self) -> String {
        self.0.base.fingerprint()
    }

    async fn find(&self, lookup: &Lookup<'_>, _: &Attempt) -> Result<Vec<Remote>> {
        self.0.find(lookup).await
    }

    async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
        _: &Attempt,
    ) -> Result<Remote> {
        self.0.change_members(id, changes).await
    }

    async fn list(&self, page: &PageRequest) -> Result<Page> {
        self.0.list(page).await
    }

    fn recall(&self, facts: &[Fact]) {
        self.0.knowledge.recall(facts, self.0.now());
    }

    fn learnt(&self) -> Vec<Fact> {
        self.0.knowledge.news()
    }

    async fn check(&self) -> Result<Check> {
        self.0.check().await
    }
}
