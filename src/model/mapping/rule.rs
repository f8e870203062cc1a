//! What one target is told in place of what the host says: rules, one for each attribute.

use serde_json::Value;

use super::expression::Expression;
use super::place::{Reading, Writing};
use crate::model::filter::ValuePath;
use crate::model::kind::ResourceKind;

/// How a user or a group becomes what one target should see. Of one target alone: another's mapping never sees it.
///
/// Every rule reads what the host said and never what another rule made, so their order means nothing: but for rules
/// with different filters that reach the same value, such as `emails[type eq "work"].value` and
/// `emails[primary eq true].value`. There the later one writes over the earlier.
///
/// ```
/// use outbound_provisioning::model::mapping::{Mapping, Rule, Source};
/// use outbound_provisioning::model::ValuePath;
///
/// let to = ValuePath::parse("userType").unwrap();
/// let mapping = Mapping::new().with_user_rule(Rule::new(to, Source::Constant("Employee".into())));
/// assert!(!mapping.is_identity());
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Mapping {
    /// What happens to attributes that no rule names.
    pub base: Base,
    /// The rules for users.
    pub users: Vec<Rule>,
    /// The rules for groups.
    pub groups: Vec<Rule>,
}

redacted_debug!(Mapping, Rule, Source);

impl Mapping {
    /// Everything passes as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more rule for users.
    #[must_use]
    pub fn with_user_rule(mut self, rule: Rule) -> Self {
        self.users.push(rule);
        self
    }

    /// The same with one more rule for groups.
    #[must_use]
    pub fn with_group_rule(mut self, rule: Rule) -> Self {
        self.groups.push(rule);
        self
    }

    /// The same with this for attributes that no rule names.
    #[must_use]
    pub fn with_base(mut self, base: Base) -> Self {
        self.base = base;
        self
    }

    /// Whether everything passes as it is.
    pub fn is_identity(&self) -> bool {
        self.base == Base::All && self.users.is_empty() && self.groups.is_empty()
    }

    /// The rules for one kind of resource.
    pub fn rules(&self, kind: ResourceKind) -> &[Rule] {
        match kind {
            ResourceKind::User => &self.users,
            ResourceKind::Group => &self.groups,
        }
    }
}

/// What happens to attributes that no rule names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing between all and nothing but a rule")]
pub enum Base {
    /// They pass as they are.
    #[default]
    All,
    /// They are not ours: what the target has there stays. Only `externalId`, `active` and the name (`userName`, or a
    /// group's `displayName`) pass, as no account can be without them.
    Nothing,
}

/// What one attribute of the target is made of.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// Another attribute of the host's, or the same.
    Copy(ValuePath),
    /// As [`Copy`](Self::Copy), and the other is not sent under its own name: there it counts as dropped.
    Rename(ValuePath),
    /// Always this.
    Constant(Value),
    /// What an expression makes.
    Expression(Expression),
    /// Not ours: never sent, and what the target has there stays.
    Drop,
    /// No value: what we sent there is removed.
    Clear,
}

impl Source {
    /// One word for it, as in a document.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Copy(_) => "from",
            Self::Rename(_) => "rename",
            Self::Constant(_) => "constant",
            Self::Expression(_) => "expression",
            Self::Drop => "drop",
            Self::Clear => "clear",
        }
    }
}

/// When a rule counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// When the account is created, and at every change.
    #[default]
    Always,
    /// When the account is created. Afterwards what was confirmed stays.
    CreateOnly,
}

/// What one attribute of the target holds.
#[derive(Clone, PartialEq)]
pub struct Rule {
    pub(crate) to: Writing,
    pub(crate) source: Source,
    /// Where the source is read from, if it is an attribute.
    pub(crate) read: Option<Reading>,
    pub(crate) otherwise: Option<Value>,
    pub(crate) when: When,
}

impl Rule {
    /// This attribute is always made of this.
    pub fn new(to: ValuePath, source: Source) -> Self {
        let read = match &source {
            Source::Copy(path) | Source::Rename(path) => Some(Reading::new(path.clone())),
            _ => None,
        };
        Self { to: Writing::new(to), source, read, otherwise: None, when: When::Always }
    }

    /// The same, and this value where the source has none: set when the account is created. Afterwards what was
    /// confirmed stays, so that a default never overwrites.
    ///
    /// For a value that also takes the place of one that the host took away, use the function `Coalesce`.
    #[must_use]
    pub fn with_default(mut self, value: impl Into<Value>) -> Self {
        self.otherwise = Some(value.into());
        self
    }

    /// The same, when the account is created and not afterwards.
    #[must_use]
    pub fn on_create(mut self) -> Self {
        self.when = When::CreateOnly;
        self
    }

    /// The attribute of the target.
    pub fn to(&self) -> &ValuePath {
        self.to.path()
    }

    /// What it is made of.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What it holds where the source has nothing.
    pub fn default_value(&self) -> Option<&Value> {
        self.otherwise.as_ref()
    }

    /// When the rule counts.
    pub fn when(&self) -> When {
        self.when
    }
}
