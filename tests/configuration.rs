//! Configuration documents: every mistake at once, each with its place and the remedy; saved without secrets in clear.

use std::sync::Arc;
use std::time::Duration;

use outbound_provisioning::connector::{BuildContext, Connector, ConnectorFactory};
use outbound_provisioning::host::{ConfigurationSource, SharedConfiguration};
use outbound_provisioning::model::{
    ApplicationConfiguration, ApplicationMode, Choice, Configuration, Connection,
    ConnectorSettings, LinkPolicy, OrganizationConfiguration, OrganizationId, Problems, Properties,
    PropertyKind, PropertySpec, Provisioner, Wait, WhenGone,
};
use outbound_provisioning::{ConnectorRegistry, Error, ErrorKind, Result};
use serde_json::json;

/// What no message may ever repeat.
const SECRET: &str = "hunter2-PLANTED";

/// A connector with a setting of every kind; two of them can contradict each other.
#[derive(Debug)]
struct Ledger(Vec<PropertySpec>);

impl Ledger {
    fn new() -> Self {
        let modes = vec![Choice::new("fast", "Fast"), Choice::new("safe", "Safe")];
        Self(vec![
            PropertySpec::new("base_url", "Base URL", PropertyKind::Url).required().at(1),
            PropertySpec::new("token", "Token", PropertyKind::Secret).required().at(2),
            PropertySpec::new("tenant", "Tenant", PropertyKind::Text).at(3),
            PropertySpec::new("mode", "Mode", PropertyKind::Choice(modes))
                .required()
                .with_default("safe")
                .at(4),
            PropertySpec::new("page_size", "Page size", PropertyKind::Integer).at(5),
            PropertySpec::new("strict", "Strict", PropertyKind::Boolean).at(6),
        ])
    }
}

impl ConnectorFactory for Ledger {
    fn name(&self) -> &str {
        "ledger"
    }

    fn properties(&self) -> &[PropertySpec] {
        &self.0
    }

    fn check(&self, properties: &Properties, path: &str, problems: &mut Problems) {
        if (properties.text("mode"), properties.text("strict")) == (Some("fast"), Some("true")) {
            problems.note(
                format!("{path}.mode"),
                "strict is never fast; give safe, or set strict to false",
            );
        }
    }

    fn build(&self, _: &BuildContext) -> Result<Arc<dyn Connector>> {
        Err(Error::new(ErrorKind::Unsupported, "this one is never built"))
    }
}

fn registry() -> ConnectorRegistry {
    ConnectorRegistry::new().with(Ledger::new())
}

/// Settings without a mistake.
fn good() -> Properties {
    Properties::new()
        .with("base_url", "https://ledger.example.com/v1")
        .with("token", "env:LEDGER_TOKEN")
}

fn lines(problems: &Problems) -> Vec<String> {
    problems.to_string().lines().map(str::to_owned).collect()
}

/// The problems of a document, a line each.
fn problems_of(document: &str) -> Vec<String> {
    match Configuration::from_json(document) {
        Ok(_) => Vec::new(),
        Err(problems) => lines(&problems),
    }
}

