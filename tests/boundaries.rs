//! T2: every call of the store and of the connector is a point at which the process dies, or the call fails. Each
//! scenario is struck at its first call, then at its second, until it passes whole (F1, F2, F6).
#![cfg(all(feature = "blocking", feature = "non-blocking"))]

#[path = "simulation/host.rs"]
#[allow(dead_code, reason = "shared with the simulation")]
mod host;
#[path = "simulation/judge.rs"]
#[allow(dead_code, reason = "shared with the simulation")]
mod judge;
#[path = "simulated/mod.rs"]
mod simulated;
#[path = "simulation/terms.rs"]
#[allow(dead_code, reason = "shared with the simulation")]
mod terms;

use std::sync::{Arc, Mutex};

use host::{Answers, Change, Truth};
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::host::ResourceSource;
use outbound_provisioning::model::{
    ConnectorSettings, Group, Member, OrganizationId, Properties, ResourceKey, User,
};
use simulated::clock::lock;
use simulated::dice::Dice;
use simulated::store::Loss;
use simulated::weather::{Fate, Plan, Strike};
use simulated::world::{ACME, Setting, World, provisioner};
use terms::Terms;

#[derive(Clone, Debug)]
struct Scenario {
    name: &'static str,
    changes: Vec<Change>,
    fates: Vec<Fate>,
    blocking: bool,
    announced: bool,
    /// Milliseconds between two changes.
    pace: i64,
}

fn scenario(name: &'static str, changes: impl IntoIterator<Item = Change>) -> Scenario {
    let changes = changes.into_iter().collect();
    Scenario { name, changes, fates: Vec::new(), blocking: false, announced: false, pace: 400 }
}

fn user(id: &str, name: &str, version: u64) -> User {
    User::new(id, name).with_display_name(format!("{name} v{version}"))
}

fn create(id: &str, version: u64) -> Change {
    Change::Create(user(id, id, version))
}

fn update(id: &str, version: u64) -> Change {
    Change::Update(user(id, id, version))
}

fn delete(id: &str) -> Change {
    Change::Delete(id.into())
}

fn group(id: &str, members: &[&str]) -> Change {
    let group = Group::new(id, format!("{id} v1"));
    Change::CreateGroup(
        members.iter().fold(group, |group, id| group.with_member(Member::user(*id))),
    )
}

fn join(group: &str, id: &str) -> Change {
    Change::Join(group.into(), id.into())
}

fn leave(group: &str, id: &str) -> Change {
    Change::Leave(group.into(), id.into())
}

fn scenarios() -> Vec<Scenario> {
    let plain = vec![
        scenario("create", [create("u1", 1)]),
        scenario("create, update", [create("u1", 1), update("u1", 2), update("u1", 3)]),
        scenario("create, delete", [create("u1", 1), delete("u1")]),
        scenario("delete, create", [create("u1", 1), delete("u1"), create("u1", 2)]),
        scenario("rename", [create("u1", 1), Change::Update(user("u1", "anna", 2))]),
        scenario(
            "a name is used again",
            [
                Change::Create(user("u1", "ada", 1)),
                delete("u1"),
                Change::Create(user("u2", "ada", 2)),
            ],
        ),
        scenario(
            "a group with members",
            [create("u1", 1), create("u2", 2), create("u3", 3), group("g1", &["u1", "u2", "u3"])],
        ),
        scenario("a member before its account", [group("g1", &["u1"]), create("u1", 1)]),
        scenario("a member is deleted", [create("u1", 1), group("g1", &["u1"]), delete("u1")]),
        scenario(
            "members come and go",
            [
                create("u1", 1),
                create("u2", 2),
                group("g1", &["u1"]),
                join("g1", "u2"),
                leave("g1", "u1"),
            ],
        ),
        scenario(
            "a group comes back",
            [
                create("u1", 1),
                group("g1", &["u1"]),
                Change::DeleteGroup("g1".into()),
                group("g1", &["u1"]),
            ],
        ),
        scenario(
            "two users at once",
            [create("u1", 1), create("u2", 2), update("u1", 3), delete("u2")],
        ),
    ];
    let mut all = plain.clone();
    let of = |name: &str| plain.iter().find(|scenario| scenario.name == name).cloned();
    let fates = |name, base: &str, fates: &[Fate]| {
        of(base).map(|scenario| Scenario { name, fates: fates.to_vec(), ..scenario })
    };
    all.extend(fates("the first create is late", "delete, create", &[Fate::Late(3_000)]));
    all.extend(fates("answers get lost", "create, update", &[Fate::AnswerLost; 3]));
    all.extend(fates("requests get lost", "create, delete", &[Fate::Lost; 3]));
    all.extend(fates(
        "members are late",
        "members come and go",
        &[Fate::Answered, Fate::Answered, Fate::Answered, Fate::Late(4_000)],
    ));
    all.extend(fates(
        "the target is busy",
        "create, update",
        &[Fate::Limited, Fate::Unavailable(true)],
    ));
    for (name, base) in [
        ("blocking create and update", "create, update"),
        ("blocking group", "a member before its account"),
        ("blocking delete of a member", "a member is deleted"),
    ] {
        all.extend(of(base).map(|scenario| Scenario { name, blocking: true, ..scenario }));
    }
    for (name, base) in [
        ("announced changes", "create, update"),
        ("announced removal", "create, delete"),
        ("announced members", "members come and go"),
    ] {
        all.extend(of(base).map(|scenario| Scenario { name, announced: true, ..scenario }));
    }
    all
}

