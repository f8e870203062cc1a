//! Sentences 15, 16 and 5: what is kept beside lanes, what is forgotten, and a store's first life.

use serde_json::{Value, json};

use super::scene::{
    Checked, OnStore, Trial, Wrong, commit, crm, form, gone_since, group, group_lane, holds, hr,
    join, lane, linked, membership, moment, parked, put, queued, record, same, settled, sorted,
    staff, target_key, time, trials, unsettled_until, user, write, write_resource,
};
use crate::delivery::{Era, Health};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Fact, LaneKey, TargetKey};
use crate::store::{Batch, Durability, Hint, Store};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    5: s05_the_first_life_has_a_number_and_none_before_it,
        s05_a_life_stays_the_same,
        s05_nothing_is_read_or_written_when_the_life_is_over;
    15: s15_a_health_is_as_it_was_written_last,
        s15_a_health_comes_back_whole,
        s15_a_health_that_says_nothing_is_kept_too,
        s15_a_health_is_of_its_target,
        s15_a_fact_is_as_it_was_written_last,
        s15_a_fact_of_any_sort_comes_back,
        s15_a_fact_can_be_forgotten,
        s15_a_fact_is_of_its_target,
        s15_an_announcement_is_kept_until_it_is_fulfilled,
        s15_announcements_of_one_resource_are_kept_apart,
        s15_announcements_of_the_oldest_life_come_first,
        s15_no_more_announcements_are_shown_than_asked_for,
        s15_what_is_announced_and_fulfilled_in_one_batch_is_gone;
    16: s16_a_lane_that_remembers_nothing_is_forgotten,
        s16_a_lane_that_has_remembered_nothing_for_less_long_is_kept,
        s16_a_lane_that_remembers_something_is_kept,
        s16_a_resource_without_lanes_is_forgotten,
        s16_a_resource_with_a_lane_is_kept,
        s16_no_more_rows_are_forgotten_than_asked_for,
        s16_whatever_may_be_forgotten_is_forgotten_in_the_end,
        s16_nothing_else_is_forgotten;
];

async fn s05_the_first_life_has_a_number_and_none_before_it(store: &dyn Store) -> Checked {
    let life = store.life();
    holds("the number is higher than that of no life", life.era > Era::default())?;
    same("since when lives have ended cleanly", life.unclean_before, Era::default())
}

async fn s05_a_life_stays_the_same(store: &dyn Store) -> Checked {
    let before = store.life();
    commit(store, write(&lane("u-1"), 0, Some(queued()))).await?;
    same("the life", store.life(), before)
}

fn fails<T>(what: &str, result: Result<T>) -> Checked {
    match result {
        Ok(_) => Err(Wrong(format!("{what} works although the store is closed"))),
        Err(error) => same(what, error.kind(), ErrorKind::Storage),
    }
}

async fn s05_nothing_is_read_or_written_when_the_life_is_over(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), queued()).await?;
    store.close().await?;
    fails("a commit", store.commit(Batch::new(), Durability::Immediate).await)?;
    fails("to read a resource", store.resource(&user("u-1")).await)?;
    fails("to read a lane", store.lane(&lane("u-1")).await)?;
    fails("to read what is due", store.due(&target_key(hr()), time(0), 1).await)?;
    fails("to read the agenda", store.agenda(&std::collections::HashSet::new()).await)?;
    fails("to read announcements", store.hints(1).await)?;
    fails("to tidy", store.tidy(time(0), 1).await)
}

fn with_health(target: &TargetKey, health: &Health) -> Batch {
    Batch { health: Some((target.clone(), health.clone())), ..Batch::new() }
}

fn paused() -> Health {
    let mut health = Health::default();
    health.pause(true);
    health
}

async fn s15_a_health_is_as_it_was_written_last(store: &dyn Store) -> Checked {
    let own = target_key(hr());
    same("a health that was never written", store.health(&own).await?, Health::default())?;
    for health in [paused(), Health::default(), paused()] {
        commit(store, with_health(&own, &health)).await?;
        same("the health", store.health(&own).await?, health.clone())?;
        same("all healths", store.healths().await?, vec![(own.clone(), health)])?;
    }
    Ok(())
}