/// A document with one organization.
fn acme(organization: &str) -> String {
    format!(r#"{{ "organizations": {{ "acme": {organization} }} }}"#)
}

fn filled_in(text: &str) -> String {
    text.replace("TO_HR", r#"{ "connection": "hr", "connector": "ledger" }"#)
        .replace("HR", r#""hr": { "connectors": { "ledger": {} } }"#)
        .replace("CRM", r#""crm": { "connectors": { "ledger": {} } }"#)
}

/// A configuration whose only connector has these settings, checked.
fn checked(connector: &str, properties: Properties) -> Vec<String> {
    let hr = Connection::new("HR").with_connector(connector, properties);
    let acme = OrganizationConfiguration::new().with_connection("hr", hr);
    match registry().check(&Configuration::new().with_organization("acme", acme)) {
        Ok(()) => Vec::new(),
        Err(problems) => lines(&problems),
    }
}

#[test]
fn a_document_is_read_whole() {
    let document = r#"{ "organizations": { "acme": {
        "connections": {
            "crm": { "enabled": false, "connectors": { "ledger": { "enabled": false } } },
            "hr": { "name": "HR system", "connectors": { "ledger": {
                "base_url": "https://hr.example.com", "token": "env:HR", "page_size": 50, "strict": false
            } } }
        },
        "provisioners": [
            { "connection": "hr", "connector": "ledger" },
            { "connection": "crm", "connector": "ledger", "blocking": true, "deadline_ms": 1500, "jit": true }
        ],
        "applications": {
            "payroll": { "mode": "disabled" },
            "portal": { "mode": "add", "provisioners": [ { "connection": "hr", "connector": "ledger", "blocking": true, "rules": true } ] },
            "shop": {}
        }
    }, "empty": {} } }"#;
    let hr = Properties::new()
        .with("base_url", "https://hr.example.com")
        .with("token", "env:HR")
        .with("page_size", "50")
        .with("strict", "false");
    let crm = ConnectorSettings::from(Properties::new()).disabled();
    let portal = ApplicationConfiguration::new()
        .with_mode(ApplicationMode::Add)
        .with_provisioner(Provisioner::new("hr", "ledger").blocking().with_rules());
    let crm_provisioner = Provisioner::new("crm", "ledger")
        .blocking_within(Duration::from_millis(1500))
        .with_jit_outbound();
    let acme = OrganizationConfiguration::new()
        // Without a name of its own a connection is called by its id.
        .with_connection("crm", Connection::new("crm").disabled().with_connector("ledger", crm))
        .with_connection("hr", Connection::new("HR system").with_connector("ledger", hr))
        .with_provisioner(Provisioner::new("hr", "ledger"))
        .with_provisioner(crm_provisioner)
        .with_application(
            "payroll",
            ApplicationConfiguration::new().with_mode(ApplicationMode::Disabled),
        )
        .with_application("portal", portal)
        .with_application("shop", ApplicationConfiguration::new());
    let expected = Configuration::new()
        .with_organization("acme", acme)
        .with_organization("empty", OrganizationConfiguration::new());
    assert_eq!(Configuration::from_json(document), Ok(expected));
    assert_eq!(Configuration::from_json("{}"), Ok(Configuration::new()));
}

#[test]
fn ten_mistakes_are_ten_problems_in_order_each_with_its_place_and_remedy() {
    let document = r#"{
        "organizations": { "acme": {
            "applications": {
                "payroll": { "mode": "both" },
                "portal": 7
            },
            "connections": {
                "crm": { "connectors": { "ledger": { "token": ["hunter2-PLANTED"] } }, "enabld": true },
                "hr": { "connectors": { "ledger": {} }, "enabled": "hunter2-PLANTED" }
            },
            "provisioners": [
                { "connection": "hr", "connector": "ledger", "deadline_ms": 1000 },
                { "connection": "crn", "connector": "ledger" },
                { "connection": "crm", "connector": "leger" },
                { "connection": "hr", "connector": "ledger" }
            ]
        } },
        "organzations": {}
    }"#;
    assert_eq!(
        problems_of(document),
        [
            "organizations.acme.applications.payroll.mode: unknown mode; give inherit, add or disabled",
            "organizations.acme.applications.portal: wrong type; give an object",
            "organizations.acme.connections.crm.connectors.ledger.token: wrong type; give a text, a number, true or false",
            "organizations.acme.connections.crm.enabld: unknown key; did you mean `enabled`?",
            "organizations.acme.connections.hr.enabled: wrong type; give true or false",
            "organizations.acme.provisioners[0].deadline_ms: only a blocking provisioner waits; set blocking or remove the deadline",
            "organizations.acme.provisioners[1].connection: no such connection; did you mean `crm`?",
            "organizations.acme.provisioners[2].connector: no such connector of this connection; did you mean `ledger`?",
            "organizations.acme.provisioners[3]: the same connection and connector stand at this level already; remove one",
            "organzations: unknown key; did you mean `organizations`?",
        ]
    );
}

