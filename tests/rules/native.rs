//! Native rules.

use outbound_provisioning::model::{Filter, Timestamp};
use outbound_provisioning::rules::{NativeRules, Operation, Verdict};

use crate::scene::{NOW, Scene};

fn judged(rules: &str, scene: &Scene) -> (Verdict, Option<String>, Vec<String>) {
    let decision = rules.parse::<NativeRules>().unwrap().judge(&scene.request());
    (decision.verdict, decision.reason().map(str::to_owned), decision.policies().to_vec())
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = r#"
        # who may go where
        deny if active eq false because "who is switched off stays"

        permit if groups eq "finance" and operation eq "create"
        DENY IF title co "because \"x" BECAUSE "a \"quoted\" because"
        deny because "nobody else"
    "#;
    let mut scene = Scene::new();
    let named = |number: u8| vec![format!("rule {number}")];
    assert_eq!(judged(rules, &scene), (Verdict::Permit, None, named(2)));
    scene.operation = Operation::Update;
    assert_eq!(judged(rules, &scene), (Verdict::Deny, Some("nobody else".to_owned()), named(4)));
    let mut user = crate::scene::ada();
    user.title = Some("BECAUSE \"X".to_owned());
    scene.resource = user.clone().into();
    let quoted = Some("a \"quoted\" because".to_owned());
    assert_eq!(judged(rules, &scene), (Verdict::Deny, quoted, named(3)));
    scene.resource = user.with_active(false).into();
    assert_eq!(judged(rules, &scene).2, named(1));
    assert_eq!(judged("", &scene), (Verdict::NotApplicable, None, vec![]));
    assert_eq!(judged("permit if title eq \"x\"", &scene).0, Verdict::NotApplicable);
}

/// Everything that the guide names can be asked for.
#[test]
fn rules_see_user_request_and_time() {
    let scene = Scene::new();
    for filter in [
        r#"userName eq "ada""#,
        r#"name.givenName eq "Ada""#,
        r#"emails[type eq "home"].value ew "example.org""#,
        r#"emails co "example.org""#,
        r#"urn:example:badge:colour eq "green""#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "finance""#,
        r#"department eq "finance""#,
        r#"roles eq "Internal/finance""#,
        r#"groups eq "staff" and groups.display eq "finance""#,
        r#"resourceType eq "User""#,
        r#"operation eq "create" and trigger eq "api""#,
        r#"organization eq "acme""#,
        r#"application eq "hr-portal" and connection eq "GoogleIDP" and connector eq "scim2""#,
        r#"date eq "2026-11-04" and time eq "10:30:00""#,
        r#"time ge "09:00:00" and time le "17:00:00""#,
        r#"dateTime lt "2026-11-04T10:30:01Z""#,
        r#"not (groups eq "hr") and nickName eq null"#,
    ] {
        assert_eq!(judged(&format!("permit if {filter}"), &scene).0, Verdict::Permit, "{filter}");
    }
    let scene = Scene { application: None, ..Scene::of_group() };
    let filter = r#"resourceType eq "Group" and displayName sw "Staff" and application eq null and not (groups pr)"#;
    assert_eq!(judged(&format!("permit if {filter}"), &scene).0, Verdict::Permit);
}

/// Nobody's `userType` is not a contractor's, either: a rule that permits asks for the attribute first.
#[test]
fn a_missing_attribute_meets_a_negation() {
    let scene = Scene::new();
    for filter in [r#"userType ne "Contractor""#, r#"not (userType eq "Contractor")"#] {
        assert_eq!(judged(&format!("permit if {filter}"), &scene).0, Verdict::Permit, "{filter}");
        let remedy = format!("permit if userType pr and {filter}");
        assert_eq!(judged(&remedy, &scene).0, Verdict::NotApplicable, "{remedy}");
    }
}

/// A clock on a wall in Colombo, and the edges of office hours.
#[test]
fn time_is_by_the_rules_own_clock() {
    let filter = Filter::parse(r#"time ge "09:00:00" and time le "17:00:00""#).unwrap();
    let rules = NativeRules::new().permit_if(filter).at_offset("+05:30".parse().unwrap());
    for (minutes_from_now, expected) in [
        (0, Verdict::Permit),         // 16:00
        (60, Verdict::Permit),        // 17:00:00
        (61, Verdict::NotApplicable), // 17:01
        (17 * 60, Verdict::Permit),   // 09:00:00
        (17 * 60 - 1, Verdict::NotApplicable),
    ] {
        let time = Timestamp::from_millis(NOW + minutes_from_now * 60_000);
        let scene = Scene { time, ..Scene::new() };
        assert_eq!(rules.judge(&scene.request()).verdict, expected, "{minutes_from_now}");
    }
}

/// All lines that are wrong are named at once; none of their words is repeated.
#[test]
fn what_is_no_rule_is_said_by_line() {
    let text = "permit if titel eq\n\nallow if title pr\ndeny title pr\ndeny because no reason\npermit if title pr because \"a\" b\npermit";
    let problems = text.parse::<NativeRules>().unwrap_err();
    let lines: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(lines, ["line 1", "line 3", "line 4", "line 5", "line 6"]);
    assert!(!problems.to_string().contains("titel"), "{problems}");
    assert!("permit\n".repeat(256).parse::<NativeRules>().is_ok());
    assert!("permit\n".repeat(257).parse::<NativeRules>().is_err());
}
