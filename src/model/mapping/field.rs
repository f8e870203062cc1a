//! The texts that stand in a resource by themselves, each reached without a detour over JSON.

use std::fmt;

use serde_json::{Map, Value};

use crate::model::extension::ENTERPRISE_USER;
use crate::model::filter::ValuePath;
use crate::model::path::AttributePath;
use crate::model::resource::Resource;

/// One text of a resource.
pub(crate) struct Field {
    schema: Option<&'static str>,
    attribute: &'static str,
    sub_attribute: Option<&'static str>,
    /// The text; empty counts as none.
    pub(crate) read: fn(&Resource) -> Option<&str>,
    /// Puts a text there that is not empty, or takes it away.
    pub(crate) write: fn(&mut Resource, Option<String>),
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.attribute)
    }
}

impl Field {
    /// The field that a path leads to.
    pub(crate) fn at(path: &ValuePath) -> Option<&'static Self> {
        if path.filter().is_some() { None } else { Self::of(path.attribute()) }
    }

    /// The field that a path without a filter leads to.
    pub(crate) fn of(path: &AttributePath) -> Option<&'static Self> {
        let same = |known: Option<&str>, given: Option<&str>| match (known, given) {
            (Some(known), Some(given)) => known.eq_ignore_ascii_case(given),
            (None, None) => true,
            _ => false,
        };
        let schema = path.extension();
        FIELDS.iter().find(|field| {
            field.attribute.eq_ignore_ascii_case(&path.attribute)
                && same(field.sub_attribute, path.sub_attribute.as_deref())
                && same(field.schema, schema)
        })
    }

    /// Puts its text where SCIM's JSON has it.
    pub(crate) fn add_to(&self, attributes: &mut Map<String, Value>, resource: &Resource) {
        let Some(text) = (self.read)(resource) else { return };
        let (whole, part) = match (self.schema, self.sub_attribute) {
            (Some(urn), _) => (urn, Some(self.attribute)),
            (None, part) => (self.attribute, part),
        };
        let Some(part) = part else {
            attributes.insert(whole.to_owned(), text.into());
            return;
        };
        let whole = attributes.entry(whole).or_insert_with(|| Map::new().into());
        if let Value::Object(parts) = whole {
            parts.insert(part.to_owned(), text.into());
        }
    }
}

macro_rules! fields {
    (
        core { $($core:literal: $core_field:ident,)+ }
        name { $($name:literal: $name_field:ident,)+ }
        enterprise { $($enterprise:literal: $enterprise_field:ident,)+ }
    ) => {
        const FIELDS: &[Field] = &[
            Field {
                schema: None,
                attribute: "externalId",
                sub_attribute: None,
                read: |resource| Some(resource.local_id().as_str()),
                // The proof that an account is ours is nobody's to change.
                write: |_, _| {},
            },
            Field {
                schema: None,
                attribute: "userName",
                sub_attribute: None,
                read: |resource| match resource {
                    Resource::User(user) => Some(user.user_name.as_str()),
                    Resource::Group(_) => None,
                },
                write: |resource, text| {
                    if let Resource::User(user) = resource {
                        user.user_name = text.unwrap_or_default();
                    }
                },
            },
            Field {
                schema: None,
                attribute: "displayName",
                sub_attribute: None,
                read: |resource| match resource {
                    Resource::User(user) => user.display_name.as_deref(),
                    Resource::Group(group) => Some(group.display_name.as_str()),
                },
                write: |resource, text| match resource {
                    Resource::User(user) => user.display_name = text,
                    Resource::Group(group) => group.display_name = text.unwrap_or_default(),
                },
            },
            $(Field {
                schema: None,
                attribute: $core,
                sub_attribute: None,
                read: |resource| match resource {
                    Resource::User(user) => user.$core_field.as_deref(),
                    Resource::Group(_) => None,
                },
                write: |resource, text| {
                    if let Resource::User(user) = resource {
                        user.$core_field = text;
                    }
                },
            },)+
            $(Field {
                schema: None,
                attribute: "name",
                sub_attribute: Some($name),
                read: |resource| match resource {
                    Resource::User(user) => {
                        user.name.as_ref().and_then(|name| name.$name_field.as_deref())
                    }
                    Resource::Group(_) => None,
                },
                write: |resource, text| {
                    if let Resource::User(user) = resource
                        && (text.is_some() || user.name.is_some())
                    {
                        let is_taken = text.is_none();
                        user.name.get_or_insert_default().$name_field = text;
                        if is_taken {
                            user.name = user.name.take().filter(|name| *name != Default::default());
                        }
                    }
                },
            },)+
            $(Field {
                schema: Some(ENTERPRISE_USER),
                attribute: $enterprise,
                sub_attribute: None,
                read: |resource| match resource {
                    Resource::User(user) => {
                        user.enterprise.as_ref().and_then(|it| it.$enterprise_field.as_deref())
                    }
                    Resource::Group(_) => None,
                },
                write: |resource, text| {
                    if let Resource::User(user) = resource
                        && (text.is_some() || user.enterprise.is_some())
                    {
                        let is_taken = text.is_none();
                        user.enterprise.get_or_insert_default().$enterprise_field = text;
                        if is_taken {
                            user.enterprise =
                                user.enterprise.take().filter(|it| *it != Default::default());
                        }
                    }
                },
            },)+
        ];
    };
}

fields! {
    core {
        "nickName": nick_name,
        "profileUrl": profile_url,
        "title": title,
        "userType": user_type,
        "preferredLanguage": preferred_language,
        "locale": locale,
        "timezone": timezone,
    }
    name {
        "formatted": formatted,
        "familyName": family_name,
        "givenName": given_name,
        "middleName": middle_name,
        "honorificPrefix": honorific_prefix,
        "honorificSuffix": honorific_suffix,
    }
    enterprise {
        "employeeNumber": employee_number,
        "costCenter": cost_center,
        "organization": organization,
        "division": division,
        "department": department,
    }
}
