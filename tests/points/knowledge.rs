//! What is learnt of a target, for how long it is believed, and what the test of a connection says.

use std::sync::Arc;

use outbound_provisioning::ErrorKind;
use outbound_provisioning::conformance::Quirk;
use outbound_provisioning::connector::{Check, Origin};
use outbound_provisioning::mock::ManualRuntime;
use outbound_provisioning::model::{Event, Fact, Target, TargetKey, User};
use outbound_provisioning::store::MemoryStore;
use serde_json::{Value, json};

use crate::site::{Site, Us, status};
use crate::target::{
    DAY, Host, SECOND, ada, always, connect_at, create, curious, learning, lines, list, quiet,
    rename, script, site_of, with,
};

tests![
    a_refusal_is_paid_for_once_for_each_target,
    the_next_connector_knows_what_the_last_one_learnt,
    another_target_is_believed_nothing_of_it,
    what_was_learnt_is_forgotten_after_thirty_days,
    what_was_kept_in_another_form_is_passed_over_and_forgotten,
    a_question_in_other_words_is_judged_like_the_first,
    what_the_administrator_set_is_never_unlearnt,
    a_check_tells_what_was_found_assumed_and_set,
    a_check_changes_nothing,
    a_check_warns_of_an_account_that_may_see_nobody,
    a_check_that_cannot_sign_in_says_so,
];

fn target_key() -> TargetKey {
    TargetKey::new("acme".into(), Target::new("hr", "scim2"))
}

/// A change where PATCH is not there: what it costs.
async fn cost(us: &Us, site: &Site) -> Vec<String> {
    lines(site);
    rename(us).await.unwrap();
    lines(site)
}

/// A target without PATCH, which says nothing of it.
fn without_patch() -> Site {
    Site::new(|request| {
        Ok(match request.method().as_str() {
            "PATCH" => status(405),
            "GET" => crate::site::answer(200, &[], json!({ "id": "r-1", "userName": "ada" })),
            _ => status(204),
        })
    })
}

const FULL: [&str; 3] = ["PATCH /Users/r-1", "GET /Users/r-1", "PUT /Users/r-1"];
const LEARNT: [&str; 2] = ["GET /Users/r-1", "PUT /Users/r-1"];

fn clock() -> ManualRuntime {
    let clock = ManualRuntime::new();
    clock.advance(DAY * 365);
    clock
}

// ---- facts ------------------------------------------------------------------------------------------------------

async fn a_refusal_is_paid_for_once_for_each_target() {
    let site = without_patch();
    let us = site.connect(learning());
    assert_eq!(cost(&us, &site).await, FULL);
    for _ in 0..3 {
        assert_eq!(cost(&us, &site).await, LEARNT);
    }
    let facts = us.connector.learnt();
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0].name, "user_update");
    assert_eq!(facts[0].value["value"], "put");
    assert!(facts[0].value["because"].as_str().unwrap().contains("405"), "{}", facts[0].value);
    assert!(us.connector.learnt().is_empty(), "handed over once");
}

async fn the_next_connector_knows_what_the_last_one_learnt() {
    let (site, clock) = (without_patch(), clock());
    let first = connect_at(&site, learning(), &clock);
    assert_eq!(cost(&first, &site).await, FULL);
    let second = connect_at(&site, learning(), &clock);
    second.connector.recall(&first.connector.learnt());
    assert_eq!(cost(&second, &site).await, LEARNT);

    // By way of the store, over the end of a host; what the target says of itself as well.
    let store = Arc::new(MemoryStore::new());
    let target = with(&[Quirk::CapitalOpsOnly]);
    let host = Host::over(site_of(&target), curious(), Arc::clone(&store));
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    host.lines();
    let host = Host::over(site_of(&target), curious(), Arc::clone(&store));
    host.deliver(Event::user_updated(ada().with_display_name("Lady Ada"))).await;
    assert_eq!(host.lines(), ["PATCH /Users/u-1"]);
}

async fn another_target_is_believed_nothing_of_it() {
    let store = Arc::new(MemoryStore::new());
    let target = with(&[Quirk::CapitalOpsOnly]);
    let host = Host::over(site_of(&target), learning(), Arc::clone(&store));
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    // The connection leads elsewhere now.
    let other = with(&[]);
    let moved = learning().with("base_url", "https://elsewhere.example.com/scim/v2");
    let host = Host::over(site_of(&other), moved, Arc::clone(&store));
    host.deliver(Event::user_created(User::new("u-2", "grace"))).await;
    host.site.counts();
    host.deliver(Event::user_updated(User::new("u-2", "grace").with_display_name("G"))).await;
    let sent = &host.site.seen()[0];
    assert_eq!(crate::target::body(sent)["Operations"][0]["op"], "replace", "small again");
}

