//! What RFC 7643 says of some attributes, as far as a filter or a value path needs it.

use crate::model::extension::ENTERPRISE_USER;
use crate::model::path::AttributePath;

/// Attributes of texts that differ when their case does: ids and versions by their definition, references and binaries
/// by their type (RFC 7643 sections 2.3.6 and 2.3.7). `$ref` is a reference wherever it stands. The values of `members`,
/// `groups` and `manager` are ids of resources (section 3.1), though section 8.7.1 prints them without the property.
const CASE_EXACT: [(&str, Option<&str>); 10] = [
    ("id", None),                        // section 3.1
    ("externalId", None),                // section 3.1
    ("meta", Some("resourceType")),      // section 3.1
    ("meta", Some("location")),          // section 3.1
    ("meta", Some("version")),           // section 3.1
    ("profileUrl", None),                // section 4.1.1
    ("photos", Some("value")),           // section 4.1.2
    ("groups", Some("value")),           // section 4.1.2
    ("x509Certificates", Some("value")), // section 4.1.2
    ("members", Some("value")),          // section 4.2
];

/// Attributes with several values, which a path alone does not tell (RFC 7643 sections 4.1.2 and 4.2).
const MULTI_VALUED: [&str; 10] = [
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "groups",
    "entitlements",
    "roles",
    "x509Certificates",
    "members",
];

/// Whether texts at the path are compared with case: its attribute, this sub-attribute, and inside the brackets of a
/// value path the attribute that the brackets belong to.
pub(super) fn is_case_exact(
    path: &AttributePath,
    sub: Option<&str>,
    parent: Option<&AttributePath>,
) -> bool {
    let (path, sub) = match parent {
        Some(parent) => (parent, Some(path.attribute.as_str())),
        None => (path, sub),
    };
    if sub.is_some_and(|sub| sub.eq_ignore_ascii_case("$ref")) {
        return true;
    }
    match path.extension() {
        // The id of another user (RFC 7643 section 4.3).
        Some(urn) => {
            urn.eq_ignore_ascii_case(ENTERPRISE_USER)
                && path.attribute.eq_ignore_ascii_case("manager")
                && sub.is_some_and(|sub| sub.eq_ignore_ascii_case("value"))
        }
        None => CASE_EXACT.iter().any(|(attribute, exact)| {
            attribute.eq_ignore_ascii_case(&path.attribute)
                && match (exact, sub) {
                    // A plain value is its own `value`.
                    (Some(exact), sub) => exact.eq_ignore_ascii_case(sub.unwrap_or("value")),
                    (None, sub) => sub.is_none(),
                }
        }),
    }
}

/// Whether an attribute is known to have several values.
pub(super) fn is_multi_valued(path: &AttributePath) -> bool {
    path.extension().is_none()
        && MULTI_VALUED.iter().any(|name| name.eq_ignore_ascii_case(&path.attribute))
}
