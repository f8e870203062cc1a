//! Blocking dispatch: order, deadlines, dropped futures, and targets that misbehave.
#![cfg(all(feature = "mock", feature = "blocking"))]
#![expect(clippy::expect_used, reason = "a test that cannot be set up should stop")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use outbound_provisioning::connector::{Attempt, Capabilities, Connector, Remote, Update};
use outbound_provisioning::delivery::{Next, Outcome, ParkReason};
use outbound_provisioning::mock::{Call, Fault, ManualRuntime, MockConnector, Stall};
use outbound_provisioning::model::{
    ApplicationConfiguration, Configuration, Connection, Event, Group, Member, MultiValue,
    OrganizationConfiguration, Properties, Provisioner, RemoteId, Resource, ResourceKind, User,
};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Effect, Error, ErrorKind};

fn configuration(provisioner: Provisioner) -> Configuration {
    Configuration::new().with_organization(
        "acme",
        OrganizationConfiguration::new()
            .with_connection(
                "crm",
                Connection::new("CRM").with_connector("mock", Properties::new()),
            )
            .with_provisioner(provisioner),
    )
}

fn host(mock: &MockConnector) -> Dispatcher {
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    Dispatcher::builder(configuration(Provisioner::new("crm", "mock").blocking()), registry)
        .build()
        .expect("a valid configuration")
}

fn host_with(mock: &MockConnector, runtime: &ManualRuntime, deadline: Duration) -> Dispatcher {
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    Dispatcher::builder(
        configuration(Provisioner::new("crm", "mock").blocking_within(deadline)),
        registry,
    )
    .runtime(runtime.clone())
    .build()
    .expect("a valid configuration")
}

async fn send(dispatcher: &Dispatcher, event: Event) -> Outcome {
    let report =
        dispatcher.dispatch(event.in_organization("acme")).await.expect("an accepted event");
    report.at("crm", "mock").expect("the target").clone()
}

fn ada() -> User {
    User::new("u-1", "ada")
}

fn users(mock: &MockConnector) -> Vec<User> {
    let resources = mock.remote_resources().into_iter();
    resources
        .filter_map(|(_, resource)| match resource {
            Resource::User(user) => Some(user),
            Resource::Group(_) => None,
        })
        .collect()
}

fn members(mock: &MockConnector) -> usize {
    let resources = mock.remote_resources().into_iter();
    resources
        .map(|(_, resource)| match resource {
            Resource::Group(group) => group.members.len(),
            Resource::User(_) => 0,
        })
        .sum()
}

/// Polls once and gives up.
fn poll_and_drop(future: impl Future) {
    let mut future = pin!(future);
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

// ---- order --------------------------------------------------------------------------------------

#[tokio::test]
async fn two_dispatches_for_one_resource_are_sent_in_the_order_of_acceptance() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    let stall = Stall::new();
    mock.then(Fault::Slow(stall.clone()));
    let first = dispatcher.dispatch(Event::user_created(ada()).in_organization("acme"));
    let second = async {
        stall.reached().await;
        let newer = Event::user_updated(ada().with_display_name("Ada")).in_organization("acme");
        let second = dispatcher.dispatch(newer);
        tokio::join!(second, async { stall.release() }).0
    };
    let (first, second) = tokio::join!(first, second);
    assert!(first.unwrap().at("crm", "mock").unwrap().is_done());
    assert!(second.unwrap().at("crm", "mock").unwrap().is_done());
    assert!(
        matches!(&mock.calls()[..], [Call::Create(_), Call::Update(..)]),
        "never two at a time"
    );
    assert_eq!(users(&mock)[0].display_name.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn a_slow_resource_blocks_no_other() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    let stall = Stall::new();
    mock.then(Fault::Slow(stall.clone()));
    let slow = dispatcher.dispatch(Event::user_created(ada()).in_organization("acme"));
    let other = async {
        stall.reached().await;
        let outcome = send(&dispatcher, Event::user_created(User::new("u-2", "bob"))).await;
        stall.release();
        outcome
    };
    let (_, other) = tokio::join!(slow, other);
    assert!(other.is_done());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_concurrent_updates_of_one_user_end_with_the_newest() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    send(&dispatcher, Event::user_created(ada())).await;
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let dispatcher = dispatcher.clone();
            let event = Event::user_updated(ada().with_display_name(number.to_string()))
                .in_organization("acme");
            tokio::spawn(async move { (dispatcher.dispatch(event).await.unwrap().event, number) })
        })
        .collect();
    let mut newest = None;
    for task in tasks {
        newest = newest.max(Some(task.await.unwrap()));
    }
    let (_, number) = newest.unwrap();
    assert_eq!(users(&mock)[0].display_name.as_deref(), Some(number.to_string().as_str()));
    assert!(mock.calls().len() <= 51, "folded or one each, never more");
}

