//! Targets with habits of their own: version tags, limits on members, accounts that are switched off and never removed.
#![cfg(all(feature = "mock", feature = "blocking", feature = "non-blocking"))]

#[path = "support/acme.rs"]
mod acme;
#[path = "support/peculiar.rs"]
mod peculiar;

use acme::{Host, MINUTE, SECOND, ada, members, nth, users, words};
use outbound_provisioning::connector::Capabilities;
use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::mock::{Call, Fault, MockConnector};
use outbound_provisioning::model::{Event, Group, Member, ResourceKind, User};
use outbound_provisioning::{Error, ErrorKind};
use peculiar::{Again, Peculiar};

fn host(target: &Peculiar) -> Host {
    Host::with(target.inner.clone(), target.clone(), |builder| builder)
}

fn staff(members: impl IntoIterator<Item = usize>) -> Group {
    let member = |group: Group, number| group.with_member(Member::user(format!("u-{number}")));
    members.into_iter().fold(Group::new("g-1", "Staff"), member)
}

fn user(number: usize) -> Member {
    Member::user(format!("u-{number}"))
}

// ---- version tags -------------------------------------------------------------------------------

#[tokio::test]
async fn a_change_of_members_answers_the_version_that_the_next_update_names() {
    let target = Peculiar::new().with_versions();
    let host = host(&target);
    host.accept(Event::user_created(nth(1))).await;
    host.deliver(Event::group_created(staff([]))).await;
    host.deliver(Event::members_changed("g-1", [user(1)], [])).await;
    host.crm.forget_calls();
    host.deliver(Event::group_updated(Group::new("g-1", "All staff"))).await;
    assert_eq!(words(&host.crm), ["update"]);
    assert_eq!(target.take_versions(), [Some("2".to_owned())]);
}

