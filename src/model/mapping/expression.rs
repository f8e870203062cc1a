//! An expression: what a rule computes out of a user's or a group's attributes.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::function::{Function, FunctionSpec, Makes};
use super::grammar;
use super::kind::Kind;
use super::place::Reading;

/// Longest expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 4096;

/// How deep calls may stand in each other.
pub const MAX_EXPRESSION_DEPTH: usize = 32;

/// What computes a value out of a resource's attributes, in the spelling that administrators know from Entra.
///
/// - An **attribute** stands in square brackets and may be any [`ValuePath`](crate::model::ValuePath):
///   `[userName]`, `[name.givenName]`, `[emails[type eq "work"].value]`. Always the host's own, whatever other rules
///   do.
/// - A **text** stands in double quotes, escaped as in JSON: `"say \"hi\""`. Whole numbers and `True` and `False` stand
///   as they are.
/// - A **function** is written without regard to case, and calls may stand in each other:
///   `ToLower(Append([name.givenName], "@example.com"))`.
/// - A function that the **host** registered has an `@` in front: `@Badge([userName])`.
/// - Two values are **compared** with `=`, `<>`, `<`, `<=`, `>` and `>=`. Texts with regard to case; `=` and `<>` take
///   a missing value for an empty text, and `true` for the text `True`. A list equals a text if one of its values does;
///   two lists are not compared. The others compare whole numbers; what is not one is neither less nor greater.
/// - `[roles.value]` is a **list**, of one role too. With a filter, as in `[emails[type eq "work"].value]`, it is one
///   only where several values meet it.
///
/// | function | makes |
/// |---|---|
/// | `Join(separator, source, …)` | one text of all values; lists value by value; what is empty is left out |
/// | `Append(source, suffix)` | both texts, one behind the other |
/// | `ToLower(source)`, `ToUpper(source)` | other letters, as Unicode has it |
/// | `Replace(source, find, replacement)` | every occurrence replaced; `find` is a plain text |
/// | `NormalizeDiacritics(source)` | Latin letters without marks: `Zoë Müller` becomes `Zoe Muller` |
/// | `StripSpaces(source)`, `Trim(source)` | the text without spaces; without white space at both ends |
/// | `Left(source, length)`, `Right(source, length)`, `Mid(source, start, length)` | a part, counted in characters; the first is 1 |
/// | `Len(source)`, `InStr(source, find)` | how many characters; at which one `find` begins, 0 if nowhere |
/// | `Split(source, delimiter)` | a list |
/// | `Item(list, index)`, `Count(list)`, `RemoveDuplicates(list)` | one value of a list, the first is 1; how many; each once |
/// | `Coalesce(source, …)` | the first that is not empty |
/// | `Switch(source, otherwise, key, value, …)` | the value behind the first key that equals the source |
/// | `IIF(condition, then, otherwise)`, `And(…)`, `Or(…)`, `Not(…)` | as they say |
/// | `Contains`, `StartsWith`, `EndsWith` `(source, find)` | whether; `Contains` of a list: whether it holds the text |
/// | `IsPresent(source)`, `IsNullOrEmpty(source)` | whether there is a value |
/// | `CStr(source)`, `CBool(source)` | a text; true or false |
/// | `Pattern("{UD,UN,TD,IDP}", separator)` | user store domain, user name, organization and connection, in the order given; what is absent is left out with its separator |
/// | `Organization()`, `Connection()`, `UserStore()` | the same parts one by one |
/// | `IgnoreFlowIfNullOrEmpty(source)` | outermost only: an empty result leaves the attribute as it is at the target |
///
/// A function of a text makes nothing out of nothing, and works on a list value by value. An expression always ends:
/// there are no loops, and text, depth, steps and output are limited ([`MAX_EXPRESSION_BYTES`],
/// [`MAX_EXPRESSION_DEPTH`], [`MAX_STEPS`](crate::mapping::MAX_STEPS),
/// [`MAX_OUTPUT_BYTES`](crate::mapping::MAX_OUTPUT_BYTES), [`MAX_LIST`](crate::mapping::MAX_LIST)).
///
/// `Display` writes it back in one canonical form, which reads as the same expression.
///
/// ```
/// use outbound_provisioning::model::mapping::{Expression, Kind};
///
/// let expression = Expression::parse(r#"join(" ", [name.givenName],[name.familyName])"#).unwrap();
/// assert_eq!(expression.to_string(), r#"Join(" ", [name.givenName], [name.familyName])"#);
/// assert_eq!(expression.kind(), Kind::Text);
///
/// let wrong = Expression::parse(r#"Joins(" ", [title])"#).unwrap_err();
/// assert_eq!(wrong.to_string(), "column 1: unknown function; did you mean `Join`?");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Expression {
    pub(crate) root: Node,
    kind: Kind,
}

redacted_debug!(Expression);

