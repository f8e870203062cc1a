//! Names that are taken: by strangers, by accounts that nobody manages, by others of ours who are to give them up.
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;

use acme::{Host, MINUTE, SECOND, Watcher, ada, users, words};
use outbound_provisioning::connector::Capabilities;
use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::mock::{Call, Fault, MockConnector};
use outbound_provisioning::model::{
    Connection, ConnectorSettings, Event, Group, LinkPolicy, OrganizationConfiguration, Properties,
    Provisioner, ResourceKind, User, WhenGone,
};
use outbound_provisioning::{ConnectorRegistry, Error, ErrorKind};

fn settings() -> ConnectorSettings {
    ConnectorSettings::from(Properties::new())
}

fn host_at(crm: &MockConnector, settings: ConnectorSettings, watcher: &Watcher) -> Host {
    let organization = OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", settings))
        .with_provisioner(Provisioner::new("crm", "mock"));
    let registry = ConnectorRegistry::new().with_instance("mock", crm.clone());
    let watcher = watcher.clone();
    Host::configured(acme::acme(organization), registry, crm.clone(), |builder| {
        builder.observer(watcher)
    })
}

fn host(settings: ConnectorSettings) -> Host {
    host_at(&MockConnector::new(), settings, &Watcher::default())
}

fn named(number: usize, name: &str) -> User {
    User::new(format!("u-{number}"), name)
}

/// Who has which name at the target, by the host's id.
fn names(crm: &MockConnector) -> Vec<(String, String)> {
    let mut names: Vec<_> = users(crm)
        .into_iter()
        .map(|user| (user.external_id.as_str().to_owned(), user.user_name))
        .collect();
    names.sort();
    names
}

fn pairs<const N: usize>(wanted: [(&str, &str); N]) -> Vec<(String, String)> {
    wanted.map(|(id, name)| (id.to_owned(), name.to_owned())).to_vec()
}

async fn parked(host: &Host, id: &str) -> Option<(ParkReason, String)> {
    let status = host.status_of(id).await;
    match status.state {
        LaneState::Parked(reason) => Some((reason, status.message.unwrap_or_default())),
        _ => None,
    }
}

// ---- others of ours -----------------------------------------------------------------------------

#[tokio::test]
async fn f78_a_new_user_with_the_name_of_a_deleted_one_waits_for_the_delete() {
    let host = host(settings());
    host.deliver(Event::user_created(named(1, "ada"))).await;
    host.crm.fail_next(Error::new(ErrorKind::Unavailable, "503"));
    host.deliver(Event::user_deleted("u-1")).await;
    host.crm.forget_calls();
    host.deliver(Event::user_created(named(2, "ada"))).await;
    assert_eq!(words(&host.crm), ["create", "find"], "and the old account is not touched");
    assert_eq!(parked(&host, "u-2").await, None);
    host.later(SECOND).await;
    host.later(SECOND).await;
    assert_eq!(names(&host.crm), pairs([("u-2", "ada")]));
    assert!(host.is_settled("u-2").await);
}

#[tokio::test]
async fn f78_who_waits_is_called_and_need_not_ask_again_and_again() {
    let host = host(settings());
    host.deliver(Event::user_created(named(1, "ada"))).await;
    host.deliver(Event::user_created(named(3, "eve"))).await;
    host.crm.fail_next(Error::new(ErrorKind::Unavailable, "503"));
    host.clock.throw(500);
    host.deliver(Event::user_updated(named(1, "ada lovelace"))).await;
    host.deliver(Event::user_updated(named(3, "ada"))).await;
    host.crm.forget_calls();
    host.later(SECOND).await;
    let names = names(&host.crm);
    assert_eq!(names, pairs([("u-1", "ada lovelace"), ("u-3", "ada")]));
    assert_eq!(words(&host.crm), ["update", "update"], "once each");
}

