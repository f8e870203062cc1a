//! As few requests as there can be: what each operation costs, and the rules that make it so.

use std::collections::BTreeSet;
use std::sync::Mutex;

use http::Method;
use outbound_provisioning::conformance::{Quirk, Scim2Target};
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::model::{Event, Group, Member, User};
use serde_json::json;

use crate::site::{Site, status};
use crate::target::{
    DAY, Host, PATCH_OP, SECOND, ada, always, body, change_members, create, curious, find,
    learning, methods, operations, quiet, site_of, taken, update, with,
};

tests![
    knowing_a_target_costs_three_and_then_nothing,
    a_create_is_one_post_and_no_look,
    a_group_with_members_is_one_post,
    a_group_beyond_the_limit_is_as_many_requests_as_pieces,
    a_change_is_one_patch,
    an_update_of_another_version_costs_a_look_and_a_patch,
    nothing_new_costs_nothing,
    a_delete_is_one_request,
    changes_of_members_are_as_few_as_the_limit_allows,
    who_joins_groups_costs_one_request_for_each,
    a_first_load_is_one_request_for_each_resource,
    a_look_is_taken_only_after_a_conflict_or_in_doubt,
    what_waits_is_joined_before_it_is_sent,
    one_change_at_a_time_for_one_group,
    one_request_carries_all_changes_of_a_resource,
    nothing_is_read_after_it_was_written,
    each_refusal_is_paid_for_once,
    leavers_go_first_when_little_may_be_sent,
    an_ignored_filter_deletes_nobody_else,
];

fn user(number: usize) -> User {
    User::new(format!("x-{number}"), format!("user{number}"))
}

fn member(number: usize) -> Member {
    Member::user(format!("x-{number}"))
}

fn group(id: &str, members: impl IntoIterator<Item = usize>) -> Group {
    members.into_iter().fold(Group::new(id, id), |group, number| group.with_member(member(number)))
}

/// A host that knows its target and has so many users there.
async fn with_users(target: &Scim2Target, count: usize) -> Host {
    let host = Host::before(target);
    for number in 0..count {
        host.accept(Event::user_created(user(number))).await;
    }
    host.work().await;
    host.lines();
    host
}

// ---- what each operation costs ----------------------------------------------------------------------------------

async fn knowing_a_target_costs_three_and_then_nothing() {
    let target = with(&[]);
    let host = Host::with(site_of(&target), curious());
    host.deliver(Event::user_created(user(0))).await;
    assert_eq!(host.count(), 3 + 1);
    host.deliver(Event::user_created(user(1))).await;
    assert_eq!(host.count(), 1);
    // The next life of the host remembers it.
    let host = Host::over(site_of(&target), curious(), host.store);
    host.deliver(Event::user_created(user(2))).await;
    assert_eq!(host.count(), 1);
    // Many at once ask once.
    let host = Host::with(site_of(&with(&[])), curious());
    for number in 0..20 {
        host.accept(Event::user_created(user(number))).await;
    }
    host.work().await;
    assert_eq!(host.count(), 3 + 20);
}

async fn a_create_is_one_post_and_no_look() {
    let host = with_users(&with(&[]), 0).await;
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(host.lines(), ["POST /Users"]);
}

async fn a_group_with_members_is_one_post() {
    let target = with(&[]);
    let host = with_users(&target, 30).await;
    host.deliver(Event::group_created(group("g-1", 0..30))).await;
    assert_eq!(host.lines(), ["POST /Groups"]);
    assert_eq!(target.groups()[0]["members"].as_array().unwrap().len(), 30);
}

async fn a_group_beyond_the_limit_is_as_many_requests_as_pieces() {
    let limit = r#"{"discovery": false, "max_members_per_request": 10}"#;
    for (quirks, expected) in [
        (vec![Quirk::MemberCap { most: 10, status: 400 }], 1 + 2),
        // And once a look whether it shows them.
        (vec![Quirk::MemberCap { most: 10, status: 400 }, Quirk::MembersDroppedOnCreate], 2 + 3),
    ] {
        let target = with(&quirks);
        let host = Host::with(site_of(&target), curious().with("profile_overrides", limit));
        for number in 0..30 {
            host.accept(Event::user_created(user(number))).await;
        }
        host.work().await;
        host.lines();
        host.deliver(Event::group_created(group("g-1", 0..30))).await;
        assert_eq!(host.count(), expected, "{quirks:?}");
        assert_eq!(target.groups()[0]["members"].as_array().unwrap().len(), 30);
    }
}

