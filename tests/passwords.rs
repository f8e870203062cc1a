//! Passwords on their way (P28, N8): who is given which, what is kept of them meanwhile, and where they are never seen.
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking", feature = "tokio"))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/acme.rs"]
mod acme;
#[cfg(all(feature = "redb", feature = "seal"))]
#[path = "support/folder.rs"]
mod folder;

use acme::ada;
use outbound_provisioning::model::{Configuration, Event, Group, Secret};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, ErrorKind};
use serde_json::json;

/// A target whose passwords are as `passwords` says.
fn document(passwords: &str, more: &str, blocking: bool) -> Configuration {
    let mut settings: serde_json::Value = serde_json::from_str(more).unwrap();
    if !passwords.is_empty() {
        let passwords = match passwords.starts_with('{') {
            true => serde_json::from_str(passwords).unwrap(),
            false => json!({ "policy": passwords }),
        };
        let settings = settings.as_object_mut().unwrap();
        settings.insert("passwords".to_owned(), passwords);
    }
    let provisioner = json!([{ "connection": "crm", "connector": "mock", "blocking": blocking }]);
    let document = json!({ "organizations": { "acme": {
        "connections": { "crm": { "connectors": { "mock": settings } } },
        "provisioners": provisioner,
        "applications": { "payroll": { "provisioners": provisioner } },
    } } });
    Configuration::from_json(&document.to_string()).unwrap()
}

fn created(password: &str) -> Event {
    Event::user_created(ada()).with_password(Secret::new(password))
}

fn changed(password: &str) -> Event {
    Event::password_changed("u-1", Secret::new(password))
}

/// Without a key nothing is kept, so nothing is configured that would have to be.
#[test]
fn without_keys_only_what_keeps_nothing_can_be_configured() {
    for policy in ["from_event", "sync"] {
        let registry = ConnectorRegistry::new()
            .with_instance("mock", outbound_provisioning::mock::MockConnector::new());
        let error =
            Dispatcher::builder(document(policy, "{}", true), registry).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error.to_string().contains(
                "organizations.acme.connections.crm.connectors.mock.passwords.policy: passwords are kept only sealed; give"
            ),
            "{error}"
        );
    }
    let registry = ConnectorRegistry::new()
        .with_instance("mock", outbound_provisioning::mock::MockConnector::new());
    assert!(Dispatcher::builder(document("never", "{}", true), registry).build().is_ok());
}

#[cfg(not(feature = "seal"))]
#[test]
fn a_build_that_seals_nothing_makes_no_password_up_either() {
    let registry = ConnectorRegistry::new()
        .with_instance("mock", outbound_provisioning::mock::MockConnector::new());
    let built = Dispatcher::builder(document("initial_random", "{}", true), registry).build();
    let error = built.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let expected =
        "mock.passwords.policy: this build makes up no passwords; build it with the feature `seal`";
    assert!(error.to_string().contains(expected), "{error}");
    let keys = outbound_provisioning::seal::SealingKeys::new("2026", [7; 32]);
    assert_eq!(keys.unwrap_err().kind(), ErrorKind::Configuration);
}

#[test]
fn a_password_that_is_none_or_belongs_to_nobody_is_refused() {
    let secret = || Secret::new("correct horse");
    let long = |length: usize| Secret::new("x".repeat(length));
    for event in [
        created(""),
        changed(""),
        Event::user_created(ada()).with_password(long(1_025)),
        Event::password_changed("u-1", long(1_025)),
        Event::group_created(Group::new("g-1", "Staff")).with_password(secret()),
        Event::group_updated(Group::new("g-1", "Staff")).with_password(secret()),
        Event::members_changed("g-1", [], []).with_password(secret()),
        Event::user_deleted("u-1").with_password(secret()),
        Event::user_erased("u-1").with_password(secret()),
        Event::user_unassigned("u-1").through("payroll").with_password(secret()),
    ] {
        let error = event.clone().in_organization("acme").check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidEvent, "{event:?}");
        assert!(!error.to_string().contains("horse") && error.to_string().contains("password"));
    }
    for event in [
        created("x"),
        Event::user_updated(ada()).with_password(long(1_024)),
        Event::user_assigned(ada()).through("payroll").with_password(secret()),
        Event::password_changed("u-1", long(1_024)),
    ] {
        assert!(event.clone().in_organization("acme").check().is_ok(), "{event:?}");
    }
}

