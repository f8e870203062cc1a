//! What the fields of a profile can be.

use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($( $(#[$about:meta])* $name:ident { $( $(#[$doc:meta])* $choice:ident, )+ } )+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name { $( $(#[$doc])* $choice, )+ }
    )+};
}

choices! {
    /// Which SCIM it is. Written `2.0`.
    Version {
        /// RFC 7643 and RFC 7644.
        #[default]
        #[serde(rename = "2.0")]
        V2,
    }
    /// The media type of what is sent.
    ContentType {
        /// `application/scim+json` (RFC 7644 section 8.1).
        #[default]
        ScimJson,
        /// `application/json`, for servers that take nothing else.
        Json,
    }
    /// How an existing resource is changed.
    UpdateMethod {
        /// PATCH, or PUT where PATCH turns out not to be there.
        #[default]
        PutAndPatch,
        /// PATCH alone.
        Patch,
        /// GET, and PUT of what was read with the changes made.
        Put,
        /// PUT; PATCH only switches an account on or off.
        PatchActiveOnly,
        /// Not at all.
        None,
    }
    /// How a PATCH names attributes (RFC 7644 section 3.5.2).
    PatchStyle {
        /// An operation with a `path` per attribute.
        #[default]
        PathPerAttribute,
        /// One operation without a `path`, whose value is an object.
        PathLessObject,
    }
    /// How `op` is spelt.
    OpCase {
        /// `add`, as the RFC has it.
        #[default]
        Lower,
        /// `Add`.
        Pascal,
    }
    /// How an attribute loses its value in a PATCH.
    Clearing {
        /// `remove`.
        #[default]
        Remove,
        /// `replace` with null.
        Null,
        /// `replace` with an empty text.
        EmptyText,
    }
    /// How booleans are written.
    BooleanForm {
        /// `true`.
        #[default]
        Json,
        /// `"True"`.
        Text,
    }
    /// How the members of a group are changed.
    MembersPatch {
        /// By adding and removing single members.
        #[default]
        AddRemove,
        /// By replacing the list, which is read first.
        Replace,
        /// By PUT of the group.
        None,
    }
    /// How a member is removed by PATCH.
    RemoveForm {
        /// `members[value eq "…"]` (RFC 7644 figure 7).
        #[default]
        Filter,
        /// `members`, with the members as value.
        ValueArray,
    }
    /// Whether the target shows who is in a group.
    MembersReadable {
        /// In the group itself.
        #[default]
        Listed,
        /// Not at all: our own record is the truth.
        No,
    }
    /// How lists are read page by page.
    Paging {
        /// By `startIndex` (RFC 7644 section 3.4.2.4).
        #[default]
        Index,
        /// By `cursor` (RFC 9865).
        Cursor,
        /// The first answer holds everything.
        None,
    }
    /// How an account is switched off.
    Deactivation {
        /// `active` becomes false.
        #[default]
        ActiveFalse,
        /// Not at all.
        Unsupported,
    }
    /// What DELETE does to a user.
    Deletion {
        /// The account is gone.
        #[default]
        Hard,
        /// The account is switched off, keeps its name and our id, and a create finds it again.
        Deactivates,
        /// It is refused, or not wanted: users are switched off instead.
        Refused,
    }
    /// What DELETE does to a group.
    GroupDeletion {
        /// It is gone.
        #[default]
        Hard,
        /// It is refused: who is to have it deleted learns that it cannot be.
        Refused,
    }
    /// How an account that was switched off is brought back.
    Reactivation {
        /// By a PATCH of `active`.
        #[default]
        PatchActive,
        /// By PUT.
        Put,
    }
}
