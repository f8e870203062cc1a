//! A mapping applied to one resource.

use std::sync::Arc;

use serde_json::Value;

use super::MappingContext;
use super::datum::Datum;
use super::error::MappingErrorKind as Wrong;
use super::error::{Fault, MappingError};
use super::evaluate::evaluate;
use super::parts::{self, Reader};
use crate::model::mapping::{
    Base, Head, Known, Mapping, Place, Rule, Source, When, Writing, known,
};
use crate::model::{ENTERPRISE_USER, Filter, Resource, ResourceKind, USER_STORE, User, ValuePath};

/// What a rule came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Did {
    /// It made a value.
    Made,
    /// Its source had none, and the default took its place.
    Defaulted,
    /// What was confirmed stays; on a create that is nothing.
    CarriedOver,
    /// There is no value.
    Cleared,
}

impl Mapping {
    /// What the target should see of a resource, as it is to be sent and compared.
    ///
    /// - Rules read what the host said, and never what another rule made.
    /// - What is not ours (`drop`; after a create `on: create`, and a default whose source is empty; without `pass` also
    ///   what no rule names) comes out as it was confirmed last: so no difference arises, and what others set at the
    ///   target stays.
    /// - A source without a value leaves the attribute without one, which removes what we sent there.
    /// - An attribute that holds one value takes the first of several.
    /// - Whom the host switched off stays so: a rule for `active` may switch off, and never on.
    /// - A group's members pass as they are, the host's id too; [`USER_STORE`](crate::model::USER_STORE) never passes.
    ///
    /// # Errors
    /// [`MappingError`]: a value of a kind that only shows now, a limit, a function of the host's that failed or is not
    /// registered, or nothing where no account can be without a value. Nothing may be sent then.
    pub fn apply(
        &self,
        source: &Resource,
        context: &MappingContext<'_>,
    ) -> Result<Resource, MappingError> {
        self.run(source, context, &mut |_, _| {})
    }

    /// As [`apply`](Self::apply), at no cost where everything passes as it is.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn apply_shared(
        &self,
        source: &Arc<Resource>,
        context: &MappingContext<'_>,
    ) -> Result<Arc<Resource>, MappingError> {
        let names_store = match source.as_ref() {
            Resource::User(user) => user.extensions.named(USER_STORE).is_some(),
            Resource::Group(group) => group.extensions.named(USER_STORE).is_some(),
        };
        if self.base == Base::All && self.rules(source.kind()).is_empty() && !names_store {
            return Ok(Arc::clone(source));
        }
        self.apply(source, context).map(Arc::new)
    }

    pub(super) fn run(
        &self,
        source: &Resource,
        context: &MappingContext<'_>,
        record: &mut dyn FnMut(usize, Did),
    ) -> Result<Resource, MappingError> {
        let kind = source.kind();
        let confirmed = context.confirmed.filter(|confirmed| confirmed.kind() == kind);
        let mut result = match self.base {
            Base::All => source.clone(),
            Base::Nothing => bare(source, confirmed),
        };
        let reader = Reader::new(source);
        let rules = self.rules(kind);
        let mut scene = Scene { rules, reader: &reader, context, confirmed, result: &mut result };
        for (index, rule) in rules.iter().enumerate() {
            let did = scene.follow(rule).map_err(|fault| fault.in_rule(kind, index))?;
            record(index, did);
        }
        match &mut result {
            Resource::User(user) => {
                user.extensions.remove(USER_STORE);
                if let Resource::User(source) = source {
                    user.active &= source.active;
                }
            }
            Resource::Group(group) => group.extensions.remove(USER_STORE),
        }
        Ok(result)
    }
}

/// What was confirmed, with what no account can be without.
fn bare(source: &Resource, confirmed: Option<&Resource>) -> Resource {
    match (source, confirmed) {
        (Resource::User(source), confirmed) => {
            let mut user = match confirmed {
                Some(Resource::User(confirmed)) => confirmed.clone(),
                _ => User::new("", ""),
            };
            user.external_id = source.external_id.clone();
            user.user_name = source.user_name.clone();
            user.active = source.active;
            user.into()
        }
        (Resource::Group(source), confirmed) => {
            let mut group = source.clone();
            group.extensions = match confirmed {
                Some(Resource::Group(confirmed)) => confirmed.extensions.clone(),
                _ => Default::default(),
            };
            group.into()
        }
    }
}