/// Organizations with one mistake each, and where it is and what to do. `CRM` and `HR` are connections with the connector
/// `ledger`, `TO_HR` is a provisioner. Nothing more is said of what depends on a thing that cannot be read.
const MISTAKES: &str = r#"
[]
    : wrong type; give an object
{ "conections": {} }
    .conections: unknown key; did you mean `connections`?
{ "x": {} }
    .x: unknown key; known here: connections, provisioners, applications
{ "provisioners": {} }
    .provisioners: wrong type; give a list of provisioners
{ "provisioners": [7] }
    .provisioners[0]: wrong type; give an object
{ "connections": [], "provisioners": [TO_HR] }
    .connections: wrong type; give an object
{ "connections": { "hr": 7 }, "provisioners": [TO_HR] }
    .connections.hr: wrong type; give an object
{ "connections": { "hr": { "connectors": [] } }, "provisioners": [TO_HR] }
    .connections.hr.connectors: wrong type; give an object
{ "connections": { "hr": { "connectors": { "ledger": 7 } } }, "provisioners": [TO_HR] }
    .connections.hr.connectors.ledger: wrong type; give an object
{ "connections": { "hr": { "connectors": { "ledger": { "link_policy": "always" } } } }, "provisioners": [TO_HR] }
    .connections.hr.connectors.ledger.link_policy: not understood; give one of never, if_unmanaged, trust_absence
{ "connections": { "hr": { "connectors": { "ledger": { "link_policy": true } } } }, "provisioners": [TO_HR] }
    .connections.hr.connectors.ledger.link_policy: not understood; give one of never, if_unmanaged, trust_absence
{ "connections": { "hr": { "connectors": { "ledger": { "gone": "Park" } } } }, "provisioners": [TO_HR] }
    .connections.hr.connectors.ledger.gone: not understood; give one of recreate, park
{ "connections": { "hr": { "connectors": { "ledger": { "temporary_names": "yes" } } } }, "provisioners": [TO_HR] }
    .connections.hr.connectors.ledger.temporary_names: wrong type; give true or false
{ "connections": { "hr": { "name": " ", "connectors": { "ledger": {} } } }, "provisioners": [TO_HR] }
    .connections.hr.name: wrong type; give a text
{ "connections": { "": {}, HR }, "provisioners": [TO_HR] }
    .connections.: a name must not be empty or hold control characters; give another
{ "connections": {}, "provisioners": [TO_HR] }
    .provisioners[0].connection: no such connection; there are: none
{ "connections": { "x": {} }, "provisioners": [TO_HR] }
    .provisioners[0].connection: no such connection; there are: x
{ "connections": { "hr": {} }, "provisioners": [TO_HR] }
    .provisioners[0].connector: no such connector of this connection; there are: none
{ "connections": { CRM, HR }, "provisioners": [{ "connector": "ledger" }] }
    .provisioners[0].connection: missing; name the connection
{ "connections": { CRM, HR }, "provisioners": [{ "connection": "hr" }] }
    .provisioners[0].connector: missing; name the connector
{ "connections": { "a": {} }, "provisioners": [{ "connection": 7, "connector": "ledger" }] }
    .provisioners[0].connection: wrong type; give a text
{ "connections": { HR }, "provisioners": [{ "connection": "hr", "connector": "" }] }
    .provisioners[0].connector: wrong type; give a text
{ "connections": { HR }, "provisioners": [{ "connection": "hr", "connector": "ledger", "jit": "yes" }] }
    .provisioners[0].jit: wrong type; give true or false
{ "connections": { HR }, "provisioners": [{ "connection": "hr", "connector": "ledger", "jits": true }] }
    .provisioners[0].jits: unknown key; did you mean `jit`?
{ "connections": { HR }, "provisioners": [{ "connection": "hr", "connector": "ledger", "rules": 0 }] }
    .provisioners[0].rules: wrong type; give true or false
{ "connections": { HR }, "provisioners": [{ "connection": "hr", "connector": "ledger", "deadline_ms": 0 }] }
    .provisioners[0].deadline_ms: not understood; give a whole number of milliseconds above 0
{ "connections": { HR }, "provisioners": [{ "connection": "hr", "connector": "ledger", "deadline_ms": "1 s" }] }
    .provisioners[0].deadline_ms: not understood; give a whole number of milliseconds above 0
{ "connections": { HR }, "provisioners": [{ "connection": "hr", "connector": "ledger", "blocking": 1, "deadline_ms": 9 }] }
    .provisioners[0].blocking: wrong type; give true or false
{ "connections": { HR }, "applications": { "shop": { "mode": "Add" } } }
    .applications.shop.mode: unknown mode; give inherit, add or disabled
{ "connections": { HR }, "applications": { "shop": { "mode": null } } }
    .applications.shop.mode: unknown mode; give inherit, add or disabled
{ "connections": { HR }, "applications": { "shop": { "provisioners": [{ "connection": "hr", "connector": "legder" }] } } }
    .applications.shop.provisioners[0].connector: no such connector of this connection; did you mean `ledger`?
{ "connections": { HR }, "provisioners": [TO_HR, TO_HR] }
    .provisioners[1]: the same connection and connector stand at this level already; remove one
{ "connections": { HR }, "applications": { "shop": { "provisioners": [TO_HR, TO_HR] } } }
    .applications.shop.provisioners[1]: the same connection and connector stand at this level already; remove one
