//! A user's manager is told to the target as soon as the target has both (P17).
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;

use acme::{Host, MINUTE, SECOND, nth, organization, users, words};
use outbound_provisioning::ConnectorRegistry;
use outbound_provisioning::mock::MockConnector;
use outbound_provisioning::model::{EnterpriseUser, Event, Manager, Provisioner, User};

fn reporting(number: usize, manager: usize) -> User {
    let mut enterprise = EnterpriseUser::default();
    enterprise.manager = Some(Manager::new(format!("u-{manager}")));
    let mut user = nth(number);
    user.enterprise = Some(enterprise);
    user
}

/// The target's id of a user's manager there.
fn manager_at(crm: &MockConnector, number: usize) -> Option<String> {
    let id = format!("u-{number}");
    let user = users(crm).into_iter().find(|user| user.external_id.as_str() == id)?;
    Some(user.enterprise?.manager?.value.as_str().to_owned())
}

/// The target's id of a user.
fn account(crm: &MockConnector, number: usize) -> Option<String> {
    let id = format!("u-{number}");
    let found = crm.remote_resources().into_iter();
    let mut found = found.filter(|(_, resource)| resource.local_id().as_str() == id);
    found.next().map(|(id, _)| id.as_str().to_owned())
}

#[tokio::test]
async fn p17_who_is_sent_without_a_manager_gets_one_when_the_manager_appears() {
    let host = Host::new();
    host.deliver(Event::user_created(reporting(1, 9))).await;
    host.deliver(Event::user_created(reporting(2, 9))).await;
    host.deliver(Event::user_created(nth(3))).await;
    assert_eq!(manager_at(&host.crm, 1), None);
    host.crm.forget_calls();
    host.deliver(Event::user_created(nth(9))).await;
    assert_eq!(words(&host.crm), ["create", "update", "update"], "no event of theirs is needed");
    for number in [1, 2] {
        assert_eq!(manager_at(&host.crm, number), account(&host.crm, 9));
        assert!(host.is_settled(&format!("u-{number}")).await);
    }
    host.crm.forget_calls();
    host.later(10 * MINUTE).await;
    assert!(host.crm.calls().is_empty());
}

#[tokio::test]
async fn p17_a_manager_who_is_there_costs_no_request() {
    let host = Host::new();
    host.deliver(Event::user_created(nth(9))).await;
    host.crm.forget_calls();
    host.deliver(Event::user_created(reporting(1, 9))).await;
    host.deliver(Event::user_created(nth(2))).await;
    assert_eq!(words(&host.crm), ["create", "create"]);
    assert_eq!(manager_at(&host.crm, 1), account(&host.crm, 9));
    host.crm.forget_calls();
    host.deliver(Event::user_updated(nth(9).with_display_name("The boss"))).await;
    assert_eq!(words(&host.crm), ["update"], "the manager's account stays the same");
}

#[tokio::test]
async fn p17_a_worker_that_runs_sees_to_it_whoever_comes_first() {
    for boss_first in [false, true] {
        let host = Host::new();
        let mut running = host.start();
        let mut events = vec![Event::user_created(nth(9))];
        events.extend((1..=8).map(|number| Event::user_created(reporting(number, number + 1))));
        if !boss_first {
            events.reverse();
        }
        for event in events {
            host.accept(event).await;
        }
        host.clock.advance(SECOND);
        for number in 1..=8 {
            assert_eq!(manager_at(&host.crm, number), account(&host.crm, number + 1), "{number}");
        }
        assert!(running.stop().is_some());
    }
}

#[tokio::test]
async fn f82_managers_in_a_circle_and_ones_own_manager_end() {
    let host = Host::new();
    for (number, manager) in [(1, 2), (2, 3), (3, 1), (4, 4)] {
        host.deliver(Event::user_created(reporting(number, manager))).await;
    }
    host.later(SECOND).await;
    for (number, manager) in [(1, 2), (2, 3), (3, 1), (4, 4)] {
        assert_eq!(manager_at(&host.crm, number), account(&host.crm, manager), "{number}");
        assert!(host.is_settled(&format!("u-{number}")).await);
    }
    host.crm.forget_calls();
    host.later(10 * MINUTE).await;
    assert!(host.crm.calls().is_empty());
}

#[tokio::test]
async fn f48_a_manager_who_has_another_account_now_is_told_under_it() {
    let host = Host::new();
    host.deliver(Event::user_created(nth(9))).await;
    host.deliver(Event::user_created(reporting(1, 9))).await;
    host.deliver(Event::user_deleted("u-9")).await;
    host.deliver(Event::user_created(nth(9))).await;
    assert_eq!(users(&host.crm).len(), 2);
    assert_eq!(manager_at(&host.crm, 1), account(&host.crm, 9));
}

#[tokio::test]
async fn p17_who_has_another_manager_by_then_or_is_gone_is_left_alone() {
    let host = Host::new();
    for number in 1..=3 {
        host.deliver(Event::user_created(reporting(number, 9))).await;
    }
    host.deliver(Event::user_updated(nth(1))).await;
    host.deliver(Event::user_updated(reporting(2, 8))).await;
    host.deliver(Event::user_deleted("u-3")).await;
    host.crm.forget_calls();
    host.deliver(Event::user_created(nth(9))).await;
    assert_eq!(words(&host.crm), ["create"]);
    assert_eq!(users(&host.crm).len(), 3);
}

#[tokio::test]
async fn p17_a_blocking_caller_sees_it_in_the_report() {
    let crm = MockConnector::new();
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let configuration = acme::acme(organization(Provisioner::new("crm", "mock").blocking()));
    let host = Host::configured(configuration, registry, crm, |builder| builder);
    host.accept(Event::user_created(reporting(1, 9))).await;
    let report = host.report(Event::user_created(nth(9))).await;
    let followed = report.follow_ups.first().expect("the user who waited");
    assert_eq!(followed.resource, acme::user_key("u-1"));
    assert_eq!(followed.because.to_string(), "awaited");
    assert!(followed.outcome.is_done());
    assert_eq!(manager_at(&host.crm, 1), account(&host.crm, 9));
}

#[cfg(feature = "redb")]
#[path = "support/folder.rs"]
mod folder;

#[cfg(feature = "redb")]
#[tokio::test(flavor = "multi_thread")]
async fn p17_who_waits_for_a_manager_is_remembered_by_the_next_life() {
    use outbound_provisioning::store::RedbStore;

    let (folder, crm) = (folder::TempFolder::new(), MockConnector::new());
    let host = || {
        let store = RedbStore::open(folder.path().join("outbound.redb")).unwrap();
        Host::with(crm.clone(), crm.clone(), |builder| builder.store(store))
    };
    host().deliver(Event::user_created(reporting(1, 9))).await;
    host().deliver(Event::user_created(nth(9))).await;
    assert_eq!(manager_at(&crm, 1), account(&crm, 9));
}
