//! What the server knows of the attributes: RFC 7643 sections 3.1, 4.1, 4.2, 4.3 and 8.7.1.

use serde_json::{Map, Value, json};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The two resource types that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResourceType {
    User,
    Group,
}

impl ResourceType {
    pub(super) const ALL: [Self; 2] = [Self::User, Self::Group];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    pub(super) fn schema(self) -> &'static str {
        match self {
            Self::User => USER,
            Self::Group => GROUP,
        }
    }

    /// The attribute that is required and unique without regard to case.
    pub(super) fn naming_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    pub(super) fn attributes(self) -> &'static [Attribute] {
        match self {
            Self::User => USER_ATTRIBUTES,
            Self::Group => GROUP_ATTRIBUTES,
        }
    }

    /// A top-level attribute of the type, the common ones (RFC 7643 section 3.1) included.
    pub(super) fn attribute(self, name: &str) -> Option<&'static Attribute> {
        find(COMMON_ATTRIBUTES, name).or_else(|| find(self.attributes(), name))
    }
}

/// RFC 7643 section 7, `mutability`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
    WriteOnly,
}

/// RFC 7643 section 2.3. Dates do not occur in what a client may write.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    String,
    Boolean,
    /// To what: names of resource types, or `external` (RFC 7643 section 2.3.7).
    Reference(&'static [&'static str]),
    Binary,
    Complex(&'static [Attribute]),
}

/// One attribute or sub-attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) multi_valued: bool,
    pub(super) required: bool,
    pub(super) case_exact: bool,
    pub(super) mutability: Mutability,
}

impl Attribute {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            multi_valued: false,
            required: false,
            // References and binary values are case exact (RFC 7643 sections 2.3.6 and 2.3.7).
            case_exact: matches!(kind, Kind::Reference(_) | Kind::Binary),
            mutability: Mutability::ReadWrite,
        }
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn case_exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    const fn with(mut self, mutability: Mutability) -> Self {
        self.mutability = mutability;
        self
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }

    pub(super) fn sub_attributes(&self) -> &'static [Self] {
        match self.kind {
            Kind::Complex(attributes) => attributes,
            _ => &[],
        }
    }

    /// Whether `value` alone tells one entry of the list from another, as it does for members.
    pub(super) fn is_identified_by_value(&self) -> bool {
        find(self.sub_attributes(), "value").is_some_and(|value| value.required)
    }
}

/// Finds an attribute; names are compared without case (RFC 7643 section 2.1).
pub(super) fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// The key of `object` that is `name` without regard to case.
pub(super) fn key_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).map(String::as_str)
}

/// The value of the key of `object` that is `name` without regard to case.
pub(super) fn value_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

const fn string(name: &'static str) -> Attribute {
    Attribute::new(name, Kind::String)
}

const fn boolean(name: &'static str) -> Attribute {
    Attribute::new(name, Kind::Boolean)
}

