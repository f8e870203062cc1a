//! Rate, retry and failure: points 11 to 19.

use std::sync::Mutex;

use http::Method;
use outbound_provisioning::conformance::Quirk;
use outbound_provisioning::connector::Update;
use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::model::{Difference, Event, Group, User};
use outbound_provisioning::transport::{HttpError, HttpErrorKind};
use outbound_provisioning::{Effect, ErrorKind};
use serde_json::{Value, json};

use crate::site::{Site, answer, status};
use crate::target::{
    ERROR, HOUR, Host, SECOND, account, ada, always, attempt, chain, create, curious, delete, id,
    learning, lines, list, members, methods, quiet, refusal, rename, script, site_of, with,
};

tests![
    how_long_to_wait_is_read_as_seconds_and_as_a_date,
    after_a_429_the_whole_target_rests,
    without_a_word_of_how_long_the_pause_grows,
    what_may_pass_is_tried_again,
    a_create_in_doubt_is_looked_up_before_it_is_repeated,
    what_is_a_decision_is_not_repeated,
    errors_are_read_in_every_shape,
    an_error_is_scims_by_its_schema,
    the_status_judges_before_the_words,
    a_404_on_delete_is_success_by_the_targets_own_word_only,
    a_method_that_is_missing_is_remembered_and_another_taken,
    a_404_in_html_never_means_gone,
    a_conflict_is_looked_up_by_our_id_and_then_by_name,
    a_conflict_that_the_filter_does_not_show_is_reported_once,
    a_conflict_by_other_words_is_one_too,
    a_conflict_on_a_change_waits_for_a_person_and_does_not_loop,
    a_412_is_read_and_sent_again_a_few_times,
    too_many_members_are_halved_until_they_fit,
];

// ---- 11: how fast -----------------------------------------------------------------------------------------------

async fn how_long_to_wait_is_read_as_seconds_and_as_a_date() {
    // The connectors' clock begins at 2026-11-23T00:00:00Z.
    for (said, expected) in [
        ("7", Some(SECOND * 7)),
        ("Mon, 23 Nov 2026 00:01:30 GMT", Some(SECOND * 90)),
        ("99999999", Some(HOUR)),
        ("soon", None),
    ] {
        for code in [429, 503] {
            let site = Site::new(move |_| Ok(answer(code, &[("retry-after", said)], "")));
            let us = site.connect(quiet(json!({})));
            let error = create(&us, ada()).await.unwrap_err();
            assert_eq!(error.retry_after(), expected, "{code} {said}");
        }
    }
}

async fn after_a_429_the_whole_target_rests() {
    let too_many = answer(429, &[("retry-after", "30")], "");
    let site = script([too_many, answer(201, &[], json!({ "id": "r-1" }))]);
    let host = Host::with(site, quiet(json!({})));
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::group_created(Group::new("g-1", "Staff"))).await;
    assert_eq!(host.count(), 1, "one was refused, and none other sent");
    host.later(SECOND * 29).await;
    assert_eq!(host.count(), 0);
    host.later(SECOND).await;
    assert_eq!(host.count(), 2);
    assert_eq!(host.user("u-1").await, LaneState::Settled);
    assert_eq!(host.group("g-1").await, LaneState::Settled);
}

async fn without_a_word_of_how_long_the_pause_grows() {
    let host = Host::with(always(429, ""), quiet(json!({})));
    host.deliver(Event::user_created(ada())).await;
    let (mut requests, mut elapsed) = (host.count(), 0);
    while elapsed < 3_600 {
        host.later(SECOND).await;
        elapsed += 1;
        requests += host.count();
    }
    assert!((4..=25).contains(&requests), "{requests} in an hour");
}

// ---- 12: what is tried again ------------------------------------------------------------------------------------

async fn what_may_pass_is_tried_again() {
    for code in [408, 429, 502, 503, 504] {
        let site = script([
            answer(201, &[], json!({ "id": "r-1" })),
            status(code),
            status(204),
            status(code),
            status(204),
        ]);
        let host = Host::with(site, quiet(json!({})));
        host.deliver(Event::user_created(ada())).await;
        host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
        host.later(SECOND * 2).await;
        host.deliver(Event::user_deleted("u-1")).await;
        host.later(SECOND * 2).await;
        assert_eq!(
            host.lines(),
            [
                "POST /Users",
                "PATCH /Users/r-1",
                "PATCH /Users/r-1",
                "DELETE /Users/r-1",
                "DELETE /Users/r-1",
            ],
            "{code}"
        );
    }
}

