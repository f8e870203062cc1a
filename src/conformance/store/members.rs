//! Sentences 10 and 13: who is in a group, and what a new account means for the groups that it is to join.

use super::scene::{
    Checked, OnStore, Trial, commit, crm, gone_since, group, group_lane, holds, hr, is_woken, join,
    lane, leaving, linked, membership, new_lanes, open, put, revision, same, settled, sorted,
    staff, trials, user,
};
use crate::delivery::{Joined, MemberWrites};
use crate::model::{LaneKey, Member, RemoteId};
use crate::store::{Batch, LaneWrite, MembershipWrite, Opening, Store};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    10: s10_who_joins_is_seen_from_both_sides,
        s10_who_leaves_is_gone_from_both_sides,
        s10_to_join_twice_is_to_join_once,
        s10_who_is_not_in_a_group_may_leave_it,
        s10_joins_and_leaves_of_one_batch_come_in_their_order,
        s10_a_member_is_in_many_groups,
        s10_a_group_is_in_a_group,
        s10_a_group_that_is_dissolved_has_nobody,
        s10_a_group_that_is_dissolved_stays_in_its_groups,
        s10_a_group_has_members_again_after_it_was_dissolved,
        s10_members_are_kept_without_lanes_and_resources;
    13: s13_an_account_that_appears_is_opened_in_its_group_and_the_lane_is_woken,
        s13_a_new_account_in_place_of_another_is_opened_too,
        s13_an_account_that_stays_the_same_opens_nothing,
        s13_an_account_that_goes_opens_nothing,
        s13_an_account_at_another_target_opens_nothing,
        s13_a_group_without_a_lane_at_the_target_is_left_alone,
        s13_a_group_that_is_to_be_gone_is_left_alone,
        s13_an_account_is_opened_in_every_group,
        s13_groups_that_it_is_not_in_are_left_alone,
        s13_who_is_there_under_this_account_beyond_doubt_is_not_opened,
        s13_who_is_there_in_doubt_is_opened,
        s13_who_is_there_under_another_account_is_opened,
        s13_who_waited_waits_no_more,
        s13_who_joins_in_the_same_batch_is_opened,
        s13_a_group_whose_lane_comes_in_the_same_batch_is_opened,
        s13_a_group_whose_lane_is_written_in_the_same_batch_is_woken,
        s13_a_groups_account_is_opened_in_the_group_around_it,
        s13_a_batch_that_is_refused_opens_nothing;
];

fn leave(name: &str, member: &Member) -> MembershipWrite {
    MembershipWrite::Leave(group(name), member.clone())
}

async fn s10_who_joins_is_seen_from_both_sides(store: &dyn Store) -> Checked {
    commit(store, membership([join(&group("g-1"), &staff())])).await?;
    same("members", store.members_of(&group("g-1")).await?, vec![staff()])?;
    same("groups", store.groups_of(&user("u-1")).await?, vec![group("g-1")])?;
    holds("nobody is in the member", store.members_of(&user("u-1")).await?.is_empty())?;
    holds("the group is in no group", store.groups_of(&group("g-1")).await?.is_empty())
}

async fn s10_who_leaves_is_gone_from_both_sides(store: &dyn Store) -> Checked {
    let other = Member::user("u-2");
    commit(store, membership([join(&group("g-1"), &staff()), join(&group("g-1"), &other)])).await?;
    commit(store, membership([leave("g-1", &staff())])).await?;
    same("members", store.members_of(&group("g-1")).await?, vec![other])?;
    holds("it is in no group", store.groups_of(&user("u-1")).await?.is_empty())?;
    same("the other's groups", store.groups_of(&user("u-2")).await?, vec![group("g-1")])
}

async fn s10_to_join_twice_is_to_join_once(store: &dyn Store) -> Checked {
    commit(store, membership([join(&group("g-1"), &staff()), join(&group("g-1"), &staff())]))
        .await?;
    commit(store, membership([join(&group("g-1"), &staff())])).await?;
    same("members", store.members_of(&group("g-1")).await?, vec![staff()])?;
    same("groups", store.groups_of(&user("u-1")).await?, vec![group("g-1")])?;
    commit(store, membership([leave("g-1", &staff())])).await?;
    holds("nobody is in the group", store.members_of(&group("g-1")).await?.is_empty())
}

async fn s10_who_is_not_in_a_group_may_leave_it(store: &dyn Store) -> Checked {
    commit(store, membership([leave("g-1", &staff())])).await?;
    holds("nobody is in the group", store.members_of(&group("g-1")).await?.is_empty())?;
    commit(store, membership([MembershipWrite::Dissolve(group("g-1"))])).await?;
    holds("it is in no group", store.groups_of(&user("u-1")).await?.is_empty())
}

