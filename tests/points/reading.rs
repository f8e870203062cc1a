//! Answers: points 25 to 31.

use http::Method;
use outbound_provisioning::ErrorKind;
use outbound_provisioning::conformance::Quirk;
use outbound_provisioning::connector::PageRequest;
use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::model::{ENTERPRISE_USER, Event, Resource, ResourceKind, User};
use serde_json::{Value, json};

use crate::site::{Site, Us, answer};
use crate::target::{
    HOUR, Host, PATCH_OP, USER, account, ada, always, body, create, find, learning, lines, list,
    look_up, quiet, rename, script, taken, update, with,
};

tests![
    names_and_urns_are_read_in_any_case_and_written_in_the_rfcs,
    lists_are_read_whatever_is_missing_of_them,
    what_is_no_list_is_an_error,
    null_empty_and_missing_mean_the_same,
    values_in_looser_types_are_read,
    a_missing_active_counts_as_true,
    what_the_target_made_of_a_value_is_no_difference,
    a_value_that_the_target_folds_is_repaired_once_at_most,
    a_look_up_is_checked_here,
    two_of_ours_are_an_error,
    what_others_added_survives_a_put,
];

async fn shown(us: &Us) -> User {
    let page = us.connector.list(&PageRequest::first(ResourceKind::User)).await.unwrap();
    match page.resources[0].resource.as_deref() {
        Some(Resource::User(user)) => user.clone(),
        other => panic!("{other:?}"),
    }
}

async fn read(resource: Value) -> User {
    shown(&script([list(&[resource])]).connect(quiet(json!({})))).await
}

// ---- 25: names --------------------------------------------------------------------------------------------------

async fn names_and_urns_are_read_in_any_case_and_written_in_the_rfcs() {
    for change in [str::to_lowercase as fn(&str) -> String, str::to_uppercase] {
        let resource = json!({
            change("id"): "r-1",
            change("externalId"): "u-1",
            change("userName"): "ada",
            change("displayName"): "Ada",
            change("active"): false,
            change("emails"): [{ change("value"): "ada@example.com", change("type"): "work" }],
            change("name"): { change("familyName"): "Lovelace" },
            change(ENTERPRISE_USER): { change("department"): "Engines" },
        });
        let answer_of = json!({ change("totalResults"): 1, change("Resources"): [resource] });
        let us = always(200, answer_of).connect(quiet(json!({})));
        let user = shown(&us).await;
        assert_eq!((user.external_id.as_str(), user.user_name.as_str()), ("u-1", "ada"));
        assert_eq!((user.display_name.as_deref(), user.active), (Some("Ada"), false));
        assert_eq!(user.emails[0].value, "ada@example.com");
        assert_eq!(user.name.unwrap().family_name.as_deref(), Some("Lovelace"));
        let enterprise = user.enterprise.unwrap();
        assert_eq!(enterprise.department.as_deref(), Some("Engines"));
        assert_eq!(find(&us).await.unwrap()[0].id.as_str(), "r-1");
    }
    // What is sent is in the RFC's own spelling.
    let site = script([answer(201, &[], json!({ "ID": "r-1" })), answer(204, &[], "")]);
    let us = site.connect(quiet(json!({})));
    assert_eq!(create(&us, ada()).await.unwrap().id.as_str(), "r-1");
    rename(&us).await.unwrap();
    let sent: Vec<Value> = taken(&site).iter().map(body).collect();
    let operation = json!({ "op": "replace", "path": "displayName", "value": "Ada" });
    assert_eq!(
        sent,
        [
            json!({ "schemas": [USER], "externalId": "u-1", "userName": "ada", "active": true }),
            json!({ "schemas": [PATCH_OP], "Operations": [operation] }),
        ]
    );
}

// ---- 26: lists --------------------------------------------------------------------------------------------------

async fn lists_are_read_whatever_is_missing_of_them() {
    let one = account("r-1", "u-1", "ada");
    for (list, expected) in [
        (json!({ "totalResults": 0 }), 0),
        (json!({ "totalResults": 0, "Resources": null }), 0),
        (json!({ "totalResults": "0", "Resources": [] }), 0),
        (
            json!({ "schemas": [], "totalResults": 1, "itemsPerPage": 1, "startIndex": 1, "Resources": [one] }),
            1,
        ),
        (json!({ "Resources": [one] }), 1),
        (json!({ "totalResults": "1", "Resources": [one] }), 1),
        (json!({ "totalResults": 700, "itemsPerPage": 100, "Resources": [one] }), 1),
        (json!({ "totalResults": 0, "Resources": [one] }), 1),
        (json!({ "totalResults": null, "resources": [one] }), 1),
        (
            json!({ "totalResults": -1, "startIndex": "x", "itemsPerPage": {}, "Resources": [one] }),
            1,
        ),
        (json!([one]), 1),
        (json!([]), 0),
        // Without `schemas` and `meta`.
        (json!({ "Resources": [{ "id": "r-1", "externalId": "u-1", "userName": "ada" }] }), 1),
        // What cannot be read is passed over.
        (json!({ "Resources": [{ "userName": "nobody" }, 7, null, one] }), 1),
    ] {
        let us = always(200, &list).connect(quiet(json!({})));
        let page = us.connector.list(&PageRequest::first(ResourceKind::User)).await.unwrap();
        assert_eq!(page.resources.len(), expected, "{list}");
    }
}