struct Scene<'a, 'c> {
    rules: &'a [Rule],
    reader: &'a Reader<'a>,
    context: &'c MappingContext<'a>,
    confirmed: Option<&'c Resource>,
    result: &'c mut Resource,
}

impl<'a> Scene<'a, '_> {
    fn follow(&mut self, rule: &'a Rule) -> Result<Did, Fault> {
        let (to, place) = (rule.to(), rule.to.place);
        if let Source::Rename(old) = rule.source()
            && let Some(read) = &rule.read
            && !self.is_needed(old, read.place)
        {
            self.carry_over(old, read.place, false)?;
        }
        if rule.when() == When::CreateOnly && self.confirmed.is_some() {
            return self.carry_over(to, place, true);
        }
        if let Source::Copy(from) = rule.source()
            && from == to
            && from.filter().is_none()
            && from.attribute().sub_attribute.is_none()
            && parts::copy_list(self.reader.resource(), self.result, place.head)
        {
            return Ok(Did::Made);
        }
        let value = match rule.source() {
            Source::Drop => return self.carry_over(to, place, false),
            Source::Clear => return self.clear(to, place),
            Source::Constant(value) => Datum::of(value)?,
            Source::Copy(_) | Source::Rename(_) => match &rule.read {
                Some(read) => self.reader.read(read)?,
                None => Datum::Nothing,
            },
            Source::Expression(expression) => evaluate(expression, self.reader, self.context)?,
        };
        if !value.is_nothing() {
            let is_computed = matches!(rule.source(), Source::Expression(_));
            return self.put(&rule.to, value, is_computed).map(|()| Did::Made);
        }
        match (rule.source(), rule.default_value()) {
            (_, Some(_)) if self.confirmed.is_some() => self.carry_over(to, place, true),
            (_, Some(default)) => {
                self.put(&rule.to, Datum::of(default)?, false).map(|()| Did::Defaulted)
            }
            (Source::Expression(expression), None) if expression.ignores_nothing() => {
                self.carry_over(to, place, false)
            }
            _ if self.is_name(to, place) => Err(Wrong::Required.into()),
            _ => self.clear(to, place),
        }
    }

    /// What no account can be without, and a rule that is checked never takes away.
    fn is_needed(&self, path: &ValuePath, place: Place) -> bool {
        let is_id = path.attribute().attribute.eq_ignore_ascii_case("externalId");
        place.head == Head::Active
            || (place.head == Head::Text && is_id)
            || self.is_name(path, place)
    }

    fn is_name(&self, path: &ValuePath, place: Place) -> bool {
        let name = match self.result.kind() {
            ResourceKind::User => "userName",
            ResourceKind::Group => "displayName",
        };
        place.head == Head::Text && path.attribute().attribute.eq_ignore_ascii_case(name)
    }

    fn put(&mut self, writing: &Writing, value: Datum<'_>, is_computed: bool) -> Result<(), Fault> {
        let (to, place) = (writing.path(), writing.place);
        if let Some(field) = place.field {
            // Most rules leave most users as they are.
            if let Datum::Text(text) = &value
                && !text.is_empty()
                && (field.read)(self.result) == Some(text)
            {
                return Ok(());
            }
            let text = parts::one_text(value)?;
            if text.is_none() && self.is_name(to, place) {
                return Err(Wrong::Required.into());
            }
            (field.write)(self.result, text);
            return Ok(());
        }
        match place.head {
            Head::Active => {
                let flag = value.first().as_flag().ok_or(Fault::from(Wrong::Mismatch))?;
                if let Resource::User(user) = self.result {
                    user.active = flag;
                }
                return Ok(());
            }
            Head::Text | Head::Unknown => return Ok(()),
            _ => {}
        }
        let value = shaped(to, place, self.result.kind(), value, is_computed)?;
        let value = match self.put_typed(writing, value) {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(Wrong::Mismatch.into()),
            Err(value) => value,
        };
        let mut part = parts::take(self.result, place, to);
        let is_put = match to.filter() {
            Some(filter) if to.attribute().sub_attribute.is_none() => {
                to.clear(&mut part);
                put_chosen(to, filter, &mut part, value)
            }
            _ => to.set(&mut part, value),
        };
        if !is_put {
            return Err(Wrong::Mismatch.into());
        }
        parts::store(self.result, place, part, to)
    }

    /// Without a detour over JSON, and whether there is a place for the value; where there is no such way, the value.
    fn put_typed(&mut self, writing: &Writing, value: Value) -> Result<bool, Value> {
        let (to, place) = (writing.path(), writing.place);
        if to.filter().is_none()
            && let Some(urn) = parts::extension(self.result, place, to)
        {
            let extensions = parts::extensions_mut(self.result);
            let (urn, mut attributes) = extensions.take(urn);
            let is_put = to.set_in_schema(&mut attributes, value);
            extensions.replace(urn, attributes);
            return Ok(is_put);
        }
        let values = match self.result {
            Resource::User(user) => parts::values_mut(user, place.head),
            Resource::Group(_) => None,
        };
        match (&writing.texts, values, value) {
            (Some(texts), Some(values), Value::String(text)) => Ok(texts.write(values, text)),
            (_, _, value) => Err(value),
        }
    }

    fn clear(&mut self, to: &ValuePath, place: Place) -> Result<Did, Fault> {
        if self.is_needed(to, place) {
            return Ok(Did::CarriedOver);
        }
        if let Some(field) = place.field {
            (field.write)(self.result, None);
            return Ok(Did::Cleared);
        }
        if matches!(place.head, Head::Text | Head::Unknown) {
            return Ok(Did::Cleared);
        }
        let mut part = parts::take(self.result, place, to);
        clear_in(to, place, &mut part);
        parts::store(self.result, place, part, to)?;
        Ok(Did::Cleared)
    }

    /// What was confirmed at a path comes in place of what the host says; without it there is nothing.
    ///
    /// Of a value with parts, such as one address of several, a part has something to stand in only while the value is
    /// there. It is, if the host says so; or if rules made all of it, when the account was created (`is_ours`).
    fn carry_over(&mut self, to: &ValuePath, place: Place, is_ours: bool) -> Result<Did, Fault> {
        let Some(confirmed) = self.confirmed else {
            self.clear(to, place)?;
            return Ok(Did::CarriedOver);
        };
        if let Some(field) = place.field {
            let text = (field.read)(confirmed).filter(|text| !text.is_empty());
            if text.is_some() || !self.is_needed(to, place) {
                (field.write)(self.result, text.map(str::to_owned));
            }
            return Ok(Did::CarriedOver);
        }
        match (place.head, confirmed, &mut *self.result) {
            (Head::Active, Resource::User(confirmed), Resource::User(result)) => {
                result.active = confirmed.active;
                return Ok(Did::CarriedOver);
            }
            (Head::Active | Head::Text | Head::Unknown, ..) => return Ok(Did::CarriedOver),
            _ => {}
        }
        let before = parts::load(confirmed, place, to);
        let mut part = parts::take(self.result, place, to);
        match (to.filter(), &to.attribute().sub_attribute) {
            (None, _) => match to.whole(&before) {
                Some(value) => {
                    to.set(&mut part, value.clone());
                }
                None => to.clear(&mut part),
            },
            (Some(_), None) => {
                let kept: Vec<Value> = to.values(&before).into_iter().cloned().collect();
                to.clear(&mut part);
                let whole = ValuePath::from(to.attribute().clone());
                let mut all: Vec<Value> = whole.values(&part).into_iter().cloned().collect();
                all.extend(kept);
                whole.set(&mut part, Value::Array(all));
            }
            (Some(filter), Some(_)) => {
                let mut whole = to.attribute().clone();
                whole.sub_attribute = None;
                let entry = ValuePath::new(whole, Some(filter.clone()));
                let has_a_place = is_value(to, place)
                    || entry.first(&part).is_some()
                    || (is_ours && self.is_made_by_rules(to, entry.first(&before)));
                match to.first(&before) {
                    Some(value) if has_a_place => {
                        to.set(&mut part, value.clone());
                    }
                    _ => clear_in(to, place, &mut part),
                }
            }
        }
        parts::store(self.result, place, part, to)?;
        Ok(Did::CarriedOver)
    }

    /// Whether a value that was confirmed has nothing but what the filter says and rules made. What is told from others
    /// by its `value` is the host's to give and to take, such as a role.
    fn is_made_by_rules(&self, to: &ValuePath, entry: Option<&Value>) -> bool {
        let Some(Value::Object(entry)) = entry else { return false };
        let mut alone = serde_json::Map::new();
        to.set(&mut alone, true.into());
        let mut whole = to.attribute().clone();
        whole.sub_attribute = None;
        let seed = ValuePath::from(whole);
        let seed = seed.first(&alone).and_then(Value::as_object);
        let is_sub = |path: &ValuePath, name: &str| {
            let sub = path.attribute().sub_attribute.as_deref();
            sub.is_some_and(|sub| sub.eq_ignore_ascii_case(name))
        };
        let is_seeded = |name: &str| {
            seed.is_some_and(|seed| seed.keys().any(|key| key.eq_ignore_ascii_case(name)))
        };
        !is_seeded("value")
            && entry.keys().all(|name| {
                is_seeded(name)
                    || self
                        .rules
                        .iter()
                        .any(|rule| rule.to().filter() == to.filter() && is_sub(rule.to(), name))
            })
    }
}

