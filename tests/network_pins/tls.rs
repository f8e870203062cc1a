//! Who is believed, and whom we show what.

use std::sync::Arc;

use outbound_provisioning::model::Secret;
use outbound_provisioning::transport::{
    Dialing, HttpClient, HttpError, HttpErrorKind, ReqwestClient,
};
use outbound_provisioning::{Effect, Error, ErrorKind};
use rcgen::date_time_ymd;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::certificates::{Authority, Issued};
use super::wire::{ScriptedDns, Wire};
use super::{OK, fails, policy, post, send, words};

const NAME: &str = "hr.example.com";

/// Every name leads to loopback.
fn client() -> ReqwestClient {
    ReqwestClient::with_dns(policy(), ScriptedDns::loopback()).unwrap()
}

fn own(dialing: &Dialing) -> Arc<dyn HttpClient> {
    client().for_connection(dialing).unwrap().unwrap()
}

fn trusting(authority: &Authority) -> Arc<dyn HttpClient> {
    own(&Dialing::new().trusting(authority.pem()))
}

#[track_caller]
fn fails_by_tls(error: HttpError, part: &str) {
    assert!(error.to_string().contains(part), "{}", words(&error));
    let error = Error::from(fails(Err(error), HttpErrorKind::Tls));
    // F64: nothing was sent, and a person is told what to mend.
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Configuration, Effect::NotSent));
    assert!(error.message().contains(part));
}

async fn fails_with(issued: &Issued, client: &Arc<dyn HttpClient>, part: &str) {
    let wire = Wire::says_secure(issued.server(), OK).await;
    let error = client.send(post(&wire.secure_url(NAME))).await.unwrap_err();
    fails_by_tls(error, part);
    assert!(wire.requests().is_empty());
}

#[tokio::test]
async fn an_authority_of_the_connection_is_trusted() {
    let authority = Authority::new();
    let wire = Wire::says_secure(authority.issue(&[NAME]).server(), OK).await;
    assert_eq!(send(&trusting(&authority), post(&wire.secure_url(NAME))).await.body(), b"{}");
    assert_eq!(wire.handshakes()[0].server_name.as_deref(), Some(NAME));
}

#[tokio::test]
async fn several_authorities_are_trusted() {
    let (one, two) = (Authority::new(), Authority::new());
    let client = own(&Dialing::new().trusting(format!("{}\n{}", one.pem(), two.pem())));
    for authority in [one, two] {
        let wire = Wire::says_secure(authority.issue(&[NAME]).server(), OK).await;
        send(&client, post(&wire.secure_url(NAME))).await;
    }
}

#[tokio::test]
async fn f64_an_unknown_authority_is_not() {
    let authority = Authority::new();
    let issued = authority.issue(&[NAME]);
    let plain: Arc<dyn HttpClient> = Arc::new(client());
    fails_with(&issued, &plain, "an authority that is not trusted").await;
    fails_with(&issued, &trusting(&Authority::new()), "an authority that is not trusted").await;
}

#[tokio::test]
async fn p27_the_authority_of_one_connection_is_not_trusted_by_another() {
    let authority = Authority::new();
    let client = client();
    let dialing = Dialing::new().trusting(authority.pem());
    let one = client.for_connection(&dialing).unwrap().unwrap();
    let two = client.for_connection(&Dialing::new()).unwrap().unwrap();
    let wire = Wire::says_secure(authority.issue(&[NAME]).server(), OK).await;
    send(&one, post(&wire.secure_url(NAME))).await;
    fails(two.send(post(&wire.secure_url(NAME))).await, HttpErrorKind::Tls);
    fails(client.send(post(&wire.secure_url(NAME))).await, HttpErrorKind::Tls);
}

#[tokio::test]
async fn f64_another_hosts_certificate_is_refused() {
    let authority = Authority::new();
    for names in [&["evil.example"][..], &["*.hr.example.com"], &["example.com"], &["127.0.0.1"]] {
        fails_with(&authority.issue(names), &trusting(&authority), "another host's").await;
    }
}

#[tokio::test]
async fn f64_an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let issued = authority.issue_as(&[NAME], |params| {
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
    });
    fails_with(&issued, &trusting(&authority), "expired").await;
}

#[tokio::test]
async fn f64_a_certificate_of_the_future_is_refused() {
    let authority = Authority::new();
    let issued =
        authority.issue_as(&[NAME], |params| params.not_before = date_time_ymd(4000, 1, 1));
    fails_with(&issued, &trusting(&authority), "not valid yet").await;
}