#[tokio::test]
async fn p12_waiting_for_another_counts_as_no_failure() {
    let host = host(settings());
    host.deliver(Event::user_created(named(1, "ada"))).await;
    host.crm.fail_next(Error::new(ErrorKind::Unavailable, "503"));
    host.deliver(Event::user_deleted("u-1")).await;
    host.deliver(Event::user_created(named(2, "ada"))).await;
    for _ in 0..6 {
        host.crm.fail_next(Error::new(ErrorKind::Unavailable, "503"));
        // The delete is urgent, and goes first.
        host.later(60 * MINUTE).await;
        assert_eq!(names(&host.crm), pairs([("u-1", "ada")]));
        assert!(matches!(host.status_of("u-2").await.state, LaneState::Pending(..)));
    }
    host.later(60 * MINUTE).await;
    host.later(SECOND).await;
    assert_eq!(names(&host.crm), pairs([("u-2", "ada")]));
}

#[tokio::test]
async fn f78_a_name_that_is_not_given_up_waits_for_a_person_who_is_told_by_whom() {
    let host = host(settings());
    host.deliver(Event::user_created(named(1, "ada"))).await;
    host.deliver(Event::user_created(named(2, "Ada"))).await;
    let (reason, message) = parked(&host, "u-2").await.expect("both are to have it");
    assert_eq!(reason, ParkReason::NameTaken);
    assert!(message.contains("u-1") && message.contains("u-2"), "{message}");
    assert!(!message.to_lowercase().contains("ada"), "{message}");
    // The person renames the first one, and the second needs no one else.
    host.deliver(Event::user_updated(named(1, "ada lovelace"))).await;
    assert_eq!(names(&host.crm), pairs([("u-1", "ada lovelace"), ("u-2", "Ada")]));
    assert!(host.is_settled("u-2").await);
}

#[tokio::test]
async fn a_conflict_about_something_else_is_not_taken_for_a_name_that_is_taken() {
    let host = host(settings());
    host.deliver(Event::user_created(named(1, "ada"))).await;
    host.crm.forget_calls();
    let conflict = || host.crm.fail_next(Error::new(ErrorKind::Conflict, "409"));
    conflict();
    host.deliver(Event::user_updated(named(1, "ada").with_email("ada@example.com"))).await;
    assert_eq!(parked(&host, "u-1").await, None, "it may pass");
    for _ in 0..2 {
        conflict();
        host.later(60 * MINUTE).await;
    }
    assert_eq!(parked(&host, "u-1").await, Some((ParkReason::Conflict, "409".to_owned())));
    assert_eq!(words(&host.crm), ["update"; 3], "nobody is looked for");
}

#[tokio::test]
async fn f78_who_waits_for_one_that_is_parked_waits_for_a_person_too() {
    let host = host(settings());
    host.crm.insert(User::new("stranger", "root")).unwrap();
    host.deliver(Event::user_created(named(1, "ada"))).await;
    host.deliver(Event::user_updated(named(1, "root"))).await;
    assert_eq!(parked(&host, "u-1").await.unwrap().0, ParkReason::NameTaken);
    host.deliver(Event::user_created(named(2, "ada"))).await;
    assert_eq!(parked(&host, "u-2").await.unwrap().0, ParkReason::NameTaken);
    host.deliver(Event::user_updated(named(1, "lovelace"))).await;
    assert_eq!(
        names(&host.crm),
        pairs([("stranger", "root"), ("u-1", "lovelace"), ("u-2", "ada")])
    );
}

#[tokio::test]
async fn f107_a_rename_to_a_strangers_name_is_parked_and_nobody_is_touched() {
    let host = host(settings());
    host.crm.insert(User::new("", "root")).unwrap();
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    host.deliver(Event::user_updated(named(1, "root"))).await;
    assert_eq!(words(&host.crm), ["update", "find"]);
    assert_eq!(parked(&host, "u-1").await.unwrap().0, ParkReason::NameTaken);
    host.later(60 * MINUTE).await;
    assert_eq!(host.crm.calls().len(), 2);
}

#[tokio::test]
async fn f107_a_strangers_id_is_in_no_message() {
    let host = host(settings());
    host.crm.insert(User::new("stranger-77", "root")).unwrap();
    host.deliver(Event::user_created(named(1, "root"))).await;
    let (reason, message) = parked(&host, "u-1").await.unwrap();
    assert_eq!(reason, ParkReason::NameTaken);
    assert!(!message.contains("stranger"), "{message}");
}

