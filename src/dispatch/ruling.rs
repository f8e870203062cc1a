//! Asks the rule engine before something is sent, and does what follows (the provisioner's *rules* option).

use super::attempt::Work;
use super::join::caught;
use super::terms::takes;
use crate::delivery::{HoldReason, Outcome, Step, Takes};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Observation;
use crate::model::{Cause, Resource, ResourceKind, SkipReason};
use crate::resolver::resolve;
use crate::rules::{Operation, RuleDecision, RuleEffect, RuleRequest};

/// What follows from a decision.
#[derive(Debug)]
pub(super) enum Ruled {
    /// The step is sent.
    Goes,
    /// The account is to lose what it has: another step comes in place of this one.
    Leaves,
    /// The attempt ends.
    Ends(Outcome),
}

impl Work<'_> {
    /// Whether a step may be sent. The engine is asked once in an attempt, about the first step that changes anything.
    pub(super) async fn rule(&mut self, step: &Step) -> Result<Ruled> {
        let target = self.row.key.target.clone();
        let settings = self.snapshot.configuration.settings(&target).map(|settings| settings.rules);
        let (Some(operation), Some(settings)) = (self.operation(step), settings) else {
            return Ok(Ruled::Goes);
        };
        // Nobody stays in a group because of a rule, either.
        let only_removes =
            matches!(step, Step::ChangeMembers { piece, .. } if piece.added.is_empty());
        let is_asked = settings.ask_about(operation) && (settings.deprovisioning || !only_removes);
        if self.is_ruled || !is_asked || !self.is_subject_to_rules() {
            return Ok(Ruled::Goes);
        }
        // Who is deleted to make room is created next, and that is another question.
        self.is_ruled = operation != Operation::Delete;
        let decision = self.decide(operation).await?;
        let resource = &self.row.key.resource;
        let observation =
            Observation::Ruled { resource, target: &target, operation, decision: &decision };
        self.shared.snapshots.tell(&observation);
        Ok(match settings.effect(&decision) {
            RuleEffect::Go => Ruled::Goes,
            RuleEffect::Hold { reason } => {
                self.row.record.rule(reason, decision.retry_after());
                Ruled::Ends(Outcome::Held(HoldReason::Undecided))
            }
            RuleEffect::Skip { reason } => {
                self.row.record.rule(reason, None);
                let is_there = self.row.record.account().is_some();
                if is_there && operation == Operation::Update && settings.on_exit.ends() {
                    self.row.record.lane.part(Cause::Denied);
                    return Ok(Ruled::Leaves);
                }
                if !is_there {
                    self.row.record.turn_away(SkipReason::Denied);
                }
                Ruled::Ends(Outcome::Skipped(SkipReason::Denied))
            }
        })
    }

    /// What a step does, in the words of rules; none if it changes nothing.
    fn operation(&self, step: &Step) -> Option<Operation> {
        Some(match step {
            Step::Create { .. } => Operation::Create,
            Step::Update { .. } => match takes(step, &self.row.record.lane) {
                Some(Takes::Access) => Operation::Disable,
                _ => Operation::Update,
            },
            Step::ChangeMembers { .. } => Operation::ChangeMembers,
            Step::Delete { .. } => Operation::Delete,
            Step::Find { .. } | Step::Done | Step::Stop(_) => return None,
        })
    }

    /// Whether the provisioner through which the last event came says so; or any that leads there, if none was chosen.
    fn is_subject_to_rules(&self) -> bool {
        let configuration = &self.snapshot.configuration;
        let asked = self.row.record.asked();
        let resolution = resolve(configuration, asked.application.as_ref(), asked.trigger);
        let target = &self.row.key.target;
        let chosen = resolution.chosen.iter().find(|chosen| chosen.provisioner.target == *target);
        match chosen {
            Some(chosen) => chosen.provisioner.rules,
            None => {
                let mut leading = configuration.all_provisioners();
                leading.any(|provisioner| provisioner.target == *target && provisioner.rules)
            }
        }
    }

    async fn decide(&self, operation: Operation) -> Result<RuleDecision> {
        let key = &self.row.key;
        let lane = &self.row.record.lane;
        let confirmed = lane.link.as_ref().and_then(|link| link.confirmed.as_deref());
        let state: Option<&Resource> = lane.told().map(|told| &**told).or(confirmed);
        let (Some(engine), Some(state)) = (&self.shared.rules, state) else {
            let message =
                "there is no rule engine, or nothing is known of the resource to ask about";
            return Ok(RuleDecision::of(Err(Error::new(ErrorKind::Configuration, message))));
        };
        let memberships = match key.resource.kind {
            ResourceKind::User => self.shared.memberships(&key.resource, false).await?,
            ResourceKind::Group => Vec::new(),
        };
        let names = memberships.into_iter().map(|group| group.name.unwrap_or(group.id));
        let groups: Vec<String> = names.collect();
        let asked = self.row.record.asked();
        let now = self.shared.now();
        let organization = &key.resource.organization;
        let request = RuleRequest::new(organization, &key.target, operation, state, now)
            .through(asked.application.as_ref())
            .triggered_by(asked.trigger)
            .with_groups(&groups);
        let answer = caught(engine.decide(&request)).await;
        let panicked = || Err(Error::new(ErrorKind::Internal, "the rule engine panicked"));
        Ok(RuleDecision::of(answer.unwrap_or_else(panicked)))
    }
}
