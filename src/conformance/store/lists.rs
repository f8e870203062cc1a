//! Lists of lanes, a page at a time. Under sentence 1, since a list is a read like any other; what is parked, under 9.

use super::scene::{
    Checked, OnStore, Trial, acme, commit, crm, form, group_lane, holds, hr, lane, new_lanes,
    parked, put, queued, queued_until, record, same, settled, sorted, trials, unsettled_until,
    urgent_until, user,
};
use crate::delivery::LaneRecord;
use crate::model::{LaneKey, OrganizationId, ResourceKey, ResourceKind, Target};
use crate::store::{LaneQuery, Store, Which};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    1: s01_what_is_due_is_listed_now_or_later,
        s01_what_is_unsettled_is_listed_as_such,
        s01_a_listed_lane_is_shown_whole,
        s01_a_list_is_of_one_organization,
        s01_a_list_can_be_of_one_target,
        s01_a_list_has_no_more_lanes_than_asked_for,
        s01_pages_of_due_lanes_show_each_once,
        s01_pages_of_unsettled_lanes_show_each_once,
        s01_pages_of_one_targets_due_lanes_show_each_once,
        s01_a_page_behind_a_lane_that_is_no_longer_due_leaves_nobody_out,
        s01_a_page_behind_another_targets_lane_is_of_the_target_asked_for,
        s01_a_page_behind_another_organizations_lane_is_of_the_one_asked_for;
    9: s09_what_is_parked_is_listed_as_such,
        s09_pages_of_parked_lanes_show_each_once,
        s09_a_page_behind_a_lane_that_is_no_longer_parked_goes_on_there;
];

fn query(which: Which) -> LaneQuery {
    LaneQuery::new(acme(), which)
}

async fn listed(store: &dyn Store, query: &LaneQuery) -> Checked<Vec<LaneKey>> {
    Ok(store.lanes(query).await?.into_iter().map(|row| row.key).collect())
}

/// All pages of a query, one after the other.
async fn paged(store: &dyn Store, mut query: LaneQuery) -> Checked<Vec<LaneKey>> {
    let mut all: Vec<LaneKey> = Vec::new();
    // More pages than there are lanes in any case: a store that repeats itself comes to an end too.
    for _ in 0..100 {
        let page = listed(store, &query).await?;
        holds("a page has no more lanes than asked for", page.len() <= query.limit)?;
        let Some(last) = page.last().cloned() else { break };
        query = query.after(last);
        all.extend(page);
    }
    Ok(all)
}

fn at(target: &Target, id: &str) -> LaneKey {
    LaneKey::new(user(id), target.clone())
}

/// Lanes at three targets, users' and groups'.
fn everywhere() -> Vec<LaneKey> {
    let targets = [hr(), crm(), Target::new("hr", "other")];
    let mut lanes = vec![group_lane("u-1"), group_lane("g-1")];
    for target in targets {
        lanes.extend(["u-1", "u-2", "u-30", "u-4"].map(|id| at(&target, id)));
    }
    lanes
}

/// Puts lanes there, and among them some that are not to be listed.
async fn put_everywhere(store: &dyn Store, sort: impl Fn(i64) -> LaneRecord + Send) -> Checked {
    let lanes = everywhere().into_iter().zip(1..).map(|(lane, number)| (lane, sort(number)));
    let others = ["u-0", "u-3", "u-9"].map(|id| (lane(id), settled()));
    commit(store, new_lanes(lanes.chain(others))).await
}

async fn s01_what_is_due_is_listed_now_or_later(store: &dyn Store) -> Checked {
    commit(
        store,
        new_lanes([
            (lane("now"), queued()),
            (lane("later"), queued_until(i64::MAX)),
            (lane("urgent"), urgent_until(5)),
            (lane("unsettled"), unsettled_until(90_000)),
            (lane("settled"), settled()),
            (lane("parked"), parked()),
        ]),
    )
    .await?;
    let wanted = ["now", "later", "urgent", "unsettled"].map(lane);
    same("due lanes", sorted(listed(store, &query(Which::Due)).await?), sorted(wanted))
}

