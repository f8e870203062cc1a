//! Settings as an administrator types them, and as the code wants them: the one bridge between the two.

use serde_json::Value;
use url::{Url, form_urlencoded};

use super::profile::{Layer, Layers, Profile, vendor, vendors};
use crate::exchange::{self, ExchangeSettings};
use crate::model::{Choice, Problems, Properties, PropertyKind, PropertySpec};
use crate::transport::{BaseUrl, NetworkPolicy, is_loopback};

/// The settings of one connection, checked.
#[derive(Clone, Debug)]
pub(super) struct Scim2Config {
    pub(super) base: BaseUrl,
    pub(super) exchange: ExchangeSettings,
    /// What the vendor's profile says.
    pub(super) vendor: Layer,
    /// What the administrator says.
    pub(super) set: Layer,
}

pub(super) fn specs() -> Vec<PropertySpec> {
    let vendors =
        vendors().iter().map(|vendor| Choice::new(vendor.name.as_str(), vendor.label.as_str()));
    let profile = PropertyKind::Choice(vendors.collect());
    let base_url = PropertySpec::new("base_url", "Base URL", PropertyKind::Url)
        .described("Where the SCIM service begins, for example https://hr.example.com/scim/v2")
        .required()
        .at(1);
    let profile = PropertySpec::new("profile", "Product", profile)
        .described("Which product the target is, where its profile is known; else it is learnt from the answers")
        .at(2);
    let overrides = PropertySpec::new("profile_overrides", "What the target can do", PropertyKind::Text)
        .described("A JSON object of profile fields that hold whatever the target says, for example {\"user_update\": \"put\"}")
        .at(3);
    let query = PropertySpec::new("query", "Query", PropertyKind::Text)
        .described("Parameters that every request carries, for example a=1&b=2")
        .at(4);
    let mut specs = vec![base_url, profile, overrides, query];
    specs.extend(exchange::specs(5));
    specs
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
        let mut settings = Settings { properties, path, problems };
        let vendor = settings.vendor();
        let set = settings.overrides();
        let query = settings.query();
        let query: Vec<(&str, &str)> =
            query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let layers = Layers { vendor, set, ..Layers::default() };
        let limits = layers.merged().limits;
        let exchange = ExchangeSettings::read(
            properties,
            policy,
            local,
            limits.for_exchange(),
            path,
            problems,
        );
        let base = base.ok()?.with_query(&query);
        let Layers { vendor, set, .. } = layers;
        Some(Self { base, exchange: exchange?, vendor, set })
    }
}

struct Settings<'a> {
    properties: &'a Properties,
    path: &'a str,
    problems: &'a mut Problems,
}

impl Settings<'_> {
    fn vendor(&self) -> Layer {
        let known = self.properties.text("profile").and_then(vendor);
        known.map(|vendor| vendor.fields.clone()).unwrap_or_default()
    }

    /// Every field by itself, so that all that is wrong is said at once.
    fn overrides(&mut self) -> Layer {
        let Some(text) = self.properties.text("profile_overrides").filter(|text| !text.is_empty())
        else {
            return Layer::new();
        };
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
            self.note(
                "profile_overrides",
                "not a JSON object; write it as {\"user_update\": \"put\"}",
            );
            return Layer::new();
        };
        let mut profile = Profile::default();
        for (field, value) in &fields {
            let path = format!("{}.profile_overrides.{field}", self.path);
            if !Profile::FIELDS.contains(&field.as_str()) {
                self.problems.note_unknown_key(path, field, Profile::FIELDS.iter().copied());
            } else if let Err(complaint) = profile.set(field, value) {
                self.problems.note(path, complaint);
            }
        }
        fields.into_iter().collect()
    }

    fn query(&mut self) -> Vec<(String, String)> {
        let text = self.properties.text("query").unwrap_or_default();
        if text.chars().any(char::is_control) || text.contains('#') {
            self.note("query", "no query; write it as name=value&name=value");
            return Vec::new();
        }
        form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    fn note(&mut self, name: &str, message: &str) {
        self.problems.note(format!("{}.{name}", self.path), message);
    }
}