#[cfg(feature = "seal")]
mod sealed {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use outbound_provisioning::connector::Capabilities;
    use outbound_provisioning::delivery::ParkReason;
    use outbound_provisioning::dispatch::LaneState;
    use outbound_provisioning::host::{Observation, Observer, SharedConfiguration};
    use outbound_provisioning::mock::{Call, Fault, MockConnector};
    use outbound_provisioning::model::{RemoteId, Resource, ResourceKind};
    use outbound_provisioning::seal::SealingKeys;
    use outbound_provisioning::store::{MemoryStore, Store};
    use outbound_provisioning::{Error, Outcome};

    use super::acme::{
        Host, MINUTE, Watcher, group_key, lane, nth, target_key, user_key, users, words,
    };
    use super::*;

    /// Stands in clear in everything that is sealed, so that it is found.
    const KEY_ID: &str = "a-key-of-tests";

    fn key(seed: u8) -> [u8; 32] {
        std::array::from_fn(|place| seed.wrapping_add(u8::try_from(place).unwrap()))
    }

    fn keys() -> SealingKeys {
        SealingKeys::new(KEY_ID, key(1)).unwrap()
    }

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn host(passwords: &str, blocking: bool) -> Host {
        host_of(passwords, "{}", blocking)
    }

    fn host_of(passwords: &str, more: &str, blocking: bool) -> Host {
        host_with(passwords, more, blocking, MockConnector::new())
    }

    fn host_with(passwords: &str, more: &str, blocking: bool, crm: MockConnector) -> Host {
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let document = document(passwords, more, blocking);
        Host::configured(document, registry, crm, |builder| builder.sealing(keys()))
    }

    /// Until it is delivered, by whichever way.
    async fn told(host: &Host, event: Event) -> String {
        let key = event.clone().in_organization("acme").resource_key();
        let outcome = host.accept(event).await;
        if outcome != Outcome::Queued {
            return outcome.to_string();
        }
        host.work().await;
        host.status(&key).await.last.unwrap_or_default()
    }

    /// Every password that the target was ever given.
    fn given(crm: &MockConnector) -> Vec<String> {
        let ids = (1..=20).map(|number| RemoteId::new(format!("remote-{number}")).unwrap());
        ids.flat_map(|id| crm.passwords_of(&id))
            .map(|password| password.expose().to_owned())
            .collect()
    }

    fn down() -> Error {
        Error::new(ErrorKind::Unavailable, "down for lunch")
    }

    // ---- who is given which ---------------------------------------------------------------------

    #[tokio::test]
    async fn each_policy_gives_what_it_says() {
        for blocking in [true, false] {
            for (policy, expected) in [
                ("", vec![]),
                ("never", vec![]),
                ("from_event", vec!["first"]),
                ("sync", vec!["first", "second", "third", "fourth"]),
            ] {
                let host = host(policy, blocking);
                let ada = ada().with_display_name("Ada");
                for event in [
                    created("first"),
                    Event::user_updated(ada.clone()).with_password("second".into()),
                    Event::user_updated(ada).with_password("third".into()),
                    changed("fourth"),
                ] {
                    let came = told(&host, event).await;
                    assert!(
                        came.starts_with("delivered") || came.starts_with("not"),
                        "{policy} {came}"
                    );
                }
                assert_eq!(given(&host.crm), expected, "{policy}, blocking: {blocking}");
                let requests = 2 + expected.len().saturating_sub(2);
                assert_eq!(host.crm.calls().len(), requests, "{policy}: {:?}", words(&host.crm));
            }
        }
    }