"#;

#[test]
fn one_mistake_is_one_problem() {
    let lines: Vec<&str> = MISTAKES.trim().lines().collect();
    for mistake in lines.chunks(2) {
        let organization = filled_in(mistake[0]);
        let expected = format!("organizations.acme{}", mistake[1].trim());
        assert_eq!(problems_of(&acme(&organization)), [expected], "{organization}");
    }
}

#[test]
fn two_provisioners_without_names_miss_four_names() {
    let organization = filled_in(r#"{ "connections": { HR }, "provisioners": [{}, {}] }"#);
    let problems = problems_of(&acme(&organization));
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.contains(": missing; name the conn")));
}

#[test]
fn places_are_counted_as_in_the_document() {
    let nowhere = r#"{ "connection": "nowhere", "connector": "ledger" }"#;
    let organization =
        format!(r#"{{ "connections": {{ HR }}, "provisioners": [7, TO_HR, {nowhere}, TO_HR] }}"#);
    assert_eq!(
        problems_of(&acme(&filled_in(&organization))),
        [
            "organizations.acme.provisioners[0]: wrong type; give an object",
            "organizations.acme.provisioners[2].connection: no such connection; there are: hr",
            "organizations.acme.provisioners[3]: the same connection and connector stand at this level already; remove one",
        ]
    );
}

#[test]
fn a_target_may_stand_at_both_levels() {
    let organization = filled_in(
        r#"{ "connections": { HR }, "provisioners": [TO_HR], "applications": { "shop": { "mode": "add", "provisioners": [TO_HR] } } }"#,
    );
    assert_eq!(problems_of(&acme(&organization)), [] as [&str; 0]);
}

#[test]
fn what_is_not_json_is_told_by_line_and_column() {
    for (document, place) in [
        ("", "line 1, column 0"),
        ("{\n  \"organizations\": {\n    acme\n", "line 3, column 5"),
        ("{ \"organizations\": {} } }", "line 1, column 25"),
    ] {
        assert_eq!(
            problems_of(document),
            [format!("the document: not JSON at {place}; correct it there")]
        );
    }
    assert_eq!(problems_of("[]"), ["the document: wrong type; give an object"]);
}

#[test]
fn a_problem_is_one_line_whatever_a_name_holds() {
    for name in ["a\nfake.path: all is well", "a\r\nb", "\u{1b}[2J", "a\u{85}b", "\0"] {
        let document = acme(&json!({ "connections": { (name): {} } }).to_string());
        let problems = Configuration::from_json(&document).expect_err("must be refused");
        assert_eq!(problems.iter().count(), 1);
        assert!(!problems.to_string().contains(char::is_control), "{problems:?}");

        // A host may set the same up without a document.
        let connection = Connection::new("HR").with_connector(name, good());
        let acme = OrganizationConfiguration::new()
            .with_connection(name, connection)
            .with_provisioner(Provisioner::new("hr", "ledger"));
        let acme = Configuration::new().with_organization("acme", acme);
        let problems = registry().check(&acme).expect_err("must be refused");
        let printed = problems.to_string();
        assert_eq!(printed.lines().count(), problems.iter().count());
        assert!(
            !printed.contains(|letter: char| letter.is_control() && letter != '\n'),
            "{printed:?}"
        );
    }
}

#[test]
fn problems_print_one_a_line_and_become_an_error() {
    let mut problems = Problems::new();
    assert!(problems.is_empty());
    assert_eq!(problems.clone().or(7), Ok(7));
    problems.note("a.b", "missing; give a text");
    problems.note("a.c", "unknown key; known here: b");
    assert_eq!(problems.to_string(), "a.b: missing; give a text\na.c: unknown key; known here: b");
    assert_eq!(problems.clone().or(7), Err(problems.clone()));
    let places: Vec<String> = problems.clone().into_iter().map(|problem| problem.path).collect();
    assert_eq!(places, ["a.b", "a.c"]);
    let error = Error::from(problems.clone());
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Configuration, problems.to_string().as_str())
    );
}