/// Adds a whole value with what the filter says of it, such as its label: what it says of that itself is another
/// place's. Answers whether it is one of those that the filter means.
fn put_chosen(
    to: &ValuePath,
    filter: &Filter,
    part: &mut serde_json::Map<String, Value>,
    value: Value,
) -> bool {
    if let Value::Object(parts) = &value {
        let mut labelled = parts.clone();
        labelled.retain(|name, _| {
            !filter.paths().any(|path| path.attribute.eq_ignore_ascii_case(name))
        });
        if !labelled.is_empty() {
            let before = part.clone();
            to.set(part, Value::Object(labelled));
            if to.first(part).is_some() {
                return true;
            }
            *part = before;
        }
    }
    to.set(part, value) && to.first(part).is_some()
}

/// Whether a path leads to what a value of a list consists in: without it the value is none.
fn is_value(to: &ValuePath, place: Place) -> bool {
    let is_list = Head::LISTS.iter().any(|(_, head)| *head == place.head);
    let sub = to.attribute().sub_attribute.as_deref();
    is_list && sub.is_some_and(|sub| sub.eq_ignore_ascii_case("value"))
}

fn clear_in(to: &ValuePath, place: Place, part: &mut serde_json::Map<String, Value>) {
    if is_value(to, place) && to.filter().is_some() {
        let mut whole = to.attribute().clone();
        whole.sub_attribute = None;
        ValuePath::new(whole, to.filter().cloned()).clear(part);
    } else {
        to.clear(part);
    }
}

