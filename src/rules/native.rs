//! Rules without a policy language: filters of RFC 7644 in order, the first that matches decides. Pure.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::clock::{Reading, UtcOffset};
use super::contract::RuleEngine;
use super::decision::{RuleDecision, Verdict};
use super::request::{RuleRequest, trigger_word};
use crate::error::Result;
use crate::model::{ENTERPRISE_USER, Filter, Problems, Resource};

/// The most rules of one text.
const MOST: usize = 256;

/// Rules in order; the first whose filter matches decides, and where none does, none applies.
///
/// As a text, a rule a line; blank lines and lines that begin with `#` are passed over:
///
/// ```text
/// deny if active eq false because "who is switched off stays here"
/// permit if department eq "finance" and time ge "09:00:00" and time le "17:00:00"
/// permit if groups eq "hr"
/// deny because "nobody else"
/// ```
///
/// A filter is asked of the resource's SCIM attributes (`title`, `name.givenName`, `emails[type eq "work"].value`,
/// `urn:example:badge:colour`) together with these, which stand beside them:
///
/// | name | |
/// |---|---|
/// | `groups` | the names of the groups that the resource is in |
/// | `department`, `costCenter`, … | the attributes of the enterprise extension, without its URN; but for `organization` |
/// | `resourceType` | `User` or `Group` |
/// | `operation` | `create`, `update`, `change_members`, `disable` or `delete` |
/// | `trigger` | `api`, `console`, `self_sign_up`, `just_in_time` or `import` |
/// | `organization`, `application`, `connection`, `connector` | by whom, through what and where to; no application is no value |
/// | `date`, `time`, `dateTime` | `2026-11-04`, `10:30:00` and both with the offset, by the rules' own clock |
///
/// What is missing is `eq null`, is `ne` anything else, and meets no other comparison; a comparison that is not met is
/// met under `not`. So `permit if userType ne "Contractor"` and `permit if not (userType eq "Contractor")` permit who has
/// no `userType` at all. Ask for the attribute first: `permit if userType pr and userType ne "Contractor"`. A rule that
/// denies should say what follows from a missing attribute, too.
///
/// ```
/// use outbound_provisioning::model::{Resource, Target, Timestamp, User};
/// use outbound_provisioning::rules::{NativeRules, Operation, RuleRequest, Verdict};
///
/// let rules: NativeRules = r#"
///     permit if groups eq "finance"
///     deny because "finance only"
/// "#.parse()?;
/// let (organization, target) = ("acme".into(), Target::new("hr", "scim2"));
/// let ada = Resource::from(User::new("u-42", "ada"));
/// let request = RuleRequest::new(&organization, &target, Operation::Create, &ada, Timestamp::default());
/// let decision = rules.judge(&request);
/// assert_eq!((decision.verdict, decision.reason()), (Verdict::Deny, Some("finance only")));
///
/// let problems = "permit if title eq".parse::<NativeRules>().unwrap_err();
/// assert!(problems.to_string().starts_with("line 1: "));
/// # Ok::<(), outbound_provisioning::model::Problems>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NativeRules {
    rules: Vec<Rule>,
    offset: UtcOffset,
}

#[derive(Clone, PartialEq, Eq)]
struct Rule {
    permits: bool,
    /// None: always.
    filter: Option<Filter>,
    reason: String,
}

impl NativeRules {
    /// No rule, and a clock that shows UTC.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and then: what matches is permitted.
    #[must_use]
    pub fn permit_if(self, filter: Filter) -> Self {
        self.with(Rule { permits: true, filter: Some(filter), reason: String::new() })
    }

    /// The same, and then: what matches is denied, for this reason.
    #[must_use]
    pub fn deny_if(self, filter: Filter, reason: impl Into<String>) -> Self {
        self.with(Rule { permits: false, filter: Some(filter), reason: reason.into() })
    }

    /// The same, by a clock that is ahead of UTC like this.
    #[must_use]
    pub fn at_offset(mut self, offset: UtcOffset) -> Self {
        self.offset = offset;
        self
    }

    fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The decision on a request, with the number of the rule as its policy: `rule 2`.
    pub fn judge(&self, request: &RuleRequest<'_>) -> RuleDecision {
        let attributes = attributes(request, self.offset);
        for (rule, number) in self.rules.iter().zip(1_usize..) {
            if rule.filter.as_ref().is_none_or(|filter| filter.matches(&attributes)) {
                let verdict = if rule.permits { Verdict::Permit } else { Verdict::Deny };
                return RuleDecision::new(verdict)
                    .because(&rule.reason)
                    .by_policy(format!("rule {number}"));
            }
        }
        RuleDecision::new(Verdict::NotApplicable)
    }
}