async fn a_change_is_one_patch() {
    let host = with_users(&with(&[]), 0).await;
    host.deliver(Event::user_created(ada())).await;
    host.lines();
    let mut after = ada().with_display_name("Ada").with_active(false).with_email("a@example.com");
    after.user_name = "lovelace".to_owned();
    host.deliver(Event::user_updated(after.clone())).await;
    assert_eq!(host.lines(), ["PATCH /Users/u-1"], "renamed, disabled and changed");
    host.deliver(Event::user_updated(after.with_active(true))).await;
    assert_eq!(host.lines(), ["PATCH /Users/u-1"], "enabled");
    // Without PATCH, one GET and one PUT.
    let host = with_users(&with(&[Quirk::NoPatch(405)]), 0).await;
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_updated(ada().with_display_name("A"))).await;
    host.lines();
    host.deliver(Event::user_updated(ada().with_display_name("B"))).await;
    assert_eq!(host.lines(), ["GET /Users/u-1", "PUT /Users/u-1"]);
}

async fn an_update_of_another_version_costs_a_look_and_a_patch() {
    let target = with(&[]);
    let host = Host::with(site_of(&target), curious());
    host.deliver(Event::user_created(ada())).await;
    let change = json!({ "schemas": [PATCH_OP],
        "Operations": [{ "op": "add", "path": "title", "value": "theirs" }] });
    let request = http::Request::patch("/scim/v2/Users/u-1")
        .header("content-type", "application/json")
        .body(change.to_string().into_bytes())
        .unwrap();
    assert!(target.answer(&request).status().is_success());
    host.lines();
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert_eq!(methods(&host.site), [Method::PATCH, Method::GET, Method::PATCH]);
}

async fn nothing_new_costs_nothing() {
    let host = with_users(&with(&[]), 3).await;
    host.deliver(Event::group_created(group("g-1", 0..3))).await;
    host.lines();
    for _ in 0..3 {
        host.deliver(Event::user_updated(user(0))).await;
        host.deliver(Event::group_updated(group("g-1", []))).await;
        host.deliver(Event::members_changed("g-1", [member(0)], [member(9)])).await;
        host.later(DAY).await;
    }
    assert_eq!(host.count(), 0);
}

async fn a_delete_is_one_request() {
    let host = with_users(&with(&[]), 1).await;
    host.deliver(Event::user_deleted("x-0")).await;
    assert_eq!(host.lines(), ["DELETE /Users/u-1"]);
    host.later(DAY).await;
    assert_eq!(host.count(), 0);
    // One that is gone already costs one as well.
    let target = with(&[]);
    let host = with_users(&target, 1).await;
    let gone = http::Request::delete("/scim/v2/Users/u-1").body(Vec::new()).unwrap();
    assert!(target.answer(&gone).status().is_success());
    host.deliver(Event::user_deleted("x-0")).await;
    assert_eq!(host.lines(), ["DELETE /Users/u-1"]);
    assert_eq!(host.user("x-0").await, LaneState::Settled);
}

async fn changes_of_members_are_as_few_as_the_limit_allows() {
    let target = with(&[]);
    let host = with_users(&target, 40).await;
    host.deliver(Event::group_created(group("g-1", 0..20))).await;
    host.lines();
    host.deliver(Event::members_changed("g-1", (20..40).map(member), (0..10).map(member))).await;
    assert_eq!(host.lines(), ["PATCH /Groups/g-1"], "30 changes");
    assert_eq!(target.groups()[0]["members"].as_array().unwrap().len(), 30);
}

async fn who_joins_groups_costs_one_request_for_each() {
    let host = with_users(&with(&[]), 1).await;
    for id in ["g-1", "g-2", "g-3"] {
        host.deliver(Event::group_created(group(id, []))).await;
    }
    host.lines();
    for id in ["g-1", "g-2", "g-3"] {
        host.accept(Event::members_changed(id, [member(0)], [])).await;
    }
    host.work().await;
    assert_eq!(host.count(), 3);
}

