//! One value against another (RFC 7644 section 3.4.2.2, table 3).

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::date_time;
use super::operator::Operator;

/// Whether a filter may compare with this: no list and no object.
pub(super) fn is_literal(wanted: &Value) -> bool {
    !wanted.is_array() && !wanted.is_object()
}

/// Whether an assigned value stands in this relation to the wanted one. Case is asked for only where it matters.
pub(super) fn holds(
    value: &Value,
    operator: Operator,
    wanted: &Value,
    is_case_exact: impl FnOnce() -> bool,
) -> bool {
    if !is_literal(wanted) {
        return false;
    }
    let order = match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => {
            return texts(value, operator, wanted, is_case_exact());
        }
        (Value::Number(value), Value::Number(wanted)) => numbers(value, wanted),
        // Equal, but in no order: handled like the unequal by all but `eq` and `ne`.
        (Value::Bool(value), Value::Bool(wanted)) if value == wanted => {
            return operator == Operator::Equal;
        }
        _ => None,
    };
    ordered(operator, order)
}

/// Whether a text is the wanted one, where case does not count.
pub(crate) fn same_text(text: &str, wanted: &str) -> bool {
    texts(text, Operator::Equal, wanted, false)
}

fn ordered(operator: Operator, order: Option<Ordering>) -> bool {
    match operator {
        Operator::Equal => order == Some(Ordering::Equal),
        Operator::NotEqual => order != Some(Ordering::Equal),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => order.is_some_and(Ordering::is_le),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}

fn numbers(value: &Number, wanted: &Number) -> Option<Ordering> {
    // Whole numbers of any size first: as floats, large ones would be the same.
    match (value.as_i128(), wanted.as_i128()) {
        (Some(value), Some(wanted)) => Some(value.cmp(&wanted)),
        _ => value.as_f64()?.partial_cmp(&wanted.as_f64()?),
    }
}

fn texts(value: &str, operator: Operator, wanted: &str, is_case_exact: bool) -> bool {
    match operator {
        Operator::Contains if is_case_exact => value.contains(wanted),
        Operator::StartsWith if is_case_exact => value.starts_with(wanted),
        Operator::EndsWith if is_case_exact => value.ends_with(wanted),
        Operator::Contains => contains(value, wanted),
        Operator::StartsWith => match ascii(value, wanted) {
            Some((value, wanted)) => {
                value.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
            }
            None => begins(folded(value), folded(wanted)),
        },
        Operator::EndsWith => match ascii(value, wanted) {
            Some((value, wanted)) => value
                .len()
                .checked_sub(wanted.len())
                .and_then(|start| value.get(start..))
                .is_some_and(|end| end.eq_ignore_ascii_case(wanted)),
            None => begins(folded(value).rev(), folded(wanted).rev()),
        },
        // An id that looks like a date-time is still an id.
        _ if is_case_exact => ordered(operator, Some(value.cmp(wanted))),
        _ => {
            let order = if value.eq_ignore_ascii_case(wanted) {
                Ordering::Equal
            } else {
                date_time::compared(value, wanted)
                    .unwrap_or_else(|| folded(value).cmp(folded(wanted)))
            };
            ordered(operator, Some(order))
        }
    }
}

/// A text without its case: small letters, and a sigma at the end of a word like any other.
fn folded(text: &str) -> impl DoubleEndedIterator<Item = char> + Clone {
    text.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter })
}

fn begins(mut text: impl Iterator<Item = char>, mut start: impl Iterator<Item = char>) -> bool {
    start.all(|letter| text.next() == Some(letter))
}

/// Most texts are, and then a byte is a letter.
fn ascii<'a>(one: &'a str, other: &'a str) -> Option<(&'a [u8], &'a [u8])> {
    (one.is_ascii() && other.is_ascii()).then_some((one.as_bytes(), other.as_bytes()))
}

/// Letter by letter up to here, in pairs of letters; beyond, a copy is searched in linear time instead.
const SMALL: usize = 1 << 14;

fn contains(text: &str, part: &str) -> bool {
    if text.len().saturating_mul(part.len()) > SMALL {
        let part: String = folded(part).collect();
        return folded(text).collect::<String>().contains(&part);
    }
    if let Some((text, part)) = ascii(text, part) {
        return part.is_empty()
            || text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    }
    let mut from = folded(text);
    loop {
        if begins(from.clone(), folded(part)) {
            return true;
        }
        if from.next().is_none() {
            return false;
        }
    }
}
