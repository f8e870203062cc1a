//! Filters and resources by chance, out of few words so that they meet often, and what a filter means, written a second
//! time: slowly, by recursion, out of RFC 7644 and not out of the crate.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

/// SplitMix64: the same numbers everywhere.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.next() % choices.len() as u64).unwrap()]
    }
}

pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const BADGE: &str = "urn:example:2.0:badge";

/// Spellings, and the second of the epoch, found by `date -d … +%s`.
pub(crate) const DATES: [(&str, f64); 12] = [
    ("2011-05-13T04:42:34Z", 1_305_261_754.0),
    ("2011-05-13T06:42:34+02:00", 1_305_261_754.0),
    ("2011-05-13t04:42:34.000z", 1_305_261_754.0),
    ("2011-05-12T23:12:34-05:30", 1_305_261_754.0),
    ("2011-05-13T04:42:34.5Z", 1_305_261_754.5),
    ("2011-05-13T04:42:34.49999Z", 1_305_261_754.499_99),
    ("2000-02-29T23:59:59Z", 951_868_799.0),
    ("2000-03-01T00:00:00Z", 951_868_800.0),
    ("1970-01-01T00:00:00Z", 0.0),
    ("1969-12-31T23:59:59Z", -1.0),
    ("1900-03-01T00:00:00Z", -2_203_891_200.0),
    ("9999-12-31T23:59:59Z", 253_402_300_799.0),
];

const TEXTS: [&str; 14] = [
    "a",
    "A",
    "ab",
    "Ab",
    "b",
    "ä",
    "Ä",
    "ΣΑΣ",
    "σας",
    "",
    "work",
    "WORK",
    "o'\"\\\n",
    "2011-05-13",
];

const SIMPLE: [&str; 7] =
    ["userName", "displayName", "title", "active", "externalId", "profileUrl", "level"];
const LISTS: [&str; 6] = ["emails", "photos", "members", "roles", "tags", "addresses"];
const SUBS: [&str; 4] = ["value", "type", "primary", "$ref"];

/// A literal of a filter.
pub(crate) fn literal(dice: &mut Dice) -> Value {
    match dice.below(12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!(dice.below(4)),
        4 => json!(*dice.of(&[-1.5, 0.5, 2.0, 1e21, 1.0e-7])),
        5 => json!(*dice.of(&[i64::MAX, i64::MAX - 1, i64::MIN])),
        6 | 7 => json!(dice.of(&DATES).0),
        _ => json!(*dice.of(&TEXTS)),
    }
}

