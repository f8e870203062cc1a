//! Two of ours and one name at the target: who waits for whom (P8.5, F77, F78).

use std::time::Duration;

use super::failure::Failure;
use super::lane::Lane;
use super::moment::Moment;
use super::recognise::{STRANGERS, is_same_name, name_taken};
use super::record::LaneRecord;
use crate::error::{Effect, Error, ErrorKind};
use crate::model::{LocalId, Member, TargetPolicy, Timestamp};

/// So long after the other one's turn comes ours.
const BEHIND: Duration = Duration::from_secs(1);

/// Who has the name that a lane's resource is to have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder<'a> {
    /// The id that the target shows.
    pub(crate) id: &'a LocalId,
    /// Its lane, if it is one of ours.
    pub(crate) record: Option<&'a LaneRecord>,
    /// It waits for the name that we have, if only by way of others.
    pub(crate) waits_for_us: bool,
}

/// What follows when another has the name: wait until it gives it up, give way under a name of our own, or wait for a
/// person. `asked` is when the target was asked who has it.
///
/// # Errors
/// The end of this attempt; without one it goes on, under a temporary name.
pub(crate) fn contest(
    lane: &mut Lane,
    own: &Member,
    holder: Holder<'_>,
    asked: Timestamp,
    moment: &Moment,
    policy: TargetPolicy,
) -> Result<(), Failure> {
    let id = holder.id;
    let Some(record) = holder.record else {
        // Its id is a stranger's, and perhaps no id at all: it is not for our messages.
        return Err(name_taken(STRANGERS.to_owned()));
    };
    lane.contested = Some(Member { value: id.into(), kind: own.kind });
    let own = own.value.as_str();
    let wanted = lane.wanted().map(|wanted| wanted.name()).unwrap_or_default();
    let theirs = record.wanted_name();
    if theirs.is_some_and(|theirs| is_same_name(theirs, wanted)) {
        return Err(name_taken(format!(
            "{own} and {id} are to have the same name; rename one of them"
        )));
    }
    // Then the target's index is behind. Who is gone is different: what a target only switches off keeps its name there.
    let is_renamed = record.lane.name_there().is_some_and(|there| !is_same_name(there, wanted));
    // Who has given way has nothing any more that others could wait for.
    let ours = lane.name_there().filter(|ours| *ours != temporary_name(own, ours));
    let swaps = theirs.zip(ours).is_some_and(|(theirs, ours)| is_same_name(theirs, ours));
    if swaps || (holder.waits_for_us && ours.is_some()) {
        if policy.temporary_names && lane.link.is_some() {
            lane.temporary = true;
            return Ok(());
        }
        return Err(name_taken(format!(
            "{own} and {id} wait for each other's name; rename one of them first, or allow temporary names"
        )));
    }
    let ended = record.last().map(|(at, _)| *at).unwrap_or_default();
    let until = match record.due() {
        Some(due) => due.at,
        // Its account was looked at while it was still at work.
        None if record.parked().is_none() && ended >= asked => moment.now,
        None if record.parked().is_none() && is_renamed => {
            let message = format!(
                "the target shows {id} with the name that {own} is to have, but {id} has another by now"
            );
            return Err(lane.fail(Error::new(ErrorKind::Conflict, message)));
        }
        None => {
            return Err(name_taken(format!(
                "the name belongs to the account of {id}, which does not give it up; see to {id} first"
            )));
        }
    };
    let message = format!("{own} waits for the name that {id} is to give up");
    let error = Error::new(ErrorKind::Conflict, message).with_effect(Effect::NotSent);
    let wait = until.since(moment.now).saturating_add(BEHIND);
    Err(Failure::queued(error.with_retry_after(wait)))
}

/// A name that nobody else has: of the host's id, at the domain of the name that it replaces for a moment.
pub(super) fn temporary_name(id: &str, name: &str) -> String {
    match name.rsplit_once('@') {
        Some((_, domain)) => format!("renaming-{id}@{domain}"),
        None => format!("renaming-{id}"),
    }
}
