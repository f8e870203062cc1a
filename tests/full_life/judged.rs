//! The judge is judged: what is wrong at a target is called wrong, and not a limit of the target.

use std::collections::BTreeSet;

use outbound_provisioning::conformance::Quirk;
use serde_json::{Value, json};

use crate::judge::{Case, Judgement, Shown, judge};
use crate::scenario::Scenario;
use crate::stage::{GROUPS, PREFIX, Stage, USERS};
use crate::wanted::Wanted;

/// A life at a server, and what it left behind, to be spoilt.
struct Scene {
    stage: Stage,
    wanted: Wanted,
    shown: Shown,
}

impl Scene {
    fn at(quirks: &[Quirk]) -> Self {
        let stage = Stage::new(quirks);
        let phases = Scenario::phases(PREFIX, USERS, GROUPS);
        for phase in &phases {
            stage.dispatch(&phase.events);
            assert!(stage.rest(24 * 3_600_000));
        }
        let wanted = phases.last().unwrap().wanted.clone();
        let shown = Shown {
            users: stage.target.users(),
            groups: Some(stage.target.groups()),
            schema: None,
        };
        Self { stage, wanted, shown }
    }

    fn user(&mut self, id: &str) -> &mut Value {
        let id = format!("{PREFIX}{id}");
        self.shown.users.iter_mut().find(|user| user["externalId"] == *id).unwrap()
    }

    fn judged(&self) -> Judgement {
        judge(&Case {
            prefix: PREFIX,
            wanted: &self.wanted,
            shown: &self.shown,
            exchanges: &self.stage.ledger.exchanges(),
            open: &self.stage.open(),
            has_profile: false,
        })
    }
}

/// Spoils what a server shows, and answers what is said of it.
fn spoilt(spoil: impl Fn(&mut Scene)) -> Judgement {
    let mut scene = Scene::at(&[]);
    let before = scene.judged();
    assert!(before.failures.is_empty() && before.limits.is_empty(), "{before:?}");
    spoil(&mut scene);
    scene.judged()
}

#[track_caller]
fn is_failure(judgement: &Judgement, words: &str) {
    assert!(judgement.failures.iter().any(|text| text.contains(words)), "{judgement:?}");
    assert!(judgement.limits.is_empty(), "{judgement:?}");
}

#[test]
fn one_user_without_an_attribute_is_a_failure() {
    for (name, id) in [("title", "u0"), ("nickName", "u4"), ("phoneNumbers", "u9")] {
        let judgement = spoilt(|scene| {
            scene.user(id).as_object_mut().unwrap().remove(name);
        });
        is_failure(&judgement, &format!("{name} is nothing"));
    }
}

#[test]
fn one_value_that_is_not_what_was_wanted_is_a_failure() {
    is_failure(&spoilt(|scene| scene.user("u0")["title"] = json!("Mr.")), "title is `Mr.`");
    let judgement = spoilt(|scene| scene.user("u1")["nickName"] = json!("Nick1"));
    is_failure(&judgement, "should be nothing");
    let judgement =
        spoilt(|scene| scene.user("u10")["userName"] = json!("life-user10@example.com"));
    is_failure(&judgement, "userName is");
    let judgement = spoilt(|scene| {
        scene.user("u2")["emails"].as_array_mut().unwrap().pop();
    });
    is_failure(&judgement, "emails is");
}

#[test]
fn who_may_sign_in_is_never_waved_through() {
    is_failure(&spoilt(|scene| scene.user("u6")["active"] = json!(true)), "active is `true`");
    is_failure(&spoilt(|scene| scene.user("u0")["active"] = json!(false)), "active is `false`");
    // Not even where everybody is like this.
    let judgement = spoilt(|scene| {
        scene.shown.users.iter_mut().for_each(|user| user["active"] = json!(true));
    });
    is_failure(&judgement, "active is `true`");
}