async fn s10_joins_and_leaves_of_one_batch_come_in_their_order(store: &dyn Store) -> Checked {
    let other = Member::user("u-2");
    commit(
        store,
        membership([
            join(&group("g-1"), &staff()),
            leave("g-1", &staff()),
            leave("g-1", &other),
            join(&group("g-1"), &other),
        ]),
    )
    .await?;
    same("members", store.members_of(&group("g-1")).await?, vec![other.clone()])?;
    let dissolve = MembershipWrite::Dissolve(group("g-1"));
    commit(store, membership([dissolve, join(&group("g-1"), &staff())])).await?;
    same("members", store.members_of(&group("g-1")).await?, vec![staff()])?;
    holds("the other is in no group", store.groups_of(&user("u-2")).await?.is_empty())
}

async fn s10_a_member_is_in_many_groups(store: &dyn Store) -> Checked {
    let names = ["g-1", "g-2", "g-10", "h"];
    commit(store, membership(names.map(|name| join(&group(name), &staff())))).await?;
    same("groups", sorted(store.groups_of(&user("u-1")).await?), sorted(names.map(group)))?;
    commit(store, membership([leave("g-1", &staff())])).await?;
    let left = ["g-2", "g-10", "h"].map(group);
    same("groups", sorted(store.groups_of(&user("u-1")).await?), sorted(left))
}

async fn s10_a_group_is_in_a_group(store: &dyn Store) -> Checked {
    let inner = Member::group("inner");
    commit(
        store,
        membership([join(&group("outer"), &inner), join(&group("inner"), &Member::group("outer"))]),
    )
    .await?;
    same("members", store.members_of(&group("outer")).await?, vec![inner])?;
    same("groups", store.groups_of(&group("inner")).await?, vec![group("outer")])?;
    same("groups", store.groups_of(&group("outer")).await?, vec![group("inner")])?;
    holds("no user is meant", store.groups_of(&user("inner")).await?.is_empty())
}

async fn s10_a_group_that_is_dissolved_has_nobody(store: &dyn Store) -> Checked {
    for name in ["g-1", "g-10"] {
        let members = [staff(), Member::user("u-2"), Member::group("u-2")];
        commit(store, membership(members.map(|member| join(&group(name), &member)))).await?;
    }
    commit(store, membership([MembershipWrite::Dissolve(group("g-1"))])).await?;
    holds("nobody is in the group", store.members_of(&group("g-1")).await?.is_empty())?;
    same("who is in the other", store.members_of(&group("g-10")).await?.len(), 3)?;
    for member in [user("u-1"), user("u-2"), group("u-2")] {
        same("a member's groups", store.groups_of(&member).await?, vec![group("g-10")])?;
    }
    Ok(())
}

async fn s10_a_group_that_is_dissolved_stays_in_its_groups(store: &dyn Store) -> Checked {
    let inner = Member::group("inner");
    commit(store, membership([join(&group("outer"), &inner), join(&group("inner"), &staff())]))
        .await?;
    commit(store, membership([MembershipWrite::Dissolve(group("inner"))])).await?;
    same("members", store.members_of(&group("outer")).await?, vec![inner])?;
    same("groups", store.groups_of(&group("inner")).await?, vec![group("outer")])
}

async fn s10_a_group_has_members_again_after_it_was_dissolved(store: &dyn Store) -> Checked {
    commit(store, membership([join(&group("g-1"), &staff())])).await?;
    commit(store, membership([MembershipWrite::Dissolve(group("g-1"))])).await?;
    commit(store, membership([join(&group("g-1"), &Member::user("u-2"))])).await?;
    same("members", store.members_of(&group("g-1")).await?, vec![Member::user("u-2")])
}

async fn s10_members_are_kept_without_lanes_and_resources(store: &dyn Store) -> Checked {
    commit(store, membership([join(&group("g-1"), &staff())])).await?;
    for key in [group("g-1"), user("u-1")] {
        let row = store.resource(&key).await?;
        holds("there is no row of it", row.revision == 0 && row.lanes.is_empty())?;
    }
    same("members", store.members_of(&group("g-1")).await?, vec![staff()])
}

/// A group's open members by name.
async fn open_names(store: &dyn Store, group: &LaneKey) -> Checked<Vec<String>> {
    let open = store.open_members(group, 100).await?.members;
    Ok(sorted(open.into_iter().map(|open| open.member.value.as_str().to_owned())))
}

