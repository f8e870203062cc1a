//! T10: which addresses may be dialled, in every spelling, and whatever a look-up of names answers. Counted at the
//! sockets: no connection outside the policy.
#![cfg(feature = "reqwest")]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/spellings.rs"]
mod spellings;
#[path = "support/wire.rs"]
mod wire;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use certificates::Authority;
use outbound_provisioning::ErrorKind;
use outbound_provisioning::transport::{
    AddressRange, BaseUrl, Dialing, HttpClient, HttpErrorKind, HttpRequest, NetworkPolicy,
    ReqwestClient,
};
use spellings::{v4_spellings, v6_spellings, wrapped};
use url::Url;
use wire::{ScriptedDns, Wire};

/// Written down from the registries of special-purpose addresses, apart from the list that is tested.
const SPECIAL: [&str; 43] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "1000::/4",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "4000::/3",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

const METADATA: [&str; 13] = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.42.42",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "fe80::a9fe:a9fe",
];

/// The first, the last and some in between.
fn samples(range: &str) -> Vec<IpAddr> {
    let (first, prefix) = range.split_once('/').unwrap();
    let prefix: u32 = prefix.parse().unwrap();
    let within = |size: u128| {
        let mut steps =
            vec![0, 1, size / 7, size / 3, size / 2, size - size / 5, size.saturating_sub(1), size];
        steps.retain(|step| *step <= size);
        steps.dedup();
        steps
    };
    match first.parse().unwrap() {
        IpAddr::V4(first) => {
            let size = u128::from(u32::MAX.checked_shr(prefix).unwrap_or(0));
            let at = |step| Ipv4Addr::from_bits(first.to_bits() + u32::try_from(step).unwrap());
            within(size).into_iter().map(|step| at(step).into()).collect()
        }
        IpAddr::V6(first) => {
            let size = u128::MAX.checked_shr(prefix).unwrap_or(0);
            let at = |step| Ipv6Addr::from_bits(first.to_bits() + step);
            within(size).into_iter().map(|step| at(step).into()).collect()
        }
    }
}

fn forbidden() -> BTreeSet<IpAddr> {
    let metadata = METADATA.iter().map(|address| address.parse().unwrap());
    SPECIAL.iter().flat_map(|range| samples(range)).chain(metadata).collect()
}

/// All ways to write a forbidden host.
fn corpus() -> BTreeSet<String> {
    let mut corpus = BTreeSet::new();
    for address in forbidden() {
        match address {
            IpAddr::V4(address) => {
                corpus.extend(v4_spellings(address));
                for wrapped in wrapped(address) {
                    corpus.extend(v6_spellings(wrapped));
                }
            }
            IpAddr::V6(address) => corpus.extend(v6_spellings(address)),
        }
    }
    corpus
}

fn request(url: &str) -> Option<HttpRequest> {
    http::Request::get(url).body(Vec::new()).ok()
}

/// Listeners at one port of both families' loopback. What dials them has left the policy.
struct Recorder {
    v4: Wire,
    v6: Option<Wire>,
}

impl Recorder {
    async fn new() -> Self {
        let v4 = Wire::says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let port = v4.address().port();
        // Not every machine speaks IPv6.
        let v6 = match tokio::net::TcpListener::bind(("::1", port)).await {
            Err(_) => None,
            Ok(listener) => {
                drop(listener);
                let say = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                let serve = move |mut conversation: wire::Conversation| async move {
                    while conversation.request().await.is_some() && conversation.say(say).await {}
                };
                Some(Wire::serve_at(("::1", port), None, serve).await)
            }
        };
        Self { v4, v6 }
    }

    fn port(&self) -> u16 {
        self.v4.address().port()
    }

    fn dials(&self) -> usize {
        self.v4.dials() + self.v6.as_ref().map_or(0, Wire::dials)
    }
}

