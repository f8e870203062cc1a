//! Dialects of PATCH: points 34 to 36.

use http::Method;
use outbound_provisioning::conformance::Quirk;
use outbound_provisioning::connector::Update;
use outbound_provisioning::model::{Difference, Event, Group, Member, MultiValue, Name, User};
use serde_json::{Value, json};

use crate::site::{Site, answer, status};
use crate::target::{
    Host, ada, always, attempt, body, change_members, id, learning, lines, methods, operations,
    quiet, refusal, rename, script, taken, update, with,
};

tests![
    a_path_for_each_attribute_is_the_first_guess,
    one_object_without_a_path_by_setting,
    operations_are_spelt_small_or_with_a_capital,
    members_leave_by_filter_or_by_list,
    values_go_by_remove_by_null_or_by_empty_text,
    lists_change_value_by_value_or_as_a_whole,
    booleans_are_json_or_text,
    what_a_server_understands_is_learnt_from_its_answers,
    a_way_to_clear_is_learnt,
    a_server_that_understands_no_change_is_not_asked_for_ever,
    what_is_gone_already_is_left_out,
    nothing_is_sent_for_nothing,
    a_change_that_the_target_cannot_hold_is_no_request,
];

/// Changes of every kind: set, cleared, below an attribute, a boolean, one value of a list.
fn changes() -> (User, User) {
    let mut before = ada().with_display_name("Ada");
    before.title = Some("Countess".to_owned());
    before.name = Some(Name::new("Ada", "Byron"));
    before.emails =
        vec![MultiValue::new("work", "old@example.com"), MultiValue::new("home", "h@example.com")];
    let mut after = before.clone().with_display_name("Lady Ada").with_active(false);
    after.title = None;
    after.name = Some(Name::new("Ada", "Lovelace"));
    after.emails[0].value = "new@example.com".to_owned();
    (before, after)
}

/// The operations for them under these fields of the profile.
async fn written(fields: Value) -> Value {
    let site = always(204, "");
    let (before, after) = changes();
    update(&site.connect(quiet(fields)), before, after).await.unwrap();
    operations(&site)
}

async fn a_path_for_each_attribute_is_the_first_guess() {
    assert_eq!(
        written(json!({})).await,
        json!([
            { "op": "replace", "path": "active", "value": false },
            { "op": "replace", "path": "displayName", "value": "Lady Ada" },
            { "op": "remove", "path": "emails[type eq \"work\"]" },
            { "op": "add", "path": "emails", "value": [{ "type": "work", "value": "new@example.com" }] },
            { "op": "replace", "path": "name.familyName", "value": "Lovelace" },
            { "op": "remove", "path": "title" },
        ])
    );
}

async fn one_object_without_a_path_by_setting() {
    let (before, after) = changes();
    // A list is read before it is written whole: others have a part in it.
    let theirs = json!({ "id": "r-1", "emails": [
        { "type": "work", "value": "old@example.com" },
        { "type": "home", "value": "h@example.com" },
        { "type": "other", "value": "theirs@example.com" },
    ] });
    let site = script([answer(200, &[], theirs), status(204)]);
    let us = site.connect(quiet(json!({ "patch_style": "path_less_object" })));
    update(&us, before, after).await.unwrap();
    let sent = taken(&site);
    assert_eq!(
        body(&sent[1])["Operations"],
        json!([{ "op": "replace", "value": {
            "active": false,
            "displayName": "Lady Ada",
            "emails": [
                { "type": "home", "value": "h@example.com" },
                { "type": "other", "value": "theirs@example.com" },
                { "type": "work", "value": "new@example.com" },
            ],
            "name": { "familyName": "Lovelace" },
            "title": null,
        } }])
    );
}

async fn operations_are_spelt_small_or_with_a_capital() {
    for (case, expected) in
        [("lower", ["add", "remove", "replace"]), ("pascal", ["Add", "Remove", "Replace"])]
    {
        let written = written(json!({ "patch_op_case": case })).await;
        for operation in written.as_array().unwrap() {
            assert!(expected.contains(&operation["op"].as_str().unwrap()), "{operation}");
        }
    }
}

async fn members_leave_by_filter_or_by_list() {
    let added =
        json!({ "op": "add", "path": "members", "value": [{ "value": "a", "type": "User" }] });
    for (form, gone) in [
        (
            "filter",
            vec![
                json!({ "op": "remove", "path": "members[value eq \"b\"]" }),
                json!({ "op": "remove", "path": "members[value eq \"c\\\"d\"]" }),
            ],
        ),
        (
            "value_array",
            vec![
                json!({ "op": "remove", "path": "members", "value": [{ "value": "b" }, { "value": "c\"d" }] }),
            ],
        ),
    ] {
        let site = always(204, "");
        let us = site.connect(quiet(json!({ "remove_form": form })));
        change_members(&us, &["a"], &["b", "c\"d"]).await.unwrap();
        let expected: Vec<Value> = [added.clone()].into_iter().chain(gone).collect();
        assert_eq!(operations(&site), json!(expected));
    }
}

