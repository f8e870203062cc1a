//! Members of groups: points 37 and 38.

use outbound_provisioning::conformance::{Quirk, Scim2Target};
use outbound_provisioning::delivery::LaneRecord;
use outbound_provisioning::model::{
    Event, Group, LaneKey, Member, Properties, ResourceKey, ResourceKind, Target, User,
};
use outbound_provisioning::store::{Batch, Durability, LaneWrite, Store};
use serde_json::{Value, json};

use crate::site::{Site, answer, status};
use crate::target::{
    Host, always, body, change_members, create, curious, is_at_rest, learning, lines, operations,
    quiet, refusal, script, site_of, taken, with,
};

tests![
    a_change_of_members_is_the_difference_in_one_request,
    no_request_names_more_members_than_the_target_takes,
    every_limit_of_the_target_is_kept,
    members_are_never_read_to_change_them,
    the_whole_list_is_replaced_by_setting_only,
    members_that_a_create_drops_follow_by_a_change,
    an_answer_with_fewer_members_is_heeded,
    members_that_nobody_shows_are_known_here,
    one_change_in_a_group_of_a_hundred_thousand_is_one_request,
];

fn user(number: usize) -> User {
    User::new(format!("x-{number}"), format!("user{number}"))
}

fn member(number: usize) -> Member {
    Member::user(format!("x-{number}"))
}

fn staff(numbers: impl IntoIterator<Item = usize>) -> Group {
    let staff = Group::new("g-1", "Staff");
    numbers.into_iter().fold(staff, |group, number| group.with_member(member(number)))
}

/// A host whose target has so many users.
async fn with_users(target: &Scim2Target, properties: Properties, count: usize) -> Host {
    let host = Host::with(site_of(target), properties);
    for number in 0..count {
        // One by one, so that the target counts them in this order.
        host.deliver(Event::user_created(user(number))).await;
    }
    host.lines();
    host
}

fn count(target: &Scim2Target) -> usize {
    target.groups()[0]["members"].as_array().map_or(0, Vec::len)
}

/// How many members each PATCH since this was asked last adds and removes.
fn pieces(host: &Host) -> Vec<(usize, usize)> {
    let size = |body: Value| {
        let operations = body["Operations"].as_array().cloned().unwrap_or_default();
        let added = operations.iter().filter(|operation| operation["op"] == "add");
        let added = added.map(|operation| operation["value"].as_array().map_or(0, Vec::len)).sum();
        (added, operations.iter().filter(|operation| operation["op"] == "remove").count())
    };
    taken(&host.site).iter().map(|request| size(body(request))).collect()
}

// ---- 37: the difference -----------------------------------------------------------------------------------------

async fn a_change_of_members_is_the_difference_in_one_request() {
    let target = with(&[]);
    let host = with_users(&target, learning(), 9).await;
    host.deliver(Event::group_created(staff(0..6))).await;
    assert_eq!(host.lines(), ["POST /Groups"]);
    host.deliver(Event::members_changed("g-1", (6..9).map(member), [member(0), member(1)])).await;
    let sent = operations(&host.site);
    let added = ["u-7", "u-8", "u-9"].map(|id| json!({ "value": id, "type": "User" }));
    assert_eq!(
        sent,
        json!([
            { "op": "add", "path": "members", "value": added },
            { "op": "remove", "path": "members[value eq \"u-1\"]" },
            { "op": "remove", "path": "members[value eq \"u-2\"]" },
        ])
    );
    assert_eq!(count(&target), 7);
}

async fn no_request_names_more_members_than_the_target_takes() {
    let target = with(&[Quirk::MemberCap { most: 100, status: 400 }]);
    let aws = curious()
        .with("profile", "aws")
        .with("profile_overrides", r#"{"discovery": false, "adapt": false, "user_required": []}"#);
    let host = with_users(&target, aws, 250).await;
    host.deliver(Event::group_created(staff(0..250))).await;
    let posted = body(&host.site.seen()[0])["members"].as_array().unwrap().len();
    assert_eq!(posted, 100);
    assert_eq!(pieces(&host)[1..], [(100, 0), (50, 0)]);
    assert_eq!(count(&target), 250);
    host.deliver(Event::members_changed("g-1", [], (0..130).map(member))).await;
    assert_eq!(pieces(&host), [(0, 100), (0, 30)]);
    assert_eq!(count(&target), 120);
}

async fn every_limit_of_the_target_is_kept() {
    // Microsoft's own server: one removal a request, and none beside an addition.
    let target = with(&[Quirk::OneRemovalPerRequest, Quirk::NoMixedMemberChanges]);
    let fields = r#"{"discovery": false, "adapt": false, "max_removals_per_request": 1,
        "members_mixable": false, "max_members_per_request": 20}"#;
    let host = with_users(&target, curious().with("profile_overrides", fields), 30).await;
    host.deliver(Event::group_created(staff(0..3))).await;
    host.lines();
    host.deliver(Event::members_changed("g-1", (3..28).map(member), (0..2).map(member))).await;
    assert_eq!(pieces(&host), [(20, 0), (5, 0), (0, 1), (0, 1)]);
    assert_eq!(count(&target), 26);
    // The same is learnt where nobody has said it, each limit by one refusal.
    let target = with(&[Quirk::OneRemovalPerRequest, Quirk::NoMixedMemberChanges]);
    let host = with_users(&target, learning(), 10).await;
    host.deliver(Event::group_created(staff(0..4))).await;
    for (begin, most) in [(0, 8), (2, 5), (4, 3)] {
        host.lines();
        let (come, gone) = (begin + 4..begin + 6, begin..begin + 2);
        host.deliver(Event::members_changed("g-1", come.map(member), gone.map(member))).await;
        let sent = host.lines().len();
        assert!(sent <= most, "{sent} for members from {begin} on");
        assert_eq!(count(&target), 4);
    }
}

