//! What is written: points 32, 33 and 39 to 43.

use http::Method;
use outbound_provisioning::conformance::Quirk;
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::model::{
    ENTERPRISE_USER, EnterpriseUser, Event, Group, Manager, Member, MultiValue, ResourceKind, User,
};
use outbound_provisioning::{Effect, ErrorKind};
use serde_json::{Value, json};

use crate::site::{Site, answer, done, header, status};
use crate::target::{
    HOUR, Host, PATCH_OP, USER, account, ada, always, attempt, body, chain, create, curious,
    delete, id, learning, line, lines, operations, quiet, rename, script, site_of, taken, update,
    update_on, with,
};

tests![
    a_new_user_has_nothing_that_is_the_targets_to_give,
    our_id_is_sent_and_not_waited_for,
    the_enterprise_extension_is_an_object_under_its_urn,
    a_manager_follows_when_he_has_an_account,
    nobody_is_named_before_he_is_there,
    who_leaves_is_named_no_more,
    a_user_is_deleted_or_switched_off_by_what_the_target_can,
    a_deleted_account_that_was_only_switched_off_is_switched_on_again,
    a_method_that_is_not_there_is_replaced_by_the_other,
    an_operation_names_no_attribute_twice,
    a_list_of_one_keeps_the_preferred_value,
    one_value_is_the_preferred_one,
    no_password_and_no_token_leaves_or_is_shown,
    a_version_goes_as_it_came_where_versions_count,
];

// ---- 32 and 33: new users ---------------------------------------------------------------------------------------

fn employee(id: &str, manager: Option<&str>) -> User {
    let mut user = User::new(id, id);
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some("Engines".to_owned());
    enterprise.manager = manager.map(Manager::new);
    user.enterprise = Some(enterprise);
    user
}

async fn a_new_user_has_nothing_that_is_the_targets_to_give() {
    let site = always(201, json!({ "id": "r-1" }));
    let us = site.connect(quiet(json!({})));
    create(&us, ada()).await.unwrap();
    create(&us, Group::new("g-1", "Staff")).await.unwrap();
    for request in taken(&site) {
        let body = body(&request);
        for name in ["id", "meta", "groups", "password"] {
            assert!(body.get(name).is_none(), "{name}");
        }
        assert!(body.get("externalId").is_some());
    }
}

async fn our_id_is_sent_and_not_waited_for() {
    // Kept and not shown in the answer; not kept at all.
    for quirk in [Quirk::ExternalIdNotEchoed, Quirk::Drops("externalId")] {
        let target = with(&[quirk]);
        let host = Host::before(&target);
        host.deliver(Event::user_created(ada())).await;
        host.deliver(Event::user_created(User::new("u-2", "grace"))).await;
        host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
        host.deliver(Event::user_deleted("u-1")).await;
        let posts = taken(&host.site);
        let posts: Vec<Value> =
            posts.iter().filter(|request| request.method() == Method::POST).map(body).collect();
        assert_eq!(posts.len(), 2, "{quirk:?}");
        assert_eq!(posts[0]["externalId"], "u-1");
        assert_eq!(target.users().len(), 1, "{quirk:?}");
        assert_eq!(target.users()[0]["userName"], "grace");
    }
}

async fn the_enterprise_extension_is_an_object_under_its_urn() {
    let site = always(201, json!({ "id": "r-1" }));
    create(&site.connect(quiet(json!({}))), employee("u-1", Some("r-9"))).await.unwrap();
    assert_eq!(
        body(&taken(&site)[0]),
        json!({
            "schemas": [USER, ENTERPRISE_USER], "externalId": "u-1", "userName": "u-1", "active": true,
            ENTERPRISE_USER: { "department": "Engines", "manager": { "value": "r-9" } },
        })
    );
}

async fn a_manager_follows_when_he_has_an_account() {
    let target = with(&[]);
    let host = Host::before(&target);
    host.deliver(Event::user_created(employee("u-1", Some("boss")))).await;
    assert!(target.users()[0][ENTERPRISE_USER].get("manager").is_none());
    host.lines();
    host.deliver(Event::user_created(User::new("boss", "boss"))).await;
    assert_eq!(host.lines(), ["POST /Users", "PATCH /Users/u-1"]);
    assert_eq!(target.users()[0][ENTERPRISE_USER]["manager"]["value"], target.users()[1]["id"]);
}

// ---- 39: in which order -----------------------------------------------------------------------------------------

