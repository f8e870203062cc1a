//! What a XACML decision point is asked, byte for byte, and what its answers are taken for, true and false ones.

use std::sync::{Arc, Mutex};

use outbound_provisioning::model::{RuleSettings, User};
use outbound_provisioning::rules::{
    DecisionPoint, RuleDecision, RuleEffect, RuleEngine, XacmlEngine, XacmlFormat,
};
use outbound_provisioning::transport::{HttpRequest, HttpResponse, http_fn};
use serde_json::Value;

use crate::scene::{Answer, Scene};

const PERMIT: &str = r#"{"Response":[{"Decision":"Permit"}]}"#;

async fn taken(format: XacmlFormat, body: &str) -> outbound_provisioning::Result<RuleDecision> {
    let body = body.as_bytes().to_vec();
    let client = http_fn(move |_| Ok(HttpResponse::new(body.clone())));
    let point = DecisionPoint::new("http://127.0.0.1/pdp");
    let engine = XacmlEngine::new(client, &point).unwrap().with_format(format);
    engine.decide(&Scene::new().request()).await
}

/// The first request that an engine sends.
async fn sent(scene: &Scene, engine: impl Fn(XacmlEngine) -> XacmlEngine) -> HttpRequest {
    let seen: Arc<Mutex<Vec<HttpRequest>>> = Arc::default();
    let requests = Arc::clone(&seen);
    let client = http_fn(move |request| {
        requests.lock().unwrap().push(request);
        Ok(HttpResponse::new(PERMIT.as_bytes().to_vec()))
    });
    let point = DecisionPoint::new("http://127.0.0.1/t/acme/pdp/").with_basic("us", "s3cret");
    let engine = engine(XacmlEngine::new(client, &point).unwrap());
    let _ = engine.decide(&scene.request()).await;
    seen.lock().unwrap().remove(0)
}

#[tokio::test]
async fn answers_in_json_are_taken_for_what_they_are() {
    let answers = Answer::all(include_str!("../data/rules/xacml_json.json"));
    assert!(answers.len() > 40);
    for answer in answers {
        for format in [XacmlFormat::Json, XacmlFormat::PlainJson] {
            answer.judge(taken(format, &answer.body).await);
        }
    }
}

#[tokio::test]
async fn answers_in_xml_are_taken_for_what_they_are() {
    let answers = Answer::all(include_str!("../data/rules/xacml_xml.json"));
    assert!(answers.len() > 30);
    for answer in answers {
        for format in [XacmlFormat::Xml, XacmlFormat::PlainXml] {
            answer.judge(taken(format, &answer.body).await);
        }
    }
}

/// Libraries write a member that is not there as null. It changes no answer, whichever member it is.
#[tokio::test]
async fn a_null_is_a_member_that_is_not_there() {
    let whole: Value = serde_json::from_str(
        r#"{"Response":[{"Decision":"Permit",
            "Status":{"StatusCode":{"Value":"urn:oasis:names:tc:xacml:1.0:status:ok"},"StatusMessage":"well"},
            "Obligations":[{"Id":"log","AttributeAssignment":[]}],
            "AssociatedAdvice":[{"Id":"tell"}],
            "PolicyIdentifierList":{"PolicyIdReference":[{"Id":"p"}],"PolicySetIdReference":[]}}]}"#,
    )
    .unwrap();
    for place in [
        "/Status",
        "/Status/StatusCode",
        "/Status/StatusMessage",
        "/Obligations",
        "/Obligations/0/AttributeAssignment",
        "/AssociatedAdvice",
        "/AssociatedAdvice/0/AttributeAssignment",
        "/PolicyIdentifierList",
        "/PolicyIdentifierList/PolicyIdReference",
        "/PolicyIdentifierList/PolicySetIdReference",
    ] {
        let place = format!("/Response/0{place}");
        let (mut null, mut gone) = (whole.clone(), whole.clone());
        let (above, name) = place.rsplit_once('/').unwrap();
        null.pointer_mut(above).unwrap()[name] = Value::Null;
        gone.pointer_mut(above).unwrap().as_object_mut().unwrap().remove(name);
        for format in [XacmlFormat::Json, XacmlFormat::PlainJson] {
            let taken =
                |body: Value| async move { taken(format, &body.to_string()).await.unwrap() };
            assert_eq!(taken(null.clone()).await, taken(gone.clone()).await, "{place}");
        }
    }
    // What decides has to be there.
    let body = r#"{"Response":[{"Decision":null}]}"#;
    assert!(taken(XacmlFormat::Json, body).await.is_err());
}

