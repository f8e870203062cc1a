//! What leaves this machine, and how often.

use outbound_provisioning::transport::{HttpClient, HttpErrorKind, NetworkPolicy, ReqwestClient};

use super::wire::{ScriptedDns, Wire};
use super::{OK, client, fails, get, impatient, policy, post, send, words};

#[tokio::test]
async fn a_request_has_our_headers_and_no_others() {
    let wire = Wire::says(OK).await;
    send(&client(), get(&wire.url("/Users?filter=x"))).await;
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "GET /Users?filter=x HTTP/1.1\r\naccept: */*\r\nuser-agent: outbound-provisioning/{version}\r\nhost: {}\r\n\r\n",
        wire.address()
    );
    assert_eq!(wire.requests(), [expected]);
}

#[tokio::test]
async fn f88_no_compression_is_asked_for() {
    let wire = Wire::says(OK).await;
    send(&client(), post(&wire.url("/Users"))).await;
    assert!(!wire.requests()[0].to_lowercase().contains("accept-encoding"));
}

#[tokio::test]
async fn f97_cookies_are_not_kept() {
    let wire =
        Wire::says("HTTP/1.1 200 OK\r\nset-cookie: session=1; path=/\r\ncontent-length: 0\r\n\r\n")
            .await;
    let client = client();
    for _ in 0..2 {
        send(&client, get(&wire.url("/"))).await;
    }
    assert!(!wire.requests()[1].to_lowercase().contains("cookie"));
}

