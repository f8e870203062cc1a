//! Sentences 11 and 12: members that are open, until they are closed under the mark that they were opened with.

use super::scene::{
    Checked, OnStore, Trial, commit, crm, group, group_lane, holds, is_woken, join, lane, linked,
    linked_at, membership, new_lanes, open, put, same, settled, settled_at, sorted, staff, trials,
    user,
};
use crate::delivery::{Close, Joined, MemberWrites, OpenMember};
use crate::model::{LaneKey, Member, RemoteId};
use crate::store::{Batch, MembershipWrite, Opening, Store};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    11: s11_members_that_are_opened_are_open,
        s11_an_open_member_shows_what_host_and_target_have,
        s11_a_member_that_is_closed_under_its_mark_is_closed,
        s11_a_member_that_is_opened_again_has_another_mark,
        s11_a_close_under_an_older_mark_is_ignored_and_the_lane_is_woken,
        s11_a_wait_under_an_older_mark_is_ignored_and_the_lane_is_woken,
        s11_a_close_under_the_right_mark_wakes_nobody,
        s11_who_is_closed_and_opened_again_has_another_mark,
        s11_a_close_of_who_is_not_open_opens_nobody,
        s11_one_is_closed_and_the_others_stay_open,
        s11_everybody_whom_the_host_has_in_the_group_is_opened,
        s11_who_joins_in_the_same_batch_is_among_everybody,
        s11_nobody_is_open_and_nobody_waits,
        s11_no_more_members_are_shown_than_asked_for_and_whether_there_are_more,
        s11_members_are_shown_by_name_open_or_not,
        s11_who_is_in_the_group_at_the_target_is_kept_as_written,
        s11_to_clear_forgets_who_is_in_the_group_at_the_target,
        s11_to_clear_comes_before_what_is_written_with_it,
        s11_to_reopen_opens_everybody_under_new_marks,
        s11_members_of_lanes_beside_are_left_alone;
    12: s12_who_waits_without_an_account_is_closed_and_counted,
        s12_who_has_an_account_by_then_stays_open_and_the_lane_is_woken,
        s12_an_account_at_another_target_does_not_count,
        s12_an_account_at_another_system_does_not_count,
        s12_who_is_done_with_is_closed_with_an_account_or_without,
        s12_who_waits_and_is_opened_waits_no_more,
        s12_who_waits_is_counted_for_its_own_group;
];

fn these(group: &LaneKey, members: &[&str]) -> Batch {
    open([Opening::These(group.clone(), members.iter().map(|id| Member::user(*id)).collect())])
}

fn writes(group: &LaneKey, writes: MemberWrites) -> Batch {
    Batch { members: Some((group.clone(), writes)), ..Batch::new() }
}

async fn close(
    store: &dyn Store,
    group: &LaneKey,
    member: &str,
    mark: u64,
    close: Close,
) -> Checked {
    let close = vec![(Member::user(member), mark, close)];
    commit(store, writes(group, MemberWrites { close, ..MemberWrites::default() })).await
}

async fn all_open(store: &dyn Store, group: &LaneKey) -> Checked<Vec<OpenMember>> {
    let open = store.open_members(group, 1_000).await?;
    same("whether there are more", open.more, false)?;
    Ok(open.members)
}

async fn names(store: &dyn Store, group: &LaneKey) -> Checked<Vec<String>> {
    let open = all_open(store, group).await?.into_iter();
    Ok(sorted(open.map(|open| open.member.value.as_str().to_owned())))
}

/// The mark of an open member; 0 while it is not open.
async fn mark(store: &dyn Store, group: &LaneKey, member: &str) -> Checked<u64> {
    let open = all_open(store, group).await?;
    let found = open.into_iter().find(|open| open.member.value.as_str() == member);
    Ok(found.map_or(0, |open| open.opened))
}

/// A group's lane with nothing to do, and its members open.
async fn with_open(store: &dyn Store, members: &[&str]) -> Checked<LaneKey> {
    let own = group_lane("g-1");
    commit(store, new_lanes([(own.clone(), settled())])).await?;
    commit(store, these(&own, members)).await?;
    Ok(own)
}