#[tokio::test]
async fn p7_a_create_that_never_left_and_a_delete_send_nothing() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.fail_next(Error::new(ErrorKind::Unavailable, "down").with_effect(Effect::NotSent));
    send(&dispatcher, Event::user_created(ada())).await;
    assert_eq!(send(&dispatcher, Event::user_deleted("u-1")).await, Outcome::NotNeeded);
    assert_eq!(mock.calls().len(), 1, "nothing after the create that was not sent");
}

#[tokio::test]
async fn a_member_that_appears_while_its_group_is_created_is_added_and_not_only_said_to_be() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    let (user_stall, group_stall) = (Stall::new(), Stall::new());
    mock.then(Fault::Slow(user_stall.clone()));
    mock.then(Fault::Slow(group_stall.clone()));
    let user = dispatcher.dispatch(Event::user_created(ada()).in_organization("acme"));
    let group = async {
        user_stall.reached().await;
        let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
        dispatcher.dispatch(Event::group_created(staff).in_organization("acme")).await
    };
    let order = async {
        // The group is on its way without the user when the user's answer comes.
        group_stall.reached().await;
        user_stall.release();
        tokio::task::yield_now().await;
        group_stall.release();
    };
    let (user, group, ()) = tokio::join!(user, group, order);
    assert!(group.unwrap().at("crm", "mock").unwrap().is_done());
    let user = user.unwrap();
    assert!(user.follow_ups.iter().all(|follow_up| follow_up.outcome.is_done()), "{user:?}");
    assert_eq!(members(&mock), 1, "{user:?}");
}

// ---- deadline and cancellation ------------------------------------------------------------------

#[tokio::test]
async fn the_deadline_ends_the_waiting_and_not_the_work() {
    let (mock, runtime) = (MockConnector::new(), ManualRuntime::new());
    let dispatcher = host_with(&mock, &runtime, Duration::from_secs(5));
    let stall = Stall::new();
    mock.then(Fault::Slow(stall.clone()));
    let waiting = send(&dispatcher, Event::user_created(ada()));
    let time = async {
        while runtime.open_tasks() == 0 {
            tokio::task::yield_now().await;
        }
        runtime.run();
        stall.reached().await;
        runtime.advance(Duration::from_secs(5));
    };
    let (outcome, ()) = tokio::join!(waiting, time);
    assert_eq!(outcome, Outcome::StillPending);
    assert!(users(&mock).is_empty());
    assert_eq!(runtime.open_tasks(), 1, "a task of its own");
    stall.release();
    runtime.run();
    assert_eq!(users(&mock).len(), 1, "the work went on");
    assert_eq!(runtime.open_tasks(), 0);
}

#[tokio::test]
async fn the_caller_may_wait_for_less_than_the_provisioner_says() {
    let (mock, runtime) = (MockConnector::new(), ManualRuntime::new());
    let dispatcher = host_with(&mock, &runtime, Duration::from_secs(60));
    let stall = Stall::new();
    mock.then(Fault::Slow(stall.clone()));
    let event = Event::user_created(ada()).in_organization("acme");
    let waiting =
        async { dispatcher.dispatch(event).within(Duration::from_secs(1)).await.unwrap() };
    let time = async {
        while runtime.open_tasks() == 0 {
            tokio::task::yield_now().await;
        }
        runtime.run();
        stall.reached().await;
        runtime.advance(Duration::from_secs(1));
    };
    let (report, ()) = tokio::join!(waiting, time);
    assert_eq!(report.at("crm", "mock"), Some(&Outcome::StillPending));
}