async fn a_create_in_doubt_is_looked_up_before_it_is_repeated() {
    for (code, lands) in [(502, true), (503, false), (504, true), (500, true), (408, false)] {
        let target = with(&[]);
        let behind = target.clone();
        let first = Mutex::new(true);
        let site = Site::new(move |request| {
            if request.method() == Method::POST && std::mem::take(&mut *first.lock().unwrap()) {
                if lands {
                    behind.answer(request);
                }
                return Ok(status(code));
            }
            Ok(behind.answer(request))
        });
        let host = Host::with(site, learning());
        host.deliver(Event::user_created(ada())).await;
        host.later(HOUR).await;
        let asked = methods(&host.site);
        assert_eq!(asked[..2], [Method::POST, Method::GET], "{code}");
        assert_eq!(target.users().len(), 1, "{code}");
        assert_eq!(asked[1..].contains(&Method::POST), !lands, "{code}: {asked:?}");
    }
    // The same where no answer came.
    let target = with(&[]);
    let (behind, first) = (target.clone(), Mutex::new(true));
    let site = Site::new(move |request| {
        let answer = behind.answer(request);
        if std::mem::take(&mut *first.lock().unwrap()) {
            return Err(HttpError::new(HttpErrorKind::Interrupted));
        }
        Ok(answer)
    });
    let host = Host::with(site, learning());
    host.deliver(Event::user_created(ada())).await;
    host.later(HOUR).await;
    assert_eq!(methods(&host.site), [Method::POST, Method::GET]);
    assert_eq!(target.users().len(), 1);
}

// ---- 13: what is not --------------------------------------------------------------------------------------------

async fn what_is_a_decision_is_not_repeated() {
    for code in [400, 403, 404, 409, 413, 422, 501] {
        let site = Site::new(move |_| Ok(refusal(code, "")));
        let us = site.connect(quiet(json!({})));
        for error in [create(&us, ada()).await, rename(&us).await] {
            assert_eq!(error.unwrap_err().effect(), Effect::Rejected, "{code}");
        }
        assert_eq!(delete(&us).await.unwrap_err().effect(), Effect::Rejected, "{code}");
        assert_eq!(site.counts(), (0, 3), "{code}: one request each");
    }
    // What is refused again and again waits for a person.
    let host = Host::with(Site::new(|_| Ok(refusal(400, "invalidValue"))), quiet(json!({})));
    host.deliver(Event::user_created(ada())).await;
    for _ in 0..48 {
        host.later(HOUR).await;
    }
    assert_eq!(host.user("u-1").await, LaneState::Parked(ParkReason::Rejected));
    assert_eq!(host.count(), 3);
}

// ---- 14: errors in every shape ----------------------------------------------------------------------------------

async fn errors_are_read_in_every_shape() {
    let said = "the userName is odd";
    for body in [
        json!({ "schemas": [ERROR], "status": "400", "scimType": "invalidValue", "detail": said }),
        json!({ "schemas": [ERROR], "status": 400, "scimType": null, "detail": said }),
        json!({ "schemas": [ERROR], "detail": said }),
        json!({ "schemas": ERROR, "status": "four hundred", "detail": [said] }),
        json!({ "schema": ERROR, "schemas": null, "status": "400", "detail": said }),
        json!({ "schema": [ERROR], "detail": said }),
        json!({ "SCHEMAS": [ERROR.to_uppercase()], "Detail": said, "scimtype": "INVALIDVALUE" }),
        // FastAPI's, Spring's, and those of gateways.
        json!({ "detail": [{ "loc": ["body", "userName"], "msg": said, "type": "value_error" }] }),
        json!({ "timestamp": "2026", "status": 400, "error": "Bad Request", "message": said, "path": "/Users" }),
        json!({ "error": { "code": 400, "message": said } }),
        json!({ "errors": [{ "message": said }] }),
        json!({ "error": "invalid", "error_description": said }),
    ] {
        let us = always(400, &body).connect(quiet(json!({})));
        let error = create(&us, ada()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Rejected, Effect::Rejected),
            "{body}"
        );
        assert!(chain(&error).contains(said), "{body}: {}", chain(&error));
    }
    for (scim_type, named) in [
        (json!("invalidValue"), true),
        (json!("INVALIDVALUE"), true),
        (json!(7), false),
        (json!("odd"), false),
    ] {
        let body = json!({ "schemas": [ERROR], "scimType": scim_type });
        let error = create(&always(400, body).connect(quiet(json!({}))), ada()).await.unwrap_err();
        assert_eq!(error.message().contains("(invalidValue)"), named, "{scim_type}");
    }
}

