//! What can be said of rules before there is a user: unknown attributes, types that do not go together, two rules for
//! one attribute, an attribute that the target requires and nothing makes.

use serde_json::Value;

use super::kind::Kind;
use super::place::{Found, Known, known, remedy};
use super::rule::{Base, Mapping, Rule, Source, When};
use super::schema::{AttributeKind, AttributeSpec, Shape, TargetSchema};
use crate::model::extension::USER_STORE;
use crate::model::filter::ValuePath;
use crate::model::kind::ResourceKind;
use crate::model::path::AttributePath;
use crate::model::problem::Problems;

/// Where the rule of an index stands.
pub(super) type PlaceOf<'a> = &'a dyn Fn(usize) -> String;

/// Everything that is wrong with rules, whatever the target.
pub(super) fn rules(
    rules: &[Rule],
    kind: ResourceKind,
    place: PlaceOf<'_>,
    problems: &mut Problems,
) {
    for (index, rule) in rules.iter().enumerate() {
        one(rule, kind, &place(index), problems);
        let earlier = rules.iter().take(index).enumerate();
        for (other, earlier) in earlier {
            if overlap(rule.to(), earlier.to()) {
                let message = format!(
                    "two rules for one attribute: {} has it already; remove one",
                    place(other)
                );
                problems.note(format!("{}.to", place(index)), message);
                break;
            }
        }
        if let Source::Rename(old) = &rule.source {
            let clash = rules.iter().position(|other| overlap(old, other.to()));
            if let Some(other) = clash {
                let message = format!(
                    "two rules for one attribute: {} makes what is renamed; use from",
                    place(other)
                );
                problems.note(format!("{}.rename", place(index)), message);
            }
        }
    }
}

impl Mapping {
    /// Notes everything that is wrong with the rules whatever the target, each with its place below `path`: an attribute
    /// that is not there or nobody's to write, types that do not go together, two rules for one attribute.
    ///
    /// For a mapping that is built in code: [`from_json`](Self::from_json) notes the same as it reads.
    /// [`OrganizationConfiguration::check`](crate::model::OrganizationConfiguration::check) asks it of every mapping.
    ///
    /// ```
    /// use outbound_provisioning::model::{Problems, ValuePath};
    /// use outbound_provisioning::model::mapping::{Mapping, Rule, Source};
    ///
    /// let mapping = Mapping::new().with_user_rule(Rule::new(ValuePath::parse("active")?, Source::Drop));
    /// let mut problems = Problems::new();
    /// mapping.check_rules("mapping", &mut problems);
    /// assert_eq!(problems.to_string(), "mapping.users[0].drop: no account can be without it; give it a value");
    /// # Ok::<(), outbound_provisioning::model::FilterError>(())
    /// ```
    pub fn check_rules(&self, path: &str, problems: &mut Problems) {
        for (list, kind) in [("users", ResourceKind::User), ("groups", ResourceKind::Group)] {
            rules(self.rules(kind), kind, &|index| format!("{path}.{list}[{index}]"), problems);
        }
    }

    /// Notes everything that does not fit what a target takes, each with its place below `path`: an attribute it does
    /// not have, a value of the wrong type, and what it requires and nothing makes. Where
    /// [`check_rules`](Self::check_rules) noted something for these problems, nothing more is said.
    ///
    /// ```
    /// use outbound_provisioning::model::{Problems, ResourceKind, ValuePath};
    /// use outbound_provisioning::model::mapping::{Base, Mapping, TargetSchema};
    ///
    /// let mut problems = Problems::new();
    /// let mut target = TargetSchema::rfc7643(ResourceKind::User);
    /// target.attributes.iter_mut().filter(|spec| spec.path.attribute == "title").for_each(|spec| spec.required = true);
    /// Mapping::new().with_base(Base::Nothing).check(&target, "mapping", &mut problems);
    /// assert_eq!(problems.to_string(), "mapping.users: the target requires `title` and no rule makes it; add one");
    /// ```
    pub fn check(&self, target: &TargetSchema, path: &str, problems: &mut Problems) {
        let list = match target.kind {
            ResourceKind::User => "users",
            ResourceKind::Group => "groups",
        };
        let rules = self.rules(target.kind);
        for (index, rule) in rules.iter().enumerate() {
            let path = format!("{path}.{list}[{index}]");
            at_target(rule, target, &path, problems);
        }
        let required = target.attributes.iter().filter(|spec| spec.required);
        for spec in required {
            let is_made = |rule: &Rule| {
                rule.to().attribute().covers(&spec.path)
                    && !matches!(rule.source, Source::Drop | Source::Clear)
            };
            let is_lost = |rule: &Rule| {
                rule.to().filter().is_none()
                    && rule.to().attribute().covers(&spec.path)
                    && matches!(rule.source, Source::Drop | Source::Clear)
            };
            let is_renamed = |rule: &Rule| match &rule.source {
                Source::Rename(old) => old.attribute().covers(&spec.path),
                _ => false,
            };
            let passes = self.base == Base::All || stays(target.kind, &spec.path);
            let lost = rules.iter().any(is_lost) || rules.iter().any(is_renamed);
            if !rules.iter().any(is_made) && (lost || !passes) {
                problems.note(
                    format!("{path}.{list}"),
                    format!("the target requires `{}` and no rule makes it; add one", spec.path),
                );
            }
        }
    }
}