#[tokio::test]
async fn a_future_that_is_kept_and_not_polled_holds_nobody_up() {
    let (mock, runtime) = (MockConnector::new(), ManualRuntime::new());
    let dispatcher = host_with(&mock, &runtime, Duration::from_secs(5));
    let stall = Stall::new();
    mock.then(Fault::Slow(stall.clone()));
    let first = dispatcher.dispatch(Event::user_created(ada()).in_organization("acme"));
    let mut kept = Box::pin(first.into_future());
    assert!(kept.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    stall.release();
    let second = send(&dispatcher, Event::user_updated(ada().with_active(false)));
    let tasks = async {
        while runtime.open_tasks() < 2 {
            tokio::task::yield_now().await;
        }
        runtime.run();
    };
    let (outcome, ()) = tokio::join!(second, tasks);
    assert!(outcome.is_done(), "{outcome}");
    drop(kept);
}

#[tokio::test]
async fn the_chosen_provisioners_own_deadline_counts() {
    let (mock, runtime, stall) = (MockConnector::new(), ManualRuntime::new(), Stall::new());
    let registry = ConnectorRegistry::new().with_instance("mock", mock.clone());
    let to_crm = || Provisioner::new("crm", "mock");
    let shop = ApplicationConfiguration::new()
        .with_provisioner(to_crm().blocking_within(Duration::from_millis(500)));
    let organization = OrganizationConfiguration::new()
        .with_connection("crm", Connection::new("CRM").with_connector("mock", Properties::new()))
        .with_provisioner(to_crm().blocking())
        .with_application("shop", shop);
    let configuration = Configuration::new().with_organization("acme", organization);
    let dispatcher = Dispatcher::builder(configuration, registry).runtime(runtime.clone()).build();
    mock.then(Fault::Slow(stall.clone()));
    let dispatcher = dispatcher.unwrap();
    let waiting = send(&dispatcher, Event::user_created(ada()).through("shop"));
    let time = async {
        while runtime.open_tasks() == 0 {
            tokio::task::yield_now().await;
        }
        runtime.run();
        stall.reached().await;
        runtime.advance(Duration::from_millis(500));
    };
    assert_eq!(tokio::join!(waiting, time).0, Outcome::StillPending);
}

#[tokio::test]
async fn dropping_the_future_cancels_the_wait_and_not_the_work() {
    let (mock, runtime) = (MockConnector::new(), ManualRuntime::new());
    let dispatcher = host_with(&mock, &runtime, Duration::from_secs(5));
    let stall = Stall::new();
    mock.then(Fault::Slow(stall.clone()));
    poll_and_drop(
        dispatcher.dispatch(Event::user_created(ada()).in_organization("acme")).into_future(),
    );
    stall.release();
    runtime.run();
    assert_eq!(users(&mock).len(), 1);
}

#[tokio::test]
async fn f121_a_future_may_be_dropped_after_any_poll() {
    // A create that is looked up, found, linked and updated: each call is held once, so each is a place to give up.
    for polls in 1..=3 {
        let mock = MockConnector::new();
        mock.insert(ada().with_display_name("old")).unwrap();
        let dispatcher = host(&mock);
        let stalls: Vec<Stall> = (0..3).map(|_| Stall::new()).collect();
        stalls.iter().for_each(|stall| mock.then(Fault::Slow(stall.clone())));
        let wanted = ada().with_display_name("new");
        let event = Event::user_created(wanted.clone()).in_organization("acme");
        let mut given_up = Box::pin(dispatcher.dispatch(event).into_future());
        for stall in stalls.iter().take(polls) {
            let context = &mut Context::from_waker(Waker::noop());
            assert!(given_up.as_mut().poll(context).is_pending());
            stall.release();
        }
        drop(given_up);
        stalls.iter().for_each(Stall::release);
        assert!(send(&dispatcher, Event::user_updated(wanted.clone())).await.is_done());
        assert_eq!(users(&mock), [wanted], "given up after poll {polls}");
    }
}

#[tokio::test]
async fn without_a_runtime_an_attempt_dropped_half_way_is_finished_by_the_next_event() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.then(Fault::Slow(Stall::new()));
    poll_and_drop(
        dispatcher.dispatch(Event::user_created(ada()).in_organization("acme")).into_future(),
    );
    assert!(users(&mock).is_empty());
    let outcome = send(&dispatcher, Event::user_updated(ada().with_display_name("Ada"))).await;
    assert!(outcome.is_done());
    assert!(
        matches!(&mock.calls()[..], [Call::Create(_), Call::Find(_), Call::Create(_)]),
        "the first create may have landed, so the target is asked before it is repeated (C4): {:?}",
        mock.calls()
    );
    assert_eq!(users(&mock).len(), 1);
}

