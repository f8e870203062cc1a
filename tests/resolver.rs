//! Who must know of an event: each row of the truth table, the filters after it, and a model of both.

use outbound_provisioning::model::{
    ApplicationConfiguration, ApplicationId, ApplicationMode, Connection, ConnectorSettings,
    OrganizationConfiguration, Properties, Provisioner, Trigger,
};
use outbound_provisioning::resolver::{
    ApplicationFound, Level, Resolution, SkipReason as Reason, resolve,
};

const TRIGGERS: [Trigger; 5] =
    [Trigger::Api, Trigger::Console, Trigger::SelfSignUp, Trigger::JustInTime, Trigger::Import];

/// What came of an event through an application: who is told, and who is not, in order.
#[derive(Debug, PartialEq)]
struct Told {
    application: ApplicationFound,
    chosen: Vec<(Level, String)>,
    skipped: Vec<(Level, String, Reason)>,
}

impl From<Resolution<'_>> for Told {
    fn from(resolution: Resolution<'_>) -> Self {
        let name = |provisioner: &Provisioner| provisioner.target.to_string();
        let chosen = resolution.chosen.iter();
        let skipped = resolution.skipped.iter();
        Self {
            application: resolution.application,
            chosen: chosen.map(|one| (one.level, name(one.provisioner))).collect(),
            skipped: skipped.map(|one| (one.level, name(one.provisioner), one.reason)).collect(),
        }
    }
}

fn told(
    organization: &OrganizationConfiguration,
    application: Option<&str>,
    trigger: Trigger,
) -> Told {
    resolve(organization, application.map(ApplicationId::from).as_ref(), trigger).into()
}

#[track_caller]
fn assert_told(
    told: Told,
    application: ApplicationFound,
    chosen: &[(Level, &str)],
    skipped: &[(Level, &str, Reason)],
) {
    let owned = |connection: &str| format!("{connection} via scim2");
    let expected = Told {
        application,
        chosen: chosen.iter().map(|(level, name)| (*level, owned(name))).collect(),
        skipped: skipped
            .iter()
            .map(|(level, name, reason)| (*level, owned(name), *reason))
            .collect(),
    };
    assert_eq!(told, expected);
}

fn connection() -> Connection {
    Connection::new("any").with_connector("scim2", Properties::new())
}

fn to(connection: &str) -> Provisioner {
    Provisioner::new(connection, "scim2")
}

/// Three connections; at organization level provisioners to the CRM and the HR system.
fn acme() -> OrganizationConfiguration {
    OrganizationConfiguration::new()
        .with_connection("chat", connection())
        .with_connection("crm", connection())
        .with_connection("hr", connection())
        .with_provisioner(to("crm"))
        .with_provisioner(to("hr"))
}

/// The same, and an application with these provisioners.
fn acme_with(mode: ApplicationMode, own: &[Provisioner]) -> OrganizationConfiguration {
    let application = own
        .iter()
        .fold(ApplicationConfiguration::new().with_mode(mode), |application, provisioner| {
            application.with_provisioner(provisioner.clone())
        });
    acme().with_application("payroll", application)
}

#[test]
fn none_gives_the_organizations() {
    let acme = acme_with(ApplicationMode::Disabled, &[to("chat")]);
    assert_told(
        told(&acme, None, Trigger::Api),
        ApplicationFound::None,
        &[(Level::Organization, "crm"), (Level::Organization, "hr")],
        &[],
    );
}

#[test]
fn unknown_gives_the_organizations_and_says_so() {
    let acme = acme_with(ApplicationMode::Disabled, &[to("chat")]);
    assert_told(
        told(&acme, Some("Payroll"), Trigger::Api),
        ApplicationFound::Unknown,
        &[(Level::Organization, "crm"), (Level::Organization, "hr")],
        &[],
    );
}

#[test]
fn inherit_without_own_gives_the_organizations() {
    for acme in [
        acme_with(ApplicationMode::Inherit, &[]),
        acme().with_application("payroll", ApplicationConfiguration::new()),
    ] {
        assert_told(
            told(&acme, Some("payroll"), Trigger::Api),
            ApplicationFound::Known,
            &[(Level::Organization, "crm"), (Level::Organization, "hr")],
            &[],
        );
    }
}

#[test]
fn inherit_with_own_overrides() {
    let acme = acme_with(ApplicationMode::Inherit, &[to("hr"), to("chat")]);
    assert_told(
        told(&acme, Some("payroll"), Trigger::Api),
        ApplicationFound::Known,
        &[(Level::Application, "hr"), (Level::Application, "chat")],
        &[
            (Level::Organization, "crm", Reason::Overridden),
            (Level::Organization, "hr", Reason::Overridden),
        ],
    );
}