async fn values_go_by_remove_by_null_or_by_empty_text() {
    for (clearing, expected) in [
        ("remove", json!({ "op": "remove", "path": "title" })),
        ("null", json!({ "op": "replace", "path": "title", "value": null })),
        ("empty_text", json!({ "op": "replace", "path": "title", "value": "" })),
    ] {
        let written = written(json!({ "clearing": clearing })).await;
        assert_eq!(written.as_array().unwrap().last().unwrap(), &expected);
    }
}

async fn lists_change_value_by_value_or_as_a_whole() {
    let (before, after) = changes();
    // What the target has besides stays: it is read first.
    let current = json!({ "id": "r-1", "userName": "ada", "emails": [
        { "type": "work", "value": "old@example.com" },
        { "type": "home", "value": "h@example.com" },
        { "type": "other", "value": "theirs@example.com" },
    ] });
    let site = script([answer(200, &[], current), status(204)]);
    let us = site.connect(quiet(json!({ "complex_paths": false })));
    update(&us, before, after).await.unwrap();
    let operations = operations(&site);
    let emails: Vec<&Value> = operations
        .as_array()
        .unwrap()
        .iter()
        .filter(|operation| operation["path"].as_str().unwrap().starts_with("emails"))
        .collect();
    assert_eq!(
        emails,
        [&json!({ "op": "replace", "path": "emails", "value": [
            { "type": "home", "value": "h@example.com" },
            { "type": "other", "value": "theirs@example.com" },
            { "type": "work", "value": "new@example.com" },
        ] })]
    );
}

async fn booleans_are_json_or_text() {
    for (form, expected) in [("json", json!(false)), ("text", json!("False"))] {
        let written = written(json!({ "booleans": form })).await;
        assert_eq!(written[0], json!({ "op": "replace", "path": "active", "value": expected }));
    }
    // In values of a list as well.
    let site = always(204, "");
    let us = site.connect(quiet(json!({ "booleans": "text" })));
    update(&us, ada(), ada().with_email("a@example.com")).await.unwrap();
    assert_eq!(operations(&site)[0]["value"][0]["primary"], "True");
}

// ---- learnt -----------------------------------------------------------------------------------------------------

async fn what_a_server_understands_is_learnt_from_its_answers() {
    for quirk in [
        Quirk::CapitalOpsOnly,
        Quirk::LowerOpsOnly,
        Quirk::TextBooleansOnly,
        Quirk::NoValuePaths,
        Quirk::PathlessTakesOneAttribute,
        Quirk::PlainJsonOnly,
    ] {
        let target = with(&[quirk]);
        let host = Host::before(&target);
        let (mut before, mut after) = changes();
        // Where nothing can be cleared, PUT does it.
        after.title.clone_from(&before.title);
        host.deliver(Event::user_created(before.clone())).await;
        host.lines();
        host.deliver(Event::user_updated(after.clone())).await;
        assert!(host.count() <= 12, "{quirk:?}: a handful of tries");
        let user = &target.users()[0];
        assert_eq!(user["displayName"], "Lady Ada", "{quirk:?}");
        assert_eq!(user["active"], false, "{quirk:?}");
        assert_eq!(user["name"]["familyName"], "Lovelace", "{quirk:?}");
        let emails = user["emails"].as_array().unwrap();
        assert!(emails.iter().any(|email| email["value"] == "new@example.com"), "{quirk:?}");
        assert_eq!(emails.len(), 2, "{quirk:?}");
        // The next user pays nothing for it.
        before.external_id = "u-2".into();
        before.user_name = "grace".to_owned();
        after.external_id = "u-2".into();
        after.user_name = "grace".to_owned();
        host.deliver(Event::user_created(before)).await;
        host.lines();
        host.deliver(Event::user_updated(after)).await;
        let asked = methods(&host.site);
        let writes = asked.iter().filter(|method| **method != Method::GET).count();
        assert_eq!(writes, 1, "{quirk:?}: {asked:?}");
    }
    // One that knows no paths at all gets an object, or else the whole account.
    let target = with(&[Quirk::PathlessOnly]);
    let host = Host::before(&target);
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert_eq!(target.users()[0]["displayName"], "Ada");
    host.lines();
    host.deliver(Event::user_updated(ada().with_display_name("Lady Ada"))).await;
    assert!(host.count() <= 2);
    assert_eq!(target.users()[0]["displayName"], "Lady Ada");
    // Members, by list in place of filter.
    let target = with(&[Quirk::MembersRemovedByValueList]);
    let host = Host::before(&target);
    for name in ["u-1", "u-2", "u-3"] {
        host.accept(Event::user_created(User::new(name, name))).await;
    }
    let member = |name: &str| Member::user(name);
    host.work().await;
    let staff = Group::new("g-1", "Staff");
    let staff = ["u-1", "u-2", "u-3"].into_iter().fold(staff, |g, n| g.with_member(member(n)));
    host.deliver(Event::group_created(staff)).await;
    host.lines();
    host.deliver(Event::members_changed("g-1", [], [member("u-1")])).await;
    assert!(host.count() <= 3);
    host.deliver(Event::members_changed("g-1", [], [member("u-2")])).await;
    assert_eq!(host.lines(), ["PATCH /Groups/g-1"]);
    assert_eq!(target.groups()[0]["members"].as_array().unwrap().len(), 1);
}

