//! How a store keeps a user or a group: by a word that says which of the two it is.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::group::Group;
use super::resource::Resource;
use super::user::User;

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Written<'a> {
    User(&'a User),
    Group(&'a Group),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "it lives for one call")]
enum Read {
    User(User),
    Group(Group),
}

pub(crate) fn serialize<S: Serializer>(
    resource: &Option<Arc<Resource>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let written = resource.as_deref().map(|resource| match resource {
        Resource::User(user) => Written::User(user),
        Resource::Group(group) => Written::Group(group),
    });
    written.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<Resource>>, D::Error> {
    Ok(Option::<Read>::deserialize(deserializer)?.map(|read| {
        Arc::new(match read {
            Read::User(user) => Resource::User(user),
            Read::Group(group) => Resource::Group(group),
        })
    }))
}