async fn s15_a_health_comes_back_whole(store: &dyn Store) -> Checked {
    let mut health = paused();
    for kind in [ErrorKind::Unavailable, ErrorKind::Unauthenticated, ErrorKind::RateLimited] {
        health.note(Some(&Error::new(kind, "no")), &moment(1_000));
        commit(store, with_health(&target_key(hr()), &health)).await?;
        same("the health", store.health(&target_key(hr())).await?, health.clone())?;
    }
    Ok(())
}

async fn s15_a_health_that_says_nothing_is_kept_too(store: &dyn Store) -> Checked {
    commit(store, with_health(&target_key(hr()), &Health::default())).await?;
    same("all healths", store.healths().await?, vec![(target_key(hr()), Health::default())])
}

async fn s15_a_health_is_of_its_target(store: &dyn Store) -> Checked {
    let [own, other] = [hr(), crm()].map(target_key);
    let theirs = TargetKey::new("globex".into(), hr());
    commit(store, with_health(&own, &paused())).await?;
    for target in [&other, &theirs] {
        same("another health", store.health(target).await?, Health::default())?;
    }
    commit(store, with_health(&other, &Health::default())).await?;
    let known = store.healths().await?.into_iter().map(|(target, _)| target);
    same("targets with a health", sorted(known), sorted([own.clone(), other]))?;
    same("the health", store.health(&own).await?, paused())
}

fn with_fact(target: &TargetKey, name: &str, fact: Option<Fact>) -> Batch {
    Batch { facts: vec![(target.clone(), name.to_owned(), fact)], ..Batch::new() }
}

async fn s15_a_fact_is_as_it_was_written_last(store: &dyn Store) -> Checked {
    let own = target_key(hr());
    for (value, at) in [(json!(1), 1), (json!(2), 2), (json!(1), 1)] {
        let fact = Fact::new("size", value, time(at));
        commit(store, with_fact(&own, "size", Some(fact.clone()))).await?;
        same("the facts", store.facts(&own).await?, vec![fact])?;
    }
    Ok(())
}

async fn s15_a_fact_of_any_sort_comes_back(store: &dyn Store) -> Checked {
    let values = [
        Value::Null,
        json!(false),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0.5),
        json!("o'hara \" \\ \u{1F469} \n"),
        json!([[], {}, null]),
        json!({ "": { "a.b": "ü" } }),
    ];
    for (value, at) in values.into_iter().zip([0, 1, -1, i64::MAX, i64::MIN].into_iter().cycle()) {
        let fact = Fact::new("a 'name'", value, time(at));
        commit(store, with_fact(&target_key(hr()), "a 'name'", Some(fact.clone()))).await?;
        same("the facts", store.facts(&target_key(hr())).await?, vec![fact])?;
    }
    Ok(())
}

async fn s15_a_fact_can_be_forgotten(store: &dyn Store) -> Checked {
    let own = target_key(hr());
    for name in ["size", "siz", "size2"] {
        let fact = Fact::new(name, json!(1), time(1));
        commit(store, with_fact(&own, name, Some(fact))).await?;
    }
    commit(store, with_fact(&own, "size", None)).await?;
    commit(store, with_fact(&own, "never", None)).await?;
    let names = store.facts(&own).await?.into_iter().map(|fact| fact.name);
    same("the facts' names", sorted(names), vec!["siz".to_owned(), "size2".to_owned()])
}

async fn s15_a_fact_is_of_its_target(store: &dyn Store) -> Checked {
    let fact = |at| Fact::new("size", json!(at), time(at));
    let [own, other] = [hr(), crm()].map(target_key);
    commit(store, with_fact(&own, "size", Some(fact(1)))).await?;
    holds("nothing is known of the other", store.facts(&other).await?.is_empty())?;
    commit(store, with_fact(&other, "size", Some(fact(2)))).await?;
    commit(store, with_fact(&own, "size", None)).await?;
    holds("nothing is known any more", store.facts(&own).await?.is_empty())?;
    same("the other's facts", store.facts(&other).await?, vec![fact(2)])
}

fn hint(era: u64, number: u64, id: &str) -> Hint {
    Hint::new(Era::new(era), number, user(id))
}

fn announce(hints: &[Hint]) -> Batch {
    Batch { announce: hints.to_vec(), ..Batch::new() }
}

fn fulfil(hints: &[Hint]) -> Batch {
    Batch { fulfil: hints.to_vec(), ..Batch::new() }
}

