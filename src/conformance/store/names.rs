//! Names that a store must keep apart, and give back as they were. Under sentence 1: a row is seen by its own key.

use super::scene::{
    Checked, OnStore, Trial, acme, commit, form, group, holds, hr, is_woken, join, lane,
    membership, new_lanes, queued, queued_until, record, same, settled, sorted, time, trials, user,
    wake, write_resource,
};
use crate::delivery::Health;
use crate::model::{
    EventId, Fact, LaneKey, Member, OrganizationId, ResourceKey, ResourceKind, Target, TargetKey,
};
use crate::store::{Batch, LaneQuery, MembershipWrite, Opening, Store, Which};

pub(super) const TRIALS: &[Trial<OnStore>] = trials![
    1: s01_resources_whose_names_run_together_are_different,
        s01_lanes_whose_names_run_together_are_different,
        s01_due_lanes_of_targets_whose_names_run_together_are_apart,
        s01_groups_whose_names_run_together_have_their_own_members,
        s01_open_members_of_lanes_whose_names_run_together_are_apart,
        s01_health_and_facts_of_targets_whose_names_run_together_are_apart,
        s01_organizations_share_nothing,
        s01_a_user_and_a_group_of_one_id_are_different,
        s01_odd_characters_in_ids_come_back,
        s01_odd_characters_in_names_of_targets_come_back,
        s01_odd_characters_in_members_come_back,
        s01_a_long_id_comes_back;
];

/// Separators, quotes, wildcards, what databases and files take for something else, and letters beyond ASCII.
const ODD: [&str; 16] = [
    "o'hara",
    "\"",
    "\\",
    "a:b",
    "a/b",
    "../a",
    "%",
    "_",
    " a ",
    "a;--",
    "$1",
    "{}",
    "Ä",
    "ä",
    "\u{1F469}\u{200D}\u{1F4BB}",
    "\u{10FFFF}",
];

fn key(organization: &str, kind: ResourceKind, id: &str) -> ResourceKey {
    ResourceKey::new(organization.into(), kind, id.into())
}

/// Resources that a careless key would take for each other.
fn alike() -> Vec<ResourceKey> {
    let pairs = [
        ("a", "b:c"),
        ("a:b", "c"),
        ("a", "b/c"),
        ("a/b", "c"),
        ("ab", "c"),
        ("a", "bc"),
        ("A", "bc"),
    ];
    let both = [ResourceKind::User, ResourceKind::Group];
    pairs.into_iter().flat_map(|(own, id)| both.map(|kind| key(own, kind, id))).collect()
}

/// Targets of the same sort.
fn targets_alike() -> Vec<Target> {
    let pairs = [
        ("x", "y:z"),
        ("x:y", "z"),
        ("x", "yz"),
        ("xy", "z"),
        ("x", "y"),
        ("x", "y\u{FF}"),
        ("X", "y"),
        ("hr", "scim2"),
        ("hr2", "scim2"),
        ("hr", "scim"),
    ];
    pairs.into_iter().map(|(connection, connector)| Target::new(connection, connector)).collect()
}

async fn s01_resources_whose_names_run_together_are_different(store: &dyn Store) -> Checked {
    for (key, number) in alike().iter().zip(1..) {
        commit(store, write_resource(key, 0, number)).await?;
    }
    for (key, number) in alike().iter().zip(1..) {
        same("the newest event", store.resource(key).await?.newest, EventId::new(number))?;
    }
    Ok(())
}

async fn s01_lanes_whose_names_run_together_are_different(store: &dyn Store) -> Checked {
    let mut lanes = Vec::new();
    for resource in alike() {
        lanes.extend(targets_alike().into_iter().map(|at| LaneKey::new(resource.clone(), at)));
    }
    let numbered = || lanes.iter().cloned().zip(1..);
    commit(store, new_lanes(numbered().map(|(lane, at)| (lane, queued_until(at))))).await?;
    for (lane, at) in numbered() {
        same("a lane", form(&record(store, &lane).await?)?, form(&queued_until(at))?)?;
    }
    for resource in alike() {
        let lanes = store.resource(&resource).await?.lanes;
        let targets = lanes.into_iter().map(|row| row.key.target);
        same("a resource's targets", sorted(targets), sorted(targets_alike()))?;
    }
    Ok(())
}