const fn reference(name: &'static str, to: &'static [&'static str]) -> Attribute {
    Attribute::new(name, Kind::Reference(to))
}

const fn complex(name: &'static str, sub_attributes: &'static [Attribute]) -> Attribute {
    Attribute::new(name, Kind::Complex(sub_attributes))
}

const fn list(name: &'static str, sub_attributes: &'static [Attribute]) -> Attribute {
    let mut attribute = complex(name, sub_attributes);
    attribute.multi_valued = true;
    attribute
}

/// The usual sub-attributes of a multi-valued attribute (RFC 7643 section 2.4).
const fn plural(value: Kind) -> [Attribute; 4] {
    [Attribute::new("value", value), string("display"), string("type"), boolean("primary")]
}

static STRINGS: [Attribute; 4] = plural(Kind::String);
static REFERENCES: [Attribute; 4] = plural(Kind::Reference(&["external"]));
static BINARIES: [Attribute; 4] = plural(Kind::Binary);

static COMMON_ATTRIBUTES: &[Attribute] = &[
    string("id").case_exact().with(Mutability::ReadOnly),
    string("externalId").case_exact(),
    complex(
        "meta",
        &[
            string("resourceType").case_exact(),
            reference("location", &["uri"]),
            string("version").case_exact(),
        ],
    )
    .with(Mutability::ReadOnly),
];

static USER_ATTRIBUTES: &[Attribute] = &[
    string("userName").required(),
    complex(
        "name",
        &[
            string("formatted"),
            string("familyName"),
            string("givenName"),
            string("middleName"),
            string("honorificPrefix"),
            string("honorificSuffix"),
        ],
    ),
    string("displayName"),
    string("nickName"),
    reference("profileUrl", &["external"]),
    string("title"),
    string("userType"),
    string("preferredLanguage"),
    string("locale"),
    string("timezone"),
    boolean("active"),
    string("password").case_exact().with(Mutability::WriteOnly),
    list("emails", &STRINGS),
    list("phoneNumbers", &STRINGS),
    list("ims", &STRINGS),
    list("photos", &REFERENCES),
    list(
        "addresses",
        &[
            string("formatted"),
            string("streetAddress"),
            string("locality"),
            string("region"),
            string("postalCode"),
            string("country"),
            string("type"),
            boolean("primary"),
        ],
    ),
    list(
        "groups",
        &[string("value"), reference("$ref", &["Group"]), string("display"), string("type")],
    )
    .with(Mutability::ReadOnly),
    list("entitlements", &STRINGS),
    list("roles", &STRINGS),
    list("x509Certificates", &BINARIES),
];

static GROUP_ATTRIBUTES: &[Attribute] = &[
    string("displayName").required(),
    list(
        "members",
        &[
            // An id, and ids are case exact.
            string("value").required().case_exact().with(Mutability::Immutable),
            reference("$ref", &["User", "Group"]).with(Mutability::Immutable),
            string("type").with(Mutability::Immutable),
            string("display"),
        ],
    ),
];

pub(super) static ENTERPRISE_ATTRIBUTES: &[Attribute] = &[
    string("employeeNumber"),
    string("costCenter"),
    string("organization"),
    string("division"),
    string("department"),
    complex(
        "manager",
        &[
            string("value").case_exact(),
            reference("$ref", &["User"]),
            string("displayName").with(Mutability::ReadOnly),
        ],
    ),
];

/// The attributes of an extension; those of an unknown one are not known, and taken as they come.
pub(super) fn extension_attributes(urn: &str) -> Option<&'static [Attribute]> {
    urn.eq_ignore_ascii_case(ENTERPRISE).then_some(ENTERPRISE_ATTRIBUTES)
}

/// The attributes in the form of `/Schemas` (RFC 7643 section 7).
pub(super) fn describe(attributes: &[Attribute], unique: Option<&str>) -> Value {
    attributes
        .iter()
        .map(|attribute| {
            let mut entry = json!({
                "name": attribute.name,
                "type": match attribute.kind {
                    Kind::String => "string",
                    Kind::Boolean => "boolean",
                    Kind::Reference(_) => "reference",
                    Kind::Binary => "binary",
                    Kind::Complex(_) => "complex",
                },
                "multiValued": attribute.multi_valued,
                "required": attribute.required,
                "caseExact": attribute.case_exact,
                "mutability": match attribute.mutability {
                    Mutability::ReadWrite => "readWrite",
                    Mutability::ReadOnly => "readOnly",
                    Mutability::Immutable => "immutable",
                    Mutability::WriteOnly => "writeOnly",
                },
                "returned": match attribute.mutability {
                    Mutability::WriteOnly => "never",
                    _ => "default",
                },
                "uniqueness": if unique == Some(attribute.name) { "server" } else { "none" },
            });
            if let Some(entry) = entry.as_object_mut() {
                match attribute.kind {
                    Kind::Complex(sub_attributes) => {
                        entry.insert("subAttributes".into(), describe(sub_attributes, None));
                    }
                    Kind::Reference(to) => {
                        entry.insert("referenceTypes".into(), json!(to));
                    }
                    _ => {}
                }
            }
            entry
        })
        .collect()
}
