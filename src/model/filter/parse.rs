//! The grammar of filters and value paths, RFC 7644 section 3.4.2.2 figure 1 and section 3.5.2 figure 7, read by
//! recursive descent to a bounded depth.
//!
//! Read more freely than it is printed: several blanks are like one, and a value path in a filter may have a
//! sub-attribute behind it, as in a path.

use std::fmt::{self, Write};

use serde_json::{Number, Value};

use super::error::{FilterError, FilterErrorKind};
use super::node::Test;
use super::operator::Operator;
use super::{Filter, MAX_FILTER_BYTES, MAX_FILTER_DEPTH, ValuePath, print};
use crate::model::path::AttributePath;

const PATH: &str =
    "an attribute such as `userName`, `name.familyName` or `urn:...:User:department`";
const TOO_LONG: &str = "at most 8192 bytes, as it stands and as it is printed";

type Parsed<T> = Result<T, FilterError>;

/// Reads a whole filter.
pub(super) fn filter(text: &str) -> Parsed<Filter> {
    let mut parser = Parser::new(text)?;
    let filter = parser.any_of()?;
    parser.skip_blanks();
    parser.end("`and`, `or` or the end")?;
    parser.prints_short(|out| print::print(&filter.0, out))?;
    Ok(filter)
}

/// Reads a whole value path.
pub(super) fn value_path(text: &str) -> Parsed<ValuePath> {
    let mut parser = Parser::new(text)?;
    parser.skip_blanks();
    let start = parser.at;
    let word = parser.word();
    let path = parser.path(start, word)?;
    let (path, filter) = if parser.rest().starts_with('[') {
        let filter = parser.in_brackets(start, &path)?;
        (parser.sub_attribute(path)?, Some(filter))
    } else {
        (path, None)
    };
    parser.skip_blanks();
    parser.end("the end of the path")?;
    let path = ValuePath::new(path, filter);
    parser.prints_short(|out| write!(out, "{path}"))?;
    Ok(path)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// A value path does not hold another one (`valFilter` in figure 1).
    is_in_brackets: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parsed<Self> {
        if text.len() > MAX_FILTER_BYTES {
            return Err(FilterError::new(FilterErrorKind::TooLong, "", 0, TOO_LONG));
        }
        Ok(Self { text, at: 0, depth: 0, is_in_brackets: false })
    }

    /// `and` binds before `or`.
    fn any_of(&mut self) -> Parsed<Filter> {
        let mut filter = self.all_of()?;
        while self.joined_by("or")? {
            filter = filter.or(self.all_of()?);
        }
        Ok(filter)
    }

    fn all_of(&mut self) -> Parsed<Filter> {
        let mut filter = self.term()?;
        while self.joined_by("and")? {
            filter = filter.and(self.term()?);
        }
        Ok(filter)
    }

    fn term(&mut self) -> Parsed<Filter> {
        self.skip_blanks();
        if self.rest().starts_with('(') {
            return self.nested(')', "`and`, `or` or `)`");
        }
        let start = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("not") && self.rest().trim_start_matches(' ').starts_with('(')
        {
            self.skip_blanks();
            return Ok(self.nested(')', "`and`, `or` or `)`")?.not());
        }
        let path = self.path(start, word)?;
        if !self.rest().starts_with('[') {
            let test = self.test()?;
            return Ok(Filter::tested(path, test));
        }
        let filter = self.in_brackets(start, &path)?;
        let path = self.sub_attribute(path)?;
        if path.sub_attribute.is_none() {
            return Ok(Filter::entry(path, filter));
        }
        let test = self.test()?;
        Ok(Filter::selected(path, filter, test))
    }

    /// What is asked of an attribute: ` pr`, or an operator and a value.
    fn test(&mut self) -> Parsed<Test> {
        const OPERATOR: &str =
            "an operator: `eq`, `ne`, `co`, `sw`, `ew`, `gt`, `ge`, `lt`, `le` or `pr`";
        self.blank("a blank and an operator")?;
        let start = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Test::Present);
        }
        let Some(operator) = Operator::named(word) else {
            return Err(self.wrong(FilterErrorKind::Operator, start, OPERATOR));
        };
        self.blank("a blank and a value")?;
        Ok(Test::Compare(operator, self.literal()?))
    }

    /// What stands between the bracket that comes next and the one that closes it.
    fn nested(&mut self, closing: char, expected: &'static str) -> Parsed<Filter> {
        if self.depth == MAX_FILTER_DEPTH {
            const SHALLOW: &str = "at most 32 brackets in each other";
            return Err(self.wrong(FilterErrorKind::TooDeep, self.at, SHALLOW));
        }
        self.depth += 1;
        self.at += 1;
        let filter = self.any_of()?;
        self.skip_blanks();
        if !self.rest().starts_with(closing) {
            return Err(self.wrong(FilterErrorKind::Syntax, self.at, expected));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(filter)
    }

    /// The filter of a value path, in its brackets.
    fn in_brackets(&mut self, start: usize, path: &AttributePath) -> Parsed<Filter> {
        if self.is_in_brackets {
            const NO_MORE: &str = "no value path inside another";
            return Err(self.wrong(FilterErrorKind::Syntax, self.at, NO_MORE));
        }
        if path.sub_attribute.is_some() {
            const BEFORE: &str = "an attribute before the bracket; its sub-attribute stands behind";
            return Err(self.wrong(FilterErrorKind::Path, start, BEFORE));
        }
        self.is_in_brackets = true;
        let filter = self.nested(']', "`and`, `or` or `]`")?;
        self.is_in_brackets = false;
        Ok(filter)
    }

    /// The path with the sub-attribute behind the bracket, if there is one.
    fn sub_attribute(&mut self, path: AttributePath) -> Parsed<AttributePath> {
        if !self.rest().starts_with('.') {
            return Ok(path);
        }
        self.at += 1;
        let start = self.at;
        let name = self.word();
        if is_name(name) {
            Ok(path.sub_attribute(name))
        } else {
            Err(self.wrong(FilterErrorKind::Path, start, "a sub-attribute such as `value`"))
        }
    }

    /// Takes `" and "` or `" or "`, if it comes next.
    fn joined_by(&mut self, conjunction: &str) -> Parsed<bool> {
        let start = self.at;
        self.skip_blanks();
        if self.at == start || !self.word().eq_ignore_ascii_case(conjunction) {
            self.at = start;
            return Ok(false);
        }
        self.blank("a blank and an expression")?;
        Ok(true)
    }

    /// A JSON text, number, `true`, `false` or `null`.
    fn literal(&mut self) -> Parsed<Value> {
        const VALUE: &str = "a value: a text in JSON's quotes, a number, `true`, `false` or `null`";
        let start = self.at;
        let value = if self.rest().starts_with('"') {
            self.quoted().and_then(|quoted| serde_json::from_str(quoted).ok()).map(Value::String)
        } else {
            match self.word() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                "null" => Some(Value::Null),
                word => number(word).map(Value::Number),
            }
        };
        value.ok_or_else(|| self.wrong(FilterErrorKind::Value, start, VALUE))
    }

    /// Up to the quotation mark that closes, with both marks.
    fn quoted(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let mut is_escaped = false;
        let inner = rest.get(1..)?;
        let closing = inner.find(|letter| {
            let closes = letter == '"' && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            closes
        })?;
        self.at += closing + 2;
        rest.get(..closing + 2)
    }

    fn path(&self, start: usize, word: &str) -> Parsed<AttributePath> {
        attribute_path(word).ok_or_else(|| self.wrong(FilterErrorKind::Path, start, PATH))
    }

    /// Everything up to a blank, a bracket or a quotation mark.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find([' ', '(', ')', '[', ']', '"']).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// One blank or more.
    fn blank(&mut self, expected: &'static str) -> Parsed<()> {
        if self.rest().starts_with(' ') {
            self.skip_blanks();
            Ok(())
        } else {
            Err(self.wrong(FilterErrorKind::Syntax, self.at, expected))
        }
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    fn end(&self, expected: &'static str) -> Parsed<()> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.wrong(FilterErrorKind::Syntax, self.at, expected))
        }
    }

    /// What was read must be read again when it was printed, and printed it may be longer: `1e9` has ten digits.
    fn prints_short(&self, print: impl FnOnce(&mut Room) -> fmt::Result) -> Parsed<()> {
        print(&mut Room(MAX_FILTER_BYTES))
            .map_err(|_| self.wrong(FilterErrorKind::TooLong, 0, TOO_LONG))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, kind: FilterErrorKind, offset: usize, expected: &'static str) -> FilterError {
        let kind = if offset >= self.text.len() && kind != FilterErrorKind::TooLong {
            FilterErrorKind::End
        } else {
            kind
        };
        FilterError::new(kind, self.text, offset, expected)
    }
}

