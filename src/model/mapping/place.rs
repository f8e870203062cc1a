//! Where in a resource a path leads: looked up once, when a mapping is read, and not for every user.

use super::field::Field;
use super::kind::Kind;
use super::schema::{AttributeKind, Row, Shape, VALUE, rows};
use super::texts::Texts;
use crate::model::extension::ENTERPRISE_USER;
use crate::model::filter::ValuePath;
use crate::model::kind::ResourceKind;
use crate::model::problem::nearest;

/// An attribute that is read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    path: ValuePath,
    pub(crate) place: Place,
    /// Whether what stands there is a list, of one value too.
    pub(crate) is_list: bool,
    /// Texts of a list's values, which are reached without a detour over JSON.
    pub(crate) texts: Option<Texts>,
}

/// An attribute that is written.
#[derive(Clone, Debug)]
pub(crate) struct Writing {
    path: ValuePath,
    pub(crate) place: Place,
    /// As with [`Reading`].
    pub(crate) texts: Option<Texts>,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) head: Head,
    /// One text of the resource, which is reached without a detour over JSON.
    pub(crate) field: Option<&'static Field>,
}

/// The attribute that a path begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// One whose values are all reached as fields.
    Text,
    Active,
    Name,
    Emails,
    PhoneNumbers,
    Ims,
    Photos,
    Addresses,
    Entitlements,
    Roles,
    X509Certificates,
    Enterprise,
    Extension,
    /// A core attribute that a resource cannot carry.
    Unknown,
}

impl Head {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::Unknown as usize + 1;

    /// The names of those that are lists.
    pub(crate) const LISTS: [(&'static str, Self); 8] = [
        ("emails", Self::Emails),
        ("phoneNumbers", Self::PhoneNumbers),
        ("ims", Self::Ims),
        ("photos", Self::Photos),
        ("addresses", Self::Addresses),
        ("entitlements", Self::Entitlements),
        ("roles", Self::Roles),
        ("x509Certificates", Self::X509Certificates),
    ];

    fn of(path: &ValuePath) -> Self {
        let attribute = &path.attribute().attribute;
        match path.attribute().extension() {
            Some(urn) if urn.eq_ignore_ascii_case(ENTERPRISE_USER) => Self::Enterprise,
            Some(_) => Self::Extension,
            None => {
                let list =
                    Self::LISTS.iter().find(|(name, _)| attribute.eq_ignore_ascii_case(name));
                match list {
                    Some((_, head)) => *head,
                    None if attribute.eq_ignore_ascii_case("active") => Self::Active,
                    None if attribute.eq_ignore_ascii_case("name") => Self::Name,
                    None if Field::at(path).is_some() => Self::Text,
                    None => Self::Unknown,
                }
            }
        }
    }
}

/// What is known of the attribute at the end of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known {
    /// An attribute of RFC 7643.
    Attribute(Found),
    /// One of an extension schema that nobody described.
    Open,
    /// No such attribute.
    Missing,
}

/// An attribute of RFC 7643, at the end of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The attribute itself.
    pub(crate) whole: &'static Row,
    /// What the path leads to: the attribute, or its sub-attribute.
    pub(crate) row: &'static Row,
    /// Whether one value of several is meant.
    pub(crate) filtered: bool,
}

impl Found {
    /// Whether the path leads to several values.
    pub(crate) fn is_many(&self) -> bool {
        self.whole.multi_valued && !self.filtered
    }

    /// Whether the path leads to a part of what the attribute holds.
    pub(crate) fn is_part(&self) -> bool {
        !std::ptr::eq(self.whole, self.row)
    }

    /// What is known of a value there.
    pub(crate) fn kind(&self) -> Kind {
        match self.row.kind {
            AttributeKind::Complex => Kind::Complex,
            AttributeKind::Reference if self.row.shape == Shape::Manager => Kind::Complex,
            _ if self.is_many() => Kind::List,
            // As many as the filter lets through.
            _ if self.whole.multi_valued => Kind::Any,
            AttributeKind::Boolean => Kind::Boolean,
            AttributeKind::Number => Kind::Number,
            _ => Kind::Text,
        }
    }
}