async fn s01_what_is_unsettled_is_listed_as_such(store: &dyn Store) -> Checked {
    commit(
        store,
        new_lanes([
            (lane("due"), queued()),
            (lane("unsettled"), unsettled_until(90_000)),
            (lane("parked"), parked()),
        ]),
    )
    .await?;
    same(
        "unsettled lanes",
        listed(store, &query(Which::Unsettled)).await?,
        vec![lane("unsettled")],
    )?;
    put(store, &lane("unsettled"), settled()).await?;
    put(store, &lane("due"), unsettled_until(80_000)).await?;
    same("unsettled lanes", listed(store, &query(Which::Unsettled)).await?, vec![lane("due")])
}

async fn s01_a_listed_lane_is_shown_whole(store: &dyn Store) -> Checked {
    put_everywhere(store, queued_until).await?;
    for row in store.lanes(&query(Which::Due)).await? {
        same("a lane", form(&row.record)?, form(&record(store, &row.key).await?)?)?;
    }
    Ok(())
}

async fn s01_a_list_is_of_one_organization(store: &dyn Store) -> Checked {
    let theirs = |id: &str| {
        let resource = ResourceKey::new("acme2".into(), ResourceKind::User, id.into());
        LaneKey::new(resource, hr())
    };
    for (which, sort) in [(Which::Due, queued()), (Which::Parked, parked())] {
        put(store, &lane("u-1"), sort.clone()).await?;
        put(store, &theirs("u-2"), sort).await?;
        same("our lanes", listed(store, &query(which)).await?, vec![lane("u-1")])?;
        let query = LaneQuery::new("acme2".into(), which);
        same("their lanes", listed(store, &query).await?, vec![theirs("u-2")])?;
    }
    Ok(())
}

async fn s01_a_list_can_be_of_one_target(store: &dyn Store) -> Checked {
    let targets = [hr(), crm(), Target::new("hr", "other")];
    let sorts = [
        (Which::Due, queued_until(7)),
        (Which::Parked, parked()),
        (Which::Unsettled, unsettled_until(80_000)),
    ];
    for (which, sort) in sorts {
        for target in &targets {
            put(store, &at(target, "u-1"), sort.clone()).await?;
        }
        for target in &targets {
            let found = listed(store, &query(which).at(target.clone())).await?;
            same("a target's lanes", found, vec![at(target, "u-1")])?;
        }
        let nowhere = query(which).at(Target::new("h", "scim2"));
        holds("nothing is there", listed(store, &nowhere).await?.is_empty())?;
    }
    Ok(())
}

async fn s01_a_list_has_no_more_lanes_than_asked_for(store: &dyn Store) -> Checked {
    put_everywhere(store, |_| queued()).await?;
    for limit in [0, 1, 3] {
        same("lanes", listed(store, &query(Which::Due).limit(limit)).await?.len(), limit)?;
    }
    Ok(())
}

async fn shows_each_once(store: &dyn Store, which: Which) -> Checked {
    for limit in [1, 2, 5, 100] {
        let found = paged(store, query(which).limit(limit)).await?;
        same("the lanes of all pages", sorted(found), sorted(everywhere()))?;
    }
    Ok(())
}

async fn s01_pages_of_due_lanes_show_each_once(store: &dyn Store) -> Checked {
    // Later ones first, and urgent ones between.
    put_everywhere(store, |number| match number % 3 {
        0 => urgent_until(1_000 - number),
        1 => queued_until(1_000 - number),
        _ => queued(),
    })
    .await?;
    shows_each_once(store, Which::Due).await
}

async fn s01_pages_of_unsettled_lanes_show_each_once(store: &dyn Store) -> Checked {
    put_everywhere(store, |number| unsettled_until(90_000 - number)).await?;
    shows_each_once(store, Which::Unsettled).await
}

async fn s01_pages_of_one_targets_due_lanes_show_each_once(store: &dyn Store) -> Checked {
    put_everywhere(store, |number| queued_until(1_000 - number)).await?;
    let wanted = || everywhere().into_iter().filter(|lane| lane.target == hr());
    for limit in [1, 2, 5] {
        let found = paged(store, query(Which::Due).at(hr()).limit(limit)).await?;
        same("the lanes of all pages", sorted(found), sorted(wanted()))?;
    }
    Ok(())
}

