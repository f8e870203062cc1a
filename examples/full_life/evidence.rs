//! What the target itself has said, in the answers to what was sent to it.

use http::Method;
use serde_json::Value;

use crate::count::Exchange;
use crate::flat::field;

/// Users or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
}

impl Kind {
    fn collection(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Group => "groups",
        }
    }
}

/// Everything that was sent, and questions about it.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'a>(pub(crate) &'a [Exchange]);

impl<'a> Evidence<'a> {
    fn of(self, kind: Kind) -> impl Iterator<Item = &'a Exchange> {
        self.0.iter().filter(move |exchange| is_kind(exchange, kind))
    }

    /// Whether a write that carried the attribute was taken.
    pub(crate) fn was_taken(self, kind: Kind, attribute: &str) -> bool {
        self.of(kind).any(|exchange| exchange.is_taken() && carries(exchange, attribute))
    }

    /// Whether a write that carried the attribute was refused.
    pub(crate) fn was_refused(self, kind: Kind, attribute: &str) -> bool {
        self.of(kind).any(|exchange| exchange.is_refused() && carries(exchange, attribute))
    }

    /// Whether a change of the attribute was tried in a way in which other changes were taken.
    pub(crate) fn was_change_tried(self, kind: Kind, attribute: &str) -> bool {
        [Method::PATCH, Method::PUT].into_iter().any(|method| {
            let changes = || self.of(kind).filter(|exchange| exchange.method == method);
            let was_tried = changes().any(|exchange| {
                (exchange.is_taken() || exchange.is_refused()) && carries(exchange, attribute)
            });
            was_tried && changes().any(Exchange::is_taken)
        })
    }

    /// Whether more values of the attribute than these were ever sent at once, or one was added to others.
    pub(crate) fn was_sent_more(self, kind: Kind, attribute: &str, most: usize) -> bool {
        self.of(kind).filter(|exchange| carries(exchange, attribute)).any(|exchange| {
            let values = exchange.sent.as_ref().and_then(|sent| field(sent, attribute));
            exchange.method == Method::PATCH
                || values.and_then(Value::as_array).is_some_and(|values| values.len() > most)
        })
    }

    /// Targets' ids for which DELETE was answered, whatever was said.
    pub(crate) fn deleted(self, kind: Kind) -> Vec<&'a str> {
        let deletes = self
            .of(kind)
            .filter(|exchange| exchange.method == Method::DELETE)
            .filter(|exchange| exchange.is_taken() || says_no(exchange));
        deletes.filter_map(|exchange| exchange.path.rsplit('/').next()).collect()
    }

    /// Whether the target said no to DELETE of this one.
    pub(crate) fn was_delete_refused(self, kind: Kind, id: &str) -> bool {
        self.of(kind).any(|exchange| {
            exchange.method == Method::DELETE && exchange.is_about(id) && says_no(exchange)
        })
    }
}

fn says_no(exchange: &Exchange) -> bool {
    exchange.is_refused() || exchange.is_unknown_method()
}

fn is_kind(exchange: &Exchange, kind: Kind) -> bool {
    exchange.path.rsplit('/').take(2).any(|part| part.eq_ignore_ascii_case(kind.collection()))
}

/// Whether a write carries an attribute, by its top-level name.
fn carries(exchange: &Exchange, attribute: &str) -> bool {
    let Some(sent) = exchange.sent.as_ref().filter(|_| exchange.writes()) else { return false };
    if exchange.method != Method::PATCH {
        return field(sent, attribute).is_some();
    }
    let operations = field(sent, "Operations").and_then(Value::as_array);
    operations.into_iter().flatten().any(|operation| {
        let value = field(operation, "value").and_then(Value::as_object);
        match field(operation, "path").and_then(Value::as_str) {
            Some(path) => leads_to(path, attribute),
            None => value.is_some_and(|value| value.keys().any(|key| leads_to(key, attribute))),
        }
    })
}

/// `name`, `name.givenName`, `emails[type eq "work"].value` and `URN:department` lead to what they begin with.
fn leads_to(path: &str, attribute: &str) -> bool {
    path.split_at_checked(attribute.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(attribute)
            && (rest.is_empty() || rest.starts_with(['.', '[', ':']))
    })
}
