//! Sentences 1, 2, 3 and 6: batches, guards, revisions and events' numbers.

use serde_json::json;

use super::scene::{
    Checked, OnStore, Trial, Wrong, acme, attributes, commit, crm, form, gone_since, group,
    group_lane, holds, hr, join, lane, linked, new_lanes, parked, put, queued, queued_until,
    record, refused, revision, same, settled, sorted, staff, target_key, time, trials,
    unsettled_until, user, wake, write, write_resource,
};
use crate::delivery::{Close, Era, Health, Joined, MemberWrites};
use crate::dispatch::join_all;
use crate::model::{EventId, Fact, LaneKey, Member, RemoteId, ResourceKey};
use crate::store::{
    Batch, Durability, Hint, LaneQuery, LaneWrite, MembershipWrite, Opening, ResourceWrite, Store,
    Which,
};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    1: s01_a_store_begins_empty,
        s01_every_kind_of_row_of_a_batch_is_seen_once_it_is_committed,
        s01_a_conflict_over_the_resource_leaves_nothing_of_the_batch,
        s01_a_conflict_over_the_last_lane_leaves_nothing_of_the_batch,
        s01_a_lane_comes_back_as_it_was_written,
        s01_a_resource_comes_back_as_it_was_written,
        s01_a_resource_shows_its_lanes_and_nobody_elses,
        s01_a_forgotten_lane_is_seen_nowhere,
        s01_lanes_at_a_target_are_those_that_are_there,
        s01_an_empty_batch_is_committed,
        s01_a_large_batch_is_committed_whole;
    2: s02_a_guard_on_an_absent_row_needs_revision_0,
        s02_revision_0_holds_for_no_lane_that_is_there,
        s02_an_older_revision_does_not_hold,
        s02_the_revision_that_was_read_holds,
        s02_a_resource_is_guarded_as_a_lane_is,
        s02_to_forget_a_lane_is_guarded_too,
        s02_a_forgotten_lane_is_an_absent_row_again,
        s02_one_stale_lane_of_many_refuses_the_batch,
        s02_a_lane_that_was_woken_has_changed,
        s02_a_batch_without_guards_is_never_refused,
        s02_of_batches_made_from_the_same_row_at_once_one_is_committed;
    3: s03_every_write_of_a_lane_has_a_new_revision,
        s03_every_write_of_a_resource_has_a_new_revision,
        s03_a_lane_that_comes_again_has_no_revision_of_the_earlier_one,
        s03_a_resource_that_comes_again_has_no_revision_of_the_earlier_one,
        s03_what_is_read_has_the_same_revision_everywhere;
    6: s06_the_number_of_the_newest_event_is_kept,
        s06_events_that_come_at_once_are_numbered_without_gaps;
];