#[test]
fn add_without_own_gives_the_organizations() {
    assert_told(
        told(&acme_with(ApplicationMode::Add, &[]), Some("payroll"), Trigger::Api),
        ApplicationFound::Known,
        &[(Level::Organization, "crm"), (Level::Organization, "hr")],
        &[],
    );
}

#[test]
fn add_gives_both_application_first() {
    let acme = acme_with(ApplicationMode::Add, &[to("chat")]);
    assert_told(
        told(&acme, Some("payroll"), Trigger::Api),
        ApplicationFound::Known,
        &[(Level::Application, "chat"), (Level::Organization, "crm"), (Level::Organization, "hr")],
        &[],
    );
}

#[test]
fn add_counts_one_target_once_and_the_application_wins() {
    let acme = acme_with(ApplicationMode::Add, &[to("hr").blocking()]);
    assert_told(
        told(&acme, Some("payroll"), Trigger::Api),
        ApplicationFound::Known,
        &[(Level::Application, "hr"), (Level::Organization, "crm")],
        &[(Level::Organization, "hr", Reason::DuplicateTarget)],
    );
    let payroll = ApplicationId::from("payroll");
    let resolution = resolve(&acme, Some(&payroll), Trigger::Api);
    assert_eq!(resolution.chosen[0].provisioner, &to("hr").blocking());
}

#[test]
fn add_takes_another_connector_of_one_connection_for_another_target() {
    let acme = acme_with(ApplicationMode::Add, &[Provisioner::new("hr", "spml")]);
    let told = told(&acme, Some("payroll"), Trigger::Api);
    assert_eq!(told.chosen.len(), 3);
    assert_eq!(told.chosen[0], (Level::Application, "hr via spml".to_owned()));
}

#[test]
fn disabled_gives_nothing_with_the_reason() {
    let organizations = [
        (Level::Organization, "crm", Reason::ApplicationDisabled),
        (Level::Organization, "hr", Reason::ApplicationDisabled),
    ];
    assert_told(
        told(&acme_with(ApplicationMode::Disabled, &[]), Some("payroll"), Trigger::Api),
        ApplicationFound::Known,
        &[],
        &organizations,
    );
    let own = (Level::Application, "chat", Reason::ApplicationDisabled);
    assert_told(
        told(&acme_with(ApplicationMode::Disabled, &[to("chat")]), Some("payroll"), Trigger::Api),
        ApplicationFound::Known,
        &[],
        &[&[own], &organizations[..]].concat(),
    );
}

#[test]
fn r1_only_users_created_just_in_time_are_filtered() {
    let acme = acme().with_provisioner(to("chat").with_jit_outbound());
    for trigger in TRIGGERS {
        let told = told(&acme, None, trigger);
        if trigger == Trigger::JustInTime {
            assert_told(
                told,
                ApplicationFound::None,
                &[(Level::Organization, "chat")],
                &[
                    (Level::Organization, "crm", Reason::JitExcluded),
                    (Level::Organization, "hr", Reason::JitExcluded),
                ],
            );
        } else {
            assert_eq!(told.chosen.len(), 3, "{trigger:?}");
            assert!(told.skipped.is_empty(), "{trigger:?}");
        }
    }
}

#[test]
fn r1_the_jit_filter_comes_after_the_override() {
    let acme = acme_with(ApplicationMode::Inherit, &[to("hr")])
        .with_provisioner(to("chat").with_jit_outbound());
    assert_told(
        told(&acme, Some("payroll"), Trigger::JustInTime),
        ApplicationFound::Known,
        &[],
        &[
            (Level::Application, "hr", Reason::JitExcluded),
            (Level::Organization, "crm", Reason::Overridden),
            (Level::Organization, "hr", Reason::Overridden),
            (Level::Organization, "chat", Reason::Overridden),
        ],
    );
}

#[test]
fn r1_a_filtered_application_does_not_give_its_target_back_to_the_organization() {
    let acme = acme_with(ApplicationMode::Add, &[to("chat")])
        .with_provisioner(to("chat").with_jit_outbound());
    let told = told(&acme, Some("payroll"), Trigger::JustInTime);
    assert!(told.chosen.is_empty(), "{told:?}");
    assert_eq!(
        told.skipped.first(),
        Some(&(Level::Application, "chat via scim2".to_owned(), Reason::JitExcluded))
    );
    assert_eq!(
        told.skipped.last(),
        Some(&(Level::Organization, "chat via scim2".to_owned(), Reason::DuplicateTarget))
    );
}

#[test]
fn r2_a_disabled_connection_is_skipped_and_the_others_go_on() {
    let acme = acme().with_connection("crm", connection().disabled());
    assert_told(
        told(&acme, None, Trigger::Api),
        ApplicationFound::None,
        &[(Level::Organization, "hr")],
        &[(Level::Organization, "crm", Reason::ConnectionDisabled)],
    );
}