/// What one run came to.
#[derive(Debug, Default)]
struct Ran {
    struck: bool,
    requests: u64,
    wrong: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    unique: bool,
    loss: Loss,
    /// What was interrupted is told again, and the rest after it. Else the host stops there.
    goes_on: bool,
}

fn key(change: &Change) -> ResourceKey {
    let (kind, id) = change.own();
    ResourceKey::new(OrganizationId::from(ACME), kind, id)
}

fn run(scenario: &Scenario, strikes: &[(u64, Strike)], point: Point) -> Ran {
    let plan = Plan::At {
        strikes: strikes.iter().copied().collect(),
        fates: scenario.fates.iter().copied().collect(),
    };
    let provisioner = if scenario.blocking { provisioner().blocking() } else { provisioner() };
    let setting = Setting {
        unique: point.unique,
        plan,
        loss: point.loss,
        provisioner,
        settings: ConnectorSettings::from(Properties::new()),
        verbose: false,
    };
    let mut dice = Dice::new(7);
    let mut world = World::new(dice.fork(), setting);
    let truth = Arc::new(Mutex::new(Truth::default()));
    let answers = Answers {
        truth: Arc::clone(&truth),
        clock: world.clock.clone(),
        dice: Arc::new(Mutex::new(dice.fork())),
    };
    let answers: Arc<dyn ResourceSource> = Arc::new(answers);
    world = world.with_resources(answers);
    world.boot();
    let commit = |world: &World, change: &Change| {
        lock(&truth).commit(change);
        lock(&world.target.directory).deleted.insert(change.own());
    };
    'changes: for change in &scenario.changes {
        let pause = world.clock.clone();
        let pace = scenario.pace;
        let _slept = world.finish(async move { pause.pause(pace).await });
        let before = world.disk.accepted(&key(change));
        for _ in 0..10 {
            if world.dispatcher().is_none() {
                world.boot();
            }
            let Some(dispatcher) = world.dispatcher() else { break };
            let event = change.event();
            if scenario.announced {
                let key = key(change);
                let announced = {
                    let dispatcher = dispatcher.clone();
                    world.finish(async move { dispatcher.announce(key).await })
                };
                // Without the announcement the host does not commit.
                let Some(Ok(announced)) = announced else { continue };
                commit(&world, change);
                if world.dispatcher().is_some() {
                    let _told = world.finish(async move {
                        dispatcher.dispatch(event).fulfilling(announced).await
                    });
                }
                continue 'changes;
            }
            // What the target may be sent from now on, whether or not the host ever hears of it.
            lock(&world.target.directory).deleted.insert(change.own());
            let told = world.finish(async move { dispatcher.dispatch(event).await });
            if matches!(told, Some(Ok(_))) {
                commit(&world, change);
                continue 'changes;
            }
            if !point.goes_on {
                if world.dispatcher().is_none() {
                    world.boot();
                }
                // In the store or not, and nothing between (C1): what is not there is never sent.
                if world.disk.accepted(&key(change)) > before {
                    commit(&world, change);
                }
                break 'changes;
            }
        }
    }
    come_to_rest(&mut world, &truth)
}