/// A batch with every kind of write; the group's lane is there, without anything to be done, and its member open.
async fn full(store: &dyn Store) -> Checked<Batch> {
    put(store, &group_lane("g-0"), settled()).await?;
    put(store, &group_lane("g-1"), settled()).await?;
    put(store, &lane("u-9"), settled()).await?;
    put(store, &lane("u-8"), settled()).await?;
    let leaver = Member::user("u-leaves");
    commit(
        store,
        Batch {
            membership: vec![join(&group("g-1"), &leaver)],
            open: vec![Opening::These(group_lane("g-1"), vec![leaver.clone(), staff()])],
            announce: vec![Hint::new(Era::new(1), 1, user("u-1"))],
            facts: vec![(target_key(hr()), "old".into(), Some(fact("old")))],
            ..Batch::new()
        },
    )
    .await?;
    let opened = store.open_members(&group_lane("g-1"), 10).await?.members;
    let close = opened
        .into_iter()
        .filter(|open| open.member == leaver)
        .map(|open| (open.member, open.opened, Close::Done));
    let joined = Joined { account: RemoteId::new("r-7")?, doubtful: false };
    let mut health = Health::default();
    health.pause(true);
    Ok(Batch {
        resource: Some(ResourceWrite {
            attributes: Some(attributes("Staff")),
            ..ResourceWrite::new(group("g-1"), 0, EventId::new(1))
        }),
        membership: vec![
            join(&group("g-1"), &staff()),
            MembershipWrite::Leave(group("g-1"), leaver.clone()),
        ],
        lanes: vec![
            LaneWrite::new(lane("u-1"), 0, Some(queued())),
            LaneWrite::new(lane("u-2"), 0, Some(parked())),
            LaneWrite::new(lane("u-3"), 0, Some(unsettled_until(70_000))),
        ],
        open: vec![Opening::These(group_lane("g-0"), vec![staff()])],
        members: Some((
            group_lane("g-1"),
            MemberWrites {
                joined: vec![(staff(), Some(joined))],
                close: close.collect(),
                ..MemberWrites::default()
            },
        )),
        wake: vec![lane("u-9")],
        judge: vec![lane("u-8")],
        health: Some((target_key(hr()), health)),
        facts: vec![
            (target_key(hr()), "size".into(), Some(fact("size"))),
            (target_key(hr()), "old".into(), None),
        ],
        announce: vec![Hint::new(Era::new(1), 2, user("u-2"))],
        fulfil: vec![Hint::new(Era::new(1), 1, user("u-1"))],
    })
}

fn fact(name: &str) -> Fact {
    Fact::new(name, json!({ "most": [1, null, "ü"] }), time(7))
}

/// What the store shows, read every way there is.
async fn picture(store: &dyn Store) -> Checked<Vec<String>> {
    let mut seen = Vec::new();
    for key in [
        group("g-0"),
        group("g-1"),
        user("u-1"),
        user("u-2"),
        user("u-3"),
        user("u-8"),
        user("u-9"),
    ] {
        let row = store.resource(&key).await?;
        seen.push(format!("{} {} {:?}", row.revision, row.newest, row.attributes));
        for lane in row.lanes {
            seen.push(format!("{:?} {} {}", lane.key, lane.revision, form(&lane.record)?));
        }
        seen.push(format!("{:?}", sorted(store.members_of(&key).await?)));
        seen.push(format!("{:?}", sorted(store.groups_of(&key).await?)));
    }
    for group in [group_lane("g-0"), group_lane("g-1")] {
        seen.push(format!("{:?}", store.open_members(&group, 10).await?));
        let named = [staff(), Member::user("u-leaves")];
        seen.push(format!("{:?}", store.named_members(&group, &named).await?));
        seen.push(format!("{}", store.waiting_members(&group).await?));
    }
    for which in [Which::Due, Which::Parked, Which::Unsettled] {
        let lanes = store.lanes(&LaneQuery::new(acme(), which)).await?;
        let keys = lanes.into_iter().map(|lane| lane.key);
        seen.push(format!("{which:?}: {:?}", sorted(keys)));
    }
    let due = store.due(&target_key(hr()), time(i64::MAX), 100).await?;
    seen.push(format!(
        "{:?} {:?}",
        sorted(due),
        store.agenda(&std::collections::HashSet::new()).await?
    ));
    let health = store.health(&target_key(hr())).await?;
    seen.push(format!("{health:?} {:?}", store.healths().await?));
    let facts = store.facts(&target_key(hr())).await?;
    seen.push(format!("{:?}", sorted(facts.iter().map(|fact| format!("{fact:?}")))));
    seen.push(format!("{:?}", store.hints(10).await?));
    Ok(seen)
}