#[tokio::test]
async fn p12_a_rename_that_conflicts_with_nobody_is_tried_again_a_few_times() {
    let host = host(settings());
    host.deliver(Event::user_created(ada())).await;
    let conflict = || host.crm.fail_next(Error::new(ErrorKind::Conflict, "409"));
    conflict();
    host.deliver(Event::user_updated(named(1, "lovelace"))).await;
    assert_eq!(parked(&host, "u-1").await, None);
    host.later(SECOND).await;
    assert!(host.is_settled("u-1").await);
    conflict();
    host.deliver(Event::user_updated(named(1, "byron"))).await;
    for _ in 0..2 {
        conflict();
        host.later(MINUTE).await;
    }
    assert_eq!(parked(&host, "u-1").await.unwrap().0, ParkReason::Conflict);
}

/// Two users whose names were swapped while nothing could be sent.
async fn swapped(settings: ConnectorSettings) -> Host {
    let host = host(settings);
    host.deliver(Event::user_created(named(1, "alice@acme.example"))).await;
    host.deliver(Event::user_created(named(2, "bob@acme.example"))).await;
    host.crm.forget_calls();
    for (number, name) in [(1, "tmp"), (2, "alice@acme.example"), (1, "bob@acme.example")] {
        host.accept(Event::user_updated(named(number, name))).await;
    }
    host.work().await;
    host
}

#[tokio::test]
async fn f77_two_who_swap_their_names_wait_for_a_person_who_is_told_both_ids() {
    let host = swapped(settings()).await;
    for id in ["u-1", "u-2"] {
        let (reason, message) = parked(&host, id).await.expect("a circle");
        assert_eq!(reason, ParkReason::NameTaken);
        assert!(message.contains("u-1") && message.contains("u-2"), "{message}");
    }
    host.crm.forget_calls();
    host.later(60 * MINUTE).await;
    assert!(host.crm.calls().is_empty(), "and nobody tries in vain");
    host.deliver(Event::user_updated(named(1, "carl"))).await;
    assert_eq!(names(&host.crm), pairs([("u-1", "carl"), ("u-2", "alice@acme.example")]));
}

#[tokio::test]
async fn f77_two_who_swap_their_names_end_right_where_temporary_names_are_allowed() {
    let host = swapped(settings().with_temporary_names()).await;
    host.later(SECOND).await;
    host.later(SECOND).await;
    let swapped = [("u-1", "bob@acme.example"), ("u-2", "alice@acme.example")];
    assert_eq!(names(&host.crm), pairs(swapped));
    let named = |call: &Call| match call {
        Call::Update(_, wanted) => Some(wanted.name().to_owned()),
        _ => None,
    };
    let tried: Vec<String> = host.crm.calls().iter().filter_map(named).collect();
    assert!(tried.contains(&"renaming-u-1@acme.example".to_owned()), "{tried:?}");
    for id in ["u-1", "u-2"] {
        assert!(host.is_settled(id).await);
    }
}

#[tokio::test]
async fn f77_a_longer_circle_ends_in_the_same_ways() {
    for allowed in [false, true] {
        let settings = if allowed { settings().with_temporary_names() } else { settings() };
        let host = host(settings);
        for (number, name) in [(1, "a"), (2, "b"), (3, "c")] {
            host.deliver(Event::user_created(named(number, name))).await;
        }
        for (number, name) in [(1, "tmp"), (3, "a"), (2, "c"), (1, "b")] {
            host.accept(Event::user_updated(named(number, name))).await;
        }
        for _ in 0..10 {
            host.later(SECOND).await;
        }
        if allowed {
            assert_eq!(names(&host.crm), pairs([("u-1", "b"), ("u-2", "c"), ("u-3", "a")]));
        } else {
            for id in ["u-1", "u-2", "u-3"] {
                assert_eq!(parked(&host, id).await.unwrap().0, ParkReason::NameTaken, "{id}");
            }
        }
    }
}

#[tokio::test]
async fn f77_a_caller_who_tells_one_half_of_a_swap_first_gets_both() {
    let host = host(settings().with_temporary_names());
    host.deliver(Event::user_created(named(1, "alice"))).await;
    host.deliver(Event::user_created(named(2, "bob"))).await;
    host.deliver(Event::user_updated(named(1, "bob"))).await;
    assert!(parked(&host, "u-1").await.is_some(), "as far as anybody knows");
    host.deliver(Event::user_updated(named(2, "alice"))).await;
    host.later(SECOND).await;
    host.later(SECOND).await;
    assert_eq!(names(&host.crm), pairs([("u-1", "bob"), ("u-2", "alice")]));
}