/// What tells SCIM's own word from a stranger's: only that makes a resource gone.
async fn an_error_is_scims_by_its_schema() {
    for (body, is_scim) in [
        (json!({ "schemas": [ERROR], "status": "404" }), true),
        (json!({ "schemas": ERROR }), true),
        (json!({ "schema": [ERROR] }), true),
        (json!({ "schema": ERROR, "status": 404 }), true),
        (json!({ "Schemas": [ERROR.to_uppercase()] }), true),
        (json!({ "schemas": ["x", ERROR], "schema": "x" }), true),
        (json!({ "schemas": [], "status": "404", "detail": "not here" }), false),
        (json!({ "message": "no route" }), false),
        (json!([ERROR]), false),
    ] {
        let us = always(404, &body).connect(quiet(json!({})));
        let expected = if is_scim { ErrorKind::NotFound } else { ErrorKind::InvalidResponse };
        assert_eq!(rename(&us).await.unwrap_err().kind(), expected, "{body}");
        let expected = if is_scim { Effect::Rejected } else { Effect::Unknown };
        assert_eq!(delete(&us).await.unwrap_err().effect(), expected, "{body}");
    }
}

async fn the_status_judges_before_the_words() {
    for (code, kind) in [
        (400, ErrorKind::Rejected),
        (403, ErrorKind::PermissionDenied),
        (409, ErrorKind::Conflict),
        (412, ErrorKind::Stale),
        (429, ErrorKind::RateLimited),
        (503, ErrorKind::Unavailable),
    ] {
        for other in [json!("500"), json!(404), Value::Null] {
            let body = json!({ "schemas": [ERROR], "status": other, "scimType": "noTarget" });
            let us = always(code, body).connect(quiet(json!({})));
            assert_eq!(create(&us, ada()).await.unwrap_err().kind(), kind, "{code}");
        }
    }
}

// ---- 15: what is not there --------------------------------------------------------------------------------------

const PAGE: &str = "<!DOCTYPE html><h1>Not Found</h1>";

async fn a_404_on_delete_is_success_by_the_targets_own_word_only() {
    let made = || answer(201, &[], json!({ "id": "r-1" }));
    let host = Host::with(script([made(), refusal(404, "")]), quiet(json!({})));
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_deleted("u-1")).await;
    assert_eq!(host.lines(), ["POST /Users", "DELETE /Users/r-1"], "one request");
    assert_eq!(host.user("u-1").await, LaneState::Settled);

    // In any other form it is believed when nobody is found.
    let host = Host::with(script([made(), answer(404, &[], PAGE), list(&[])]), quiet(json!({})));
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_deleted("u-1")).await;
    assert_eq!(host.lines()[1], "DELETE /Users/r-1");
    assert_eq!(host.user("u-1").await, LaneState::Settled);

    // And not while it is found, or nothing at all.
    let still_there = list(&[account("r-1", "u-1", "ada")]);
    for look_up in [still_there, answer(404, &[], PAGE)] {
        let host = Host::with(script([made(), answer(404, &[], PAGE), look_up]), quiet(json!({})));
        host.deliver(Event::user_created(ada())).await;
        host.deliver(Event::user_deleted("u-1")).await;
        assert_ne!(host.user("u-1").await, LaneState::Settled);
    }
}