async fn s15_an_announcement_is_kept_until_it_is_fulfilled(store: &dyn Store) -> Checked {
    let own = hint(1, 7, "o'hara");
    commit(store, announce(std::slice::from_ref(&own))).await?;
    same("the announcements", store.hints(9).await?, vec![own.clone()])?;
    commit(store, fulfil(&[hint(1, 8, "o'hara"), hint(2, 7, "o'hara")])).await?;
    same("the announcements", store.hints(9).await?, vec![own.clone()])?;
    commit(store, fulfil(&[own])).await?;
    same("the announcements", store.hints(9).await?, vec![])
}

async fn s15_announcements_of_one_resource_are_kept_apart(store: &dyn Store) -> Checked {
    let (first, second) = (hint(1, 1, "u-1"), hint(1, 2, "u-1"));
    commit(store, announce(&[first.clone(), second.clone()])).await?;
    commit(store, fulfil(&[first])).await?;
    same("the announcements", store.hints(9).await?, vec![second])
}

async fn s15_announcements_of_the_oldest_life_come_first(store: &dyn Store) -> Checked {
    let lives = [3, 1, 256, 2, 255];
    commit(store, announce(&lives.map(|era| hint(era, 300 - era, "u-1")))).await?;
    let found = store.hints(9).await?.into_iter().map(|hint| hint.era.number());
    same("the announcements' lives", found.collect(), sorted(lives))?;
    let first = store.hints(1).await?.into_iter().map(|hint| hint.era.number());
    same("the first one's life", first.collect(), vec![1])
}

async fn s15_no_more_announcements_are_shown_than_asked_for(store: &dyn Store) -> Checked {
    let hints: Vec<Hint> = (1..=5).map(|number| hint(1, number, "u-1")).collect();
    commit(store, announce(&hints)).await?;
    for limit in 0..=5 {
        same("announcements", store.hints(limit).await?.len(), limit)?;
    }
    same("announcements", store.hints(6).await?.len(), 5)
}

async fn s15_what_is_announced_and_fulfilled_in_one_batch_is_gone(store: &dyn Store) -> Checked {
    let own = [hint(1, 1, "u-1")];
    commit(store, Batch { announce: own.to_vec(), fulfil: own.to_vec(), ..Batch::new() }).await?;
    same("the announcements", store.hints(9).await?, vec![])
}

/// A resource with one lane.
async fn with_lane(
    store: &dyn Store,
    lane: &LaneKey,
    kept: crate::delivery::LaneRecord,
) -> Checked {
    commit(store, write_resource(&lane.resource, 0, 1)).await?;
    put(store, lane, kept).await
}

/// Tidies until there is nothing more to forget; answers how many rows were forgotten.
async fn tidy(store: &dyn Store, before: i64, limit: usize) -> Checked<usize> {
    let (mut forgotten, mut idle) = (0, 0);
    // It may take its time over many rows, and begin again from the first.
    while idle < 20 {
        let found = store.tidy(time(before), limit).await?;
        holds("no more rows were forgotten than asked for", found <= limit)?;
        forgotten += found;
        idle = if found == 0 { idle + 1 } else { 0 };
        holds("it comes to an end", forgotten <= 1_000)?;
    }
    Ok(forgotten)
}

async fn s16_a_lane_that_remembers_nothing_is_forgotten(store: &dyn Store) -> Checked {
    with_lane(store, &lane("u-1"), gone_since(1_000)).await?;
    put(store, &LaneKey::new(user("u-1"), crm()), linked("r-1")?).await?;
    same("how many were forgotten", tidy(store, 1_001, 100).await?, 1)?;
    holds("the lane is gone", store.lane(&lane("u-1")).await?.is_none())?;
    same("the lanes that are left", store.resource(&user("u-1")).await?.lanes.len(), 1)
}

async fn s16_a_lane_that_has_remembered_nothing_for_less_long_is_kept(
    store: &dyn Store,
) -> Checked {
    with_lane(store, &lane("u-1"), gone_since(1_000)).await?;
    with_lane(store, &lane("u-2"), gone_since(1_001)).await?;
    same("how many were forgotten", tidy(store, 1_000, 100).await?, 0)?;
    // The lane, and the resource with it.
    same("how many were forgotten", tidy(store, 1_001, 100).await?, 2)?;
    holds("the later one is there", store.lane(&lane("u-2")).await?.is_some())
}

