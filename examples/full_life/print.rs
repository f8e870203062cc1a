//! What is printed.

use std::collections::BTreeMap;

use outbound_provisioning::connector::{Check, Origin};
use outbound_provisioning::model::Fact;

use crate::count::Exchange;
use crate::judge::{Judgement, Shown};
use crate::scenario::{Operation, Phase};
use crate::wanted::Wanted;

/// Lists are cut here; the number of all of them is printed anyway.
const MOST_LINES: usize = 40;
/// What a server says of itself may be long.
const MOST_LETTERS: usize = 160;

pub(crate) fn check(check: &Result<Check, outbound_provisioning::Error>) {
    println!("\nTest of the connection");
    match check {
        Ok(check) => {
            for finding in &check.findings {
                let origin = match finding.origin {
                    Origin::Found => "found",
                    Origin::Assumed => "assumed",
                    Origin::Overridden => "set",
                    _ => "WARNING",
                };
                println!("  {origin:<8} {}", finding.text);
            }
        }
        Err(error) => println!("  failed: {error}"),
    }
}

pub(crate) fn learnt(facts: &BTreeMap<String, Fact>) {
    println!("\nLearnt of the target");
    if facts.is_empty() {
        println!("  nothing");
    }
    for fact in facts.values() {
        let value = fact.value.to_string();
        let start: String = value.chars().take(MOST_LETTERS).collect();
        let rest = if start.len() < value.len() { " …" } else { "" };
        println!("  {} = {start}{rest}", fact.name);
    }
}

/// Every request with its body, which holds nobody but those made up here.
pub(crate) fn every(exchanges: &[Exchange]) {
    println!("\nRequests, one by one");
    for exchange in exchanges {
        let sent = exchange.sent.as_ref().map(ToString::to_string).unwrap_or_default();
        println!("  {exchange:?} {sent}");
    }
}

/// Requests per operation, beside the fewest.
pub(crate) fn requests(phases: &[Phase], exchanges: &[Exchange]) {
    // The least of 1 to 3 (nothing, once it is kept).
    let mut minima = BTreeMap::from([(Operation::Connect, 1)]);
    for phase in phases {
        *minima.entry(phase.operation).or_default() += phase.minimum;
    }
    println!("\n{:<26} {:>9} {:>9} {:>7}", "Requests", "sent", "minimum", "ratio");
    let (mut all, mut least) = (0, 0);
    for (operation, minimum) in &minima {
        let count = exchanges.iter().filter(|exchange| exchange.operation == *operation).count();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        row(operation.name(), count, *minimum);
        all += count;
        least += minimum;
    }
    row("all", all, least);
    let mut refused: BTreeMap<(String, u16), usize> = BTreeMap::new();
    for exchange in exchanges.iter().filter(|exchange| !exchange.is_taken()) {
        let status = exchange.status.unwrap_or(0);
        *refused.entry((exchange.method.to_string(), status)).or_default() += 1;
    }
    for ((method, status), count) in refused {
        println!("  {method} answered {status}: {count} times");
    }
}

fn row(name: &str, count: u64, minimum: u64) {
    println!("  {name:<24} {count:>9} {minimum:>9} {:>7}", ratio(count, minimum));
}

/// With two digits, without floating point.
fn ratio(count: u64, minimum: u64) -> String {
    match (count * 100).checked_div(minimum) {
        Some(hundredths) => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        None if count == 0 => "1.00".to_owned(),
        None => "-".to_owned(),
    }
}

pub(crate) fn states(wanted: &Wanted, shown: &Shown) {
    let disabled = wanted.users.values().filter(|user| !user.active).count();
    let members: usize = wanted.groups.values().map(|group| group.members.len()).sum();
    println!(
        "\nWanted: {} users ({disabled} disabled), {} groups with {members} memberships",
        wanted.users.len(),
        wanted.groups.len()
    );
    match &shown.groups {
        Some(groups) => {
            let members: usize =
                groups.iter().map(|group| crate::groups::members(group).len()).sum();
            println!(
                "The server shows: {} users, {} groups with {members} memberships (of everybody)",
                shown.users.len(),
                groups.len()
            );
        }
        None => println!("The server shows: {} users, and has no groups", shown.users.len()),
    }
}

pub(crate) fn judgement(title: &str, judgement: &Judgement) {
    println!("\n{title}");
    if !judgement.limits.is_empty() {
        println!("  The target cannot hold");
        for (limit, count) in &judgement.limits {
            println!("    {limit} ({count})");
        }
    }
    if judgement.failures.is_empty() {
        println!("  Differences: none");
        return;
    }
    println!("  Differences: {}", judgement.failures.len());
    for failure in judgement.failures.iter().take(MOST_LINES) {
        println!("    {failure}");
    }
    if judgement.failures.len() > MOST_LINES {
        println!("    …");
    }
}
