//! Reads a stranger's JSON: names in any case become the RFC's, and nothing is said twice (`scim.md` 24 and 25, F89).

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deeper than this nothing that is SCIM goes.
const DEPTH: u8 = 64;

/// The names of RFC 7643 and RFC 7644, in their own spelling.
const NAMES: [&str; 86] = [
    "$ref",
    "Operations",
    "Resources",
    "active",
    "addresses",
    "attributes",
    "authenticationSchemes",
    "bulk",
    "bulkId",
    "caseExact",
    "changePassword",
    "costCenter",
    "count",
    "country",
    "created",
    "cursor",
    "department",
    "description",
    "detail",
    "display",
    "displayName",
    "division",
    "emails",
    "employeeNumber",
    "endpoint",
    "entitlements",
    "etag",
    "externalId",
    "familyName",
    "filter",
    "formatted",
    "givenName",
    "groups",
    "honorificPrefix",
    "honorificSuffix",
    "id",
    "ims",
    "index",
    "itemsPerPage",
    "lastModified",
    "locale",
    "locality",
    "location",
    "manager",
    "maxPageSize",
    "maxResults",
    "members",
    "meta",
    "middleName",
    "multiValued",
    "mutability",
    "name",
    "nextCursor",
    "nickName",
    "organization",
    "pagination",
    "patch",
    "phoneNumbers",
    "photos",
    "postalCode",
    "preferredLanguage",
    "primary",
    "profileUrl",
    "region",
    "required",
    "resourceType",
    "roles",
    "schema",
    "schemaExtensions",
    "schemas",
    "scimType",
    "startIndex",
    "status",
    "streetAddress",
    "subAttributes",
    "supported",
    "timezone",
    "title",
    "totalResults",
    "type",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "userName",
    "userType",
    "value",
    "version",
    "x509Certificates",
];

/// The JSON of a body; none where it is not JSON, says one thing twice, or is too deep.
pub(in super::super) fn parse(body: &[u8]) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Strict(DEPTH).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok().map(|()| value)
}

/// The JSON object of a body.
pub(in super::super) fn parse_object(body: &[u8]) -> Option<Map<String, Value>> {
    match parse(body) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fn spelling(name: &str) -> Option<&'static str> {
    static SPELLINGS: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    let spellings =
        SPELLINGS.get_or_init(|| NAMES.iter().map(|name| (name.to_lowercase(), *name)).collect());
    spellings.get(&name.to_lowercase()).copied()
}

/// A value of at most this depth.
struct Strict(u8);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn inner<E: Error>(&self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(self.inner()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.inner()?)?;
            let name = spelling(&name).map_or(name, str::to_owned);
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name that comes twice"));
            }
        }
        Ok(Value::Object(object))
    }
}