async fn members_are_never_read_to_change_them() {
    let target = with(&[]);
    let host = with_users(&target, learning(), 20).await;
    host.deliver(Event::group_created(staff(0..10))).await;
    host.deliver(Event::members_changed("g-1", (10..20).map(member), (0..5).map(member))).await;
    host.deliver(Event::group_updated(Group::new("g-1", "All staff"))).await;
    host.deliver(Event::user_deleted("x-7")).await;
    assert!(host.lines().iter().all(|line| !line.starts_with("GET")));
    // A look for a group leaves them out.
    let host = Host::with(script([refusal(409, "uniqueness")]), quiet(json!({})));
    host.deliver(Event::group_created(staff([]))).await;
    for line in &host.lines()[1..] {
        assert!(line.ends_with("&excludedAttributes=members"), "{line}");
    }
}

async fn the_whole_list_is_replaced_by_setting_only() {
    let group = json!({ "id": "r-1", "displayName": "Staff", "members": [
        { "value": "theirs" }, { "value": "b", "type": "User" },
    ] });
    let add = json!({ "value": "a", "type": "User" });
    for (how, expected) in [("add_remove", None), ("replace", Some("replace"))] {
        let site = script([answer(200, &[], &group), status(204)]);
        let site = if expected.is_none() { script([status(204)]) } else { site };
        let us = site.connect(quiet(json!({ "members_patch": how })));
        change_members(&us, &["a"], &["b"]).await.unwrap();
        let sent = operations(&site);
        let is_replaced = sent[0]["op"] == "replace";
        assert_eq!(is_replaced, expected.is_some(), "{sent}");
        if is_replaced {
            // Whom others put there stays.
            assert_eq!(sent[0]["value"], json!([{ "value": "theirs" }, add]));
        }
    }
    // By PUT where there is nothing else.
    let site = script([answer(200, &[], &group), status(204)]);
    let us = site.connect(quiet(json!({ "members_patch": "none" })));
    change_members(&us, &["a"], &["b"]).await.unwrap();
    let put = &taken(&site)[1];
    assert_eq!(put.method(), "PUT");
    assert_eq!(body(put)["members"], json!([{ "value": "theirs" }, add]));
}

// ---- 38: dropped, and never shown -------------------------------------------------------------------------------

async fn members_that_a_create_drops_follow_by_a_change() {
    for quirks in [
        vec![Quirk::MembersDroppedOnCreate],
        vec![Quirk::MembersDroppedOnCreate, Quirk::NoPut(405)],
    ] {
        let target = with(&quirks);
        let host = with_users(&target, learning(), 3).await;
        host.deliver(Event::group_created(staff(0..3))).await;
        // Asked once whether it shows them.
        assert_eq!(host.lines(), ["POST /Groups", "GET /Groups/g-1", "PATCH /Groups/g-1"]);
        assert_eq!(count(&target), 3);
        // Known from now on.
        host.deliver(Event::group_created(
            [0, 1].into_iter().fold(Group::new("g-2", "More"), |g, n| g.with_member(member(n))),
        ))
        .await;
        let posted = host.site.seen();
        assert!(body(&posted[0]).get("members").is_none());
        assert_eq!(target.groups()[1]["members"].as_array().unwrap().len(), 2);
    }
    // Not where the answer says nothing of the group but its id.
    let site = Site::new(|request| {
        let is_group = request.uri().path().ends_with("/Groups");
        Ok(answer(201, &[], json!({ "id": if is_group { "r-9" } else { "r-1" } })))
    });
    let host = Host::with(site, quiet(json!({})));
    host.deliver(Event::user_created(user(0))).await;
    host.lines();
    host.deliver(Event::group_created(staff([0]))).await;
    assert_eq!(host.lines(), ["POST /Groups"]);
}