    #[tokio::test]
    async fn one_that_is_made_up_is_of_every_kind_and_never_the_same() {
        for blocking in [true, false] {
            let host = host("initial_random", blocking);
            for number in 1..=3 {
                let event = Event::user_created(nth(number)).with_password("own".into());
                assert!(told(&host, event).await.starts_with("delivered"));
            }
            let renamed = Event::user_updated(nth(1).with_display_name("One"));
            told(&host, renamed.with_password("own".into())).await;
            told(&host, changed("own")).await;
            told(&host, Event::user_deleted("u-1")).await;
            told(&host, Event::user_created(nth(1))).await;
            let given = given(&host.crm);
            assert_eq!(given.len(), 4, "one for each account, and for the one made again");
            let different: BTreeSet<&String> = given.iter().collect();
            assert_eq!(different.len(), 4);
            for password in &given {
                assert_eq!(password.chars().count(), 24);
                let has = |is: fn(char) -> bool| password.chars().any(is);
                assert!(has(|letter| letter.is_ascii_lowercase()));
                assert!(has(|letter| letter.is_ascii_uppercase()));
                assert!(has(|letter| letter.is_ascii_digit()));
                assert!(has(|letter| letter.is_ascii_punctuation()));
                assert!(password.chars().all(|letter| letter.is_ascii_graphic()));
            }
        }
    }

    #[tokio::test]
    async fn one_that_is_made_up_is_as_long_and_as_plain_as_is_asked() {
        let settings = r#"{ "policy": "initial_random", "length": 40, "symbols": false }"#;
        let host = host(settings, true);
        told(&host, Event::user_created(ada())).await;
        let given = given(&host.crm);
        assert_eq!(given[0].chars().count(), 40);
        assert!(given[0].chars().all(|letter| letter.is_ascii_alphanumeric()));
    }

    #[tokio::test]
    async fn one_that_is_made_up_needs_no_keys_and_no_group_has_one() {
        let crm = MockConnector::new();
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let document = document("initial_random", "{}", true);
        let host = Host::configured(document, registry, crm, |builder| builder);
        told(&host, Event::user_created(ada())).await;
        told(&host, Event::group_created(Group::new("g-1", "Staff"))).await;
        assert_eq!(host.status(&group_key("g-1")).await.last.as_deref(), Some("delivered"));
        assert_eq!(given(&host.crm).len(), 1);
    }

    #[tokio::test]
    async fn an_assignment_brings_the_password_of_its_event() {
        for blocking in [true, false] {
            for (policy, expected) in [("from_event", 1), ("sync", 2), ("never", 0)] {
                let host = host(policy, blocking);
                let assigned = |password: &str| {
                    Event::user_assigned(ada()).through("payroll").with_password(password.into())
                };
                assert!(told(&host, assigned("first")).await.starts_with("delivered"));
                // The account is there, and only who is kept the same is given another one.
                told(&host, assigned("second")).await;
                assert_eq!(given(&host.crm), ["first", "second"][..expected], "{policy}");
            }
        }
    }