async fn s11_members_that_are_opened_are_open(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-2", "u-1"]).await?;
    same("open members", names(store, &own).await?, vec!["u-1".into(), "u-2".into()])?;
    same("the lane is woken", is_woken(store, &own).await?, false)
}

async fn s11_an_open_member_shows_what_host_and_target_have(store: &dyn Store) -> Checked {
    let own = with_open(store, &["neither", "host", "target", "both"]).await?;
    let joins = ["host", "both"].map(|id| join(&own.resource, &Member::user(id)));
    commit(store, membership(joins)).await?;
    let there = Joined { account: RemoteId::new("r-1")?, doubtful: true };
    let joined = ["target", "both"].map(|id| (Member::user(id), Some(there.clone()))).into();
    commit(store, writes(&own, MemberWrites { joined, ..MemberWrites::default() })).await?;
    for open in all_open(store, &own).await? {
        let (wanted, joined) = match open.member.value.as_str() {
            "neither" => (false, None),
            "host" => (true, None),
            "target" => (false, Some(there.clone())),
            _ => (true, Some(there.clone())),
        };
        same("what host and target have", (open.wanted, open.joined), (wanted, joined))?;
    }
    commit(store, membership([MembershipWrite::Leave(own.resource.clone(), Member::user("both"))]))
        .await?;
    let both = store.named_members(&own, &[Member::user("both")]).await?.members;
    same("whether the host has it", both.into_iter().map(|both| both.wanted).collect(), vec![false])
}

async fn s11_a_member_that_is_closed_under_its_mark_is_closed(store: &dyn Store) -> Checked {
    for how in [Close::Done, Close::Waiting] {
        let own = group_lane("g-1");
        put(store, &own, settled()).await?;
        commit(store, these(&own, &["u-1"])).await?;
        let mark = mark(store, &own, "u-1").await?;
        close(store, &own, "u-1", mark, how).await?;
        same("open members", names(store, &own).await?, vec![])?;
    }
    Ok(())
}

async fn s11_a_member_that_is_opened_again_has_another_mark(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    let mut seen = vec![0];
    for _ in 0..4 {
        let new = mark(store, &own, "u-1").await?;
        holds("the mark is new", !seen.contains(&new))?;
        seen.push(new);
        commit(store, these(&own, &["u-1"])).await?;
    }
    Ok(())
}

async fn old_mark(store: &dyn Store, how: Close) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    let older = mark(store, &own, "u-1").await?;
    commit(store, these(&own, &["u-1"])).await?;
    let newer = mark(store, &own, "u-1").await?;
    same("the lane is woken before", is_woken(store, &own).await?, false)?;
    close(store, &own, "u-1", older, how).await?;
    same("the mark", mark(store, &own, "u-1").await?, newer)?;
    same("who waits", store.waiting_members(&own).await?, 0)?;
    same("the lane is woken", is_woken(store, &own).await?, true)
}

async fn s11_a_close_under_an_older_mark_is_ignored_and_the_lane_is_woken(
    store: &dyn Store,
) -> Checked {
    old_mark(store, Close::Done).await
}

async fn s11_a_wait_under_an_older_mark_is_ignored_and_the_lane_is_woken(
    store: &dyn Store,
) -> Checked {
    old_mark(store, Close::Waiting).await
}

async fn s11_a_close_under_the_right_mark_wakes_nobody(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1", "u-2"]).await?;
    for (member, how) in [("u-1", Close::Done), ("u-2", Close::Waiting)] {
        let mark = mark(store, &own, member).await?;
        close(store, &own, member, mark, how).await?;
    }
    same("the lane is woken", is_woken(store, &own).await?, false)
}

async fn s11_who_is_closed_and_opened_again_has_another_mark(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    let older = mark(store, &own, "u-1").await?;
    close(store, &own, "u-1", older, Close::Done).await?;
    commit(store, these(&own, &["u-1"])).await?;
    close(store, &own, "u-1", older, Close::Done).await?;
    same("open members", names(store, &own).await?, vec!["u-1".into()])
}