async fn s01_a_page_behind_a_lane_that_is_no_longer_due_leaves_nobody_out(
    store: &dyn Store,
) -> Checked {
    put_everywhere(store, |_| queued()).await?;
    let mut left = everywhere();
    let first = query(Which::Due).limit(3);
    let page = listed(store, &first).await?;
    left.retain(|lane| !page.contains(lane));
    let Some(last) = page.last() else { return same("a page's lanes", 0, 3) };
    put(store, last, settled()).await?;
    let found = paged(store, first.after(last.clone())).await?;
    for lane in left {
        holds("every lane that is still due is on a page", found.contains(&lane))?;
    }
    Ok(())
}

async fn s01_a_page_behind_another_targets_lane_is_of_the_target_asked_for(
    store: &dyn Store,
) -> Checked {
    for (which, sort) in [(Which::Due, queued()), (Which::Parked, parked())] {
        for lane in everywhere() {
            put(store, &lane, sort.clone()).await?;
        }
        for after in everywhere() {
            for target in [hr(), crm(), Target::new("hr", "other")] {
                let query = query(which).at(target.clone()).after(after.clone());
                let found = listed(store, &query).await?;
                let is_there = found.iter().all(|lane| lane.target == target);
                holds("every lane is at the target asked for", is_there)?;
            }
        }
    }
    Ok(())
}

async fn s01_a_page_behind_another_organizations_lane_is_of_the_one_asked_for(
    store: &dyn Store,
) -> Checked {
    let organizations = ["a", "acme", "globex"].map(OrganizationId::from);
    let of = |organization: &OrganizationId, id: &str| {
        let resource = ResourceKey::new(organization.clone(), ResourceKind::User, id.into());
        LaneKey::new(resource, hr())
    };
    for (which, sort) in [(Which::Due, queued()), (Which::Parked, parked())] {
        for organization in &organizations {
            for id in ["u-1", "u-2", "u-3"] {
                put(store, &of(organization, id), sort.clone()).await?;
            }
        }
        for own in &organizations {
            for other in organizations.iter().filter(|other| *other != own) {
                let query = LaneQuery::new(own.clone(), which).after(of(other, "u-1"));
                let found = listed(store, &query).await?;
                let is_own = found.iter().all(|lane| lane.resource.organization == *own);
                holds("every lane is of the organization asked for", is_own)?;
            }
        }
    }
    Ok(())
}

async fn s09_what_is_parked_is_listed_as_such(store: &dyn Store) -> Checked {
    let mut both = parked();
    both.wake();
    commit(
        store,
        new_lanes([
            (lane("due"), queued()),
            (lane("parked"), parked()),
            (lane("woken"), both),
            (lane("settled"), settled()),
        ]),
    )
    .await?;
    let wanted = ["parked", "woken"].map(lane);
    same("parked lanes", sorted(listed(store, &query(Which::Parked)).await?), sorted(wanted))?;
    put(store, &lane("woken"), queued()).await?;
    same("parked lanes", listed(store, &query(Which::Parked)).await?, vec![lane("parked")])
}

async fn s09_pages_of_parked_lanes_show_each_once(store: &dyn Store) -> Checked {
    put_everywhere(store, |_| parked()).await?;
    shows_each_once(store, Which::Parked).await
}

async fn s09_a_page_behind_a_lane_that_is_no_longer_parked_goes_on_there(
    store: &dyn Store,
) -> Checked {
    put_everywhere(store, |_| parked()).await?;
    let first = query(Which::Parked).limit(5);
    let page = listed(store, &first).await?;
    let Some(last) = page.last() else { return same("a page's lanes", 0, 5) };
    put(store, last, settled()).await?;
    let found = paged(store, first.after(last.clone())).await?;
    same("the lanes of all pages", sorted(page.into_iter().chain(found)), sorted(everywhere()))
}
