//! A connection gets another address: its tokens and what was learnt stay behind, and its secrets are to be typed again.
#![cfg(all(
    feature = "blocking",
    feature = "conformance",
    feature = "mock",
    feature = "oauth",
    feature = "scim2"
))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/site.rs"]
mod site;

use outbound_provisioning::host::SharedConfiguration;
use outbound_provisioning::mock::MockConnector;
use outbound_provisioning::model::{
    Configuration, Connection, Event, OrganizationConfiguration, Properties, Provisioner, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::{ConnectorRegistry, Dispatcher};
use serde_json::json;
use site::{Site, answer, asks_for_token, done, header, token};

const HR: &str = "organizations.acme.connections.hr.connectors.scim2";

fn configured(properties: Properties) -> Configuration {
    let connection = Connection::new("HR").with_connector("scim2", properties);
    let organization = OrganizationConfiguration::new()
        .with_connection("hr", connection)
        .with_provisioner(Provisioner::new("hr", "scim2").blocking());
    Configuration::new().with_organization("acme", organization)
}

fn oauth(host: &str, id: &str) -> Properties {
    Properties::new()
        .with("base_url", format!("https://{host}/scim/v2"))
        .with("authentication", "oauth2")
        .with("token_url", format!("https://{id}/oauth2/token"))
        .with("client_id", "us")
        .with("client_secret", "s3cret")
}

/// Each host's own tokens, and a target that says of itself that it takes no PATCH; the new one says nothing.
fn hosts() -> Site {
    Site::new(|request| {
        let (host, path) = (request.uri().host().unwrap_or_default(), request.uri().path());
        Ok(if asks_for_token(request) {
            token(&format!("of-{host}"))
        } else if path.ends_with("ServiceProviderConfig") && host.starts_with("old") {
            answer(200, &[], json!({ "patch": { "supported": false } }))
        } else if path.ends_with("Config") || path.ends_with("Types") || path.ends_with("Schemas") {
            answer(404, &[], "")
        } else if request.method() == "PATCH" {
            answer(200, &[], json!({ "id": "r-1" }))
        } else if request.method() == "GET" && path.ends_with("r-1") {
            answer(200, &[], json!({ "id": "r-1", "externalId": "u-1", "userName": "ada" }))
        } else if request.method() == "PUT" {
            answer(200, &[], json!({ "id": "r-1" }))
        } else {
            done(request)
        })
    })
}

/// What each host was asked and shown since the last question.
fn asked(site: &Site, host: &str) -> Vec<String> {
    let seen = site.seen();
    let at_host = seen.iter().filter(|request| request.uri().host() == Some(host));
    let line = |request: &http::Request<Vec<u8>>| {
        let path = request.uri().path().trim_start_matches("/scim/v2");
        format!("{} {path} {}", request.method(), header(request, "authorization"))
    };
    at_host.map(line).collect()
}

#[tokio::test]
async fn f99_no_token_and_no_fact_of_the_old_address_reaches_the_new() {
    let site = hosts();
    let registry = ConnectorRegistry::new().with(Scim2Factory::new(site.clone()));
    let shared = SharedConfiguration::new(configured(oauth("old.example", "id.example")));
    let dispatcher = Dispatcher::builder(shared.clone(), registry).build().unwrap();
    let tell = |name: &'static str, id: &'static str| {
        let event = Event::user_updated(User::new(id, "ada").with_display_name(name));
        dispatcher.dispatch(event.in_organization("acme"))
    };
    tell("Ada", "u-1").await.unwrap();
    let report = tell("Ada L.", "u-1").await.unwrap();
    assert!(report.at("hr", "scim2").unwrap().is_done(), "{report:?}");
    let old = asked(&site, "old.example");
    // It said that it takes no PATCH.
    assert_eq!(old.last().unwrap(), "PUT /Users/r-1 Bearer of-id.example");

    // Another target: it is asked for everything anew, with a token of its own.
    shared.replace(configured(oauth("new.example", "id.example")));
    tell("Ada", "u-2").await.unwrap();
    tell("Ada L.", "u-2").await.unwrap();
    assert_eq!(asked(&site, "old.example"), old, "nothing more went there");
    assert_eq!(asked(&site, "id.example").len(), 2, "a token for each");
    let new = asked(&site, "new.example");
    assert!(new[0].starts_with("GET /ServiceProviderConfig "), "{new:?}");
    assert_eq!(new.last().unwrap(), "PATCH /Users/r-1 Bearer of-id.example");

    // Another token endpoint: nobody is shown the token that the old one gave out.
    shared.replace(configured(oauth("new.example", "other.example")));
    tell("Ada", "u-3").await.unwrap();
    assert_eq!(asked(&site, "id.example").len(), 2);
    assert_eq!(asked(&site, "other.example").len(), 1);
    let shown = asked(&site, "new.example");
    let later = &shown[new.len()..];
    assert!(!later.is_empty());
    assert!(later.iter().all(|line| line.ends_with("Bearer of-other.example")), "{later:?}");
    // What was learnt of the target is still about it: it is not asked again.
    assert!(!later.iter().any(|line| line.contains("Config")), "{later:?}");
}

#[test]
fn f99_a_secret_that_would_go_elsewhere_is_to_be_typed_again() {
    let registry = ConnectorRegistry::new()
        .with(Scim2Factory::new(hosts()))
        .with_instance("mock", MockConnector::new());
    let basic = |url: &str| {
        Properties::new()
            .with("base_url", url)
            .with("authentication", "basic")
            .with("username", "us")
            .with("password", "env:HR_PASSWORD")
            .with("client_certificate", "env:HR_PEM")
    };
    let start = "https://hr.example.com/scim";
    let asked = |before: Properties, after: Properties| {
        let found = registry.secrets_to_retype(&configured(before), &configured(after));
        found.iter().map(|path| path.replace(&format!("{HR}."), "")).collect::<Vec<_>>()
    };
    // Another host, port, path or scheme is another address.
    for url in [
        "https://evil.example/scim",
        "https://hr.example.com:8443/scim",
        "https://hr.example.com/other",
        "http://hr.example.com/scim",
        "https://hr.example.com.evil.example/scim",
        "https://hr.example.com@evil.example/scim",
        "nowhere",
    ] {
        assert_eq!(asked(basic(start), basic(url)), ["password", "client_certificate"], "{url}");
        assert_eq!(asked(basic(url), basic(start)), ["password", "client_certificate"], "{url}");
    }
    // The same one in other letters is not.
    for url in [start, "https://hr.example.com/scim/", "HTTPS://HR.example.com:443/x/../scim"] {
        assert!(asked(basic(start), basic(url)).is_empty(), "{url}");
    }
    // What was typed is another already, and what is not there cannot leave.
    let moved = basic("https://evil.example/scim");
    assert_eq!(asked(basic(start), moved.clone().with("password", "new")), ["client_certificate"]);
    assert_eq!(asked(basic(start).with("password", "old"), moved.clone()), ["client_certificate"]);
    // A proxy and a token endpoint see something too.
    let proxied = basic(start).with("proxy", "http://proxy.example:3128");
    assert_eq!(asked(basic(start), proxied), ["password", "client_certificate"]);
    assert_eq!(
        asked(oauth("a.example", "id.example"), oauth("a.example", "evil.example")),
        ["client_secret"]
    );
    assert_eq!(
        asked(oauth("a.example", "id.example"), oauth("b.example", "id.example")),
        ["client_secret"]
    );
    assert!(asked(oauth("a.example", "id.example"), oauth("a.example", "id.example")).is_empty());
    // A connection, an organization or a connector that was not there before has nothing to keep.
    let (nothing, now) = (Configuration::new(), configured(moved));
    assert!(registry.secrets_to_retype(&nothing, &now).is_empty());
    assert!(registry.secrets_to_retype(&now, &nothing).is_empty());
}
