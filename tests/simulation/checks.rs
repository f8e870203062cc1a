//! What must be true once the faults are over.

use std::collections::BTreeSet;

use outbound_provisioning::delivery::ParkReason;
use outbound_provisioning::dispatch::LaneState;
use outbound_provisioning::model::{LaneKey, OrganizationId, ResourceKey};

use crate::history::History;
use crate::judge::{excused, wrong};
use crate::simulated::clock::lock;
use crate::simulated::directory::Own;
use crate::simulated::world::ACME;

/// The longest that the end may take: the window, and twice the longest pause after failures.
const LONGEST: i64 = 2 * 3_600_000 + 60_000;
/// Names that were taken become free one after the other.
const RETRIES: usize = 6;

/// Lets the world come to rest, and judges it.
pub(crate) fn at_rest(history: &mut History) {
    for round in 0.. {
        if !history.world.settle(LONGEST) {
            if history.world.dispatcher().is_none() {
                history.come_back();
                if round < 20 {
                    continue;
                }
            }
            violated(history, "it does not come to rest".to_owned());
            return;
        }
        history.tidy_up();
        let parked = parked(history);
        if parked.is_empty() || round >= RETRIES {
            break;
        }
        for (lane, _) in parked {
            history.note_retry();
            history.world.retry(lane);
        }
    }
    if !history.is_idle() {
        violated(history, "a dispatch never ends".to_owned());
    }
    lanes(history);
    state(history);
}

fn violated(history: &History, what: String) {
    history.world.weather.violated(history.world.clock.millis(), what);
}

fn key(own: &Own) -> ResourceKey {
    ResourceKey::new(OrganizationId::from(ACME), own.0, own.1.clone())
}

fn everybody(history: &History) -> BTreeSet<Own> {
    lock(&history.truth).ever.clone()
}

fn status(history: &mut History, own: &Own) -> Vec<outbound_provisioning::dispatch::LaneStatus> {
    let Some(dispatcher) = history.world.dispatcher() else { return Vec::new() };
    let key = key(own);
    let found = history.world.finish(async move { dispatcher.status(&key).await });
    match found {
        Some(Ok(found)) => found,
        other => {
            violated(history, format!("no status of {own:?}: {other:?}"));
            Vec::new()
        }
    }
}

fn parked(history: &mut History) -> Vec<(LaneKey, ParkReason)> {
    let mut parked = Vec::new();
    for own in everybody(history) {
        for lane in status(history, &own) {
            if let LaneState::Parked(reason) = lane.state {
                let expected = matches!(
                    reason,
                    ParkReason::NameTaken | ParkReason::Conflict | ParkReason::Poison
                );
                if !expected {
                    violated(history, format!("{own:?} is parked: {reason}"));
                }
                let text = lane.message.clone().unwrap_or_default();
                let clock = history.world.clock.millis();
                history.world.weather.note(clock, || format!("PARKED {own:?}: {reason}; {text}"));
                if reason != ParkReason::NameTaken || !is_blocked_by_a_stranger(history, &own) {
                    parked.push((lane.lane, reason));
                }
            }
        }
    }
    parked
}

fn is_blocked_by_a_stranger(history: &History, own: &Own) -> bool {
    let (truth, directory) = (lock(&history.truth), lock(&history.world.target.directory));
    excused(&truth, &directory, own, 0)
}

/// Every lane is done with.
fn lanes(history: &mut History) {
    for own in everybody(history) {
        let stranger = is_blocked_by_a_stranger(history, &own);
        for lane in status(history, &own) {
            let parked_by_name = lane.state == LaneState::Parked(ParkReason::NameTaken);
            if stranger && parked_by_name {
                continue;
            }
            if lane.state != LaneState::Settled || lane.unsettled_until.is_some() {
                violated(
                    history,
                    format!(
                        "{own:?} is not settled: {:?}, last {:?}, unsettled {:?}",
                        lane.state, lane.last, lane.unsettled_until
                    ),
                );
            }
        }
    }
}

/// The target has what the host has, once each, and nothing else.
fn state(history: &History) {
    let wrong = {
        let (truth, directory) = (lock(&history.truth), lock(&history.world.target.directory));
        wrong(&truth, &directory, history.terms)
    };
    for wrong in wrong {
        violated(history, wrong);
    }
}