#[test]
fn r2_a_disabled_connector_is_skipped_and_the_others_go_on() {
    let off = ConnectorSettings::from(Properties::new()).disabled();
    let crm = Connection::new("CRM")
        .with_connector("scim2", off)
        .with_connector("spml", Properties::new());
    let acme = acme().with_connection("crm", crm).with_provisioner(Provisioner::new("crm", "spml"));
    let told = told(&acme, None, Trigger::Api);
    let crm = (Level::Organization, "crm via scim2".to_owned(), Reason::ConnectorDisabled);
    assert_eq!(told.skipped, [crm]);
    let chosen = ["hr via scim2", "crm via spml"];
    assert_eq!(told.chosen, chosen.map(|name| (Level::Organization, name.to_owned())));
}

#[test]
fn r3_nothing_left_is_an_empty_result() {
    let nothing = OrganizationConfiguration::new();
    for application in [None, Some("payroll")] {
        let told = told(&nothing, application, Trigger::Api);
        assert!(told.chosen.is_empty() && told.skipped.is_empty(), "{told:?}");
    }
    let all_off = acme()
        .with_connection("crm", connection().disabled())
        .with_connection("hr", connection().disabled());
    assert!(told(&all_off, None, Trigger::Api).chosen.is_empty());
}

#[test]
fn r4_a_faulty_configuration_never_makes_it_fail() {
    let acme = acme().with_provisioner(to("nowhere")).with_provisioner(Provisioner::new("hr", "?"));
    let told = told(&acme, None, Trigger::Api);
    let chosen = ["crm via scim2", "hr via scim2", "nowhere via scim2", "hr via ?"];
    assert_eq!(told.chosen, chosen.map(|name| (Level::Organization, name.to_owned())));
}

#[test]
fn each_target_is_chosen_once_even_if_it_stands_twice_at_one_level() {
    let twice = acme().with_provisioner(to("hr").blocking());
    let told = told(&twice, None, Trigger::Api);
    assert_eq!(told.chosen.len(), 2, "{told:?}");
    assert_eq!(told.skipped.len(), 1, "{told:?}");
}

mod model {
    //! The table and the filters once more, over plain values and with nothing of the crate but its words.

    use std::collections::{BTreeMap, BTreeSet};

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// A connection, a connector, and whether JIT outbound is on.
    type Row = (&'static str, &'static str, bool);
    type Application = (ApplicationMode, Vec<Row>);

    const CONNECTIONS: [&str; 3] = ["chat", "crm", "hr"];
    const CONNECTORS: [&str; 2] = ["scim2", "spml"];
    const APPLICATIONS: [&str; 2] = ["payroll", "portal"];

    #[derive(Debug)]
    struct Plain {
        organizations: Vec<Row>,
        applications: BTreeMap<&'static str, Application>,
        connections_off: BTreeSet<&'static str>,
        connectors_off: BTreeSet<(&'static str, &'static str)>,
    }

    impl Plain {
        fn configuration(&self) -> OrganizationConfiguration {
            let mut organization = OrganizationConfiguration::new();
            for name in CONNECTIONS {
                let connection =
                    CONNECTORS.iter().fold(Connection::new(name), |connection, kind| {
                        let settings = ConnectorSettings::from(Properties::new());
                        let off = self.connectors_off.contains(&(name, *kind));
                        connection
                            .with_connector(*kind, if off { settings.disabled() } else { settings })
                    });
                let off = self.connections_off.contains(name);
                organization = organization
                    .with_connection(name, if off { connection.disabled() } else { connection });
            }
            for row in &self.organizations {
                organization = organization.with_provisioner(provisioner(row));
            }
            for (name, (mode, rows)) in &self.applications {
                let application = rows.iter().map(provisioner).fold(
                    ApplicationConfiguration::new(),
                    ApplicationConfiguration::with_provisioner,
                );
                organization = organization.with_application(*name, application.with_mode(*mode));
            }
            organization
        }

        fn filter(&self, (connection, connector, jit): &Row, trigger: Trigger) -> Option<Reason> {
            if trigger == Trigger::JustInTime && !jit {
                Some(Reason::JitExcluded)
            } else if self.connections_off.contains(connection) {
                Some(Reason::ConnectionDisabled)
            } else if self.connectors_off.contains(&(*connection, *connector)) {
                Some(Reason::ConnectorDisabled)
            } else {
                None
            }
        }

