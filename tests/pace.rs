//! How fast we go: what targets say about it in all their ways, and what an administrator allows (P14, F51).
#![cfg(all(feature = "mock", feature = "oauth", feature = "scim2"))]
#![expect(
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/site.rs"]
mod site;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use outbound_provisioning::{Effect, Error, ErrorKind};
use proptest::prelude::*;
use site::{Site, Us, answer, bearer, done, oauth2, token};

const SECOND: Duration = Duration::from_secs(1);
/// The connectors' clock begins at 2026-11-23T00:00:00Z.
const NOW: &str = "Mon, 23 Nov 2026 00:00:00 GMT";
const EPOCH: i64 = 1_795_392_000;

/// A connection whose target answers everything like this.
fn answered(status: u16, headers: &[(&str, &str)]) -> (Site, Us) {
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let site = Site::new(move |request| {
        let mut response = done(request);
        if status >= 300 {
            response = answer(status, &[], "");
        }
        for (name, value) in &headers {
            let name = http::HeaderName::try_from(name).unwrap();
            let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
            response.headers_mut().append(name, value);
        }
        Ok(response)
    });
    let us = site.connect(bearer("t"));
    (site, us)
}

async fn refused(status: u16, headers: &[(&str, &str)]) -> Error {
    answered(status, headers).1.write().await.unwrap_err()
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[tokio::test]
async fn f51_a_wait_in_each_form_of_rfc_9110() {
    for (said, expected) in [
        ("7", seconds(7)),
        (" 7 ", seconds(7)),
        ("0", seconds(0)),
        ("3600", seconds(3600)),
        ("3601", seconds(3600)),
        ("99999999", seconds(3600)),
        ("99999999999999999999999999", seconds(3600)),
        // The three forms of a date.
        ("Mon, 23 Nov 2026 00:01:30 GMT", seconds(90)),
        ("Monday, 23-Nov-26 00:01:30 GMT", seconds(90)),
        ("Mon Nov 23 00:01:30 2026", seconds(90)),
        // Past, now, and far away.
        ("Sun, 22 Nov 2026 23:59:59 GMT", seconds(0)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", seconds(0)),
        (NOW, seconds(0)),
        ("Mon, 23 Nov 2026 01:00:00 GMT", seconds(3600)),
        ("Tue, 24 Nov 2026 00:00:00 GMT", seconds(3600)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", seconds(3600)),
        // Garbage.
        ("", None),
        ("soon", None),
        ("-7", None),
        ("+7", None),
        ("7.5", None),
        ("7s", None),
        ("0x7", None),
        ("7, 8", None),
        ("٧", None),
        ("2026-11-23T00:01:30Z", None),
        ("Mon, 23 Nov 2026 00:01:30", None),
        ("Mon, 32 Nov 2026 00:01:30 GMT", None),
        ("Mon, 23 Nov 2026 25:01:30 GMT", None),
    ] {
        for status in [429, 503] {
            let error = refused(status, &[("retry-after", said)]).await;
            assert_eq!(error.retry_after(), expected, "{status} {said:?}");
        }
    }
}

/// A date is meant by the target's clock, which the answer shows.
#[tokio::test]
async fn f51_a_date_is_read_by_the_targets_own_clock() {
    let later = "Mon, 23 Nov 2026 05:00:10 GMT";
    for (date, expected) in [
        ("Mon, 23 Nov 2026 05:00:00 GMT", seconds(10)),
        ("Mon Nov 23 05:00:00 2026", seconds(10)),
        ("Mon, 23 Nov 2026 05:00:20 GMT", seconds(0)),
        // One that cannot be read says nothing.
        ("noon", seconds(3600)),
        ("", seconds(3600)),
    ] {
        let error = refused(429, &[("retry-after", later), ("date", date)]).await;
        assert_eq!(error.retry_after(), expected, "{date:?}");
    }
    // Seconds need no clock.
    let error =
        refused(429, &[("retry-after", "7"), ("date", "Mon, 23 Nov 2026 05:00:00 GMT")]).await;
    assert_eq!(error.retry_after(), seconds(7));
}

#[tokio::test]
async fn f51_what_vendors_say_in_place_of_retry_after() {
    for name in ["X-RateLimit-Reset", "X-Rate-Limit-Reset", "RateLimit-Reset"] {
        for (said, expected) in [
            ((EPOCH + 90).to_string(), seconds(90)),
            ((EPOCH - 90).to_string(), seconds(0)),
            ((EPOCH + 9_000).to_string(), seconds(3600)),
            (i64::MAX.to_string(), seconds(3600)),
            ("99999999999999999999999".to_owned(), seconds(3600)),
            // Below 10^9 it is counted from now.
            ("30".to_owned(), seconds(30)),
            ("0".to_owned(), seconds(0)),
            ("999999999".to_owned(), seconds(3600)),
            ("1000000000".to_owned(), seconds(0)),
            ("soon".to_owned(), None),
            ("-30".to_owned(), None),
            (String::new(), None),
        ] {
            let error = refused(429, &[(name, &said)]).await;
            assert_eq!(error.retry_after(), expected, "{name}: {said}");
            // What everybody understands goes first.
            let error = refused(429, &[(name, &said), ("retry-after", "7")]).await;
            assert_eq!(error.retry_after(), seconds(7), "{name}: {said}");
            // Some say it in every answer: it is about requests, not about a server that is down.
            let error = refused(503, &[(name, &said)]).await;
            assert_eq!(error.retry_after(), None, "{name}: {said}");
        }
        let (reset, date) = ((EPOCH + 18_010).to_string(), "Mon, 23 Nov 2026 05:00:00 GMT");
        let error = refused(429, &[(name, &reset), ("date", date)]).await;
        assert_eq!(error.retry_after(), seconds(10), "{name}");
    }
}

#[tokio::test]
async fn a_403_is_about_our_speed_where_it_says_so_and_about_permissions_elsewhere() {
    let reset = (EPOCH + 60).to_string();
    let (limited, denied) = (ErrorKind::RateLimited, ErrorKind::PermissionDenied);
    for (headers, kind, wait) in [
        (vec![("retry-after", "7")], limited, seconds(7)),
        (vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], limited, seconds(60)),
        (vec![("x-ratelimit-remaining", "0")], limited, None),
        (vec![("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", &reset)], denied, None),
        (vec![("x-ratelimit-remaining", "none")], denied, None),
        (vec![("retry-after", "soon")], denied, None),
        (vec![], denied, None),
    ] {
        let error = refused(403, &headers).await;
        assert_eq!((error.kind(), error.retry_after()), (kind, wait), "{headers:?}");
        assert_eq!(error.effect(), Effect::Rejected);
        assert!(error.message().contains("403"), "{error}");
    }
}

#[track_caller]
fn is_empty(result: Result<(), Error>, wait: Duration) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::RateLimited, Effect::NotSent),
        "{error}"
    );
    assert_eq!(error.retry_after(), Some(wait));
}

