//! Whether a difference of an attribute is ours, or one that the target cannot help. See `judge.rs` for the rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{Evidence, Kind};
use crate::flat::{ATTRIBUTES, Attribute, Flat, IS, fold};

/// One user: what is wanted and what is shown.
pub(crate) struct Pair {
    pub(crate) id: String,
    pub(crate) wanted: Flat,
    pub(crate) shown: Flat,
    /// Names that the user had before.
    pub(crate) former_names: Vec<String>,
    /// The user was deleted and created again: a new account has the new name without ever being renamed.
    pub(crate) has_returned: bool,
}

/// What all users together say of an attribute.
pub(crate) struct Census<'a> {
    pub(crate) pairs: &'a [Pair],
    /// Every account that the server shows, of whomever.
    pub(crate) everybody: &'a [Flat],
    pub(crate) evidence: Evidence<'a>,
    /// The attributes of users that the server's `/Schemas` names, if it has any.
    pub(crate) schema: Option<&'a BTreeSet<String>>,
    /// A profile was given: what it leaves out was not tried.
    pub(crate) has_profile: bool,
}

/// A difference.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The target cannot hold it, for this reason.
    Limit(String),
    /// We failed.
    Failure(String),
}

impl Census<'_> {
    /// The differences of one user.
    pub(crate) fn findings(&self, pair: &Pair) -> Vec<Finding> {
        ATTRIBUTES.into_iter().filter_map(|attribute| self.finding(pair, attribute)).collect()
    }

    fn finding(&self, pair: &Pair, attribute: Attribute) -> Option<Finding> {
        let (wanted, shown) = compared(pair, attribute);
        if wanted == shown {
            return None;
        }
        let name = attribute.name;
        let failure = || {
            let id = &pair.id;
            Finding::Failure(format!(
                "user {id}: {name} is {}, should be {}",
                list(&shown),
                list(&wanted)
            ))
        };
        // Whether somebody may sign in is never waved through.
        if name == "active" {
            return Some(failure());
        }
        let limit = |text: String| Some(Finding::Limit(text));
        let (taken, refused) = (
            self.evidence.was_taken(Kind::User, attribute.root),
            self.evidence.was_refused(Kind::User, attribute.root),
        );
        if taken && folded(&wanted) == folded(&shown) {
            return limit(format!("{name}: capitals or blanks are not kept"));
        }
        if taken && name == "phoneNumbers" && digits(&wanted) == digits(&shown) {
            return limit(format!("{name}: numbers are rewritten"));
        }
        if name == "userName" {
            return Some(self.rename(pair, &shown).map_or_else(failure, Finding::Limit));
        }
        let is_shown_by_anybody =
            self.everybody.iter().any(|flat| flat.get(name).is_some_and(|texts| !texts.is_empty()));
        if !is_shown_by_anybody {
            return Some(match (taken, refused) {
                (true, _) => Finding::Limit(format!("{name}: taken, and shown by no account")),
                (false, true) => {
                    Finding::Limit(format!("{name}: refused, and shown by no account"))
                }
                (false, false) if self.is_unknown_to_schema(attribute) => {
                    Finding::Limit(format!("{name}: not in the target's schema"))
                }
                (false, false) if self.has_profile => {
                    Finding::Limit(format!("{name}: left out by the profile"))
                }
                (false, false) => failure(),
            });
        }
        if taken && self.is_never_kept(attribute) {
            return limit(format!("{name}: never shown as it was sent"));
        }
        if attribute.is_list() && shown.is_subset(&wanted) {
            let most = self.most_values(attribute);
            let was_tried = self.evidence.was_sent_more(Kind::User, attribute.root, most);
            let keeps_preferred = preferred(pair, attribute).is_subset(&folded(&shown));
            if shown.len() == most && keeps_preferred && (was_tried || self.has_profile) {
                return limit(format!("{name}: {most} at most"));
            }
        }
        if wanted.is_empty() && self.is_always_there(attribute) {
            return limit(format!("{name}: cannot be cleared, every account has one"));
        }
        Some(failure())
    }

    /// Why a user still has a former name, if it is the target that renames nobody.
    fn rename(&self, pair: &Pair, shown: &BTreeSet<String>) -> Option<String> {
        let has_former = |pair: &Pair, shown: &BTreeSet<String>| {
            pair.former_names.iter().any(|name| folded(shown).contains(&fold(name)))
        };
        let renamed =
            self.pairs.iter().filter(|pair| !pair.former_names.is_empty() && !pair.has_returned);
        let nobody_is_renamed = renamed
            .into_iter()
            .all(|pair| pair.shown.get("userName").is_some_and(|shown| has_former(pair, shown)));
        let was_tried = self.evidence.was_change_tried(Kind::User, "userName");
        (has_former(pair, shown) && nobody_is_renamed && was_tried)
            .then(|| "userName: nobody can be renamed".to_owned())
    }

    /// Whether no account shows what was wanted for it, of several with something to show.
    fn is_never_kept(&self, attribute: Attribute) -> bool {
        let wanting: Vec<_> = self
            .pairs
            .iter()
            .map(|pair| compared(pair, attribute))
            .filter(|(wanted, _)| !wanted.is_empty())
            .collect();
        wanting.len() > 1 && wanting.iter().all(|(wanted, shown)| wanted != shown)
    }

    fn most_values(&self, attribute: Attribute) -> usize {
        let counts = self.everybody.iter().filter_map(|flat| flat.get(attribute.name));
        counts.map(BTreeSet::len).max().unwrap_or(0)
    }

    fn is_always_there(&self, attribute: Attribute) -> bool {
        self.everybody
            .iter()
            .all(|flat| flat.get(attribute.name).is_some_and(|texts| !texts.is_empty()))
    }

    fn is_unknown_to_schema(&self, attribute: Attribute) -> bool {
        self.schema.is_some_and(|schema| !schema.contains(&fold(attribute.root)))
    }
}

