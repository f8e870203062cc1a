//! What an AuthZEN decision point is asked, and what its answers are taken for.

use std::sync::{Arc, Mutex};

use outbound_provisioning::model::Trigger;
use outbound_provisioning::rules::{AuthzenEngine, DecisionPoint, RuleEngine, SubjectSource};
use outbound_provisioning::transport::{HttpRequest, HttpResponse, http_fn};
use serde_json::{Value, json};

use crate::scene::{Answer, Scene};

#[tokio::test]
async fn answers_are_taken_for_what_they_are() {
    let answers = Answer::all(include_str!("../data/rules/authzen.json"));
    assert!(answers.len() > 20);
    for answer in answers {
        let body = answer.body.clone().into_bytes();
        let client = http_fn(move |_| Ok(HttpResponse::new(body.clone())));
        let engine = AuthzenEngine::new(client, &DecisionPoint::new("http://127.0.0.1")).unwrap();
        answer.judge(engine.decide(&Scene::new().request()).await);
    }
}

#[tokio::test]
async fn a_request_is_the_specifications() {
    let seen: Arc<Mutex<Vec<HttpRequest>>> = Arc::default();
    let requests = Arc::clone(&seen);
    let client = http_fn(move |request| {
        requests.lock().unwrap().push(request);
        Ok(HttpResponse::new(br#"{"decision":true}"#.to_vec()))
    });
    let point = DecisionPoint::new("http://127.0.0.1/pdp/").with_bearer("t0ken");
    let engine = AuthzenEngine::new(client.clone(), &point)
        .unwrap()
        .with_subject_property("cerbos.roles", SubjectSource::Groups)
        .with_subject_property("roles", SubjectSource::Values("roles".to_owned()))
        .with_subject_property("given", SubjectSource::Values("name.givenName".to_owned()));
    let scene = Scene::new();
    engine.decide(&scene.request().triggered_by(Trigger::Console)).await.unwrap();
    engine.decide(&Scene { application: None, ..Scene::of_group() }.request()).await.unwrap();
    let at = AuthzenEngine::at_endpoint(client, &point).unwrap();
    at.decide(&scene.request()).await.unwrap();

    let seen = seen.lock().unwrap();
    let addresses: Vec<String> = seen.iter().map(|request| request.uri().to_string()).collect();
    let evaluation = "http://127.0.0.1/pdp/access/v1/evaluation";
    assert_eq!(addresses, [evaluation, evaluation, "http://127.0.0.1/pdp"]);
    let ids: Vec<&str> =
        seen.iter().map(|request| request.headers()["x-request-id"].to_str().unwrap()).collect();
    assert!(ids[0].len() == 32 && ids[0] != ids[1], "{ids:?}");
    assert_eq!(seen[0].method(), "POST");
    assert_eq!(seen[0].headers()["content-type"], "application/json");
    assert_eq!(seen[0].headers()["authorization"], "Bearer t0ken");

    let body: Value = serde_json::from_slice(seen[0].body()).unwrap();
    let subject = &body["subject"];
    assert_eq!((&subject["type"], &subject["id"]), (&json!("user"), &json!("u-42")));
    let properties = &subject["properties"];
    assert_eq!(properties["department"], "finance");
    assert_eq!(properties["name"]["givenName"], "Ada");
    assert_eq!(properties["groups"], json!(["finance", "staff"]));
    assert_eq!(properties["cerbos.roles"], json!(["finance", "staff"]));
    assert_eq!(properties["roles"], json!(["Internal/finance", "ops"]));
    assert_eq!(properties["given"], json!(["Ada"]));
    assert_eq!(
        body["action"],
        json!({ "name": "provisioning.create", "properties": { "operation": "POST", "trigger": "console" } })
    );
    let target =
        json!({ "connector": "scim2", "application": "hr-portal", "organization": "acme" });
    assert_eq!(
        body["resource"],
        json!({ "type": "provisioning_target", "id": "GoogleIDP", "properties": target })
    );
    assert_eq!(body["context"], json!({ "tenant": "acme", "time": "2026-11-04T10:30:00Z" }));

    let body: Value = serde_json::from_slice(seen[1].body()).unwrap();
    assert_eq!(
        (&body["subject"]["type"], &body["subject"]["id"]),
        (&json!("group"), &json!("g-1"))
    );
    assert!(body["subject"]["properties"].get("members").is_none());
    assert!(body["resource"]["properties"].get("application").is_none());
}