async fn s01_a_store_begins_empty(store: &dyn Store) -> Checked {
    let row = store.resource(&user("u-1")).await?;
    same("a revision", row.revision, 0)?;
    same("the newest event", row.newest, EventId::default())?;
    holds("nothing is known of the resource", row.attributes.is_none() && row.lanes.is_empty())?;
    holds("no lane is there", store.lane(&lane("u-1")).await?.is_none())?;
    holds(
        "no target has lanes due",
        store.agenda(&std::collections::HashSet::new()).await?.is_empty(),
    )?;
    holds("no lane is due", store.due(&target_key(hr()), time(i64::MAX), 9).await?.is_empty())?;
    for which in [Which::Due, Which::Parked, Which::Unsettled] {
        holds("no lane is listed", store.lanes(&LaneQuery::new(acme(), which)).await?.is_empty())?;
    }
    holds("nobody is in a group", store.members_of(&group("g-1")).await?.is_empty())?;
    holds("nobody is in groups", store.groups_of(&user("u-1")).await?.is_empty())?;
    let open = store.open_members(&group_lane("g-1"), 9).await?;
    holds("no member is open", open.members.is_empty() && !open.more)?;
    same("who waits", store.waiting_members(&group_lane("g-1")).await?, 0)?;
    holds("no target has a health", store.healths().await?.is_empty())?;
    same("a health", store.health(&target_key(hr())).await?, Health::default())?;
    holds("there are no facts", store.facts(&target_key(hr())).await?.is_empty())?;
    holds("there are no announcements", store.hints(9).await?.is_empty())
}

async fn s01_every_kind_of_row_of_a_batch_is_seen_once_it_is_committed(
    store: &dyn Store,
) -> Checked {
    let batch = full(store).await?;
    commit(store, batch).await?;
    let row = store.resource(&group("g-1")).await?;
    same("the newest event", row.newest, EventId::new(1))?;
    same("the attributes", row.attributes, Some(attributes("Staff")))?;
    same("who is in the group", store.members_of(&group("g-1")).await?, vec![staff()])?;
    same("the groups of a user", store.groups_of(&user("u-1")).await?, vec![group("g-1")])?;
    for (name, wanted) in [("u-1", queued()), ("u-2", parked()), ("u-3", unsettled_until(70_000))] {
        same("a lane", form(&record(store, &lane(name)).await?)?, form(&wanted)?)?;
    }
    let open = store.open_members(&group_lane("g-0"), 9).await?.members;
    same("who is opened", open.into_iter().map(|open| open.member).collect(), vec![staff()])?;
    let open = store.open_members(&group_lane("g-1"), 9).await?.members;
    let wanted = Joined { account: RemoteId::new("r-7")?, doubtful: false };
    let found = open.into_iter().map(|open| (open.member, open.wanted, open.joined)).collect();
    same("who is left open", found, vec![(staff(), true, Some(wanted))])?;
    let mut woken = settled();
    woken.wake();
    same("a lane to wake", form(&record(store, &lane("u-9")).await?)?, form(&woken)?)?;
    let mut judged = settled();
    judged.judge();
    same("a lane to judge", form(&record(store, &lane("u-8")).await?)?, form(&judged)?)?;
    holds("the health is seen", store.health(&target_key(hr())).await?.is_paused())?;
    same("the facts", store.facts(&target_key(hr())).await?, vec![fact("size")])?;
    let hint = Hint::new(Era::new(1), 2, user("u-2"));
    same("the announcements", store.hints(9).await?, vec![hint])
}

async fn s01_a_conflict_over_the_resource_leaves_nothing_of_the_batch(
    store: &dyn Store,
) -> Checked {
    let mut batch = full(store).await?;
    if let Some(write) = &mut batch.resource {
        write.expected = 4_711;
    }
    let before = picture(store).await?;
    refused(store, batch).await?;
    same("what the store shows", picture(store).await?, before)
}

async fn s01_a_conflict_over_the_last_lane_leaves_nothing_of_the_batch(
    store: &dyn Store,
) -> Checked {
    let mut batch = full(store).await?;
    batch.lanes.push(LaneWrite::new(lane("u-4"), 4_711, Some(queued())));
    let before = picture(store).await?;
    refused(store, batch.clone()).await?;
    same("what the store shows", picture(store).await?, before)?;
    batch.lanes.pop();
    commit(store, batch).await
}