mod settings {
    //! What a registry finds in the settings of connectors.

    use super::*;

    #[test]
    fn good_settings_are_accepted() {
        for properties in [
            good(),
            good()
                .with("token", SECRET)
                .with("tenant", "acme")
                .with("mode", "fast")
                .with("page_size", "-1")
                .with("strict", "false"),
        ] {
            assert_eq!(checked("ledger", properties), [] as [&str; 0]);
        }
    }

    #[test]
    fn an_unregistered_connector_is_told_with_the_nearest_one() {
        let place = "organizations.acme.connections.hr.connectors";
        assert_eq!(
            checked("leger", good()),
            [format!("{place}.leger: no such connector registered; did you mean `ledger`?")]
        );
        assert_eq!(
            checked("scim2", good()),
            [format!("{place}.scim2: no such connector registered; there are: ledger")]
        );
    }

    #[test]
    fn every_setting_of_the_wrong_kind_is_told() {
        let place = "organizations.acme.connections.hr.connectors.ledger";
        for (name, values, message) in [
            (
                "base_url",
                &["", "ledger.example.com", "/v1", "https://", "mailto:a@b", SECRET][..],
                "not understood; give an absolute URL",
            ),
            (
                "token",
                &[""],
                "not understood; give a secret, or a reference such as env:NAME or file:PATH",
            ),
            ("tenant", &["", "  "], "not understood; give a text"),
            ("mode", &["", "Fast", "slow", SECRET], "not understood; give one of fast, safe"),
            (
                "page_size",
                &["", "ten", "1.5", "99999999999999999999", SECRET],
                "not understood; give a whole number",
            ),
            ("strict", &["", "yes", "True", SECRET], "not understood; give true or false"),
        ] {
            for value in values {
                let found = checked("ledger", good().with(name, *value));
                assert_eq!(found, [format!("{place}.{name}: {message}")], "{value}");
            }
        }
    }

    #[test]
    fn unknown_and_missing_settings_are_told_together() {
        let properties = Properties::new().with("tokn", SECRET).with("colour", SECRET);
        let place = "organizations.acme.connections.hr.connectors.ledger";
        let known = "base_url, token, tenant, mode, page_size, strict";
        assert_eq!(
            checked("ledger", properties),
            [
                format!("{place}.colour: unknown key; known here: {known}"),
                format!("{place}.tokn: unknown key; did you mean `token`?"),
                format!("{place}.base_url: missing; give an absolute URL"),
                format!(
                    "{place}.token: missing; give a secret, or a reference such as env:NAME or file:PATH"
                ),
            ]
        );
    }