/// What one rule says, whatever the target.
fn one(rule: &Rule, kind: ResourceKind, place: &str, problems: &mut Problems) {
    let to = rule.to();
    let path = to.attribute();
    if let Some(why) = refused(kind, path) {
        return problems.note(format!("{place}.to"), why);
    }
    if rule.otherwise.is_some()
        && matches!(rule.source, Source::Constant(_) | Source::Drop | Source::Clear)
    {
        let message = format!("never used beside {}; remove one of them", rule.source.word());
        problems.note(format!("{place}.default"), message);
    }
    let mut is_readable = true;
    let mut read = |from: &ValuePath, key: &str| {
        let complaint = match known(kind, from) {
            Known::Missing => format!("no such attribute; {}", remedy(kind, from)),
            Known::Open | Known::Attribute(_) => return,
        };
        is_readable = false;
        problems.note(format!("{place}.{key}"), complaint);
    };
    match &rule.source {
        Source::Copy(from) => read(from, if from == to { "to" } else { "from" }),
        Source::Rename(from) => {
            read(from, "rename");
            if refused(kind, from.attribute()).is_some() || stays(kind, from.attribute()) {
                problems.note(format!("{place}.rename"), "no account can be without it; use from");
                return;
            }
        }
        Source::Expression(expression) => {
            let mut names = Vec::new();
            expression.each_attribute(&mut |reading| names.push(reading.path()));
            for from in names {
                read(from, "expression");
            }
        }
        Source::Constant(_) | Source::Drop | Source::Clear => {}
    }
    let found = match known(kind, to) {
        Known::Attribute(found) => found,
        Known::Open => return,
        Known::Missing => {
            // Said already of a default on its own.
            if is_readable || !matches!(&rule.source, Source::Copy(from) if from == to) {
                problems.note(
                    format!("{place}.to"),
                    format!("no such attribute; {}", remedy(kind, to)),
                );
            }
            return;
        }
    };
    if found.is_part() && found.is_many() {
        let message = format!(
            "which of several values is not said; add a filter, as in {}[type eq \"work\"].{}",
            path.attribute,
            path.sub_attribute.as_deref().unwrap_or("value"),
        );
        return problems.note(format!("{place}.to"), message);
    }
    if stays(kind, path) && matches!(rule.source, Source::Drop | Source::Clear) {
        let message = "no account can be without it; give it a value";
        return problems.note(format!("{place}.{}", rule.source.word()), message);
    }
    if kind == ResourceKind::User && is_active(path) {
        let key = match rule.when {
            _ if rule.otherwise.is_some() => Some("default"),
            When::CreateOnly => Some("on"),
            When::Always => None,
        };
        if let Some(key) = key {
            let message = "whether an account may be used is said at every change; remove it";
            return problems.note(format!("{place}.{key}"), message);
        }
    }
    if is_readable {
        fits(rule, kind, found, place, problems);
    }
}

/// Whether a path leads to what says if an account may be used.
fn is_active(path: &AttributePath) -> bool {
    path.extension().is_none() && path.attribute.eq_ignore_ascii_case("active")
}