async fn a_first_load_is_one_request_for_each_resource() {
    let target = with(&[]);
    let host = with_users(&target, 0).await;
    for number in 0..50 {
        host.accept(Event::user_created(user(number))).await;
    }
    host.work().await;
    for number in 0..5 {
        let id = format!("g-{number}");
        host.accept(Event::group_created(group(&id, 10 * number..10 * number + 10))).await;
    }
    host.work().await;
    assert_eq!(host.count(), 50 + 5);
    let members: usize =
        target.groups().iter().map(|group| group["members"].as_array().unwrap().len()).sum();
    assert_eq!(members, 50);
}

// ---- the rules --------------------------------------------------------------------------------------------------

async fn a_look_is_taken_only_after_a_conflict_or_in_doubt() {
    let target = with(&[]);
    let host = with_users(&target, 5).await;
    host.deliver(Event::user_updated(user(1).with_display_name("x"))).await;
    host.deliver(Event::user_deleted("x-2")).await;
    host.deliver(Event::user_created(user(2))).await;
    assert!(host.lines().iter().all(|line| !line.starts_with("GET")));
    // A conflict: one look, and what is to be mended.
    let other = Host::before(&target);
    other.deliver(Event::user_created(user(3).with_display_name("mended"))).await;
    assert_eq!(methods(&other.site), [Method::POST, Method::GET, Method::PATCH]);
}

async fn what_waits_is_joined_before_it_is_sent() {
    let target = with(&[]);
    let host = with_users(&target, 3).await;
    // Create and update are a create, updates one update, create and delete nothing.
    host.accept(Event::user_created(ada())).await;
    host.accept(Event::user_updated(ada().with_display_name("Ada"))).await;
    for name in ["a", "b", "c"] {
        host.accept(Event::user_updated(user(0).with_display_name(name))).await;
    }
    host.accept(Event::user_created(User::new("x-9", "nobody"))).await;
    host.accept(Event::user_deleted("x-9")).await;
    host.work().await;
    let mut asked = host.lines();
    asked.sort_unstable();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].starts_with("PATCH /Users/") && asked[1] == "POST /Users");
    let shown: BTreeSet<String> = target
        .users()
        .iter()
        .filter_map(|user| user["displayName"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(shown, BTreeSet::from(["Ada".to_owned(), "c".to_owned()]));
    // Who joins and leaves was never there.
    host.deliver(Event::group_created(group("g-1", []))).await;
    host.lines();
    host.accept(Event::members_changed("g-1", [member(0)], [])).await;
    host.accept(Event::members_changed("g-1", [member(1)], [member(0)])).await;
    host.accept(Event::members_changed("g-1", [], [member(1)])).await;
    host.work().await;
    assert_eq!(host.count(), 0);
}

async fn one_change_at_a_time_for_one_group() {
    let target = with(&[]);
    let host = with_users(&target, 20).await;
    host.deliver(Event::group_created(group("g-1", []))).await;
    host.lines();
    for number in 0..20 {
        host.accept(Event::members_changed("g-1", [member(number)], [])).await;
    }
    host.work().await;
    assert_eq!(host.lines(), ["PATCH /Groups/g-1"], "by group, and not by member");
    assert_eq!(target.groups()[0]["members"].as_array().unwrap().len(), 20);
}

async fn one_request_carries_all_changes_of_a_resource() {
    let site = always(204, "");
    let us = site.connect(quiet(json!({})));
    let before = ada().with_email("a@example.com");
    let mut after = ada().with_display_name("Ada").with_email("b@example.com");
    after.title = Some("Dr".to_owned());
    update(&us, before, after).await.unwrap();
    let sent = taken(&site);
    assert_eq!(sent.len(), 1);
    let words: Vec<String> = body(&sent[0])["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| {
            format!("{} {}", operation["op"], operation["path"]).replace(['"', '\\'], "")
        })
        .collect();
    // What there is one of is removed before it is added; whoever joins a group is added before another leaves it.
    assert_eq!(
        words,
        ["replace displayName", "remove emails[type eq work]", "add emails", "replace title"]
    );
    change_members(&us, &["a"], &["b"]).await.unwrap();
    let operations = operations(&site);
    assert_eq!((&operations[0]["op"], &operations[1]["op"]), (&json!("add"), &json!("remove")));
}