#[test]
fn accounts_too_many_or_too_few_are_failures() {
    let judgement =
        spoilt(|scene| scene.shown.users.retain(|user| user["externalId"] != "life-u7"));
    is_failure(&judgement, "life-u7 has no account");
    let twice = |scene: &mut Scene, change: fn(&mut Value)| {
        let mut twin = scene.user("u7").clone();
        twin["id"] = json!("u-999");
        change(&mut twin);
        scene.shown.users.push(twin);
    };
    is_failure(&spoilt(|scene| twice(scene, |_| {})), "2 accounts belong to life-u7");
    let judgement = spoilt(|scene| {
        twice(scene, |twin| {
            twin.as_object_mut().unwrap().remove("externalId");
        });
    });
    is_failure(&judgement, "accounts have the userName");
    let judgement = spoilt(|scene| twice(scene, |twin| twin["externalId"] = json!("life-nobody")));
    is_failure(&judgement, "belongs to nobody");
}

#[test]
fn who_was_deleted_and_is_there_is_a_failure_where_others_are_gone() {
    for active in [true, false] {
        let judgement = spoilt(|scene| {
            let mut ghost = scene.user("u7").clone();
            ghost["id"] = json!("u-20");
            ghost["externalId"] = json!("life-u19");
            ghost["userName"] = json!("life-user19@example.com");
            ghost["active"] = json!(active);
            scene.shown.users.push(ghost);
        });
        is_failure(&judgement, "deleted user life-u19 has an");
    }
    // Also where DELETE only deactivates: somebody who can still sign in.
    let mut scene = Scene::at(&[Quirk::DeleteDeactivates]);
    assert_eq!(scene.judged().failures, [""; 0]);
    scene.user("u19")["active"] = json!(true);
    let failures = scene.judged().failures;
    assert!(failures.iter().any(|text| text.contains("life-u19 has an active account")));
}

#[test]
fn members_too_many_or_too_few_are_failures() {
    let group = |scene: &mut Scene| scene.shown.groups.as_mut().unwrap()[0].clone();
    let judgement = spoilt(|scene| {
        let mut group = group(scene);
        group["members"].as_array_mut().unwrap().pop();
        scene.shown.groups.as_mut().unwrap()[0] = group;
    });
    is_failure(&judgement, "is missing");
    let judgement = spoilt(|scene| {
        let stranger = scene.user("u6")["id"].clone();
        let mut group = group(scene);
        let members = group["members"].as_array_mut().unwrap();
        let is_in = members.iter().any(|member| member["value"] == stranger);
        let other = if is_in { json!("u-999") } else { stranger };
        members.push(json!({ "value": other }));
        scene.shown.groups.as_mut().unwrap()[0] = group;
    });
    is_failure(&judgement, "is in it, and should not be");
    let judgement = spoilt(|scene| scene.shown.groups.as_mut().unwrap().truncate(1));
    is_failure(&judgement, "is not there");
}

#[test]
fn what_nobody_has_is_a_failure_where_it_was_never_sent() {
    let mut scene = Scene::at(&[]);
    // As if the connector had left it out everywhere, and the server's schema has it.
    for user in &mut scene.shown.users {
        user.as_object_mut().unwrap().remove("title");
    }
    scene.shown.schema = Some(BTreeSet::from(["title".to_owned()]));
    let exchanges = scene.stage.ledger.exchanges();
    let without: Vec<_> = exchanges
        .into_iter()
        .filter(|exchange| {
            !exchange.sent.as_ref().is_some_and(|sent| sent.to_string().contains("title"))
        })
        .collect();
    let judgement = judge(&Case {
        prefix: PREFIX,
        wanted: &scene.wanted,
        shown: &scene.shown,
        exchanges: &without,
        open: &[],
        has_profile: false,
    });
    is_failure(&judgement, "title is nothing");
    // Sent, taken, and shown by nobody: that is the server's doing.
    let judgement = scene.judged();
    assert!(judgement.failures.is_empty(), "{judgement:?}");
    assert_eq!(judgement.limits.len(), 1, "{judgement:?}");
}