async fn nobody_is_named_before_he_is_there() {
    let target = with(&[]);
    let host = Host::before(&target);
    // The other way round than it must be sent.
    let outer = Group::new("g-out", "Outer").with_member(Member::group("g-in"));
    let inner = Group::new("g-in", "Inner").with_member(Member::user("u-1"));
    host.accept(Event::group_created(outer.with_member(Member::user("u-2")))).await;
    host.accept(Event::group_created(inner)).await;
    host.accept(Event::user_created(employee("u-1", Some("u-2")))).await;
    host.accept(Event::user_created(User::new("u-2", "u-2"))).await;
    host.work().await;
    let mut there: Vec<String> = Vec::new();
    for request in target.requests() {
        let body = request.body.unwrap_or_default();
        let mut named = Vec::new();
        collect(&body, "value", &mut named);
        for id in named {
            let is_id = id.starts_with("u-") || id.starts_with("g-");
            assert!(!is_id || there.contains(&id), "{id} is named before it is there");
        }
        if request.method == Method::POST {
            there.push(made(&there, &request.path));
        }
    }
    let groups = target.groups();
    let members = |name: &str| {
        let group = groups.iter().find(|group| group["displayName"] == name).unwrap();
        group["members"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((members("Outer"), members("Inner")), (2, 1));
    assert_eq!(target.requests().len(), 4 + 3, "and what follows is joined");
}

/// The texts under a name, wherever they stand.
fn collect(value: &Value, name: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if let (true, Some(text)) = (key == name, value.as_str()) {
                    into.push(text.to_owned());
                }
                collect(value, name, into);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, name, into)),
        _ => {}
    }
}

/// Who is there after a create: the server counts those it makes.
fn made(before: &[String], path: &str) -> String {
    let prefix = if path.ends_with("/Users") { "u-" } else { "g-" };
    format!("{prefix}{}", before.iter().filter(|id| id.starts_with(prefix)).count() + 1)
}

async fn who_leaves_is_named_no_more() {
    let target = with(&[]);
    let host = Host::before(&target);
    for name in ["u-1", "u-2"] {
        host.accept(Event::user_created(User::new(name, name))).await;
    }
    host.work().await;
    let staff = Group::new("g-1", "Staff")
        .with_member(Member::user("u-1"))
        .with_member(Member::user("u-2"));
    host.deliver(Event::group_created(staff)).await;
    host.accept(Event::user_deleted("u-1")).await;
    host.accept(Event::group_updated(Group::new("g-1", "All staff"))).await;
    host.work().await;
    host.later(HOUR).await;
    assert_eq!(target.users().len(), 1);
    assert_eq!(target.groups()[0]["members"], json!([{ "value": "u-2", "type": "User" }]));
    // A group that goes takes nobody along, and is not asked to lose its members first.
    host.lines();
    host.deliver(Event::group_deleted("g-1")).await;
    assert_eq!(host.lines(), ["DELETE /Groups/g-1"]);
    assert_eq!(target.users().len(), 1);
}

// ---- 40: deletes ------------------------------------------------------------------------------------------------

async fn a_user_is_deleted_or_switched_off_by_what_the_target_can() {
    let site = always(204, "");
    delete(&site.connect(quiet(json!({})))).await.unwrap();
    assert_eq!(lines(&site), ["DELETE /Users/r-1"]);
    // By setting, nobody is deleted.
    let us = site.connect(quiet(json!({ "delete": "refused" })));
    delete(&us).await.unwrap();
    assert_eq!(operations(&site), json!([{ "op": "replace", "path": "active", "value": false }]));
    // And where the target refuses it, that is learnt.
    for code in [405, 501] {
        let target = with(&[Quirk::NoDelete(code)]);
        let host = Host::before(&target);
        for name in ["u-1", "u-2"] {
            host.accept(Event::user_created(User::new(name, name))).await;
        }
        host.work().await;
        host.lines();
        host.deliver(Event::user_deleted("u-1")).await;
        assert_eq!(host.lines(), ["DELETE /Users/u-1", "PATCH /Users/u-1"]);
        host.deliver(Event::user_deleted("u-2")).await;
        assert_eq!(host.lines(), ["PATCH /Users/u-2"], "{code}");
        assert!(target.users().iter().all(|user| user["active"] == false));
    }
    // What cannot be done is not said to be done.
    let us = always(405, "").connect(learning());
    let group = us.connector.delete(&id("r-1"), ResourceKind::Group, &attempt()).await;
    assert_eq!(group.unwrap_err().kind(), ErrorKind::Unsupported);
}

