//! What follows when a rule engine has decided: `rules` among a connector's settings.

use serde_json::{Map, Value};

use crate::model::problem::Problems;

/// What follows at a target when the rules have decided. A provisioner is subject to them when its
/// [`rules`](super::Provisioner::rules) option is on.
///
/// ```
/// use outbound_provisioning::model::{Problems, RuleSettings, WhenNotApplicable};
/// use serde_json::json;
///
/// let mut problems = Problems::new();
/// let settings = RuleSettings::read(&json!({ "not_applicable": "skip" }), "rules", &mut problems);
/// assert_eq!(settings.not_applicable, WhenNotApplicable::Skip);
/// assert_eq!(settings.to_value(), json!({ "not_applicable": "skip" }));
///
/// RuleSettings::read(&json!({ "on_exit": "forget" }), "rules", &mut problems);
/// assert_eq!(problems.to_string(), "rules.on_exit: not understood; give one of keep, deactivate, delete");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleSettings {
    /// What follows when no rule speaks of it.
    pub not_applicable: WhenNotApplicable,
    /// What follows when the rules cannot be evaluated, or the engine cannot be reached.
    pub indeterminate: WhenIndeterminate,
    /// What follows when the rules allow it together with something that nobody does.
    pub obligations: WhenObliged,
    /// Whether deleting and deactivating are subject to rules, too. By default they are not: a policy that knows only of
    /// creating would keep accounts alive for ever.
    pub deprovisioning: bool,
    /// What follows for an account that is there when the rules begin to forbid it.
    pub on_exit: OnRuleExit,
}

/// What follows when no rule speaks of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenNotApplicable {
    /// It is done.
    #[default]
    Allow,
    /// It is not done, and that is reported.
    Skip,
}

/// What follows when nobody can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenIndeterminate {
    /// It waits, and the engine is asked again.
    #[default]
    Hold,
    /// It is not done, and that is reported.
    Skip,
}

/// What follows from a permit with an obligation that nobody fulfils.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenObliged {
    /// It counts as a denial (XACML 3.0 section 7.2.1: a deny-biased enforcement point).
    #[default]
    Deny,
    /// It counts as a permit, as with WSO2.
    Ignore,
}

/// What follows for an account that is there when the rules begin to forbid it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnRuleExit {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is switched off.
    Deactivate,
    /// It is deleted.
    Delete,
}

impl OnRuleExit {
    /// Whether the account loses anything.
    pub(crate) fn ends(self) -> bool {
        self != Self::Keep
    }
}

const NOT_APPLICABLE: [(&str, WhenNotApplicable); 2] =
    [("allow", WhenNotApplicable::Allow), ("skip", WhenNotApplicable::Skip)];
const INDETERMINATE: [(&str, WhenIndeterminate); 2] =
    [("hold", WhenIndeterminate::Hold), ("skip", WhenIndeterminate::Skip)];
const OBLIGATIONS: [(&str, WhenObliged); 2] =
    [("deny", WhenObliged::Deny), ("ignore", WhenObliged::Ignore)];
const ON_EXIT: [(&str, OnRuleExit); 3] = [
    ("keep", OnRuleExit::Keep),
    ("deactivate", OnRuleExit::Deactivate),
    ("delete", OnRuleExit::Delete),
];
const KEYS: [&str; 5] =
    ["not_applicable", "indeterminate", "obligations", "deprovisioning", "on_exit"];

impl RuleSettings {
    /// Reads them as a document has them, an object; what is wrong is noted, and then stands as by default.
    pub fn read(value: &Value, path: &str, problems: &mut Problems) -> Self {
        let mut settings = Self::default();
        let Some(object) = value.as_object() else {
            problems.note(path, "wrong type; give an object");
            return settings;
        };
        for (key, value) in object {
            let path = format!("{path}.{key}");
            match key.as_str() {
                "not_applicable" => {
                    settings.not_applicable = one_of(value, &NOT_APPLICABLE, path, problems);
                }
                "indeterminate" => {
                    settings.indeterminate = one_of(value, &INDETERMINATE, path, problems);
                }
                "obligations" => settings.obligations = one_of(value, &OBLIGATIONS, path, problems),
                "on_exit" => settings.on_exit = one_of(value, &ON_EXIT, path, problems),
                "deprovisioning" => match value.as_bool() {
                    Some(flag) => settings.deprovisioning = flag,
                    None => problems.note(path, "wrong type; give true or false"),
                },
                _ => problems.note_unknown_key(path, key, KEYS),
            }
        }
        settings
    }

    /// What is not as it is by default, as a document has it. [`read`](Self::read) reads it back.
    pub fn to_value(&self) -> Value {
        let default = Self::default();
        let mut object = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            object.extend(value.map(|value| (key.to_owned(), value)));
        };
        put("not_applicable", word(self.not_applicable, default.not_applicable, &NOT_APPLICABLE));
        put("indeterminate", word(self.indeterminate, default.indeterminate, &INDETERMINATE));
        put("obligations", word(self.obligations, default.obligations, &OBLIGATIONS));
        put("deprovisioning", self.deprovisioning.then_some(Value::Bool(true)));
        put("on_exit", word(self.on_exit, default.on_exit, &ON_EXIT));
        Value::Object(object)
    }
}

fn one_of<T: Copy + Default>(
    value: &Value,
    words: &[(&str, T)],
    path: String,
    problems: &mut Problems,
) -> T {
    let known = words.iter().find(|(word, _)| value.as_str() == Some(word));
    known.map(|(_, meaning)| *meaning).unwrap_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        problems.note(path, format!("not understood; give one of {}", words.join(", ")));
        T::default()
    })
}

fn word<T: PartialEq>(meaning: T, default: T, words: &[(&'static str, T)]) -> Option<Value> {
    let known = words.iter().find(|(_, known)| *known == meaning && meaning != default);
    known.map(|(word, _)| Value::from(*word))
}