async fn s16_a_lane_that_remembers_something_is_kept(store: &dyn Store) -> Checked {
    let kept = [
        ("due", queued()),
        ("parked", parked()),
        ("unsettled", unsettled_until(70_000)),
        ("settled", settled()),
        ("linked", linked("r-1")?),
    ];
    for (id, kept) in kept.clone() {
        with_lane(store, &lane(id), kept).await?;
    }
    same("how many were forgotten", tidy(store, i64::MAX, 100).await?, 0)?;
    for (id, kept) in kept {
        same("a lane", form(&record(store, &lane(id)).await?)?, form(&kept)?)?;
    }
    Ok(())
}

async fn s16_a_resource_without_lanes_is_forgotten(store: &dyn Store) -> Checked {
    for id in ["u-1", "u-2"] {
        commit(store, write_resource(&user(id), 0, 3)).await?;
    }
    same("how many were forgotten", tidy(store, 1, 100).await?, 2)?;
    for id in ["u-1", "u-2"] {
        same("a revision", store.resource(&user(id)).await?.revision, 0)?;
    }
    Ok(())
}

async fn s16_a_resource_with_a_lane_is_kept(store: &dyn Store) -> Checked {
    with_lane(store, &lane("u-1"), linked("r-1")?).await?;
    with_lane(store, &lane("u-2"), gone_since(9)).await?;
    let before = store.resource(&user("u-1")).await?.revision;
    same("how many were forgotten", tidy(store, 10, 100).await?, 2)?;
    same("a revision", store.resource(&user("u-1")).await?.revision, before)?;
    same("a revision", store.resource(&user("u-2")).await?.revision, 0)
}

async fn s16_no_more_rows_are_forgotten_than_asked_for(store: &dyn Store) -> Checked {
    for number in 0..10 {
        with_lane(store, &lane(&format!("u-{number}")), gone_since(1)).await?;
        let beside = LaneKey::new(user(&format!("u-{number}")), crm());
        put(store, &beside, gone_since(1)).await?;
    }
    let mut left = 30;
    for limit in [0, 1, 2, 3, 4] {
        let forgotten = store.tidy(time(5), limit).await?;
        holds("no more rows were forgotten than asked for", forgotten <= limit)?;
        left -= forgotten;
        let mut found = 0;
        for number in 0..10 {
            let row = store.resource(&user(&format!("u-{number}"))).await?;
            found += row.lanes.len() + usize::from(row.revision > 0);
        }
        same("the rows that are left", found, left)?;
    }
    Ok(())
}

async fn s16_whatever_may_be_forgotten_is_forgotten_in_the_end(store: &dyn Store) -> Checked {
    for number in 0..30 {
        let kept = if number % 3 == 0 { gone_since(1) } else { settled() };
        with_lane(store, &lane(&format!("u-{number}")), kept).await?;
    }
    same("how many were forgotten", tidy(store, 5, 4).await?, 20)?;
    same("how many were forgotten", tidy(store, 5, 4).await?, 0)
}

async fn s16_nothing_else_is_forgotten(store: &dyn Store) -> Checked {
    with_lane(store, &lane("u-1"), linked("r-1")?).await?;
    put(store, &group_lane("g-1"), settled()).await?;
    commit(store, membership([join(&group("g-1"), &staff())])).await?;
    commit(store, announce(&[hint(1, 1, "u-9")])).await?;
    commit(store, with_health(&target_key(hr()), &paused())).await?;
    let fact = Fact::new("size", json!(1), time(1));
    commit(store, with_fact(&target_key(hr()), "size", Some(fact.clone()))).await?;
    tidy(store, i64::MAX, 100).await?;
    same("members", store.members_of(&group("g-1")).await?, vec![staff()])?;
    same("groups", store.groups_of(&user("u-1")).await?, vec![group("g-1")])?;
    same("announcements", store.hints(9).await?, vec![hint(1, 1, "u-9")])?;
    same("the health", store.health(&target_key(hr())).await?, paused())?;
    same("the facts", store.facts(&target_key(hr())).await?, vec![fact])?;
    holds("the group's lane is there", store.lane(&group_lane("g-1")).await?.is_some())
}
