//! An AuthZEN decision point that others wrote: Cerbos, with the policies in `tests/peers/cerbos`. Its address comes
//! from the environment (`scripts/with-peers` sets it); with `PEERS=required` a missing one is a failure.

use std::error::Error;

use outbound_provisioning::model::{RuleSettings, User};
use outbound_provisioning::rules::{
    AuthzenEngine, DecisionPoint, Operation, RuleEffect, RuleEngine, SubjectSource, Verdict,
};
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ErrorKind, Result as Decided};

use crate::scene::Scene;

/// None where it is not running and need not be.
fn address() -> Option<String> {
    match std::env::var("CERBOS_URL") {
        Ok(address) if address != "unavailable" => Some(address),
        found => {
            let needed = std::env::var("PEERS").is_ok_and(|value| value == "required");
            let is_missing = found.is_err();
            assert!(
                !(needed && is_missing),
                "CERBOS_URL is missing; run this by scripts/with-peers"
            );
            println!("cerbos is not running; skipped");
            None
        }
    }
}

fn client() -> Decided<ReqwestClient> {
    ReqwestClient::new(NetworkPolicy::new().allow_loopback())
}

#[tokio::test]
async fn cerbos_decides_by_group_attribute_and_operation() -> Result<(), Box<dyn Error>> {
    let Some(address) = address() else { return Ok(()) };
    let engine = AuthzenEngine::new(client()?, &DecisionPoint::new(address))?
        .with_subject_property("cerbos.roles", SubjectSource::Groups);
    let nobody = || User::new("u-7", "bob");
    let groups = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    for (operation, user, groups, expected) in [
        // By role.
        (Operation::Create, crate::scene::ada(), groups(&["hr", "staff"]), Verdict::Permit),
        (Operation::Create, crate::scene::ada(), groups(&["staff"]), Verdict::Deny),
        (Operation::Create, crate::scene::ada(), groups(&[]), Verdict::Deny),
        // By an attribute of the enterprise extension.
        (Operation::Update, crate::scene::ada(), groups(&["staff"]), Verdict::Permit),
        (Operation::Update, nobody(), groups(&["staff"]), Verdict::Deny),
        (Operation::Delete, nobody(), groups(&["staff"]), Verdict::Permit),
        // Of this one the policy does not speak.
        (Operation::Disable, crate::scene::ada(), groups(&["hr"]), Verdict::Deny),
    ] {
        let scene = Scene { operation, resource: user.into(), groups, ..Scene::new() };
        let decision = engine.decide(&scene.request()).await?;
        assert_eq!(decision.verdict, expected, "{operation} {:?}", scene.groups);
    }
    Ok(())
}

/// Where nobody answers as the specification says, nothing is allowed and nothing is skipped in silence.
#[tokio::test]
async fn another_endpoint_of_cerbos_is_indeterminate() -> Result<(), Box<dyn Error>> {
    let Some(address) = address() else { return Ok(()) };
    for (path, kind) in [
        ("/access/v1/evaluations", ErrorKind::Rejected),
        ("/access/v1/nothing", ErrorKind::Configuration),
        ("/_cerbos/health", ErrorKind::Unavailable),
    ] {
        let point = DecisionPoint::new(format!("{address}{path}"));
        let decided =
            AuthzenEngine::at_endpoint(client()?, &point)?.decide(&Scene::new().request()).await;
        let error = decided.expect_err(path);
        println!("{path}: {error}");
        assert_eq!(error.kind(), kind, "{path}: {error}");
        let decision = outbound_provisioning::rules::RuleDecision::of(Err(error));
        assert!(matches!(RuleSettings::default().effect(&decision), RuleEffect::Hold { .. }));
    }
    Ok(())
}
