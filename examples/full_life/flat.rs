//! A user as a set of texts by attribute: the form in which wanted and shown are compared. Read by what RFC 7643 says,
//! leniently, and not by the library's own model.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub(crate) type Flat = BTreeMap<&'static str, BTreeSet<String>>;

/// An attribute that is compared, and under which top-level name it travels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) root: &'static str,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Of(&'static str),
    Values,
    /// A part of each value of a list, with the value.
    Each(&'static str),
}

const fn attribute(name: &'static str, root: &'static str, part: Part) -> Attribute {
    Attribute { name, root, part }
}

/// Between a value of a list and what is said of it.
pub(crate) const IS: &str = " is ";

/// `active` and `userName` have rules of their own, and stand first.
pub(crate) const ATTRIBUTES: [Attribute; 15] = [
    attribute("active", "active", Part::Whole),
    attribute("userName", "userName", Part::Whole),
    attribute("displayName", "displayName", Part::Whole),
    attribute("nickName", "nickName", Part::Whole),
    attribute("title", "title", Part::Whole),
    attribute("name.givenName", "name", Part::Of("givenName")),
    attribute("name.familyName", "name", Part::Of("familyName")),
    attribute("emails", "emails", Part::Values),
    attribute("emails.type", "emails", Part::Each("type")),
    attribute("emails.primary", "emails", Part::Each("primary")),
    attribute("phoneNumbers", "phoneNumbers", Part::Values),
    attribute("phoneNumbers.type", "phoneNumbers", Part::Each("type")),
    attribute("enterprise.employeeNumber", ENTERPRISE, Part::Of("employeeNumber")),
    attribute("enterprise.department", ENTERPRISE, Part::Of("department")),
    attribute("enterprise.manager", ENTERPRISE, Part::Of("manager")),
];

impl Attribute {
    /// The list of values that this is a part of.
    pub(crate) fn list(self) -> Option<&'static str> {
        matches!(self.part, Part::Each(_)).then_some(self.root)
    }

    pub(crate) fn is_list(self) -> bool {
        self.part == Part::Values
    }
}

/// A user; `whose` tells the host's id of one of the target's.
pub(crate) fn flat(user: &Value, whose: impl Fn(&str) -> Option<String>) -> Flat {
    let mut flat = Flat::new();
    for attribute in ATTRIBUTES {
        let value = field(user, attribute.root);
        let texts: BTreeSet<String> = match attribute.part {
            Part::Whole => value.and_then(text).into_iter().collect(),
            Part::Of("manager") => {
                let manager = value.and_then(|value| field(value, "manager"));
                let id = manager.and_then(|manager| {
                    text(manager).or_else(|| field(manager, "value").and_then(text))
                });
                id.map(|id| whose(&id).unwrap_or(id)).into_iter().collect()
            }
            Part::Of(part) => {
                value.and_then(|value| field(value, part)).and_then(text).into_iter().collect()
            }
            Part::Values => values(value).into_iter().map(|(value, _)| value).collect(),
            Part::Each("primary") => values(value)
                .into_iter()
                .filter(|(_, entry)| field(entry, "primary").is_some_and(is_true))
                .map(|(value, _)| format!("{value}{IS}primary"))
                .collect(),
            Part::Each(part) => values(value)
                .into_iter()
                .filter_map(|(value, entry)| Some((field(entry, part).and_then(text)?, value)))
                .map(|(label, value)| format!("{value}{IS}{label}"))
                .collect(),
        };
        flat.insert(attribute.name, texts);
    }
    // A missing `active` counts as true (RFC 7643 section 4.1.1 leaves it to the server).
    let active = field(user, "active").is_none_or(is_true);
    flat.insert("active", BTreeSet::from([active.to_string()]));
    flat
}

/// The values of a list, each with the entry that it stands in.
fn values(list: Option<&Value>) -> Vec<(String, &Value)> {
    let entries = match list {
        Some(Value::Array(entries)) => entries.iter().collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(single) => vec![single],
    };
    entries
        .into_iter()
        .filter_map(|entry| {
            Some((text(entry).or_else(|| field(entry, "value").and_then(text))?, entry))
        })
        .collect()
}

/// Names are compared without case (RFC 7643 section 2.1).
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?;
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Text, or a number or boolean as text; nothing for the empty text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The names of schemas and of users' attributes in an answer of `/Schemas`, in lower case.
pub(crate) fn known_attributes(answer: &Value) -> Option<BTreeSet<String>> {
    let schemas = match answer {
        Value::Array(schemas) => schemas,
        list => field(list, "Resources")?.as_array()?,
    };
    let mut names = BTreeSet::new();
    for schema in schemas {
        let id = field(schema, "id").and_then(text)?;
        names.insert(fold(&id));
        if fold(&id).ends_with("core:2.0:user") {
            let attributes = field(schema, "attributes")?.as_array()?;
            let name = |attribute| field(attribute, "name").and_then(text);
            names.extend(attributes.iter().filter_map(name).map(|name| fold(&name)));
        }
    }
    Some(names)
}

pub(crate) fn is_true(value: &Value) -> bool {
    text(value).is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1")
}

pub(crate) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}