#[tokio::test]
async fn f64_a_certificate_for_clients_is_no_servers() {
    let authority = Authority::new();
    let issued = authority.issue_as(&[NAME], |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    fails_with(&issued, &trusting(&authority), "not valid").await;
}

#[tokio::test]
async fn an_address_is_verified_like_a_name() {
    let authority = Authority::new();
    let wire = Wire::says_secure(authority.issue(&["127.0.0.1"]).server(), OK).await;
    send(&trusting(&authority), post(&wire.secure_url("127.0.0.1"))).await;
    let wire = Wire::says_secure(authority.issue(&[NAME]).server(), OK).await;
    let answer = trusting(&authority).send(post(&wire.secure_url("127.0.0.1"))).await;
    fails_by_tls(answer.unwrap_err(), "another host's");
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let wire = Wire::says_secure(authority.issue(&[NAME]).server_with(&[version]), OK).await;
        send(&trusting(&authority), post(&wire.secure_url(NAME))).await;
    }
}

#[tokio::test]
async fn f95_tls_1_1_is_refused() {
    for version in [0x00, 0x01, 0x02] {
        let wire = Wire::serve(move |mut conversation| async move {
            // A ServerHello of the old version, whatever the client offers.
            let mut hello = vec![0x02, 0, 0, 38, 3, version];
            hello.extend([7; 32]);
            hello.extend([0, 0xc0, 0x13, 0]);
            let mut record = vec![0x16, 3, version, 0, u8::try_from(hello.len()).unwrap()];
            record.append(&mut hello);
            conversation.say(record).await;
            conversation.wait_for_the_end().await;
        })
        .await;
        let error = client().send(post(&wire.secure_url(NAME))).await.unwrap_err();
        fails_by_tls(error, "TLS");
    }
}

/// The client's first words.
async fn hello() -> Vec<u8> {
    let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let wire = Wire::serve(move |mut conversation| {
        let said = said.clone();
        async move {
            let mut record = vec![0; 5];
            let stream = &mut conversation.stream;
            tokio::io::AsyncReadExt::read_exact(stream, &mut record).await.unwrap();
            let mut rest = vec![0; usize::from(u16::from_be_bytes([record[3], record[4]]))];
            tokio::io::AsyncReadExt::read_exact(stream, &mut rest).await.unwrap();
            said.send(rest).unwrap();
        }
    })
    .await;
    let _ = client().send(post(&wire.secure_url(NAME))).await;
    heard.recv().await.unwrap()
}

/// An extension of a ClientHello, by its number.
fn extension(hello: &[u8], number: u16) -> Option<Vec<u8>> {
    let word = |at: usize| u16::from_be_bytes([hello[at], hello[at + 1]]);
    // Type, length, version and random; then session id, cipher suites and compression methods.
    let mut at = 4 + 2 + 32;
    at += 1 + usize::from(hello[at]);
    at += 2 + usize::from(word(at));
    at += 1 + usize::from(hello[at]);
    at += 2;
    while at < hello.len() {
        let (kind, length) = (word(at), usize::from(word(at + 2)));
        if kind == number {
            return Some(hello[at + 4..at + 4 + length].to_vec());
        }
        at += 4 + length;
    }
    None
}

#[tokio::test]
async fn f95_nothing_older_than_tls_1_2_is_offered() {
    let versions = extension(&hello().await, 43).unwrap();
    assert_eq!(versions, [4, 3, 4, 3, 3]);
}

#[tokio::test]
async fn no_other_protocol_than_http_1_1_is_offered() {
    assert_eq!(extension(&hello().await, 16), None);
    let authority = Authority::new();
    let mut config = authority.issue(&[NAME]).server();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let wire = Wire::says_secure(config, OK).await;
    send(&trusting(&authority), post(&wire.secure_url(NAME))).await;
    assert_eq!(wire.handshakes()[0].protocol, None);
}

#[tokio::test]
async fn f64_a_target_without_tls_gets_nothing_of_the_request() {
    // The server waits for the end of a request in what is a handshake.
    let wire = Wire::says(OK).await;
    let connect = std::time::Duration::from_millis(100);
    let policy = policy().with_timeouts(connect, std::time::Duration::from_secs(30));
    let client = ReqwestClient::with_dns(policy, ScriptedDns::loopback()).unwrap();
    fails(client.send(post(&wire.secure_url(NAME))).await, HttpErrorKind::Connect);
    assert!(wire.requests().is_empty());
}