#[tokio::test]
async fn a_waiter_takes_over_from_one_that_gave_up() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    let stall = Stall::new();
    mock.then(Fault::Slow(stall.clone()));
    let mut first = Box::pin(
        dispatcher.dispatch(Event::user_created(ada()).in_organization("acme")).into_future(),
    );
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let second = send(&dispatcher, Event::user_updated(ada().with_display_name("Ada")));
    let give_up = async { drop(first) };
    let (second, ()) = tokio::join!(second, give_up);
    assert!(second.is_done());
    assert_eq!(users(&mock)[0].display_name.as_deref(), Some("Ada"));
}

// ---- faults -------------------------------------------------------------------------------------

#[tokio::test]
async fn f2_a_create_that_landed_without_an_answer_is_found_and_not_repeated() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.then(Fault::TimeOutAfter);
    let outcome = send(&dispatcher, Event::user_created(ada())).await;
    assert!(
        matches!(outcome, Outcome::Failed { next: Next::Queued, .. }),
        "never success for what is not known"
    );
    let outcome = send(&dispatcher, Event::user_updated(ada())).await;
    assert!(outcome.is_done());
    assert_eq!(users(&mock).len(), 1);
    assert!(
        matches!(&mock.calls()[..], [Call::Create(_), Call::Find(_)]),
        "one look-up, and nothing to change"
    );
}

#[tokio::test]
async fn a_create_that_never_landed_is_repeated_after_a_look_up() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.then(Fault::TimeOutBefore);
    send(&dispatcher, Event::user_created(ada())).await;
    assert!(send(&dispatcher, Event::user_updated(ada())).await.is_done());
    assert!(matches!(&mock.calls()[..], [Call::Create(_), Call::Find(_), Call::Create(_)]));
}

#[tokio::test]
async fn a_user_whose_create_is_in_doubt_is_deleted_if_it_landed() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.then(Fault::TimeOutAfter);
    send(&dispatcher, Event::user_created(ada())).await;
    let outcome = send(&dispatcher, Event::user_deleted("u-1")).await;
    assert!(outcome.is_done(), "{outcome}");
    assert!(users(&mock).is_empty(), "no account survives its owner");
}

#[tokio::test]
async fn p10_values_that_an_unanswered_update_may_have_set_are_sent_again() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    send(&dispatcher, Event::user_created(ada().with_display_name("A"))).await;
    mock.then(Fault::TimeOutAfter);
    send(&dispatcher, Event::user_updated(ada().with_display_name("B"))).await;
    // Back to what the target had confirmed: there seems to be no difference, but the target has B.
    assert!(send(&dispatcher, Event::user_updated(ada().with_display_name("A"))).await.is_done());
    assert_eq!(users(&mock)[0].display_name.as_deref(), Some("A"));
}