/// What is wanted and shown of an attribute. A part of a value counts only where the value is there, and should be.
fn compared(pair: &Pair, attribute: Attribute) -> (BTreeSet<String>, BTreeSet<String>) {
    let of = |flat: &Flat, name: &str| flat.get(name).cloned().unwrap_or_default();
    let (wanted, shown) = (of(&pair.wanted, attribute.name), of(&pair.shown, attribute.name));
    let Some(list) = attribute.list() else { return (wanted, shown) };
    let both = &folded(&of(&pair.wanted, list)) & &folded(&of(&pair.shown, list));
    let is_held =
        |text: &String| text.rsplit_once(IS).is_some_and(|(value, _)| both.contains(&fold(value)));
    let held = |texts: BTreeSet<String>| texts.into_iter().filter(is_held).collect();
    (held(wanted), held(shown))
}

/// The value of a list that must be among those that are kept, where not all can be.
fn preferred(pair: &Pair, attribute: Attribute) -> BTreeSet<String> {
    let primary = format!("{}.primary", attribute.name);
    let primary = pair.wanted.iter().find(|(name, _)| **name == primary).map(|(_, texts)| texts);
    let values = primary.into_iter().flatten().filter_map(|text| text.rsplit_once(IS));
    values.map(|(value, _)| fold(value)).collect()
}

fn folded(texts: &BTreeSet<String>) -> BTreeSet<String> {
    texts.iter().map(|text| fold(text)).collect()
}

fn digits(texts: &BTreeSet<String>) -> BTreeSet<String> {
    texts.iter().map(|text| text.chars().filter(char::is_ascii_digit).collect()).collect()
}

fn list(texts: &BTreeSet<String>) -> String {
    if texts.is_empty() {
        return "nothing".to_owned();
    }
    let texts: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    texts.join(", ")
}

/// How often each thing was found.
pub(crate) type Tally = BTreeMap<String, usize>;
