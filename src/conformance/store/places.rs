//! What outlives a life: sentences 4 and 5, and what 3, 7 and 11 say across lives.

use serde_json::json;

use super::scene::{
    Checked, OnPlace, Place, Trial, announced, attempted_by, attributes, commit, due, form, group,
    group_lane, holds, hr, is_woken, join, lane, linked, new_lanes, parked, put, queued,
    queued_until, record, refused, revision, same, settled, sorted, staff, target_key, time,
    trials, unsettled_until, urgent_until, user, write, write_resource,
};
use crate::delivery::{Close, Era, Health, Joined, MemberWrites};
use crate::model::{EventId, Fact, Member, RemoteId};
use crate::store::{Batch, Durability, LaneQuery, Opening, ResourceWrite, Store, Which};

pub(super) const TRIALS: &[Trial<OnPlace>] = trials![
    3: s03_no_revision_is_given_again_in_a_later_life,
        s03_a_revision_holds_in_a_later_life;
    4: s04_what_was_immediate_survives_a_close,
        s04_what_was_immediate_survives_a_death,
        s04_what_is_due_survives_in_its_order,
        s04_what_was_deferred_survives_a_close,
        s04_what_was_deferred_survives_with_what_was_immediate_after_it,
        s04_of_what_was_deferred_a_suffix_is_lost_or_nothing,
        s04_what_was_forgotten_does_not_come_back,
        s04_another_name_is_another_place;
    5: s05_a_later_life_has_a_higher_number,
        s05_a_life_after_a_close_is_clean,
        s05_a_life_after_a_death_says_so,
        s05_a_death_is_remembered_by_later_lives;
    7: s07_what_an_ended_life_worked_on_is_due;
    11: s11_a_mark_closes_in_a_later_life,
        s11_no_mark_is_given_again_in_a_later_life;
];

/// How a life ends.
#[derive(Clone, Copy)]
enum End {
    Close,
    Death,
}

const BOTH: [End; 2] = [End::Close, End::Death];

async fn next_life(place: &dyn Place, store: Box<dyn Store>, end: End) -> Checked<Box<dyn Store>> {
    if let End::Close = end {
        store.close().await?;
    }
    drop(store);
    Ok(place.open().await?)
}

async fn deferred(store: &dyn Store, batch: Batch) -> Checked {
    let committed = store.commit(batch, Durability::Deferred).await?;
    same("a commit", committed.is_done(), true)
}

async fn s03_no_revision_is_given_again_in_a_later_life(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    let mut seen = vec![0];
    for end in [BOTH, BOTH].concat() {
        for _ in 0..3 {
            put(&store, &lane("u-1"), settled()).await?;
            let new = revision(&store, &lane("u-1")).await?;
            holds("the revision is new", !seen.contains(&new))?;
            seen.push(new);
            commit(&store, write(&lane("u-1"), new, None)).await?;
        }
        store = next_life(place, store, end).await?;
    }
    Ok(())
}

async fn s03_a_revision_holds_in_a_later_life(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    for end in BOTH {
        put(&store, &lane("u-1"), settled()).await?;
        let first = revision(&store, &lane("u-1")).await?;
        put(&store, &lane("u-1"), settled()).await?;
        let second = revision(&store, &lane("u-1")).await?;
        store = next_life(place, store, end).await?;
        refused(&store, write(&lane("u-1"), first, Some(queued()))).await?;
        commit(&store, write(&lane("u-1"), second, Some(queued()))).await?;
    }
    Ok(())
}