#[tokio::test]
async fn p10_members_that_an_unanswered_request_may_have_added_are_removed() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    send(&dispatcher, Event::user_created(ada())).await;
    send(&dispatcher, Event::group_created(Group::new("g-1", "Staff"))).await;
    mock.then(Fault::TimeOutAfter);
    send(&dispatcher, Event::members_changed("g-1", [Member::user("u-1")], [])).await;
    assert_eq!(members(&mock), 1);
    assert!(
        send(&dispatcher, Event::members_changed("g-1", [], [Member::user("u-1")])).await.is_done()
    );
    assert_eq!(members(&mock), 0);
    mock.then(Fault::TimeOutBefore);
    send(&dispatcher, Event::members_changed("g-1", [Member::user("u-1")], [])).await;
    assert!(send(&dispatcher, Event::group_updated(Group::new("g-1", "All"))).await.is_done());
    assert_eq!(members(&mock), 1, "what stayed open is finished with the next event");
}

#[tokio::test]
async fn f4_a_panic_of_the_connector_is_a_failure_like_any_other() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.then(Fault::Panic);
    let Outcome::Failed { error, next: Next::Queued } =
        send(&dispatcher, Event::user_created(ada())).await
    else {
        panic!("not a failure")
    };
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(send(&dispatcher, Event::user_updated(ada())).await.is_done());
}

#[tokio::test]
async fn a_wrong_answer_to_a_look_up_links_nobody() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.then(Fault::TimeOutBefore);
    send(&dispatcher, Event::user_created(ada())).await;
    mock.then(Fault::WrongAnswer);
    assert!(send(&dispatcher, Event::user_updated(ada())).await.is_done());
    assert_eq!(users(&mock).len(), 1, "created anew: the stranger gave no proof");
}

#[tokio::test]
async fn a_wrong_answer_to_a_create_or_an_update_is_not_believed() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.then(Fault::WrongAnswer);
    let outcome = send(&dispatcher, Event::user_created(ada())).await;
    let Outcome::Failed { error, next: Next::Parked(ParkReason::Conflict) } = outcome else {
        panic!("each try could leave one more there: {outcome}")
    };
    assert!(error.message().contains("somebody-else"), "{error}");
    assert!(send(&dispatcher, Event::user_updated(ada())).await.is_done());
    mock.then(Fault::WrongAnswer);
    let outcome = send(&dispatcher, Event::user_updated(ada().with_active(false))).await;
    assert!(matches!(outcome, Outcome::Failed { next: Next::Queued, .. }), "{outcome}");
    assert!(send(&dispatcher, Event::user_deleted("u-1")).await.is_done());
    assert!(users(&mock).is_empty());
}

#[tokio::test]
async fn an_account_that_was_found_keeps_what_others_gave_it() {
    let mock = MockConnector::new();
    let mut there = ada().with_display_name("set there").with_email("ada@old.example.com");
    there.roles.push(MultiValue::new("theirs", "auditor"));
    mock.insert(there).unwrap();
    let dispatcher = host(&mock);
    let ours = ada().with_email("ada@new.example.com");
    assert!(send(&dispatcher, Event::user_created(ours.clone())).await.is_done());
    let [found] = &users(&mock)[..] else { panic!("one account") };
    assert_eq!(found.emails[0].value, "ada@new.example.com", "ours is set");
    assert_eq!((found.roles.len(), found.display_name.as_deref()), (1, Some("set there")));
    // From now on what we clear is ours to clear.
    assert!(
        send(&dispatcher, Event::user_updated(ours.clone().with_display_name("A"))).await.is_done()
    );
    assert!(send(&dispatcher, Event::user_updated(ours)).await.is_done());
    assert_eq!(users(&mock)[0].display_name, None);
}

#[tokio::test]
async fn a_member_leaves_a_group_that_was_found_although_we_never_added_it() {
    let mock = MockConnector::new();
    let first = host(&mock);
    send(&first, Event::user_created(ada())).await;
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
    send(&first, Event::group_created(staff)).await;
    // The process starts again and remembers nothing.
    let second = host(&mock);
    send(&second, Event::user_updated(ada())).await;
    send(&second, Event::group_updated(Group::new("g-1", "Staff"))).await;
    let left = Event::members_changed("g-1", [], [Member::user("u-1")]);
    assert!(send(&second, left).await.is_done());
    assert_eq!(members(&mock), 0);
}