fn come_to_rest(world: &mut World, truth: &Arc<Mutex<Truth>>) -> Ran {
    for _ in 0..20 {
        if world.dispatcher().is_none() {
            world.boot();
        }
        if !world.settle(2 * 3_600_000) {
            continue;
        }
        world.weather.clear_up();
        let mut again = false;
        for (kind, id) in lock(truth).ever.clone() {
            let Some(dispatcher) = world.dispatcher() else { continue };
            let key = ResourceKey::new(OrganizationId::from(ACME), kind, id);
            let found = world.finish(async move { dispatcher.status(&key).await });
            for lane in found.into_iter().flatten().flatten() {
                if matches!(lane.state, LaneState::Parked(_)) {
                    world.retry(lane.lane);
                    again = true;
                } else if lane.state != LaneState::Settled {
                    world.weather.violated(world.clock.millis(), format!("not settled: {lane:?}"));
                }
            }
        }
        if !again {
            break;
        }
    }
    let directory = lock(&world.target.directory);
    let mut wrong = world.weather.violations();
    wrong.extend(judge::wrong(&lock(truth), &directory, Terms::Plain));
    if directory.repeated_creates > 0 {
        wrong.push("a second account was made".to_owned());
    }
    Ran { struck: world.weather.struck() > 0, requests: directory.requests, wrong }
}

#[test]
fn t2_no_call_is_a_point_where_an_event_is_lost_reordered_or_made_up() {
    let (mut points, mut extra, mut most, mut bad) = (0_u64, 0_u64, 0_u64, Vec::new());
    let kinds: [(&str, Strike, Loss, Option<u64>); 7] = [
        ("dies before", Strike::DieBefore, Loss::All, None),
        ("dies after", Strike::DieAfter, Loss::All, None),
        ("is killed after", Strike::DieAfter, Loss::Nothing, None),
        ("fails before", Strike::FailBefore, Loss::All, None),
        ("fails after", Strike::FailAfter, Loss::All, None),
        ("dies twice", Strike::DieAfter, Loss::All, Some(3)),
        ("dies again later", Strike::DieBefore, Loss::Chance, Some(9)),
    ];
    let all = scenarios();
    for scenario in &all {
        for unique in [true, false] {
            let calm = run(scenario, &[], Point { unique, loss: Loss::All, goes_on: true });
            assert!(calm.wrong.is_empty(), "{} without a fault: {:?}", scenario.name, calm.wrong);
            for (how, strike, loss, second) in kinds {
                for call in 1..1_000 {
                    let mut strikes = vec![(call, strike)];
                    strikes.extend(second.map(|after| (after, Strike::DieBefore)));
                    let point = Point { unique, loss, goes_on: call % 2 == 0 };
                    let ran = run(scenario, &strikes, point);
                    if !ran.struck {
                        break;
                    }
                    points += 1;
                    let more = ran.requests.saturating_sub(calm.requests);
                    (extra, most) = (extra + more, most.max(more));
                    if !ran.wrong.is_empty() {
                        bad.push(format!(
                            "{} (unique: {unique}) {how} at call {call}: {:?}",
                            scenario.name, ran.wrong
                        ));
                    }
                }
            }
        }
    }
    println!(
        "{} scenarios, {points} points, {} violated, {extra} requests more than without a fault, {most} at most",
        all.len(),
        bad.len()
    );
    assert!(bad.is_empty(), "{:#?}", bad.iter().take(20).collect::<Vec<_>>());
    assert!(points >= 2_000, "only {points} points");
}