async fn survives(place: &dyn Place, end: End) -> Checked {
    let store = place.open().await?;
    let own = group_lane("g-1");
    let mut health = Health::default();
    health.pause(true);
    let fact = Fact::new("size", json!({ "o'hara": [null, 0.5] }), time(7));
    let hint = announced(1, "u-1");
    let there = Joined { account: RemoteId::new("r-7")?, doubtful: true };
    let resource = ResourceWrite {
        attributes: Some(attributes("Staff")),
        ..ResourceWrite::new(group("g-1"), 0, EventId::new(41))
    };
    let lanes = [
        (lane("due"), queued()),
        (lane("parked"), parked()),
        (lane("unsettled"), unsettled_until(90_000)),
        (lane("linked"), linked("r-1")?),
        (own.clone(), settled()),
    ];
    commit(
        &store,
        Batch {
            resource: Some(resource),
            membership: vec![join(&group("g-1"), &staff())],
            open: vec![Opening::These(own.clone(), vec![staff(), Member::user("waits")])],
            health: Some((target_key(hr()), health.clone())),
            facts: vec![(target_key(hr()), "size".into(), Some(fact.clone()))],
            announce: vec![hint.clone()],
            ..new_lanes(lanes.clone())
        },
    )
    .await?;
    let open = store.open_members(&own, 9).await?.members;
    let waits = open.iter().filter(|open| open.member != staff());
    let writes = MemberWrites {
        joined: vec![(staff(), Some(there.clone()))],
        close: waits.map(|open| (open.member.clone(), open.opened, Close::Waiting)).collect(),
        ..MemberWrites::default()
    };
    commit(&store, Batch { members: Some((own.clone(), writes)), ..Batch::new() }).await?;

    let store = next_life(place, store, end).await?;
    let row = store.resource(&group("g-1")).await?;
    same("the newest event", row.newest, EventId::new(41))?;
    same("the attributes", row.attributes, Some(attributes("Staff")))?;
    for (key, wanted) in lanes {
        same("a lane", form(&record(&store, &key).await?)?, form(&wanted)?)?;
    }
    for (which, wanted) in [
        (Which::Due, vec!["due", "unsettled"]),
        (Which::Parked, vec!["parked"]),
        (Which::Unsettled, vec!["unsettled"]),
    ] {
        let found = store.lanes(&LaneQuery::new("acme".into(), which)).await?;
        let keys = found.into_iter().map(|row| row.key);
        same("a list", sorted(keys), sorted(wanted.into_iter().map(lane)))?;
    }
    same("members", store.members_of(&group("g-1")).await?, vec![staff()])?;
    same("groups", store.groups_of(&user("u-1")).await?, vec![group("g-1")])?;
    let open = store.open_members(&own, 9).await?.members.into_iter();
    let open = open.map(|open| (open.member, open.wanted, open.joined)).collect();
    same("open members", open, vec![(staff(), true, Some(there))])?;
    same("who waits", store.waiting_members(&own).await?, 1)?;
    same("healths", store.healths().await?, vec![(target_key(hr()), health)])?;
    same("facts", store.facts(&target_key(hr())).await?, vec![fact])?;
    same("announcements", store.hints(9).await?, vec![hint])
}

async fn s04_what_was_immediate_survives_a_close(place: &dyn Place) -> Checked {
    survives(place, End::Close).await
}

async fn s04_what_was_immediate_survives_a_death(place: &dyn Place) -> Checked {
    survives(place, End::Death).await
}

async fn s04_what_is_due_survives_in_its_order(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    let lanes = [
        ("a", queued_until(9)),
        ("b", queued_until(300)),
        ("c", urgent_until(400)),
        ("d", parked()),
    ];
    commit(&store, new_lanes(lanes.map(|(id, record)| (lane(id), record)))).await?;
    for end in BOTH {
        store = next_life(place, store, end).await?;
        let wanted = ["c", "a", "b"].map(String::from).to_vec();
        same("due lanes", due(&store, 1_000, 9).await?, wanted)?;
        same(
            "the agenda",
            store.agenda(&std::collections::HashSet::new()).await?,
            vec![(target_key(hr()), time(9))],
        )?;
    }
    Ok(())
}

async fn s04_what_was_deferred_survives_a_close(place: &dyn Place) -> Checked {
    let store = place.open().await?;
    deferred(&store, write(&lane("u-1"), 0, Some(queued()))).await?;
    holds("it is seen at once", store.lane(&lane("u-1")).await?.is_some())?;
    let store = next_life(place, store, End::Close).await?;
    same("the lane", form(&record(&store, &lane("u-1")).await?)?, form(&queued())?)
}

async fn s04_what_was_deferred_survives_with_what_was_immediate_after_it(
    place: &dyn Place,
) -> Checked {
    let store = place.open().await?;
    deferred(&store, write(&lane("u-1"), 0, Some(queued()))).await?;
    deferred(&store, write(&lane("u-2"), 0, Some(parked()))).await?;
    commit(&store, write(&lane("u-3"), 0, Some(settled()))).await?;
    let store = next_life(place, store, End::Death).await?;
    for (id, wanted) in [("u-1", queued()), ("u-2", parked()), ("u-3", settled())] {
        same("a lane", form(&record(&store, &lane(id)).await?)?, form(&wanted)?)?;
    }
    Ok(())
}

async fn s04_of_what_was_deferred_a_suffix_is_lost_or_nothing(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    for round in 0..3 {
        let id = |number: u64| format!("u-{round}-{number}");
        commit(&store, write(&lane(&id(0)), 0, Some(settled()))).await?;
        let newest = store.resource(&user("counted")).await?;
        for number in 1..=9 {
            let revision = store.resource(&user("counted")).await?.revision;
            let mut batch =
                write_resource(&user("counted"), revision, newest.newest.number() + number);
            batch.lanes = write(&lane(&id(number)), 0, Some(settled())).lanes;
            deferred(&store, batch).await?;
        }
        store = next_life(place, store, End::Death).await?;
        let left = store.resource(&user("counted")).await?.newest.number();
        let left = left.checked_sub(newest.newest.number());
        holds("what was immediate is there", left.is_some())?;
        for number in 0..=9 {
            let is_there = store.lane(&lane(&id(number))).await?.is_some();
            same("a lane of a deferred batch is there", is_there, Some(number) <= left)?;
        }
    }
    Ok(())
}