// ---- accounts that nobody manages ---------------------------------------------------------------

#[tokio::test]
async fn p8_5_an_account_that_nobody_manages_is_adopted_where_the_connection_says_so() {
    let (crm, watcher) = (MockConnector::new(), Watcher::default());
    crm.insert(User::new("", "Ada").with_email("hers@example.com")).unwrap();
    let host = host_at(&crm, settings().with_link_policy(LinkPolicy::IfUnmanaged), &watcher);
    host.deliver(Event::user_created(ada().with_display_name("Ada L."))).await;
    assert_eq!(words(&crm), ["create", "find", "update"]);
    assert_eq!(users(&crm).len(), 1);
    let adopted = &users(&crm)[0];
    assert_eq!(adopted.external_id.as_str(), "u-1", "ours from now on");
    assert_eq!(adopted.emails.len(), 1, "what others set there stays");
    assert_eq!(watcher.saw("Adopted"), 1);
    host.deliver(Event::user_deleted("u-1")).await;
    assert!(users(&crm).is_empty(), "what was adopted is deleted like our own");
}

#[tokio::test]
async fn p8_5_an_account_of_somebody_else_or_one_of_two_is_adopted_by_nobody() {
    for policy in [LinkPolicy::Never, LinkPolicy::IfUnmanaged] {
        for ids in [&["theirs"][..], &["", "theirs"], &["", ""], &[""]] {
            if policy == LinkPolicy::IfUnmanaged && ids == [""] {
                continue;
            }
            let (crm, watcher) = (MockConnector::new(), Watcher::default());
            for id in ids {
                crm.insert(User::new(*id, "ada")).unwrap();
            }
            let host = host_at(&crm, settings().with_link_policy(policy), &watcher);
            host.deliver(Event::user_created(ada())).await;
            assert_eq!(words(&crm), ["create", "find"], "{policy:?} {ids:?}");
            assert_eq!(parked(&host, "u-1").await.unwrap().0, ParkReason::NameTaken);
            assert_eq!(watcher.saw("Adopted"), 0);
        }
    }
}

#[tokio::test]
async fn p8_5_nobody_is_adopted_to_be_deleted() {
    let (crm, watcher) = (MockConnector::new(), Watcher::default());
    let host = host_at(&crm, settings().with_link_policy(LinkPolicy::IfUnmanaged), &watcher);
    crm.then(Fault::TimeOutBefore);
    host.accept(Event::user_created(ada())).await;
    host.work().await;
    crm.insert(User::new("", "ada")).unwrap();
    host.deliver(Event::user_deleted("u-1")).await;
    host.later(2 * MINUTE).await;
    assert_eq!(users(&crm).len(), 1);
    assert_eq!(watcher.saw("Adopted"), 0);
}

// ---- targets that keep no id of ours ------------------------------------------------------------

/// A target that forgets our id, as the mock does for accounts without one.
fn forgetful() -> MockConnector {
    let capabilities = Capabilities::new()
        .with_find()
        .with_forgotten_external_ids(ResourceKind::User)
        .with_unique_names(ResourceKind::User);
    MockConnector::new().with_capabilities(capabilities)
}

/// What nobody heard of has landed, and the target has forgotten whose it is.
#[expect(clippy::unwrap_used, reason = "the mock's own ids are harmless")]
fn forget_ids(crm: &MockConnector) {
    for (id, resource) in crm.remote_resources() {
        crm.remove(&id, resource.kind());
        crm.insert(User::new("", resource.name())).unwrap();
    }
    crm.forget_calls();
}

#[tokio::test]
async fn p8_6_where_no_id_is_kept_the_name_is_looked_up_before_the_first_create() {
    let host = host_at(&forgetful(), settings(), &Watcher::default());
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(words(&host.crm), ["find", "create"]);
    host.crm.forget_calls();
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert_eq!(words(&host.crm), ["update"]);
}