async fn a_deleted_account_that_was_only_switched_off_is_switched_on_again() {
    let target = with(&[Quirk::DeleteDeactivates]);
    let host = Host::before(&target);
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_deleted("u-1")).await;
    assert_eq!(target.users()[0]["active"], false);
    host.lines();
    host.deliver(Event::user_created(ada().with_display_name("Ada"))).await;
    host.later(HOUR).await;
    let user = &target.users()[0];
    assert_eq!((&user["active"], &user["displayName"]), (&json!(true), &json!("Ada")));
    assert_eq!(target.users().len(), 1);
    assert_eq!(host.user("u-1").await, LaneState::Settled);
    let asked = host.lines();
    assert!(asked.len() <= 3, "POST, a look, PATCH: {asked:?}");
    // By setting it is known beforehand.
    let fields = r#"{"discovery": false, "delete": "deactivates"}"#;
    let host = Host::with(
        site_of(&with(&[Quirk::DeleteDeactivates])),
        curious().with("profile_overrides", fields),
    );
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_deleted("u-1")).await;
    host.deliver(Event::user_created(ada())).await;
    assert_eq!(host.user("u-1").await, LaneState::Settled);
}

// ---- 41: PUT and PATCH ------------------------------------------------------------------------------------------

async fn a_method_that_is_not_there_is_replaced_by_the_other() {
    for quirk in [Quirk::NoPatch(405), Quirk::NoPatch(501), Quirk::NoPatch(404), Quirk::NoPut(405)]
    {
        let target = with(&[quirk]);
        let host = Host::before(&target);
        let mut before = ada().with_email("a@example.com");
        before.title = Some("Countess".to_owned());
        host.deliver(Event::user_created(before.clone())).await;
        // Somebody else adds what is not ours.
        let theirs = json!({ "schemas": [USER], "userName": "ada", "externalId": "u-1", "active": true,
            "title": "Countess", "nickName": "theirs", "emails": [
                { "type": "work", "value": "a@example.com", "primary": true },
                { "type": "other", "value": "x@example.com" },
            ] });
        let strict = http::Request::builder()
            .method(if matches!(quirk, Quirk::NoPut(_)) { "PATCH" } else { "PUT" })
            .uri("/scim/v2/Users/u-1")
            .header("content-type", "application/scim+json");
        let change = if matches!(quirk, Quirk::NoPut(_)) {
            json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "add", "value": theirs }] })
        } else {
            theirs
        };
        let request = strict.body(change.to_string().into_bytes()).unwrap();
        assert!(target.answer(&request).status().is_success(), "{quirk:?}");
        host.deliver(Event::user_updated(before.with_display_name("Ada"))).await;
        let user = &target.users()[0];
        assert_eq!(user["displayName"], "Ada", "{quirk:?}");
        assert_eq!((&user["title"], &user["nickName"]), (&json!("Countess"), &json!("theirs")));
        assert_eq!(user["emails"].as_array().unwrap().len(), 2, "{quirk:?}");
    }
    // A partial PUT would lose it all: without the present state nothing is written.
    let site = Site::new(|request| {
        Ok(if request.method() == Method::GET { status(503) } else { done(request) })
    });
    let us = site.connect(quiet(json!({ "user_update": "put" })));
    let error = rename(&us).await.unwrap_err();
    assert_eq!(error.effect(), Effect::NotSent);
    assert_eq!(lines(&site), ["GET /Users/r-1"]);
}

// ---- 42: limits of lists ----------------------------------------------------------------------------------------

async fn an_operation_names_no_attribute_twice() {
    let mut before = employee("u-1", None);
    before.title = Some("Dr".to_owned());
    before.emails =
        vec![MultiValue::new("work", "a@example.com"), MultiValue::new("home", "b@example.com")];
    let mut after = employee("u-1", Some("r-9")).with_active(false).with_display_name("Ada");
    after.user_name = "lovelace".to_owned();
    after.emails =
        vec![MultiValue::new("work", "c@example.com"), MultiValue::new("home", "d@example.com")];
    let site = always(204, "");
    update(&site.connect(quiet(json!({}))), before, after).await.unwrap();
    let operations = operations(&site);
    let mut paths: Vec<&str> = operations
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| operation["path"].as_str().unwrap())
        .collect();
    let count = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), count, "{operations}");
}