/// A name as somebody else spells it.
fn spelt(dice: &mut Dice, name: &str) -> String {
    match dice.below(8) {
        0 => name.to_ascii_uppercase(),
        1 => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

/// A resource, or something near one.
pub(crate) fn resource(dice: &mut Dice) -> Map<String, Value> {
    let mut resource = Map::new();
    for name in SIMPLE {
        if dice.one_in(2) {
            let value = if dice.one_in(12) { json!([]) } else { literal(dice) };
            resource.insert(spelt(dice, name), value);
        }
    }
    for name in LISTS {
        if dice.one_in(2) {
            let count = dice.below(4);
            let list = (0..count).map(|_| entry(dice)).collect();
            let list = if dice.one_in(10) { entry(dice) } else { Value::Array(list) };
            resource.insert(spelt(dice, name), list);
        }
    }
    for (name, subs) in
        [("name", ["givenName", "familyName"]), ("meta", ["lastModified", "version"])]
    {
        if dice.one_in(2) {
            resource.insert(spelt(dice, name), members(dice, &subs));
        }
    }
    for urn in [ENTERPRISE, BADGE] {
        if dice.one_in(2) {
            let mut extension = members(dice, &["department", "userName"]);
            if dice.one_in(2) {
                extension["manager"] = members(dice, &["value", "$ref"]);
            }
            resource.insert(spelt(dice, urn), extension);
        }
    }
    resource
}

fn entry(dice: &mut Dice) -> Value {
    if dice.one_in(5) { literal(dice) } else { members(dice, &SUBS) }
}

fn members(dice: &mut Dice, names: &[&str]) -> Value {
    let mut members = Map::new();
    for name in names {
        if dice.one_in(2) {
            let value = if dice.one_in(20) { json!([]) } else { literal(dice) };
            members.insert(spelt(dice, name), value);
        }
    }
    Value::Object(members)
}

/// A path: of the resource, or inside brackets.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) urn: Option<&'static str>,
    pub(crate) name: &'static str,
    pub(crate) sub: Option<&'static str>,
}

/// A filter, as a tree.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Present(Path),
    Compare(Path, &'static str, Value),
    Entry(Path, Box<Self>),
    /// `path[filter].sub`: the last is `Present` or `Compare` of the sub-attribute alone.
    Selected(Path, Box<Self>, Box<Self>),
}

const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

fn path(dice: &mut Dice) -> Path {
    let (urn, name, sub) = match dice.below(9) {
        0 | 1 => (None, *dice.of(&SIMPLE), None),
        2 => (None, *dice.of(&LISTS), None),
        3 | 4 => (None, *dice.of(&LISTS), Some(*dice.of(&SUBS))),
        5 => (None, "name", Some(*dice.of(&["givenName", "familyName"]))),
        6 => (None, "meta", Some(*dice.of(&["lastModified", "version"]))),
        7 => (
            Some(*dice.of(&[ENTERPRISE, BADGE, CORE])),
            *dice.of(&["department", "userName"]),
            None,
        ),
        _ => (
            Some(*dice.of(&[ENTERPRISE, BADGE])),
            "manager",
            *dice.of(&[None, Some("value"), Some("$ref")]),
        ),
    };
    Path { urn, name, sub }
}

/// A filter by chance, with this many nodes at the most.
pub(crate) fn tree(dice: &mut Dice, size: u64) -> Tree {
    some(dice, size, 0, false)
}

/// A filter for the brackets of a value path, as text.
pub(crate) fn in_brackets(dice: &mut Dice) -> String {
    let tree = some(dice, 4, 0, true);
    written(dice, &tree)
}

fn some(dice: &mut Dice, size: u64, depth: u64, is_in_brackets: bool) -> Tree {
    let all = |dice: &mut Dice| {
        let count = 2 + dice.below(3);
        (0..count).map(|_| some(dice, size / count, depth + 1, is_in_brackets)).collect()
    };
    match dice.below(if size > 1 && depth < 8 { 9 } else { 2 }) {
        0..=1 => test(dice, is_in_brackets),
        2..=3 => Tree::And(all(dice)),
        4..=5 => Tree::Or(all(dice)),
        6 => Tree::Not(Box::new(some(dice, size - 1, depth + 1, is_in_brackets))),
        _ if is_in_brackets => test(dice, true),
        number => {
            let name = *dice.of(&["emails", "photos", "members", "tags", "name"]);
            let path = Path { urn: None, name, sub: None };
            let inner = Box::new(some(dice, size - 1, depth + 1, true));
            if number == 7 {
                Tree::Entry(path, inner)
            } else {
                Tree::Selected(path, inner, Box::new(test(dice, true)))
            }
        }
    }
}

fn test(dice: &mut Dice, is_in_brackets: bool) -> Tree {
    let path = if is_in_brackets {
        Path { urn: None, name: dice.of::<&str>(&SUBS), sub: None }
    } else {
        path(dice)
    };
    if dice.one_in(6) {
        Tree::Present(path)
    } else {
        let operator = if dice.one_in(2) { "eq" } else { *dice.of(&OPERATORS) };
        Tree::Compare(path, operator, literal(dice))
    }
}

/// As somebody else writes it: other cases, blanks and brackets.
pub(crate) fn written(dice: &mut Dice, tree: &Tree) -> String {
    let text = match tree {
        Tree::And(trees) | Tree::Or(trees) => {
            let is_and = matches!(tree, Tree::And(_));
            let mut text = String::new();
            for (number, part) in trees.iter().enumerate() {
                if number > 0 {
                    let word = spelt(dice, if is_and { "and" } else { "or" });
                    text += &format!("{}{word}{}", blanks(dice), blanks(dice));
                }
                let part_text = written(dice, part);
                // Only `or` in `and` needs them.
                text += &if matches!(part, Tree::Or(_)) && is_and {
                    format!("({part_text})")
                } else {
                    part_text
                };
            }
            text
        }
        Tree::Not(inner) => {
            let blank = if dice.one_in(2) { " " } else { "" };
            format!("{}{blank}({})", spelt(dice, "not"), written(dice, inner))
        }
        Tree::Present(path) => {
            format!("{}{}{}", place(dice, path), blanks(dice), spelt(dice, "pr"))
        }
        Tree::Compare(path, operator, value) => {
            let (path, operator) = (place(dice, path), spelt(dice, operator));
            format!("{path}{}{operator}{}{value}", blanks(dice), blanks(dice))
        }
        Tree::Entry(path, inner) => format!("{}[{}]", place(dice, path), written(dice, inner)),
        Tree::Selected(path, inner, test) => {
            let path = place(dice, path);
            format!("{path}[{}].{}", written(dice, inner), unbracketed(dice, test))
        }
    };
    if dice.one_in(10) && !matches!(tree, Tree::Not(_)) { format!("( {text} )") } else { text }
}

fn unbracketed(dice: &mut Dice, test: &Tree) -> String {
    let text = written(dice, test);
    text.trim_start_matches("( ").trim_end_matches(" )").to_owned()
}

fn blanks(dice: &mut Dice) -> String {
    " ".repeat(if dice.one_in(10) { 3 } else { 1 })
}

fn place(dice: &mut Dice, path: &Path) -> String {
    let mut text = path.urn.map(|urn| spelt(dice, urn) + ":").unwrap_or_default();
    text += &spelt(dice, path.name);
    if let Some(sub) = path.sub {
        text += ".";
        text += &spelt(dice, sub);
    }
    text
}

// ------------------------------------------------------------------------------------------------
// What it means

/// Whether the resource meets the filter.
pub(crate) fn meets(tree: &Tree, resource: &Value) -> bool {
    meant(tree, resource, None)
}

fn meant(tree: &Tree, holder: &Value, bracket: Option<&str>) -> bool {
    match tree {
        Tree::And(trees) => trees.iter().all(|tree| meant(tree, holder, bracket)),
        Tree::Or(trees) => trees.iter().any(|tree| meant(tree, holder, bracket)),
        Tree::Not(tree) => !meant(tree, holder, bracket),
        Tree::Present(path) => {
            let values = match path.sub {
                None => listed(attribute(holder, path)),
                Some(sub) => values_of(holder, path, sub).into_iter().flat_map(listed).collect(),
            };
            values.iter().any(has_content)
        }
        Tree::Compare(path, operator, wanted) => {
            let candidates: Vec<Value> = match path.sub {
                Some(sub) => values_of(holder, path, sub)
                    .into_iter()
                    .flat_map(|value| or_null(listed(value)))
                    .collect(),
                None => listed(attribute(holder, path)).iter().map(default_of).collect(),
            };
            let exact = is_exact(path, bracket);
            or_null(candidates).iter().any(|value| relation(value, operator, wanted, exact))
        }
        Tree::Entry(path, inner) => {
            listed(attribute(holder, path)).iter().any(|entry| meant(inner, entry, Some(path.name)))
        }
        Tree::Selected(path, inner, test) => {
            let chosen: Vec<Value> = listed(attribute(holder, path))
                .into_iter()
                .filter(|entry| meant(inner, entry, Some(path.name)))
                .collect();
            // The sub-attribute of no value at all is that of an empty one.
            let chosen = if chosen.is_empty() { vec![json!({})] } else { chosen };
            chosen.iter().any(|entry| meant(test, entry, Some(path.name)))
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    [json!(null), json!([]), json!({})].contains(value)
}

/// The values of a list without those that are nothing; one value is a list of one.
fn listed(value: Value) -> Vec<Value> {
    let values = if let Value::Array(values) = value { values } else { vec![value] };
    values.into_iter().filter(|value| !is_nothing(value)).collect()
}

fn or_null(values: Vec<Value>) -> Vec<Value> {
    if values.is_empty() { vec![Value::Null] } else { values }
}

/// A member of an object, whatever its case; `value` of what is no object is itself.
fn member(holder: &Value, name: &str) -> Value {
    match holder {
        Value::Object(members) => members
            .iter()
            .find(|(key, _)| key.to_lowercase() == name.to_lowercase())
            .map(|(_, value)| value.clone())
            .unwrap_or_default(),
        Value::Array(_) => Value::Null,
        plain if name == "value" => plain.clone(),
        _ => Value::Null,
    }
}

fn attribute(holder: &Value, path: &Path) -> Value {
    match path.urn {
        None | Some(CORE) => member(holder, path.name),
        Some(urn) => match member(holder, urn) {
            Value::Object(extension) => member(&Value::Object(extension), path.name),
            _ => Value::Null,
        },
    }
}

/// The sub-attribute in each value of the attribute.
fn values_of(holder: &Value, path: &Path, sub: &str) -> Vec<Value> {
    listed(attribute(holder, path)).iter().map(|entry| member(entry, sub)).collect()
}

/// What a value with sub-attributes is compared as.
fn default_of(value: &Value) -> Value {
    let inner = if value.is_object() { member(value, "value") } else { Value::Null };
    if is_nothing(&inner) { value.clone() } else { inner }
}

fn has_content(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(has_content),
        Value::Object(members) => members.values().any(has_content),
        value => !value.is_null() && *value != json!(""),
    }
}

fn is_exact(path: &Path, bracket: Option<&str>) -> bool {
    // Inside brackets the name is a sub-attribute of what stands before them.
    let (name, sub) = match bracket {
        Some(bracket) => (bracket, Some(path.name)),
        None => (path.name, path.sub),
    };
    let sub = sub.unwrap_or(if name == "id" || name == "externalId" { "" } else { "value" });
    match path.urn {
        Some(ENTERPRISE) if name == "manager" => true,
        Some(urn) if urn != CORE => sub == "$ref",
        _ => {
            sub == "$ref"
                || [
                    "externalId.",
                    "profileUrl.value",
                    "photos.value",
                    "members.value",
                    "meta.version",
                ]
                .contains(&format!("{name}.{sub}").as_str())
        }
    }
}

fn relation(value: &Value, operator: &str, wanted: &Value, exact: bool) -> bool {
    if let (Some(value), Some(wanted)) = (value.as_str(), wanted.as_str()) {
        let fold = |text: &str| {
            if exact { text.to_owned() } else { text.to_lowercase().replace('ς', "σ") }
        };
        let (value, wanted) = (fold(value), fold(wanted));
        match operator {
            "co" => return value.contains(&wanted),
            "sw" => return value.starts_with(&wanted),
            "ew" => return value.ends_with(&wanted),
            _ => {}
        }
    }
    let order = order(value, wanted, exact);
    match operator {
        "eq" => value == wanted || order == Some(Ordering::Equal),
        "ne" => value != wanted && order != Some(Ordering::Equal),
        "gt" => order == Some(Ordering::Greater),
        "lt" => order == Some(Ordering::Less),
        "ge" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        "le" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => false,
    }
}

/// Texts and numbers are in an order.
fn order(value: &Value, wanted: &Value, exact: bool) -> Option<Ordering> {
    let second = |text: &str| DATES.iter().find(|(date, _)| *date == text).map(|(_, at)| *at);
    match (value, wanted) {
        (Value::String(value), Value::String(wanted)) if exact => Some(value.cmp(wanted)),
        (Value::String(value), Value::String(wanted)) => match (second(value), second(wanted)) {
            (Some(value), Some(wanted)) => value.partial_cmp(&wanted),
            _ => {
                let fold = |text: &str| text.to_lowercase().replace('ς', "σ");
                Some(fold(value).cmp(&fold(wanted)))
            }
        },
        (Value::Number(value), Value::Number(wanted)) => match (value.as_i64(), wanted.as_i64()) {
            (Some(value), Some(wanted)) => Some(value.cmp(&wanted)),
            _ => value.as_f64()?.partial_cmp(&wanted.as_f64()?),
        },
        _ => None,
    }
}
