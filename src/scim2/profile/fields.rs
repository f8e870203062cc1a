//! The profile: one value of what a target can do.

use std::collections::BTreeMap;

use http::HeaderValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::values::{
    BooleanForm, Clearing, ContentType, Deactivation, Deletion, GroupDeletion, MembersPatch,
    MembersReadable, OpCase, Paging, PatchStyle, Reactivation, RemoveForm, UpdateMethod, Version,
};
use crate::exchange::{self, Rate};
use crate::model::{ResourceKind, is_disruptive};

macro_rules! profile {
    ($( $(#[$doc:meta])* $field:ident: $type:ty = $default:expr; )+) => {
        /// What a target can do, field by field. What the fields hold by default is what RFC 7644 asks of a server.
        ///
        /// ```
        /// use outbound_provisioning::scim2::profile::{Profile, UpdateMethod};
        ///
        /// let profile = Profile::default();
        /// assert_eq!(profile.user_update, UpdateMethod::PutAndPatch);
        /// assert!(Profile::FIELDS.contains(&"max_members_per_request"));
        /// ```
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[non_exhaustive]
        pub struct Profile { $( $(#[$doc])* pub $field: $type, )+ }

        impl Default for Profile {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl Profile {
            /// The names of all fields, as settings and profile files have them.
            pub const FIELDS: &'static [&'static str] = &[$( stringify!($field), )+];

            /// Gives a field another value.
            ///
            /// # Errors
            /// What is wrong with the value, or that there is no such field.
            pub(crate) fn set(&mut self, field: &str, value: &Value) -> Result<(), String> {
                check(field, value)?;
                match field {
                    $( stringify!($field) => self.$field = read(value)?, )+
                    _ => return Err("no field of a profile".to_owned()),
                }
                Ok(())
            }

            /// What a field holds, as JSON.
            pub(crate) fn value(&self, field: &str) -> Option<Value> {
                match field {
                    $( stringify!($field) => serde_json::to_value(&self.$field).ok(), )+
                    _ => None,
                }
            }
        }
    };
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| {
        // The value stays out of it: it may have been meant for another field.
        let error = error.to_string();
        let expected =
            error.rsplit_once("expected ").map_or("another form", |(_, expected)| expected);
        format!("not understood; give {expected}")
    })
}

/// What the type of a field cannot say: that no request leads elsewhere (F91), can be built at all, and asks for
/// something.
fn check(field: &str, value: &Value) -> Result<(), String> {
    let complaint = match (field, value) {
        ("users_path" | "groups_path" | "config_path", Value::String(path)) => {
            let harmless = |letter: char| {
                letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_' | '~')
            };
            let leads_on =
                |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(harmless);
            (!path.split('/').all(leads_on))
                .then_some("give a path below the base URL, such as Users or v2/Users")
        }
        ("accept", Value::String(text)) => {
            (!text.is_ascii() || HeaderValue::from_str(text).is_err()).then_some("give media types")
        }
        ("max_count", Value::Number(count)) => {
            (count.as_u64() == Some(0)).then_some("give 1 or more")
        }
        // A console shows it, and a log.
        _ if is_disruptive_text(value) => Some("give text on one line, read from left to right"),
        _ => None,
    };
    complaint.map_or(Ok(()), |complaint| Err(format!("not understood; {complaint}")))
}

/// Whether a text, or one of several, holds letters that do more than stand where they were written.
fn is_disruptive_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().any(is_disruptive),
        Value::Array(values) => values.iter().any(is_disruptive_text),
        _ => false,
    }
}

profile! {
    /// Which SCIM it speaks. SCIM 1.1 is another connector's.
    version: Version = Version::V2;
    /// Where users are, below the base URL.
    users_path: String = "Users".to_owned();
    /// Where groups are, below the base URL.
    groups_path: String = "Groups".to_owned();
    /// Where the target describes itself, below the base URL.
    config_path: String = "ServiceProviderConfig".to_owned();
    /// Whether the target is asked what it can do, once a day.
    discovery: bool = true;
    /// Whether a refused request is tried in other words, and what helps is learnt.
    adapt: bool = true;
    /// The media type of what is sent.
    content_type: ContentType = ContentType::ScimJson;
    /// The media types that answers may have.
    accept: String = "application/scim+json, application/json".to_owned();
    /// Whether the target has groups.
    groups: bool = true;
    /// How a user is changed.
    user_update: UpdateMethod = UpdateMethod::PutAndPatch;
    /// How a group is changed.
    group_update: UpdateMethod = UpdateMethod::PutAndPatch;
    /// How a PATCH names attributes.
    patch_style: PatchStyle = PatchStyle::PathPerAttribute;
    /// How `op` is spelt.
    patch_op_case: OpCase = OpCase::Lower;
    /// Whether a path may hold a filter: `emails[type eq "work"]`.
    complex_paths: bool = true;
    /// How an attribute loses its value.
    clearing: Clearing = Clearing::Remove;
    /// How booleans are written in a PATCH.
    booleans: BooleanForm = BooleanForm::Json;
    /// How the members of a group are changed.
    members_patch: MembersPatch = MembersPatch::AddRemove;
    /// The most members that one request may change; 0: no limit.
    max_members_per_request: usize = 0;
    /// The most members that one request may remove; 0: no limit of its own.
    max_removals_per_request: usize = 0;
    /// Whether members may join and leave by one request.
    members_mixable: bool = true;
    /// How a member is removed.
    remove_form: RemoveForm = RemoveForm::Filter;
    /// The most bytes that a request's members may take; 0: no limit.
    max_member_bytes: usize = 512 * 1024;
    /// Whether a group may be created with members.
    members_on_create: bool = true;
    /// Whether the target shows who is in a group.
    members_readable: MembersReadable = MembersReadable::Listed;
    /// Whether a member's `type` is written.
    member_type: bool = true;
    /// The attributes by which users can be looked up with `eq`.
    user_filters: Vec<String> = vec!["externalId".to_owned(), "userName".to_owned()];
    /// The attributes by which groups can be looked up with `eq`.
    group_filters: Vec<String> = vec!["externalId".to_owned(), "displayName".to_owned()];
    /// How lists are read.
    paging: Paging = Paging::Index;
    /// The most resources that one page holds.
    max_count: usize = 100;
    /// How an account is switched off.
    deactivate: Deactivation = Deactivation::ActiveFalse;
    /// Whether users are given passwords.
    passwords: bool = true;
    /// Whether a user who is there may be given another password; else only a new one is given one.
    password_changes: bool = true;
    /// What DELETE does to users.
    delete: Deletion = Deletion::Hard;
    /// What DELETE does to groups.
    group_delete: GroupDeletion = GroupDeletion::Hard;
    /// How an account that was switched off is brought back.
    reactivate: Reactivation = Reactivation::PatchActive;
    /// Attributes without which the target takes no user.
    user_required: Vec<String> = Vec::new();
    /// Attributes without which the target takes no group.
    group_required: Vec<String> = Vec::new();
    /// Attributes of users that are not sent.
    user_forbidden: Vec<String> = Vec::new();
    /// Attributes of groups that are not sent.
    group_forbidden: Vec<String> = Vec::new();
    /// Attributes of users that are sent at creation only.
    user_immutable: Vec<String> = Vec::new();
    /// Attributes of groups that are sent at creation only.
    group_immutable: Vec<String> = Vec::new();
    /// Multi-valued attributes of which the target keeps one value: the primary one, or else the first.
    single_valued: Vec<String> = Vec::new();
    /// The most characters of a text, by attribute. Longer ones are refused here and not cut.
    max_len: BTreeMap<String, usize> = BTreeMap::new();
    /// The attributes of users that the target knows and lets us write; null: not known, all are sent.
    user_attributes: Option<Vec<String>> = None;
    /// The attributes of groups that the target knows and lets us write; null: not known, all are sent.
    group_attributes: Option<Vec<String>> = None;
    /// The extensions of users that the target announces, by URN; null: not known, all are sent.
    user_extensions: Option<Vec<String>> = None;
    /// The extensions of groups that the target announces, by URN; null: not known, all are sent.
    group_extensions: Option<Vec<String>> = None;
    /// Whether changes say which version they are based on (`If-Match`).
    etag: bool = false;
    /// Whether a user keeps our own id (`externalId`).
    user_external_id: bool = true;
    /// Whether a group keeps our own id (`externalId`).
    group_external_id: bool = true;
    /// Whether two users cannot have one name.
    unique_users: bool = true;
    /// Whether two groups cannot have one name.
    unique_groups: bool = false;
    /// The statuses that mean "there is such a resource already", beside words that say so.
    conflict: Vec<u16> = vec![409];
    /// How much may be sent.
    limits: Limits = Limits::default();
    /// Whether the body of a PUT repeats the id.
    id_in_put_body: bool = true;
}

/// RFC 7643 section 4.1.1.
const PASSWORD: &str = "password";

fn is_named(attributes: &[String], name: &str) -> bool {
    attributes.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// How much may be sent to a target in a minute; 0: no limit of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Requests that read, a minute.
    pub reads_per_minute: u32,
    /// Requests that write, a minute.
    pub writes_per_minute: u32,
    /// How many of each may be sent at once.
    pub burst: u32,
}

impl Limits {
    /// As the exchange keeps them.
    pub(crate) fn for_exchange(self) -> exchange::Limits {
        let rate = |requests: u32| {
            let mut rate = (requests > 0).then(|| Rate::per_minute(requests))?;
            if self.burst > 0 {
                rate.burst = self.burst;
            }
            Some(rate)
        };
        exchange::Limits { read: rate(self.reads_per_minute), write: rate(self.writes_per_minute) }
    }
}

impl Profile {
    pub(crate) fn path(&self, kind: ResourceKind) -> &str {
        match kind {
            ResourceKind::User => &self.users_path,
            ResourceKind::Group => &self.groups_path,
        }
    }

    pub(crate) fn update(&self, kind: ResourceKind) -> UpdateMethod {
        match kind {
            ResourceKind::User => self.user_update,
            ResourceKind::Group => self.group_update,
        }
    }

    /// Whether no DELETE is to be sent.
    pub(crate) fn refuses_delete(&self, kind: ResourceKind) -> bool {
        match kind {
            ResourceKind::User => self.delete == Deletion::Refused,
            ResourceKind::Group => self.group_delete == GroupDeletion::Refused,
        }
    }

    pub(crate) fn filters(&self, kind: ResourceKind) -> &[String] {
        match kind {
            ResourceKind::User => &self.user_filters,
            ResourceKind::Group => &self.group_filters,
        }
    }

    pub(crate) fn filters_by(&self, kind: ResourceKind, attribute: &str) -> bool {
        self.filters(kind).iter().any(|known| known.eq_ignore_ascii_case(attribute))
    }

    pub(crate) fn required(&self, kind: ResourceKind) -> &[String] {
        match kind {
            ResourceKind::User => &self.user_required,
            ResourceKind::Group => &self.group_required,
        }
    }

    pub(crate) fn forbidden(&self, kind: ResourceKind) -> &[String] {
        match kind {
            ResourceKind::User => &self.user_forbidden,
            ResourceKind::Group => &self.group_forbidden,
        }
    }

    pub(crate) fn immutable(&self, kind: ResourceKind) -> &[String] {
        match kind {
            ResourceKind::User => &self.user_immutable,
            ResourceKind::Group => &self.group_immutable,
        }
    }

    /// Whether users are given passwords: an administrator may say in two ways that they are not.
    pub(crate) fn takes_passwords(&self) -> bool {
        self.passwords && !is_named(&self.user_forbidden, PASSWORD)
    }

    /// Whether a user who is there may be given another password.
    pub(crate) fn changes_passwords(&self) -> bool {
        self.takes_passwords() && self.password_changes && !is_named(&self.user_immutable, PASSWORD)
    }

    pub(crate) fn attributes(&self, kind: ResourceKind) -> Option<&[String]> {
        match kind {
            ResourceKind::User => self.user_attributes.as_deref(),
            ResourceKind::Group => self.group_attributes.as_deref(),
        }
    }

    pub(crate) fn extensions(&self, kind: ResourceKind) -> Option<&[String]> {
        match kind {
            ResourceKind::User => self.user_extensions.as_deref(),
            ResourceKind::Group => self.group_extensions.as_deref(),
        }
    }

    pub(crate) fn keeps_external_id(&self, kind: ResourceKind) -> bool {
        match kind {
            ResourceKind::User => self.user_external_id,
            ResourceKind::Group => self.group_external_id,
        }
    }
}
