//! What comes in an awkward order, without any fault: everything must arrive all the same.

use http::{Method, StatusCode};
use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::model::{EnterpriseUser, Event, Manager, Reference, User};
use outbound_provisioning::transport::{HttpError, HttpRequest, HttpResponse, http_fn};

use crate::open;
use crate::simulated::clock::Clock;
use crate::simulated::dice::Dice;
use crate::stage::{PREFIX, Stage};
use crate::wanted::Wanted;

const HOUR: i64 = 3_600_000;

fn user(name: &str) -> User {
    User::new(format!("{PREFIX}{name}"), format!("{PREFIX}{name}@example.com"))
}

/// What is wrong once everything has come to rest.
fn complaints(stage: &Stage, wanted: &Wanted) -> Vec<String> {
    let is_at_rest = stage.rest(24 * HOUR);
    let mut complaints = stage.judge(wanted).failures;
    if !is_at_rest {
        complaints.push("it does not come to rest".to_owned());
    }
    complaints
}

#[test]
fn p17_a_manager_who_comes_later_is_filled_in() {
    let stage = Stage::new(&[]);
    let mut wanted = Wanted::default();
    let mut ada = user("ada");
    let mut enterprise = EnterpriseUser::default();
    enterprise.manager = Some(Manager::new(Reference::new(format!("{PREFIX}boss"))));
    ada.enterprise = Some(enterprise);
    for user in [ada, user("boss")] {
        wanted.put_user(&user);
        stage.dispatch(&[Event::user_created(user)]);
        stage.rest(24 * HOUR);
    }
    let mut report = Vec::new();
    open::note(&mut report, "the manager", &complaints(&stage, &wanted), "");
    open::settle(&report);
}

#[test]
fn f78_a_name_is_given_again_while_the_account_that_had_it_is_not_gone_yet() {
    let target = Scim2Target::new();
    let (answering, clock) = (target.clone(), Clock::new(Dice::new(1)));
    let time = clock.clone();
    let until = clock.millis() + HOUR;
    let client = http_fn(move |request: HttpRequest| -> Result<HttpResponse, HttpError> {
        if *request.method() == Method::DELETE && time.millis() < until {
            let mut response = HttpResponse::new(Vec::new());
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return Ok(response);
        }
        Ok(answering.answer(&request))
    });
    let stage = Stage::before(clock, target, client);
    let mut wanted = Wanted::default();
    let old = user("ada");
    wanted.put_user(&old);
    stage.dispatch(&[Event::user_created(old.clone())]);
    stage.rest(HOUR);
    let mut successor = old.clone();
    successor.external_id = format!("{PREFIX}successor").into();
    wanted.delete_user(old.external_id.as_str());
    wanted.put_user(&successor);
    stage.dispatch(&[Event::user_deleted(old.external_id), Event::user_created(successor)]);
    let mut report = Vec::new();
    open::note(&mut report, "the successor", &complaints(&stage, &wanted), "");
    open::settle(&report);
}