async fn s01_due_lanes_of_targets_whose_names_run_together_are_apart(store: &dyn Store) -> Checked {
    let mut lanes = Vec::new();
    for resource in alike() {
        lanes.extend(targets_alike().into_iter().map(|at| LaneKey::new(resource.clone(), at)));
    }
    commit(store, new_lanes(lanes.iter().map(|lane| (lane.clone(), queued())))).await?;
    let targets =
        sorted(lanes.iter().map(LaneKey::target_key).collect::<std::collections::BTreeSet<_>>());
    for target in &targets {
        let wanted = lanes.iter().filter(|lane| lane.target_key() == *target).cloned();
        let found = store.due(target, time(0), 1_000).await?;
        same("a target's due lanes", sorted(found), sorted(wanted))?;
    }
    let agenda = store
        .agenda(&std::collections::HashSet::new())
        .await?
        .into_iter()
        .map(|(target, _)| target);
    same("the targets with lanes due", sorted(agenda), targets)
}

async fn s01_groups_whose_names_run_together_have_their_own_members(store: &dyn Store) -> Checked {
    let groups = || alike().into_iter().filter(|key| key.kind == ResourceKind::Group);
    let own = |group: &ResourceKey| Member::user(format!("of {}", group.id).as_str());
    let named = |group: &ResourceKey| {
        let mut members = vec![own(group)];
        members.extend(groups().map(|other| Member::user(other.id.as_str())));
        sorted(members.into_iter().collect::<std::collections::BTreeSet<_>>())
    };
    for group in groups() {
        let joins = named(&group).into_iter().map(|member| join(&group, &member));
        commit(store, membership(joins)).await?;
    }
    for group in groups() {
        same("who is in a group", sorted(store.members_of(&group).await?), named(&group))?;
        let member =
            key(group.organization.as_str(), ResourceKind::User, own(&group).value.as_str());
        let wanted = groups()
            .filter(|other| other.organization == group.organization && other.id == group.id);
        same("a member's groups", store.groups_of(&member).await?, wanted.collect())?;
    }
    let Some(first) = groups().next() else { return Ok(()) };
    commit(store, membership([MembershipWrite::Dissolve(first.clone())])).await?;
    for group in groups().filter(|group| *group != first) {
        same("who is left in a group", sorted(store.members_of(&group).await?), named(&group))?;
    }
    Ok(())
}

async fn s01_open_members_of_lanes_whose_names_run_together_are_apart(
    store: &dyn Store,
) -> Checked {
    let mut lanes = Vec::new();
    for resource in alike().into_iter().filter(|key| key.kind == ResourceKind::Group) {
        lanes.extend(targets_alike().into_iter().map(|at| LaneKey::new(resource.clone(), at)));
    }
    commit(store, new_lanes(lanes.iter().map(|lane| (lane.clone(), settled())))).await?;
    let own = |lane: &LaneKey| Member::user(format!("{lane:?}").as_str());
    let openings = lanes.iter().map(|lane| Opening::These(lane.clone(), vec![own(lane)]));
    commit(store, Batch { open: openings.collect(), ..Batch::new() }).await?;
    for lane in &lanes {
        let open = store.open_members(lane, 1_000).await?.members;
        let open = open.into_iter().map(|open| open.member).collect();
        same("a lane's open members", open, vec![own(lane)])?;
    }
    let Some((first, others)) = lanes.split_first() else { return Ok(()) };
    let nobody = vec![Opening::Nobody(first.clone())];
    commit(store, Batch { open: nobody, ..Batch::new() }).await?;
    for lane in others {
        same("a lane's open members", store.open_members(lane, 9).await?.members.len(), 1)?;
    }
    Ok(())
}

async fn s01_health_and_facts_of_targets_whose_names_run_together_are_apart(
    store: &dyn Store,
) -> Checked {
    let targets: Vec<TargetKey> = ["a", "a:x", "ax"]
        .into_iter()
        .flat_map(|own| targets_alike().into_iter().map(|at| TargetKey::new(own.into(), at)))
        .collect();
    let fact = |at: i64| Fact::new("size", serde_json::json!(at), time(at));
    for (target, at) in targets.iter().zip(1..) {
        let mut health = Health::default();
        health.pause(at % 2 == 0);
        commit(
            store,
            Batch {
                health: Some((target.clone(), health)),
                facts: vec![(target.clone(), "size".into(), Some(fact(at)))],
                ..Batch::new()
            },
        )
        .await?;
    }
    for (target, at) in targets.iter().zip(1..) {
        same("a target's facts", store.facts(target).await?, vec![fact(at)])?;
        same("a target's health", store.health(target).await?.is_paused(), at % 2 == 0)?;
    }
    let known = store.healths().await?.into_iter().map(|(target, _)| target);
    same("targets with a health", sorted(known), sorted(targets))
}

