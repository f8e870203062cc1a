//! T1: seeded histories of the whole system in virtual time. The production code runs; the store, the target, the
//! clock and the host are models. See `scripts/simulate`.
#![cfg(feature = "non-blocking")]
#![cfg(feature = "blocking")]

mod checks;
mod history;
mod host;
mod judge;
#[path = "../simulated/mod.rs"]
mod simulated;
mod terms;

use std::io::Write as _;
use std::time::Instant;

use history::{Told, tell};

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// `SIM_SEEDS=from..to`, or the first `SIM_COUNT`; without them, as many as every build can afford.
fn seeds() -> std::ops::Range<u64> {
    let range = setting("SIM_SEEDS").and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    let count = setting("SIM_COUNT").and_then(|text| text.parse().ok()).unwrap_or(300);
    range.unwrap_or(0..count)
}

/// Half of all histories, unless one is replayed or one half is asked for.
fn is_unique(seed: u64) -> bool {
    match setting("SIM_UNIQUE").as_deref() {
        Some("yes") => true,
        Some("no") => false,
        _ => seed.is_multiple_of(2),
    }
}

fn replay(seed: u64) -> String {
    let unique = if is_unique(seed) { " --unique" } else { "" };
    format!("./scripts/simulate --seed {seed}{unique}")
}

#[test]
fn t1_every_history_ends_with_the_target_as_the_host_has_it() {
    let mut out = std::io::stdout().lock();
    if let Some(seed) = setting("SIM_SEED").and_then(|text| text.parse().ok()) {
        let told = tell(seed, is_unique(seed), true);
        for line in &told.log {
            writeln!(out, "{line}").unwrap();
        }
        assert!(told.violations.is_empty(), "seed {seed}: {:#?}", told.violations);
        return;
    }
    let (began, mut all, mut bad, mut histories) = (Instant::now(), Told::default(), 0, 0);
    for seed in seeds() {
        let told = tell(seed, is_unique(seed), false);
        histories += 1;
        all.events += told.events;
        all.crashes += told.crashes;
        all.late += told.late;
        all.requests += told.requests;
        all.calls += told.calls;
        all.retried += told.retried;
        if !told.violations.is_empty() {
            let mut told = told;
            told.violations.dedup();
            bad += 1;
            if bad <= 20 {
                writeln!(
                    out,
                    "seed {seed}: {}\n  replay: {}",
                    told.violations.join("; "),
                    replay(seed)
                )
                .unwrap();
            }
        }
    }
    let took = began.elapsed().as_secs_f64();
    writeln!(
        out,
        "{histories} histories, {} events, {} crashes, {} requests, {} late, {} calls, {} retries by hand, {bad} violated, {took:.1} s, {:.0}/s",
        all.events, all.crashes, all.requests, all.late, all.calls, all.retried, f64::from(histories) / took.max(0.001)
    )
    .unwrap();
    assert_eq!(bad, 0, "histories violated a promise; each has a line above that replays it");
}