/// Why an attribute is nobody's to write.
fn refused(kind: ResourceKind, path: &AttributePath) -> Option<&'static str> {
    let schema = path.schema.as_deref();
    if schema.is_some_and(|urn| urn.eq_ignore_ascii_case(USER_STORE)) {
        return Some("the user store's domain is never sent; use UserStore() in an expression");
    }
    let is = |name: &str| path.attribute.eq_ignore_ascii_case(name);
    match kind {
        _ if path.extension().is_some() => None,
        _ if is("externalId") => {
            Some("the host's id proves that an account is ours; it is not mapped")
        }
        _ if is("id") || is("meta") || is("schemas") => {
            Some("the target sets it; it is not mapped")
        }
        _ if is("password") => Some("passwords travel beside the user; they are not mapped"),
        ResourceKind::Group if is("members") => {
            Some("members travel by themselves; they are not mapped")
        }
        _ => None,
    }
}

/// Whether the values that a rule makes can be what the attribute holds.
fn fits(rule: &Rule, kind: ResourceKind, found: Found, place: &str, problems: &mut Problems) {
    if rule.otherwise.as_ref().is_some_and(|value| !constant_fits(value, found)) {
        problems.note(format!("{place}.default"), wrong_type(found));
    }
    let complaint = match &rule.source {
        Source::Constant(value) => !constant_fits(value, found),
        Source::Copy(from) | Source::Rename(from) => match known(kind, from) {
            Known::Attribute(source) => !copy_fits(source, found),
            Known::Open | Known::Missing => false,
        },
        Source::Expression(expression) => !made_fits(expression.kind(), found),
        Source::Drop | Source::Clear => false,
    };
    if complaint {
        problems.note(format!("{place}.{}", rule.source.word()), wrong_type(found));
    }
}

fn wrong_type(found: Found) -> String {
    let wanted = match found.row.kind {
        _ if found.row.shape == Shape::Manager || found.row.kind == AttributeKind::Reference => {
            "a reference, copied whole and never computed"
        }
        AttributeKind::Boolean => "true or false",
        AttributeKind::Number => "a number",
        AttributeKind::DateTime => "a date and time",
        AttributeKind::Binary => "bytes in base64",
        AttributeKind::Complex if found.is_many() => "a list of values",
        AttributeKind::Complex => "a value with its parts",
        AttributeKind::Text | AttributeKind::Reference => "a text",
    };
    format!("wrong type; the attribute holds {wanted}")
}

fn constant_fits(value: &Value, found: Found) -> bool {
    let is_object_of = |value: &Value| match value {
        Value::Object(parts) => parts.values().all(|part| !part.is_array() && !part.is_object()),
        Value::String(_) => matches!(found.row.shape, Shape::Value | Shape::Manager),
        _ => false,
    };
    match (found.row.kind, value) {
        (AttributeKind::Complex, Value::Array(values)) => {
            found.is_many() && values.iter().all(is_object_of)
        }
        (AttributeKind::Complex, value) => is_object_of(value),
        (AttributeKind::Reference, value) => {
            if found.is_part() {
                value.is_string()
            } else {
                is_object_of(value)
            }
        }
        (AttributeKind::Boolean, value) => value.is_boolean(),
        (AttributeKind::Number, value) => value.is_number(),
        (_, value) => value.is_string() || value.is_number() || value.is_boolean(),
    }
}

fn copy_fits(source: Found, found: Found) -> bool {
    let (from, to) = (source.row, found.row);
    match (from.shape, to.shape) {
        (Shape::Simple, Shape::Simple) => {
            from.kind == to.kind
                || (to.kind == AttributeKind::Text && from.kind != AttributeKind::Reference)
        }
        // A text stands for a value without a label.
        (Shape::Simple, Shape::Value) => from.kind == AttributeKind::Text,
        (Shape::Simple, Shape::Manager) => from.kind == AttributeKind::Reference,
        (from, to) => from == to,
    }
}

