//! What follows from a decision, and the settings that say so.

use outbound_provisioning::model::{
    OnRuleExit, Problems, RuleSettings, WhenIndeterminate, WhenNotApplicable, WhenObliged,
};
use outbound_provisioning::rules::{
    Obligation, Operation, RuleDecision, RuleEffect, RuleEngine, Verdict,
};
use outbound_provisioning::{Error, ErrorKind};
use serde_json::json;

use crate::scene::Scene;

fn skip(reason: &str) -> RuleEffect {
    RuleEffect::Skip { reason: reason.to_owned() }
}

fn hold(reason: &str) -> RuleEffect {
    RuleEffect::Hold { reason: reason.to_owned() }
}

/// The table of the issue, by default and as strict and as lax as it gets.
#[test]
fn each_decision_has_its_effect() {
    let usual = RuleSettings::default();
    let mut other = RuleSettings::default();
    other.not_applicable = WhenNotApplicable::Skip;
    other.indeterminate = WhenIndeterminate::Skip;
    other.obligations = WhenObliged::Ignore;
    let obliged = RuleDecision::permit().with_obligation(Obligation::new("urn:example:notify"));
    let unfulfilled =
        "the rules allow it with the obligation urn:example:notify, which nobody fulfils";
    for (decision, expected, otherwise) in [
        (RuleDecision::permit(), RuleEffect::Go, RuleEffect::Go),
        (obliged.clone(), skip(unfulfilled), RuleEffect::Go),
        (
            obliged.clone().fulfilled(|duty| duty.id().ends_with("notify")),
            RuleEffect::Go,
            RuleEffect::Go,
        ),
        (RuleDecision::new(Verdict::NotApplicable), RuleEffect::Go, skip("no rule speaks of it")),
        (RuleDecision::deny(), skip("the rules forbid it"), skip("the rules forbid it")),
        (RuleDecision::deny().because("at night"), skip("at night"), skip("at night")),
        (
            RuleDecision::new(Verdict::Indeterminate),
            hold("the rules could not be evaluated"),
            skip("the rules could not be evaluated"),
        ),
        (RuleDecision::indeterminate("no clock"), hold("no clock"), skip("no clock")),
    ] {
        assert_eq!(usual.effect(&decision), expected, "{decision:?}");
        assert_eq!(other.effect(&decision), otherwise, "{decision:?}");
    }
    // An obligation to a denial changes nothing.
    let denied = RuleDecision::deny().with_obligation(Obligation::new("urn:example:notify"));
    assert_eq!(other.effect(&denied), skip("the rules forbid it"));
}

/// An engine that fails holds: whatever the error, it is never a silent skip and never a permit.
#[test]
fn an_engine_that_fails_holds() {
    let settings = RuleSettings::default();
    for kind in [
        ErrorKind::Configuration,
        ErrorKind::Internal,
        ErrorKind::InvalidResponse,
        ErrorKind::Timeout,
        ErrorKind::Unauthenticated,
        ErrorKind::Unavailable,
    ] {
        let wait = std::time::Duration::from_secs(7);
        let decision = RuleDecision::of(Err(Error::new(kind, "x").with_retry_after(wait)));
        assert_eq!(settings.effect(&decision), hold(&format!("{kind}: x")));
        assert_eq!(decision.retry_after(), Some(wait));
    }
}

#[test]
fn deprovisioning_is_not_subject_to_rules_unless_switched_on() {
    let mut settings = RuleSettings::default();
    let asked =
        |settings: &RuleSettings| Operation::ALL.map(|operation| settings.ask_about(operation));
    assert_eq!(asked(&settings), [true, true, true, false, false]);
    settings.deprovisioning = true;
    assert_eq!(asked(&settings), [true; 5]);
}