/// `[URI ":"] ATTRNAME *1subAttr`. A URI has colons and dots of its own; the attribute begins behind its last colon.
fn attribute_path(word: &str) -> Option<AttributePath> {
    let (schema, name) = match word.rsplit_once(':') {
        Some((schema, name)) if is_uri(schema) => (Some(schema.to_owned()), name),
        Some(_) => return None,
        None => (None, word),
    };
    let (attribute, sub) = match name.split_once('.') {
        Some((attribute, sub)) => (attribute, Some(sub)),
        None => (name, None),
    };
    (is_name(attribute) && sub.is_none_or(is_name)).then(|| AttributePath {
        schema,
        sub_attribute: sub.map(str::to_owned),
        ..AttributePath::new(attribute)
    })
}

/// `ATTRNAME` of figure 1, and `$ref`.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or(text);
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

/// A scheme, a colon, and letters that a URI may have (RFC 3986), without brackets.
fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'))
            && !rest.is_empty()
            && rest
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&c))
    })
}

/// A number of JSON. Read to the nearest float, so that it is the same when it was printed; `serde_json` alone may miss
/// it by one step.
fn number(word: &str) -> Option<Number> {
    let number: Number = serde_json::from_str(word).ok()?;
    // The parser skips blanks and line breaks, which no number has.
    if word.contains(|letter: char| letter.is_ascii_whitespace()) {
        return None;
    }
    if number.is_f64() { Number::from_f64(word.parse().ok()?) } else { Some(number) }
}

/// Takes so many bytes and refuses more.
struct Room(usize);

impl Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}
