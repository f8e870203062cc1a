//! What is done where a target's state and ours do not go together.

/// What is done at a target where its state and ours do not go together. By default nothing is taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetPolicy {
    /// Which accounts that are there already count as ours.
    pub link: LinkPolicy,
    /// Two that swap their names may get one of their own in between, made of the host's id. Without it both wait for a
    /// person (F77).
    pub temporary_names: bool,
    /// What follows when the target has lost a resource (F59).
    pub gone: WhenGone,
}

/// Which accounts that are at a target already count as ours, beside those that show our id (P8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkPolicy {
    /// None: a name that is taken waits for a person.
    #[default]
    Never,
    /// The one account with the wanted name, if it shows nobody's id. What others set there stays, and the observer is
    /// told. Whoever can choose their own name at the host can take over such an account. At a target that keeps no id of
    /// ours every account shows nobody's, and none is taken over.
    IfUnmanaged,
    /// At a target that keeps no id of ours: the one account with a name that was not there right before our create, of
    /// which no answer came.
    TrustAbsence,
}

/// What follows when the target says that it has no such resource any more, and a look-up confirms it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenGone {
    /// It is created again.
    #[default]
    Recreate,
    /// It waits for a person. A retry by hand creates it again.
    Park,
}

impl LinkPolicy {
    /// As in a document.
    pub(super) const ALL: [(&'static str, Self); 3] = [
        ("never", Self::Never),
        ("if_unmanaged", Self::IfUnmanaged),
        ("trust_absence", Self::TrustAbsence),
    ];
}

impl WhenGone {
    /// As in a document.
    pub(super) const ALL: [(&'static str, Self); 2] =
        [("recreate", Self::Recreate), ("park", Self::Park)];
}