/// The host has the user in the group, and the group has a lane where nothing is to be done.
async fn in_group(store: &dyn Store, name: &str) -> Checked {
    let lanes = new_lanes([(group_lane(name), settled())]);
    commit(store, Batch { membership: vec![join(&group(name), &staff())], ..lanes }).await
}

async fn opened(store: &dyn Store, name: &str) -> Checked {
    same("open members", open_names(store, &group_lane(name)).await?, vec!["u-1".into()])?;
    same("the group's lane is woken", is_woken(store, &group_lane(name)).await?, true)
}

async fn left_alone(store: &dyn Store, group: &LaneKey) -> Checked {
    same("open members", open_names(store, group).await?, vec![])?;
    same("the group's lane is woken", is_woken(store, group).await?, false)
}

/// The target has the user in the group, as far as is known.
async fn joined(store: &dyn Store, name: &str, account: &str, doubtful: bool) -> Checked {
    let joined = Joined { account: RemoteId::new(account)?, doubtful };
    let writes = MemberWrites { joined: vec![(staff(), Some(joined))], ..MemberWrites::default() };
    commit(store, Batch { members: Some((group_lane(name), writes)), ..Batch::new() }).await
}

async fn s13_an_account_that_appears_is_opened_in_its_group_and_the_lane_is_woken(
    store: &dyn Store,
) -> Checked {
    in_group(store, "g-1").await?;
    put(store, &lane("u-1"), settled()).await?;
    left_alone(store, &group_lane("g-1")).await?;
    let before = revision(store, &group_lane("g-1")).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    opened(store, "g-1").await?;
    let after = revision(store, &group_lane("g-1")).await?;
    holds("the group's lane has a new revision", before != after)
}

async fn s13_a_new_account_in_place_of_another_is_opened_too(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), linked("r-1")?).await?;
    in_group(store, "g-1").await?;
    put(store, &lane("u-1"), linked("r-2")?).await?;
    opened(store, "g-1").await
}

async fn s13_an_account_that_stays_the_same_opens_nothing(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), linked("r-1")?).await?;
    in_group(store, "g-1").await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    commit(store, Batch { wake: vec![lane("u-1")], ..Batch::new() }).await?;
    left_alone(store, &group_lane("g-1")).await
}

async fn s13_an_account_that_goes_opens_nothing(store: &dyn Store) -> Checked {
    put(store, &lane("u-1"), linked("r-1")?).await?;
    in_group(store, "g-1").await?;
    put(store, &lane("u-1"), settled()).await?;
    left_alone(store, &group_lane("g-1")).await
}

async fn s13_an_account_at_another_target_opens_nothing(store: &dyn Store) -> Checked {
    in_group(store, "g-1").await?;
    put(store, &LaneKey::new(user("u-1"), crm()), linked("r-1")?).await?;
    left_alone(store, &group_lane("g-1")).await
}

async fn s13_a_group_without_a_lane_at_the_target_is_left_alone(store: &dyn Store) -> Checked {
    let at_crm = LaneKey::new(group("g-1"), crm());
    put(store, &at_crm, settled()).await?;
    commit(store, membership([join(&group("g-1"), &staff())])).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    left_alone(store, &at_crm).await?;
    holds("no lane is made", store.lane(&group_lane("g-1")).await?.is_none())?;
    same("open members", open_names(store, &group_lane("g-1")).await?, vec![])
}

async fn s13_a_group_that_is_to_be_gone_is_left_alone(store: &dyn Store) -> Checked {
    in_group(store, "g-1").await?;
    for (kept, account) in [(gone_since(5), "r-1"), (leaving("r-9")?, "r-2")] {
        put(store, &group_lane("g-1"), kept).await?;
        put(store, &lane("u-1"), linked(account)?).await?;
        left_alone(store, &group_lane("g-1")).await?;
    }
    Ok(())
}

async fn s13_an_account_is_opened_in_every_group(store: &dyn Store) -> Checked {
    for name in ["g-1", "g-2", "g-3"] {
        in_group(store, name).await?;
    }
    put(store, &lane("u-1"), linked("r-1")?).await?;
    for name in ["g-1", "g-2", "g-3"] {
        opened(store, name).await?;
    }
    Ok(())
}

async fn s13_groups_that_it_is_not_in_are_left_alone(store: &dyn Store) -> Checked {
    for name in ["g-1", "g-2"] {
        in_group(store, name).await?;
    }
    commit(store, membership([leave("g-2", &staff()), join(&group("g-2"), &Member::user("u-2"))]))
        .await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    opened(store, "g-1").await?;
    left_alone(store, &group_lane("g-2")).await
}

