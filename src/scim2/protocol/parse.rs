//! Reads a stranger's JSON: names in any case become the RFC's, nothing is said twice (`scim.md` 24 and 25, F89), and
//! it takes no more memory than honest JSON of its size (F87, T13).

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deeper than this nothing that is SCIM goes.
const DEPTH: u8 = 64;

/// What a body may take once it is read, in bytes of memory: hundreds of users, 5,000 members of a group that are no more
/// than an id and a name, and far more than a refusal or a description of oneself.
const PLENTY: usize = 4 * 1024 * 1024;

/// What a larger one may take of which resources are wanted, in bytes of memory for each of its own. Pages of users and members with all their parts
/// take five to seven, as every object takes a block of the map's whatever it holds; lists of nothing up to a hundred.
const TIMES: usize = 8;

/// What a block of a map takes, and how many entries fill it. An entry more splits it, and leaves each part half full.
const BLOCK: usize = 11 * (size_of::<String>() + size_of::<Value>()) + 16;
const FULL: usize = 11;
const HALF: usize = 5;

/// The first room of a list.
const ROOM: usize = 4;

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

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unread {
    /// It is not JSON, says one thing twice, or is too deep.
    Garbled,
    /// It would take more memory than honest JSON of its size.
    TooMuch,
}

/// The JSON of a body.
pub(in super::super) fn parse(body: &[u8]) -> Result<Value, Unread> {
    parse_within(body, PLENTY)
}

/// The same of a list, or of a resource that is written back: nothing honest that fits into an answer is too much.
pub(super) fn parse_whole(body: &[u8]) -> Result<Value, Unread> {
    parse_within(body, PLENTY.max(body.len().saturating_mul(TIMES)))
}

fn parse_within(body: &[u8], bytes: usize) -> Result<Value, Unread> {
    let budget = Budget(Cell::new(bytes));
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Strict { depth: DEPTH, budget: &budget }.deserialize(&mut deserializer);
    match value.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(_) if budget.0.get() == 0 => Err(Unread::TooMuch),
        Err(_) => Err(Unread::Garbled),
    }
}

fn spelling(name: &str) -> Option<&'static str> {
    static SPELLINGS: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    let spellings =
        SPELLINGS.get_or_init(|| NAMES.iter().map(|name| (name.to_lowercase(), *name)).collect());
    spellings.get(&name.to_lowercase()).copied()
}

/// The memory that is left, in bytes; nothing once it was overdrawn.
struct Budget(Cell<usize>);

impl Budget {
    /// Before the memory is taken.
    fn take<E: Error>(&self, bytes: usize) -> Result<(), E> {
        let left = self.0.get().checked_sub(bytes).filter(|left| *left > 0);
        self.0.set(left.unwrap_or_default());
        left.map(drop).ok_or_else(|| E::custom("too much"))
    }

    fn give_back(&self, bytes: usize) {
        self.0.set(self.0.get().saturating_add(bytes));
    }
}

/// A value of at most this depth, out of this budget.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: u8,
    budget: &'a Budget,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict<'_> {
    fn inner<E: Error>(&self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { depth, ..*self })
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.budget.take(value.len())?;
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.budget.take(value.len())?;
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
            if values.len() == values.capacity() {
                // While it moves, a list has its old room and its new one.
                let (old, new) = (values.capacity(), values.capacity().max(ROOM / 2) * 2);
                self.budget.take(new * size_of::<Value>())?;
                values.reserve_exact(new - old);
                self.budget.give_back(old * size_of::<Value>());
            }
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let count = object.len();
            let splits = count >= FULL && (count - FULL).is_multiple_of(HALF);
            self.budget.take(name.len() + if count == 0 || splits { BLOCK } else { 0 })?;
            let value = entries.next_value_seed(self.inner()?)?;
            let name = spelling(&name).map_or(name, str::to_owned);
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name that comes twice"));
            }
        }
        Ok(Value::Object(object))
    }
}
