//! One call of a connector.

use super::join::{caught, panicked};
use crate::connector::{Attempt, Connector, Lookup, Update};
use crate::delivery::{Answer, Step};
use crate::error::Result;
use crate::model::LaneKey;

/// One call of the connector. A panic is an error like any other (F4).
pub(super) async fn send(
    connector: &dyn Connector,
    lane: &LaneKey,
    step: &Step,
    attempt: &Attempt,
) -> Answer {
    let key = &lane.resource;
    match step {
        Step::Find { name, name_only } => {
            let lookup = Lookup::new(key.kind, &key.id, name);
            let lookup = if *name_only { lookup.name_only() } else { lookup };
            Answer::Found(settled(caught(connector.find(&lookup, attempt)).await))
        }
        Step::Create { wanted, .. } => {
            Answer::Resource(settled(caught(connector.create(wanted, attempt)).await))
        }
        Step::Update { id, wanted, difference, version, .. } => {
            let update = Update::new(wanted, difference).on_version(version.as_deref());
            Answer::Resource(settled(caught(connector.update(id, &update, attempt)).await))
        }
        Step::ChangeMembers { id, sent, .. } => {
            Answer::Resource(settled(caught(connector.change_members(id, sent, attempt)).await))
        }
        Step::Delete { id } => {
            Answer::Empty(settled(caught(connector.delete(id, key.kind, attempt)).await))
        }
        // The caller has returned by now.
        Step::Done | Step::Stop(_) => Answer::Empty(Ok(())),
    }
}

fn settled<T>(answer: Option<Result<T>>) -> Result<T> {
    answer.unwrap_or_else(|| Err(panicked()))
}

pub(super) fn operation(step: &Step) -> &'static str {
    match step {
        Step::Find { .. } => "find",
        Step::Create { .. } => "create",
        Step::Update { .. } => "update",
        Step::ChangeMembers { .. } => "change_members",
        Step::Delete { .. } => "delete",
        Step::Done | Step::Stop(_) => "nothing",
    }
}