        fn told(&self, application: Option<&str>, trigger: Trigger) -> Told {
            use ApplicationFound::{Known, None as NoApplication, Unknown};
            use ApplicationMode::{Add, Disabled, Inherit};
            use Reason::{ApplicationDisabled, DuplicateTarget, Overridden};

            let entry = application.map(|name| self.applications.get(name));
            let own = entry.flatten().map_or(&[][..], |(_, rows)| rows);
            // What the event's application is; why its own do not count; why the organization's do not count, each
            // of them or those that the application has too.
            let mode = entry.map(|entry| entry.map(|(mode, _)| *mode));
            let (found, not_own, not_organizations, not_again) = match (mode, own.is_empty()) {
                (None, _) => (NoApplication, None, None, None),
                (Some(None), _) => (Unknown, None, None, None),
                (Some(Some(Inherit)), true) => (Known, None, None, None),
                (Some(Some(Inherit)), false) => (Known, None, Some(Overridden), None),
                (Some(Some(Add)), _) => (Known, None, None, Some(DuplicateTarget)),
                (Some(Some(Disabled)), _) => {
                    (Known, Some(ApplicationDisabled), Some(ApplicationDisabled), None)
                }
                (Some(Some(other)), _) => unreachable!("the table has no row for {other:?}"),
            };

            let mut told = Told { application: found, chosen: Vec::new(), skipped: Vec::new() };
            let mut tell = |level, row: &Row, reason: Option<Reason>| {
                let name = format!("{} via {}", row.0, row.1);
                match reason.or_else(|| self.filter(row, trigger)) {
                    None => told.chosen.push((level, name)),
                    Some(reason) => told.skipped.push((level, name, reason)),
                }
            };
            for row in own {
                tell(Level::Application, row, not_own);
            }
            for row in &self.organizations {
                let again = own.iter().any(|(a, b, _)| (*a, *b) == (row.0, row.1));
                let not_again = not_again.filter(|_| again);
                tell(Level::Organization, row, not_organizations.or(not_again));
            }
            told
        }
    }

    fn provisioner(&(connection, connector, jit): &Row) -> Provisioner {
        let provisioner = Provisioner::new(connection, connector);
        if jit { provisioner.with_jit_outbound() } else { provisioner }
    }

    /// Provisioners of one level, each target once, a connection that is not there among them.
    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let connection = select(vec!["chat", "crm", "hr", "nowhere"]);
        vec((connection, select(&CONNECTORS[..]), any::<bool>()), 0..5).prop_map(|mut rows| {
            let mut seen = BTreeSet::new();
            rows.retain(|(connection, connector, _)| seen.insert((*connection, *connector)));
            rows
        })
    }

    fn plain() -> impl Strategy<Value = Plain> {
        let mode =
            select(vec![ApplicationMode::Inherit, ApplicationMode::Add, ApplicationMode::Disabled]);
        let connections = vec(select(&CONNECTIONS[..]), 0..2);
        let connectors = vec((select(&CONNECTIONS[..]), select(&CONNECTORS[..])), 0..3);
        (
            rows(),
            btree_map(select(&APPLICATIONS[..]), (mode, rows()), 0..3),
            connections,
            connectors,
        )
            .prop_map(|(organizations, applications, connections, connectors)| Plain {
                organizations,
                applications,
                connections_off: connections.into_iter().collect(),
                connectors_off: connectors.into_iter().collect(),
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_agrees_with_the_table(
            plain in plain(),
            application in select(vec![None, Some("payroll"), Some("portal"), Some("unknown")]),
            trigger in select(&TRIGGERS[..]),
        ) {
            let organization = plain.configuration();
            prop_assert_eq!(
                told(&organization, application, trigger),
                plain.told(application, trigger)
            );
        }

        #[test]
        fn every_provisioner_that_could_be_meant_is_chosen_or_skipped_exactly_once(
            plain in plain(),
            application in select(vec![None, Some("payroll"), Some("portal"), Some("unknown")]),
            trigger in select(&TRIGGERS[..]),
        ) {
            let organization = plain.configuration();
            let id = application.map(ApplicationId::from);
            let resolution = resolve(&organization, id.as_ref(), trigger);

            let own = id.as_ref().and_then(|id| organization.applications.get(id));
            let own = own.into_iter().flat_map(|application| &application.provisioners);
            let mut all: Vec<*const Provisioner> =
                organization.provisioners.iter().chain(own).map(std::ptr::from_ref).collect();
            let chosen = resolution.chosen.iter().map(|one| one.provisioner);
            let skipped = resolution.skipped.iter().map(|one| one.provisioner);
            let mut seen: Vec<*const Provisioner> =
                chosen.chain(skipped).map(std::ptr::from_ref).collect();
            all.sort_unstable();
            seen.sort_unstable();
            prop_assert_eq!(seen, all);

            let targets: BTreeSet<_> =
                resolution.chosen.iter().map(|one| &one.provisioner.target).collect();
            prop_assert_eq!(targets.len(), resolution.chosen.len(), "a target is chosen twice");
        }
    }
}
