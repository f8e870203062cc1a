//! Sentences 7, 8, 9 and 14: what is due, where, and what wakes a lane.

use super::scene::{
    Checked, OnStore, Trial, attempted_by, commit, crm, due, form, group_lane, holds, hr, is_woken,
    lane, linked, new_lanes, parked, put, queued, queued_until, record, revision, same, settled,
    sorted, target_key, time, trials, unsettled_until, urgent, urgent_until, user, wake, write,
};
use crate::delivery::LaneRecord;
use crate::model::{LaneKey, ResourceKey, ResourceKind, Target, TargetKey, Timestamp};
use crate::store::{Batch, Store};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    7: s07_urgent_lanes_go_before_all_others,
        s07_urgent_lanes_go_before_others_that_have_waited_longer,
        s07_lanes_go_by_their_time,
        s07_many_lanes_go_in_order,
        s07_a_lane_is_due_at_its_time_and_not_before,
        s07_an_urgent_lane_waits_for_its_time_too,
        s07_no_more_lanes_are_shown_than_asked_for_and_the_first_ones_are,
        s07_only_lanes_of_the_target_are_shown,
        s07_a_lane_stands_where_it_was_written_last,
        s07_a_lane_that_becomes_urgent_goes_to_the_front,
        s07_a_lane_with_nothing_to_do_is_not_due,
        s07_a_lane_is_due_when_nothing_can_land_any_more,
        s07_a_lane_is_due_again_when_its_attempt_has_failed,
        s07_the_beginning_and_the_end_of_time_are_in_order;
    8: s08_every_target_with_lanes_due_is_named_once_with_the_earliest_time,
        s08_the_earliest_lane_counts_whether_it_is_urgent_or_not,
        s08_what_is_due_later_is_named,
        s08_what_may_still_land_is_named_by_its_end,
        s08_the_time_moves_with_the_earliest_lane,
        s08_a_target_without_lanes_due_is_not_named,
        s08_targets_of_two_organizations_are_two;
    9: s09_a_parked_lane_is_not_due_and_not_on_the_agenda,
        s09_a_parked_lane_is_not_due_when_it_is_woken,
        s09_a_parked_lane_is_not_due_when_nothing_can_land_any_more,
        s09_a_lane_that_is_parked_leaves_its_place,
        s09_a_lane_is_due_again_when_it_is_no_longer_parked,
        s09_lanes_beside_a_parked_one_are_due;
    14: s14_a_lane_that_is_woken_is_due_at_once,
        s14_a_lane_is_woken_as_its_record_says,
        s14_a_lane_is_judged_as_its_record_says,
        s14_to_wake_a_lane_is_a_write_of_it,
        s14_to_wake_a_lane_that_is_not_there_is_nothing,
        s14_a_pause_after_a_failure_goes_on,
        s14_all_lanes_of_a_batch_are_woken,
        s14_a_lane_that_is_written_and_woken_in_one_batch_is_woken,
        s14_lanes_beside_are_not_woken;
];

async fn put_all<const N: usize>(store: &dyn Store, lanes: [(&str, LaneRecord); N]) -> Checked {
    commit(store, new_lanes(lanes.map(|(id, record)| (lane(id), record)))).await
}

async fn s07_urgent_lanes_go_before_all_others(store: &dyn Store) -> Checked {
    put_all(store, [("a", queued()), ("b", urgent()), ("c", queued()), ("d", urgent())]).await?;
    let found = due(store, 0, 10).await?;
    same("the due lanes", sorted(found.clone()).len(), 4)?;
    same("the first two", sorted(found.into_iter().take(2)), vec!["b".into(), "d".into()])
}

async fn s07_urgent_lanes_go_before_others_that_have_waited_longer(store: &dyn Store) -> Checked {
    put_all(store, [("a", queued()), ("b", queued_until(10)), ("c", urgent_until(20))]).await?;
    same("the due lanes", due(store, 20, 10).await?, vec!["c".into(), "a".into(), "b".into()])
}