async fn an_answer_with_fewer_members_is_heeded() {
    let of = |shown: Value| json!({ "id": "r-1", "displayName": "Staff", "externalId": "g-1", "members": shown });
    let one = json!([{ "value": "x-0" }]);
    let all = json!([{ "value": "x-0" }, { "value": "x-1" }, { "value": "theirs" }]);
    for (shown, are_missing) in [(json!([]), true), (one, true), (all, false)] {
        let us = always(201, of(shown.clone())).connect(quiet(json!({})));
        let remote = create(&us, staff(0..2)).await.unwrap();
        assert_eq!(remote.without_members, are_missing, "{shown}");
        assert_eq!(us.connector.capabilities().members_on_create, !are_missing, "{shown}");
    }
}

async fn members_that_nobody_shows_are_known_here() {
    let target = with(&[Quirk::MembersNeverListed]);
    let fields = r#"{"discovery": false, "members_readable": "no"}"#;
    let host = with_users(&target, curious().with("profile_overrides", fields), 4).await;
    host.deliver(Event::group_created(staff(0..2))).await;
    assert_eq!(host.lines(), ["POST /Groups"]);
    host.deliver(Event::members_changed("g-1", [member(2)], [member(0)])).await;
    host.deliver(Event::members_changed("g-1", [member(2)], [member(0)])).await;
    assert_eq!(host.lines(), ["PATCH /Groups/g-1"], "what is known to be so is not said again");
    assert_eq!(count(&target), 2);
    // Where nobody says that they are not shown, they are added once more at most.
    let target = with(&[Quirk::MembersNeverListed]);
    let host = with_users(&target, learning(), 4).await;
    host.deliver(Event::group_created(staff(0..2))).await;
    // And once a look whether it shows them.
    assert!(host.lines().len() <= 3);
    assert_eq!(count(&target), 2);
}

// ---- a hundred thousand -----------------------------------------------------------------------------------------

const EVERYBODY: usize = 100_000;

fn lane(id: &str) -> LaneKey {
    let key = ResourceKey::new("acme".into(), ResourceKind::User, id.into());
    LaneKey::new(key, Target::new("hr", "scim2"))
}

/// Gives everybody an account as the first one got it, without an event for each.
async fn give_accounts(store: &dyn Store) {
    let first = store.lane(&lane("x-0")).await.unwrap().unwrap();
    let row = serde_json::to_string(&first.record).unwrap();
    let mut batch = Batch::new();
    for number in 1..EVERYBODY {
        let id = format!("x-{number}");
        let record: LaneRecord = serde_json::from_str(&row.replace("x-0", &id)).unwrap();
        batch.lanes.push(LaneWrite::new(lane(&id), 0, Some(record)));
    }
    assert!(store.commit(batch, Durability::Immediate).await.unwrap().is_done());
}

async fn one_change_in_a_group_of_a_hundred_thousand_is_one_request() {
    // Keeps nobody, so that what is measured is what is sent.
    let site = Site::new(|request| {
        if request.method() != "POST" {
            return Ok(status(204));
        }
        let id = format!("remote-{}", body(request)["externalId"].as_str().unwrap_or_default());
        Ok(answer(201, &[], json!({ "id": id })))
    });
    let host = Host::with(site, learning());
    host.deliver(Event::user_created(user(0))).await;
    give_accounts(&*host.store).await;
    host.lines();
    host.accept(Event::group_created(staff([]))).await;
    // No event is larger than 1 MiB.
    for piece in (0..EVERYBODY).collect::<Vec<_>>().chunks(25_000) {
        let event = Event::members_changed("g-1", piece.iter().copied().map(member), []);
        host.accept(event).await;
    }
    host.work().await;
    let created = body(&host.site.seen()[0])["members"].as_array().unwrap().len();
    let added: usize = pieces(&host).iter().map(|(added, _)| added).sum();
    assert_eq!(created + added, EVERYBODY);
    for (added, removed) in [(None, Some(77_777)), (Some(77_777), None)] {
        let event = Event::members_changed("g-1", added.map(member), removed.map(member));
        host.deliver(event).await;
        let sent = taken(&host.site);
        assert_eq!(sent.len(), 1, "one request, and nothing is read");
        assert_eq!(sent[0].method(), "PATCH");
        assert!(sent[0].body().len() < 300, "{} bytes", sent[0].body().len());
    }
    host.deliver(Event::user_deleted("x-5")).await;
    let mut asked = lines(&host.site);
    asked.sort_unstable();
    assert_eq!(asked, ["DELETE /Users/remote-x-5", "PATCH /Groups/remote-g-1"]);
    assert!(is_at_rest(&*host.store).await);
}
