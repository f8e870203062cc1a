//! Which secrets must be typed again when an address changes (F99).

use url::Url;

use super::registry::ConnectorRegistry;
use crate::model::{Configuration, ConnectorSettings, PropertyKind, PropertySpec};

impl ConnectorRegistry {
    /// The secrets that would be sent to another place than before: those of connectors of which an address has
    /// changed (the target's, the token endpoint's, a proxy's) and the secret has not, each by its path.
    ///
    /// For consoles that show secrets to nobody. Whoever may edit a connection and never knew its secret could learn
    /// it by letting it be sent to a server of his own. So a console fills what its form left empty from the document
    /// before, asks this, and refuses the change while any of these was not typed again. A secret that was is the
    /// console's to know: it may well be the same. A reference counts like a secret; who must not choose references
    /// must not keep one either.
    ///
    /// Connectors that describe no settings have none that could be told to be addresses or secrets. Tokens and what
    /// was learnt of a target are never taken along to another address, whatever a console does.
    ///
    /// ```
    /// # #[cfg(feature = "scim2")] {
    /// use outbound_provisioning::ConnectorRegistry;
    /// use outbound_provisioning::model::Configuration;
    /// use outbound_provisioning::scim2::Scim2Factory;
    /// use outbound_provisioning::transport::{HttpResponse, http_fn};
    ///
    /// let at = |url: &str| Configuration::from_json(&format!(r#"{{ "organizations": {{ "acme": {{ "connections": {{
    ///     "hr": {{ "connectors": {{ "scim2": {{ "base_url": "{url}", "authentication": "bearer", "token": "t" }} }} }} }} }} }} }}"#));
    /// let (before, after) = (at("https://hr.example.com/scim")?, at("https://evil.example/scim")?);
    ///
    /// let client = http_fn(|_| Ok(HttpResponse::new(Vec::new())));
    /// let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
    /// assert_eq!(registry.secrets_to_retype(&before, &after), ["organizations.acme.connections.hr.connectors.scim2.token"]);
    /// # }
    /// # Ok::<(), outbound_provisioning::model::Problems>(())
    /// ```
    pub fn secrets_to_retype(&self, before: &Configuration, after: &Configuration) -> Vec<String> {
        let mut paths = Vec::new();
        for (organization, settings) in after.organizations() {
            let Some(earlier) = before.organization(organization) else { continue };
            for (id, connection) in &settings.connections {
                let Some(earlier) = earlier.connections.get(id) else { continue };
                for (name, settings) in &connection.connectors {
                    let specs = self.factory(name).map(|factory| factory.properties());
                    if let (Some(earlier), Some(specs)) = (earlier.connectors.get(name), specs) {
                        let path = format!(
                            "organizations.{organization}.connections.{id}.connectors.{name}"
                        );
                        let kept = kept_elsewhere(specs, earlier, settings);
                        paths.extend(kept.iter().map(|secret| format!("{path}.{secret}")));
                    }
                }
            }
        }
        paths
    }
}

/// The names of secrets that stayed while an address changed.
fn kept_elsewhere<'a>(
    specs: &'a [PropertySpec],
    before: &ConnectorSettings,
    after: &ConnectorSettings,
) -> Vec<&'a str> {
    let of_kind = |kind: PropertyKind| specs.iter().filter(move |spec| spec.kind == kind);
    let both = |spec: &PropertySpec| {
        let name = spec.name.as_str();
        (before.properties.text(name), after.properties.text(name))
    };
    let moved = of_kind(PropertyKind::Url)
        .map(both)
        .any(|(before, after)| before.map(address) != after.map(address));
    let kept = of_kind(PropertyKind::Secret).filter(|spec| {
        let (before, after) = both(spec);
        moved && after.is_some() && before == after
    });
    kept.map(|spec| spec.name.as_str()).collect()
}

/// An address without the differences that mean nothing.
fn address(text: &str) -> String {
    Url::parse(text)
        .map_or_else(|_| text.to_owned(), |url| url.as_str().trim_end_matches('/').to_owned())
}
