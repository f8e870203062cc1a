//! Reading an expression.

use super::expression::{
    Comparison, ExpressionError, ExpressionErrorKind as Wrong, MAX_EXPRESSION_BYTES,
    MAX_EXPRESSION_DEPTH, Node,
};
use super::function::{Function, Takes};
use super::kind::Kind;
use super::pattern::Parts;
use super::place::Reading;
use crate::model::problem::nearest;

/// Longest name of a function, in bytes.
const MAX_NAME: usize = 64;

/// What may stand where a value is expected.
const VALUE: &str =
    "an attribute in square brackets, a text in double quotes, a number or a function";

pub(super) fn read(text: &str) -> Result<Node, ExpressionError> {
    let mut reader = Reader { text, at: 0 };
    if text.len() > MAX_EXPRESSION_BYTES {
        return Err(reader.wrong(
            Wrong::Limit,
            MAX_EXPRESSION_BYTES,
            format!(
                "longer than {MAX_EXPRESSION_BYTES} bytes; shorten it, or register a function of your own"
            ),
        ));
    }
    let node = reader.comparison(0)?;
    reader.spaces();
    if reader.at < text.len() {
        return Err(reader.expected("the end, or a comparison such as ="));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    /// Always at the start of a character.
    at: usize,
}

impl<'a> Reader<'a> {
    fn comparison(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        let left = self.value(depth)?;
        self.spaces();
        let signs = Comparison::ALL;
        let Some((sign, comparison)) =
            signs.into_iter().find(|(sign, _)| self.rest().starts_with(sign))
        else {
            return Ok(left);
        };
        let at = self.at;
        self.at += sign.len();
        let right = self.value(depth)?;
        if [&left, &right].into_iter().any(|side| matches!(side.kind(), Kind::Complex)) {
            return Err(self.wrong(
                Wrong::Mismatch,
                at,
                "values with parts are not compared; name a sub-attribute",
            ));
        }
        let lists = [&left, &right].map(|side| side.kind() == Kind::List);
        let is_ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let complaint = match lists {
            [true, true] => {
                "two lists are not compared; take one value with Item, or make texts with Join"
            }
            [true, _] | [_, true] if is_ordered => {
                "a list is neither less nor greater; take one value with Item, or Count them"
            }
            _ => return Ok(Node::Compare(comparison, Box::new((left, right)))),
        };
        Err(self.wrong(Wrong::Mismatch, at, complaint))
    }

    fn value(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        self.spaces();
        if depth > MAX_EXPRESSION_DEPTH {
            return Err(self.wrong(
                Wrong::Limit,
                self.at,
                format!("deeper than {MAX_EXPRESSION_DEPTH} calls; split it"),
            ));
        }
        match self.rest().chars().next() {
            Some('"') => self.literal().map(Node::Text),
            Some('[') => self.attribute(),
            Some('-' | '0'..='9') => self.number(),
            Some('@') => {
                let at = self.at;
                self.at += 1;
                let name = self.name();
                if name.is_empty() {
                    return Err(self.expected("the name of a registered function"));
                }
                Ok(Node::Custom(name.to_owned(), self.arguments(at, depth)?))
            }
            Some(letter) if letter.is_ascii_alphabetic() => self.word(depth),
            _ => Err(self.expected(VALUE)),
        }
    }

    /// `True`, `False` or a call.
    fn word(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        let at = self.at;
        let name = self.name();
        self.spaces();
        if !self.rest().starts_with('(') {
            return match name {
                _ if name.eq_ignore_ascii_case("true") => Ok(Node::Boolean(true)),
                _ if name.eq_ignore_ascii_case("false") => Ok(Node::Boolean(false)),
                _ if Function::named(name).is_some() => {
                    Err(self.expected("( after the function's name"))
                }
                _ => Err(self.wrong(
                    Wrong::Grammar,
                    at,
                    "a word alone; put an attribute into square brackets and a text into double quotes",
                )),
            };
        }
        let Some(function) = Function::named(name) else {
            let remedy = match nearest(name, Function::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let names: Vec<&str> = Function::names().collect();
                    format!(
                        "there are: {}; one of the host's own has an @ in front",
                        names.join(", ")
                    )
                }
            };
            let message = format!("unknown function; {remedy}");
            return Err(self.wrong(Wrong::UnknownFunction, at, message));
        };
        if function == Function::IgnoreFlowIfNullOrEmpty && depth > 0 {
            let message = "IgnoreFlowIfNullOrEmpty stands outermost only; move it there";
            return Err(self.wrong(Wrong::Grammar, at, message));
        }
        let arguments = self.arguments(at, depth)?;
        self.check(function, &arguments, at)?;
        Ok(Node::Call(function, arguments))
    }

    /// What stands in round brackets.
    fn arguments(&mut self, start: usize, depth: usize) -> Result<Vec<Node>, ExpressionError> {
        self.spaces();
        if !self.take('(') {
            return Err(self.expected("("));
        }
        let mut arguments = Vec::new();
        self.spaces();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.comparison(depth + 1)?);
            self.spaces();
            if self.take(')') {
                return Ok(arguments);
            }
            if self.rest().is_empty() {
                return Err(self.wrong(Wrong::Grammar, start, "this call is not closed; add a )"));
            }
            if !self.take(',') {
                return Err(self.expected(", or )"));
            }
        }
    }

    fn check(
        &self,
        function: Function,
        arguments: &[Node],
        at: usize,
    ) -> Result<(), ExpressionError> {
        let signature = function.signature();
        if !signature.allows(arguments.len()) {
            let message = format!("wrong number of arguments; write {}", signature.usage);
            return Err(self.wrong(Wrong::Arguments, at, message));
        }
        for (place, argument) in arguments.iter().enumerate() {
            let kind = argument.kind();
            let complaint = match signature.takes_at(place) {
                Takes::Any => continue,
                Takes::Text if matches!(kind, Kind::Any | Kind::Text | Kind::List) => continue,
                Takes::Text if kind == Kind::Complex => {
                    "has parts; name one of them, as in [emails.value]"
                }
                // What is joined may be anything that can be written.
                Takes::Text if function == Function::Join && place > 0 => continue,
                Takes::Text => "is no text; write CStr(…) around it",
                Takes::Number if matches!(kind, Kind::Any | Kind::Number | Kind::Text) => continue,
                Takes::Number => "is no whole number",
                Takes::Condition if matches!(kind, Kind::Any | Kind::Boolean) => continue,
                Takes::Condition if kind == Kind::Text => {
                    // A text attribute may say True; a text in quotes says what it says.
                    if !matches!(argument, Node::Text(_)) {
                        continue;
                    }
                    "is no condition; compare it with ="
                }
                Takes::Condition => "is no condition; compare it with =",
                Takes::Literal if matches!(argument, Node::Text(_)) => continue,
                Takes::Literal => "must be written out as a text in double quotes",
            };
            let message = format!("argument {} of {} {complaint}", place + 1, signature.name);
            return Err(self.wrong(Wrong::Mismatch, at, message));
        }
        if let (Function::Pattern, Some(Node::Text(parts))) = (function, arguments.first())
            && Parts::read(parts).is_none()
        {
            let message = "argument 1 of Pattern is no list of parts; write some of {UD,UN,TD,IDP}";
            return Err(self.wrong(Wrong::Arguments, at, message));
        }
        Ok(())
    }

    /// A text in double quotes, as JSON has it.
    fn literal(&mut self) -> Result<String, ExpressionError> {
        let start = self.at;
        let mut escaped = false;
        let end = self.rest().char_indices().skip(1).find(|(_, letter)| {
            let ends = *letter == '"' && !escaped;
            escaped = *letter == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            return Err(self.wrong(
                Wrong::Grammar,
                start,
                "this text is not closed; add a double quote",
            ));
        };
        let literal = self.rest().get(..=end).unwrap_or_default();
        self.at += literal.len();
        serde_json::from_str(literal).map_err(|error| {
            let inside = literal.char_indices().nth(error.column().saturating_sub(1));
            self.wrong(
                Wrong::Grammar,
                start + inside.map_or(0, |(place, _)| place).min(end),
                "this text holds a control character or an unknown escape; write \\\" for a quote, \\\\ for a backslash, and others as JSON has them",
            )
        })
    }

    fn attribute(&mut self) -> Result<Node, ExpressionError> {
        let start = self.at;
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        let end = self.rest().char_indices().find(|(_, letter)| {
            match letter {
                '"' if !escaped => quoted = !quoted,
                '[' if !quoted => depth += 1,
                ']' if !quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            escaped = quoted && *letter == '\\' && !escaped;
            depth == 0
        });
        let Some((end, _)) = end else {
            return Err(self.wrong(Wrong::Grammar, start, "this attribute is not closed; add a ]"));
        };
        let path = self.rest().get(1..end).unwrap_or_default();
        self.at += end + 1;
        Reading::parse(path).map(Node::Attribute).map_err(|error| {
            self.wrong(Wrong::Attribute, start + 1, format!("no attribute path: {error}"))
        })
    }

    fn number(&mut self) -> Result<Node, ExpressionError> {
        let start = self.at;
        self.take('-');
        self.at += self.while_in(|letter| letter.is_ascii_digit()).len();
        let number = self.text.get(start..self.at).unwrap_or_default();
        number
            .parse()
            .map(Node::Number)
            .map_err(|_| self.wrong(Wrong::Grammar, start, "no whole number of at most 64 bits"))
    }

    fn name(&mut self) -> &'a str {
        let name = self.while_in(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let name = name.get(..MAX_NAME).unwrap_or(name);
        self.at += name.len();
        name
    }

    fn while_in(&self, is_in: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|letter| !is_in(letter)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, letter: char) -> bool {
        let is_there = self.rest().starts_with(letter);
        if is_there {
            self.at += letter.len_utf8();
        }
        is_there
    }

    fn spaces(&mut self) {
        self.at += self.while_in(char::is_whitespace).len();
    }

    fn expected(&self, what: &str) -> ExpressionError {
        self.wrong(Wrong::Grammar, self.at, format!("expected {what}"))
    }

    fn wrong(&self, kind: Wrong, offset: usize, message: impl Into<String>) -> ExpressionError {
        ExpressionError::new(kind, self.text, offset, message)
    }
}
