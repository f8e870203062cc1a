//! Patterns of names, such as `{UD,UN,TD,IDP}`: which parts a name at a target is put together from.

/// One part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The domain of the user store.
    UserStore,
    /// The user's name.
    UserName,
    /// The organization.
    Organization,
    /// The connection.
    Connection,
}

/// Some parts, in an order.
pub(crate) struct Parts<'a>(&'a str);

impl<'a> Parts<'a> {
    /// The parts between curly brackets; none, if there is an unknown one.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let names = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        names.split(',').all(|name| part(name).is_some()).then_some(Self(names))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Part> + use<'a> {
        self.0.split(',').filter_map(part)
    }
}

fn part(name: &str) -> Option<Part> {
    match name.trim() {
        "UD" => Some(Part::UserStore),
        "UN" => Some(Part::UserName),
        "TD" => Some(Part::Organization),
        "IDP" => Some(Part::Connection),
        _ => None,
    }
}