    #[test]
    fn a_connectors_own_check_is_asked_too() {
        let properties =
            good().with("mode", "fast").with("strict", "true").with("page_size", "ten");
        let place = "organizations.acme.connections.hr.connectors.ledger";
        assert_eq!(
            checked("ledger", properties),
            [
                format!("{place}.page_size: not understood; give a whole number"),
                format!("{place}.mode: strict is never fast; give safe, or set strict to false"),
            ]
        );
    }

    #[test]
    fn a_registry_also_finds_what_needs_no_connector() {
        let acme =
            OrganizationConfiguration::new().with_provisioner(Provisioner::new("hr", "ledger"));
        let mut problems = Problems::new();
        registry().check_organization(&acme, "here", &mut problems);
        assert_eq!(
            problems.to_string(),
            "here.provisioners[0].connection: no such connection; there are: none"
        );
    }

    #[test]
    fn no_problem_repeats_a_value() {
        let organization = json!({
            "connections": {
                "crm": { "enabled": SECRET, "name": [SECRET], "tokn": SECRET, "connectors": { "ledger": { "token": { "value": SECRET } } } },
                "hr": SECRET,
            },
            "provisioners": [
                { "connection": SECRET, "connector": SECRET, "blocking": SECRET, "deadline_ms": SECRET, "jit": SECRET },
                SECRET,
            ],
            "applications": { "shop": { "mode": SECRET, "provisioners": SECRET } },
        });
        let problems = Configuration::from_json(&acme(&organization.to_string()))
            .expect_err("must be refused");
        assert!(problems.iter().count() >= 10);
        assert!(!format!("{problems} {problems:?}").contains(SECRET), "{problems}");
        let broken = format!("{{ \"token\": \"{SECRET}\" \"{SECRET}\"");
        assert!(!problems_of(&broken).concat().contains(SECRET));

        let all = ["base_url", "mode", "page_size", "strict", "tenant", "token", "unknown"];
        let properties = all.iter().fold(Properties::new(), |all, name| all.with(*name, SECRET));
        let found = checked("ledger", properties);
        assert_eq!(found.len(), 5);
        assert!(!found.concat().contains(SECRET), "{found:?}");
    }
}

mod saving {
    //! The document of a configuration.

    use super::*;

    fn full() -> Configuration {
        let hr = good()
            .with("mode", "fast")
            .with("page_size", "50")
            .with("strict", "false")
            .with("tenant", "true");
        let crm = ConnectorSettings::from(good())
            .disabled()
            .with_link_policy(LinkPolicy::IfUnmanaged)
            .with_temporary_names()
            .when_gone(WhenGone::Park);
        let payroll = ApplicationConfiguration::new().with_mode(ApplicationMode::Disabled);
        let portal = ApplicationConfiguration::new()
            .with_mode(ApplicationMode::Add)
            .with_provisioner(Provisioner::new("crm", "ledger").blocking().with_rules());
        let acme = OrganizationConfiguration::new()
            .with_connection("hr", Connection::new("HR system").with_connector("ledger", hr))
            .with_connection("crm", Connection::new("CRM").disabled().with_connector("ledger", crm))
            .with_provisioner(Provisioner::new("hr", "ledger").with_jit_outbound())
            .with_provisioner(
                Provisioner::new("crm", "ledger").blocking_within(Duration::from_secs(2)),
            )
            .with_application("payroll", payroll)
            .with_application("portal", portal)
            .with_application("shop", ApplicationConfiguration::new());
        Configuration::new()
            .with_organization("acme", acme)
            .with_organization("empty", OrganizationConfiguration::new())
    }