async fn nothing_is_read_after_it_was_written() {
    for quirks in [vec![], vec![Quirk::PatchShowsResource], vec![Quirk::NoLocation, Quirk::NoEtag]]
    {
        let target = with(&quirks);
        let host = with_users(&target, 4).await;
        host.deliver(Event::group_created(group("g-1", 0..2))).await;
        host.deliver(Event::members_changed("g-1", [member(2)], [member(1)])).await;
        host.deliver(Event::user_updated(user(0).with_display_name("x"))).await;
        host.deliver(Event::group_updated(Group::new("g-1", "renamed"))).await;
        host.deliver(Event::user_deleted("x-3")).await;
        host.later(DAY).await;
        let asked = host.lines();
        assert!(asked.iter().all(|line| !line.starts_with("GET")), "{quirks:?}: {asked:?}");
        assert_eq!(asked.len(), 5, "{quirks:?}");
    }
}

async fn each_refusal_is_paid_for_once() {
    for (quirk, method) in [
        (Quirk::NoPatch(405), Method::PATCH),
        (Quirk::NoPatch(501), Method::PATCH),
        (Quirk::CapitalOpsOnly, Method::PATCH),
        (Quirk::PlainJsonOnly, Method::POST),
    ] {
        let target = with(&[quirk]);
        let host = Host::with(site_of(&target), learning());
        for number in 0..10 {
            host.deliver(Event::user_created(user(number))).await;
            host.deliver(Event::user_updated(user(number).with_display_name("x"))).await;
        }
        let refused = target
            .requests()
            .iter()
            .filter(|request| request.method == method && request.status >= 400)
            .count();
        assert!((1..=5).contains(&refused), "{quirk:?}: {refused}");
    }
    // An ignored filter and a cap on members, too.
    let target = with(&[Quirk::NoExternalIdFilter(400)]);
    let us = site_of(&target).connect(learning());
    create(&us, ada()).await.unwrap();
    target.forget_requests();
    for _ in 0..3 {
        find(&us).await.unwrap();
    }
    let refused = target.requests().iter().filter(|request| request.status == 400).count();
    assert_eq!(refused, 1);
}

async fn leavers_go_first_when_little_may_be_sent() {
    let target = with(&[]);
    let few = curious()
        .with("profile_overrides", r#"{"discovery": false}"#)
        .with("writes_per_minute", "60");
    let host = Host::with(site_of(&target), few);
    for number in 0..10 {
        host.accept(Event::user_created(user(number))).await;
    }
    host.work().await;
    assert_eq!(host.count(), 10, "a sixth of a minute's at once");
    for number in 10..30 {
        host.accept(Event::user_created(user(number))).await;
    }
    for number in 0..5 {
        host.accept(Event::user_deleted(format!("x-{number}").as_str())).await;
    }
    let mut asked = Vec::new();
    for _ in 0..60 {
        host.later(SECOND).await;
        asked.extend(methods(&host.site));
    }
    assert_eq!(asked.len(), 25);
    assert_eq!(asked[..5], [const { Method::DELETE }; 5], "{asked:?}");
}

async fn an_ignored_filter_deletes_nobody_else() {
    // The create gets no answer and did nothing; the look before the delete shows everybody.
    let target = with(&[Quirk::FilterIgnored]);
    let us = site_of(&target).connect(quiet(json!({})));
    for number in 10..20 {
        create(&us, user(number)).await.unwrap();
    }
    let (behind, first) = (target.clone(), Mutex::new(true));
    let site = Site::new(move |request| {
        let is_first =
            request.method() == Method::POST && std::mem::take(&mut *first.lock().unwrap());
        Ok(if is_first { status(504) } else { behind.answer(request) })
    });
    let host = Host::with(site, learning());
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_deleted("u-1")).await;
    for _ in 0..5 {
        host.later(DAY).await;
    }
    assert!(!methods(&host.site).contains(&Method::DELETE));
    assert_eq!(target.users().len(), 10);
}
