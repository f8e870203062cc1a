//! Settings and whole configurations.

use outbound_provisioning::ConnectorRegistry;
use outbound_provisioning::model::Configuration;
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{HttpResponse, http_fn};

use super::input::answered;
use super::judge::SECRET;
use super::stage::{DEEDS, Stage, settings as good};

const NAMES: [&str; 10] = [
    "base_url",
    "query",
    "token",
    "extra_certificates",
    "client_certificate",
    "proxy",
    "reads_per_minute",
    "writes_per_minute",
    "profile",
    "authentication",
];

/// One setting: a byte for its name, and its value.
pub(crate) fn settings(bytes: &[u8]) {
    let (name, value) = bytes.split_first().unwrap_or((&0, &[]));
    let name = NAMES.get(usize::from(*name) % NAMES.len()).copied().unwrap_or_default();
    let value = String::from_utf8_lossy(value);
    if let Some(stage) =
        Stage::open(good().with(name, value), vec![answered(1, b"{\"id\":\"r-1\"}")])
    {
        for deed in 0..DEEDS {
            stage.act(deed);
        }
    }
}

/// A document of everything that administrators set up. What is saved of it reads back as the same, without secrets.
pub(crate) fn documents(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let configuration = match Configuration::from_json(&text) {
        Ok(configuration) => configuration,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems.iter() {
                let line = problem.to_string();
                assert!(!line.chars().any(char::is_control), "{line:?}");
            }
            return;
        }
    };
    let client = http_fn(|_| Ok(HttpResponse::new(Vec::new())));
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    if let Ok(saved) = registry.save(&configuration) {
        let saved = saved.to_string();
        assert!(!saved.contains(SECRET), "a secret was saved");
        assert_eq!(Configuration::from_json(&saved), Ok(configuration), "it reads back as another");
    }
}