#[tokio::test]
async fn f86_no_spelling_of_a_forbidden_address_is_dialled() {
    let (recorder, dns) = (Recorder::new().await, ScriptedDns::loopback());
    let policy = NetworkPolicy::new();
    let client = ReqwestClient::with_dns(policy.clone(), dns.clone()).unwrap();
    let corpus = corpus();
    assert!(corpus.len() >= 2000, "{}", corpus.len());
    let (mut judged, mut texts) = (0, BTreeSet::new());
    for host in &corpus {
        for scheme in ["https", "http", "HTTPS"] {
            let text = format!("{scheme}://{host}:{}/scim", recorder.port());
            // As a configuration is read.
            assert!(BaseUrl::parse(&text, &policy).is_err(), "{text}");
            let parsed = Url::parse(&text).ok();
            if let Some(url) = &parsed {
                judged += 1;
                texts.insert(policy.complaint(url).unwrap_or_else(|| panic!("{text}: {url}")));
            }
            // As it is sent, both as it stands and as a URL's parser writes it anew.
            let rewritten = parsed.map(String::from);
            for text in [Some(text), rewritten].into_iter().flatten() {
                let Some(request) = request(&text) else { continue };
                let error = client.send(request).await.expect_err(&text);
                assert_eq!(error.kind(), HttpErrorKind::Refused, "{text}");
                assert_eq!(error.to_string(), "the network policy does not allow this address");
            }
        }
    }
    assert!(judged >= 3 * 2000, "{judged}");
    // One sentence for all, so that nobody learns from it what is where; another only for a user name in front.
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(dns.asked().is_empty(), "{:?}", dns.asked());
    assert_eq!(recorder.dials(), 0);
}

#[tokio::test]
async fn f86_spellings_that_need_no_bracket_lead_astray_nobody() {
    let (recorder, dns) = (Recorder::new().await, ScriptedDns::loopback());
    let client = ReqwestClient::with_dns(NetworkPolicy::new(), dns).unwrap();
    let port = recorder.port();
    for text in [
        format!("https://8.8.8.8@127.0.0.1:{port}/"),
        format!("https://hr.example.com:443@127.0.0.1:{port}/"),
        format!("https://hr.example.com%40127.0.0.1:{port}/"),
        format!("https://hr.example.com\\@127.0.0.1:{port}/"),
        format!("https:\\\\127.0.0.1:{port}\\"),
        format!("https:/127.0.0.1:{port}/"),
        format!("https:127.0.0.1:{port}/"),
        format!("https:////127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}#@hr.example.com/"),
        format!("https://127.0.0.1:{port}?@hr.example.com/"),
        format!("https://127.0.0.1:{port}\\@hr.example.com/"),
        format!(" https://127.0.0.1:{port}/"),
        format!("ht\ntps://127.\t0.0.1:{port}/"),
        format!("https://[::1%25lo]:{port}/"),
        format!("https://[::1%lo]:{port}/"),
        format!("https://[fe80::1%25eth0]:{port}/"),
        format!("https://LOCALHOST:{port}/"),
        format!("https://localhost.:{port}/"),
        format!("https://a.localhost:{port}/"),
        format!("https://ｌｏｃａｌｈｏｓｔ:{port}/"),
        format!("https://loc%61lhost:{port}/"),
        format!("https://metadata.google.internal:{port}/"),
        format!("https://Metadata.Google.Internal.:{port}/"),
        format!("https://metadata:{port}/"),
        format!("https://instance-data:{port}/"),
        format!("https://hr.internal:{port}/"),
        format!("https://hr.local:{port}/"),
        format!("https://router.home.arpa:{port}/"),
        // Names, however they look; what they lead to is judged.
        format!("https://127.0.0.1.nip.io:{port}/"),
        format!("https://hr.example.com:{port}/"),
        format!("https://hr.localhost.example.com:{port}/"),
        format!("https://xlocalhost:{port}/"),
    ] {
        let rewritten = Url::parse(&text).ok().map(String::from);
        for text in [Some(text), rewritten].into_iter().flatten() {
            let Some(request) = request(&text) else { continue };
            let error = client.send(request).await.expect_err(&text);
            assert_eq!(error.kind(), HttpErrorKind::Refused, "{text}");
        }
    }
    assert_eq!(recorder.dials(), 0);
}