#[tokio::test]
async fn f48_a_member_whose_account_is_another_one_now_is_added_under_it() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    let Outcome::Delivered { remote_id } = send(&dispatcher, Event::user_created(ada())).await
    else {
        panic!("not created")
    };
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
    send(&dispatcher, Event::group_created(staff)).await;
    assert!(mock.remove(&remote_id, ResourceKind::User));
    send(&dispatcher, Event::user_updated(ada().with_active(false))).await;
    assert_eq!(members(&mock), 1, "the new account is in the group");
    send(&dispatcher, Event::members_changed("g-1", [], [Member::user("u-1")])).await;
    assert_eq!(members(&mock), 0, "and leaves it under its own id");
}

#[tokio::test]
async fn f59_a_group_that_the_target_lost_is_created_again_with_its_members() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    send(&dispatcher, Event::user_created(ada())).await;
    let staff = Group::new("g-1", "Staff").with_member(Member::user("u-1"));
    let Outcome::Delivered { remote_id } = send(&dispatcher, Event::group_created(staff)).await
    else {
        panic!("not created")
    };
    assert!(mock.remove(&remote_id, ResourceKind::Group));
    assert!(send(&dispatcher, Event::group_updated(Group::new("g-1", "All"))).await.is_done());
    assert_eq!(members(&mock), 1);
}

#[tokio::test]
async fn a_user_deleted_while_its_group_was_parked_is_not_in_it_later() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    send(&dispatcher, Event::user_created(ada())).await;
    send(&dispatcher, Event::members_changed("g-1", [Member::user("u-1")], [])).await;
    send(&dispatcher, Event::user_deleted("u-1")).await;
    send(&dispatcher, Event::user_created(ada())).await;
    send(&dispatcher, Event::group_updated(Group::new("g-1", "Staff"))).await;
    assert_eq!(members(&mock), 0);
}

#[tokio::test]
async fn p8_6_a_name_without_our_id_is_no_proof_that_a_doubtful_create_did_not_land() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.then(Fault::TimeOutBefore);
    send(&dispatcher, Event::user_created(ada())).await;
    // What such a target shows of an account: the name, and no id of ours.
    mock.insert(User::new("", "ada")).unwrap();
    for event in [Event::user_updated(ada()), Event::user_deleted("u-1")] {
        let outcome = send(&dispatcher, event).await;
        let parked =
            matches!(outcome, Outcome::Failed { next: Next::Parked(ParkReason::InDoubt), .. });
        assert!(parked, "{outcome}");
    }
    assert_eq!(users(&mock).len(), 1, "no second account, and nothing deleted");
}

#[tokio::test]
async fn f107_somebody_elses_account_with_the_name_is_not_taken_over() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.insert(User::new("not-ours", "ada").with_display_name("Admin")).unwrap();
    let outcome = send(&dispatcher, Event::user_created(ada())).await;
    assert!(
        matches!(outcome, Outcome::Failed { next: Next::Parked(ParkReason::NameTaken), .. }),
        "{outcome}"
    );
    send(&dispatcher, Event::user_deleted("u-1")).await;
    assert_eq!(users(&mock)[0].display_name.as_deref(), Some("Admin"), "and not deleted either");
}

#[tokio::test]
async fn our_own_account_that_we_had_forgotten_is_linked_and_brought_up_to_date() {
    let mock = MockConnector::new();
    mock.insert(ada().with_display_name("old")).unwrap();
    let dispatcher = host(&mock);
    let outcome = send(&dispatcher, Event::user_created(ada().with_display_name("new"))).await;
    assert!(outcome.is_done());
    assert_eq!(users(&mock).len(), 1);
    assert_eq!(users(&mock)[0].display_name.as_deref(), Some("new"));
}

#[tokio::test]
async fn f47_two_accounts_with_our_id_are_parked_and_none_is_touched() {
    let mock = MockConnector::new();
    mock.insert(ada()).unwrap();
    mock.insert(User::new("u-1", "ada2")).unwrap();
    let dispatcher = host(&mock);
    let outcome = send(&dispatcher, Event::user_created(ada().with_display_name("x"))).await;
    assert!(
        matches!(outcome, Outcome::Failed { next: Next::Parked(ParkReason::DuplicateRemote), .. }),
        "{outcome}"
    );
    assert!(users(&mock).iter().all(|user| user.display_name.is_none()));
}