async fn s01_a_lane_comes_back_as_it_was_written(store: &dyn Store) -> Checked {
    let records = [
        queued(),
        queued_until(5_000),
        parked(),
        unsettled_until(90_000),
        linked("r-1")?,
        gone_since(3),
        settled(),
    ];
    for wanted in records {
        put(store, &lane("u-1"), wanted.clone()).await?;
        let row = store.resource(&user("u-1")).await?;
        for found in [
            Some(record(store, &lane("u-1")).await?),
            row.lanes.first().map(|lane| lane.record.clone()),
        ] {
            let found = found.as_ref().map(form).transpose()?;
            same("a lane", found, Some(form(&wanted)?))?;
        }
    }
    Ok(())
}

async fn s01_a_resource_comes_back_as_it_was_written(store: &dyn Store) -> Checked {
    let mut write = ResourceWrite {
        attributes: Some(attributes("Staff")),
        ..ResourceWrite::new(group("g-1"), 0, EventId::new(1))
    };
    commit(store, Batch { resource: Some(write.clone()), ..Batch::new() }).await?;
    let row = store.resource(&group("g-1")).await?;
    same("the attributes", row.attributes, Some(attributes("Staff")))?;
    for wanted in [Some(attributes("All staff")), None] {
        write.expected = store.resource(&group("g-1")).await?.revision;
        write.attributes.clone_from(&wanted);
        commit(store, Batch { resource: Some(write.clone()), ..Batch::new() }).await?;
        same("the attributes", store.resource(&group("g-1")).await?.attributes, wanted)?;
    }
    Ok(())
}

async fn s01_a_resource_shows_its_lanes_and_nobody_elses(store: &dyn Store) -> Checked {
    let at_crm = LaneKey::new(user("u-1"), crm());
    let twin = LaneKey::new(group("u-1"), hr());
    commit(
        store,
        new_lanes([
            (lane("u-1"), queued()),
            (at_crm.clone(), settled()),
            (lane("u-10"), queued()),
            (twin, queued()),
        ]),
    )
    .await?;
    let lanes = store.resource(&user("u-1")).await?.lanes;
    let keys = lanes.into_iter().map(|lane| lane.key);
    same("a resource's lanes", sorted(keys), sorted([lane("u-1"), at_crm]))
}

async fn s01_a_forgotten_lane_is_seen_nowhere(store: &dyn Store) -> Checked {
    put(store, &LaneKey::new(user("u-1"), crm()), settled()).await?;
    for kept in [queued(), parked(), unsettled_until(9), linked("r-1")?] {
        put(store, &lane("u-1"), kept).await?;
        let expected = revision(store, &lane("u-1")).await?;
        commit(store, write(&lane("u-1"), expected, None)).await?;
        holds("the lane is gone", store.lane(&lane("u-1")).await?.is_none())?;
        same("the resource's lanes", store.resource(&user("u-1")).await?.lanes.len(), 1)?;
        holds("it is not due", store.due(&target_key(hr()), time(i64::MAX), 9).await?.is_empty())?;
        holds(
            "its target has nothing due",
            store.agenda(&std::collections::HashSet::new()).await?.is_empty(),
        )?;
        for which in [Which::Due, Which::Parked, Which::Unsettled] {
            let lanes = store.lanes(&LaneQuery::new(acme(), which)).await?;
            holds("it is not listed", lanes.is_empty())?;
        }
        let lanes = store.lanes_at(&target_key(hr()), &[user("u-1")]).await?;
        holds("it is not at its target", lanes.is_empty())?;
    }
    Ok(())
}

