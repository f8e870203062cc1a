//! Sentence 17: who refers to a resource hears of its account.

use super::scene::{
    Checked, OnStore, Trial, commit, crm, gone_since, hr, is_woken, lane, linked, new_lanes, put,
    refused, reporting_to, revision, same, settled, sorted, trials, user,
};
use crate::model::LaneKey;
use crate::store::{LaneWrite, Store};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    17: s17_who_refers_is_woken_when_the_account_appears,
        s17_who_refers_is_woken_when_another_account_appears,
        s17_an_account_that_stays_or_goes_wakes_nobody,
        s17_an_account_at_another_target_wakes_nobody,
        s17_who_refers_to_somebody_else_is_left_alone,
        s17_who_refers_no_more_is_left_alone,
        s17_who_refers_in_the_same_batch_is_woken,
        s17_who_refers_to_itself_is_woken,
        s17_who_refers_is_listed,
        s17_a_batch_that_is_refused_wakes_nobody;
];

async fn woken(store: &dyn Store, id: &str, wanted: bool) -> Checked {
    same("the lane that refers is woken", is_woken(store, &lane(id)).await?, wanted)
}

async fn s17_who_refers_is_woken_when_the_account_appears(store: &dyn Store) -> Checked {
    put(store, &lane("u-2"), reporting_to("u-1")).await?;
    put(store, &lane("u-1"), settled()).await?;
    woken(store, "u-2", false).await?;
    let before = revision(store, &lane("u-2")).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    woken(store, "u-2", true).await?;
    let is_new = revision(store, &lane("u-2")).await? != before;
    same("the lane that refers has a new revision", is_new, true)
}

async fn s17_who_refers_is_woken_when_another_account_appears(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), linked("r-1")?).await?;
    put(store, &lane("u-2"), reporting_to("u-1")).await?;
    put(store, &lane("u-1"), linked("r-2")?).await?;
    woken(store, "u-2", true).await
}

async fn s17_an_account_that_stays_or_goes_wakes_nobody(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), linked("r-1")?).await?;
    put(store, &lane("u-2"), reporting_to("u-1")).await?;
    for record in [linked("r-1")?, settled()] {
        put(store, &lane("u-1"), record).await?;
        woken(store, "u-2", false).await?;
    }
    Ok(())
}

async fn s17_an_account_at_another_target_wakes_nobody(store: &dyn Store) -> Checked {
    put(store, &lane("u-2"), reporting_to("u-1")).await?;
    put(store, &LaneKey::new(user("u-1"), crm()), linked("r-1")?).await?;
    woken(store, "u-2", false).await
}

async fn s17_who_refers_to_somebody_else_is_left_alone(store: &dyn Store) -> Checked {
    put(store, &lane("u-2"), reporting_to("u-10")).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    woken(store, "u-2", false).await
}

async fn s17_who_refers_no_more_is_left_alone(store: &dyn Store) -> Checked {
    for (place, now) in [settled(), gone_since(5), reporting_to("u-9")].into_iter().enumerate() {
        put(store, &lane("u-2"), reporting_to("u-1")).await?;
        put(store, &lane("u-2"), now).await?;
        put(store, &lane("u-1"), linked(&format!("r-{place}"))?).await?;
        woken(store, "u-2", false).await?;
    }
    put(store, &lane("u-2"), reporting_to("u-1")).await?;
    let expected = revision(store, &lane("u-2")).await?;
    commit(store, super::scene::write(&lane("u-2"), expected, None)).await?;
    same("who refers", store.referring(&lane("u-1")).await?, vec![])
}

async fn s17_who_refers_in_the_same_batch_is_woken(store: &dyn Store) -> Checked {
    for (number, first) in [("1", true), ("2", false)] {
        let (boss, report) = (format!("boss-{number}"), format!("report-{number}"));
        let mut lanes = vec![(lane(&boss), linked("r-1")?), (lane(&report), reporting_to(&boss))];
        if first {
            lanes.reverse();
        }
        commit(store, new_lanes(lanes)).await?;
        woken(store, &report, true).await?;
    }
    Ok(())
}

async fn s17_who_refers_to_itself_is_woken(store: &dyn Store) -> Checked {
    let mut own = reporting_to("u-1");
    own.lane.link = linked("r-1")?.lane.link;
    put(store, &lane("u-1"), own).await?;
    woken(store, "u-1", true).await
}

async fn s17_who_refers_is_listed(store: &dyn Store) -> Checked {
    for (id, manager) in [("u-2", "u-1"), ("u-3", "u-1"), ("u-4", "u-10"), ("u-5", "u-2")] {
        put(store, &lane(id), reporting_to(manager)).await?;
    }
    put(store, &LaneKey::new(user("u-6"), crm()), reporting_to("u-1")).await?;
    let listed = sorted(store.referring(&lane("u-1")).await?);
    same("who refers", listed, vec![lane("u-2"), lane("u-3")])?;
    same("the target", lane("u-1").target, hr())?;
    same("who refers", store.referring(&lane("u-9")).await?, vec![])
}

async fn s17_a_batch_that_is_refused_wakes_nobody(store: &dyn Store) -> Checked {
    put(store, &lane("u-2"), reporting_to("u-1")).await?;
    let mut batch = new_lanes([(lane("u-1"), linked("r-1")?)]);
    batch.lanes.push(LaneWrite::new(lane("u-3"), 4_711, Some(settled())));
    refused(store, batch).await?;
    woken(store, "u-2", false).await
}