async fn s07_lanes_go_by_their_time(store: &dyn Store) -> Checked {
    put_all(
        store,
        [
            ("a", queued_until(300)),
            ("b", queued_until(7)),
            ("c", queued_until(70_000)),
            ("d", urgent_until(256)),
            ("e", urgent_until(255)),
            ("f", queued()),
        ],
    )
    .await?;
    let wanted = ["e", "d", "f", "b", "a", "c"].map(String::from);
    same("the due lanes", due(store, 100_000, 10).await?, wanted.into())
}

async fn s07_many_lanes_go_in_order(store: &dyn Store) -> Checked {
    // 7 and 100 share no divisor, so every place is taken once.
    let places: Vec<i64> = (0..100).map(|number| number * 7 % 100).collect();
    let sort = |place: i64| match place % 2 {
        0 => urgent_until(place * 1_000),
        _ => queued_until(place * 1_000),
    };
    let lanes = places.iter().map(|place| (lane(&place.to_string()), sort(*place)));
    commit(store, new_lanes(lanes)).await?;
    let even = (0..100).filter(|place| place % 2 == 0);
    let odd = (0..100).filter(|place| place % 2 == 1);
    let wanted: Vec<String> = even.chain(odd).map(|place: i64| place.to_string()).collect();
    same("the due lanes", due(store, 100_000, 1_000).await?, wanted)
}

async fn s07_a_lane_is_due_at_its_time_and_not_before(store: &dyn Store) -> Checked {
    put_all(store, [("a", queued_until(1_000)), ("b", queued_until(1_001))]).await?;
    same("before", due(store, 999, 10).await?, vec![])?;
    same("in time", due(store, 1_000, 10).await?, vec!["a".into()])?;
    same("after", due(store, 1_001, 10).await?, vec!["a".into(), "b".into()])
}

async fn s07_an_urgent_lane_waits_for_its_time_too(store: &dyn Store) -> Checked {
    put_all(store, [("a", urgent_until(1_000)), ("b", queued())]).await?;
    same("before", due(store, 999, 10).await?, vec!["b".into()])?;
    same("in time", due(store, 1_000, 10).await?, vec!["a".into(), "b".into()])
}

async fn s07_no_more_lanes_are_shown_than_asked_for_and_the_first_ones_are(
    store: &dyn Store,
) -> Checked {
    put_all(
        store,
        [
            ("a", queued_until(2)),
            ("b", queued_until(1)),
            ("c", urgent_until(4)),
            ("d", urgent_until(3)),
        ],
    )
    .await?;
    let wanted = ["d", "c", "b", "a"].map(String::from);
    for limit in 0..=4 {
        let first = wanted.iter().take(limit).cloned().collect();
        same("the due lanes", due(store, 10, limit).await?, first)?;
    }
    Ok(())
}

async fn s07_only_lanes_of_the_target_are_shown(store: &dyn Store) -> Checked {
    let twin = ResourceKey::new("globex".into(), ResourceKind::User, "u-1".into());
    let elsewhere = [
        LaneKey::new(user("u-1"), crm()),
        LaneKey::new(user("u-1"), Target::new("hr", "scim")),
        LaneKey::new(twin, hr()),
    ];
    let lanes = elsewhere.iter().cloned().chain([lane("u-1"), group_lane("u-1")]);
    commit(store, new_lanes(lanes.map(|lane| (lane, urgent())))).await?;
    let found = store.due(&target_key(hr()), time(0), 10).await?;
    same("the due lanes", sorted(found), sorted([lane("u-1"), group_lane("u-1")]))?;
    for lane in elsewhere {
        same("the due lanes", store.due(&lane.target_key(), time(0), 10).await?, vec![lane])?;
    }
    Ok(())
}

async fn s07_a_lane_stands_where_it_was_written_last(store: &dyn Store) -> Checked {
    put(store, &lane("other"), queued_until(50)).await?;
    for (at, first) in [(100, false), (10, true), (60, false), (40, true), (40, true)] {
        put(store, &lane("own"), queued_until(at)).await?;
        let wanted = if first { ["own", "other"] } else { ["other", "own"] };
        same("the due lanes", due(store, 1_000, 10).await?, wanted.map(String::from).into())?;
    }
    Ok(())
}