async fn s01_lanes_at_a_target_are_those_that_are_there(store: &dyn Store) -> Checked {
    commit(
        store,
        new_lanes([
            (lane("u-1"), queued()),
            (lane("u-2"), settled()),
            (LaneKey::new(user("u-3"), crm()), settled()),
            (group_lane("u-4"), settled()),
        ]),
    )
    .await?;
    let asked = ["u-2", "u-1", "u-3", "u-4", "u-5"].map(user);
    let found = store.lanes_at(&target_key(hr()), &asked).await?;
    for row in &found {
        same("a lane's revision", row.revision, revision(store, &row.key).await?)?;
    }
    let keys = found.into_iter().map(|row| row.key);
    same("the lanes", sorted(keys), vec![lane("u-1"), lane("u-2")])?;
    holds("nobody was asked for", store.lanes_at(&target_key(hr()), &[]).await?.is_empty())
}

async fn s01_an_empty_batch_is_committed(store: &dyn Store) -> Checked {
    commit(store, Batch::new()).await?;
    holds("nothing is due", store.agenda(&std::collections::HashSet::new()).await?.is_empty())
}

async fn s01_a_large_batch_is_committed_whole(store: &dyn Store) -> Checked {
    const MANY: usize = 1_500;
    let name = |number: usize| format!("u-{number:04}");
    let members: Vec<Member> =
        (0..MANY).map(|number| Member::user(name(number).as_str())).collect();
    let mut batch = new_lanes((0..MANY).map(|number| (lane(&name(number)), queued())));
    batch.lanes.push(LaneWrite::new(group_lane("g-1"), 0, Some(settled())));
    batch.membership = members.iter().map(|member| join(&group("g-1"), member)).collect();
    batch.open = vec![Opening::Everybody(group_lane("g-1"))];
    commit(store, batch).await?;
    same("who is in the group", sorted(store.members_of(&group("g-1")).await?), members)?;
    same(
        "open members",
        store.open_members(&group_lane("g-1"), MANY * 2).await?.members.len(),
        MANY,
    )?;
    same("due lanes", store.due(&target_key(hr()), time(0), MANY * 2).await?.len(), MANY)?;
    let asked: Vec<ResourceKey> = (0..MANY).map(|number| user(&name(number))).collect();
    same("lanes", store.lanes_at(&target_key(hr()), &asked).await?.len(), MANY)
}

async fn s02_a_guard_on_an_absent_row_needs_revision_0(store: &dyn Store) -> Checked {
    refused(store, write(&lane("u-1"), 1, Some(queued()))).await?;
    refused(store, write_resource(&user("u-1"), 1, 1)).await?;
    holds("no lane is there", store.lane(&lane("u-1")).await?.is_none())?;
    commit(store, write(&lane("u-1"), 0, Some(queued()))).await?;
    commit(store, write_resource(&user("u-1"), 0, 1)).await
}

async fn s02_revision_0_holds_for_no_lane_that_is_there(store: &dyn Store) -> Checked {
    commit(store, write(&lane("u-1"), 0, Some(queued()))).await?;
    refused(store, write(&lane("u-1"), 0, Some(settled()))).await?;
    same("the lane", form(&record(store, &lane("u-1")).await?)?, form(&queued())?)
}

async fn s02_an_older_revision_does_not_hold(store: &dyn Store) -> Checked {
    commit(store, write(&lane("u-1"), 0, Some(queued()))).await?;
    let first = revision(store, &lane("u-1")).await?;
    commit(store, write(&lane("u-1"), first, Some(settled()))).await?;
    refused(store, write(&lane("u-1"), first, Some(parked()))).await?;
    same("the lane", form(&record(store, &lane("u-1")).await?)?, form(&settled())?)
}

async fn s02_the_revision_that_was_read_holds(store: &dyn Store) -> Checked {
    for wanted in [queued(), settled(), parked(), queued()] {
        let expected = revision(store, &lane("u-1")).await?;
        commit(store, write(&lane("u-1"), expected, Some(wanted.clone()))).await?;
        same("the lane", form(&record(store, &lane("u-1")).await?)?, form(&wanted)?)?;
    }
    Ok(())
}