    #[test]
    fn what_is_saved_is_read_back_the_same() {
        let saved = registry().save(&full()).unwrap();
        assert_eq!(Configuration::from_json(&saved.to_string()), Ok(full()));
        let settings = &saved["organizations"]["acme"]["connections"]["hr"]["connectors"]["ledger"];
        let expected = json!({
            "enabled": true,
            "base_url": "https://ledger.example.com/v1",
            "token": "env:LEDGER_TOKEN",
            "mode": "fast",
            "page_size": 50,
            "strict": false,
            "tenant": "true",
        });
        assert_eq!(settings, &expected);
        let crm = &saved["organizations"]["acme"]["connections"]["crm"]["connectors"]["ledger"];
        assert_eq!(crm["link_policy"], "if_unmanaged");
        assert_eq!((&crm["temporary_names"], &crm["gone"]), (&json!(true), &json!("park")));
    }

    /// Whatever cannot be read back must be refused, not saved.
    #[test]
    fn what_could_not_be_read_back_the_same_is_not_saved() {
        let with = |connection: Connection| {
            OrganizationConfiguration::new().with_connection("hr", connection)
        };
        let hr = || Connection::new("HR").with_connector("ledger", good());
        let to_hr = || Provisioner::new("hr", "ledger");
        let within = |deadline| with(hr()).with_provisioner(to_hr().blocking_within(deadline));
        for acme in [
            with(hr()).with_provisioner(Provisioner::new("crm", "ledger")),
            with(hr()).with_provisioner(to_hr()).with_provisioner(to_hr()),
            with(Connection::new("").with_connector("ledger", good())),
            with(hr()).with_connection("", hr()),
            with(hr()).with_connection("a\nb", hr()),
            with(hr()).with_application(" ", ApplicationConfiguration::new()),
            within(Duration::ZERO),
            within(Duration::from_micros(1)),
            within(Duration::from_micros(1500)),
            within(Duration::MAX),
            with(hr().with_connector("ledger", good().with("page_size", "+7"))),
            with(hr().with_connector("ledger", good().with("page_size", "007"))),
            with(hr().with_connector("ledger", good().with("page_size", "ten"))),
            with(hr().with_connector("ledger", good().with("strict", "yes"))),
        ] {
            let configuration = Configuration::new().with_organization("acme", acme);
            if let Ok(saved) = registry().save(&configuration) {
                assert_eq!(
                    Configuration::from_json(&saved.to_string()),
                    Ok(configuration),
                    "{saved}"
                );
            }
        }
    }

    #[track_caller]
    fn assert_refused(properties: Properties, problems: &[&str]) {
        let hr = Connection::new("HR").with_connector("ledger", properties);
        let acme = OrganizationConfiguration::new().with_connection("hr", hr);
        let saved = registry().save(&Configuration::new().with_organization("acme", acme));
        let refused = saved.err().unwrap_or_default();
        let place = "organizations.acme.connections.hr.connectors.ledger";
        let expected: Vec<String> =
            problems.iter().map(|problem| format!("{place}{problem}")).collect();
        assert_eq!(lines(&refused), expected);
        assert!(!format!("{refused} {refused:?}").contains(SECRET));
    }

    #[test]
    fn a_secret_is_not_saved_in_clear() {
        let remedy = "a secret is not saved in clear; put a reference such as env:NAME or file:PATH in its place";
        assert_refused(good().with("token", SECRET), &[&format!(".token: {remedy}")]);
        assert_refused(good().with("token", "vault:hr"), &[&format!(".token: {remedy}")]);
        assert_refused(good().with("token", ""), &[&format!(".token: {remedy}")]);
    }

    #[test]
    fn a_setting_that_nobody_describes_is_not_saved() {
        let remedy = "unknown setting; it may be secret, so it is not saved";
        assert_refused(
            good().with("tokn", SECRET).with("Token", "env:A"),
            &[&format!(".Token: {remedy}"), &format!(".tokn: {remedy}")],
        );
    }

