//! The functions of an expression: their names, what they take and what they make.

use super::kind::Kind;

/// What one argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A text, or a list of texts where the function works value by value.
    Text,
    /// A text, and one that is written out: what it says is checked when it is read.
    Literal,
    /// A whole number.
    Number,
    /// True or false.
    Condition,
    /// Anything.
    Any,
}

/// What a function makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Makes {
    /// Always this.
    Always(Kind),
    /// A text out of a text, a list out of a list.
    AsFirst,
    /// One of the arguments from this place on, as it is.
    OneOf(usize),
    /// One value of a list.
    OneValue,
}

/// How many arguments there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    /// What the first ones are; the last of these counts for all that follow.
    pub(crate) takes: &'static [Takes],
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) makes: Makes,
    /// How it is called, for who called it otherwise.
    pub(crate) usage: &'static str,
    /// What it makes, for people.
    pub(crate) description: &'static str,
}

/// A function that every expression knows, described for an administrator.
///
/// ```
/// use outbound_provisioning::model::mapping::Expression;
///
/// let join = Expression::functions().find(|function| function.name == "Join").unwrap();
/// assert_eq!(join.usage, "Join(separator, source, …)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionSpec {
    /// The name. It is read without regard to case.
    pub name: &'static str,
    /// How it is called, with names for its arguments.
    pub usage: &'static str,
    /// What it makes, in a line.
    pub description: &'static str,
    /// What is known of its result, whatever its arguments.
    pub makes: Kind,
}

const MANY: usize = usize::MAX;

macro_rules! functions {
    ($($function:ident: [$($takes:ident),*] $least:literal..$most:expr => $makes:expr, $usage:literal, $description:literal;)+) => {
        /// A function that every expression knows.
        #[expect(clippy::upper_case_acronyms, reason = "spelt as administrators know it")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Function { $($function),+ }

        impl Function {
            const ALL: &'static [Self] = &[$(Self::$function),+];

            pub(crate) fn signature(self) -> Signature {
                match self {
                    $(Self::$function => Signature {
                        name: stringify!($function),
                        takes: &[$(Takes::$takes),*],
                        least: $least,
                        most: $most,
                        makes: $makes,
                        usage: $usage,
                        description: $description,
                    }),+
                }
            }
        }
    };
}