async fn s11_a_close_of_who_is_not_open_opens_nobody(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    let mark = mark(store, &own, "u-1").await?;
    for (member, how) in [("u-1", Close::Done), ("u-1", Close::Done), ("u-2", Close::Waiting)] {
        close(store, &own, member, mark, how).await?;
    }
    same("open members", names(store, &own).await?, vec![])?;
    same("who waits", store.waiting_members(&own).await?, 0)
}

async fn s11_one_is_closed_and_the_others_stay_open(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1", "u-10", "u-2"]).await?;
    commit(store, open([Opening::These(own.clone(), vec![Member::group("u-1")])])).await?;
    let open = all_open(store, &own).await?;
    let staff = open.into_iter().find(|open| open.member == staff());
    close(store, &own, "u-1", staff.map_or(0, |open| open.opened), Close::Done).await?;
    let wanted = ["u-1", "u-10", "u-2"].map(String::from).into();
    same("open members", names(store, &own).await?, wanted)?;
    let open = all_open(store, &own).await?;
    holds("the group is still open", open.iter().any(|open| open.member == Member::group("u-1")))
}

async fn s11_everybody_whom_the_host_has_in_the_group_is_opened(store: &dyn Store) -> Checked {
    let own = with_open(store, &[]).await?;
    let joins = ["u-1", "u-2"].map(|id| join(&own.resource, &Member::user(id)));
    commit(store, membership(joins)).await?;
    commit(store, membership([join(&group("g-2"), &Member::user("u-3"))])).await?;
    commit(store, open([Opening::Everybody(own.clone())])).await?;
    same("open members", names(store, &own).await?, vec!["u-1".into(), "u-2".into()])?;
    same("the lane is woken", is_woken(store, &own).await?, false)
}

async fn s11_who_joins_in_the_same_batch_is_among_everybody(store: &dyn Store) -> Checked {
    let own = with_open(store, &[]).await?;
    commit(store, membership([join(&own.resource, &Member::user("leaves"))])).await?;
    commit(
        store,
        Batch {
            membership: vec![
                MembershipWrite::Leave(own.resource.clone(), Member::user("leaves")),
                join(&own.resource, &Member::user("joins")),
            ],
            open: vec![Opening::Everybody(own.clone())],
            ..Batch::new()
        },
    )
    .await?;
    same("open members", names(store, &own).await?, vec!["joins".into()])
}

async fn s11_nobody_is_open_and_nobody_waits(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1", "u-2"]).await?;
    let beside = LaneKey::new(own.resource.clone(), crm());
    commit(store, these(&beside, &["u-1"])).await?;
    let there = Joined { account: RemoteId::new("r-1")?, doubtful: false };
    let joined = vec![(staff(), Some(there.clone()))];
    commit(store, writes(&own, MemberWrites { joined, ..MemberWrites::default() })).await?;
    let mark = mark(store, &own, "u-2").await?;
    close(store, &own, "u-2", mark, Close::Waiting).await?;
    commit(store, open([Opening::Nobody(own.clone())])).await?;
    same("open members", names(store, &own).await?, vec![])?;
    same("who waits", store.waiting_members(&own).await?, 0)?;
    same("open members beside", names(store, &beside).await?, vec!["u-1".into()])?;
    let named = store.named_members(&own, &[staff()]).await?.members;
    let joined = named.into_iter().map(|named| named.joined).collect();
    same("who is in the group at the target", joined, vec![Some(there)])
}

async fn s11_no_more_members_are_shown_than_asked_for_and_whether_there_are_more(
    store: &dyn Store,
) -> Checked {
    let own = with_open(store, &["u-1", "u-2", "u-3"]).await?;
    for (limit, count, more) in
        [(0, 0, true), (1, 1, true), (2, 2, true), (3, 3, false), (4, 3, false)]
    {
        let open = store.open_members(&own, limit).await?;
        same(
            "open members, and whether there are more",
            (open.members.len(), open.more),
            (count, more),
        )?;
    }
    Ok(())
}

