//! Where each field of a profile comes from, and which source wins.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::fields::Profile;

/// Some fields of a profile, by name.
pub(crate) type Layer = BTreeMap<String, Value>;

/// Who says what a field holds. Later ones win, field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// Nobody: it is assumed of every server.
    Assumed,
    /// The vendor's profile.
    Vendor,
    /// The target describes itself so.
    Discovered,
    /// The target's answers taught it.
    Learnt,
    /// The administrator.
    Set,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assumed => "assumed",
            Self::Vendor => "by the vendor's profile",
            Self::Discovered => "the target says so",
            Self::Learnt => "learnt from its answers",
            Self::Set => "set by the administrator",
        })
    }
}

/// All that is known of a target, by source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    pub(crate) vendor: Layer,
    pub(crate) discovered: Layer,
    pub(crate) learnt: Layer,
    pub(crate) set: Layer,
}

impl Layers {
    /// The profile that all of it makes. What was kept in a form that this version does not read is passed over.
    pub(crate) fn merged(&self) -> Profile {
        let mut profile = Profile::default();
        for layer in [&self.vendor, &self.discovered, &self.learnt, &self.set] {
            for (field, value) in layer {
                let _ = profile.set(field, value);
            }
        }
        profile
    }

    /// Who says what a field holds.
    pub(crate) fn source(&self, field: &str) -> Source {
        let says = |layer: &Layer| {
            layer.get(field).is_some_and(|value| Profile::default().set(field, value).is_ok())
        };
        match () {
            () if says(&self.set) => Source::Set,
            () if says(&self.learnt) => Source::Learnt,
            () if says(&self.discovered) => Source::Discovered,
            () if says(&self.vendor) => Source::Vendor,
            () => Source::Assumed,
        }
    }
}
