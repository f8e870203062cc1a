//! What a tenant sees of a failure: a stable code and a sentence of ours, the same for every address, so that errors are
//! no port scanner (F99, F100). No address, port, name or word of the operating system.
#![cfg(all(
    feature = "blocking",
    feature = "oauth",
    feature = "reqwest",
    feature = "scim2",
    feature = "tokio"
))]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/wire.rs"]
mod wire;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use certificates::Authority;
use outbound_provisioning::host::{Observation, Observer, TokioRuntime};
use outbound_provisioning::model::{
    Configuration, Connection, Event, OrganizationConfiguration, Properties, Provisioner,
    ResourceKey, ResourceKind, Target, TargetKey, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, ErrorKind, Outcome};
use tokio::net::TcpListener;
use wire::{ScriptedDns, Wire};

const HOST: &str = "hr-internal-name.example.com";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// Everything that was said of errors to an observer.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn observe(&self, observation: &Observation<'_>) {
        let line = match observation {
            Observation::Answered { error: Some(error), .. } => format!("{error} {error:?}"),
            Observation::Settled { outcome, .. } => outcome.to_string(),
            Observation::Quarantined { reason, .. } => reason.to_string(),
            _ => return,
        };
        self.0.lock().unwrap().push(line);
    }
}

/// A way to fail: where the connection leads, and what its name leads to.
struct Case {
    settings: Properties,
    addresses: Vec<IpAddr>,
    policy: NetworkPolicy,
}

fn settings(url: String) -> Properties {
    Properties::new()
        .with("base_url", url)
        .with("authentication", "bearer")
        .with("token", "t0ken")
        .with("profile_overrides", r#"{"discovery": false, "adapt": false}"#)
}

fn open_policy() -> NetworkPolicy {
    let (short, long) = (Duration::from_millis(300), Duration::from_secs(5));
    NetworkPolicy::new().allow_loopback().with_timeouts(short, long)
}

impl Case {
    fn at(port: u16) -> Self {
        Self::leading_to(port, &["127.0.0.1"], open_policy())
    }

    fn leading_to(port: u16, addresses: &[&str], policy: NetworkPolicy) -> Self {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        Self { settings: settings(format!("https://{HOST}:{port}/scim")), addresses, policy }
    }

    /// Without TLS, which loopback allows.
    fn plainly(wire: &Wire) -> Self {
        Self { settings: settings(wire.url("/scim")), ..Self::at(1) }
    }

    /// Everything that a tenant is shown of it, and its code. Nothing in it tells where it was.
    async fn shown(self, what: &str) -> (ErrorKind, Vec<String>) {
        let dns = ScriptedDns::answering([self.addresses.clone()]);
        let client = ReqwestClient::with_dns(self.policy.clone(), dns).unwrap();
        let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
        let organization = OrganizationConfiguration::new()
            .with_connection(
                "hr",
                Connection::new("HR").with_connector("scim2", self.settings.clone()),
            )
            .with_provisioner(Provisioner::new("hr", "scim2").blocking());
        let configuration = Configuration::new().with_organization("acme", organization);
        let log = Log::default();
        let dispatcher = Dispatcher::builder(configuration, registry)
            .observer(log.clone())
            .runtime(TokioRuntime::current().unwrap())
            .build()
            .unwrap();
        let target = TargetKey::new("acme".into(), Target::new("hr", "scim2"));
        let checked = dispatcher.check_connection(&target).await.unwrap_err();
        let event = Event::user_created(User::new("u-a", "ada")).in_organization("acme");
        let report = dispatcher.dispatch(event).await.unwrap();
        let Some(Outcome::Failed { error, next }) = report.at("hr", "scim2") else {
            panic!("{what}: {report:?}")
        };
        let outcome = Outcome::Failed { error: error.clone(), next: *next };
        let key = ResourceKey::new("acme".into(), ResourceKind::User, "u-a".into());
        let status = dispatcher.status(&key).await.unwrap();
        assert_eq!(status[0].last.as_deref(), Some(error.kind().code()), "{what}");
        let mut shown = vec![
            outcome.to_string(),
            format!("{error:?}"),
            status[0].message.clone().unwrap(),
            checked.to_string(),
            format!("{checked:?}"),
        ];
        shown.extend(log.0.lock().unwrap().drain(..));
        for line in &shown {
            self.tells_nothing(what, line);
        }
        (error.kind(), shown)
    }

    fn tells_nothing(&self, what: &str, line: &str) {
        let url = url::Url::parse(self.settings.text("base_url").unwrap()).unwrap();
        let port = url.port().unwrap_or_default().to_string();
        let lower = line.to_lowercase();
        for told in
            [HOST, "hr-internal", "127.0.0.1", "localhost", "/scim", "https:", "http:", &port]
        {
            assert!(!lower.contains(told), "{what}: {told}: {line}");
        }
        for address in &self.addresses {
            assert!(!lower.contains(&address.to_string()), "{what}: {line}");
        }
        // How the operating system and the libraries below speak.
        for word in [
            "os error",
            "errno",
            "tcp",
            "dns",
            "hyper",
            "rustls",
            "reqwest",
            "econn",
            "refused (",
            "io error",
        ] {
            assert!(!lower.contains(word), "{what}: {word}: {line}");
        }
        assert!(!line.contains("t0ken"), "{what}: {line}");
    }
}

/// A port at which nobody listens: one that was free a moment ago.
async fn nobody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// All of them look the same to a tenant, whatever differs between them.
async fn alike(what: &str, kind: ErrorKind, sentence: &str, cases: Vec<Case>) {
    let mut first = None;
    for case in cases {
        let (found, shown) = case.shown(what).await;
        assert_eq!(found, kind, "{what}: {shown:?}");
        assert!(shown[2].contains(sentence), "{what}: {shown:?}");
        let first = first.get_or_insert_with(|| shown.clone());
        assert_eq!(*first, shown, "{what}: one is told from the other");
    }
}

#[tokio::test]
async fn f100_where_nobody_answers_looks_the_same_everywhere() {
    let cases = vec![
        Case::at(nobody().await),
        Case::at(nobody().await),
        // A name that leads nowhere.
        Case::leading_to(443, &[], open_policy()),
    ];
    alike("unreachable", ErrorKind::Unavailable, "no connection to the target", cases).await;
}

#[tokio::test]
async fn f99_f100_what_the_policy_refuses_looks_the_same_everywhere() {
    let listening = Wire::says(OK).await;
    let strict = NetworkPolicy::new;
    let cases = vec![
        Case::leading_to(443, &["10.0.0.1"], strict()),
        Case::leading_to(22, &["169.254.169.254"], strict()),
        Case::leading_to(5432, &["fd00:ec2::254", "::1"], strict()),
        // Where somebody listens, and where nobody does.
        Case::leading_to(listening.address().port(), &["127.0.0.1"], strict()),
        Case::leading_to(nobody().await, &["127.0.0.1"], strict()),
    ];
    let sentence = "the network policy does not allow this address";
    alike("refused", ErrorKind::Configuration, sentence, cases).await;
    assert_eq!(listening.dials(), 0);
}

#[tokio::test]
async fn f100_a_certificate_that_is_not_trusted_is_named_without_its_names() {
    let authority = Authority::new();
    let ours = || authority.issue(&[HOST]).server();
    let (one, two) = (Wire::says_secure(ours(), OK).await, Wire::says_secure(ours(), OK).await);
    let cases = [one.address(), two.address()].map(|address| Case::at(address.port()));
    let sentence = "from an authority that is not trusted";
    alike("TLS", ErrorKind::Configuration, sentence, cases.into()).await;
    // What speaks no TLS at all, whatever it speaks.
    let banner = |text: &'static str| {
        Wire::serve(move |mut conversation| async move {
            conversation.say(text).await;
            conversation.wait_for_the_end().await;
        })
    };
    for wire in [banner("SSH-2.0-OpenSSH_9.6\r\n").await, banner("220 SSH mail\r\n").await] {
        let (kind, shown) = Case::at(wire.address().port()).shown("no TLS").await;
        assert!(matches!(kind, ErrorKind::Configuration | ErrorKind::Unavailable), "{shown:?}");
        assert!(!shown.concat().contains("SSH"), "{shown:?}");
    }
}