async fn s07_a_lane_that_becomes_urgent_goes_to_the_front(store: &dyn Store) -> Checked {
    put_all(store, [("a", queued_until(5)), ("b", queued_until(6))]).await?;
    put(store, &lane("b"), urgent_until(6)).await?;
    same("the due lanes", due(store, 10, 10).await?, vec!["b".into(), "a".into()])?;
    put(store, &lane("b"), queued_until(6)).await?;
    same("the due lanes", due(store, 10, 10).await?, vec!["a".into(), "b".into()])
}

async fn s07_a_lane_with_nothing_to_do_is_not_due(store: &dyn Store) -> Checked {
    put_all(store, [("a", queued()), ("b", urgent_until(5)), ("c", linked("r-1")?)]).await?;
    put(store, &lane("a"), settled()).await?;
    put(store, &lane("b"), linked("r-2")?).await?;
    same("the due lanes", due(store, i64::MAX, 10).await?, vec![])
}

async fn s07_a_lane_is_due_when_nothing_can_land_any_more(store: &dyn Store) -> Checked {
    put_all(store, [("a", unsettled_until(90_000)), ("b", queued_until(80_000))]).await?;
    same("before", due(store, 89_999, 10).await?, vec!["b".into()])?;
    same("in time", due(store, 90_000, 10).await?, vec!["b".into(), "a".into()])
}

async fn s07_a_lane_is_due_again_when_its_attempt_has_failed(store: &dyn Store) -> Checked {
    put(store, &lane("a"), queued()).await?;
    put(store, &lane("a"), attempted_by(store.life().era)).await?;
    put(store, &lane("a"), queued_until(500)).await?;
    same("before", due(store, 499, 10).await?, vec![])?;
    same("in time", due(store, 500, 10).await?, vec!["a".into()])
}

async fn s07_the_beginning_and_the_end_of_time_are_in_order(store: &dyn Store) -> Checked {
    let times = [i64::MAX, 0, 1, -1, i64::from(i32::MAX) + 1];
    let lanes = times.map(|at| (lane(&at.to_string()), queued_until(at)));
    commit(store, new_lanes(lanes)).await?;
    let wanted = sorted(times).into_iter().map(|at| at.to_string()).collect();
    same("the due lanes", due(store, i64::MAX, 10).await?, wanted)?;
    same("before 1970", due(store, -1, 10).await?, vec!["-1".into()])
}

async fn agenda(store: &dyn Store) -> Checked<Vec<(TargetKey, Timestamp)>> {
    Ok(sorted(store.agenda(&std::collections::HashSet::new()).await?))
}

async fn s08_every_target_with_lanes_due_is_named_once_with_the_earliest_time(
    store: &dyn Store,
) -> Checked {
    let at_crm = |id: &str| LaneKey::new(user(id), crm());
    commit(
        store,
        new_lanes([
            (lane("a"), queued_until(30)),
            (lane("b"), queued_until(20)),
            (group_lane("c"), queued_until(40)),
            (at_crm("a"), queued_until(70)),
            (at_crm("b"), queued_until(90)),
        ]),
    )
    .await?;
    let wanted = sorted([(target_key(hr()), time(20)), (target_key(crm()), time(70))]);
    same("the agenda", agenda(store).await?, wanted)
}

async fn s08_the_earliest_lane_counts_whether_it_is_urgent_or_not(store: &dyn Store) -> Checked {
    for (urgent, normal) in [(50, 10), (10, 50), (20, 20)] {
        put(store, &lane("a"), urgent_until(urgent)).await?;
        put(store, &lane("b"), queued_until(normal)).await?;
        let wanted = vec![(target_key(hr()), time(urgent.min(normal)))];
        same("the agenda", agenda(store).await?, wanted)?;
    }
    Ok(())
}

