//! Who has an account, and who is kept aside: listed under sentence 1, counted under 18.

use super::scene::{
    Checked, OnStore, Trial, acme, aside, commit, crm, gone_since, group_lane, holds, hr, lane,
    leaving, linked, new_lanes, parked, put, queued, same, settled, sorted, target_key, trials,
    unsettled_until, user,
};
use crate::delivery::LaneRecord;
use crate::model::{LaneKey, ResourceKey, ResourceKind, Target, TargetKey};
use crate::store::{LaneQuery, Store, Which};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    1: s01_who_has_an_account_is_listed_as_such,
        s01_who_is_kept_aside_is_listed_as_such,
        s01_pages_of_accounts_show_each_once,
        s01_pages_of_who_is_kept_aside_show_each_once;
    18: s18_a_count_is_how_many_a_list_shows,
        s18_a_count_follows_every_change,
        s18_a_count_is_of_one_target_of_one_organization;
];

const ALL: [Which; 5] = [Which::Due, Which::Parked, Which::Unsettled, Which::Linked, Which::Aside];

async fn listed(store: &dyn Store, which: Which, limit: usize) -> Checked<Vec<LaneKey>> {
    let mut query = LaneQuery::new(acme(), which).limit(limit);
    let mut all = Vec::new();
    // A store that repeats itself comes to an end too.
    for _ in 0..100 {
        let page = store.lanes(&query).await?;
        let Some(last) = page.last() else { break };
        query = query.after(last.key.clone());
        all.extend(page.into_iter().map(|row| row.key));
    }
    Ok(all)
}

async fn counted(store: &dyn Store, target: Target, which: Which) -> Checked<usize> {
    Ok(store.count(&target_key(target), which).await?)
}

/// A lane of every kind at the first target.
fn kinds() -> Checked<Vec<(LaneKey, LaneRecord)>> {
    Ok(vec![
        (lane("due"), queued()),
        (lane("parked"), parked()),
        (lane("unsettled"), unsettled_until(90_000)),
        (lane("settled"), settled()),
        (lane("gone"), gone_since(5)),
        (lane("there"), linked("r-1")?),
        (lane("leaving"), leaving("r-2")?),
        (group_lane("there"), linked("r-3")?),
        (lane("aside"), aside()),
        (group_lane("aside"), aside()),
    ])
}

async fn s01_who_has_an_account_is_listed_as_such(store: &dyn Store) -> Checked {
    commit(store, new_lanes(kinds()?)).await?;
    let wanted = [lane("there"), lane("leaving"), group_lane("there")];
    let found = listed(store, Which::Linked, 100).await?;
    same("lanes with an account", sorted(found), sorted(wanted))?;
    put(store, &lane("leaving"), gone_since(5)).await?;
    put(store, &lane("due"), linked("r-4")?).await?;
    let wanted = [lane("there"), lane("due"), group_lane("there")];
    let found = listed(store, Which::Linked, 100).await?;
    same("lanes with an account", sorted(found), sorted(wanted))
}

async fn s01_who_is_kept_aside_is_listed_as_such(store: &dyn Store) -> Checked {
    commit(store, new_lanes(kinds()?)).await?;
    let wanted = [lane("aside"), group_lane("aside")];
    let found = listed(store, Which::Aside, 100).await?;
    same("lanes that are kept aside", sorted(found), sorted(wanted))?;
    put(store, &lane("aside"), linked("r-4")?).await?;
    put(store, &lane("settled"), aside()).await?;
    let wanted = [lane("settled"), group_lane("aside")];
    let found = listed(store, Which::Aside, 100).await?;
    same("lanes that are kept aside", sorted(found), sorted(wanted))
}

/// Lanes at three targets.
fn everywhere() -> Vec<LaneKey> {
    let ids = ["u-1", "u-2", "u-30", "u-4"];
    let targets = [hr(), crm(), Target::new("hr", "other")];
    let at = |target: &Target| ids.map(|id| LaneKey::new(user(id), target.clone()));
    targets.iter().flat_map(at).collect()
}

async fn shows_each_once(store: &dyn Store, which: Which) -> Checked {
    for limit in [1, 2, 5, 100] {
        let found = listed(store, which, limit).await?;
        same("the lanes of all pages", sorted(found), sorted(everywhere()))?;
    }
    Ok(())
}

async fn s01_pages_of_accounts_show_each_once(store: &dyn Store) -> Checked {
    for (key, number) in everywhere().into_iter().zip(1..) {
        put(store, &key, linked(&format!("r-{number}"))?).await?;
    }
    put(store, &lane("u-3"), aside()).await?;
    shows_each_once(store, Which::Linked).await
}

async fn s01_pages_of_who_is_kept_aside_show_each_once(store: &dyn Store) -> Checked {
    for key in everywhere() {
        put(store, &key, aside()).await?;
    }
    put(store, &lane("u-3"), linked("r-1")?).await?;
    shows_each_once(store, Which::Aside).await
}

async fn s18_a_count_is_how_many_a_list_shows(store: &dyn Store) -> Checked {
    for which in ALL {
        same("a count of nothing", counted(store, hr(), which).await?, 0)?;
    }
    commit(store, new_lanes(kinds()?)).await?;
    for which in ALL {
        let shown = listed(store, which, 100).await?.len();
        holds("something is shown", shown > 0)?;
        same("a count", counted(store, hr(), which).await?, shown)?;
    }
    Ok(())
}

async fn s18_a_count_follows_every_change(store: &dyn Store) -> Checked {
    let records = kinds()?;
    for (_, record) in &records {
        // One lane, which becomes each of them, and nothing of what it was is counted any more.
        put(store, &lane("u-1"), record.clone()).await?;
        for which in ALL {
            let shown = listed(store, which, 100).await?.len();
            same("a count", counted(store, hr(), which).await?, shown)?;
        }
    }
    Ok(())
}

async fn s18_a_count_is_of_one_target_of_one_organization(store: &dyn Store) -> Checked {
    let theirs = |id: &str| ResourceKey::new("acme2".into(), ResourceKind::User, id.into());
    let places = [(hr(), 3_usize), (crm(), 2), (Target::new("hr", "other"), 1)];
    for (target, many) in &places {
        for number in 0..*many {
            let key = LaneKey::new(user(&format!("u-{number}")), target.clone());
            put(store, &key, linked(&format!("r-{number}"))?).await?;
        }
    }
    for number in 0..5 {
        let key = LaneKey::new(theirs(&format!("u-{number}")), hr());
        put(store, &key, linked(&format!("r-{number}"))?).await?;
    }
    for (target, many) in places {
        same("a target's accounts", counted(store, target, Which::Linked).await?, many)?;
    }
    let others = TargetKey::new("acme2".into(), hr());
    same("another organization's accounts", store.count(&others, Which::Linked).await?, 5)?;
    let nowhere = counted(store, Target::new("h", "scim2"), Which::Linked).await?;
    same("the accounts of no target", nowhere, 0)
}
