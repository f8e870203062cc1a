//! T13: what a hostile answer may cost: memory, counted by the allocator, and time. One test alone, as all tests of a
//! program share its allocator.
#![cfg(feature = "reqwest")]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/wire.rs"]
mod wire;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use outbound_provisioning::transport::{
    HttpClient, HttpErrorKind, HttpRequest, NetworkPolicy, ReqwestClient,
};
use peak_alloc::PeakAlloc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use wire::{Conversation, Wire};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The most that an answer may take.
const MOST: usize = 4 * 1024 * 1024;
/// The deadline, for those that must run into it.
const TOTAL: Duration = Duration::from_millis(400);
const HUNDRED_GIB: u64 = 100 << 30;

/// How a target behaves when it was asked, until the client goes.
type Behaviour = fn(Conversation) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Says something, then something else over and over as fast as it is taken.
async fn flood(mut to: Conversation, first: &str, then: &[u8]) {
    if to.say(first).await {
        while to.say(then).await {}
    }
}

/// The same, a byte at a time with pauses.
async fn trickle(mut to: Conversation, first: &str, then: &[u8]) {
    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = to.say(first).await;
    for byte in then.iter().cycle() {
        if !said {
            break;
        }
        ticks.tick().await;
        said = to.say([*byte]).await;
    }
}

const BLOCK: [u8; 16_384] = [b' '; 16_384];

/// By name: what the target does, and what must be said of it.
const CASES: [(&str, Behaviour, &[HttpErrorKind]); 17] = {
    use HttpErrorKind::{Encoded, Interrupted, Timeout, TooLarge};
    [
        (
            "100 GiB announced",
            |to| {
                Box::pin(async move {
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {HUNDRED_GIB}\r\n\r\n");
                    flood(to, &head, &BLOCK).await;
                })
            },
            &[TooLarge],
        ),
        (
            "100 GiB without a length",
            |to| Box::pin(async { flood(to, "HTTP/1.1 200 OK\r\n\r\n", &BLOCK).await }),
            &[TooLarge],
        ),
        (
            "100 GiB in chunks",
            |to| {
                Box::pin(async {
                    let chunk = [b"4000\r\n".as_slice(), &BLOCK, b"\r\n"].concat();
                    flood(to, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &chunk)
                        .await;
                })
            },
            &[TooLarge],
        ),
        (
            "one chunk of 100 GiB",
            |to| {
                Box::pin(async {
                    let head =
                        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1900000000\r\n";
                    flood(to, head, &BLOCK).await;
                })
            },
            &[TooLarge],
        ),
        (
            "chunks of one byte",
            |to| {
                Box::pin(async {
                    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                    flood(to, head, "1\r\n \r\n".repeat(1000).as_bytes()).await;
                })
            },
            &[TooLarge, Timeout],
        ),
        (
            "chunk extensions",
            |to| {
                Box::pin(async {
                    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a=";
                    flood(to, head, &[b'x'; 4096]).await;
                })
            },
            &[Interrupted],
        ),
        (
            "trailers",
            |to| {
                Box::pin(async {
                    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n";
                    flood(to, head, "x-a: 1\r\n".repeat(100).as_bytes()).await;
                })
            },
            &[Interrupted],
        ),
        (
            "header lines",
            |to| {
                Box::pin(async {
                    flood(to, "HTTP/1.1 200 OK\r\n", "x-a: 1\r\n".repeat(100).as_bytes()).await;
                })
            },
            &[Interrupted, TooLarge],
        ),
        (
            "one header",
            |to| Box::pin(async { flood(to, "HTTP/1.1 200 OK\r\nx-a: ", &[b'x'; 4096]).await }),
            &[Interrupted, TooLarge],
        ),
        (
            "a header's name",
            |to| Box::pin(async { flood(to, "HTTP/1.1 200 OK\r\n", &[b'x'; 4096]).await }),
            &[Interrupted, TooLarge],
        ),
        (
            "a reason",
            |to| Box::pin(async { flood(to, "HTTP/1.1 200 ", &[b'x'; 4096]).await }),
            &[Interrupted, TooLarge],
        ),
        (
            "empty lines in front",
            |to| Box::pin(async { flood(to, "\r\n", "\r\n".repeat(2000).as_bytes()).await }),
            &[Interrupted, Timeout],
        ),
        (
            "provisional answers",
            |to| {
                Box::pin(async {
                    let answers = "HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n".repeat(100);
                    flood(to, "HTTP/1.1 100 Continue\r\n\r\n", answers.as_bytes()).await;
                })
            },
            &[Timeout],
        ),
        (
            "a body, byte by byte",
            |to| Box::pin(async { trickle(to, "HTTP/1.1 200 OK\r\n\r\n", b" ").await }),
            &[Timeout],
        ),
        (
            "headers, byte by byte",
            |to| Box::pin(async { trickle(to, "HTTP/1.1 200 OK\r\n", b"x-a: 1\r\n").await }),
            &[Timeout],
        ),
        (
            "a body that does not come",
            |to| {
                Box::pin(async {
                    let mut to = to;
                    to.say("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
                    to.wait_for_the_end().await;
                })
            },
            &[Timeout],
        ),
        (
            "a bomb",
            |to| {
                Box::pin(async {
                    // The beginning of a gzip member, and blocks that are a thousandth of what they stand for.
                    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip, gzip\r\n\r\n\x1f";
                    flood(to, head, &[0; 16_384]).await;
                })
            },
            &[Encoded],
        ),
    ]
};

fn request(wire: &Wire) -> HttpRequest {
    http::Request::get(wire.url("/")).body(Vec::new()).unwrap()
}

#[tokio::test]
async fn f87_f88_a_hostile_answer_costs_little_memory_and_ends_in_time() {
    let policy = NetworkPolicy::new().allow_loopback();
    let patient = ReqwestClient::new(policy.clone()).unwrap();
    let impatient = ReqwestClient::new(policy.with_timeouts(TOTAL, TOTAL)).unwrap();
    for (case, behaviour, kinds) in CASES {
        let wire = Wire::serve(move |mut conversation| async move {
            conversation.request().await;
            behaviour(conversation).await;
        })
        .await;
        let (client, at_most) = match kinds.contains(&HttpErrorKind::Timeout) {
            true => (&impatient, TOTAL + Duration::from_secs(1)),
            // Long before the deadline, which is 30 s.
            false => (&patient, Duration::from_secs(10)),
        };
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let answer = timeout(at_most, client.send(request(&wire))).await;
        let extra = MEMORY.peak_usage() - before;
        let kind = answer.expect(case).expect_err(case).kind();
        assert!(kinds.contains(&kind), "{case}: {kind:?}");
        assert!(extra <= MOST, "{case}: {extra} bytes");
        assert_eq!(wire.dials(), 1, "{case}");
    }

    // Else a count that stays low says nothing.
    let wire = Wire::serve(|mut conversation| async move {
        conversation.request().await;
        flood(conversation, "HTTP/1.1 200 OK\r\n\r\n", &BLOCK).await;
    })
    .await;
    let mut careless = NetworkPolicy::new().allow_loopback();
    careless.max_response_bytes = 3 * MOST;
    let client = ReqwestClient::new(careless).unwrap();
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    client.send(request(&wire)).await.unwrap_err();
    assert!(MEMORY.peak_usage() - before > MOST);
}