async fn s11_members_are_shown_by_name_open_or_not(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1", "u-2"]).await?;
    commit(store, membership([join(&own.resource, &Member::user("u-3"))])).await?;
    let asked = ["u-3", "u-1", "u-4"].map(Member::user);
    let named = store.named_members(&own, &asked).await?;
    same("whether there are more", named.more, false)?;
    let opened = mark(store, &own, "u-1").await?;
    for member in &named.members {
        same("whether the host has it", member.wanted, member.member == Member::user("u-3"))?;
        holds("an open one has its mark", member.member != staff() || member.opened == opened)?;
    }
    let found = named.members.into_iter().map(|named| named.member);
    same("the members", sorted(found), sorted(asked))
}

async fn s11_who_is_in_the_group_at_the_target_is_kept_as_written(store: &dyn Store) -> Checked {
    let own = with_open(store, &[]).await?;
    let [surely, perhaps] = [("r-1", false), ("r/2", true)].map(|(account, doubtful)| {
        RemoteId::new(account).map(|account| Joined { account, doubtful })
    });
    for wanted in [Some(surely?), Some(perhaps?), None] {
        let joined = vec![(staff(), wanted.clone()), (Member::user("u-2"), None)];
        commit(store, writes(&own, MemberWrites { joined, ..MemberWrites::default() })).await?;
        let named = store.named_members(&own, &[staff()]).await?.members;
        same("the member", named.into_iter().map(|named| named.joined).collect(), vec![wanted])?;
    }
    Ok(())
}

/// Everybody of two groups is at the target.
async fn all_joined(store: &dyn Store) -> Checked<[LaneKey; 2]> {
    let groups = ["g-1", "g-10"].map(group_lane);
    for group in &groups {
        put(store, group, settled()).await?;
        let mut joined = Vec::new();
        for id in ["u-1", "u-2"] {
            let account = RemoteId::new(id)?;
            joined.push((Member::user(id), Some(Joined { account, doubtful: false })));
        }
        commit(store, writes(group, MemberWrites { joined, ..MemberWrites::default() })).await?;
        let joins = ["u-1", "u-2"].map(|id| join(&group.resource, &Member::user(id)));
        commit(store, membership(joins)).await?;
    }
    Ok(groups)
}

async fn joined_names(store: &dyn Store, group: &LaneKey) -> Checked<Vec<String>> {
    let asked = ["u-1", "u-2", "u-3"].map(Member::user);
    let named = store.named_members(group, &asked).await?.members.into_iter();
    let joined = named.filter(|named| named.joined.is_some());
    Ok(sorted(joined.map(|joined| joined.member.value.as_str().to_owned())))
}

async fn s11_to_clear_forgets_who_is_in_the_group_at_the_target(store: &dyn Store) -> Checked {
    let [own, other] = all_joined(store).await?;
    commit(store, writes(&own, MemberWrites { clear: true, ..MemberWrites::default() })).await?;
    same("who is there", joined_names(store, &own).await?, vec![])?;
    same("who is in the other", joined_names(store, &other).await?.len(), 2)?;
    same("who is open", names(store, &own).await?, vec![])?;
    same("who is in the group at the host", store.members_of(&own.resource).await?.len(), 2)
}

async fn s11_to_clear_comes_before_what_is_written_with_it(store: &dyn Store) -> Checked {
    let [own, _] = all_joined(store).await?;
    let there = Joined { account: RemoteId::new("r-3")?, doubtful: false };
    let joined = vec![(Member::user("u-3"), Some(there))];
    commit(store, writes(&own, MemberWrites { clear: true, joined, ..MemberWrites::default() }))
        .await?;
    same("who is there", joined_names(store, &own).await?, vec!["u-3".into()])
}

async fn s11_to_reopen_opens_everybody_under_new_marks(store: &dyn Store) -> Checked {
    let [own, other] = all_joined(store).await?;
    commit(store, these(&own, &["u-1"])).await?;
    let older = mark(store, &own, "u-1").await?;
    commit(store, writes(&own, MemberWrites { reopen: true, ..MemberWrites::default() })).await?;
    same("open members", names(store, &own).await?, vec!["u-1".into(), "u-2".into()])?;
    same("open members of the other", names(store, &other).await?, vec![])?;
    close(store, &own, "u-1", older, Close::Done).await?;
    same("open members", names(store, &own).await?, vec!["u-1".into(), "u-2".into()])
}