#[tokio::test]
async fn f59_an_account_that_the_target_lost_is_created_again() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    let Outcome::Delivered { remote_id } = send(&dispatcher, Event::user_created(ada())).await
    else {
        panic!("not created")
    };
    assert!(mock.remove(&remote_id, ResourceKind::User));
    let full = ada().with_display_name("Ada").with_email("ada@example.com");
    assert!(send(&dispatcher, Event::user_updated(full.clone())).await.is_done());
    assert_eq!(users(&mock), [full], "with the full state");
}

#[tokio::test]
async fn p12_three_refusals_in_a_row_do_not_come_about_by_new_events() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    for _ in 0..4 {
        mock.fail_next(Error::new(ErrorKind::Rejected, "no"));
        let outcome = send(&dispatcher, Event::user_created(ada())).await;
        assert!(
            matches!(outcome, Outcome::Failed { next: Next::Queued, .. }),
            "a newer event starts over"
        );
    }
    assert!(send(&dispatcher, Event::user_created(ada())).await.is_done());
}

#[tokio::test]
async fn p8_a_create_in_doubt_at_a_connector_without_look_ups_is_parked_for_a_person() {
    let mock = MockConnector::new().with_capabilities(Capabilities::new());
    let dispatcher = host(&mock);
    mock.then(Fault::TimeOutAfter);
    send(&dispatcher, Event::user_created(ada())).await;
    let outcome = send(&dispatcher, Event::user_updated(ada())).await;
    assert!(
        matches!(outcome, Outcome::Failed { next: Next::Parked(ParkReason::InDoubt), .. }),
        "{outcome}"
    );
    assert_eq!(users(&mock).len(), 1, "no second account");
}

#[tokio::test]
async fn a_rename_to_a_taken_name_is_parked_and_nothing_is_lost() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    mock.insert(User::new("not-ours", "bob")).unwrap();
    send(&dispatcher, Event::user_created(ada())).await;
    let outcome = send(&dispatcher, Event::user_updated(User::new("u-1", "bob"))).await;
    assert!(
        matches!(outcome, Outcome::Failed { next: Next::Parked(ParkReason::NameTaken), .. }),
        "{outcome}"
    );
    let outcome = send(&dispatcher, Event::user_updated(User::new("u-1", "ada.l"))).await;
    assert!(outcome.is_done());
    assert!(users(&mock).iter().any(|user| user.user_name == "ada.l"));
}

#[tokio::test]
async fn a_delete_that_failed_is_tried_again_with_any_later_event_and_a_new_user_comes_after_it() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    send(&dispatcher, Event::user_created(ada())).await;
    mock.fail_next(Error::new(ErrorKind::Unavailable, "down"));
    let outcome = send(&dispatcher, Event::user_deleted("u-1")).await;
    assert!(matches!(outcome, Outcome::Failed { next: Next::Queued, .. }));
    mock.forget_calls();
    assert!(send(&dispatcher, Event::user_created(ada().with_display_name("new"))).await.is_done());
    assert!(
        matches!(&mock.calls()[..], [Call::Delete(_), Call::Create(_)]),
        "delete, then create: {:?}",
        mock.calls()
    );
}

// ---- groups -------------------------------------------------------------------------------------

#[tokio::test]
async fn p17_a_group_is_sent_with_the_members_that_have_an_account_and_the_others_follow() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    send(&dispatcher, Event::user_created(ada())).await;
    let group = Group::new("g-1", "Staff")
        .with_member(Member::user("u-1"))
        .with_member(Member::user("u-2"));
    let report =
        dispatcher.dispatch(Event::group_created(group).in_organization("acme")).await.unwrap();
    assert_eq!((report.deliveries[0].waiting_for, members(&mock)), (1, 1));
    let bob = Event::user_created(User::new("u-2", "bob")).in_organization("acme");
    let report = dispatcher.dispatch(bob).await.unwrap();
    assert_eq!(members(&mock), 2);
    assert_eq!(report.follow_ups.len(), 1);
    assert!(report.follow_ups[0].outcome.is_done());
    assert_eq!(report.follow_ups[0].resource.id.as_str(), "g-1");
}