    #[test]
    fn a_connector_that_nobody_registered_is_not_saved() {
        let nobody = ConnectorRegistry::new().save(&full()).expect_err("must be refused");
        let message = "no such connector is registered, so nobody knows which settings are secret; register it";
        assert_eq!(
            lines(&nobody),
            ["crm", "hr"].map(|id| format!(
                "organizations.acme.connections.{id}.connectors.ledger: {message}"
            ))
        );
    }
}

mod shared {
    //! A configuration that is replaced while it is in use.

    use super::*;

    fn with(names: &[&str]) -> Configuration {
        names.iter().fold(Configuration::new(), |all, name| {
            let connection = Connection::new(*name);
            all.with_organization(
                *name,
                OrganizationConfiguration::new().with_connection(*name, connection),
            )
        })
    }

    #[tokio::test]
    async fn each_replacement_has_the_next_version_and_clones_share_it() {
        let shared = SharedConfiguration::new(with(&["acme"]));
        let handle = shared.clone();
        let acme = OrganizationId::from("acme");
        assert_eq!(shared.version(&acme).await, Ok(1));
        assert_eq!(handle.replace(with(&["acme", "globex"])), 2);
        assert_eq!(shared.replace(with(&["globex"])), 3);
        assert_eq!(handle.document().as_deref(), Some(&with(&["globex"])));

        let globex = OrganizationId::from("globex");
        let loaded = handle.load(&globex).await.unwrap().unwrap();
        assert_eq!(loaded.version, handle.version(&globex).await.unwrap());
        assert_eq!(Some(&*loaded.configuration), with(&["globex"]).organization(&globex));
    }

    #[tokio::test]
    async fn what_was_loaded_stays_as_it_was() {
        let shared = SharedConfiguration::new(with(&["acme"]));
        let acme = OrganizationId::from("acme");
        let before = shared.load(&acme).await.unwrap().unwrap();
        shared.replace(Configuration::new());
        assert_eq!((before.version, before.configuration.connections.len()), (1, 1));
    }

    #[tokio::test]
    async fn an_organization_without_a_configuration_is_no_error_and_its_removal_a_new_version() {
        let acme = OrganizationId::from("acme");
        let shared = SharedConfiguration::new(with(&["acme"]));
        let before = shared.version(&acme).await.unwrap();
        shared.replace(with(&["globex"]));
        assert!(shared.load(&acme).await.unwrap().is_none());
        assert!(shared.version(&acme).await.unwrap() > before);
        assert!(with(&["globex"]).load(&acme).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_configuration_is_a_source_of_its_own_and_never_changes() {
        let (acme, fixed) = (OrganizationId::from("acme"), with(&["acme"]));
        assert_eq!(fixed.version(&acme).await, Ok(1));
        let loaded = fixed.load(&acme).await.unwrap().unwrap();
        assert_eq!(
            (loaded.version, &*loaded.configuration),
            (1, fixed.organization(&acme).unwrap())
        );
        assert_eq!(fixed.document().as_deref(), Some(&fixed));
    }
}

#[test]
fn provisioners_of_both_levels_are_counted() {
    let application =
        ApplicationConfiguration::new().with_provisioner(Provisioner::new("b", "x").blocking());
    let acme = OrganizationConfiguration::new()
        .with_provisioner(Provisioner::new("a", "x"))
        .with_application("shop", application);
    let waits: Vec<Wait> = acme.all_provisioners().map(|provisioner| provisioner.wait).collect();
    assert_eq!(waits, [Wait::NonBlocking, Wait::Blocking(None)]);
}

/// What the README shows an administrator is read without a complaint.
#[test]
fn the_readmes_example_is_a_good_configuration() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let example = readme.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
    let document = format!(r#"{{ "organizations": {{ "acme": {} }} }}"#, example.unwrap());
    let configuration = Configuration::from_json(&document).unwrap();
    let acme = configuration.organization(&"acme".into()).unwrap();
    let settings = &acme.connections["hr"].connectors["scim2"];
    assert_eq!(settings.mapping.users.len(), 3);
    assert_eq!(settings.guard.count, 50);
}