async fn s02_a_resource_is_guarded_as_a_lane_is(store: &dyn Store) -> Checked {
    commit(store, write_resource(&user("u-1"), 0, 1)).await?;
    let first = store.resource(&user("u-1")).await?.revision;
    refused(store, write_resource(&user("u-1"), 0, 2)).await?;
    commit(store, write_resource(&user("u-1"), first, 2)).await?;
    refused(store, write_resource(&user("u-1"), first, 3)).await?;
    same("the newest event", store.resource(&user("u-1")).await?.newest, EventId::new(2))
}

async fn s02_to_forget_a_lane_is_guarded_too(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), queued()).await?;
    let first = revision(store, &lane("u-1")).await?;
    put(store, &lane("u-1"), queued()).await?;
    for stale in [0, first] {
        refused(store, write(&lane("u-1"), stale, None)).await?;
    }
    refused(store, write(&lane("u-2"), 1, None)).await?;
    holds("the lane is there", store.lane(&lane("u-1")).await?.is_some())
}

async fn s02_a_forgotten_lane_is_an_absent_row_again(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), queued()).await?;
    let first = revision(store, &lane("u-1")).await?;
    commit(store, write(&lane("u-1"), first, None)).await?;
    refused(store, write(&lane("u-1"), first, Some(queued()))).await?;
    commit(store, write(&lane("u-1"), 0, Some(queued()))).await
}

async fn s02_one_stale_lane_of_many_refuses_the_batch(store: &dyn Store) -> Checked {
    for name in ["u-1", "u-2", "u-3"] {
        put(store, &lane(name), settled()).await?;
    }
    for stale in 0..3 {
        let mut batch = Batch::new();
        for (place, name) in ["u-1", "u-2", "u-3"].into_iter().enumerate() {
            let expected = if place == stale { 0 } else { revision(store, &lane(name)).await? };
            batch.lanes.push(LaneWrite::new(lane(name), expected, Some(queued())));
        }
        refused(store, batch).await?;
    }
    holds("nothing is due", store.agenda(&std::collections::HashSet::new()).await?.is_empty())
}

async fn s02_a_lane_that_was_woken_has_changed(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), settled()).await?;
    let before = revision(store, &lane("u-1")).await?;
    commit(store, wake(&lane("u-1"))).await?;
    refused(store, write(&lane("u-1"), before, Some(settled()))).await
}

async fn s02_a_batch_without_guards_is_never_refused(store: &dyn Store) -> Checked {
    let mut batch = full(store).await?;
    (batch.resource, batch.lanes) = (None, Vec::new());
    commit(store, batch.clone()).await?;
    commit(store, batch).await
}

async fn s02_of_batches_made_from_the_same_row_at_once_one_is_committed(
    store: &dyn Store,
) -> Checked {
    for _ in 0..4 {
        let expected = revision(store, &lane("u-1")).await?;
        let batch = write(&lane("u-1"), expected, Some(queued()));
        let commits = (0..8).map(|_| store.commit(batch.clone(), Durability::Immediate));
        let mut done = 0;
        for committed in join_all(commits.collect()).await {
            done += usize::from(committed?.is_done());
        }
        same("batches that were committed", done, 1)?;
    }
    Ok(())
}

async fn s03_every_write_of_a_lane_has_a_new_revision(store: &dyn Store) -> Checked {
    let mut seen = vec![0];
    for wanted in [queued(), queued(), settled(), settled(), parked(), queued()] {
        put(store, &lane("u-1"), wanted).await?;
        let new = revision(store, &lane("u-1")).await?;
        holds("the revision is new", !seen.contains(&new))?;
        seen.push(new);
        commit(store, wake(&lane("u-1"))).await?;
        let new = revision(store, &lane("u-1")).await?;
        holds("the revision is new when the lane was woken", !seen.contains(&new))?;
        seen.push(new);
    }
    Ok(())
}

