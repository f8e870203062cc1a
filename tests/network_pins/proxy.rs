//! Through whom requests go.

use std::process::Command;
use std::sync::Arc;

use outbound_provisioning::ErrorKind;
use outbound_provisioning::transport::{
    Dialing, HttpClient, HttpErrorKind, NetworkPolicy, ReqwestClient,
};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use url::Url;

use super::certificates::Authority;
use super::wire::{ScriptedDns, Wire};
use super::{OK, client, fails, get, impatient, policy, post, send};

const TARGET: &str = "PINS_TARGET";
const KEY_LOG: &str = "SSLKEYLOGFILE";

/// The environment of this process cannot be changed while tests run, so another one is asked.
#[tokio::test]
async fn nothing_is_taken_from_the_environment() {
    if let Ok(target) = std::env::var(TARGET) {
        send(&client(), get(&format!("{target}/plain"))).await;
        let secure = target.replace("http://", "https://");
        impatient().send(get(&format!("{secure}/secure"))).await.unwrap_err();
        return;
    }
    let (wire, proxy) = (Wire::says(OK).await, Wire::says(OK).await);
    let keys = std::env::temp_dir().join(format!("pins-{}.keys", std::process::id()));
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "proxy::nothing_is_taken_from_the_environment"]);
    child
        .env(TARGET, wire.url(""))
        .env(KEY_LOG, &keys)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child.env(name, proxy.url("")).env(name.to_lowercase(), proxy.url(""));
    }
    let ended = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    assert_eq!(proxy.dials(), 0);
    assert!(wire.requests().iter().any(|request| request.starts_with("GET /plain ")));
    assert!(!keys.exists());
}

/// A proxy that takes everybody to one place.
async fn tunnel_to(wire: &Wire) -> Wire {
    let place = wire.address();
    Wire::serve(move |mut conversation| async move {
        conversation.request().await;
        let mut there = TcpStream::connect(place).await.unwrap();
        conversation.say("HTTP/1.1 200 Connected\r\n\r\n").await;
        let _ = copy_bidirectional(&mut conversation.stream, &mut there).await;
    })
    .await
}

fn through(proxy: &Wire) -> Dialing {
    Dialing::new().through(Url::parse(&proxy.url("")).unwrap())
}

fn own(client: &ReqwestClient, dialing: &Dialing) -> Arc<dyn HttpClient> {
    client.for_connection(dialing).unwrap().unwrap()
}

#[tokio::test]
async fn the_proxy_of_a_connection_looks_names_up_and_sees_no_content() {
    let authority = Authority::new();
    let wire = Wire::says_secure(authority.issue(&["hr.example.com"]).server(), OK).await;
    let proxy = tunnel_to(&wire).await;
    let dns = ScriptedDns::default();
    let client = ReqwestClient::with_dns(policy(), dns.clone()).unwrap();
    let client = own(&client, &through(&proxy).trusting(authority.pem()));
    assert_eq!(send(&client, post("https://hr.example.com/Users")).await.body(), b"{}");
    assert!(wire.requests()[0].starts_with("POST /Users HTTP/1.1\r\n"));
    let [asked] = <[String; 1]>::try_from(proxy.requests()).unwrap();
    assert!(asked.starts_with("CONNECT hr.example.com:443 HTTP/1.1\r\n"), "{asked}");
    assert!(dns.asked().is_empty());
}

#[tokio::test]
async fn f40_a_proxy_that_wants_a_password_is_no_answer_of_the_target() {
    for status in ["407 Proxy Authentication Required", "403 Forbidden", "302 Found", "500 No"] {
        let proxy = Wire::says(&format!(
            "HTTP/1.1 {status}\r\nproxy-authenticate: Basic\r\nlocation: http://127.0.0.1/\r\ncontent-length: 2\r\n\r\n{{}}"
        ))
        .await;
        let client = own(&client(), &through(&proxy));
        fails(client.send(post("https://hr.example.com/")).await, HttpErrorKind::Connect);
        assert_eq!(proxy.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn f40_a_page_in_between_cannot_pass_for_a_target_behind_tls() {
    let captive = Wire::serve(|mut conversation| async move {
        conversation.say(OK).await;
        conversation.wait_for_the_end().await;
    })
    .await;
    let proxy = tunnel_to(&captive).await;
    let client = own(&client(), &through(&proxy));
    fails(client.send(post("https://hr.example.com/")).await, HttpErrorKind::Tls);
    let captive = Wire::says_secure(Authority::new().issue(&["hr.example.com"]).server(), OK).await;
    let proxy = tunnel_to(&captive).await;
    let client = own(&super::client(), &through(&proxy));
    fails(client.send(post("https://hr.example.com/")).await, HttpErrorKind::Tls);
    assert!(captive.requests().is_empty());
}

#[tokio::test]
async fn f99_the_address_of_a_proxy_is_judged_like_any_other() {
    let client = ReqwestClient::new(NetworkPolicy::new()).unwrap();
    for proxy in [
        "http://127.0.0.1:3128",
        "http://localhost:3128",
        "http://10.0.0.1:3128",
        "https://[::1]:3128",
        "http://169.254.169.254",
        "http://0x7f.1:3128",
        "http://metadata.google.internal",
        "http://us:s3cret@proxy.example.com:3128",
        "socks5://proxy.example.com:1080",
    ] {
        let dialing = Dialing::new().through(Url::parse(proxy).unwrap());
        let error = client.for_connection(&dialing).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{proxy}");
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    for proxy in
        ["http://proxy.example.com:3128", "https://proxy.example.com", "http://8.8.8.8:3128"]
    {
        let dialing = Dialing::new().through(Url::parse(proxy).unwrap());
        assert!(client.for_connection(&dialing).unwrap().is_some(), "{proxy}");
    }
}

#[tokio::test]
async fn f85_the_name_of_a_proxy_is_judged_when_it_is_dialled() {
    let proxy = Wire::says(OK).await;
    let dns = ScriptedDns::loopback();
    let client = ReqwestClient::with_dns(NetworkPolicy::new(), dns.clone()).unwrap();
    let url = format!("http://proxy.example.com:{}", proxy.address().port());
    let client = own(&client, &Dialing::new().through(Url::parse(&url).unwrap()));
    fails(client.send(post("https://hr.example.com/")).await, HttpErrorKind::Refused);
    assert_eq!((dns.asked(), proxy.dials()), (vec!["proxy.example.com".to_owned()], 0));
}

#[tokio::test]
async fn f99_no_proxy_is_asked_for_what_is_forbidden() {
    let proxy = Wire::says(OK).await;
    let range = "127.0.0.1/32".parse().unwrap();
    let client = ReqwestClient::new(NetworkPolicy::new().allow_range(range)).unwrap();
    let client = own(&client, &through(&proxy));
    for url in [
        "https://10.0.0.1/",
        "https://169.254.169.254/",
        "https://metadata.google.internal/",
        "https://localhost/",
        "https://[fd00:ec2::254]/",
        "http://hr.example.com/",
    ] {
        fails(client.send(post(url)).await, HttpErrorKind::Refused);
    }
    assert_eq!(proxy.dials(), 0);
}