/// A value in the shape that the place at the end of a path holds.
fn shaped(
    to: &ValuePath,
    place: Place,
    kind: ResourceKind,
    value: Datum<'_>,
    is_computed: bool,
) -> Result<Value, Fault> {
    let path = to.attribute();
    let is_list = Head::LISTS.iter().any(|(_, head)| *head == place.head);
    match (&path.sub_attribute, to.filter()) {
        (None, None) if is_list => Ok(match value {
            list @ Datum::List(_) => list.into_object(),
            one => Value::Array(vec![one.into_object()]),
        }),
        (None, Some(_)) if is_list => Ok(value.first().into_object()),
        (Some(_), _) if is_list => match value.first() {
            flag @ Datum::Boolean(_) => Ok(flag.into_value()),
            other => parts::one_text(other).map(Value::from),
        },
        _ if place.head == Head::Enterprise && kind == ResourceKind::User => {
            reference(to, kind, value.first(), is_computed)
        }
        _ => Ok(value.into_value()),
    }
}

/// A reference is copied whole; a text that was computed is none (the host's id would be mangled).
fn reference(
    to: &ValuePath,
    kind: ResourceKind,
    value: Datum<'_>,
    is_computed: bool,
) -> Result<Value, Fault> {
    debug_assert!(
        to.attribute()
            .schema
            .as_deref()
            .is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER))
    );
    let Known::Attribute(found) = known(kind, to) else { return Err(Wrong::Mismatch.into()) };
    match value {
        Datum::Json(parts) if !found.is_part() => Ok(parts.into_owned()),
        _ if is_computed => Err(Wrong::Mismatch.into()),
        Datum::Text(id) if found.is_part() => Ok(Value::String(id.into_owned())),
        id @ Datum::Text(_) => Ok(id.into_object()),
        _ => Err(Wrong::Mismatch.into()),
    }
}