async fn a_list_of_one_keeps_the_preferred_value() {
    let mut two = ada();
    two.emails = vec![
        MultiValue::new("home", "h@example.com"),
        MultiValue::new("work", "w@example.com").as_primary(),
    ];
    let site = always(201, json!({ "id": "r-1" }));
    let us =
        site.connect(quiet(json!({})).with("profile", "aws").with(
            "profile_overrides",
            r#"{"discovery": false, "adapt": false, "user_required": []}"#,
        ));
    create(&us, two.clone()).await.unwrap();
    let work = json!([{ "type": "work", "value": "w@example.com", "primary": true }]);
    assert_eq!(body(&taken(&site)[0])["emails"], work);
    // Without a preferred one, the first.
    two.emails[1].primary = false;
    create(&us, two.clone()).await.unwrap();
    let home = json!([{ "type": "home", "value": "h@example.com" }]);
    assert_eq!(body(&taken(&site)[0])["emails"], home);
    // In a change as well: the one value that stays.
    let site = always(204, "");
    let us = site.connect(quiet(json!({ "single_valued": ["emails"] })));
    let mut after = two.clone();
    after.emails[1].primary = true;
    update(&us, two, after).await.unwrap();
    let expected = json!([{ "op": "replace", "path": "emails", "value": work }]);
    assert_eq!(operations(&site), expected);
}

async fn one_value_is_the_preferred_one() {
    let mut three = ada();
    three.emails = ["work", "home", "other"]
        .map(|kind| MultiValue::new(kind, format!("{kind}@example.com")).as_primary())
        .to_vec();
    for fields in [json!({}), json!({ "user_forbidden": ["photos"] })] {
        let site = always(201, json!({ "id": "r-1" }));
        create(&site.connect(quiet(fields)), three.clone()).await.unwrap();
        let body = body(&taken(&site)[0]);
        let preferred: Vec<&Value> = body["emails"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|email| email["primary"] == true)
            .collect();
        assert_eq!(preferred.len(), 1);
        assert_eq!(preferred[0]["type"], "work", "the first that says so");
        assert_eq!(body["emails"].as_array().unwrap().len(), 3);
    }
    // In a change, too.
    let site = always(204, "");
    update(&site.connect(quiet(json!({}))), ada(), three).await.unwrap();
    let operations = operations(&site).to_string();
    assert_eq!(operations.matches("\"primary\":true").count(), 1, "{operations}");
}

// ---- 43: secrets ------------------------------------------------------------------------------------------------

async fn no_password_and_no_token_leaves_or_is_shown() {
    // Some show it, or what stands for it: it is never written back.
    let mut shown = account("r-1", "u-1", "ada");
    shown["password"] = "********".into();
    let site = script([answer(200, &[], &shown), answer(200, &[], &shown)]);
    let us = site.connect(quiet(json!({ "user_update": "put" })));
    rename(&us).await.unwrap();
    let put = body(&taken(&site)[1]);
    assert_eq!(put["displayName"], "Ada");
    assert!(put.get("password").is_none());

    let site = Site::new(|_| {
        Ok(answer(
            400,
            &[],
            json!({ "detail": "Bearer t0ken is odd", "schemas": [], "token": "t0ken" }),
        ))
    });
    let us = site.connect(quiet(json!({})));
    let error = create(&us, ada()).await.unwrap_err();
    let all = format!("{:?} {error:?} {} {us:?}", site.seen()[0], chain(&error));
    assert!(!all.contains("t0ken"), "{all}");
    // It is in one place only.
    for request in taken(&site) {
        assert_eq!(header(&request, "authorization"), "Bearer t0ken");
        assert!(!request.uri().to_string().contains("t0ken"), "{}", line(&request));
        assert!(!String::from_utf8_lossy(request.body()).contains("t0ken"));
    }
}

// ---- versions ---------------------------------------------------------------------------------------------------

async fn a_version_goes_as_it_came_where_versions_count() {
    let tag = "W/\"3-a b\"";
    for (etag, method) in [(true, "patch"), (true, "put"), (false, "patch"), (false, "put")] {
        let current = json!({ "id": "r-1", "userName": "ada", "meta": { "version": tag } });
        let site = Site::new(move |request| {
            Ok(if request.method() == Method::GET {
                answer(200, &[], &current)
            } else {
                status(204)
            })
        });
        let us = site.connect(quiet(json!({ "etag": etag, "user_update": method })));
        let after = ada().with_display_name("Ada");
        update_on(&us, Some(tag), ada(), after).await.unwrap();
        delete(&us).await.unwrap();
        for request in taken(&site) {
            let is_change = matches!(request.method().as_str(), "PATCH" | "PUT");
            let expected = if is_change && etag { tag } else { "" };
            // A leaver leaves, whatever the version.
            assert_eq!(header(&request, "if-match"), expected, "{}", line(&request));
        }
    }
    // A tag of the framework's, where the target says that it keeps none, is not used.
    let site = script([answer(201, &[("etag", "\"hash\"")], json!({ "id": "r-1" })), status(204)]);
    let host = Host::with(site, learning());
    host.deliver(Event::user_created(ada())).await;
    host.deliver(Event::user_updated(ada().with_display_name("Ada"))).await;
    assert!(taken(&host.site).iter().all(|request| header(request, "if-match").is_empty()));
}