#[tokio::test]
async fn f85_no_name_leads_to_a_forbidden_address() {
    let recorder = Recorder::new().await;
    let url = format!("https://hr.example.com:{}/", recorder.port());
    let mut answers: Vec<Vec<IpAddr>> = Vec::new();
    for address in forbidden() {
        answers.push(vec![address]);
        if let IpAddr::V4(address) = address {
            answers.extend(wrapped(address).into_iter().map(|address| vec![address.into()]));
        }
    }
    // Many at once, none of them good.
    answers.push(forbidden().into_iter().collect());
    let dns = ScriptedDns::answering(answers.clone());
    let client = ReqwestClient::with_dns(NetworkPolicy::new(), dns.clone()).unwrap();
    for answer in &answers {
        let error = client.send(request(&url).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::Refused, "{answer:?}");
    }
    assert!(answers.len() > 400, "{}", answers.len());
    assert_eq!((dns.asked().len(), recorder.dials()), (answers.len(), 0));
}

/// Else a recorder that hears nothing says nothing.
#[tokio::test]
async fn the_recorder_hears_what_is_allowed() {
    let recorder = Recorder::new().await;
    let port = recorder.port();
    let client = ReqwestClient::new(NetworkPolicy::new().allow_loopback()).unwrap();
    let mut hosts = vec!["127.0.0.1", "[::ffff:127.0.0.1]"];
    if recorder.v6.is_some() {
        hosts.push("[::1]");
    }
    for (before, host) in hosts.into_iter().enumerate() {
        client.send(request(&format!("http://{host}:{port}/")).unwrap()).await.unwrap();
        assert_eq!(recorder.dials(), before + 1, "{host}");
    }
    // Other spellings are the same host, whose connection is there already.
    for host in ["127.1", "2130706433", "0x7f.1"] {
        client.send(request(&format!("http://{host}:{port}/")).unwrap()).await.unwrap();
    }
}

// ------------------------------------------------------------------------------------------------
// Rebinding. Here one loopback address is allowed and another is not, so that both can be listened at.

#[cfg(target_os = "linux")]
mod rebinding {
    use super::*;

    const NAME: &str = "hr.example.com";
    const ALLOWED: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    const FORBIDDEN: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    struct Stage {
        inside: Wire,
        outside: Wire,
        dns: ScriptedDns,
        client: Arc<dyn HttpClient>,
    }

    impl Stage {
        async fn with(answers: Vec<Vec<IpAddr>>) -> Self {
            let authority = Authority::new();
            let config = || authority.issue(&[NAME]).server();
            // Each answer ends its connection, so that the next request dials.
            let serve = |mut conversation: wire::Conversation| async move {
                conversation.request().await;
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                conversation.say(answer).await;
            };
            let inside = Wire::serve_at((ALLOWED, 0), Some(config()), serve).await;
            let port = inside.address().port();
            let outside = Wire::serve_at((FORBIDDEN, port), Some(config()), serve).await;
            let policy = NetworkPolicy::new().allow_range("127.0.0.2".parse().unwrap());
            let dns = ScriptedDns::answering(answers);
            let client = ReqwestClient::with_dns(policy, dns.clone()).unwrap();
            let dialing = Dialing::new().trusting(authority.pem());
            let client = client.for_connection(&dialing).unwrap().unwrap();
            Self { inside, outside, dns, client }
        }