/// One part of an expression. Never deeper than [`MAX_EXPRESSION_DEPTH`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    Number(i64),
    Boolean(bool),
    Attribute(Reading),
    Call(Function, Vec<Self>),
    /// A function that the host registered.
    Custom(String, Vec<Self>),
    Compare(Comparison, Box<(Self, Self)>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// As written; each before its own beginning.
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("<>", Self::NotEqual),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("=", |(sign, _)| sign)
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`ExpressionError`]: the first thing that is wrong, with its place: the grammar, an unknown function, a wrong
    /// number of arguments, an argument of the wrong kind, a limit.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let root = grammar::read(text)?;
        let kind = root.kind();
        Ok(Self { root, kind })
    }

    /// The functions that every expression knows, sorted by name. The host's own are
    /// [`Functions::names`](crate::mapping::Functions::names).
    pub fn functions() -> impl Iterator<Item = FunctionSpec> + Clone {
        Function::specs()
    }

    /// What is known of its result.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The names of the host's own functions that it calls, as they are written.
    pub fn custom_functions(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.visit(&mut |node| {
            if let Node::Custom(name, _) = node {
                names.push(name.as_str());
            }
        });
        names
    }

    /// Whether an empty result leaves the attribute as it is.
    pub(crate) fn ignores_nothing(&self) -> bool {
        matches!(self.root, Node::Call(Function::IgnoreFlowIfNullOrEmpty, _))
    }

    /// Each attribute that it reads.
    pub(crate) fn each_attribute<'a>(&'a self, each: &mut dyn FnMut(&'a Reading)) {
        self.root.visit(&mut |node| {
            if let Node::Attribute(reading) = node {
                each(reading);
            }
        });
    }
}

impl Node {
    fn visit<'a>(&'a self, each: &mut dyn FnMut(&'a Self)) {
        each(self);
        match self {
            Self::Call(_, arguments) | Self::Custom(_, arguments) => {
                arguments.iter().for_each(|argument| argument.visit(each));
            }
            Self::Compare(_, sides) => {
                sides.0.visit(each);
                sides.1.visit(each);
            }
            Self::Text(_) | Self::Number(_) | Self::Boolean(_) | Self::Attribute(_) => {}
        }
    }

    /// What is known of its value.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Boolean(_) | Self::Compare(..) => Kind::Boolean,
            Self::Attribute(reading) => reading.kind(),
            Self::Custom(..) => Kind::Any,
            Self::Call(function, arguments) => {
                let first = || arguments.first().map_or(Kind::Any, Self::kind);
                match function.signature().makes {
                    Makes::Always(kind) => kind,
                    Makes::AsFirst => match first() {
                        kind @ (Kind::Text | Kind::List) => kind,
                        _ => Kind::Any,
                    },
                    Makes::OneValue if first() == Kind::List => Kind::Text,
                    Makes::OneValue => Kind::Any,
                    Makes::OneOf(from) => results(*function, arguments, from),
                }
            }
        }
    }
}

/// What is known of one of several arguments.
fn results(function: Function, arguments: &[Node], from: usize) -> Kind {
    // Every second argument of `Switch`, from the first result on: the rest are keys.
    let step = if function == Function::Switch { 2 } else { 1 };
    arguments.iter().skip(from).step_by(step).map(Node::kind).reduce(Kind::or).unwrap_or(Kind::Any)
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        Self::parse(text)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.root)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", Value::from(text.as_str())),
            Self::Number(number) => write!(f, "{number}"),
            Self::Boolean(true) => f.write_str("True"),
            Self::Boolean(false) => f.write_str("False"),
            Self::Attribute(reading) => write!(f, "[{}]", reading.path()),
            Self::Call(function, arguments) => call(f, "", function.name(), arguments),
            Self::Custom(name, arguments) => call(f, "@", name, arguments),
            Self::Compare(comparison, sides) => {
                write!(f, "{} {} {}", sides.0, comparison.sign(), sides.1)
            }
        }
    }
}

fn call(f: &mut fmt::Formatter<'_>, mark: &str, name: &str, arguments: &[Node]) -> fmt::Result {
    write!(f, "{mark}{name}(")?;
    for (place, argument) in arguments.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{argument}")?;
    }
    f.write_str(")")
}

/// Why a text is no expression: what, where, and the remedy. Never the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpressionError {
    /// What is wrong.
    pub kind: ExpressionErrorKind,
    /// Where, in bytes from the start.
    pub offset: usize,
    /// Where, in characters; the first is 1.
    pub column: usize,
    message: String,
}

impl ExpressionError {
    pub(super) fn new(
        kind: ExpressionErrorKind,
        text: &str,
        offset: usize,
        message: impl Into<String>,
    ) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        Self { kind, offset, column: before.chars().count() + 1, message: message.into() }
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for ExpressionError {}

/// What is wrong with an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionErrorKind {
    /// Something else was expected there.
    Grammar,
    /// No such function.
    UnknownFunction,
    /// Too few or too many arguments.
    Arguments,
    /// An argument of the wrong kind.
    Mismatch,
    /// What stands in square brackets is no attribute path.
    Attribute,
    /// Too long or too deep.
    Limit,
}