async fn s08_what_is_due_later_is_named(store: &dyn Store) -> Checked {
    put(store, &lane("a"), queued_until(i64::MAX)).await?;
    same("the agenda", agenda(store).await?, vec![(target_key(hr()), time(i64::MAX))])
}

async fn s08_what_may_still_land_is_named_by_its_end(store: &dyn Store) -> Checked {
    put(store, &lane("a"), unsettled_until(90_000)).await?;
    same("the agenda", agenda(store).await?, vec![(target_key(hr()), time(90_000))])
}

async fn s08_the_time_moves_with_the_earliest_lane(store: &dyn Store) -> Checked {
    put_all(store, [("a", queued_until(10)), ("b", queued_until(20))]).await?;
    for (record, earliest) in [(queued_until(30), 20), (queued_until(5), 5), (settled(), 20)] {
        put(store, &lane("a"), record).await?;
        same("the agenda", agenda(store).await?, vec![(target_key(hr()), time(earliest))])?;
    }
    Ok(())
}

async fn s08_a_target_without_lanes_due_is_not_named(store: &dyn Store) -> Checked {
    put_all(store, [("a", settled()), ("b", queued()), ("c", linked("r-1")?)]).await?;
    same("the agenda", agenda(store).await?, vec![(target_key(hr()), time(0))])?;
    let expected = revision(store, &lane("b")).await?;
    commit(store, write(&lane("b"), expected, None)).await?;
    same("the agenda", agenda(store).await?, vec![])
}

async fn s08_targets_of_two_organizations_are_two(store: &dyn Store) -> Checked {
    let twin = ResourceKey::new("globex".into(), ResourceKind::User, "a".into());
    let twin = LaneKey::new(twin, hr());
    commit(store, new_lanes([(lane("a"), queued_until(9)), (twin.clone(), queued_until(3))]))
        .await?;
    let wanted = sorted([(target_key(hr()), time(9)), (twin.target_key(), time(3))]);
    same("the agenda", agenda(store).await?, wanted)
}

async fn idle(store: &dyn Store) -> Checked {
    same("the due lanes", due(store, i64::MAX, 10).await?, vec![])?;
    same("the agenda", agenda(store).await?, vec![])
}

async fn s09_a_parked_lane_is_not_due_and_not_on_the_agenda(store: &dyn Store) -> Checked {
    put(store, &lane("a"), parked()).await?;
    idle(store).await
}

async fn s09_a_parked_lane_is_not_due_when_it_is_woken(store: &dyn Store) -> Checked {
    put(store, &lane("a"), parked()).await?;
    commit(store, wake(&lane("a"))).await?;
    idle(store).await
}

async fn s09_a_parked_lane_is_not_due_when_nothing_can_land_any_more(store: &dyn Store) -> Checked {
    let mut record = parked();
    record.lane = unsettled_until(90_000).lane;
    holds("the record is parked and unsettled", record.unsettled().is_some())?;
    put(store, &lane("a"), record).await?;
    idle(store).await
}

async fn s09_a_lane_that_is_parked_leaves_its_place(store: &dyn Store) -> Checked {
    for before in [queued(), urgent_until(7), unsettled_until(90_000)] {
        put(store, &lane("a"), before).await?;
        put(store, &lane("a"), parked()).await?;
        idle(store).await?;
    }
    Ok(())
}

async fn s09_a_lane_is_due_again_when_it_is_no_longer_parked(store: &dyn Store) -> Checked {
    put(store, &lane("a"), parked()).await?;
    let mut retried = record(store, &lane("a")).await?;
    retried.retry();
    put(store, &lane("a"), retried).await?;
    same("the due lanes", due(store, 0, 10).await?, vec!["a".into()])
}

async fn s09_lanes_beside_a_parked_one_are_due(store: &dyn Store) -> Checked {
    put_all(store, [("a", parked()), ("b", queued_until(8)), ("c", parked())]).await?;
    same("the due lanes", due(store, 8, 1).await?, vec!["b".into()])?;
    same("the agenda", agenda(store).await?, vec![(target_key(hr()), time(8))])
}