/// Shows how many rules there are: what they compare with may be personal.
impl fmt::Debug for NativeRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeRules")
            .field("rules", &self.rules.len())
            .field("offset", &self.offset)
            .finish()
    }
}

#[async_trait]
impl RuleEngine for NativeRules {
    async fn decide(&self, request: &RuleRequest<'_>) -> Result<RuleDecision> {
        Ok(self.judge(request))
    }
}

impl FromStr for NativeRules {
    type Err = Problems;

    /// # Errors
    /// Each line that is no rule, by its number; never its text.
    fn from_str(text: &str) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut rules = Self::new();
        for (line, number) in text.lines().zip(1_usize..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let path = format!("line {number}");
            match Rule::parse(line) {
                Ok(_) if rules.rules.len() >= MOST => {
                    problems.note(path, format!("more than {MOST} rules; ask a policy engine"));
                    break;
                }
                Ok(rule) => rules.rules.push(rule),
                Err(complaint) => problems.note(path, complaint),
            }
        }
        problems.or(rules)
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Self, String> {
        let (word, rest) = first_word(line);
        let permits = match word.to_ascii_lowercase().as_str() {
            "permit" => true,
            "deny" => false,
            _ => return Err("no rule; begin it with permit or deny".to_owned()),
        };
        let (condition, reason) = match reason_at(rest) {
            Some((condition, reason)) => {
                let reason = serde_json::from_str(reason.trim());
                let complaint = "what follows `because` is no text in quotes; write because \"…\"";
                (condition, reason.map_err(|_| complaint)?)
            }
            None => (rest, String::new()),
        };
        let (word, filter) = first_word(condition);
        let filter = match word.to_ascii_lowercase().as_str() {
            "" => None,
            "if" => Some(Filter::parse(filter).map_err(|error| error.to_string())?),
            _ => return Err("after permit or deny stands `if` and a filter".to_owned()),
        };
        Ok(Self { permits, filter, reason })
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

/// What stands before and after the last `because` that is not in quotes.
fn reason_at(text: &str) -> Option<(&str, &str)> {
    const WORD: &str = "because";
    let (mut in_quotes, mut is_escaped, mut after_blank) = (false, false, true);
    let mut found = None;
    for (place, letter) in text.char_indices() {
        if in_quotes {
            in_quotes = is_escaped || letter != '"';
            is_escaped = !is_escaped && letter == '\\';
            after_blank = false;
            continue;
        }
        let word = text.get(place..place + WORD.len());
        if after_blank && word.is_some_and(|word| word.eq_ignore_ascii_case(WORD)) {
            let rest = text.get(place + WORD.len()..).unwrap_or_default();
            if rest.is_empty() || rest.starts_with(|next: char| next == '"' || next.is_whitespace())
            {
                found = Some((text.get(..place).unwrap_or_default(), rest));
            }
        }
        in_quotes = letter == '"';
        after_blank = letter.is_whitespace() || letter == ')';
    }
    found
}

/// What filters are asked of.
fn attributes(request: &RuleRequest<'_>, offset: UtcOffset) -> Map<String, Value> {
    let clock = Reading::of(request.time, offset);
    let mut attributes = request.resource.attributes();
    if let Some(Value::Object(enterprise)) = attributes.get(ENTERPRISE_USER).cloned() {
        for (name, value) in enterprise {
            attributes.entry(name).or_insert(value);
        }
    }
    let groups: Vec<Value> =
        request.groups.iter().map(|name| json!({ "value": name, "display": name })).collect();
    for (name, value) in [
        ("groups", groups.into()),
        (
            "resourceType",
            match request.resource {
                Resource::User(_) => "User".into(),
                Resource::Group(_) => "Group".into(),
            },
        ),
        ("operation", request.operation.word().into()),
        ("trigger", trigger_word(request.trigger).into()),
        ("organization", request.organization.as_str().into()),
        ("application", request.application.map(|id| id.as_str()).into()),
        ("connection", request.connection.as_str().into()),
        ("connector", request.connector.as_str().into()),
        ("date", clock.date().into()),
        ("time", clock.time().into()),
        ("dateTime", clock.date_time().into()),
    ] {
        attributes.insert(name.to_owned(), value);
    }
    attributes
}
