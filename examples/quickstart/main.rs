//! An administrator's day: two connections, users that come in every way there is, an application with a provisioner
//! of its own, a group, a change, a delete. After each step: who is where, and why. Last, an outage: the target is down
//! and the process is killed, and nothing is lost.
//!
//! ```text
//! cargo run --example quickstart --features full
//! ```
//!
//! Both connections lead to SCIM 2.0 servers embedded in this process, on free loopback ports. With `SCIM_BASE_URL`
//! and `SCIM_TOKEN` set, the first leads to that server; names then get a prefix, and everything made there is
//! removed at the end, unless `--keep` is given.

mod outage;
#[path = "../../tests/support/mod.rs"]
mod support;
mod town;
mod view;

use std::error::Error;

use outbound_provisioning::model::{
    ApplicationConfiguration, Configuration, Event, Group, Member, Name, OrganizationConfiguration,
    Provisioner, Trigger,
};
use town::Town;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    if let Ok(part) = std::env::var(outage::PART) {
        return outage::part(&part).await;
    }
    let keep = std::env::args().any(|argument| argument == "--keep");
    let mut town = Town::new().await?;
    let walked = walk(&mut town).await;
    let tidied = if keep { Ok(()) } else { town.remove_everything().await };
    walked?;
    tidied?;
    outage::scene().await?;
    println!("\nDone. The same in 35 lines: examples/identity_server.rs");
    Ok(())
}

/// The two connections, and what the organization makes of them.
fn acme(town: &Town, jit: bool) -> Configuration {
    let hr = Provisioner::new("hr", "scim2").blocking();
    let organization = OrganizationConfiguration::new()
        .with_connection("hr", town.hr.connection())
        .with_connection("crm", town.crm.connection())
        .with_provisioner(if jit { hr.with_jit_outbound() } else { hr })
        .with_application(
            "shop",
            ApplicationConfiguration::new()
                .with_provisioner(Provisioner::new("crm", "scim2").blocking()),
        );
    Configuration::new().with_organization("acme", organization)
}

async fn walk(town: &mut Town) -> Result<(), Box<dyn Error + Send + Sync>> {
    town.set_up(acme(town, false))?;
    println!("Connections: hr ({}) and crm ({}).", town.hr.what(), town.crm.what());
    println!(
        "Organization level: hr, JIT outbound off. Application `shop`: crm, which overrides the organization's."
    );

    let ada = town.user("ada", Name::new("Ada", "Lovelace"));
    let bob = town.user("bob", Name::new("Bob", "Builder"));
    let eve = town.user("eve", Name::new("Eve", "Moneypenny"));
    let jim = town.user("jim", Name::new("Jim", "Hawkins"));
    let joy = town.user("joy", Name::new("Joy", "Adamson"));
    let sue = town.user("sue", Name::new("Sue", "Storm"));

    town.step("Ada is created through the API", Event::user_created(ada.clone())).await?;
    let event = Event::user_created(bob.clone()).triggered_by(Trigger::Console);
    town.step("Bob is created in the console", event).await?;
    let event = Event::user_created(eve.clone()).triggered_by(Trigger::SelfSignUp);
    town.step("Eve signs up herself", event).await?;
    let event = Event::user_created(jim.clone()).triggered_by(Trigger::JustInTime);
    town.step("Jim comes from a federated login, and JIT outbound is off", event).await?;

    town.shared.replace(acme(town, true));
    let event = Event::user_created(joy.clone()).triggered_by(Trigger::JustInTime);
    town.step("JIT outbound is switched on; Joy comes from a federated login", event).await?;
    town.step("Jim's profile changes: he was kept out and stays out", Event::user_updated(jim))
        .await?;

    let event = Event::user_created(sue.clone()).through("shop");
    town.step("Sue is created through the application `shop`", event).await?;

    let staff = Group::new(town.id("g-staff"), town.name("Staff"));
    let staff = staff
        .with_member(Member::user(ada.external_id.as_str()))
        .with_member(Member::user(bob.external_id.as_str()))
        .with_member(Member::user(eve.external_id.as_str()));
    town.step("A group of Ada, Bob and Eve", Event::group_created(staff.clone())).await?;
    let event = Event::members_changed(
        staff.external_id.clone(),
        [Member::user(joy.external_id.as_str())],
        [Member::user(bob.external_id.as_str())],
    );
    town.step("Joy joins it and Bob leaves it: one request", event).await?;

    let married = ada.clone().with_display_name("Ada King, Countess of Lovelace");
    town.step(
        "Ada's display name changes: one request with the difference",
        Event::user_updated(married.clone()),
    )
    .await?;
    town.step("Nothing changes: no request", Event::user_updated(married)).await?;
    town.step("Bob is disabled", Event::user_updated(bob.with_active(false))).await?;

    let event = Event::user_deleted(sue.external_id).triggered_by(Trigger::Console);
    town.step(
        "Sue is deleted in the console, and leaves crm although only `shop` points there",
        event,
    )
    .await?;
    let event = Event::user_deleted(eve.external_id).triggered_by(Trigger::Console);
    town.step("Eve is deleted in the console, and leaves the group too", event).await
}
