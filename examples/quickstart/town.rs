//! The two external systems, the dispatcher, and everybody who was made on the way.

use std::error::Error;
use std::sync::Arc;

use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::connector::{
    BuildContext, Connector, ConnectorFactory, PageRequest, Remote,
};
use outbound_provisioning::host::{NoSecrets, SharedConfiguration, TokioRuntime};
use outbound_provisioning::model::{
    Configuration, Connection, Event, LocalId, Name, Properties, ResourceKind, Target, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher};

use crate::support::loopback::Loopback;
use crate::view;

pub(crate) struct Town {
    pub(crate) hr: System,
    pub(crate) crm: System,
    pub(crate) shared: SharedConfiguration,
    dispatcher: Option<Dispatcher>,
    factory: Scim2Factory,
    prefix: String,
    steps: usize,
    made: Vec<(ResourceKind, LocalId)>,
}

/// An external system: the settings that lead there and, if it is embedded, its server.
pub(crate) struct System {
    name: &'static str,
    base_url: String,
    token: String,
    embedded: Option<Loopback>,
}

impl System {
    async fn embedded(name: &'static str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let token = format!("{name}-token");
        let target = Scim2Target::new().with_bearer_token(token.as_str());
        let server = Loopback::serve(move |request| target.answer(request)).await?;
        Ok(Self { name, base_url: server.url("/scim/v2"), token, embedded: Some(server) })
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection::new(self.name).with_connector("scim2", self.properties())
    }

    pub(crate) fn what(&self) -> &str {
        if self.embedded.is_some() { "embedded SCIM 2.0 server" } else { &self.base_url }
    }

    fn properties(&self) -> Properties {
        Properties::new()
            .with("base_url", self.base_url.as_str())
            .with("authentication", "bearer")
            .with("token", self.token.as_str())
    }
}

impl Town {
    pub(crate) async fn new() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let (hr, prefix) = match (std::env::var("SCIM_BASE_URL"), std::env::var("SCIM_TOKEN")) {
            (Ok(base_url), Ok(token)) => (
                System { name: "hr", base_url, token, embedded: None },
                format!("quickstart-{}-", std::process::id()),
            ),
            (Err(_), Err(_)) => (System::embedded("hr").await?, String::new()),
            _ => return Err("set both SCIM_BASE_URL and SCIM_TOKEN, or neither".into()),
        };
        Ok(Self {
            hr,
            crm: System::embedded("crm").await?,
            shared: SharedConfiguration::new(Configuration::new()),
            dispatcher: None,
            factory: Scim2Factory::new(ReqwestClient::new(NetworkPolicy::new().allow_loopback())?),
            prefix,
            steps: 0,
            made: Vec::new(),
        })
    }

    /// Puts the first configuration into use: everything that is wrong with it is said here, at once.
    pub(crate) fn set_up(
        &mut self,
        configuration: Configuration,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.shared.replace(configuration);
        let registry = ConnectorRegistry::new().with(self.factory.clone());
        let dispatcher = Dispatcher::builder(self.shared.clone(), registry)
            .runtime(TokioRuntime::current()?)
            .build()?;
        self.dispatcher = Some(dispatcher);
        Ok(())
    }

    pub(crate) fn id(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }

    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(crate) fn user(&self, id: &str, name: Name) -> User {
        let mut user = User::new(self.id(&format!("u-{id}")), self.name(id))
            .with_email(format!("{}{id}@example.com", self.prefix));
        user.display_name = name.given_name.clone();
        user.name = Some(name);
        user
    }

    /// Dispatches an event, prints what became of it, and who is where now.
    pub(crate) async fn step(
        &mut self,
        title: &str,
        event: Event,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.steps += 1;
        println!("\n{}. {title}", self.steps);
        let key = (event.kind(), event.local_id().clone());
        if !self.made.contains(&key) {
            self.made.push(key);
        }
        let dispatcher = self.dispatcher.as_ref().ok_or("not set up")?;
        let report = dispatcher.dispatch(event.in_organization("acme")).await?;
        view::report(&report);
        let failed = report
            .deliveries
            .iter()
            .chain(&report.follow_ups)
            .any(|delivery| view::is_trouble(&delivery.outcome));
        let (hr, crm) = (self.everybody(&self.hr).await?, self.everybody(&self.crm).await?);
        view::who_is_where(&self.made, &self.prefix, &hr, &crm);
        if failed { Err(format!("step {} went wrong", self.steps).into()) } else { Ok(()) }
    }

    /// What a system itself shows of those that were made here.
    async fn everybody(
        &self,
        system: &System,
    ) -> Result<Vec<Remote>, Box<dyn Error + Send + Sync>> {
        let connector = self.connector(system)?;
        let mut everybody = Vec::new();
        for kind in [ResourceKind::User, ResourceKind::Group] {
            let mut request = Some(PageRequest::first(kind));
            while let Some(page) = request.take() {
                let page = connector.list(&page).await?;
                request = page.next.map(|next| PageRequest::at(kind, next));
                everybody.extend(page.resources);
            }
        }
        Ok(everybody)
    }

    fn connector(&self, system: &System) -> outbound_provisioning::Result<Arc<dyn Connector>> {
        let target = Target::new(system.name, "scim2");
        let secrets = Arc::new(NoSecrets::new());
        self.factory.build(&BuildContext::new(
            "acme".into(),
            target,
            1,
            system.properties(),
            secrets,
        ))
    }

    /// Deletes what is left of this walk, groups first.
    pub(crate) async fn remove_everything(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(dispatcher) = &self.dispatcher else {
            return Ok(());
        };
        self.made.sort_by_key(|(kind, _)| std::cmp::Reverse(*kind));
        let mut left = 0;
        for (kind, id) in self.made.drain(..) {
            let event = match kind {
                ResourceKind::User => Event::user_deleted(id),
                ResourceKind::Group => Event::group_deleted(id),
            };
            let report = dispatcher.dispatch(event.in_organization("acme")).await?;
            if report.deliveries.iter().any(|delivery| view::is_trouble(&delivery.outcome)) {
                view::report(&report);
                left += 1;
            }
        }
        if left > 0 {
            return Err(format!("{left} of what was made could not be removed").into());
        }
        println!("\nEverything that was made is removed again.");
        Ok(())
    }
}
