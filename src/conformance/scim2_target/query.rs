//! The parameters of a query: RFC 7644 sections 3.4.2 and 3.9.

use http::Uri;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::discovery::MAX_RESULTS;
use super::refusal::Refusal;
use super::schema::{GROUP, USER};

/// What is asked of an answer. Parameters that are not known here are ignored.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) filter: Option<String>,
    /// Counted from 1.
    pub(super) start_index: usize,
    pub(super) count: usize,
    pub(super) attributes: Option<Vec<String>>,
    excluded: Vec<String>,
}

impl Query {
    pub(super) fn of(uri: &Uri) -> Result<Self, Refusal> {
        let mut query = Self {
            filter: None,
            start_index: 1,
            count: MAX_RESULTS,
            attributes: None,
            excluded: Vec::new(),
        };
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            match name.as_ref() {
                "filter" => query.filter = Some(value.into_owned()),
                "startIndex" => query.start_index = number(&value)?.max(1),
                "count" => query.count = number(&value)?.min(MAX_RESULTS),
                "attributes" => query.attributes = Some(names(&value)),
                "excludedAttributes" => query.excluded = names(&value),
                _ => {}
            }
        }
        if query.attributes.is_some() && !query.excluded.is_empty() {
            return Err(Refusal::invalid_value(
                "The parameters attributes and excludedAttributes exclude each other.",
            ));
        }
        Ok(query)
    }

    /// The attributes of a resource that are to be returned. Selection works on whole attributes:
    /// who asks for a part of one gets all of it, and a part is never left out.
    pub(super) fn select(&self, resource: &Map<String, Value>) -> Value {
        let is_wanted = |key: &str| match &self.attributes {
            _ if key == "id" || key == "schemas" => true,
            Some(attributes) => attributes.iter().any(|name| names_part_of(name, key)),
            None => !self.excluded.iter().any(|name| name.eq_ignore_ascii_case(key)),
        };
        resource
            .iter()
            .filter(|(key, _)| is_wanted(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

/// Less than zero counts as zero (RFC 7644 section 3.4.2.4).
fn number(text: &str) -> Result<usize, Refusal> {
    text.parse::<i64>()
        .map(|number| usize::try_from(number).unwrap_or_default())
        .map_err(|_| Refusal::invalid_value("A number in the query is no number."))
}

/// The names of a list; the URN of a core schema in front of one says nothing new.
fn names(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            [USER, GROUP]
                .into_iter()
                .find_map(|urn| rest_after(name, urn)?.strip_prefix(':'))
                .unwrap_or(name)
                .to_owned()
        })
        .collect()
}

/// `name`, `name.givenName` and `URN:department` name the key, or a part of it.
fn names_part_of(name: &str, key: &str) -> bool {
    rest_after(name, key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':']))
}

fn rest_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.split_at_checked(start.len())
        .filter(|(first, _)| first.eq_ignore_ascii_case(start))
        .map(|(_, rest)| rest)
}