/// A success that was the last one for a while.
#[tokio::test]
async fn the_last_request_that_a_target_allows_is_the_last_that_is_sent() {
    let reset = (EPOCH + 60).to_string();
    let nothing_left = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)];
    let (site, us) = answered(201, &nothing_left);
    us.write().await.unwrap();
    is_empty(us.write().await, SECOND * 60);
    us.clock.advance(SECOND * 20);
    is_empty(us.write().await, SECOND * 40);
    assert_eq!(site.counts(), (0, 1));
    // Others count reading on its own.
    us.read().await.unwrap();
    is_empty(us.read().await, SECOND * 40);
    us.clock.advance(SECOND * 40);
    us.write().await.unwrap();
    assert_eq!(site.counts(), (0, 2));
    for harmless in [
        vec![("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", &reset)],
        vec![("x-ratelimit-remaining", "0")],
        vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")],
        vec![("x-ratelimit-reset", &reset)],
    ] {
        let (site, us) = answered(201, &harmless);
        us.write().await.unwrap();
        us.write().await.unwrap();
        assert_eq!(site.counts(), (0, 2), "{harmless:?}");
    }
}

/// "Too many" is about everything that we send.
#[tokio::test]
async fn f51_a_target_that_asks_for_silence_gets_it() {
    for headers in [vec![("retry-after", "30")], vec![("x-ratelimit-reset", "30")]] {
        let (site, us) = answered(429, &headers);
        us.write().await.unwrap_err();
        is_empty(us.write().await, SECOND * 30);
        is_empty(us.read().await, SECOND * 30);
        assert_eq!(site.counts(), (0, 1));
        us.clock.advance(SECOND * 30);
        us.read().await.unwrap_err();
        assert_eq!(site.counts(), (0, 1));
    }
    // Without a word of how long, the core decides.
    let (site, us) = answered(429, &[]);
    us.write().await.unwrap_err();
    us.write().await.unwrap_err();
    assert_eq!(site.counts(), (0, 2));
}

#[tokio::test]
async fn reading_and_writing_have_a_budget_each() {
    let site = Site::new(|request| Ok(done(request)));
    let properties = bearer("t").with("reads_per_minute", "60").with("writes_per_minute", "12");
    let us = site.connect(properties);
    // A sixth at once: 2 of 12.
    us.write().await.unwrap();
    us.write().await.unwrap();
    is_empty(us.write().await, SECOND * 5);
    for _ in 0..10 {
        us.read().await.unwrap();
    }
    is_empty(us.read().await, SECOND);
    assert_eq!(site.counts(), (0, 12));
    // What is refused costs nothing.
    us.clock.advance(SECOND * 5 - SECOND / 1000);
    is_empty(us.write().await, SECOND / 1000);
    us.clock.advance(SECOND / 1000);
    us.write().await.unwrap();
    is_empty(us.write().await, SECOND * 5);
    // After a quiet time there is not more than that at once.
    us.clock.advance(SECOND * 3600);
    us.write().await.unwrap();
    us.write().await.unwrap();
    is_empty(us.write().await, SECOND * 5);
}