#[tokio::test]
async fn p17_a_deleted_user_leaves_the_groups_and_is_not_added_again() {
    let mock = MockConnector::new();
    let dispatcher = host(&mock);
    send(&dispatcher, Event::user_created(ada())).await;
    send(
        &dispatcher,
        Event::group_created(Group::new("g-1", "Staff").with_member(Member::user("u-1"))),
    )
    .await;
    let report =
        dispatcher.dispatch(Event::user_deleted("u-1").in_organization("acme")).await.unwrap();
    assert!(report.follow_ups.iter().all(|follow_up| follow_up.outcome.is_done()), "{report:?}");
    assert_eq!(members(&mock), 0);
    send(&dispatcher, Event::user_created(ada())).await;
    assert_eq!(members(&mock), 0, "a new user of that id is not in the old one's groups");
}

#[tokio::test]
async fn large_changes_go_in_pieces_of_the_targets_limit() {
    let capabilities = Capabilities::new().with_groups().with_find().with_members_per_request(100);
    let mock = MockConnector::new().with_capabilities(capabilities);
    let dispatcher = host(&mock);
    let everybody: Vec<Member> =
        (0..250).map(|number| Member::user(format!("u-{number}"))).collect();
    for number in 0..250 {
        send(
            &dispatcher,
            Event::user_created(User::new(format!("u-{number}"), format!("user{number}"))),
        )
        .await;
    }
    send(&dispatcher, Event::group_created(Group::new("g-1", "Staff"))).await;
    mock.forget_calls();
    send(&dispatcher, Event::members_changed("g-1", everybody, [])).await;
    assert_eq!(mock.calls().len(), 3);
    assert_eq!(members(&mock), 250);
}

#[tokio::test]
async fn a_connector_without_groups_says_unsupported() {
    let mock = MockConnector::new().with_capabilities(Capabilities::new().with_find());
    let dispatcher = host(&mock);
    assert_eq!(
        send(&dispatcher, Event::group_created(Group::new("g-1", "Staff"))).await,
        Outcome::Unsupported
    );
}

// ---- connectors with defects --------------------------------------------------------------------

/// Panics wherever it can.
#[derive(Debug)]
struct Defective;

#[async_trait::async_trait]
#[expect(clippy::panic, reason = "that is what it is for")]
impl Connector for Defective {
    async fn create(&self, _: &Resource, _: &Attempt) -> outbound_provisioning::Result<Remote> {
        panic!("create")
    }

    async fn update(
        &self,
        _: &RemoteId,
        _: &Update<'_>,
        _: &Attempt,
    ) -> outbound_provisioning::Result<Remote> {
        panic!("update")
    }

    async fn delete(
        &self,
        _: &RemoteId,
        _: ResourceKind,
        _: &Attempt,
    ) -> outbound_provisioning::Result<()> {
        panic!("delete")
    }

    fn capabilities(&self) -> Capabilities {
        panic!("capabilities")
    }
}

#[tokio::test]
async fn f4_a_panic_outside_of_a_request_reaches_nobody_either() {
    for registry in [
        ConnectorRegistry::new().with_instance("mock", Defective),
        ConnectorRegistry::new()
            .with_fn("mock", |_| if true { panic!("build") } else { Ok(Defective) }),
    ] {
        let configuration = configuration(Provisioner::new("crm", "mock").blocking());
        let dispatcher = Dispatcher::builder(configuration, registry).build().unwrap();
        let event = Event::user_created(ada()).in_organization("acme");
        assert!(dispatcher.plan(&event).await.is_ok());
        let Outcome::Failed { error, .. } = send(&dispatcher, Event::user_created(ada())).await
        else {
            panic!("not a failure")
        };
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
}