functions! {
    And: [Condition] 2..MANY => Makes::Always(Kind::Boolean), "And(condition, condition, …)",
        "Whether all of them hold";
    Append: [Text, Text] 2..2 => Makes::AsFirst, "Append(source, suffix)",
        "Both texts, one behind the other";
    CBool: [Any] 1..1 => Makes::Always(Kind::Boolean), "CBool(source)",
        "True or false";
    CStr: [Any] 1..1 => Makes::Always(Kind::Text), "CStr(source)",
        "A text";
    Coalesce: [Any] 1..MANY => Makes::OneOf(0), "Coalesce(source, source, …)",
        "The first that is not empty";
    Connection: [] 0..0 => Makes::Always(Kind::Text), "Connection()",
        "The id of the connection";
    Contains: [Any, Text] 2..2 => Makes::Always(Kind::Boolean), "Contains(source, find)",
        "Whether the text holds the other; of a list, whether it is one of its values";
    Count: [Any] 1..1 => Makes::Always(Kind::Number), "Count(list)",
        "How many values there are";
    EndsWith: [Text, Text] 2..2 => Makes::Always(Kind::Boolean), "EndsWith(source, find)",
        "Whether the text ends so";
    IIF: [Condition, Any] 3..3 => Makes::OneOf(1), "IIF(condition, then, otherwise)",
        "One of two values, by the condition";
    IgnoreFlowIfNullOrEmpty: [Any] 1..1 => Makes::OneOf(0), "IgnoreFlowIfNullOrEmpty(source)",
        "Outermost only: an empty result leaves the attribute as it is at the target";
    InStr: [Text, Text] 2..2 => Makes::Always(Kind::Number), "InStr(source, find)",
        "At which character the other text begins; 0 if nowhere";
    IsNullOrEmpty: [Any] 1..1 => Makes::Always(Kind::Boolean), "IsNullOrEmpty(source)",
        "Whether there is no value";
    IsPresent: [Any] 1..1 => Makes::Always(Kind::Boolean), "IsPresent(source)",
        "Whether there is a value";
    Item: [Any, Number] 2..2 => Makes::OneValue, "Item(list, index)",
        "One value of a list; the first is 1";
    Join: [Text] 2..MANY => Makes::Always(Kind::Text), "Join(separator, source, …)",
        "One text of all values; lists value by value; what is empty is left out";
    Left: [Text, Number] 2..2 => Makes::AsFirst, "Left(source, length)",
        "So many characters from the start";
    Len: [Text] 1..1 => Makes::Always(Kind::Number), "Len(source)",
        "How many characters there are";
    Mid: [Text, Number] 3..3 => Makes::AsFirst, "Mid(source, start, length)",
        "So many characters from a place on; the first is 1";
    NormalizeDiacritics: [Text] 1..1 => Makes::AsFirst, "NormalizeDiacritics(source)",
        "Latin letters without marks: Zoe for Zoë";
    Not: [Condition] 1..1 => Makes::Always(Kind::Boolean), "Not(condition)",
        "Whether it does not hold";
    Or: [Condition] 2..MANY => Makes::Always(Kind::Boolean), "Or(condition, condition, …)",
        "Whether one of them holds";
    Organization: [] 0..0 => Makes::Always(Kind::Text), "Organization()",
        "The id of the organization";
    Pattern: [Literal, Literal] 2..2 => Makes::Always(Kind::Text), "Pattern(\"{UD,UN,TD,IDP}\", separator)",
        "User store domain, user name, organization and connection in the order given; what is absent is left out with its separator";
    RemoveDuplicates: [Any] 1..1 => Makes::Always(Kind::List), "RemoveDuplicates(list)",
        "Each value once";
    Replace: [Text] 3..3 => Makes::AsFirst, "Replace(source, find, replacement)",
        "Every occurrence replaced; what is found is a plain text and no regular expression";
    Right: [Text, Number] 2..2 => Makes::AsFirst, "Right(source, length)",
        "So many characters at the end";
    Split: [Text, Text] 2..2 => Makes::Always(Kind::List), "Split(source, delimiter)",
        "A list of the parts";
    StartsWith: [Text, Text] 2..2 => Makes::Always(Kind::Boolean), "StartsWith(source, find)",
        "Whether the text begins so";
    StripSpaces: [Text] 1..1 => Makes::AsFirst, "StripSpaces(source)",
        "The text without spaces";
    Switch: [Any] 4..MANY => Makes::OneOf(1), "Switch(source, otherwise, key, value, …)",
        "The value behind the first key that equals the source";
    ToLower: [Text] 1..1 => Makes::AsFirst, "ToLower(source)",
        "Small letters, as Unicode has it";
    ToUpper: [Text] 1..1 => Makes::AsFirst, "ToUpper(source)",
        "Capital letters, as Unicode has it";
    Trim: [Text] 1..1 => Makes::AsFirst, "Trim(source)",
        "The text without white space at both ends";
    UserStore: [] 0..0 => Makes::Always(Kind::Text), "UserStore()",
        "The domain of the user store, if there is one";
}

impl Function {
    /// The function of this name, without regard to case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn name(self) -> &'static str {
        self.signature().name
    }

    /// All of them, sorted by name.
    pub(crate) fn specs() -> impl Iterator<Item = FunctionSpec> + Clone {
        Self::ALL.iter().map(|function| {
            let Signature { name, usage, description, makes, .. } = function.signature();
            let makes = match makes {
                Makes::Always(kind) => kind,
                Makes::AsFirst | Makes::OneOf(_) | Makes::OneValue => Kind::Any,
            };
            FunctionSpec { name, usage, description, makes }
        })
    }

    /// All names, sorted.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|function| function.name())
    }
}

impl Signature {
    /// What the argument at this place may be.
    pub(crate) fn takes_at(&self, place: usize) -> Takes {
        self.takes.get(place).or(self.takes.last()).copied().unwrap_or(Takes::Any)
    }

    /// Whether there may be so many arguments.
    pub(crate) fn allows(&self, arguments: usize) -> bool {
        (self.least..=self.most).contains(&arguments)
            // Keys and values come in pairs.
            && (self.name != "Switch" || arguments.is_multiple_of(2))
    }
}