async fn s13_who_is_there_under_this_account_beyond_doubt_is_not_opened(
    store: &dyn Store,
) -> Checked {
    in_group(store, "g-1").await?;
    joined(store, "g-1", "r-1", false).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    left_alone(store, &group_lane("g-1")).await
}

async fn s13_who_is_there_in_doubt_is_opened(store: &dyn Store) -> Checked {
    in_group(store, "g-1").await?;
    joined(store, "g-1", "r-1", true).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    opened(store, "g-1").await
}

async fn s13_who_is_there_under_another_account_is_opened(store: &dyn Store) -> Checked {
    in_group(store, "g-1").await?;
    joined(store, "g-1", "r-0", false).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    opened(store, "g-1").await?;
    let open = store.open_members(&group_lane("g-1"), 9).await?.members;
    let joined = open.into_iter().filter_map(|open| open.joined).map(|joined| joined.account);
    same("the account in the group", joined.collect(), vec![RemoteId::new("r-0")?])
}

async fn s13_who_waited_waits_no_more(store: &dyn Store) -> Checked {
    use crate::delivery::Close;

    in_group(store, "g-1").await?;
    commit(store, open([Opening::These(group_lane("g-1"), vec![staff()])])).await?;
    let open = store.open_members(&group_lane("g-1"), 9).await?.members;
    let close = open.into_iter().map(|open| (open.member, open.opened, Close::Waiting)).collect();
    let writes = MemberWrites { close, ..MemberWrites::default() };
    commit(store, Batch { members: Some((group_lane("g-1"), writes)), ..Batch::new() }).await?;
    same("who waits", store.waiting_members(&group_lane("g-1")).await?, 1)?;
    left_alone(store, &group_lane("g-1")).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    same("who waits", store.waiting_members(&group_lane("g-1")).await?, 0)?;
    opened(store, "g-1").await
}

async fn s13_who_joins_in_the_same_batch_is_opened(store: &dyn Store) -> Checked {
    put(store, &group_lane("g-1"), settled()).await?;
    let lanes = new_lanes([(lane("u-1"), linked("r-1")?)]);
    commit(store, Batch { membership: vec![join(&group("g-1"), &staff())], ..lanes }).await?;
    opened(store, "g-1").await
}

async fn s13_a_group_whose_lane_comes_in_the_same_batch_is_opened(store: &dyn Store) -> Checked {
    for (name, group_first) in [("g-1", true), ("g-2", false)] {
        let member = Member::user(format!("of {name}").as_str());
        let own = LaneKey::new(user(member.value.as_str()), hr());
        let mut lanes = vec![(own, linked("r-1")?), (group_lane(name), settled())];
        if group_first {
            lanes.reverse();
        }
        let batch = new_lanes(lanes);
        commit(store, Batch { membership: vec![join(&group(name), &member)], ..batch }).await?;
        let wanted = vec![member.value.as_str().to_owned()];
        same("open members", open_names(store, &group_lane(name)).await?, wanted)?;
        same("the group's lane is woken", is_woken(store, &group_lane(name)).await?, true)?;
    }
    Ok(())
}

async fn s13_a_group_whose_lane_is_written_in_the_same_batch_is_woken(
    store: &dyn Store,
) -> Checked {
    in_group(store, "g-1").await?;
    let expected = revision(store, &group_lane("g-1")).await?;
    let group = LaneWrite::new(group_lane("g-1"), expected, Some(settled()));
    let mut batch = new_lanes([(lane("u-1"), linked("r-1")?)]);
    batch.lanes.push(group);
    commit(store, batch).await?;
    opened(store, "g-1").await
}

async fn s13_a_groups_account_is_opened_in_the_group_around_it(store: &dyn Store) -> Checked {
    put(store, &group_lane("outer"), settled()).await?;
    commit(store, membership([join(&group("outer"), &Member::group("u-1"))])).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    left_alone(store, &group_lane("outer")).await?;
    put(store, &group_lane("u-1"), linked("r-2")?).await?;
    opened(store, "outer").await
}

async fn s13_a_batch_that_is_refused_opens_nothing(store: &dyn Store) -> Checked {
    in_group(store, "g-1").await?;
    let mut batch = new_lanes([(lane("u-1"), linked("r-1")?)]);
    batch.lanes.push(LaneWrite::new(lane("u-2"), 4_711, Some(settled())));
    super::scene::refused(store, batch).await?;
    left_alone(store, &group_lane("g-1")).await
}
