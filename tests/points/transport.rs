//! Transport and encoding: points 1 to 10.

use std::sync::atomic::{AtomicUsize, Ordering};

use outbound_provisioning::connector::Update;
use outbound_provisioning::model::{Difference, Properties, ResourceKind};
use outbound_provisioning::transport::NetworkPolicy;
use outbound_provisioning::{Effect, ErrorKind};
use serde_json::json;

use crate::site::{BASE, Site, answer, done, header, oauth2, status, token};
use crate::target::{
    ada, always, attempt, chain, change_members, create, curious, delete, find, id, learning, line,
    lines, list, look_up, quiet, rename, script, taken,
};

tests![
    what_is_sent_is_scim_json_or_plain_json_by_setting,
    answers_are_read_whatever_media_type_they_name,
    a_415_teaches_the_other_media_type,
    a_body_that_is_no_scim_is_an_error_with_its_status,
    a_refusal_keeps_the_first_part_of_what_was_said,
    each_success_of_a_change_is_one,
    each_success_of_a_delete_is_one,
    a_200_with_an_id_is_a_creation,
    every_request_names_us_and_carries_the_query,
    the_base_url_may_have_any_path,
    an_id_is_opaque_and_one_segment_of_the_path,
    an_id_may_be_a_number,
    a_filter_is_encoded_without_plus_and_without_blanks_around_the_sign,
    a_location_is_never_believed_over_the_id_and_never_followed,
    a_redirect_is_never_followed,
    without_tls_only_loopback_is_talked_to,
    a_401_is_answered_with_one_new_token_and_no_storm,
];

const LOGIN_PAGE: &str = "<!DOCTYPE html><title>Sign in</title>";

/// Every call that a connector has.
async fn everything(site: &Site, properties: Properties) {
    let us = site.connect(properties);
    let _ = create(&us, ada()).await;
    let _ = rename(&us).await;
    let _ = change_members(&us, &["r-2"], &[]).await;
    let _ = find(&us).await;
    let _ = us.read().await;
    let _ = us.connector.check().await;
    let _ = delete(&us).await;
}

// ---- 1: media types ---------------------------------------------------------------------------------------------

async fn what_is_sent_is_scim_json_or_plain_json_by_setting() {
    for (value, expected) in [("scim_json", "application/scim+json"), ("json", "application/json")]
    {
        let site = Site::new(|request| Ok(done(request)));
        everything(&site, quiet(json!({ "content_type": value }))).await;
        let (mut with_body, mut without) = (0, 0);
        for request in taken(&site) {
            assert_eq!(header(&request, "accept"), "application/scim+json, application/json");
            let has_body = !request.body().is_empty();
            let media_type = if has_body { expected } else { "" };
            assert_eq!(header(&request, "content-type"), media_type, "{}", line(&request));
            *if has_body { &mut with_body } else { &mut without } += 1;
        }
        assert!(with_body >= 3 && without >= 3, "{with_body}, {without}");
    }
}

async fn answers_are_read_whatever_media_type_they_name() {
    for media_type in [
        "application/scim+json",
        "application/scim+json; charset=utf-8",
        "application/json",
        "application/json;charset=UTF-8",
        "application/vnd.example+json",
        "text/json",
        "text/plain",
        "",
    ] {
        let site = Site::new(move |_| {
            Ok(answer(201, &[("content-type", media_type)], json!({ "id": "r-1" })))
        });
        let made = create(&site.connect(quiet(json!({}))), ada()).await.unwrap();
        assert_eq!(made.id.as_str(), "r-1", "{media_type}");
    }
}

async fn a_415_teaches_the_other_media_type() {
    let plain_only = Site::new(|request| {
        let is_plain = header(request, "content-type") == "application/json";
        Ok(if is_plain { done(request) } else { status(415) })
    });
    let us = plain_only.connect(learning());
    create(&us, ada()).await.unwrap();
    assert_eq!(lines(&plain_only), ["POST /Users"; 2]);
    create(&us, ada()).await.unwrap();
    assert_eq!(lines(&plain_only), ["POST /Users"], "and pays for it once");
}

// ---- 2: bodies of any kind --------------------------------------------------------------------------------------