async fn what_was_learnt_is_forgotten_after_thirty_days() {
    let (site, clock) = (without_patch(), clock());
    let first = connect_at(&site, learning(), &clock);
    assert_eq!(cost(&first, &site).await, FULL);
    let facts = first.connector.learnt();
    clock.advance(DAY * 30);
    let second = connect_at(&site, learning(), &clock);
    second.connector.recall(&facts);
    assert_eq!(cost(&second, &site).await, LEARNT);
    clock.advance(SECOND);
    let third = connect_at(&site, learning(), &clock);
    third.connector.recall(&facts);
    assert_eq!(cost(&third, &site).await, FULL, "servers get better");
    // The store is told to forget it, and then what was learnt anew.
    let names: Vec<(String, bool)> = third
        .connector
        .learnt()
        .into_iter()
        .map(|fact| (fact.name, fact.value.is_null()))
        .collect();
    assert_eq!(names, [("user_update".to_owned(), true), ("user_update".to_owned(), false)]);
    // A connector that lives as long forgets like a new one.
    assert_eq!(cost(&third, &site).await, LEARNT);
    clock.advance(DAY * 30);
    assert_eq!(cost(&third, &site).await, LEARNT);
    clock.advance(SECOND);
    assert_eq!(cost(&third, &site).await, FULL);
    let kept = third.connector.learnt();
    assert_eq!(kept.len(), 2, "forgotten, and learnt anew");
    assert!(kept[0].value.is_null() && !kept[1].value.is_null());
    // So does what was guessed in vain.
    let site = Site::new(|_| Ok(status(400)));
    let us = connect_at(&site, learning(), &clock);
    let requests = async || {
        rename(&us).await.unwrap_err();
        lines(&site).len()
    };
    let first = requests().await;
    assert!(first > 1, "other words are tried");
    let mut later = first;
    for _ in 0..3 {
        later = requests().await;
    }
    assert!(later < first, "not for ever: {later} requests");
    clock.advance(DAY * 30);
    assert_eq!(requests().await, later);
    clock.advance(DAY * 30 + SECOND);
    assert_eq!(requests().await, first, "servers get better");
}

async fn a_question_in_other_words_is_judged_like_the_first() {
    // It takes one media type only, and shows everybody, whatever is asked.
    let strangers =
        ["grace", "alan"].map(|name| json!({ "id": name, "externalId": name, "userName": name }));
    let everybody = list(&strangers);
    let site = Site::new(move |request| {
        let accept = request.headers().get("accept").and_then(|accept| accept.to_str().ok());
        Ok(if accept == Some("application/json") { everybody.clone() } else { status(406) })
    });
    let us = site.connect(learning());
    assert!(crate::target::find(&us).await.unwrap().is_empty());
    let learnt: Vec<String> = us.connector.learnt().into_iter().map(|fact| fact.name).collect();
    assert_eq!(learnt, ["accept", "user_filters"]);
    assert_eq!(lines(&site).len(), 2, "asked twice, and everybody is known");
    // And a refusal of it means "not by this", as the first one does.
    let site = Site::new(|request| {
        let accept = request.headers().get("accept").and_then(|accept| accept.to_str().ok());
        let filters = request.uri().query().is_some_and(|query| query.contains("filter="));
        Ok(match accept {
            Some("application/json") if filters => status(400),
            Some("application/json") => list(&[]),
            _ => status(406),
        })
    });
    let us = site.connect(learning());
    assert!(crate::target::find(&us).await.unwrap().is_empty());
}

async fn what_was_kept_in_another_form_is_passed_over_and_forgotten() {
    let (site, clock) = (without_patch(), clock());
    let now = outbound_provisioning::host::Runtime::now(&clock);
    let us = connect_at(&site, learning(), &clock);
    us.connector.recall(&[
        Fact::new("user_update", json!({ "value": "by pigeon", "because": "x" }), now),
        Fact::new("user_update", json!(7), now),
        Fact::new("no_such_field", json!({ "value": 1 }), now),
        Fact::new("description", json!("text"), now),
    ]);
    assert_eq!(cost(&us, &site).await, FULL, "as if nothing had been known");
    let forgotten: Vec<Fact> =
        us.connector.learnt().into_iter().filter(|fact| fact.value.is_null()).collect();
    assert_eq!(forgotten.len(), 1);
    assert_eq!(forgotten[0].name, "no_such_field");
}