fn made_fits(made: Kind, found: Found) -> bool {
    match (found.row.kind, made) {
        (_, Kind::Any) => true,
        (AttributeKind::Reference, made) => made == Kind::Complex && !found.is_part(),
        (AttributeKind::Complex, Kind::Complex) => true,
        (AttributeKind::Complex, Kind::Text | Kind::List) => found.row.shape == Shape::Value,
        (AttributeKind::Complex, _) | (_, Kind::Complex) => false,
        (AttributeKind::Boolean, made) => made == Kind::Boolean,
        (AttributeKind::Number, made) => made == Kind::Number,
        (_, _) => true,
    }
}

/// What one rule says to a target that describes itself.
fn at_target(rule: &Rule, target: &TargetSchema, place: &str, problems: &mut Problems) {
    if rule.source == Source::Drop {
        return;
    }
    let to = rule.to().attribute();
    let Some(spec) = target.attributes.iter().find(|spec| same(&spec.path, to)) else {
        let has_whole = to.sub_attribute.is_some()
            && target.attributes.iter().any(|spec| spec.path.covers(to))
            && !target.attributes.iter().any(|spec| {
                spec.path.sub_attribute.is_some() && without_part(to).covers(&spec.path)
            });
        let is_extension = to.extension().is_some_and(|urn| {
            !target.attributes.iter().any(|spec| {
                spec.path.schema.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(urn))
            })
        });
        if !(has_whole || (target.open && is_extension)) {
            let message = "the target has no such attribute; name one it has";
            note_first(format!("{place}.to"), message, problems);
        }
        return;
    };
    if !described_fits(rule, spec) {
        let message = "wrong type; the target's attribute holds something else";
        note_first(format!("{place}.{}", rule.source.word()), message, problems);
    }
}

/// Notes a problem, unless something is noted of the place already.
fn note_first(place: String, message: &str, problems: &mut Problems) {
    if problems.iter().all(|known| known.path != place) {
        problems.note(place, message);
    }
}

/// Only what is certainly wrong: a target's description is coarser than RFC 7643.
fn described_fits(rule: &Rule, spec: &AttributeSpec) -> bool {
    let fits_constant = |value: &Value| match spec.kind {
        AttributeKind::Boolean => value.is_boolean(),
        AttributeKind::Number => value.is_number(),
        AttributeKind::Text | AttributeKind::DateTime | AttributeKind::Binary => {
            !value.is_object() && (spec.multi_valued || !value.is_array())
        }
        AttributeKind::Complex | AttributeKind::Reference => true,
    };
    let made = match &rule.source {
        Source::Constant(value) => return fits_constant(value),
        Source::Expression(expression) => expression.kind(),
        Source::Copy(_) | Source::Rename(_) => {
            rule.read.as_ref().map_or(Kind::Any, super::place::Reading::kind)
        }
        Source::Drop | Source::Clear => return true,
    };
    match (spec.kind, made) {
        (_, Kind::Any) => true,
        (AttributeKind::Boolean, made) => made == Kind::Boolean,
        (AttributeKind::Number, made) => made == Kind::Number,
        (AttributeKind::Text | AttributeKind::DateTime | AttributeKind::Binary, made) => {
            made != Kind::Complex
        }
        (AttributeKind::Reference, made) => {
            made == Kind::Complex || !matches!(rule.source, Source::Expression(_))
        }
        (AttributeKind::Complex, _) => true,
    }
}

/// Attributes that pass even if nothing does.
pub(crate) fn stays(kind: ResourceKind, path: &AttributePath) -> bool {
    let is = |name: &str| path.extension().is_none() && path.attribute.eq_ignore_ascii_case(name);
    is("externalId")
        || match kind {
            ResourceKind::User => is("userName") || is("active"),
            ResourceKind::Group => is("displayName"),
        }
}

fn same(one: &AttributePath, other: &AttributePath) -> bool {
    one.covers(other) && other.covers(one)
}

fn without_part(path: &AttributePath) -> AttributePath {
    AttributePath { sub_attribute: None, ..path.clone() }
}

/// Whether two rules would write in one place.
fn overlap(one: &ValuePath, other: &ValuePath) -> bool {
    let (left, right) = (one.attribute(), other.attribute());
    if !(left.covers(right) || right.covers(left)) {
        return false;
    }
    match (one.filter(), other.filter()) {
        // Different filters are taken for different values.
        (Some(one), Some(other)) => one.to_string().eq_ignore_ascii_case(&other.to_string()),
        _ => true,
    }
}