async fn what_is_no_list_is_an_error() {
    for body in ["", "<html></html>", "{}", "7", r#"{"Resources":{}}"#, r#"{"message":"hello"}"#] {
        let us = always(200, body).connect(quiet(json!({})));
        for error in [us.read().await.unwrap_err(), find(&us).await.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
        }
    }
}

// ---- 27 and 28: values ------------------------------------------------------------------------------------------

async fn null_empty_and_missing_mean_the_same() {
    let plain = read(json!({ "id": "r-1", "externalId": "u-1", "userName": "ada" })).await;
    for nothing in [Value::Null, json!(""), json!([])] {
        let mut resource = json!({ "id": "r-1", "externalId": "u-1", "userName": "ada" });
        for name in ["emails", "phoneNumbers", "roles", "addresses", "name", ENTERPRISE_USER] {
            resource[name] = nothing.clone();
        }
        if !nothing.is_array() {
            for name in ["displayName", "title", "nickName", "locale", "active"] {
                resource[name] = nothing.clone();
            }
        }
        assert!(read(resource).await == plain, "{nothing}");
    }
    // So an account that shows them is right as it is.
    let mut found = account("r-1", "u-1", "ada");
    for (name, value) in [("title", json!("")), ("emails", json!([])), ("nickName", Value::Null)] {
        found[name] = value;
    }
    let host = Host::with(script([answer(409, &[], ""), list(&[found])]), quiet(json!({})));
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(host.lines().len(), 2, "nothing is written");
    assert_eq!(host.user("u-1").await, LaneState::Settled);
}

async fn values_in_looser_types_are_read() {
    let resource = json!({
        "id": 7, "externalId": "u-1", "userName": "ada", "title": 4, "active": "FALSE",
        "emails": { "value": "ada@example.com", "type": "work", "primary": "True" },
        "phoneNumbers": "tel:1",
        ENTERPRISE_USER: { "manager": "r-9", "employeeNumber": 17 },
    });
    let user = read(resource).await;
    assert!(!user.active);
    assert_eq!(user.title.as_deref(), Some("4"));
    assert_eq!((user.emails[0].value.as_str(), user.emails[0].primary), ("ada@example.com", true));
    assert_eq!(user.phone_numbers[0].value, "tel:1");
    let enterprise = user.enterprise.unwrap();
    assert_eq!(enterprise.manager.unwrap().value.as_str(), "r-9");
    assert_eq!(enterprise.employee_number.as_deref(), Some("17"));
    // A manager as an object, too.
    let resource =
        json!({ "id": "r", "userName": "a", ENTERPRISE_USER: { "manager": { "value": 9 } } });
    assert_eq!(read(resource).await.enterprise.unwrap().manager.unwrap().value.as_str(), "9");
}

async fn a_missing_active_counts_as_true() {
    for (active, expected) in [
        (json!("True"), true),
        (json!("true"), true),
        (json!("False"), false),
        (json!("FALSE"), false),
        (json!(0), false),
        (json!(1), true),
        (Value::Null, true),
        (json!(""), true),
    ] {
        let mut resource = account("r-1", "u-1", "ada");
        resource["active"] = active.clone();
        assert_eq!(read(resource).await.active, expected, "{active}");
    }
    assert!(read(json!({ "id": "r-1", "userName": "ada" })).await.active);
}

// ---- 29: what the target makes of it ----------------------------------------------------------------------------

async fn what_the_target_made_of_a_value_is_no_difference() {
    let mut full = ada().with_email("ada@example.com");
    full.name = Some(outbound_provisioning::model::Name::new("Ada", "Lovelace"));
    let decorated = || {
        json!({
            "schemas": [USER, "urn:example:theirs"], "id": "r-1", "externalId": "u-1", "userName": "ada",
            "active": true, "displayName": "Ada Lovelace", "nickName": "theirs",
            "name": { "givenName": "Ada", "familyName": "Lovelace", "formatted": "Ada Lovelace" },
            "emails": [
                { "type": "work", "value": "ada@example.com", "primary": true },
                { "type": "other", "value": "x@example.com", "primary": false },
            ],
            "groups": [], "urn:example:theirs": { "x": 1 }, "meta": { "version": "1" },
        })
    };
    // In the answer to a create, and there whatever it adds to a value.
    let mut answered = decorated();
    answered["emails"][0]["display"] = "ada".into();
    let host = Host::with(script([answer(201, &[], answered)]), quiet(json!({})));
    host.deliver(Event::user_created(full.clone())).await;
    host.deliver(Event::user_updated(full.clone())).await;
    host.later(HOUR).await;
    assert_eq!(host.lines(), ["POST /Users"]);
    // In one that is found.
    let host = Host::with(script([answer(409, &[], ""), list(&[decorated()])]), quiet(json!({})));
    host.deliver(Event::user_created(full)).await;
    assert_eq!(host.lines().len(), 2);
    assert_eq!(host.user("u-1").await, LaneState::Settled);
}