async fn what_the_administrator_set_is_never_unlearnt() {
    let site = without_patch();
    let set = r#"{"discovery": false, "user_update": "patch"}"#;
    let us = site.connect(curious().with("profile_overrides", set));
    for _ in 0..3 {
        assert_eq!(rename(&us).await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert_eq!(lines(&site), ["PATCH /Users/r-1"; 3]);
}

// ---- the test of a connection -----------------------------------------------------------------------------------

fn finding<'a>(check: &'a Check, start: &str) -> (Origin, &'a str) {
    let found = check.findings.iter().find(|finding| finding.text.starts_with(start));
    found
        .map(|finding| (finding.origin, finding.text.as_str()))
        .unwrap_or_else(|| panic!("nothing about `{start}`: {:?}", check.findings))
}

async fn a_check_tells_what_was_found_assumed_and_set() {
    let site = site_of(&with(&[Quirk::CapitalOpsOnly]));
    let set = r#"{"max_count": 50}"#;
    let us = site.connect(curious().with("profile_overrides", set).with("profile", "slack"));
    create(&us, ada().with_email("ada@example.com")).await.unwrap();
    let (before, after) = (ada().into(), ada().with_display_name("Ada").into());
    let difference = outbound_provisioning::model::Difference::between(&before, &after);
    let change = outbound_provisioning::connector::Update::new(&after, &difference);
    us.connector
        .update(&crate::target::id("u-1"), &change, &crate::target::attempt())
        .await
        .unwrap();
    let check = us.connector.check().await.unwrap();
    assert!(!check.has_warnings(), "{:?}", check.findings);
    for (start, origin, words) in [
        ("The target answers and shows 1 user", Origin::Found, "1"),
        ("The target describes itself", Origin::Found, ""),
        ("etag = true", Origin::Found, "the target says so"),
        ("patch_op_case = \"pascal\"", Origin::Found, "learnt from its answers: 400"),
        ("delete = \"deactivates\"", Origin::Found, "by the vendor's profile"),
        ("max_count = 50", Origin::Overridden, "set by the administrator"),
        ("members_mixable = true", Origin::Assumed, "assumed"),
    ] {
        let (found, text) = finding(&check, start);
        assert_eq!(found, origin, "{text}");
        assert!(text.contains(words), "{text}");
    }
    // Nothing personal, nothing secret.
    let all = format!("{check:?}");
    assert!(!all.contains("example.com") && !all.contains("t0ken"), "{all}");
    let silent = site_of(&with(&[Quirk::NoDiscovery])).connect(curious());
    let check = silent.connector.check().await.unwrap();
    assert_eq!(finding(&check, "The target does not describe itself").0, Origin::Assumed);
}

async fn a_check_changes_nothing() {
    let site = site_of(&with(&[]));
    site.connect(curious()).connector.check().await.unwrap();
    let asked = lines(&site);
    assert!(asked.iter().all(|line| line.starts_with("GET ")), "{asked:?}");
    assert_eq!(asked.last().unwrap(), "GET /Users?startIndex=1&count=1");
}

async fn a_check_warns_of_an_account_that_may_see_nobody() {
    let nobody = always(200, json!({ "totalResults": 0, "Resources": [] }));
    let us = nobody.connect(quiet(json!({})));
    let check = us.connector.check().await.unwrap();
    assert!(!check.has_warnings(), "it may be empty");
    // But not where accounts were made, in an earlier life too.
    let target = with(&[]);
    let store = Arc::new(MemoryStore::new());
    let host = Host::over(site_of(&target), curious(), Arc::clone(&store));
    host.deliver(Event::user_created(ada())).await;
    let check = host.dispatcher.check_connection(&target_key()).await.unwrap();
    assert!(!check.has_warnings());
    let blind = Site::new(|_| Ok(list(&[])));
    let host = Host::over(blind, curious(), store);
    let check = host.dispatcher.check_connection(&target_key()).await.unwrap();
    let (origin, text) = finding(&check, "The target answers and shows no user");
    assert_eq!(origin, Origin::Warning);
    assert!(text.contains("grant it the right to read them"), "{text}");
}

async fn a_check_that_cannot_sign_in_says_so() {
    for (code, kind) in [
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::PermissionDenied),
        (404, ErrorKind::InvalidResponse),
        (503, ErrorKind::Unavailable),
    ] {
        let body: Value = if code == 404 { "<html>".into() } else { json!({}) };
        let us = always(code, body).connect(quiet(json!({})));
        assert_eq!(us.connector.check().await.unwrap_err().kind(), kind, "{code}");
    }
    let site = script([status(404), status(404), status(404), status(404), list(&[])]);
    site.connect(curious()).connector.check().await.unwrap();
}