    #[tokio::test]
    async fn a_password_of_nobody_who_is_there_is_not_needed() {
        let host = host("sync", true);
        assert_eq!(told(&host, changed("first")).await, "not needed");
        assert!(host.crm.calls().is_empty());
        let out = host_of("sync", r#"{ "scope": { "users": "title pr" } }"#, true);
        let came = told(&out, created("first")).await;
        assert!(came.starts_with("skipped"), "{came}");
        // It was not kept either: who enters later brings the password of then.
        told(&out, Event::user_updated(ada().with_display_name("A"))).await;
        let mut titled = ada();
        titled.title = Some("Countess".to_owned());
        told(&out, Event::user_updated(titled)).await;
        assert_eq!(words(&out.crm), ["create"]);
        assert!(given(&out.crm).is_empty());
    }

    // ---- on the way -----------------------------------------------------------------------------

    #[tokio::test]
    async fn the_newest_password_wins() {
        let host = host("sync", false);
        host.crm.fail_next(down());
        host.deliver(created("first")).await;
        for password in ["second", "third"] {
            host.accept(changed(password)).await;
        }
        host.later(60 * MINUTE).await;
        assert_eq!(given(&host.crm), ["third"]);
        // And within one that is there already.
        host.crm.fail_next(down());
        host.deliver(changed("fourth")).await;
        host.accept(changed("fifth")).await;
        host.later(60 * MINUTE).await;
        assert_eq!(given(&host.crm), ["third", "fifth"]);
    }

    #[tokio::test]
    async fn a_password_goes_along_with_a_change_and_is_one_request_without() {
        let host = host("sync", true);
        told(&host, created("first")).await;
        host.crm.forget_calls();
        told(&host, changed("second")).await;
        assert_eq!(words(&host.crm), ["update"], "nothing but the password");
        host.crm.forget_calls();
        let ada = ada().with_display_name("Ada");
        told(&host, Event::user_updated(ada.clone()).with_password("third".into())).await;
        assert_eq!(words(&host.crm), ["update"], "both by one request");
        host.crm.forget_calls();
        told(&host, Event::user_updated(ada)).await;
        assert!(host.crm.calls().is_empty(), "what was delivered is not delivered again (N8)");
    }

    #[tokio::test]
    async fn a_create_in_doubt_is_found_and_given_its_password_again() {
        for fault in [Fault::TimeOutAfter, Fault::TimeOutBefore] {
            let host = host("sync", false);
            host.crm.then(fault);
            host.deliver(created("first")).await;
            host.later(60 * MINUTE).await;
            assert_eq!(given(&host.crm).last().map(String::as_str), Some("first"));
            assert!(host.is_settled("u-1").await);
            assert_eq!(users(&host.crm).len(), 1);
        }
    }

    #[tokio::test]
    async fn an_update_in_doubt_is_sent_again_with_its_password() {
        let host = host("sync", false);
        host.deliver(created("first")).await;
        host.crm.then(Fault::TimeOutBefore);
        host.deliver(changed("second")).await;
        assert_eq!(given(&host.crm), ["first"]);
        host.later(60 * MINUTE).await;
        assert_eq!(given(&host.crm), ["first", "second"]);
    }

    #[tokio::test]
    async fn switched_off_and_on_again_it_is_kept() {
        for disabled in ["deactivate", "delete", "leave"] {
            let more = format!(r#"{{ "deprovisioning": {{ "disabled": "{disabled}" }} }}"#);
            // Folded, before anything was tried.
            let host = host_of("sync", &more, false);
            host.accept(created("first")).await;
            host.accept(Event::user_updated(ada().with_active(false))).await;
            host.accept(Event::user_updated(ada())).await;
            host.work().await;
            assert_eq!(given(&host.crm), ["first"], "{disabled}");
            // One by one, with a target that is down until they are back.
            let host = host_of("sync", &more, false);
            for event in [created("first"), Event::user_updated(ada().with_active(false))] {
                host.crm.fail_next(down());
                host.deliver(event).await;
                host.clock.advance(60 * MINUTE);
            }
            host.crm.forget_calls();
            host.deliver(Event::user_updated(ada())).await;
            host.later(60 * MINUTE).await;
            assert_eq!(given(&host.crm), ["first"], "{disabled}: {:?}", words(&host.crm));
            assert!(users(&host.crm)[0].active);
        }
    }

    #[tokio::test]
    async fn who_is_switched_off_finds_the_newest_password_when_they_come_back() {
        let host = host("sync", true);
        told(&host, created("first")).await;
        told(&host, Event::user_updated(ada().with_active(false))).await;
        let came = told(&host, changed("second")).await;
        assert!(came.starts_with("delivered"), "{came}");
        told(&host, Event::user_updated(ada())).await;
        assert_eq!(given(&host.crm), ["first", "second"]);
    }

    #[tokio::test]
    async fn a_delete_drops_it() {
        for event in [Event::user_deleted("u-1"), Event::user_erased("u-1")] {
            let host = host("sync", false);
            host.crm.fail_next(down());
            host.deliver(created("first")).await;
            host.accept(changed("second")).await;
            host.accept(event).await;
            host.later(60 * MINUTE).await;
            assert!(users(&host.crm).is_empty());
            // Whoever comes by that id brings a password, or has none.
            host.deliver(Event::user_created(ada())).await;
            host.later(60 * MINUTE).await;
            assert_eq!((users(&host.crm).len(), given(&host.crm).len()), (1, 0));
        }
        let host = host("sync", false);
        host.deliver(created("first")).await;
        host.accept(Event::user_deleted("u-1")).await;
        host.accept(created("second")).await;
        host.work().await;
        assert_eq!(given(&host.crm), ["first", "second"], "made again, with its own");
    }

    #[tokio::test]
    async fn a_withdrawn_target_keeps_none() {
        let store = Arc::new(MemoryStore::new());
        let crm = MockConnector::new();
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let host = Host::configured(document("sync", "{}", false), registry, crm, |builder| {
            builder.sealing(keys()).store(Arc::clone(&store))
        });
        host.deliver(created("first")).await;
        host.crm.fail_next(down());
        host.deliver(changed("second")).await;
        assert!(kept(&*store).await.contains(&hex(KEY_ID)));
        host.dispatcher.withdraw(&target_key(), Default::default()).await.unwrap();
        host.accept(changed("third")).await;
        host.later(60 * MINUTE).await;
        assert!(!kept(&*store).await.contains(&hex(KEY_ID)));
        assert_eq!(given(&host.crm), ["first"]);
        assert!(!words(&host.crm)[2..].contains(&"update"), "{:?}", words(&host.crm));
        assert!(host.is_settled("u-1").await);
    }

    #[tokio::test]
    async fn p19_a_policy_that_changes_counts_for_what_waits() {
        let shared = SharedConfiguration::new(document("sync", "{}", false));
        let crm = MockConnector::new();
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let host =
            Host::configured(shared.clone(), registry, crm, |builder| builder.sealing(keys()));
        host.crm.fail_next(down());
        host.deliver(created("first")).await;
        shared.replace(document("never", "{}", false));
        host.dispatcher.check_configuration(&"acme".into()).await.unwrap();
        host.later(60 * MINUTE).await;
        assert_eq!((users(&host.crm).len(), given(&host.crm).len()), (1, 0));
        assert_eq!(host.status_of("u-1").await.last.as_deref(), Some("delivered"));
    }

    // ---- targets that cannot be given any -------------------------------------------------------

    #[tokio::test]
    async fn a_target_that_takes_no_passwords_says_so() {
        let can = Capabilities::new().with_groups().with_find();
        for blocking in [true, false] {
            for policy in ["from_event", "sync", "initial_random"] {
                let crm = MockConnector::new().with_capabilities(can);
                let host = host_with(policy, "{}", blocking, crm);
                assert_eq!(told(&host, created("first")).await, "unsupported", "{policy}");
                assert_eq!(users(&host.crm).len(), 1, "the account is there all the same");
                let renamed = Event::user_updated(ada().with_display_name("Ada"));
                assert!(told(&host, renamed.clone()).await.starts_with("delivered"));
                let again = told(&host, renamed.with_password("second".into())).await;
                let alone = told(&host, changed("third")).await;
                match policy {
                    "sync" => assert_eq!((&*again, &*alone), ("unsupported", "unsupported")),
                    _ => assert!(again.starts_with("not") && alone.starts_with("not")),
                }
                assert!(given(&host.crm).is_empty());
                assert!(host.is_settled("u-1").await, "and nothing waits");
            }
        }
    }

    /// Learns only from the answer to its first request that it can set passwords.
    #[derive(Debug)]
    struct Late(MockConnector, Mutex<bool>);

    #[async_trait::async_trait]
    impl outbound_provisioning::connector::Connector for Late {
        async fn create(
            &self,
            resource: &Resource,
            attempt: &outbound_provisioning::connector::Attempt,
        ) -> outbound_provisioning::Result<outbound_provisioning::connector::Remote> {
            *self.1.lock().unwrap() = true;
            self.0.create(resource, attempt).await
        }

        async fn update(
            &self,
            id: &RemoteId,
            update: &outbound_provisioning::connector::Update<'_>,
            attempt: &outbound_provisioning::connector::Attempt,
        ) -> outbound_provisioning::Result<outbound_provisioning::connector::Remote> {
            self.0.update(id, update, attempt).await
        }

        async fn delete(
            &self,
            id: &RemoteId,
            kind: ResourceKind,
            attempt: &outbound_provisioning::connector::Attempt,
        ) -> outbound_provisioning::Result<()> {
            self.0.delete(id, kind, attempt).await
        }

        fn capabilities(&self) -> Capabilities {
            let can = Capabilities::new();
            if *self.1.lock().unwrap() { can.with_passwords() } else { can }
        }
    }

    #[tokio::test]
    async fn what_was_not_sent_does_not_count_as_set() {
        for policy in ["from_event", "sync"] {
            let crm = MockConnector::new();
            let late = Late(crm.clone(), Mutex::new(false));
            let registry = ConnectorRegistry::new().with_instance("mock", late);
            let host = Host::configured(document(policy, "{}", true), registry, crm, |builder| {
                builder.sealing(keys())
            });
            assert!(told(&host, created("first")).await.starts_with("delivered"));
            assert_eq!(words(&host.crm), ["create", "update"], "{policy}");
            assert_eq!(given(&host.crm), ["first"], "{policy}");
        }
    }

    #[tokio::test]
    async fn who_was_there_already_keeps_the_password_unless_all_are_kept_the_same() {
        for (policy, expected) in [("from_event", 0), ("sync", 1), ("initial_random", 0)] {
            let host = host(policy, true);
            // Ours, by an earlier life of which nothing is known.
            host.crm.insert(ada()).unwrap();
            let came = told(&host, created("first")).await;
            assert!(came.starts_with("delivered"), "{policy}: {came}");
            assert_eq!((users(&host.crm).len(), given(&host.crm).len()), (1, expected), "{policy}");
        }
    }

    // ---- at rest --------------------------------------------------------------------------------

    /// All that a store keeps of the user at the target, as text.
    async fn kept(store: &dyn Store) -> String {
        let row = store.lane(&lane(user_key("u-1"))).await.unwrap().unwrap();
        serde_json::to_string(&row.record).unwrap()
    }

    #[tokio::test]
    async fn it_is_kept_sealed_until_the_target_has_it_and_no_longer() {
        for blocking in [true, false] {
            let (store, watcher) = (Arc::new(MemoryStore::new()), Watcher::default());
            let crm = MockConnector::new();
            let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
            let document = document("sync", "{}", blocking);
            let host = Host::configured(document, registry, crm, |builder| {
                builder.sealing(keys()).store(Arc::clone(&store)).observer(watcher.clone())
            });
            for (number, event) in
                [created("krypt-first"), changed("krypt-second")].into_iter().enumerate()
            {
                host.crm.fail_next(down());
                let report = host.report(event).await;
                host.work().await;
                assert_eq!(given(&host.crm).len(), number);
                let waits = kept(&*store).await;
                assert!(waits.contains(&hex(KEY_ID)), "it waits");
                for clear in ["krypt", &hex("krypt")] {
                    assert!(!waits.contains(clear), "in clear: {clear}");
                    let shown = format!("{report:?} {:?}", host.status_of("u-1").await);
                    assert!(!shown.contains(clear));
                }
                host.later(60 * MINUTE).await;
                assert_eq!(given(&host.crm).len(), number + 1);
                assert!(!kept(&*store).await.contains(&hex(KEY_ID)), "it is forgotten");
            }
            assert_eq!(watcher.saw("krypt"), 0);
            assert!(watcher.saw("Answered") > 0);
        }
    }

    /// Everything that passes by, as text.
    #[derive(Clone, Debug, Default)]
    struct Diary(Arc<Mutex<String>>);

    impl Observer for Diary {
        fn observe(&self, observation: &Observation<'_>) {
            self.0.lock().unwrap().push_str(&format!("{observation:?} {observation:#?}"));
        }
    }

    #[tokio::test]
    async fn it_is_nowhere_to_be_seen() {
        const CLEAR: &str = "krypt-of-ada";
        let diary = Diary::default();
        let crm = MockConnector::new();
        let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
        let document = document("sync", "{}", true);
        let host = Host::configured(document, registry, crm, |builder| {
            builder.sealing(keys()).observer(diary.clone())
        });
        let mut seen = String::new();
        for (event, fault) in [
            (created(CLEAR), Fault::Refuse(down())),
            (created(CLEAR), Fault::Panic),
            (created(CLEAR), Fault::TimeOutAfter),
            (changed(CLEAR), Fault::WrongAnswer),
            (Event::user_updated(ada()).with_password(CLEAR.into()), Fault::Refuse(down())),
        ] {
            seen.push_str(&format!("{event:?} {event:#?} {:?}", event.password));
            let plan = host.dispatcher.plan(&event.clone().in_organization("acme")).await;
            seen.push_str(&format!("{plan:?}"));
            host.crm.then(fault);
            let report = host.report(event).await;
            seen.push_str(&format!("{report:?} {report:#?}"));
            for delivery in &report.deliveries {
                seen.push_str(&delivery.outcome.to_string());
            }
            seen.push_str(&format!("{:?}", host.status_of("u-1").await));
            host.later(60 * MINUTE).await;
        }
        seen.push_str(&format!("{:?} {:#?}", host.dispatcher, host.dispatcher));
        seen.push_str(&format!("{:?} {:?} {:?}", host.crm, host.crm.calls(), keys()));
        let attempt = outbound_provisioning::connector::Attempt::new(
            "acme".into(),
            Default::default(),
            super::acme::target(),
            1,
        );
        seen.push_str(&format!("{:?}", attempt.with_password(Some(CLEAR.into()))));
        seen.push_str(&diary.0.lock().unwrap());
        assert!(!seen.contains("krypt"), "{seen}");
        assert!(!given(&host.crm).is_empty());
        assert!(host.crm.calls().iter().any(|call| matches!(call, Call::Update(..))));
    }

    #[tokio::test]
    async fn f127_another_key_loses_nothing_and_says_which_is_missing() {
        let other = || SealingKeys::new("another", key(99)).unwrap();
        let rotated = || other().with_older(KEY_ID, key(1)).unwrap();
        // A connector that cannot look up: nothing was sent, so nothing is in doubt.
        for can in [
            MockConnector::new().with_capabilities(Capabilities::new().with_passwords()),
            MockConnector::new(),
        ] {
            let store = Arc::new(MemoryStore::new());
            let start = |keys: Option<SealingKeys>| {
                let registry = ConnectorRegistry::new().with_instance("mock", can.clone());
                let document = document("sync", "{}", false);
                Host::configured(document, registry, can.clone(), |builder| {
                    let builder = builder.store(Arc::clone(&store));
                    match keys {
                        Some(keys) => builder.sealing(keys),
                        None => builder,
                    }
                })
            };
            start(Some(keys())).accept(created("first")).await;
            let wrong = start(Some(other()));
            for _ in 0..5 {
                wrong.later(60 * MINUTE).await;
            }
            assert!(wrong.crm.calls().is_empty(), "nothing is sent without it");
            let status = wrong.status_of("u-1").await;
            assert_eq!(status.last.as_deref(), Some("configuration"));
            let message = status.message.unwrap();
            assert!(message.contains(KEY_ID) && message.contains("give it"), "{message}");
            assert_eq!(status.state, LaneState::Parked(ParkReason::Password));
            let right = start(Some(rotated()));
            assert!(right.dispatcher.retry(&lane(user_key("u-1"))).await.unwrap());
            right.work().await;
            assert_eq!(given(&right.crm), ["first"]);
            assert_eq!(words(&right.crm), ["create"]);
            // What comes now is sealed with the new key.
            right.crm.fail_next(down());
            right.deliver(changed("second")).await;
            assert!(kept(&*store).await.contains(&hex("another")));
        }
    }

    #[tokio::test]
    async fn another_key_by_the_same_name_is_told_from_damage() {
        let store = Arc::new(MemoryStore::new());
        let crm = MockConnector::new();
        let start = |keys: SealingKeys| {
            let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
            Host::configured(document("sync", "{}", false), registry, crm.clone(), |builder| {
                builder.sealing(keys).store(Arc::clone(&store))
            })
        };
        start(keys()).accept(created("first")).await;
        let wrong = start(SealingKeys::new(KEY_ID, key(50)).unwrap());
        wrong.work().await;
        let status = wrong.status_of("u-1").await;
        assert_eq!(status.last.as_deref(), Some("configuration"), "{:?}", status.message);
        let right = start(keys());
        // The next event of the same user gives it another chance too.
        right.deliver(Event::user_updated(ada())).await;
        assert_eq!(given(&crm), ["first"]);
    }

    #[cfg(feature = "redb")]
    mod on_disk {
        use outbound_provisioning::store::RedbStore;
        use redb::{
            Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
            TableHandle,
        };

        use super::*;
        use crate::folder::TempFolder;

        fn start(path: &std::path::Path, crm: &MockConnector) -> Host {
            let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
            let store = RedbStore::open(path).unwrap();
            Host::configured(document("sync", "{}", false), registry, crm.clone(), |builder| {
                builder.sealing(keys()).store(store)
            })
        }

        #[tokio::test]
        async fn p28_the_file_never_holds_it_in_clear_and_the_next_life_delivers_it() {
            let folder = TempFolder::new();
            let path = folder.path().join("outbound.redb");
            let crm = MockConnector::new();
            let holds = |text: &str| {
                let file = std::fs::read(&path).unwrap();
                file.windows(text.len()).any(|window| window == text.as_bytes())
            };
            {
                let host = start(&path, &crm);
                host.crm.fail_next(down());
                host.deliver(created("krypt-first")).await;
                host.accept(changed("krypt-second")).await;
            }
            assert!(holds(&hex(KEY_ID)), "it is there, sealed");
            assert!(!holds("krypt") && !holds(&hex("krypt")), "and not in clear");
            {
                let host = start(&path, &crm);
                host.crm.fail_next(down());
                host.work().await;
                assert!(given(&crm).is_empty());
            }
            {
                let host = start(&path, &crm);
                host.later(60 * MINUTE).await;
                host.later(60 * MINUTE).await;
                assert!(host.is_settled("u-1").await);
            }
            assert_eq!(given(&crm), ["krypt-second"]);
            assert!(!holds("krypt") && !holds(&hex("krypt")));
            // No row holds even what was sealed.
            let database = Database::open(&path).unwrap();
            let read = database.begin_read().unwrap();
            let mut rows = 0;
            for table in read.list_tables().unwrap() {
                let name = table.name().to_owned();
                let untyped = read.open_untyped_table(table).unwrap();
                rows += untyped.len().unwrap();
                let bytes: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(&name);
                let Ok(table) = read.open_table(bytes) else { continue };
                for row in table.iter().unwrap() {
                    let (_, value) = row.unwrap();
                    let text = String::from_utf8_lossy(value.value()).into_owned();
                    assert!(!text.contains(&hex(KEY_ID)), "{name}");
                }
            }
            assert!(rows > 0);
        }
    }

    /// A pause is not a failure, and a target that is down for days neither.
    #[tokio::test]
    async fn a_target_that_is_down_for_long_is_given_it_in_the_end() {
        let host = host("sync", false);
        host.accept(created("first")).await;
        host.dispatcher.pause(&target_key()).await.unwrap();
        host.later(24 * 60 * MINUTE).await;
        assert!(host.crm.calls().is_empty());
        host.dispatcher.resume(&target_key()).await.unwrap();
        for _ in 0..10 {
            host.crm.fail_next(down());
            host.later(Duration::from_secs(24 * 3600)).await;
        }
        assert!(given(&host.crm).is_empty());
        while !host.is_settled("u-1").await {
            host.later(Duration::from_secs(24 * 3600)).await;
        }
        assert_eq!(given(&host.crm), ["first"]);
    }
}