async fn s14_a_lane_that_is_woken_is_due_at_once(store: &dyn Store) -> Checked {
    put_all(store, [("a", settled()), ("b", unsettled_until(90_000)), ("c", linked("r-1")?)])
        .await?;
    for (id, count) in ["a", "b", "c"].into_iter().zip(1..) {
        commit(store, wake(&lane(id))).await?;
        same("how many lanes are due", due(store, 0, 10).await?.len(), count)?;
    }
    Ok(())
}

async fn s14_a_lane_is_woken_as_its_record_says(store: &dyn Store) -> Checked {
    let records = [settled(), queued(), queued_until(9), parked(), unsettled_until(70_000)];
    for before in records {
        put(store, &lane("a"), before.clone()).await?;
        commit(store, wake(&lane("a"))).await?;
        let mut woken = before;
        woken.wake();
        same("the lane", form(&record(store, &lane("a")).await?)?, form(&woken)?)?;
    }
    Ok(())
}

async fn s14_a_lane_is_judged_as_its_record_says(store: &dyn Store) -> Checked {
    for before in [settled(), queued(), queued_until(9), parked(), unsettled_until(70_000)] {
        put(store, &lane("a"), before.clone()).await?;
        let mut batch = Batch::new();
        // One that is not there is nothing.
        batch.judge = vec![lane("a"), lane("nobody")];
        commit(store, batch).await?;
        let mut judged = before;
        judged.judge();
        same("the lane", form(&record(store, &lane("a")).await?)?, form(&judged)?)?;
    }
    Ok(())
}

async fn s14_to_wake_a_lane_is_a_write_of_it(store: &dyn Store) -> Checked {
    put(store, &lane("a"), settled()).await?;
    let mut before = revision(store, &lane("a")).await?;
    for _ in 0..3 {
        commit(store, wake(&lane("a"))).await?;
        let after = revision(store, &lane("a")).await?;
        holds("the revision is new", after != before)?;
        before = after;
    }
    Ok(())
}

async fn s14_to_wake_a_lane_that_is_not_there_is_nothing(store: &dyn Store) -> Checked {
    commit(store, wake(&lane("a"))).await?;
    holds("no lane is there", store.lane(&lane("a")).await?.is_none())?;
    holds("the resource has none", store.resource(&user("a")).await?.lanes.is_empty())?;
    idle(store).await
}

async fn s14_a_pause_after_a_failure_goes_on(store: &dyn Store) -> Checked {
    put(store, &lane("a"), queued_until(500)).await?;
    commit(store, wake(&lane("a"))).await?;
    same("before", due(store, 499, 10).await?, vec![])?;
    same("in time", due(store, 500, 10).await?, vec!["a".into()])
}

async fn s14_all_lanes_of_a_batch_are_woken(store: &dyn Store) -> Checked {
    put_all(store, [("a", settled()), ("b", settled()), ("c", settled())]).await?;
    let wake = ["a", "gone", "b", "a"].map(lane).into();
    commit(store, Batch { wake, ..Batch::new() }).await?;
    same("the due lanes", sorted(due(store, 0, 10).await?), vec!["a".into(), "b".into()])
}

async fn s14_a_lane_that_is_written_and_woken_in_one_batch_is_woken(store: &dyn Store) -> Checked {
    let batch = write(&lane("a"), 0, Some(settled()));
    commit(store, Batch { wake: vec![lane("a")], ..batch }).await?;
    same("the lane is woken", is_woken(store, &lane("a")).await?, true)
}

async fn s14_lanes_beside_are_not_woken(store: &dyn Store) -> Checked {
    let beside = [LaneKey::new(user("a"), crm()), group_lane("a"), lane("b")];
    let lanes = beside.iter().cloned().chain([lane("a")]);
    commit(store, new_lanes(lanes.map(|lane| (lane, settled())))).await?;
    commit(store, wake(&lane("a"))).await?;
    for lane in beside {
        same("the lane is woken", is_woken(store, &lane).await?, false)?;
    }
    Ok(())
}
