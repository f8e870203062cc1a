//! Which claim of WSO2's local dialect holds which SCIM attribute. Pure.

use serde_json::{Map, Value};

use crate::model::{ENTERPRISE_USER, is_urn};

/// What stands in front of the names of WSO2's own claims.
pub(super) const DIALECT: &str = "http://wso2.org/claims/";

/// Where a claim's values are in a user, as SCIM's JSON has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// A text, or the `value` of each of several; below it the attribute within.
    At(&'a str, Option<&'a str>),
    /// Of several, the preferred one, or else the first.
    Preferred(&'a str, &'a str),
    /// Of several, those with this label.
    Labelled(&'a str, &'a str),
    /// An attribute of an extension.
    Of(&'a str, &'a str, Option<&'a str>),
}

use Place::{At, Labelled, Of, Preferred};

/// As WSO2 Identity Server maps SCIM 2.0 when it is installed. Where two versions have two names, both are given.
pub(super) const CLAIMS: [(&str, Place<'static>); 52] = [
    ("userid", At("externalId", None)),
    ("username", At("userName", None)),
    ("givenname", At("name", Some("givenName"))),
    ("lastname", At("name", Some("familyName"))),
    ("formattedName", At("name", Some("formatted"))),
    ("middleName", At("name", Some("middleName"))),
    ("honorificPrefix", At("name", Some("honorificPrefix"))),
    ("honorificSuffix", At("name", Some("honorificSuffix"))),
    ("displayName", At("displayName", None)),
    ("nickname", At("nickName", None)),
    ("url", At("profileUrl", None)),
    ("title", At("title", None)),
    ("userType", At("userType", None)),
    ("preferredLanguage", At("preferredLanguage", None)),
    ("local", At("locale", None)),
    ("timeZone", At("timezone", None)),
    ("active", At("active", None)),
    ("emailaddress", Preferred("emails", "value")),
    ("emails.work", Labelled("emails", "work")),
    ("emails.home", Labelled("emails", "home")),
    ("emails.other", Labelled("emails", "other")),
    ("mobile", Labelled("phoneNumbers", "mobile")),
    ("telephone", Labelled("phoneNumbers", "work")),
    ("phoneNumbers.work", Labelled("phoneNumbers", "work")),
    ("phoneNumbers.home", Labelled("phoneNumbers", "home")),
    ("phoneNumbers.fax", Labelled("phoneNumbers", "fax")),
    ("phoneNumbers.pager", Labelled("phoneNumbers", "pager")),
    ("phoneNumbers.other", Labelled("phoneNumbers", "other")),
    ("im", Preferred("ims", "value")),
    ("gtalk", Labelled("ims", "gtalk")),
    ("skype", Labelled("ims", "skype")),
    ("photourl", Labelled("photos", "photo")),
    ("thumbnail", Labelled("photos", "thumbnail")),
    ("country", Preferred("addresses", "country")),
    ("locality", Preferred("addresses", "locality")),
    ("addresses.locality", Preferred("addresses", "locality")),
    ("region", Preferred("addresses", "region")),
    ("stateorprovince", Preferred("addresses", "region")),
    ("streetaddress", Preferred("addresses", "streetAddress")),
    ("postalcode", Preferred("addresses", "postalCode")),
    ("addresses.formatted", Preferred("addresses", "formatted")),
    ("role", At("roles", None)),
    ("roles", At("roles", None)),
    ("entitlements", At("entitlements", None)),
    ("x509Certificates", At("x509Certificates", None)),
    ("employeeNumber", Of(ENTERPRISE_USER, "employeeNumber", None)),
    ("costCenter", Of(ENTERPRISE_USER, "costCenter", None)),
    ("organization", Of(ENTERPRISE_USER, "organization", None)),
    ("division", Of(ENTERPRISE_USER, "division", None)),
    ("department", Of(ENTERPRISE_USER, "department", None)),
    ("manager", Of(ENTERPRISE_USER, "manager", Some("value"))),
    ("groups", At("groups", None)),
];

impl<'a> Place<'a> {
    /// A place as a host writes it: `title`, `name.givenName`, `urn:example:badge:colour`.
    pub(super) fn parse(text: &'a str) -> Self {
        let (urn, path) = match text.rsplit_once(':') {
            Some((urn, path)) if is_urn(text) => (Some(urn), path),
            _ => (None, text),
        };
        let (name, within) = match path.split_once('.') {
            Some((name, within)) => (name, Some(within)),
            None => (path, None),
        };
        match urn {
            Some(urn) => Of(urn, name, within),
            None => At(name, within),
        }
    }

    /// The values there, as texts.
    pub(super) fn values(self, user: &Map<String, Value>) -> Vec<String> {
        let all = |name: &str| match user.get(name) {
            Some(Value::Array(values)) => values.as_slice(),
            _ => &[],
        };
        let mut texts = Vec::new();
        match self {
            At(name, within) => collect(user.get(name), within, &mut texts),
            Of(urn, name, within) => {
                let attributes = member(user, urn).and_then(Value::as_object);
                let value = attributes.and_then(|attributes| member(attributes, name));
                collect(value, within, &mut texts);
            }
            Preferred(name, within) => {
                let is_preferred =
                    |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
                let values = all(name);
                let preferred = values.iter().find(is_preferred).or_else(|| values.first());
                collect(preferred, Some(within), &mut texts);
            }
            Labelled(name, label) => {
                let is_labelled = |value: &&Value| {
                    let kind = value.get("type").and_then(Value::as_str);
                    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(label))
                };
                for value in all(name).iter().filter(is_labelled) {
                    collect(Some(value), None, &mut texts);
                }
            }
        }
        texts
    }
}

/// Names of attributes and URNs are without regard to case (RFC 7643 section 2.1).
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let exact = object.get(name);
    exact.or_else(|| {
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

fn collect(value: Option<&Value>, within: Option<&str>, texts: &mut Vec<String>) {
    match value {
        Some(Value::String(text)) if within.is_none() => texts.push(text.clone()),
        Some(scalar @ (Value::Bool(_) | Value::Number(_))) if within.is_none() => {
            texts.push(scalar.to_string());
        }
        Some(Value::Array(values)) => {
            for value in values {
                // A list in a list is no attribute (RFC 7643 section 2.3.8).
                if !value.is_array() {
                    collect(Some(value), within, texts);
                }
            }
        }
        Some(Value::Object(object)) => {
            let inner = member(object, within.unwrap_or("value"));
            if !matches!(inner, Some(Value::Object(_) | Value::Array(_))) {
                collect(inner, None, texts);
            }
        }
        _ => {}
    }
}