async fn a_method_that_is_missing_is_remembered_and_another_taken() {
    for code in [405, 501] {
        let site = site_of(&with(&[Quirk::NoPatch(code)]));
        let host = Host::with(site, learning());
        host.deliver(Event::user_created(ada())).await;
        host.lines();
        host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
        assert_eq!(host.lines(), ["PATCH /Users/u-1", "GET /Users/u-1", "PUT /Users/u-1"]);
        host.deliver(Event::user_updated(ada().with_display_name("Lady Ada"))).await;
        assert_eq!(host.lines(), ["GET /Users/u-1", "PUT /Users/u-1"], "{code}: paid for once");
    }
    // And PATCH where PUT is not there: the target had said that it knew no PATCH.
    let described = json!({ "patch": { "supported": false } });
    let site = Site::new(move |request| {
        Ok(match (request.method().as_str(), request.uri().path()) {
            ("GET", "/scim/v2/ServiceProviderConfig") => answer(200, &[], &described),
            ("GET", "/scim/v2/Users/r-1") => answer(200, &[], account("r-1", "u-1", "ada")),
            ("PATCH", _) => status(204),
            ("PUT", _) => refusal(405, ""),
            _ => status(404),
        })
    });
    let us = site.connect(curious());
    rename(&us).await.unwrap();
    let asked = lines(&site);
    assert_eq!(asked[asked.len() - 3..], ["GET /Users/r-1", "PUT /Users/r-1", "PATCH /Users/r-1"]);
    rename(&us).await.unwrap();
    assert_eq!(lines(&site), ["PATCH /Users/r-1"]);
}

async fn a_404_in_html_never_means_gone() {
    let target = with(&[Quirk::NoPut(404)]);
    let put = curious().with("profile_overrides", r#"{"discovery": false, "user_update": "put"}"#);
    let host = Host::with(site_of(&target), put);
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    for _ in 0..30 {
        host.later(HOUR).await;
    }
    assert!(!host.lines()[1..].iter().any(|line| line.starts_with("POST")), "never created anew");
    assert_eq!(target.users().len(), 1);
    // The link is still there: the account is the one that is deleted.
    host.deliver(Event::user_deleted("u-1")).await;
    host.later(HOUR).await;
    assert!(target.users().is_empty(), "{:?}", host.lines());

    // Where PUT is not the administrator's word, PATCH is found.
    let host = Host::with(site_of(&with(&[Quirk::NoPut(404), Quirk::NoPatch(404)])), learning());
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    let asked = host.lines();
    assert!(asked.contains(&"PUT /Users/u-1".to_owned()), "{asked:?}");
    assert!(!asked[1..].iter().any(|line| line.starts_with("POST")), "{asked:?}");
}

// ---- 16 and 17: conflicts ---------------------------------------------------------------------------------------

const BY_ID: &str = "GET /Users?filter=externalId%20eq%20%22u-1%22";
const BY_NAME: &str = "GET /Users?filter=userName%20eq%20%22ada%22";

async fn a_conflict_is_looked_up_by_our_id_and_then_by_name() {
    let conflict = |answers: &[Value], more: Vec<http::Response<Vec<u8>>>| {
        let mut all = vec![answer(409, &[], ""), list(answers)];
        all.extend(more);
        Host::with(script(all), quiet(json!({})))
    };
    // Ours, by our id: adopted, and nothing else is asked.
    let host = conflict(&[account("r-7", "u-1", "ada")], vec![]);
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(host.lines(), ["POST /Users", BY_ID]);
    assert_eq!(host.user("u-1").await, LaneState::Settled);
    // Somebody else's, by name: not touched.
    let theirs = account("r-7", "x-9", "ada");
    let host = conflict(&[], vec![list(&[theirs])]);
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(host.lines(), ["POST /Users", BY_ID, BY_NAME]);
    assert_eq!(host.user("u-1").await, LaneState::Parked(ParkReason::NameTaken));
    // Two of ours: neither.
    let twins = [account("r-7", "u-1", "ada"), account("r-8", "u-1", "ada2")];
    let host = conflict(&twins, vec![]);
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(host.user("u-1").await, LaneState::Parked(ParkReason::DuplicateRemote));
}

async fn a_conflict_that_the_filter_does_not_show_is_reported_once() {
    let target = with(&[Quirk::FilterCaseSensitive]);
    let host = Host::before(&target);
    let theirs = User::new("x-9", "ADA");
    let us = host.site.connect(learning());
    create(&us, theirs).await.unwrap();
    host.lines();
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(host.lines(), ["POST /Users", BY_ID, BY_NAME]);
    // It may be a create of ours that is not shown yet: a few times more, and then a person is asked.
    for _ in 0..6 {
        host.later(HOUR).await;
    }
    assert_eq!(host.user("u-1").await, LaneState::Parked(ParkReason::Conflict));
    host.lines();
    for _ in 0..48 {
        host.later(HOUR).await;
    }
    assert_eq!(host.count(), 0, "and no loop");
}

async fn a_conflict_by_other_words_is_one_too() {
    for (code, body) in [
        (409, json!({ "schemas": [ERROR], "status": "409" })),
        (409, json!({})),
        (409, Value::Null),
        (400, json!({ "schemas": [ERROR], "scimType": "uniqueness" })),
        (400, json!({ "schemas": [ERROR], "detail": "User already exists" })),
        (422, json!({ "message": "has already been taken" })),
        (500, json!({ "detail": "duplicate key value violates unique constraint" })),
    ] {
        let error =
            create(&always(code, &body).connect(quiet(json!({}))), ada()).await.unwrap_err();
        // How much of it a server has done that stumbles, nobody says.
        let effect = if code == 500 { Effect::Unknown } else { Effect::Rejected };
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Conflict, effect), "{body}");
    }
}