async fn s01_organizations_share_nothing(store: &dyn Store) -> Checked {
    let theirs = |kind, id: &str| key("globex", kind, id);
    let their_lane = LaneKey::new(theirs(ResourceKind::User, "u-1"), hr());
    let their_group = theirs(ResourceKind::Group, "g-1");
    commit(store, new_lanes([(lane("u-1"), settled()), (their_lane.clone(), settled())])).await?;
    commit(store, membership([join(&their_group, &Member::user("u-1"))])).await?;
    holds("nobody is in our group", store.members_of(&group("g-1")).await?.is_empty())?;
    holds("our user is in no group", store.groups_of(&user("u-1")).await?.is_empty())?;
    commit(store, wake(&their_lane)).await?;
    same("our lane is woken", is_woken(store, &lane("u-1")).await?, false)?;
    same("their lane is woken", is_woken(store, &their_lane).await?, true)?;
    let listed = |organization: OrganizationId| LaneQuery::new(organization, Which::Due);
    holds("we have nothing due", store.lanes(&listed(acme())).await?.is_empty())?;
    same("they have", store.lanes(&listed("globex".into())).await?.len(), 1)
}

async fn s01_a_user_and_a_group_of_one_id_are_different(store: &dyn Store) -> Checked {
    let (person, club) = (user("1"), group("1"));
    let both = [&person, &club].map(|key| LaneKey::new(key.clone(), hr()));
    commit(store, new_lanes(both.iter().cloned().zip([queued(), settled()]))).await?;
    same(
        "the due lanes",
        store.due(&both[0].target_key(), time(0), 9).await?,
        vec![both[0].clone()],
    )?;
    let outer = group("outer");
    commit(store, membership([join(&outer, &Member::user("1"))])).await?;
    same("a user's groups", store.groups_of(&person).await?, vec![outer.clone()])?;
    holds("the group is in none", store.groups_of(&club).await?.is_empty())?;
    commit(store, membership([MembershipWrite::Leave(outer.clone(), Member::group("1"))])).await?;
    same("who is in the group", store.members_of(&outer).await?, vec![Member::user("1")])
}

async fn s01_odd_characters_in_ids_come_back(store: &dyn Store) -> Checked {
    let odd = || ODD.into_iter().flat_map(|own| ODD.map(|id| key(own, ResourceKind::User, id)));
    let lanes = odd().map(|key| (LaneKey::new(key, hr()), queued()));
    commit(store, new_lanes(lanes)).await?;
    for own in ODD {
        let target = TargetKey::new(own.into(), hr());
        let due = store.due(&target, time(0), 1_000).await?;
        let wanted = ODD.map(|id| key(own, ResourceKind::User, id));
        same("due resources", sorted(due.into_iter().map(|lane| lane.resource)), sorted(wanted))?;
        let listed = store.lanes(&LaneQuery::new(own.into(), Which::Due)).await?;
        same("listed lanes", listed.len(), ODD.len())?;
    }
    Ok(())
}

async fn s01_odd_characters_in_names_of_targets_come_back(store: &dyn Store) -> Checked {
    let odd = || ODD.into_iter().flat_map(|at| ODD.map(|with| Target::new(at, with)));
    let lanes = odd().map(|target| (LaneKey::new(user("u-1"), target), queued()));
    commit(store, new_lanes(lanes)).await?;
    let agenda = store
        .agenda(&std::collections::HashSet::new())
        .await?
        .into_iter()
        .map(|(target, _)| target.target);
    same("targets with lanes due", sorted(agenda), sorted(odd()))?;
    let shown = store.resource(&user("u-1")).await?.lanes;
    same("the lanes' targets", sorted(shown.into_iter().map(|row| row.key.target)), sorted(odd()))
}

async fn s01_odd_characters_in_members_come_back(store: &dyn Store) -> Checked {
    for name in ODD {
        let members = ODD.map(Member::user).into_iter().chain(ODD.map(Member::group));
        commit(store, membership(members.map(|member| join(&group(name), &member)))).await?;
    }
    let wanted = || ODD.map(Member::user).into_iter().chain(ODD.map(Member::group));
    for name in ODD {
        same("members", sorted(store.members_of(&group(name)).await?), sorted(wanted()))?;
        for member in [user(name), group(name)] {
            let groups = store.groups_of(&member).await?;
            same("groups", sorted(groups), sorted(ODD.map(group)))?;
        }
    }
    Ok(())
}

async fn s01_a_long_id_comes_back(store: &dyn Store) -> Checked {
    let long = "u".repeat(1_024);
    let (own, other) = (lane(&long), lane(&format!("{long}2")));
    commit(store, new_lanes([(own.clone(), queued()), (other.clone(), settled())])).await?;
    same("the due lanes", store.due(&own.target_key(), time(0), 9).await?, vec![own])?;
    holds("the other lane is there", store.lane(&other).await?.is_some())
}
