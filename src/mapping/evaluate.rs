//! One expression over one resource: always to an end, within a budget.

use std::borrow::Cow;

use super::datum::Datum;
use super::error::Fault;
use super::error::MappingErrorKind as Wrong;
use super::functions::Argument;
use super::parts::Reader;
use super::{MAX_LIST, MAX_OUTPUT_BYTES, MAX_STEPS, MappingContext, text};
use crate::model::mapping::{Comparison, Expression, Function, Node, Part, Parts};

/// How much text counts as one step, in bytes.
const STEP_BYTES: usize = 64;

/// What an expression makes of a resource.
pub(super) fn evaluate<'a>(
    expression: &'a Expression,
    reader: &'a Reader<'a>,
    context: &MappingContext<'a>,
) -> Result<Datum<'a>, Fault> {
    let mut evaluation = Evaluation { reader, context, steps: 0 };
    let result = evaluation.value(&expression.root)?;
    if result.bytes() > MAX_OUTPUT_BYTES { Err(Wrong::Output.into()) } else { Ok(result) }
}

struct Evaluation<'a, 'c> {
    reader: &'a Reader<'a>,
    context: &'c MappingContext<'a>,
    steps: usize,
}

type Evaluated<'a> = Result<Datum<'a>, Fault>;

impl<'a> Evaluation<'a, '_> {
    fn step(&mut self, steps: usize) -> Result<(), Fault> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS { Err(Wrong::Steps.into()) } else { Ok(()) }
    }

    /// Before a text of this length is made or searched.
    fn bytes(&mut self, length: usize) -> Result<(), Fault> {
        if length > MAX_OUTPUT_BYTES {
            return Err(Wrong::Output.into());
        }
        self.step(length / STEP_BYTES)
    }

    /// Never deeper than the expression is.
    fn value(&mut self, node: &'a Node) -> Evaluated<'a> {
        self.step(1)?;
        match node {
            Node::Text(text) => Ok(Datum::text(text)),
            Node::Number(number) => Ok(Datum::Number(*number)),
            Node::Boolean(flag) => Ok(Datum::Boolean(*flag)),
            Node::Attribute(reading) => {
                let value = self.reader.read(reading)?;
                if let Datum::List(values) = &value {
                    self.step(values.len())?;
                }
                Ok(value)
            }
            Node::Call(function, arguments) => {
                self.call(*function, arguments).map_err(|fault| fault.within(function.name()))
            }
            Node::Custom(name, arguments) => {
                self.custom(name, arguments).map_err(|fault| fault.within(name))
            }
            Node::Compare(comparison, sides) => {
                let left = self.value(&sides.0)?;
                let right = self.value(&sides.1)?;
                self.compare(*comparison, &left, &right).map(Datum::Boolean)
            }
        }
    }

    fn call(&mut self, function: Function, arguments: &'a [Node]) -> Evaluated<'a> {
        // How many there are was checked when the expression was read.
        let argument = |place: usize| arguments.get(place).ok_or(Fault::from(Wrong::Mismatch));
        match function {
            Function::And | Function::Or => {
                let ends = function == Function::Or;
                for argument in arguments {
                    if self.flag(argument)? == ends {
                        return Ok(Datum::Boolean(ends));
                    }
                }
                Ok(Datum::Boolean(!ends))
            }
            Function::Not => Ok(Datum::Boolean(!self.flag(argument(0)?)?)),
            Function::CBool => self.flag(argument(0)?).map(Datum::Boolean),
            Function::IIF => {
                let place = if self.flag(argument(0)?)? { 1 } else { 2 };
                self.value(argument(place)?)
            }
            Function::Coalesce => {
                for argument in arguments {
                    let value = self.value(argument)?;
                    if !value.is_nothing() {
                        return Ok(value);
                    }
                }
                Ok(Datum::Nothing)
            }
            Function::Switch => {
                let source = self.value(argument(0)?)?.first();
                for pair in arguments.get(2..).unwrap_or_default().chunks_exact(2) {
                    let [key, value] = pair else { continue };
                    let key = self.value(key)?;
                    if self.compare(Comparison::Equal, &source, &key)? {
                        return self.value(value);
                    }
                }
                self.value(argument(1)?)
            }
            Function::IgnoreFlowIfNullOrEmpty => self.value(argument(0)?),
            Function::IsNullOrEmpty => Ok(Datum::Boolean(self.value(argument(0)?)?.is_nothing())),
            Function::IsPresent => Ok(Datum::Boolean(!self.value(argument(0)?)?.is_nothing())),
            Function::Organization => Ok(Datum::text(self.context.organization.as_str())),
            Function::Connection => Ok(Datum::text(self.context.connection.as_str())),
            Function::UserStore => Ok(self.reader.user_store().map_or(Datum::Nothing, Datum::text)),
            Function::Pattern => self.pattern(argument(0)?, argument(1)?),
            Function::Join => self.join(arguments),
            Function::Count => {
                let count = match self.value(argument(0)?)? {
                    Datum::List(values) => {
                        values.iter().filter(|value| !value.is_nothing()).count()
                    }
                    one => usize::from(!one.is_nothing()),
                };
                Ok(Datum::Number(i64::try_from(count).unwrap_or(i64::MAX)))
            }
            Function::Item => {
                let list = self.value(argument(0)?)?;
                let index = self.number(argument(1)?)?;
                let place = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
                Ok(match (list, place) {
                    (Datum::List(values), Some(place)) => {
                        values.into_iter().nth(place).unwrap_or(Datum::Nothing)
                    }
                    // One value is a list of one.
                    (Datum::Nothing, _) => Datum::Nothing,
                    (one, Some(0)) if !matches!(one, Datum::List(_)) => one,
                    _ => Datum::Nothing,
                })
            }
            Function::RemoveDuplicates => self.distinct(argument(0)?),
            Function::Split => self.split(argument(0)?, argument(1)?),
            Function::Contains => {
                let source = self.value(argument(0)?)?;
                let find = self.value(argument(1)?)?.first();
                let find = text_of(&find)?;
                let found = match &source {
                    Datum::List(values) => {
                        self.step(values.len())?;
                        let mut found = false;
                        for value in values {
                            found |= text_of(value)? == find;
                        }
                        found
                    }
                    Datum::Nothing => false,
                    one => {
                        let one = text_of(one)?;
                        self.bytes(one.len())?;
                        one.contains(find.as_ref())
                    }
                };
                Ok(Datum::Boolean(found))
            }
            Function::StartsWith | Function::EndsWith => {
                let source = self.value(argument(0)?)?.first();
                let find = self.value(argument(1)?)?.first();
                let (source, find) = (text_of(&source)?, text_of(&find)?);
                Ok(Datum::Boolean(if function == Function::StartsWith {
                    source.starts_with(find.as_ref())
                } else {
                    source.ends_with(find.as_ref())
                }))
            }
            Function::InStr => {
                let source = self.value(argument(0)?)?.first();
                let find = self.value(argument(1)?)?.first();
                let (source, find) = (text_of(&source)?, text_of(&find)?);
                self.bytes(source.len())?;
                Ok(Datum::Number(text::position(&source, &find)))
            }
            Function::Len => {
                let source = self.value(argument(0)?)?.first();
                let source = text_of(&source)?;
                self.bytes(source.len())?;
                Ok(Datum::Number(i64::try_from(source.chars().count()).unwrap_or(i64::MAX)))
            }
            Function::CStr => {
                let source = self.value(argument(0)?)?.first();
                if matches!(source, Datum::Nothing) {
                    return Ok(source);
                }
                Ok(Datum::Text(Cow::Owned(text_of(&source)?.into_owned())))
            }
            Function::Append => {
                let suffix = self.value(argument(1)?)?.first();
                let suffix = text_of(&suffix)?;
                self.each(argument(0)?, |this, source| {
                    this.bytes(source.len().saturating_add(suffix.len()))?;
                    Ok(source.into_owned() + &suffix)
                })
            }
            Function::Replace => {
                let find = self.value(argument(1)?)?.first();
                let replacement = self.value(argument(2)?)?.first();
                let (find, replacement) = (text_of(&find)?, text_of(&replacement)?);
                self.each(argument(0)?, |this, source| {
                    this.bytes(source.len())?;
                    this.bytes(text::replaced_length(&source, &find, &replacement))?;
                    Ok(text::replaced(&source, &find, &replacement))
                })
            }
            Function::Left | Function::Right | Function::Mid => {
                let second = self.number(argument(1)?)?;
                let third = match arguments.get(2) {
                    Some(length) => self.number(length)?,
                    None => 0,
                };
                self.each(argument(0)?, |this, source| {
                    this.bytes(source.len())?;
                    let part = match function {
                        Function::Left => text::mid(&source, 1, second),
                        Function::Right => text::right(&source, second),
                        _ => text::mid(&source, second, third),
                    };
                    Ok(part.to_owned())
                })
            }
            Function::ToLower => self.changed(argument(0)?, str::to_lowercase),
            Function::ToUpper => self.changed(argument(0)?, str::to_uppercase),
            Function::Trim => self.changed(argument(0)?, |source| source.trim().to_owned()),
            Function::StripSpaces => self.changed(argument(0)?, text::without_spaces),
            Function::NormalizeDiacritics => self.changed(argument(0)?, text::without_diacritics),
        }
    }

    /// A function of one text, whose result is at most three times as long (Unicode's longest case mapping).
    fn changed(&mut self, node: &'a Node, change: fn(&str) -> String) -> Evaluated<'a> {
        self.each(node, |this, source| {
            this.bytes(source.len())?;
            let changed = change(&source);
            this.bytes(changed.len())?;
            Ok(changed)
        })
    }

    /// A function of a text: nothing out of nothing, a list value by value.
    fn each(
        &mut self,
        node: &'a Node,
        mut change: impl FnMut(&mut Self, Cow<'_, str>) -> Result<String, Fault>,
    ) -> Evaluated<'a> {
        let mut one = |this: &mut Self, value: &Datum<'a>| match value {
            Datum::Nothing => Ok(Datum::Nothing),
            value => change(this, text_of(value)?).map(|text| Datum::Text(Cow::Owned(text))),
        };
        match self.value(node)? {
            Datum::List(values) => {
                self.step(values.len())?;
                values
                    .iter()
                    .map(|value| one(self, value))
                    .collect::<Result<_, _>>()
                    .map(Datum::List)
            }
            value => one(self, &value),
        }
    }

    fn flag(&mut self, node: &'a Node) -> Result<bool, Fault> {
        self.value(node)?.first().as_flag().ok_or(Wrong::Mismatch.into())
    }

    fn number(&mut self, node: &'a Node) -> Result<i64, Fault> {
        self.value(node)?.first().as_number().ok_or(Wrong::Mismatch.into())
    }

    fn compare(
        &mut self,
        comparison: Comparison,
        left: &Datum<'_>,
        right: &Datum<'_>,
    ) -> Result<bool, Fault> {
        let ordered = |is: fn(&i64, &i64) -> bool| match (left.as_number(), right.as_number()) {
            (Some(left), Some(right)) => is(&left, &right),
            _ => false,
        };
        Ok(match comparison {
            Comparison::Less => ordered(i64::lt),
            Comparison::LessOrEqual => ordered(i64::le),
            Comparison::Greater => ordered(i64::gt),
            Comparison::GreaterOrEqual => ordered(i64::ge),
            Comparison::Equal | Comparison::NotEqual => {
                let is_equal = self.equal(left, right)?;
                is_equal == (comparison == Comparison::Equal)
            }
        })
    }

    fn equal(&mut self, left: &Datum<'_>, right: &Datum<'_>) -> Result<bool, Fault> {
        match (left, right) {
            // A list equals a text if one of its values does, as in a filter.
            (Datum::List(values), other) | (other, Datum::List(values)) => {
                self.step(values.len())?;
                let other = text_of(other)?;
                for value in values {
                    if text_of(value)? == other {
                        return Ok(true);
                    }
                }
                Ok(values.is_empty() && other.is_empty())
            }
            (Datum::Boolean(flag), other) | (other, Datum::Boolean(flag)) => {
                Ok(!other.is_nothing() && other.as_flag() == Some(*flag))
            }
            (left, right) => {
                let (left, right) = (text_of(left)?, text_of(right)?);
                self.bytes(left.len().min(right.len()))?;
                Ok(left == right)
            }
        }
    }

    fn join(&mut self, arguments: &'a [Node]) -> Evaluated<'a> {
        let Some((separator, sources)) = arguments.split_first() else {
            return Ok(Datum::Nothing);
        };
        let separator = self.value(separator)?.first();
        let separator = text_of(&separator)?;
        let mut joined = String::new();
        for source in sources {
            let value = self.value(source)?;
            let values = match &value {
                Datum::List(values) => values.as_slice(),
                one => std::slice::from_ref(one),
            };
            self.step(values.len())?;
            for value in values {
                self.push(&mut joined, &separator, &text_of(value)?)?;
            }
        }
        Ok(Datum::Text(Cow::Owned(joined)))
    }

    /// Adds a part with the separator in front; what is empty has none.
    fn push(&mut self, joined: &mut String, separator: &str, part: &str) -> Result<(), Fault> {
        if part.is_empty() {
            return Ok(());
        }
        let added = part.len().saturating_add(separator.len());
        if joined.len().saturating_add(added) > MAX_OUTPUT_BYTES {
            return Err(Wrong::Output.into());
        }
        self.step(added / STEP_BYTES)?;
        if !joined.is_empty() {
            joined.push_str(separator);
        }
        joined.push_str(part);
        Ok(())
    }

    fn pattern(&mut self, parts: &'a Node, separator: &'a Node) -> Evaluated<'a> {
        let (Node::Text(parts), Node::Text(separator)) = (parts, separator) else {
            return Err(Wrong::Mismatch.into());
        };
        let mut joined = String::new();
        for part in Parts::read(parts).iter().flat_map(Parts::iter) {
            let part = match part {
                Part::UserStore => self.reader.user_store().unwrap_or_default(),
                Part::UserName => self.reader.name(),
                Part::Organization => self.context.organization.as_str(),
                Part::Connection => self.context.connection.as_str(),
            };
            self.push(&mut joined, separator, part)?;
        }
        Ok(Datum::Text(Cow::Owned(joined)))
    }

    fn split(&mut self, source: &'a Node, delimiter: &'a Node) -> Evaluated<'a> {
        let source = self.value(source)?;
        if matches!(source, Datum::Nothing) {
            return Ok(Datum::List(Vec::new()));
        }
        let delimiter = self.value(delimiter)?.first();
        let delimiter = text_of(&delimiter)?;
        let sources = match &source {
            Datum::List(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut list = Vec::new();
        for source in sources {
            let source = text_of(source)?;
            self.bytes(source.len())?;
            let mut add = |part: &str| {
                if list.len() >= MAX_LIST {
                    return Err(Fault::from(Wrong::List));
                }
                // An empty part has its place in the list, and is left out of what is written.
                list.push(Datum::Text(Cow::Owned(part.to_owned())));
                Ok(())
            };
            if delimiter.is_empty() {
                add(&source)?;
            } else {
                source.split(delimiter.as_ref()).try_for_each(&mut add)?;
            }
        }
        self.step(list.len())?;
        Ok(Datum::List(list))
    }

    fn distinct(&mut self, node: &'a Node) -> Evaluated<'a> {
        let values = match self.value(node)? {
            Datum::List(values) => values,
            Datum::Nothing => Vec::new(),
            one => vec![one],
        };
        let mut seen = std::collections::BTreeSet::new();
        let mut list = Vec::new();
        for value in values {
            self.step(1)?;
            if seen.insert(text_of(&value)?.into_owned()) {
                list.push(value);
            }
        }
        Ok(Datum::List(list))
    }

    fn custom(&mut self, name: &str, nodes: &'a [Node]) -> Evaluated<'a> {
        let function = self.context.functions.and_then(|functions| functions.named(name));
        let Some(function) = function else { return Err(Wrong::UnknownFunction.into()) };
        let mut arguments = Vec::with_capacity(nodes.len());
        for node in nodes {
            let value = self.value(node)?;
            // Before it is copied.
            self.step(value.bytes() / STEP_BYTES)?;
            arguments.push(Argument(match value {
                Datum::Json(parts) => parts,
                simple => Cow::Owned(simple.into_value()),
            }));
        }
        let made = function(&arguments).map_err(|source| Fault {
            kind: Wrong::Function,
            function: None,
            source: Some(source),
        })?;
        let value = owned(made)?;
        self.bytes(value.bytes())?;
        Ok(value)
    }
}

/// A value that a registered function made.
fn owned<'a>(value: serde_json::Value) -> Evaluated<'a> {
    use serde_json::Value;
    Ok(match value {
        Value::Null => Datum::Nothing,
        Value::Bool(flag) => Datum::Boolean(flag),
        Value::String(text) => Datum::Text(Cow::Owned(text)),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Datum::Number(number),
            None => Datum::Json(Cow::Owned(Value::Number(number))),
        },
        Value::Array(values) if values.len() > MAX_LIST => return Err(Wrong::List.into()),
        Value::Array(values) => {
            let values = values.into_iter().map(|value| match value {
                Value::Array(_) | Value::Object(_) => Ok(Datum::Json(Cow::Owned(value))),
                simple => owned(simple),
            });
            Datum::List(values.collect::<Result<_, _>>()?)
        }
        Value::Object(_) => Datum::Json(Cow::Owned(value)),
    })
}

fn text_of<'d>(value: &'d Datum<'_>) -> Result<Cow<'d, str>, Fault> {
    value.as_text().ok_or(Wrong::Mismatch.into())
}