#[tokio::test]
async fn f64_a_target_that_answers_a_handshake_in_plain_text_is_named() {
    let wire = Wire::serve(|mut conversation| async move {
        conversation.say("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        conversation.wait_for_the_end().await;
    })
    .await;
    let error = client().send(post(&wire.secure_url(NAME))).await.unwrap_err();
    fails_by_tls(error, "does not speak TLS");
}

#[tokio::test]
async fn f95_a_huge_chain_is_refused() {
    let authority = Authority::new();
    let issued = authority.issue(&[NAME]);
    let other = authority.issue(&["other.example"]);
    let chain = issued.certificate.clone() + &other.certificate.repeat(300);
    let issued = Issued { certificate: chain, key: issued.key };
    fails_with(&issued, &trusting(&authority), "TLS").await;
}

#[tokio::test]
async fn f95_sessions_are_resumed_by_the_same_client_and_by_no_other() {
    let authority = Authority::new();
    let close = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for version in [&TLS12, &TLS13] {
        let wire = Wire::says_secure(authority.issue(&[NAME]).server_with(&[version]), close).await;
        let (one, two) = (trusting(&authority), trusting(&authority));
        for client in [&one, &one, &two, &one, &two] {
            send(client, post(&wire.secure_url(NAME))).await;
        }
        let resumed: Vec<_> = wire.handshakes().iter().map(|handshake| handshake.resumed).collect();
        assert_eq!(resumed, [false, true, false, true, true]);
    }
}

// ------------------------------------------------------------------------------------------------
// Our own certificate

#[tokio::test]
async fn our_certificate_is_shown_to_a_target_that_asks() {
    let authority = Authority::new();
    let ours = authority.issue(&["us.example"]);
    for version in [&TLS12, &TLS13] {
        let config = authority.issue(&[NAME]).server_asking(&authority, &[version]);
        let wire = Wire::says_secure(config, OK).await;
        let dialing = Dialing::new().trusting(authority.pem()).showing(Secret::new(ours.pem()));
        send(&own(&dialing), post(&wire.secure_url(NAME))).await;
        assert_eq!(wire.handshakes()[0].certificates, 1);
    }
}

#[tokio::test]
async fn our_certificate_may_stand_behind_its_key() {
    let authority = Authority::new();
    let ours = authority.issue(&["us.example"]);
    let config = authority.issue(&[NAME]).server_asking(&authority, &[&TLS13]);
    let wire = Wire::says_secure(config, OK).await;
    let identity = Secret::new(format!("{}{}{}", ours.key, ours.certificate, authority.pem()));
    let dialing = Dialing::new().trusting(authority.pem()).showing(identity);
    send(&own(&dialing), post(&wire.secure_url(NAME))).await;
    assert_eq!(wire.handshakes()[0].certificates, 2);
}

#[tokio::test]
async fn f64_a_target_that_asks_for_a_certificate_in_vain_got_no_request() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let config = authority.issue(&[NAME]).server_asking(&authority, &[version]);
        let wire = Wire::says_secure(config, OK).await;
        let error = trusting(&authority).send(post(&wire.secure_url(NAME))).await.unwrap_err();
        fails_by_tls(error, "wants a certificate of ours");
        assert!(wire.requests().is_empty());
    }
}

#[tokio::test]
async fn f64_a_target_that_does_not_accept_our_certificate_got_no_request() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let ours = stranger.issue(&["us.example"]);
    for version in [&TLS12, &TLS13] {
        let config = authority.issue(&[NAME]).server_asking(&authority, &[version]);
        let wire = Wire::says_secure(config, OK).await;
        let dialing = Dialing::new().trusting(authority.pem()).showing(Secret::new(ours.pem()));
        let error = own(&dialing).send(post(&wire.secure_url(NAME))).await.unwrap_err();
        fails_by_tls(error, "does not accept our certificate");
        assert!(wire.requests().is_empty());
    }
}

#[test]
fn certificates_that_cannot_be_read_are_named_and_not_shown() {
    let (authority, other) = (Authority::new(), Authority::new());
    let ours = authority.issue(&["us.example"]);
    let theirs = other.issue(&["them.example"]);
    let broken = "-----BEGIN CERTIFICATE-----\nczNjcmV0\n-----END CERTIFICATE-----\n";
    let torn = "-----BEGIN CERTIFICATE-----\ns3cret\n";
    let trusted = |pem: &str| Dialing::new().trusting(pem);
    let shown = |pem: String| Dialing::new().showing(Secret::new(pem));
    for (dialing, part) in [
        (trusted(""), "certificates to trust"),
        (trusted("s3cret"), "certificates to trust"),
        (trusted(torn), "certificates to trust"),
        (trusted(broken), "certificates to trust"),
        (trusted(&ours.key), "certificates to trust"),
        (shown(String::new()), "our own certificate"),
        (shown(ours.key.clone()), "our own certificate"),
        (shown(format!("{torn}{}", ours.key)), "our own certificate"),
        (shown(ours.certificate.clone()), "the key of our own certificate"),
        (
            shown(format!("{}-----BEGIN PRIVATE KEY-----\ns3cret", ours.certificate)),
            "our own certificate",
        ),
        (shown(format!("{}{}", ours.certificate, theirs.key)), "does the key belong to it"),
        (shown(format!("{broken}{}", ours.key)), "our own certificate"),
    ] {
        let error = client().for_connection(&dialing).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains(part), "{part}: {error}");
        let mut said = format!("{error} {error:?}");
        let mut next = std::error::Error::source(&error);
        while let Some(source) = next {
            said = format!("{said} {source} {source:?}");
            next = source.source();
        }
        let secret = &ours.key.lines().nth(1).unwrap()[..20];
        for hidden in ["s3cret", "czNjcmV0", secret] {
            assert!(!said.contains(hidden), "{said}");
        }
    }
}
