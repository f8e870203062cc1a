//! A target of either kind, the mock or the simulated SCIM server, and what it has.
#![allow(dead_code, reason = "every user takes only its part")]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot be set up should stop"
)]

use std::fmt;
use std::sync::Arc;

use outbound_provisioning::ConnectorRegistry;
use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::connector::{BuildContext, Connector, ConnectorFactory};
use outbound_provisioning::host::NoSecrets;
use outbound_provisioning::mock::{Call, MockConnector};
use outbound_provisioning::model::{Properties, Resource, Target};
use outbound_provisioning::scim2::Scim2Factory;
use serde_json::Value;

/// A target, whoever it is.
#[derive(Clone)]
pub(crate) enum Remote {
    Mock(MockConnector),
    Scim(Scim2Target),
}

/// A user's account, as the target has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    pub(crate) id: String,
    /// RFC 7643 section 4.1.
    pub(crate) attributes: Value,
    /// In a group there.
    pub(crate) in_group: bool,
}

impl Account {
    pub(crate) fn is_active(&self) -> bool {
        self.attributes["active"] != Value::Bool(false)
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mock(_) => "mock",
            Self::Scim(_) => "SCIM server",
        })
    }
}

impl Remote {
    /// One of each.
    pub(crate) fn all() -> [Self; 2] {
        [Self::mock(), Self::Scim(Scim2Target::new())]
    }

    pub(crate) fn mock() -> Self {
        Self::Mock(MockConnector::new())
    }

    /// The mock, for what goes on behind the library's back.
    pub(crate) fn as_mock(&self) -> MockConnector {
        match self {
            Self::Mock(mock) => mock.clone(),
            Self::Scim(_) => MockConnector::new(),
        }
    }

    /// Leads to it by the name of `mock`.
    pub(crate) fn registry(&self) -> ConnectorRegistry {
        let connector: Arc<dyn Connector> = match self {
            Self::Mock(mock) => Arc::new(mock.clone()),
            Self::Scim(target) => scim(target),
        };
        ConnectorRegistry::new().with_instance("mock", connector)
    }

    /// The account of the host's user of this id.
    pub(crate) fn account(&self, external_id: &str) -> Option<Account> {
        let users = self.all_of("Users").into_iter();
        let mut users = users.filter(|(_, user)| user["externalId"] == external_id);
        let (id, attributes) = users.next()?;
        assert!(users.next().is_none(), "one account per user");
        let mut groups = self.all_of("Groups").into_iter();
        let in_group = groups.any(|(_, group)| {
            let mut members = group["members"].as_array().into_iter().flatten();
            members.any(|member| member["value"] == id.as_str())
        });
        Some(Account { id, attributes, in_group })
    }

    pub(crate) fn users(&self) -> usize {
        self.all_of("Users").len()
    }

    pub(crate) fn groups(&self) -> usize {
        self.all_of("Groups").len()
    }

    fn all_of(&self, kind: &str) -> Vec<(String, Value)> {
        let with_id = |value: Value| (value["id"].as_str().unwrap().to_owned(), value);
        match self {
            Self::Mock(mock) => {
                let all = mock.remote_resources().into_iter();
                let all = all.filter(|(_, resource)| match resource {
                    Resource::User(_) => kind == "Users",
                    Resource::Group(_) => kind == "Groups",
                });
                all.map(|(id, resource)| {
                    (id.as_str().to_owned(), serde_json::to_value(resource).unwrap())
                })
                .collect()
            }
            Self::Scim(target) if kind == "Users" => {
                target.users().into_iter().map(with_id).collect()
            }
            Self::Scim(target) => target.groups().into_iter().map(with_id).collect(),
        }
    }

    /// What was changed at users since it was last forgotten, in words: `create`, `update`, `delete`.
    pub(crate) fn changes(&self) -> Vec<&'static str> {
        match self {
            Self::Mock(mock) => mock.calls().iter().filter_map(word).collect(),
            Self::Scim(target) => {
                let requests = target.requests().into_iter();
                let users = requests.filter(|request| request.path.contains("/Users"));
                users
                    .filter_map(|request| match request.method.as_str() {
                        "POST" => Some("create"),
                        "PUT" | "PATCH" => Some("update"),
                        "DELETE" => Some("delete"),
                        _ => None,
                    })
                    .collect()
            }
        }
    }

    /// How many requests there were, of any kind.
    pub(crate) fn requests(&self) -> usize {
        match self {
            Self::Mock(mock) => mock.calls().len(),
            Self::Scim(target) => target.requests().len(),
        }
    }

    pub(crate) fn forget(&self) {
        match self {
            Self::Mock(mock) => mock.forget_calls(),
            Self::Scim(target) => target.forget_requests(),
        }
    }
}

/// A connector to a simulated SCIM server.
pub(crate) fn scim(target: &Scim2Target) -> Arc<dyn Connector> {
    let properties = Properties::new()
        .with("base_url", "http://127.0.0.1/scim/v2")
        .with("authentication", "bearer")
        .with("token", "t0ken");
    let place = Target::new("crm", "mock");
    let context =
        BuildContext::new("acme".into(), place, 1, properties, Arc::new(NoSecrets::new()));
    Scim2Factory::new(target.clone()).build(&context).unwrap()
}

fn word(call: &Call) -> Option<&'static str> {
    match call {
        Call::Create(Resource::User(_)) => Some("create"),
        Call::Update(_, Resource::User(_)) => Some("update"),
        Call::Delete(_) => Some("delete"),
        _ => None,
    }
}