/// Whatever is changed in an answer that is no permit, no permit comes of it, unless somebody writes that very word.
#[tokio::test]
async fn no_damage_makes_a_permit() {
    let json = r#"{"Response":[{"Decision":"Deny","Status":{"StatusCode":{"Value":"Permit"}}}]}"#;
    let xml = r#"<Response xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17"><Result><Decision>Deny</Decision><Status><StatusMessage>Permit</StatusMessage></Status></Result></Response>"#;
    for (format, body) in [(XacmlFormat::Json, json), (XacmlFormat::Xml, xml)] {
        for place in 0..body.len() {
            for with in ["", "<", "\"", "}", "]", "&", "ä"] {
                for length in [1, 4] {
                    let end = (place + length).min(body.len());
                    let damaged = format!("{}{with}{}", &body[..place], &body[end..]);
                    let decision = RuleDecision::of(taken(format, &damaged).await);
                    let effect = RuleSettings::default().effect(&decision);
                    assert_ne!(effect, RuleEffect::Go, "{damaged}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_request_in_json_is_the_profiles() {
    let request = sent(&Scene::new(), |engine| engine).await;
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("POST", "http://127.0.0.1/t/acme/pdp")
    );
    assert_eq!(request.headers()["content-type"], "application/xacml+json");
    assert_eq!(request.headers()["accept"], "application/xacml+json");
    assert_eq!(request.headers()["authorization"], "Basic dXM6czNjcmV0");
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let members: Vec<&String> = body["Request"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["Category", "CombinedDecision", "ReturnPolicyIdList"]);
    assert_eq!(
        (&body["Request"]["CombinedDecision"], &body["Request"]["ReturnPolicyIdList"]),
        (&false.into(), &true.into())
    );
    let plain = sent(&Scene::new(), |engine| {
        engine.with_format(XacmlFormat::PlainJson).without_policy_ids()
    })
    .await;
    assert_eq!(plain.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(plain.body()).unwrap();
    assert_eq!(body["Request"]["ReturnPolicyIdList"], false);
}

/// Nothing in a value can end it, and what XML cannot hold does not silently become another value.
#[tokio::test]
async fn a_request_in_xml_holds_what_it_was_given() {
    let scene = Scene {
        resource: User::new("u-1", "<a b=\"c\">&'\r\n\t]]>\u{1}ä\u{fffe}</a>").into(),
        ..Scene::new()
    };
    for (format, media_type) in
        [(XacmlFormat::Xml, "application/xacml+xml"), (XacmlFormat::PlainXml, "application/xml")]
    {
        let request = sent(&scene, |engine| engine.with_format(format)).await;
        assert_eq!(request.headers()["content-type"], media_type);
        let body = std::str::from_utf8(request.body()).unwrap();
        assert!(body.starts_with(r#"<Request xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17" CombinedDecision="false" ReturnPolicyIdList="true"><Attributes Category="http://wso2.org/identity/user">"#), "{body}");
        let name = "&lt;a b=&quot;c&quot;&gt;&amp;'&#13;&#10;&#9;]]&gt;\u{fffd}ä\u{fffd}&lt;/a&gt;";
        let attribute = format!(
            r#"<Attribute AttributeId="http://wso2.org/identity/user/username" IncludeInResult="false"><AttributeValue DataType="http://www.w3.org/2001/XMLSchema#string">{name}</AttributeValue></Attribute>"#
        );
        assert!(body.contains(&attribute), "{body}");
    }
}

/// A permit with an obligation that nobody fulfils is a skip, unless the administrator says otherwise.
#[tokio::test]
async fn an_obligation_that_nobody_fulfils_is_no_permit() {
    let body = r#"{"Response":[{"Decision":"Permit","Obligations":[{"Id":"urn:x:approve"}]}]}"#;
    let decision = taken(XacmlFormat::Json, body).await.unwrap();
    let effect = RuleSettings::default().effect(&decision);
    assert!(matches!(effect, RuleEffect::Skip { reason } if reason.contains("urn:x:approve")));
}
