//! What is printed.

use outbound_provisioning::connector::Remote;
use outbound_provisioning::delivery::Outcome;
use outbound_provisioning::dispatch::{Delivery, Report};
use outbound_provisioning::model::{LocalId, Resource, ResourceKind};

/// Whether an outcome is one that this walk does not expect.
pub(crate) fn is_trouble(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Delivered { .. } | Outcome::NotNeeded | Outcome::Skipped(_))
}

/// One line per target: what became of the event, and why the target was told.
pub(crate) fn report(report: &Report) {
    for delivery in &report.deliveries {
        line(delivery, "");
    }
    for follow_up in &report.follow_ups {
        line(follow_up, &format!("{} {}: ", follow_up.resource.kind, follow_up.resource.id));
    }
}

fn line(delivery: &Delivery, whose: &str) {
    println!(
        "   {:<4} {whose}{} [{}]",
        delivery.connection.as_str(),
        delivery.outcome,
        delivery.because
    );
}

/// Everybody who was made, and what each system itself shows of them.
pub(crate) fn who_is_where(
    made: &[(ResourceKind, LocalId)],
    prefix: &str,
    hr: &[Remote],
    crm: &[Remote],
) {
    println!("   +----------+--------------------------+--------------------------+");
    println!("   | {:<8} | {:<24} | {:<24} |", "who", "hr", "crm");
    println!("   +----------+--------------------------+--------------------------+");
    for (kind, id) in made {
        let who = id.as_str().strip_prefix(prefix).unwrap_or(id.as_str());
        println!("   | {who:<8} | {:<24} | {:<24} |", cell(*kind, id, hr), cell(*kind, id, crm));
    }
    println!("   +----------+--------------------------+--------------------------+");
}

fn cell(kind: ResourceKind, id: &LocalId, system: &[Remote]) -> String {
    let shown = system.iter().filter(|remote| remote.external_id.as_ref() == Some(id));
    let mut shown = shown.filter_map(|remote| Some((remote, remote.resource.as_deref()?)));
    let text = match shown.find(|(_, resource)| resource.kind() == kind) {
        None => "-".to_owned(),
        Some((remote, Resource::User(user))) => {
            let state = if user.active { "active" } else { "disabled" };
            format!("{}, {state}", short(remote.id.as_str()))
        }
        Some((remote, Resource::Group(group))) => {
            format!("{}, {} members", short(remote.id.as_str()), group.members.len())
        }
    };
    text.chars().take(24).collect()
}

fn short(id: &str) -> String {
    id.chars().take(8).collect()
}