async fn s04_what_was_forgotten_does_not_come_back(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    for end in BOTH {
        put(&store, &lane("u-1"), queued()).await?;
        let hint = announced(1, "u-1");
        commit(&store, Batch { announce: vec![hint.clone()], ..Batch::new() }).await?;
        let forget = write(&lane("u-1"), revision(&store, &lane("u-1")).await?, None);
        commit(&store, Batch { fulfil: vec![hint], ..forget }).await?;
        store = next_life(place, store, end).await?;
        holds("the lane is gone", store.lane(&lane("u-1")).await?.is_none())?;
        holds("nothing is due", store.agenda(&std::collections::HashSet::new()).await?.is_empty())?;
        holds("nothing is announced", store.hints(9).await?.is_empty())?;
    }
    Ok(())
}

/// Each case has a name of its own, so what other cases left behind is not here.
async fn s04_another_name_is_another_place(place: &dyn Place) -> Checked {
    let store = place.open().await?;
    holds("nothing is due", store.agenda(&std::collections::HashSet::new()).await?.is_empty())?;
    holds("no lane is there", store.lane(&lane("u-1")).await?.is_none())?;
    same("since when lives have ended cleanly", store.life().unclean_before, Era::default())
}

async fn s05_a_later_life_has_a_higher_number(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    for end in [BOTH, BOTH].concat() {
        let before = store.life().era;
        // A life in which nothing is written counts too.
        store = next_life(place, store, end).await?;
        holds("the number is higher", store.life().era > before)?;
    }
    Ok(())
}

async fn s05_a_life_after_a_close_is_clean(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    for number in 0..3 {
        put(&store, &lane(&number.to_string()), queued()).await?;
        store = next_life(place, store, End::Close).await?;
        let since = store.life().unclean_before;
        same("since when lives have ended cleanly", since, Era::default())?;
    }
    Ok(())
}

async fn s05_a_life_after_a_death_says_so(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    for number in 0..3 {
        put(&store, &lane(&number.to_string()), queued()).await?;
        store = next_life(place, store, End::Death).await?;
        let life = store.life();
        same("since when lives have ended cleanly", life.unclean_before, life.era)?;
    }
    // Even when nothing was written in it.
    let store = next_life(place, store, End::Death).await?;
    same("since when lives have ended cleanly", store.life().unclean_before, store.life().era)
}

async fn s05_a_death_is_remembered_by_later_lives(place: &dyn Place) -> Checked {
    let store = place.open().await?;
    let mut store = next_life(place, store, End::Death).await?;
    let since = store.life().era;
    for _ in 0..2 {
        same("since when lives have ended cleanly", store.life().unclean_before, since)?;
        store = next_life(place, store, End::Close).await?;
    }
    Ok(())
}

async fn s07_what_an_ended_life_worked_on_is_due(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    for end in BOTH {
        put(&store, &lane("u-1"), queued()).await?;
        put(&store, &lane("u-1"), attempted_by(store.life().era)).await?;
        store = next_life(place, store, end).await?;
        same("due lanes", due(&store, 0, 9).await?, vec!["u-1".into()])?;
    }
    Ok(())
}

async fn opened(store: &dyn Store) -> Checked<u64> {
    let open = store.open_members(&group_lane("g-1"), 9).await?.members;
    Ok(open.first().map_or(0, |open| open.opened))
}

async fn open(store: &dyn Store) -> Checked {
    let open = vec![Opening::These(group_lane("g-1"), vec![staff()])];
    commit(store, Batch { open, ..Batch::new() }).await
}

async fn close(store: &dyn Store, mark: u64) -> Checked {
    let close = vec![(staff(), mark, Close::Done)];
    let writes = MemberWrites { close, ..MemberWrites::default() };
    commit(store, Batch { members: Some((group_lane("g-1"), writes)), ..Batch::new() }).await
}

async fn s11_a_mark_closes_in_a_later_life(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    for end in BOTH {
        open(&store).await?;
        let mark = opened(&store).await?;
        store = next_life(place, store, end).await?;
        close(&store, mark).await?;
        same("the member's mark", opened(&store).await?, 0)?;
    }
    Ok(())
}

async fn s11_no_mark_is_given_again_in_a_later_life(place: &dyn Place) -> Checked {
    let mut store = place.open().await?;
    put(&store, &group_lane("g-1"), settled()).await?;
    for end in BOTH {
        open(&store).await?;
        let older = opened(&store).await?;
        close(&store, older).await?;
        store = next_life(place, store, end).await?;
        open(&store).await?;
        holds("the mark is new", opened(&store).await? != older)?;
        close(&store, older).await?;
        holds("the member is still open", opened(&store).await? != 0)?;
        same("the group's lane is woken", is_woken(&store, &group_lane("g-1")).await?, true)?;
        put(&store, &group_lane("g-1"), settled()).await?;
    }
    Ok(())
}