#[tokio::test]
async fn f97_an_alternative_service_is_not_used() {
    let other = Wire::says(OK).await;
    let port = other.address().port();
    let wire = Wire::says(&format!(
        "HTTP/1.1 200 OK\r\nalt-svc: h2c=\":{port}\", h3=\":{port}\"; ma=3600\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    let client = client();
    for _ in 0..2 {
        send(&client, get(&wire.url("/"))).await;
    }
    assert_eq!((wire.requests().len(), other.dials()), (2, 0));
}

#[tokio::test]
async fn f97_strict_transport_security_changes_no_address() {
    let wire = Wire::says(
        "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=31536000\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let client = client();
    for _ in 0..2 {
        send(&client, get(&wire.url("/"))).await;
    }
    assert_eq!(wire.requests().len(), 2);
}

#[tokio::test]
async fn f97_links_are_not_fetched_before_they_are_asked_for() {
    let other = Wire::says(OK).await;
    let link = other.url("/next");
    let wire = Wire::says(&format!(
        "HTTP/1.1 103 Early Hints\r\nlink: <{link}>; rel=preload\r\n\r\n\
         HTTP/1.1 200 OK\r\nlink: <{link}>; rel=preload\r\nrefresh: 0; url={link}\r\ncontent-length: 0\r\n\r\n"
    ))
    .await;
    send(&client(), get(&wire.url("/"))).await;
    assert_eq!((wire.requests().len(), other.dials()), (1, 0));
}

#[tokio::test]
async fn f84_no_redirect_is_followed_and_no_header_leaves() {
    let other = Wire::says(OK).await;
    for status in [300, 301, 302, 303, 307, 308] {
        for location in [
            other.url("/"),
            "http://169.254.169.254/latest/meta-data".to_owned(),
            "/elsewhere".to_owned(),
            "//evil.example/".to_owned(),
        ] {
            let wire = Wire::says(&format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            ))
            .await;
            let request = http::Request::post(wire.url("/Users"))
                .header("authorization", "Bearer token")
                .header("x-api-key", "key")
                .body(b"{}".to_vec())
                .unwrap();
            let answer = send(&client(), request).await;
            assert_eq!(answer.status(), status);
            assert_eq!(answer.headers()["location"], *location);
            assert_eq!(wire.requests().len(), 1);
        }
    }
    assert_eq!(other.dials(), 0);
}

#[tokio::test]
async fn no_refusal_is_answered_by_another_request() {
    for status in [401, 407, 408, 421, 425, 429, 500, 502, 503, 504] {
        let wire = Wire::says(&format!(
            "HTTP/1.1 {status} No\r\nretry-after: 0\r\nwww-authenticate: Basic\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ))
        .await;
        assert_eq!(send(&client(), post(&wire.url("/"))).await.status(), status);
        assert_eq!((wire.requests().len(), wire.dials()), (1, 1), "{status}");
    }
}

#[tokio::test]
async fn f35_a_request_on_a_dead_connection_is_not_sent_again() {
    // The first request is answered; the second is read, and the connection closed.
    let wire = Wire::serve(|mut conversation| async move {
        conversation.request().await;
        conversation.say(OK).await;
        conversation.request().await;
    })
    .await;
    let client = client();
    send(&client, post(&wire.url("/1"))).await;
    fails(client.send(post(&wire.url("/2"))).await, HttpErrorKind::Interrupted);
    assert_eq!((wire.requests().len(), wire.dials()), (2, 1));
}

#[tokio::test]
async fn f35_whenever_an_idle_connection_is_closed_no_request_arrives_twice() {
    // Closed right after the answer, which does not announce it: seen before the next request, or too late.
    let wire = Wire::says_once(OK).await;
    let client = client();
    let mut answered = 0;
    for number in 0..100 {
        match client.send(post(&wire.url(&format!("/{number}")))).await {
            Ok(_) => answered += 1,
            Err(error) => assert_eq!(error.kind(), HttpErrorKind::Interrupted, "{}", words(&error)),
        }
    }
    let mut requests = wire.requests();
    requests.dedup();
    assert_eq!((requests.len(), wire.requests().len()), (answered, answered));
}

#[tokio::test]
async fn f32_a_connection_that_breaks_after_the_request_leaves_doubt() {
    for words in ["", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let wire = Wire::says_once(words).await;
        fails(client().send(post(&wire.url("/"))).await, HttpErrorKind::Interrupted);
        assert_eq!(wire.requests().len(), 1, "{words}");
    }
}

#[tokio::test]
async fn connections_are_used_again() {
    let wire = Wire::says(OK).await;
    let client = client();
    for _ in 0..5 {
        send(&client, get(&wire.url("/"))).await;
        send(&client.clone(), post(&wire.url("/"))).await;
    }
    assert_eq!((wire.requests().len(), wire.dials()), (10, 1));
}

#[tokio::test]
async fn p27_connections_are_not_shared_between_clients_of_two_connections() {
    let wire = Wire::says(OK).await;
    let client = client();
    let dialing = outbound_provisioning::transport::Dialing::new();
    let own = || client.for_connection(&dialing).unwrap().unwrap();
    let (one, two) = (own(), own());
    for _ in 0..3 {
        send(&client, get(&wire.url("/"))).await;
        send(&one, get(&wire.url("/"))).await;
        send(&two, get(&wire.url("/"))).await;
    }
    assert_eq!(wire.dials(), 3);
}

#[tokio::test]
async fn a_user_name_in_the_address_is_refused_and_never_becomes_a_header() {
    let wire = Wire::says(OK).await;
    for userinfo in ["us:s3cret@", "us@", ":s3cret@"] {
        let url = format!("http://{userinfo}{}/", wire.address());
        let error = fails(client().send(get(&url)).await, HttpErrorKind::Refused);
        assert!(!words(&error).contains("s3cret"));
    }
    assert_eq!(wire.dials(), 0);
}

#[tokio::test]
async fn other_schemes_are_refused() {
    for url in ["ftp://127.0.0.1/", "file://127.0.0.1/etc/passwd", "ws://127.0.0.1/", "gopher://h/"]
    {
        fails(client().send(get(url)).await, HttpErrorKind::Refused);
    }
}

#[tokio::test]
async fn plain_http_is_refused_but_for_loopback() {
    let dns = ScriptedDns::loopback();
    let client = ReqwestClient::with_dns(policy(), dns.clone()).unwrap();
    for url in ["http://hr.example.com/", "http://8.8.8.8/", "http://[2606:4700::1111]/"] {
        fails(client.send(get(url)).await, HttpErrorKind::Refused);
    }
    assert!(dns.asked().is_empty());
}

#[tokio::test]
async fn an_error_shows_no_query() {
    let wire = Wire::says_once("").await;
    let url = wire.url("/Users?filter=userName%20eq%20%22ada-lovelace%22");
    let error = fails(client().send(get(&url)).await, HttpErrorKind::Interrupted);
    assert!(!words(&error).contains("lovelace"), "{}", words(&error));
    let nobody = unreachable().await + "/?filter=ada-lovelace";
    let error = fails(client().send(get(&nobody)).await, HttpErrorKind::Connect);
    assert!(!words(&error).contains("lovelace"), "{}", words(&error));
}

/// A port where nobody listens.
async fn unreachable() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn f31_where_nobody_listens_nothing_is_sent() {
    fails(client().send(post(&unreachable().await)).await, HttpErrorKind::Connect);
}

#[tokio::test]
async fn f30_a_name_that_leads_nowhere_is_no_doubt() {
    let url = "https://hr.example.com/Users";
    let unknown = ReqwestClient::with_dns(policy(), ScriptedDns::default()).unwrap();
    fails(unknown.send(post(url)).await, HttpErrorKind::Connect);
    let empty = ScriptedDns::answering([vec![]]);
    let empty = ReqwestClient::with_dns(policy(), empty).unwrap();
    fails(empty.send(post(url)).await, HttpErrorKind::Connect);
}

/// Never answers.
#[derive(Debug)]
struct SilentDns;

#[async_trait::async_trait]
impl outbound_provisioning::transport::Dns for SilentDns {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn f30_a_silent_look_up_ends_at_the_limit_for_connecting() {
    let connect = std::time::Duration::from_millis(100);
    let policy = policy().with_timeouts(connect, NetworkPolicy::new().total_timeout);
    let client = ReqwestClient::with_dns(policy, SilentDns).unwrap();
    fails(client.send(post("https://hr.example.com/")).await, HttpErrorKind::Connect);
}

#[tokio::test]
async fn f31_a_silent_handshake_ends_at_the_limit_for_connecting() {
    let wire = Wire::serve(|mut conversation| async move {
        conversation.wait_for_the_end().await;
    })
    .await;
    let connect = std::time::Duration::from_millis(100);
    let policy = policy().with_timeouts(connect, NetworkPolicy::new().total_timeout);
    let client = ReqwestClient::new(policy).unwrap();
    fails(client.send(post(&wire.secure_url("127.0.0.1"))).await, HttpErrorKind::Connect);
}

#[tokio::test]
async fn a_target_that_says_nothing_is_given_up_at_the_deadline() {
    let wire = Wire::serve(|mut conversation| async move {
        conversation.request().await;
        conversation.wait_for_the_end().await;
    })
    .await;
    fails(impatient().send(post(&wire.url("/"))).await, HttpErrorKind::Timeout);
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn names_are_looked_up_by_the_system_unless_another_way_is_given() {
    let wire = Wire::says(OK).await;
    let url = format!("http://localhost:{}/", wire.address().port());
    send(&client(), get(&url)).await;
    assert_eq!(wire.requests().len(), 1);
}