        async fn sends(&self) -> bool {
            match self.client.send(request(&self.inside.secure_url(NAME)).unwrap()).await {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.kind(), HttpErrorKind::Refused);
                    false
                }
            }
        }
    }

    #[tokio::test]
    async fn f85_a_name_that_changes_its_address_between_look_ups_leads_nowhere_forbidden() {
        const ROUNDS: usize = 1000;
        let stage = Stage::with(vec![vec![ALLOWED], vec![FORBIDDEN]]).await;
        for round in 0..ROUNDS {
            assert_eq!(stage.sends().await, round % 2 == 0, "{round}");
        }
        // Every dial was preceded by a look-up of its own, and the address of that one was dialled.
        assert_eq!(stage.dns.asked().len(), ROUNDS);
        assert_eq!((stage.inside.dials(), stage.outside.dials()), (ROUNDS / 2, 0));
    }

    #[tokio::test]
    async fn f85_of_mixed_answers_only_the_good_are_dialled() {
        let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
        let metadata: IpAddr = "169.254.169.254".parse().unwrap();
        let local = IpAddr::V6(Ipv6Addr::LOCALHOST);
        let answers = vec![
            vec![FORBIDDEN, ALLOWED],
            vec![ALLOWED, FORBIDDEN],
            vec![local, mapped, metadata, ALLOWED, FORBIDDEN],
            vec![metadata, FORBIDDEN],
            vec![FORBIDDEN, FORBIDDEN, ALLOWED, ALLOWED],
        ];
        let stage = Stage::with(answers).await;
        for round in 0..50 {
            assert_eq!(stage.sends().await, round % 5 != 3, "{round}");
        }
        assert_eq!((stage.inside.dials(), stage.outside.dials()), (40, 0));
    }

    #[tokio::test]
    async fn f85_when_the_good_one_is_down_the_bad_one_is_not_tried() {
        let stage = Stage::with(vec![vec![ALLOWED, FORBIDDEN]]).await;
        let url = stage.outside.secure_url(NAME);
        drop(stage.inside);
        tokio::task::yield_now().await;
        let error = stage.client.send(request(&url).unwrap()).await.unwrap_err();
        assert_ne!(error.kind(), HttpErrorKind::Refused);
        assert_eq!(stage.outside.dials(), 0);
    }
}

#[tokio::test]
async fn f85_localhost_leads_to_this_machine_or_nowhere() {
    let public: IpAddr = "8.8.8.8".parse().unwrap();
    let dns = ScriptedDns::answering([vec![public]]);
    let policy = NetworkPolicy::new().allow_loopback();
    let client = ReqwestClient::with_dns(policy, dns).unwrap();
    // By plain http, which nobody else may get.
    for url in ["http://localhost/", "http://a.localhost./"] {
        let error = client.send(request(url).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::Refused, "{url}");
    }
}

// ------------------------------------------------------------------------------------------------
// The policy itself

#[test]
fn public_addresses_are_allowed_in_every_spelling() {
    let policy = NetworkPolicy::new();
    // Also the neighbours of what is forbidden.
    for address in [
        "1.0.0.0",
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
    ] {
        let address: Ipv4Addr = address.parse().unwrap();
        assert!(policy.admits(address.into()), "{address}");
        // The same host, written as IPv6.
        assert!(policy.admits(address.to_ipv6_mapped().into()), "{address}");
        for host in v4_spellings(address) {
            let Ok(url) = Url::parse(&format!("https://{host}/")) else { continue };
            if url.username().is_empty() {
                assert_eq!(policy.complaint(&url), None, "{host}");
            }
        }
    }
    for address in [
        "2000::",
        "2001:200::",
        "2001:db7:ffff::1",
        "2001:db9::",
        "2003::1",
        "2606:4700::1111",
        "2620:4f:7fff::1",
        "2620:4f:8001::",
        "2a00:1450::1",
        "3ffe:ffff::1",
        "3fff:1000::",
    ] {
        let url = Url::parse(&format!("https://[{address}]/")).unwrap();
        assert_eq!(policy.complaint(&url), None, "{address}");
    }
    for name in ["hr.example.com", "xn--bcher-kva.example", "internal.example.com", "local.example"]
    {
        let url = Url::parse(&format!("https://{name}/")).unwrap();
        assert_eq!(policy.complaint(&url), None, "{name}");
    }
}

#[test]
fn all_of_ipv4_is_judged_as_the_registries_say() {
    let policy = NetworkPolicy::new();
    let ranges: Vec<AddressRange> = SPECIAL.iter().filter_map(|range| range.parse().ok()).collect();
    let mut special = 0;
    // A prime step: all last bytes come up.
    for bits in (0..=u32::MAX).step_by(16_381) {
        let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
        let listed = ranges.iter().any(|range| range.contains(address))
            || METADATA.contains(&address.to_string().as_str());
        assert_eq!(policy.admits(address), !listed, "{address}");
        special += usize::from(listed);
    }
    assert!(special > 30_000, "{special}");
}