async fn s11_members_of_lanes_beside_are_left_alone(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    let beside = [group_lane("g-10"), lane("g-1"), LaneKey::new(own.resource.clone(), crm())];
    for lane in &beside {
        put(store, lane, settled()).await?;
        same("open members beside", names(store, lane).await?, vec![])?;
        commit(store, these(lane, &["u-1"])).await?;
    }
    let mark = mark(store, &own, "u-1").await?;
    close(store, &own, "u-1", mark, Close::Done).await?;
    for lane in &beside {
        same("open members beside", names(store, lane).await?, vec!["u-1".into()])?;
    }
    Ok(())
}

async fn wait(store: &dyn Store, group: &LaneKey, member: &str) -> Checked {
    let mark = mark(store, group, member).await?;
    close(store, group, member, mark, Close::Waiting).await
}

async fn waits(store: &dyn Store, group: &LaneKey) -> Checked {
    same("open members", names(store, group).await?, vec![])?;
    same("who waits", store.waiting_members(group).await?, 1)?;
    same("the lane is woken", is_woken(store, group).await?, false)
}

async fn s12_who_waits_without_an_account_is_closed_and_counted(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1", "u-2"]).await?;
    // A lane without an account is none.
    put(store, &lane("u-1"), settled()).await?;
    for (member, count) in [("u-1", 1), ("u-2", 2)] {
        wait(store, &own, member).await?;
        same("who waits", store.waiting_members(&own).await?, count)?;
    }
    same("open members", names(store, &own).await?, vec![])?;
    same("the lane is woken", is_woken(store, &own).await?, false)
}

async fn s12_who_has_an_account_by_then_stays_open_and_the_lane_is_woken(
    store: &dyn Store,
) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    wait(store, &own, "u-1").await?;
    same("open members", names(store, &own).await?, vec!["u-1".into()])?;
    same("who waits", store.waiting_members(&own).await?, 0)?;
    same("the lane is woken", is_woken(store, &own).await?, true)
}

async fn s12_an_account_at_another_target_does_not_count(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    put(store, &LaneKey::new(user("u-1"), crm()), linked("r-1")?).await?;
    wait(store, &own, "u-1").await?;
    waits(store, &own).await
}

async fn s12_an_account_at_another_system_does_not_count(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    put(store, &own, settled_at("new.example.com")).await?;
    put(store, &lane("u-1"), linked_at("r-1", "old.example.com")?).await?;
    wait(store, &own, "u-1").await?;
    waits(store, &own).await
}

async fn s12_who_is_done_with_is_closed_with_an_account_or_without(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1", "u-2"]).await?;
    put(store, &lane("u-1"), linked("r-1")?).await?;
    for member in ["u-1", "u-2"] {
        let mark = mark(store, &own, member).await?;
        close(store, &own, member, mark, Close::Done).await?;
    }
    same("open members", names(store, &own).await?, vec![])?;
    same("who waits", store.waiting_members(&own).await?, 0)
}

async fn s12_who_waits_and_is_opened_waits_no_more(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    commit(store, membership([join(&own.resource, &staff())])).await?;
    let everybody = Opening::Everybody(own.clone());
    for again in [Opening::These(own.clone(), vec![staff()]), everybody] {
        wait(store, &own, "u-1").await?;
        waits(store, &own).await?;
        commit(store, open([again])).await?;
        same("who waits", store.waiting_members(&own).await?, 0)?;
        same("open members", names(store, &own).await?, vec!["u-1".into()])?;
    }
    Ok(())
}

async fn s12_who_waits_is_counted_for_its_own_group(store: &dyn Store) -> Checked {
    let own = with_open(store, &["u-1"]).await?;
    let beside = [group_lane("g-10"), LaneKey::new(own.resource.clone(), crm())];
    wait(store, &own, "u-1").await?;
    for lane in &beside {
        same("who waits beside", store.waiting_members(lane).await?, 0)?;
    }
    commit(store, open(beside.map(Opening::Nobody))).await?;
    waits(store, &own).await
}