#[tokio::test]
async fn f100_refused_credentials_are_a_code_and_a_remedy() {
    let answer = |text: &str| {
        format!(
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"{text}\"\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        )
    };
    let (one, two) = (Wire::says(&answer("one")).await, Wire::says(&answer("other")).await);
    let cases = vec![Case::plainly(&one), Case::plainly(&two)];
    alike("auth", ErrorKind::Unauthenticated, "does not accept our credentials", cases).await;
}

#[tokio::test]
async fn f100_what_is_no_scim_is_not_quoted() {
    let page = |text: &str| {
        format!("HTTP/1.1 200 OK\r\nserver: {text}\r\ncontent-length: {}\r\n\r\n{text}", text.len())
    };
    let (one, two) = (Wire::says(&page("Redis 7")).await, Wire::says(&page("{\"a\":1}")).await);
    let first = Case::plainly(&one).shown("protocol").await;
    let second = Case::plainly(&two).shown("protocol").await;
    for (kind, shown) in [first, second] {
        assert_eq!(kind, ErrorKind::InvalidResponse, "{shown:?}");
        assert!(!shown.concat().contains("Redis"), "{shown:?}");
    }
    // And what is no HTTP.
    let banner = Wire::says_once("-ERR unknown command\r\n\r\n").await;
    let (kind, shown) = Case::plainly(&banner).shown("no HTTP").await;
    assert_eq!(kind, ErrorKind::Unavailable, "{shown:?}");
    assert!(!shown.concat().contains("ERR"), "{shown:?}");
}

#[tokio::test]
async fn f100_a_token_endpoint_tells_no_more_than_a_target() {
    let at = |url: String| {
        let settings = Properties::new()
            .with("base_url", format!("https://{HOST}:9/scim"))
            .with("profile_overrides", r#"{"discovery": false, "adapt": false}"#)
            .with("authentication", "oauth2")
            .with("token_url", url)
            .with("client_id", "us")
            .with("client_secret", "t0ken");
        Case { settings, ..Case::at(9) }
    };
    let cases = vec![
        at(format!("https://{HOST}:{}/token", nobody().await)),
        at(format!("https://{HOST}:{}/token", nobody().await)),
    ];
    alike("tokens", ErrorKind::Unavailable, "no connection to the token endpoint", cases).await;
    let cases = ["10.0.0.1", "169.254.169.254"].map(|address| Case {
        addresses: vec![address.parse().unwrap()],
        policy: NetworkPolicy::new(),
        ..at(format!("https://{HOST}/token"))
    });
    let sentence = "the network policy does not allow the token endpoint";
    alike("tokens", ErrorKind::Configuration, sentence, cases.into()).await;
}