/// What is known of a path in one kind of resource.
pub(crate) fn known(kind: ResourceKind, path: &ValuePath) -> Known {
    let is_enterprise = match path.attribute().extension() {
        Some(urn) if urn.eq_ignore_ascii_case(ENTERPRISE_USER) => true,
        Some(_) => return Known::Open,
        None => false,
    };
    if is_enterprise && kind == ResourceKind::Group {
        return Known::Open;
    }
    let rows = rows(kind);
    let of_name = |name: &str, rows: &'static [Row]| {
        rows.iter()
            .find(|row| row.enterprise == is_enterprise && row.path.eq_ignore_ascii_case(name))
    };
    let Some(whole) = of_name(&path.attribute().attribute, rows) else { return Known::Missing };
    let filtered = path.filter().is_some();
    if filtered && !whole.multi_valued {
        return Known::Missing;
    }
    let Some(sub) = path.attribute().sub_attribute.as_deref() else {
        return Known::Attribute(Found { whole, row: whole, filtered });
    };
    let part = match whole.shape {
        Shape::Value => VALUE.iter().find(|row| row.path.eq_ignore_ascii_case(sub)),
        _ => of_name(&format!("{}.{sub}", whole.path), rows),
    };
    part.map_or(Known::Missing, |row| Known::Attribute(Found { whole, row, filtered }))
}

/// The attribute at the end of a path, of a user's or a group's.
fn found(path: &ValuePath) -> Option<Found> {
    let kinds = [ResourceKind::User, ResourceKind::Group];
    kinds.iter().find_map(|kind| match known(*kind, path) {
        Known::Attribute(found) => Some(found),
        Known::Open | Known::Missing => None,
    })
}

/// The remedy for a path that leads nowhere.
pub(crate) fn remedy(kind: ResourceKind, path: &ValuePath) -> String {
    let mut name = path.attribute().attribute.clone();
    if let Some(sub) = path.attribute().sub_attribute.as_deref() {
        name = format!("{name}.{sub}");
    }
    let known = rows(kind).iter().map(|row| row.path).chain(["emails.value", "roles.value"]);
    match nearest(&name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name one of RFC 7643, or one of an extension with its URN".to_owned(),
    }
}

impl Place {
    fn of(path: &ValuePath) -> Self {
        Self { head: Head::of(path), field: Field::at(path) }
    }
}

impl Reading {
    pub(crate) fn new(path: ValuePath) -> Self {
        let place = Place::of(&path);
        let is_list = found(&path).is_some_and(|found| found.is_many());
        let texts = Texts::at(&path, place.head);
        Self { path, place, is_list, texts }
    }

    /// Reads a path that leads to an attribute of a user's or a group's.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let path = ValuePath::parse(text).map_err(|error| error.to_string())?;
        let reading = Self::new(path);
        let kinds = [ResourceKind::User, ResourceKind::Group];
        if kinds.iter().all(|kind| matches!(known(*kind, &reading.path), Known::Missing)) {
            return Err(format!(
                "no such attribute; {}",
                remedy(ResourceKind::User, &reading.path)
            ));
        }
        Ok(reading)
    }

    pub(crate) fn path(&self) -> &ValuePath {
        &self.path
    }

    /// What is known of what is read.
    pub(crate) fn kind(&self) -> Kind {
        found(&self.path).map_or(Kind::Any, |found| found.kind())
    }
}

impl Writing {
    pub(crate) fn new(path: ValuePath) -> Self {
        let place = Place::of(&path);
        let texts = Texts::at(&path, place.head);
        Self { path, place, texts }
    }

    pub(crate) fn path(&self) -> &ValuePath {
        &self.path
    }
}

// The place is made of the path.
impl PartialEq for Reading {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Reading {}

impl PartialEq for Writing {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}