#[tokio::test]
async fn p8_6_who_cannot_be_looked_up_before_the_first_create_is_created() {
    let host = host_at(&forgetful(), settings(), &Watcher::default());
    host.crm.fail_next(Error::new(ErrorKind::Unsupported, "501"));
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(words(&host.crm), ["find", "create"]);
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p8_6_what_is_forgotten_of_users_changes_nothing_for_groups() {
    let capabilities = Capabilities::new()
        .with_find()
        .with_groups()
        .with_forgotten_external_ids(ResourceKind::User)
        .with_unique_names(ResourceKind::Group);
    let crm = MockConnector::new().with_capabilities(capabilities);
    let host = host_at(&crm, settings(), &Watcher::default());
    host.deliver(Event::group_created(Group::new("g-1", "Staff"))).await;
    assert_eq!(words(&host.crm), ["create"]);
}

#[tokio::test]
async fn p8_6_a_name_that_is_there_before_the_first_create_is_somebody_elses() {
    // Also where accounts of nobody are adopted: there all of them look so, another lane's too.
    for policy in [LinkPolicy::Never, LinkPolicy::TrustAbsence, LinkPolicy::IfUnmanaged] {
        let (crm, watcher) = (forgetful(), Watcher::default());
        crm.insert(User::new("", "ada")).unwrap();
        let host = host_at(&crm, settings().with_link_policy(policy), &watcher);
        host.deliver(Event::user_created(ada())).await;
        assert_eq!(words(&crm), ["find"]);
        assert_eq!(parked(&host, "u-1").await.unwrap().0, ParkReason::NameTaken);
        assert_eq!(watcher.saw("Adopted"), 0);
    }
}

#[tokio::test]
async fn p8_6_a_create_in_doubt_is_parked_or_trusted_as_the_connection_says() {
    for policy in [LinkPolicy::Never, LinkPolicy::TrustAbsence] {
        let (crm, watcher) = (forgetful(), Watcher::default());
        let host = host_at(&crm, settings().with_link_policy(policy), &watcher);
        let stall = outbound_provisioning::mock::Stall::new();
        stall.release();
        crm.then(Fault::Slow(stall));
        crm.then(Fault::TimeOutAfter);
        host.deliver(Event::user_created(ada())).await;
        assert_eq!(words(&crm), ["find", "create"]);
        forget_ids(&crm);
        host.later(SECOND).await;
        if policy == LinkPolicy::TrustAbsence {
            assert_eq!(words(&crm), ["find", "update"]);
            assert_eq!(users(&crm).len(), 1);
            assert!(host.status_of("u-1").await.remote_id.is_some());
        } else {
            assert_eq!(words(&crm), ["find"]);
            assert_eq!(parked(&host, "u-1").await.unwrap().0, ParkReason::InDoubt);
        }
    }
}

// ---- resources that the target has lost ---------------------------------------------------------

#[tokio::test]
async fn f59_what_the_target_has_lost_waits_for_a_person_where_the_connection_says_so() {
    let host = host(settings().when_gone(WhenGone::Park));
    host.deliver(Event::user_created(ada())).await;
    let (id, _) = host.crm.remote_resources().pop().unwrap();
    host.crm.remove(&id, ResourceKind::User);
    host.crm.forget_calls();
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    assert_eq!(words(&host.crm), ["update", "find"]);
    assert_eq!(parked(&host, "u-1").await.unwrap().0, ParkReason::Gone);
    host.deliver(Event::user_updated(ada().with_display_name("B"))).await;
    assert_eq!(words(&host.crm), ["update", "find", "find"], "a newer event changes nothing");
    assert_eq!(parked(&host, "u-1").await.unwrap().0, ParkReason::Gone);
    host.dispatcher.retry(&acme::lane(acme::user_key("u-1"))).await.unwrap();
    host.work().await;
    assert_eq!(users(&host.crm), [ada().with_display_name("B")]);
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn f59_what_the_target_has_lost_and_is_to_go_is_gone() {
    let host = host(settings().when_gone(WhenGone::Park));
    host.deliver(Event::user_created(ada())).await;
    let (id, _) = host.crm.remote_resources().pop().unwrap();
    host.crm.remove(&id, ResourceKind::User);
    host.deliver(Event::user_deleted("u-1")).await;
    assert!(host.is_settled("u-1").await);
}