async fn s03_every_write_of_a_resource_has_a_new_revision(store: &dyn Store) -> Checked {
    let mut seen = vec![0];
    for number in [1, 1, 2, 3] {
        let expected = store.resource(&user("u-1")).await?.revision;
        commit(store, write_resource(&user("u-1"), expected, number)).await?;
        let new = store.resource(&user("u-1")).await?.revision;
        holds("the revision is new", !seen.contains(&new))?;
        seen.push(new);
    }
    Ok(())
}

async fn s03_a_lane_that_comes_again_has_no_revision_of_the_earlier_one(
    store: &dyn Store,
) -> Checked {
    let mut seen = vec![0];
    for _ in 0..4 {
        put(store, &lane("u-1"), settled()).await?;
        let new = revision(store, &lane("u-1")).await?;
        holds("the revision is new", !seen.contains(&new))?;
        seen.push(new);
        commit(store, write(&lane("u-1"), new, None)).await?;
    }
    Ok(())
}

async fn s03_a_resource_that_comes_again_has_no_revision_of_the_earlier_one(
    store: &dyn Store,
) -> Checked {
    commit(store, write_resource(&user("u-1"), 0, 1)).await?;
    let before = store.resource(&user("u-1")).await?.revision;
    store.tidy(time(1_000), 10).await?;
    same("the revision of what was tidied", store.resource(&user("u-1")).await?.revision, 0)?;
    commit(store, write_resource(&user("u-1"), 0, 1)).await?;
    let after = store.resource(&user("u-1")).await?.revision;
    holds("the revision is new", after != before && after != 0)
}

async fn s03_what_is_read_has_the_same_revision_everywhere(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), queued()).await?;
    put(store, &lane("u-1"), queued()).await?;
    let wanted = vec![revision(store, &lane("u-1")).await?];
    let revisions = |lanes: Vec<crate::store::StoredLane>| {
        lanes.into_iter().map(|row| row.revision).collect::<Vec<u64>>()
    };
    let row = store.resource(&user("u-1")).await?;
    same("a resource's lane", revisions(row.lanes), wanted.clone())?;
    let found = store.lanes_at(&target_key(hr()), &[user("u-1")]).await?;
    same("a target's lane", revisions(found), wanted.clone())?;
    let found = store.lanes(&LaneQuery::new(acme(), Which::Due)).await?;
    same("a listed lane", revisions(found), wanted)
}

async fn s06_the_number_of_the_newest_event_is_kept(store: &dyn Store) -> Checked {
    for number in 1..=5 {
        let row = store.resource(&user("u-1")).await?;
        same("the number of the next event", row.newest.next(), EventId::new(number))?;
        commit(store, write_resource(&user("u-1"), row.revision, number)).await?;
        // Other writes have other numbers.
        put(store, &lane("u-2"), queued()).await?;
    }
    same("nobody else's", store.resource(&user("u-2")).await?.newest, EventId::default())
}

async fn s06_events_that_come_at_once_are_numbered_without_gaps(store: &dyn Store) -> Checked {
    const AT_ONCE: u64 = 8;
    let accepting = (0..AT_ONCE).map(|_| async {
        // Each round commits one of those that are left, whoever it is.
        for _ in 0..AT_ONCE {
            let row = store.resource(&user("u-1")).await?;
            let number = row.newest.next().number();
            let batch = write_resource(&user("u-1"), row.revision, number);
            if store.commit(batch, Durability::Immediate).await?.is_done() {
                return Ok(number);
            }
        }
        Err(Wrong("a batch is refused although nobody else has committed".to_owned()))
    });
    let numbers: Vec<u64> =
        join_all(accepting.collect()).await.into_iter().collect::<Checked<_>>()?;
    same("the events' numbers", sorted(numbers), (1..=AT_ONCE).collect())?;
    same("the newest", store.resource(&user("u-1")).await?.newest, EventId::new(AT_ONCE))
}