const STRANGE: [&str; 7] =
    ["", "   \r\n", LOGIN_PAGE, "Service Unavailable", "[]", "\"ok\"", r#"{"id":"r-1","userNa"#];

async fn a_body_that_is_no_scim_is_an_error_with_its_status() {
    for code in [200, 201, 202, 204, 302, 400, 401, 403, 404, 409, 412, 429, 500, 502, 503] {
        for body in STRANGE {
            let us = always(code, body).connect(quiet(json!({})));
            let error = create(&us, ada()).await.unwrap_err();
            assert!(error.message().contains(&code.to_string()), "{code} {body:?}: {error}");
            // Nothing and a garbled success leave open whether the account was made; a refusal does not.
            let expected = match code {
                200..=299 | 500..=599 => Effect::Unknown,
                _ => Effect::Rejected,
            };
            assert_eq!(error.effect(), expected, "{code} {body:?}");
            assert!(look_up(&us, ResourceKind::User, "u-1", "ada").await.is_err() || body == "[]");
        }
    }
}

async fn a_refusal_keeps_the_first_part_of_what_was_said() {
    let long = "x".repeat(10_000);
    for (code, said) in [
        (400, "userName: not unique enough".to_owned()),
        (503, "down for maintenance".to_owned()),
        (502, format!("upstream said {long}")),
        (500, "<html>table users is locked</html>".to_owned()),
    ] {
        for body in [said.clone(), json!({ "detail": said }).to_string()] {
            let us = always(code, &body).connect(quiet(json!({})));
            let error = create(&us, ada()).await.unwrap_err();
            let told = chain(&error);
            let first: String = said.chars().take(20).collect();
            assert!(told.contains(&first), "{code}: {told}");
            assert!(told.len() < 1_000, "and not all of it");
            // Whoever prints the error alone sees nothing that a stranger wrote.
            assert!(!format!("{error} {error:?}").contains(&first), "{code}");
        }
    }
}

// ---- 3: which success -------------------------------------------------------------------------------------------

async fn each_success_of_a_change_is_one() {
    let whole = json!({ "id": "r-1", "userName": "ada" }).to_string();
    for method in ["patch", "put"] {
        for (code, body) in [(200, whole.as_str()), (200, ""), (201, &whole), (204, "")] {
            let read = (method == "put").then(|| answer(200, &[], &whole));
            let answers: Vec<_> = read.into_iter().chain([answer(code, &[], body)]).collect();
            let us = script(answers).connect(quiet(json!({ "user_update": method })));
            let remote = rename(&us).await.unwrap();
            assert_eq!(remote.id.as_str(), "r-1", "{method} {code} {body}");
        }
    }
}

async fn each_success_of_a_delete_is_one() {
    let whole = json!({ "id": "r-1", "userName": "ada" }).to_string();
    for (code, body) in [(204, ""), (200, ""), (200, whole.as_str()), (200, " \n")] {
        let site = always(code, body);
        delete(&site.connect(quiet(json!({})))).await.unwrap();
        assert_eq!(lines(&site), ["DELETE /Users/r-1"]);
    }
}

async fn a_200_with_an_id_is_a_creation() {
    for body in [
        json!({ "id": "r-1", "externalId": "u-1" }),
        json!({ "id": "r-1", "externalId": "u-1", "userName": "ada" }),
    ] {
        let us = always(200, &body).connect(quiet(json!({ "user_external_id": true })));
        assert_eq!(create(&us, ada()).await.unwrap().id.as_str(), "r-1");
    }
    for body in ["", r#"{"userName":"ada"}"#] {
        let us = always(200, body).connect(quiet(json!({})));
        assert_eq!(create(&us, ada()).await.unwrap_err().effect(), Effect::Unknown);
    }
}

// ---- 4: who we are, and where -----------------------------------------------------------------------------------

async fn every_request_names_us_and_carries_the_query() {
    const US: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let site = Site::new(|request| Ok(done(request)));
    everything(&site, curious().with("query", "aadOptscim062020&tenant=a%20b")).await;
    let requests = taken(&site);
    let paths: Vec<&str> = requests.iter().map(|request| request.uri().path()).collect();
    for end in ["ServiceProviderConfig", "ResourceTypes", "Schemas", "Users", "Users/r-1"] {
        assert!(paths.iter().any(|path| path.ends_with(end)), "{end}: {paths:?}");
    }
    for request in &requests {
        assert_eq!(header(request, "user-agent"), US, "{}", line(request));
        let query = request.uri().query().unwrap_or_default();
        assert!(query.starts_with("aadOptscim062020=&tenant=a%20b"), "{}", line(request));
    }
    // In front of what the call itself asks.
    let asks = |request: &&http::Request<Vec<u8>>| line(request).contains("&filter=externalId");
    assert!(requests.iter().any(|request| asks(&request)));
}

async fn the_base_url_may_have_any_path() {
    for (base, expected) in [
        ("https://hr.example.com", "https://hr.example.com/Users"),
        ("https://hr.example.com/", "https://hr.example.com/Users"),
        ("https://hr.example.com/scim", "https://hr.example.com/scim/Users"),
        ("https://hr.example.com/a/b/c/v2/", "https://hr.example.com/a/b/c/v2/Users"),
        (
            "https://hr.example.com:8443/t/acme.com/scim2",
            "https://hr.example.com:8443/t/acme.com/scim2/Users",
        ),
        ("https://hr.example.com/x%20y/scim/v2", "https://hr.example.com/x%20y/scim/v2/Users"),
    ] {
        let site = Site::new(|request| Ok(done(request)));
        let us = site.connect(quiet(json!({})).with("base_url", base));
        create(&us, ada()).await.unwrap();
        assert_eq!(taken(&site)[0].uri().to_string(), expected);
    }
}

// ---- 5: ids -----------------------------------------------------------------------------------------------------

async fn an_id_is_opaque_and_one_segment_of_the_path() {
    for (text, segment) in [
        ("2819c223-7f76", "2819c223-7f76"),
        ("a b/c?d#e%ä", "a%20b%2Fc%3Fd%23e%25%C3%A4"),
        ("CN=Ada,OU=x", "CN%3DAda%2COU%3Dx"),
        ("ABC", "ABC"),
        ("+1", "%2B1"),
    ] {
        let made = answer(201, &[], json!({ "id": text }));
        let site = script([made, status(204)]);
        let us = site.connect(quiet(json!({})));
        let remote = create(&us, ada()).await.unwrap();
        assert_eq!(remote.id.as_str(), text);
        us.connector.delete(&remote.id, ResourceKind::User, &attempt()).await.unwrap();
        assert_eq!(lines(&site)[1], format!("DELETE /Users/{segment}"));
    }
}

async fn an_id_may_be_a_number() {
    let account = json!({ "id": 4711, "externalId": "u-1", "userName": "ada" });
    let site = Site::new(move |request| {
        Ok(match request.method().as_str() {
            "POST" => answer(201, &[], &account),
            "GET" => list(std::slice::from_ref(&account)),
            _ => answer(200, &[], &account),
        })
    });
    let us = site.connect(quiet(json!({})));
    assert_eq!(create(&us, ada()).await.unwrap().id.as_str(), "4711");
    assert_eq!(find(&us).await.unwrap()[0].id.as_str(), "4711");
    let (before, after) = (ada().into(), ada().with_display_name("Ada").into());
    let difference = Difference::between(&before, &after);
    let change = Update::new(&after, &difference);
    us.connector.update(&id("4711"), &change, &attempt()).await.unwrap();
}

// ---- 6: queries -------------------------------------------------------------------------------------------------

async fn a_filter_is_encoded_without_plus_and_without_blanks_around_the_sign() {
    let site = always(200, json!({ "totalResults": 0 }));
    let us = site.connect(quiet(json!({ "user_filters": ["userName"] })));
    look_up(&us, ResourceKind::User, "u-1", "a+b c&d=ä\"\\").await.unwrap();
    assert_eq!(
        lines(&site),
        ["GET /Users?filter=userName%20eq%20%22a%2Bb%20c%26d%3D%C3%A4%5C%22%5C%5C%22"]
    );
    us.read().await.unwrap();
    let asked = lines(&site);
    assert_eq!(asked, ["GET /Users?startIndex=1&count=100"]);
    look_up(&us, ResourceKind::Group, "g-1", "staff").await.unwrap();
    for asked in lines(&site) {
        assert!(!asked.contains('+') && !asked.contains("%20="), "{asked}");
    }
}

// ---- 7: locations -----------------------------------------------------------------------------------------------

async fn a_location_is_never_believed_over_the_id_and_never_followed() {
    for location in [
        "https://evil.example.com/Users/r-9",
        "https://hr.example.com/scim/v2/Users/r-9",
        "/scim/v2/Users/r-9",
        "Users/r-9",
        "no location at all",
        "",
    ] {
        let made = json!({ "id": "r-1", "userName": "ada", "externalId": "u-1",
            "meta": { "location": location } });
        let site = Site::new(move |request| {
            Ok(match request.method().as_str() {
                "POST" if location.is_empty() => answer(201, &[], &made),
                "POST" => answer(201, &[("location", location)], &made),
                _ => status(204),
            })
        });
        let us = site.connect(quiet(json!({})));
        let remote = create(&us, ada()).await.unwrap();
        assert_eq!(remote.id.as_str(), "r-1", "{location}");
        us.connector.delete(&remote.id, ResourceKind::User, &attempt()).await.unwrap();
        let requests = taken(&site);
        assert_eq!(
            requests.iter().map(line).collect::<Vec<_>>(),
            ["POST /Users", "DELETE /Users/r-1"],
            "{location}"
        );
        for request in requests {
            assert_eq!(request.uri().host(), Some("hr.example.com"));
        }
    }
    // Without an id there is nothing to believe, whatever the header says.
    let site = Site::new(|_| Ok(answer(201, &[("location", "/scim/v2/Users/r-9")], "")));
    let error = create(&site.connect(quiet(json!({}))), ada()).await.unwrap_err();
    assert_eq!(error.effect(), Effect::Unknown);
}

// ---- 8: redirects -----------------------------------------------------------------------------------------------

async fn a_redirect_is_never_followed() {
    for code in [301, 302, 303, 307, 308] {
        let site = Site::new(move |_| {
            Ok(answer(code, &[("location", "https://evil.example.com/scim/v2/Users")], ""))
        });
        let us = site.connect(curious());
        for error in [
            create(&us, ada()).await.unwrap_err(),
            rename(&us).await.unwrap_err(),
            delete(&us).await.unwrap_err(),
        ] {
            assert_eq!(
                (error.kind(), error.effect()),
                (ErrorKind::InvalidResponse, Effect::Rejected),
                "{code}"
            );
            assert!(error.message().contains("correct the base URL"), "{error}");
        }
        for request in taken(&site) {
            assert_eq!(request.uri().host(), Some("hr.example.com"), "{code}");
        }
    }
}

// ---- 9: TLS and tokens ------------------------------------------------------------------------------------------

async fn without_tls_only_loopback_is_talked_to() {
    let site = Site::new(|request| Ok(done(request)));
    for (url, is_refused) in [
        (BASE, false),
        ("http://hr.example.com/scim/v2", true),
        ("http://10.0.0.1/scim/v2", true),
        ("http://127.0.0.1/scim/v2", true),
        ("ftp://hr.example.com", true),
    ] {
        let problems = site.problems(&curious().with("base_url", url));
        assert_eq!(problems.to_string().contains("base_url"), is_refused, "{url}: {problems}");
    }
    // By the operator's word, this machine may be talked to in clear.
    let policy = NetworkPolicy::new().allow_loopback();
    let site = Site::new(|request| Ok(done(request))).with_policy(policy);
    let local = curious().with("base_url", "http://127.0.0.1/scim/v2");
    assert!(site.problems(&local).to_string().is_empty(), "{}", site.problems(&local));
    assert!(
        !site.problems(&curious().with("base_url", "http://hr.example.com")).to_string().is_empty()
    );
}

async fn a_401_is_answered_with_one_new_token_and_no_storm() {
    let count = AtomicUsize::new(0);
    let tokens = move |_: &_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        token(&format!("t-{number}"))
    };
    let site = Site::of(tokens, |request| match header(request, "authorization").as_str() {
        "Bearer t-0" => status(401),
        _ => done(request),
    });
    let us = site.connect(oauth2());
    us.write().await.unwrap();
    assert_eq!(site.counts(), (2, 2), "the token that was refused, and the new one");
    us.write().await.unwrap();
    assert_eq!(site.counts(), (0, 1));

    let refused = Site::of(|_| token("t"), |_| status(401));
    let us = refused.connect(oauth2());
    let error = us.write().await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Unauthenticated, Effect::Rejected));
    assert_eq!(refused.counts(), (2, 2), "and no third time");
}