/// Whatever can be set is written and read back.
#[test]
fn settings_are_read_as_they_were_written() {
    for not_applicable in [WhenNotApplicable::Allow, WhenNotApplicable::Skip] {
        for indeterminate in [WhenIndeterminate::Hold, WhenIndeterminate::Skip] {
            for obligations in [WhenObliged::Deny, WhenObliged::Ignore] {
                for on_exit in [OnRuleExit::Keep, OnRuleExit::Deactivate, OnRuleExit::Delete] {
                    for deprovisioning in [false, true] {
                        let mut settings = RuleSettings::default();
                        settings.not_applicable = not_applicable;
                        settings.indeterminate = indeterminate;
                        settings.obligations = obligations;
                        settings.on_exit = on_exit;
                        settings.deprovisioning = deprovisioning;
                        let mut problems = Problems::new();
                        let read = RuleSettings::read(&settings.to_value(), "rules", &mut problems);
                        assert_eq!((read, problems), (settings, Problems::new()));
                    }
                }
            }
        }
    }
    assert_eq!(RuleSettings::default().to_value(), json!({}));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let mut problems = Problems::new();
    let wrong = json!({
        "deprovisioning": "yes", "indeterminate": "retry", "not_aplicable": "skip", "obligations": 1, "on_exit": null,
    });
    assert_eq!(RuleSettings::read(&wrong, "x.rules", &mut problems), RuleSettings::default());
    let expected = [
        "x.rules.deprovisioning: wrong type; give true or false",
        "x.rules.indeterminate: not understood; give one of hold, skip",
        "x.rules.not_aplicable: unknown key; did you mean `not_applicable`?",
        "x.rules.obligations: not understood; give one of deny, ignore",
        "x.rules.on_exit: not understood; give one of keep, deactivate, delete",
    ];
    assert_eq!(problems.to_string(), expected.join("\n"));
    let mut problems = Problems::new();
    RuleSettings::read(&json!(true), "rules", &mut problems);
    assert_eq!(problems.to_string(), "rules: wrong type; give an object");
}

/// What a stranger says goes into logs and reports: it stays on one line, and it ends.
#[test]
fn what_an_engine_says_is_fit_for_a_log() {
    let said = |text: &str| RuleDecision::deny().because(text).reason().map(str::to_owned);
    assert_eq!(said("  not\r\nin\u{202e}\u{1b}[31m HR\t"), Some("not in [31m HR".to_owned()));
    assert_eq!(said(" \n"), None);
    let long = "ä".repeat(5_000);
    assert_eq!(said(&long).map(|said| said.chars().count()), Some(512));
    assert_eq!(said(&format!("{} b", "a".repeat(511))), Some("a".repeat(511)));
    let words = "ab ".repeat(5_000);
    assert!(said(&words).unwrap().chars().count() <= 512);

    let mut decision = RuleDecision::permit();
    for number in 0..100 {
        let mut duty = Obligation::new(format!("duty\n{number}"));
        for _ in 0..100 {
            duty = duty.with("a\nb", "c\nd");
        }
        decision = decision.by_policy(format!("p\n{number}")).with_obligation(duty);
    }
    assert_eq!((decision.policies().len(), decision.obligations().len()), (32, 32));
    assert_eq!(decision.policies()[0], "p 0");
    let duty = &decision.obligations()[0];
    assert_eq!((duty.id(), duty.assignments().count()), ("duty 0", 32));
    assert_eq!(duty.assignments().next(), Some(("a b", "c d")));
}

/// An engine behind a pointer is the same engine.
#[tokio::test]
async fn pointers_forward() {
    let rules: outbound_provisioning::rules::NativeRules = "deny because \"no\"".parse().unwrap();
    let shared: std::sync::Arc<dyn RuleEngine> = std::sync::Arc::new(rules);
    let boxed: Box<dyn RuleEngine> = Box::new(std::sync::Arc::clone(&shared));
    let scene = Scene::new();
    assert_eq!(boxed.decide(&scene.request()).await.unwrap().reason(), Some("no"));
}