async fn a_way_to_clear_is_learnt() {
    for (understood, is_understood) in [
        (
            "null",
            (|operation: &Value| operation["op"] == "replace" && operation["value"].is_null())
                as fn(&Value) -> bool,
        ),
        ("empty", |operation: &Value| operation["value"] == ""),
    ] {
        let site = Site::new(move |request| {
            if request.method() != Method::PATCH {
                return Ok(refusal(404, ""));
            }
            let sent = body(request);
            let all = sent["Operations"].as_array().unwrap().iter().all(is_understood);
            Ok(if all { status(204) } else { refusal(400, "invalidValue") })
        });
        let us = site.connect(learning());
        let mut titled = ada();
        titled.title = Some("Countess".to_owned());
        update(&us, titled.clone(), ada()).await.unwrap();
        lines(&site);
        update(&us, titled, ada()).await.unwrap();
        assert_eq!(lines(&site), ["PATCH /Users/r-1"], "{understood}");
    }
}

async fn a_server_that_understands_no_change_is_not_asked_for_ever() {
    let site = always(400, json!({ "detail": "no" }));
    let us = site.connect(learning());
    let mut tries = Vec::new();
    for _ in 0..6 {
        rename(&us).await.unwrap_err();
        tries.push(taken(&site).len());
    }
    assert!(tries[0] <= 9, "{tries:?}");
    assert_eq!(tries.last(), Some(&2), "what never helped is not tried again: {tries:?}");
}

// ---- 35: no target ----------------------------------------------------------------------------------------------

async fn what_is_gone_already_is_left_out() {
    let (before, after) = changes();
    // The work address is not there.
    let current = json!({ "id": "r-1", "userName": "ada", "emails": [
        { "type": "home", "value": "h@example.com" },
    ] });
    let site = script([refusal(400, "noTarget"), answer(200, &[], current), status(204)]);
    let us = site.connect(learning());
    update(&us, before, after).await.unwrap();
    let sent = taken(&site);
    assert_eq!(sent.len(), 3);
    let paths: Vec<String> = body(&sent[2])["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| format!("{} {}", operation["op"], operation["path"]).replace('"', ""))
        .collect();
    assert!(paths.contains(&"add emails".to_owned()), "{paths:?}");
    assert!(!paths.iter().any(|path| path.starts_with("remove emails")), "{paths:?}");

    // At a strict server, the same.
    let target = with(&[]);
    let host = Host::before(&target);
    let (before, after) = changes();
    host.deliver(Event::user_created(before)).await;
    let other = host.site.connect(quiet(json!({})));
    let mut mail = ada();
    mail.emails = vec![MultiValue::new("work", "old@example.com")];
    let (from, to) = (mail.into(), ada().into());
    let difference = Difference::between(&from, &to);
    let change = Update::new(&to, &difference);
    other.connector.update(&id("u-1"), &change, &attempt()).await.unwrap();
    host.deliver(Event::user_updated(after)).await;
    let emails = target.users()[0]["emails"].to_string();
    assert!(emails.contains("new@example.com") && emails.contains("h@example.com"), "{emails}");
}

// ---- 36: nothing ------------------------------------------------------------------------------------------------

async fn nothing_is_sent_for_nothing() {
    let site = always(500, "");
    let us = site.connect(quiet(json!({})));
    update(&us, ada(), ada()).await.unwrap();
    assert_eq!(site.counts(), (0, 0));
    let target = with(&[Quirk::PatchMustChange]);
    let host = Host::before(&target);
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::group_created(Group::new("g-1", "Staff"))).await;
    host.lines();
    for _ in 0..3 {
        host.deliver(Event::user_updated(ada())).await;
        host.deliver(Event::group_updated(Group::new("g-1", "Staff"))).await;
        host.deliver(Event::members_changed("g-1", [], [])).await;
    }
    assert_eq!(host.count(), 0);
}

async fn a_change_that_the_target_cannot_hold_is_no_request() {
    let site = always(500, "");
    let us = site.connect(quiet(json!({ "user_forbidden": ["displayName"] })));
    rename(&us).await.unwrap();
    assert_eq!(site.counts(), (0, 0));
}