#[tokio::test]
async fn p10_an_update_of_what_others_have_changed_is_looked_at_and_sent_again_at_once() {
    let target = Peculiar::new().with_versions();
    let host = host(&target);
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    target.interfere(2);
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    // The first of them is seen, and the second comes in between.
    assert_eq!(words(&host.crm), ["find", "find", "update"]);
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("Ada"));
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p12_what_changes_as_fast_as_it_is_looked_at_is_tried_again_and_never_parked() {
    let target = Peculiar::new().with_versions();
    let host = host(&target);
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    target.interfere(usize::MAX);
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert_eq!(words(&host.crm), ["find"; 3], "and no more in one attempt");
    for _ in 0..10 {
        host.later(3_600 * SECOND).await;
        assert!(!matches!(host.status_of("u-1").await.state, LaneState::Parked(_)));
    }
    target.interfere(0);
    host.later(3_600 * SECOND).await;
    assert_eq!(users(&host.crm)[0].display_name.as_deref(), Some("Ada"));
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn without_look_ups_a_stale_update_is_sent_again_without_a_version() {
    let capabilities = Capabilities::new().with_groups();
    let target = Peculiar::over(MockConnector::new().with_capabilities(capabilities));
    let target = target.with_versions();
    let host = host(&target);
    host.deliver(Event::user_created(ada())).await;
    target.interfere(1);
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert_eq!(target.take_versions(), [Some("1".to_owned()), None]);
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn a_stale_change_of_members_is_sent_again_after_a_look() {
    let host = Host::new();
    host.accept(Event::user_created(nth(1))).await;
    host.deliver(Event::group_created(staff([]))).await;
    host.crm.forget_calls();
    host.crm.fail_next(Error::new(ErrorKind::Stale, "412"));
    host.deliver(Event::members_changed("g-1", [user(1)], [])).await;
    assert_eq!(words(&host.crm), ["change_members", "find", "change_members"]);
    assert_eq!(members(&host.crm, "g-1"), Some(1));
}

// ---- limits on members --------------------------------------------------------------------------

/// How many came and went, by every request about members.
fn pieces(crm: &MockConnector) -> Vec<(usize, usize)> {
    let size = |call: &Call| match call {
        Call::ChangeMembers(_, changes) => Some((changes.added.len(), changes.removed.len())),
        _ => None,
    };
    crm.calls().iter().filter_map(size).collect()
}

async fn with_users(target: &Peculiar, count: usize) -> Host {
    let host = host(target);
    for number in 0..count {
        host.accept(Event::user_created(nth(number))).await;
    }
    host.work().await;
    host.crm.forget_calls();
    host
}

#[tokio::test]
async fn f74_a_request_that_is_too_large_is_cut_as_the_connector_learns() {
    let target = Peculiar::new().taking_members(6).learning();
    let host = with_users(&target, 20).await;
    host.deliver(Event::group_created(staff([]))).await;
    host.deliver(Event::members_changed("g-1", (0..20).map(user), [])).await;
    assert_eq!(target.take_refused(), [20, 10]);
    assert_eq!(pieces(&host.crm), [(5, 0); 4], "in one attempt");
    assert_eq!(members(&host.crm, "g-1"), Some(20));
    assert!(host.status(&acme::group_key("g-1")).await.state == LaneState::Settled);
}

#[tokio::test]
async fn f74_a_create_with_too_many_members_is_cut_too() {
    let target = Peculiar::new().taking_members(6).learning();
    let host = with_users(&target, 20).await;
    host.deliver(Event::group_created(staff(0..20))).await;
    assert_eq!(words(&host.crm), ["create", "change_members", "change_members", "change_members"]);
    assert_eq!(members(&host.crm, "g-1"), Some(20));
}

#[tokio::test]
async fn p12_a_piece_that_stays_too_large_is_a_refusal_like_any_other() {
    let target = Peculiar::new().taking_members(6);
    let host = with_users(&target, 8).await;
    host.deliver(Event::group_created(staff([]))).await;
    host.deliver(Event::members_changed("g-1", (0..8).map(user), [])).await;
    assert_eq!(target.take_refused(), [8], "once in an attempt");
    host.later(SECOND).await;
    host.later(2 * SECOND).await;
    let state = host.status(&acme::group_key("g-1")).await.state;
    assert_eq!(state, LaneState::Parked(ParkReason::Rejected));
    assert_eq!(members(&host.crm, "g-1"), Some(0));
}

fn limited(more: impl FnOnce(Capabilities) -> Capabilities) -> Peculiar {
    let capabilities = Capabilities::new().with_groups().with_find();
    Peculiar::over(MockConnector::new().with_capabilities(more(capabilities)))
}

/// Five members who all leave for five others.
async fn turnover(target: &Peculiar) -> Vec<(usize, usize)> {
    let host = with_users(target, 10).await;
    host.deliver(Event::group_created(staff(0..5))).await;
    host.crm.forget_calls();
    host.deliver(Event::members_changed("g-1", (5..10).map(user), (0..5).map(user))).await;
    assert_eq!(members(&host.crm, "g-1"), Some(5));
    pieces(&host.crm)
}

#[tokio::test]
async fn p17_pieces_keep_every_limit_of_the_target() {
    assert_eq!(turnover(&limited(|able| able)).await, [(5, 5)]);
    let removals = limited(|able| able.with_removals_per_request(2));
    assert_eq!(turnover(&removals).await, [(5, 2), (0, 2), (0, 1)]);
    let all = limited(|able| able.with_members_per_request(4).with_removals_per_request(3));
    assert_eq!(turnover(&all).await, [(4, 0), (1, 3), (0, 2)]);
    let separate = limited(Capabilities::with_separate_member_changes);
    assert_eq!(turnover(&separate).await, [(5, 0), (0, 5)]);
    // `remote-10` and 64 bytes around it are 73.
    let bytes = limited(|able| able.with_member_bytes_per_request(150));
    assert_eq!(turnover(&bytes).await, [(2, 0), (2, 0), (1, 1), (0, 2), (0, 2)]);
    let tiny = limited(|able| able.with_member_bytes_per_request(1));
    assert_eq!(turnover(&tiny).await.len(), 10, "one at least");
}

// ---- look-ups that are behind -------------------------------------------------------------------

/// A user of whom a change may still land, once the first look-up is due that sees to it.
async fn to_be_looked_at(target: &Peculiar) -> Host {
    let host = host(target);
    host.deliver(Event::user_created(ada())).await;
    host.crm.then(Fault::TimeOutAfter);
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    host.later(SECOND).await;
    assert!(users(&host.crm).iter().all(|user| user.display_name.is_some()));
    host.crm.forget_calls();
    host
}

#[tokio::test]
async fn p10_a_later_look_that_shows_nothing_ends_no_account() {
    let target = Peculiar::new();
    let host = to_be_looked_at(&target).await;
    target.lose_index();
    host.later(2 * MINUTE).await;
    assert_eq!(words(&host.crm), ["find", "update"], "by the id that is known");
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p11_a_later_look_that_shows_nothing_keeps_no_account_from_being_deleted() {
    let target = Peculiar::new();
    let host = to_be_looked_at(&target).await;
    target.lose_index();
    host.clock.advance(2 * MINUTE);
    host.deliver(Event::user_deleted("u-1")).await;
    assert_eq!(words(&host.crm), ["find", "delete"]);
    assert!(users(&host.crm).is_empty());
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p10_what_is_gone_when_it_is_looked_at_again_is_created_on_the_targets_own_word() {
    let target = Peculiar::new();
    let host = to_be_looked_at(&target).await;
    let (id, _) = host.crm.remote_resources().pop().unwrap();
    host.crm.remove(&id, ResourceKind::User);
    host.later(2 * MINUTE).await;
    assert_eq!(words(&host.crm), ["find", "update", "find", "create"]);
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn a_stale_update_after_which_a_look_up_shows_nothing_is_sent_again_by_id() {
    let target = Peculiar::new().with_versions();
    let host = host(&target);
    host.deliver(Event::user_created(ada())).await;
    host.crm.forget_calls();
    target.interfere(1);
    target.lose_index();
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert_eq!(words(&host.crm), ["find", "update"]);
    assert!(host.is_settled("u-1").await);
}

#[tokio::test]
async fn p8_5_a_name_that_one_of_ours_has_given_up_is_tried_again_though_the_index_is_behind() {
    let target = Peculiar::new();
    let host = host(&target);
    host.deliver(Event::user_created(ada())).await;
    target.freeze_index();
    host.deliver(Event::user_updated(User::new("u-1", "lovelace"))).await;
    host.clock.advance(SECOND);
    host.crm.fail_next(Error::new(ErrorKind::Conflict, "409"));
    host.deliver(Event::user_created(User::new("u-2", "ada"))).await;
    let status = host.status_of("u-2").await;
    assert!(!matches!(status.state, LaneState::Parked(_)), "{status:?}");
    target.mend_index();
    host.later(SECOND).await;
    assert!(host.is_settled("u-2").await);
    assert_eq!(users(&host.crm).len(), 2);
}

// ---- deletes that only switch off ---------------------------------------------------------------

const EVERY_HABIT: [(Again, bool); 6] = [
    (Again::Done, false),
    (Again::NotFound, false),
    (Again::Unknown, false),
    (Again::Done, true),
    (Again::NotFound, true),
    (Again::Unknown, true),
];

#[tokio::test]
async fn f44_an_account_that_was_only_switched_off_is_found_and_switched_on_again() {
    for (again, says_so) in EVERY_HABIT {
        let target = Peculiar::new().deactivating(again, says_so);
        let host = host(&target);
        host.deliver(Event::user_created(ada())).await;
        host.deliver(Event::user_deleted("u-1")).await;
        assert!(!users(&host.crm)[0].active, "{again:?}");
        assert!(host.is_settled("u-1").await);
        host.crm.forget_calls();
        host.deliver(Event::user_created(ada().with_display_name("Ada"))).await;
        assert_eq!(words(&host.crm), ["create", "find", "update"]);
        assert_eq!(users(&host.crm), [ada().with_display_name("Ada")]);
    }
}

#[tokio::test]
async fn f44_a_user_that_is_replaced_at_once_is_switched_on_again_too() {
    for (again, says_so) in EVERY_HABIT {
        let target = Peculiar::new().deactivating(again, says_so);
        let host = host(&target);
        host.deliver(Event::user_created(ada())).await;
        host.accept(Event::user_deleted("u-1")).await;
        host.deliver(Event::user_created(ada().with_display_name("Ada"))).await;
        assert_eq!(users(&host.crm), [ada().with_display_name("Ada")], "{again:?}");
        assert_eq!(target.take_deletes(), 1);
    }
}

#[tokio::test]
async fn p11_a_look_after_the_delete_that_finds_it_switched_off_does_not_delete_it_for_ever() {
    for (again, says_so) in EVERY_HABIT {
        let target = Peculiar::new().deactivating(again, says_so);
        let host = host(&target);
        host.crm.then(Fault::TimeOutAfter);
        host.deliver(Event::user_created(ada())).await;
        host.deliver(Event::user_deleted("u-1")).await;
        assert!(!users(&host.crm)[0].active, "{again:?}");
        assert_eq!(target.take_deletes(), 1);
        // The window in which the create could land again is over: what is there is looked at.
        host.crm.forget_calls();
        host.later(2 * MINUTE).await;
        assert_eq!(words(&host.crm)[0], "find");
        if says_so {
            assert_eq!(target.take_deletes(), 0, "{again:?}");
            assert!(host.is_settled("u-1").await, "{again:?}");
        }
        host.crm.forget_calls();
        for _ in 0..10 {
            host.later(60 * MINUTE).await;
        }
        assert!(host.crm.calls().is_empty(), "{again:?}, {says_so}: {:?}", words(&host.crm));
    }
}