#[test]
fn f99_an_operator_opens_ranges_and_nothing_around_them() {
    let policy = NetworkPolicy::new()
        .allow_range("10.1.0.0/16".parse().unwrap())
        .allow_range("fd12:3456::/32".parse().unwrap())
        .allow_range("192.168.7.7".parse().unwrap());
    for (host, allowed) in [
        ("10.1.0.0", true),
        ("10.1.255.255", true),
        ("0x0a010203", true),
        ("[::ffff:10.1.2.3]", true),
        ("[fd12:3456:ffff::1]", true),
        ("192.168.7.7", true),
        ("hr.corp.internal", true),
        ("10.0.255.255", false),
        ("10.2.0.0", false),
        ("192.168.7.8", false),
        ("[fd12:3457::1]", false),
        ("127.0.0.1", false),
        ("[::10.1.2.3]", false),
        ("[64:ff9b::10.1.2.3]", false),
        ("[2002:a01:203::1]", false),
        ("metadata.google.internal", false),
        ("localhost", false),
    ] {
        let url = Url::parse(&format!("https://{host}/")).unwrap();
        assert_eq!(policy.complaint(&url).is_none(), allowed, "{host}");
        // By https alone.
        let url = Url::parse(&format!("http://{host}/")).unwrap();
        assert!(policy.complaint(&url).is_some(), "{host}");
    }
}

#[test]
fn f99_metadata_stays_forbidden_whatever_is_opened() {
    let all = NetworkPolicy::new()
        .allow_loopback()
        .allow_range("0.0.0.0/0".parse().unwrap())
        .allow_range("::/0".parse().unwrap());
    assert!(all.admits("10.1.2.3".parse().unwrap()));
    assert!(all.admits("64:ff9b::10.1.2.3".parse().unwrap()));
    for metadata in METADATA {
        let exactly = NetworkPolicy::new().allow_range(metadata.parse().unwrap());
        let address: IpAddr = metadata.parse().unwrap();
        let mut forms = vec![address];
        if let IpAddr::V4(address) = address {
            forms.extend(wrapped(address).into_iter().map(IpAddr::V6));
        }
        for form in forms {
            assert!(!all.admits(form) && !exactly.admits(form), "{form}");
        }
    }
    // Nor is anything opened that no host can have, or whose end cannot be seen.
    for address in [
        "0.1.2.3",
        "224.0.0.1",
        "239.255.255.255",
        "255.255.255.255",
        "ff02::1",
        "100::1",
        "::8.8.8.8",
        "64:ff9b:1::8.8.8.8",
        "2001::1",
        "2002:808:808::1",
        "::ffff:0:8.8.8.8",
    ] {
        assert!(!all.admits(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn f86_behind_nat64_the_address_within_is_judged() {
    let policy = NetworkPolicy::new().allow_range("64:ff9b::/96".parse().unwrap());
    for (address, allowed) in [
        ("64:ff9b::8.8.8.8", true),
        ("64:ff9b::10.1.2.3", false),
        ("64:ff9b::127.0.0.1", false),
        ("64:ff9b::169.254.169.254", false),
        ("64:ff9b::224.0.0.1", false),
        ("64:ff9b::1:8.8.8.8", false),
    ] {
        assert_eq!(policy.admits(address.parse().unwrap()), allowed, "{address}");
    }
    let policy = policy.allow_range("10.1.0.0/16".parse().unwrap());
    assert!(policy.admits("64:ff9b::10.1.2.3".parse().unwrap()));
}

#[test]
fn ranges_are_read_strictly() {
    for (text, shown) in [
        ("10.1.0.0/16", "10.1.0.0/16"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("FD00::/8", "fd00::/8"),
        ("::1", "::1/128"),
        ("::/0", "::/0"),
    ] {
        assert_eq!(text.parse::<AddressRange>().unwrap().to_string(), shown);
    }
    for text in [
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8 ",
        "10.0.0.0/8/8",
        "10.0.0/8",
        "10.0.0.0/255.0.0.0",
        "010.0.0.0/8",
        "10.1.2.3/16",
        "::1/64",
        "fd00::/129",
        "fd00::/7",
        "[::1]",
        "::ffff:10.0.0.0/104",
        "fe80::1%eth0",
        "localhost",
        "10.0.0.0/4294967304",
        "10.0.0.0-10.0.0.9",
    ] {
        let error = text.parse::<AddressRange>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
    }
}