async fn a_conflict_on_a_change_waits_for_a_person_and_does_not_loop() {
    let site = script([answer(201, &[], json!({ "id": "r-1" })), refusal(409, "uniqueness")]);
    let host = Host::with(site, quiet(json!({})));
    host.deliver(Event::user_created(ada())).await;
    let mut renamed = ada();
    renamed.user_name = "lovelace".to_owned();
    host.deliver(Event::user_updated(renamed)).await;
    for _ in 0..24 {
        host.later(HOUR).await;
    }
    assert!(matches!(host.user("u-1").await, LaneState::Parked(_)));
    assert!(host.count() <= 12, "no loop");
}

// ---- 18: 412 ----------------------------------------------------------------------------------------------------

async fn a_412_is_read_and_sent_again_a_few_times() {
    let target = with(&[]);
    let versions = curious().with("profile_overrides", r#"{"discovery": false, "etag": true}"#);
    let host = Host::with(site_of(&target), versions);
    host.deliver(Event::user_created(ada())).await;
    // Somebody else changes it.
    let other = host.site.connect(quiet(json!({})));
    let titled = |title: &str| {
        let mut ada = ada();
        ada.title = Some(title.to_owned());
        ada
    };
    let (before, after) = (ada().into(), titled("Countess").into());
    let difference = Difference::between(&before, &after);
    let change = Update::new(&after, &difference);
    other.connector.update(&id("u-1"), &change, &attempt()).await.unwrap();
    host.lines();
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert_eq!(host.lines(), ["PATCH /Users/u-1", "GET /Users/u-1", "PATCH /Users/u-1"]);
    let user = &target.users()[0];
    assert_eq!((&user["displayName"], &user["title"]), (&json!("Ada"), &json!("Countess")));

    // Where every version is refused there is an end to it, for now.
    let site = Site::new(move |request| {
        Ok(match request.method().as_str() {
            "POST" => answer(201, &[], json!({ "id": "r-1", "meta": { "version": "1" } })),
            "GET" => list(&[account("r-1", "u-1", "ada")]),
            _ => refusal(412, ""),
        })
    });
    let host = Host::with(site, quiet(json!({ "etag": true })));
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert!(host.count() <= 12, "a bounded number of times");
    assert!(!matches!(host.user("u-1").await, LaneState::Parked(_)));
}

// ---- 19: too much -----------------------------------------------------------------------------------------------

async fn too_many_members_are_halved_until_they_fit() {
    for code in [413, 400] {
        let target = with(&[Quirk::MemberCap { most: 6, status: code }]);
        let host = Host::before(&target);
        let names: Vec<String> = (0..20).map(|number| format!("u-{number}")).collect();
        for name in &names {
            let user = User::new(name.as_str(), name.as_str());
            host.accept(Event::user_created(user)).await;
        }
        host.accept(Event::group_created(Group::new("g-1", "Staff"))).await;
        host.work().await;
        host.lines();
        let everybody = members(&names.iter().map(String::as_str).collect::<Vec<_>>());
        host.deliver(Event::members_changed("g-1", everybody, [])).await;
        // 20 and 10 are refused, then 5 four times.
        assert_eq!(host.lines(), ["PATCH /Groups/g-1"; 6], "{code}");
        assert_eq!(target.groups()[0]["members"].as_array().unwrap().len(), 20);
        // It is remembered.
        let all = members(&names.iter().map(String::as_str).collect::<Vec<_>>());
        host.deliver(Event::members_changed("g-1", [], all)).await;
        assert_eq!(host.lines(), ["PATCH /Groups/g-1"; 4], "{code}");
    }
}
