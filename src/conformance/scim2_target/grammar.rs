//! The grammar of filters: RFC 7644 section 3.4.2.2, figure 1, read by recursive descent.

use serde_json::Value;

use super::filter::{AttributePath, Filter, Operator};
use super::refusal::Refusal;

/// Groups, negations and value paths may nest this deep: nesting is recursion.
const MAX_DEPTH: usize = 32;

/// Reads a whole filter.
pub(super) fn parse(text: &str) -> Result<Filter, Refusal> {
    let mut parser = Parser::new(text.trim_matches(' '));
    let filter = parser.any_of()?;
    if parser.rest.is_empty() { Ok(filter) } else { Err(malformed()) }
}

/// Reads the filter that stands before a `]`; answers what stands behind it as well.
pub(super) fn parse_in_brackets(text: &str) -> Result<(Filter, &str), Refusal> {
    let mut parser = Parser::new(text);
    parser.in_brackets = true;
    let filter = parser.any_of()?;
    parser.close(']')?;
    Ok((filter, parser.rest))
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
    in_brackets: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, depth: 0, in_brackets: false }
    }

    /// `and` binds before `or`.
    fn any_of(&mut self) -> Result<Filter, Refusal> {
        let first = self.all_of()?;
        let mut filters = vec![first];
        while self.joined_by("or") {
            filters.push(self.all_of()?);
        }
        Ok(Filter::Or(filters))
    }

    fn all_of(&mut self) -> Result<Filter, Refusal> {
        let first = self.term()?;
        let mut filters = vec![first];
        while self.joined_by("and") {
            filters.push(self.term()?);
        }
        Ok(Filter::And(filters))
    }

    fn term(&mut self) -> Result<Filter, Refusal> {
        self.skip_blanks();
        if self.rest.starts_with('(') {
            return self.nested(')');
        }
        let word = self.word();
        let after = self.rest.trim_start_matches(' ');
        if word.eq_ignore_ascii_case("not") && after.starts_with('(') {
            self.rest = after;
            return Ok(Filter::Not(Box::new(self.nested(')')?)));
        }
        let path = AttributePath::parse(word).ok_or_else(malformed)?;
        // A value path does not hold another one (`valFilter` in figure 1).
        if self.rest.starts_with('[') && !self.in_brackets {
            self.in_brackets = true;
            let filter = self.nested(']')?;
            self.in_brackets = false;
            return Ok(Filter::Entry(path, Box::new(filter)));
        }
        self.blank()?;
        let operator = self.word();
        if operator.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = Operator::parse(operator).ok_or_else(malformed)?;
        self.blank()?;
        let wanted = self.literal()?;
        if operator.takes(&wanted) {
            Ok(Filter::Compare(path, operator, wanted))
        } else {
            Err(Refusal::invalid_filter("The operator does not take a value of this type."))
        }
    }

    /// What stands between the bracket that comes next and the one that closes it.
    fn nested(&mut self, closing: char) -> Result<Filter, Refusal> {
        if self.depth == MAX_DEPTH {
            return Err(Refusal::invalid_filter("The filter is nested too deep."));
        }
        self.depth += 1;
        self.rest = self.rest.get(1..).unwrap_or_default();
        let filter = self.any_of()?;
        self.close(closing)?;
        self.depth -= 1;
        Ok(filter)
    }

    fn close(&mut self, bracket: char) -> Result<(), Refusal> {
        self.skip_blanks();
        self.rest = self.rest.strip_prefix(bracket).ok_or_else(malformed)?;
        Ok(())
    }

    /// Takes `" and "` or `" or "`, if it comes next.
    fn joined_by(&mut self, conjunction: &str) -> bool {
        let mut ahead = Parser::new(self.rest);
        let joined = ahead.blank().is_ok()
            && ahead.word().eq_ignore_ascii_case(conjunction)
            && ahead.blank().is_ok();
        if joined {
            self.rest = ahead.rest;
        }
        joined
    }

    /// A JSON text, number, `true`, `false` or `null`.
    fn literal(&mut self) -> Result<Value, Refusal> {
        let text = if let Some(inner) = self.rest.strip_prefix('"') {
            let mut escaped = false;
            let closing = inner.find(|character| {
                let closes = character == '"' && !escaped;
                escaped = character == '\\' && !escaped;
                closes
            });
            // Both quotes belong to the literal.
            self.take(closing.ok_or_else(malformed)? + 2)
        } else {
            self.word()
        };
        serde_json::from_str(text).map_err(|_| malformed())
    }

    /// Everything up to a blank or a bracket.
    fn word(&mut self) -> &'a str {
        let end = self.rest.find([' ', '(', ')', '[', ']']).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn blank(&mut self) -> Result<(), Refusal> {
        if !self.rest.starts_with(' ') {
            return Err(malformed());
        }
        self.skip_blanks();
        Ok(())
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }
}

fn malformed() -> Refusal {
    Refusal::invalid_filter("The filter does not follow the grammar of RFC 7644.")
}
