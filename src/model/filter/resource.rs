//! A filter asked of a user or a group, without turning all of it into JSON where a few texts will do.

use serde_json::{Map, Value};

use super::Filter;
use crate::model::extension::ENTERPRISE_USER;
use crate::model::mapping::Field;
use crate::model::path::AttributePath;
use crate::model::resource::Resource;

impl Filter {
    /// Whether a user or a group meets it: [`matches`](Self::matches), asked of its attributes. A group's members are
    /// none of them.
    ///
    /// ```
    /// use outbound_provisioning::model::{Filter, User};
    ///
    /// let ada = User::new("u-42", "ada").into();
    /// assert!(Filter::parse("userName sw \"a\" and active eq true")?.matches_resource(&ada));
    /// # Ok::<(), outbound_provisioning::model::FilterError>(())
    /// ```
    pub fn matches_resource(&self, resource: &Resource) -> bool {
        match self.few(resource) {
            Some(attributes) => self.matches(&attributes),
            None => self.matches(&resource.attributes()),
        }
    }

    /// The attributes that it asks for, if each of them is a text or the switch. Inside of brackets stand other paths;
    /// what they begin at is no text.
    fn few(&self, resource: &Resource) -> Option<Map<String, Value>> {
        let mut few = Map::new();
        for path in self.paths() {
            match (resource, &path.schema) {
                (_, None) => {}
                (Resource::User(_), Some(urn)) if urn.eq_ignore_ascii_case(ENTERPRISE_USER) => {}
                _ => return None,
            }
            match (Field::of(path), resource) {
                (Some(field), _) => field.add_to(&mut few, resource),
                (None, Resource::User(user)) if is_active(path) => {
                    few.insert("active".to_owned(), user.active.into());
                }
                _ => return None,
            }
        }
        Some(few)
    }
}

fn is_active(path: &AttributePath) -> bool {
    path.schema.is_none()
        && path.sub_attribute.is_none()
        && path.attribute.eq_ignore_ascii_case("active")
}