async fn a_value_that_the_target_folds_is_repaired_once_at_most() {
    let target = with(&[Quirk::LowerCasesUserName]);
    let host = Host::before(&target);
    let mut ada = ada();
    ada.user_name = "Ada.Lovelace".to_owned();
    host.deliver(Event::user_created(ada.clone())).await;
    for _ in 0..5 {
        host.deliver(Event::user_updated(ada.clone())).await;
        host.later(HOUR).await;
    }
    assert_eq!(host.lines(), ["POST /Users"]);

    // After a look as well, which shows the other spelling.
    let first = std::sync::Mutex::new(true);
    let behind = target.clone();
    let site = Site::new(move |request| {
        let answer = behind.answer(request);
        let is_first =
            request.method() == Method::PATCH && std::mem::take(&mut *first.lock().unwrap());
        Ok(if is_first { crate::site::status(504) } else { answer })
    });
    let host = Host::with(site, learning());
    ada.external_id = "u-2".into();
    ada.user_name = "Grace.Hopper".to_owned();
    host.deliver(Event::user_created(ada.clone())).await;
    host.deliver(Event::user_updated(ada.clone().with_display_name("G"))).await;
    for _ in 0..10 {
        host.later(HOUR).await;
    }
    let repairs = taken(&host.site);
    let repairs = repairs.iter().filter(|request| request.method() == Method::PATCH);
    let renames = repairs.filter(|request| body(request).to_string().contains("userName")).count();
    assert!(renames <= 1, "{renames} repairs of the name");
    assert_eq!(host.user("u-2").await, LaneState::Settled);
}

// ---- 30: look-ups -----------------------------------------------------------------------------------------------

async fn a_look_up_is_checked_here() {
    let strangers = [
        account("r-2", "u-2", "bob"),
        account("r-3", "u-10", "adam"),
        account("r-4", "U-1", "eve"),
        json!({ "id": "r-5" }),
        json!({ "userName": "" }),
    ];
    let us = always(200, json!({ "totalResults": 5, "Resources": strangers })).connect(learning());
    assert!(find(&us).await.unwrap().is_empty(), "an id is compared letter by letter");
    let mut all = strangers.to_vec();
    all.push(account("r-1", "u-1", "ada"));
    let site = script([list(&all)]);
    let us = site.connect(learning());
    let found = find(&us).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id.as_str(), "r-1");
    // A filter that is ignored is not believed again, and costs no second look.
    let site = script([list(&strangers)]);
    let us = site.connect(learning());
    find(&us).await.unwrap();
    lines(&site);
    find(&us).await.unwrap();
    assert!(lines(&site).iter().all(|line| !line.contains("filter=")));
    // An empty name finds nobody.
    let nameless = script([list(&[json!({ "id": "r-1", "userName": "" })])]);
    let found = look_up(&nameless.connect(learning()), ResourceKind::User, "u-1", "").await;
    assert!(found.unwrap().is_empty());
}

async fn two_of_ours_are_an_error() {
    let twins = [account("r-1", "u-1", "ada"), account("r-2", "u-1", "ada")];
    let host = Host::with(script([answer(409, &[], ""), list(&twins)]), quiet(json!({})));
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(host.user("u-1").await, LaneState::Parked(ParkReason::DuplicateRemote));
    assert_eq!(host.lines().len(), 2, "neither is touched");
}

// ---- 31: what is others' ----------------------------------------------------------------------------------------

async fn what_others_added_survives_a_put() {
    let theirs = json!({
        "schemas": [USER, "urn:example:theirs"], "id": "r-1", "externalId": "u-1", "userName": "ada",
        "active": true, "shoeSize": 38, "emails": [{ "type": "other", "value": "x@example.com" }],
        "urn:example:theirs": { "secret": [1, 2] }, "groups": [{ "value": "g" }], "meta": {},
        "nickName": null,
    });
    let site = script([answer(200, &[], &theirs), answer(200, &[], &theirs)]);
    let us = site.connect(quiet(json!({ "user_update": "put" })));
    let after = ada().with_display_name("Ada").with_email("ada@example.com");
    update(&us, ada(), after).await.unwrap();
    let put = body(&taken(&site)[1]);
    assert_eq!(
        put,
        json!({
            "schemas": [USER, "urn:example:theirs"], "id": "r-1", "externalId": "u-1", "userName": "ada",
            "active": true, "shoeSize": 38, "displayName": "Ada",
            "emails": [
                { "type": "other", "value": "x@example.com" },
                { "type": "work", "value": "ada@example.com", "primary": true },
            ],
            "urn:example:theirs": { "secret": [1, 2] },
        })
    );
}
