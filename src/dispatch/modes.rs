//! Which options this dispatcher serves. What is configured and cannot be served is an error, never
//! something else instead.

use std::time::Duration;

use crate::model::{OrganizationConfiguration, Problems, Provisioner, Wait};

/// What the host has given the dispatcher.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served {
    /// A timer.
    pub(super) timer: bool,
    /// A rule engine.
    pub(super) rules: bool,
}

/// Notes every provisioner whose options cannot be served. A build that serves neither mode plans only.
pub(super) fn check(
    organization: &OrganizationConfiguration,
    path: &str,
    served: Served,
    problems: &mut Problems,
) {
    for (place, provisioner) in organization.provisioners.iter().enumerate() {
        check_one(provisioner, &format!("{path}.provisioners[{place}]"), served, problems);
    }
    for (id, application) in &organization.applications {
        for (place, provisioner) in application.provisioners.iter().enumerate() {
            let path = format!("{path}.applications.{id}.provisioners[{place}]");
            check_one(provisioner, &path, served, problems);
        }
    }
}

fn check_one(provisioner: &Provisioner, path: &str, served: Served, problems: &mut Problems) {
    match provisioner.wait {
        Wait::NonBlocking if cfg!(feature = "blocking") && !cfg!(feature = "non-blocking") => problems.note(
            format!("{path}.blocking"),
            "this build does not serve non-blocking provisioners; enable the feature `non-blocking`, or set blocking to true",
        ),
        Wait::Blocking(_) if cfg!(feature = "non-blocking") && !cfg!(feature = "blocking") => problems.note(
            format!("{path}.blocking"),
            "this build does not serve blocking provisioners; enable the feature `blocking`, or set blocking to false",
        ),
        Wait::Blocking(Some(Duration::ZERO)) => {
            problems.note(format!("{path}.deadline_ms"), "a deadline of 0 ms never waits; give at least 1");
        }
        Wait::Blocking(Some(_)) if !served.timer => problems.note(
            format!("{path}.deadline_ms"),
            "a deadline needs a timer; give the dispatcher a runtime, or remove the deadline",
        ),
        Wait::NonBlocking | Wait::Blocking(_) => {}
    }
    if provisioner.rules && !served.rules {
        problems.note(
            format!("{path}.rules"),
            "there is no rule engine, and nothing is provisioned unasked; give the dispatcher one, or set rules to false",
        );
    }
}