#[tokio::test]
async fn a_budget_for_one_leaves_the_other_alone() {
    let site = Site::new(|request| Ok(done(request)));
    let us = site.connect(bearer("t").with("writes_per_minute", "1"));
    us.write().await.unwrap();
    is_empty(us.write().await, SECOND * 60);
    for _ in 0..100 {
        us.read().await.unwrap();
    }
}

/// Tokens are not the target's affair, and what could not be signed was not sent.
#[tokio::test]
async fn only_what_is_sent_to_the_target_counts() {
    let count = AtomicUsize::new(0);
    let tokens = move |_: &_| match count.fetch_add(1, Ordering::Relaxed) {
        0..3 => answer(503, &[], ""),
        _ => token("t"),
    };
    let site = Site::of(tokens, done);
    let us = site.connect(oauth2().with("writes_per_minute", "6"));
    for _ in 0..3 {
        assert_eq!(us.write().await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    us.write().await.unwrap();
    is_empty(us.write().await, SECOND * 10);
    assert_eq!(site.counts(), (4, 1));
}

/// A request that is sent a second time counts a second time, and is not held back half-way.
#[tokio::test]
async fn a_request_that_is_repeated_with_a_new_token_counts_twice() {
    let site = Site::of(
        |_| token("t"),
        |request| if request.method() == "POST" { answer(401, &[], "") } else { done(request) },
    );
    let us = site.connect(oauth2().with("writes_per_minute", "12"));
    us.write().await.unwrap_err();
    is_empty(us.write().await, SECOND * 5);
    assert_eq!(site.counts(), (2, 2));
    let us = site.connect(oauth2().with("writes_per_minute", "6"));
    us.write().await.unwrap_err();
    assert_eq!(site.counts(), (2, 2));
}

/// Any header's value, readable or not.
fn values() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[0-9]{1,30}".prop_map(String::into_bytes),
        "(Mon|Sunday|Fri), ?[0-9]{1,2}[ -](Nov|Feb|Xxx)[ -][0-9]{2,5} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
            .prop_map(String::into_bytes),
        "(Mon|Sun) (Nov|Feb) [ 0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}".prop_map(String::into_bytes),
        "[ -~]{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(prop_oneof![32_u8..127, 128_u8..], 0..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn f51_no_header_does_harm(
        status in prop_oneof![Just(201_u16), Just(403), Just(429), Just(503), 200_u16..600],
        headers in prop::collection::vec(
            (
                prop_oneof![
                    Just("retry-after"), Just("date"), Just("x-ratelimit-reset"),
                    Just("x-rate-limit-reset"), Just("ratelimit-reset"),
                    Just("x-ratelimit-remaining"), Just("x-rate-limit-remaining"),
                ],
                values(),
            ),
            0..6,
        ),
        quiet in 0_u64..10_000,
    ) {
        let site = Site::new(move |request| {
            let mut response = if status == 201 { done(request) } else { answer(status, &[], "") };
            for (name, value) in &headers {
                response.headers_mut().append(*name, http::HeaderValue::from_bytes(value).unwrap());
            }
            Ok(response)
        });
        let us = site.connect(bearer("t"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let _ = us.write().await;
            for _ in 0..2 {
                if let Err(error) = us.write().await {
                    prop_assert!(error.retry_after() <= Some(SECOND * 3600), "{}", error);
                }
                us.clock.advance(Duration::from_secs(quiet));
            }
            // Nobody is silenced for longer than an hour.
            let before = site.counts();
            us.clock.advance(SECOND * 3601);
            let _ = us.write().await;
            prop_assert_eq!(site.counts().1, 1, "{:?}", before);
            Ok(())
        })?;
    }

    /// Never more than what may come at once and what the time since then allows; and who waits as long as asked gets
    /// through.
    #[test]
    fn a_budget_is_never_overdrawn_and_never_stuck(
        per_minute in 1_u32..2_000,
        pauses in prop::collection::vec(0_u64..30_000, 1..80),
    ) {
        let site = Site::new(|request| Ok(done(request)));
        let us = site.connect(bearer("t").with("writes_per_minute", per_minute.to_string()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let burst = f64::from((per_minute / 6).max(1));
            let (mut sent, mut elapsed) = (0.0, 0_u64);
            for pause in pauses {
                match us.write().await {
                    Ok(()) => sent += 1.0,
                    Err(error) => {
                        let wait = error.retry_after().unwrap();
                        us.clock.advance(wait);
                        elapsed += u64::try_from(wait.as_millis()).unwrap();
                        prop_assert!(us.write().await.is_ok(), "{:?}", wait);
                        sent += 1.0;
                    }
                }
                let most = burst + f64::from(per_minute) * elapsed as f64 / 60_000.0;
                prop_assert!(sent <= most + 0.01, "{} of {}", sent, most);
                us.clock.advance(Duration::from_millis(pause / 10));
                elapsed += pause / 10;
            }
            Ok(())
        })?;
    }
}
