//! What a refusal may mean. Pure: a request and its refusal in, lessons out, the likeliest first.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::fields::Profile;
use super::trial::Lesson;
use super::values::{
    BooleanForm, Clearing, ContentType, MembersPatch, OpCase, PatchStyle, RemoveForm, UpdateMethod,
};
use crate::model::{ResourceKind, is_urn};

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    Create,
    Update,
    ChangeMembers,
    Delete,
    /// A look-up by this attribute.
    Find(&'a str),
}

/// A refused request, and how it was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) kind: ResourceKind,
    pub(crate) method: &'a Method,
    /// What was sent; null where nothing was.
    pub(crate) sent: &'a Value,
    pub(crate) status: StatusCode,
    /// One of RFC 7644 table 9.
    pub(crate) scim_type: Option<&'static str>,
    /// The target's own words.
    pub(crate) words: Option<&'a str>,
    /// The answer is in SCIM's own form, or empty.
    pub(crate) is_scim: bool,
}

impl Scene<'_> {
    /// The question itself is refused, and not this value of it.
    fn is_about_the_filter(&self) -> bool {
        self.scim_type == Some("invalidFilter")
            || self.words.is_some_and(|words| words.to_lowercase().contains("filter"))
    }

    /// What is wrong is a value, and not that there is such an attribute: another resource's may be right.
    fn is_about_a_value(&self) -> bool {
        let words = self.words.map(str::to_lowercase).unwrap_or_default();
        let about_attributes = [
            "unknown",
            "unsupported",
            "not supported",
            "not known",
            "unrecognized",
            "not allowed",
            "no such",
        ];
        self.scim_type == Some("invalidValue")
            && !about_attributes.iter().any(|phrase| words.contains(phrase))
    }
}

/// What a refusal may mean for the profile.
pub(crate) fn suspects(profile: &Profile, scene: Scene<'_>) -> Vec<Lesson> {
    let because = match scene.scim_type {
        Some(kind) => format!("{} {} to {}", scene.status.as_u16(), kind, scene.method),
        None => format!("{} to {}", scene.status.as_u16(), scene.method),
    };
    let suspicion = Suspicion { profile, scene, because };
    match scene.status.as_u16() {
        405 | 501 => suspicion.missing_method(true),
        404 if !scene.is_scim => suspicion.missing_method(false),
        406 => vec![suspicion.sure("accept", "application/json")],
        415 => vec![suspicion.sure("content_type", other_content_type(profile.content_type))],
        428 => vec![suspicion.sure("etag", true)],
        400 | 422 if matches!(scene.asked, Asked::Find(_)) => {
            suspicion.missing_method(scene.is_about_the_filter())
        }
        400 | 422 => suspicion.dialect(),
        _ => Vec::new(),
    }
}

fn other_content_type(now: ContentType) -> Value {
    json!(match now {
        ContentType::ScimJson => ContentType::Json,
        ContentType::Json => ContentType::ScimJson,
    })
}

struct Suspicion<'a> {
    profile: &'a Profile,
    scene: Scene<'a>,
    because: String,
}

impl Suspicion<'_> {
    fn sure(&self, field: impl Into<String>, value: impl Into<Value>) -> Lesson {
        Lesson::sure(field, value, self.because.clone())
    }

    fn guess(&self, field: impl Into<String>, value: impl Into<Value>) -> Lesson {
        Lesson::guess(field, value, self.because.clone())
    }

    fn field(&self, what: &str) -> String {
        match self.scene.kind {
            ResourceKind::User => format!("user_{what}"),
            ResourceKind::Group => format!("group_{what}"),
        }
    }

    /// The method, or the kind of question, is not there.
    fn missing_method(&self, sure: bool) -> Vec<Lesson> {
        let lesson = |field: String, value: Value| {
            if sure { self.sure(field, value) } else { self.guess(field, value) }
        };
        let patches = *self.scene.method == Method::PATCH;
        match self.scene.asked {
            Asked::ChangeMembers if patches => {
                vec![lesson("members_patch".to_owned(), json!(MembersPatch::None))]
            }
            Asked::Update if patches => {
                vec![lesson(self.field("update"), json!(UpdateMethod::Put))]
            }
            Asked::Update | Asked::ChangeMembers if *self.scene.method == Method::PUT => {
                vec![lesson(self.field("update"), json!(UpdateMethod::Patch))]
            }
            Asked::Delete if sure && self.scene.kind == ResourceKind::User => {
                vec![self.sure("delete", "refused")]
            }
            Asked::Find(attribute) if sure => {
                let left: Vec<&String> = self
                    .profile
                    .filters(self.scene.kind)
                    .iter()
                    .filter(|known| !known.eq_ignore_ascii_case(attribute))
                    .collect();
                vec![self.sure(self.field("filters"), json!(left))]
            }
            _ => Vec::new(),
        }
    }

    /// The request is not in the words that the target understands.
    fn dialect(&self) -> Vec<Lesson> {
        match self.scene.asked {
            Asked::Create => self.of_create(),
            Asked::Update if *self.scene.method == Method::PATCH => self.of_patch(),
            Asked::ChangeMembers if *self.scene.method == Method::PATCH => self.of_members(),
            Asked::Update | Asked::ChangeMembers => self.of_put(),
            Asked::Delete | Asked::Find(_) => Vec::new(),
        }
    }

    fn of_put(&self) -> Vec<Lesson> {
        let mut lessons = self.of_attributes(&object(self.scene.sent));
        if self.profile.id_in_put_body {
            lessons.push(self.guess("id_in_put_body", false));
        }
        lessons
    }

    fn of_create(&self) -> Vec<Lesson> {
        let sent = object(self.scene.sent);
        let mut lessons = self.of_attributes(&sent);
        if sent.contains_key("members") {
            if self.profile.member_type {
                lessons.push(self.guess("member_type", false));
            }
            lessons.push(self.guess("members_on_create", false));
        }
        lessons
    }

    /// An attribute that the target does not take.
    fn of_attributes(&self, sent: &Map<String, Value>) -> Vec<Lesson> {
        let several = self.several(sent);
        if self.scene.is_about_a_value() {
            return several.into_iter().collect();
        }
        let mut lessons = Vec::new();
        lessons.extend(self.blamed(&names_of(sent)));
        let urns: Vec<&String> = sent.keys().filter(|name| is_urn(name)).collect();
        if !urns.is_empty() {
            let announced = self.profile.extensions(self.scene.kind).unwrap_or_default();
            let left: Vec<&String> = announced.iter().filter(|urn| !urns.contains(urn)).collect();
            lessons.push(self.guess(self.field("extensions"), json!(left)));
        }
        lessons.extend(several);
        let rare: Vec<String> = RARE
            .iter()
            .filter(|name| sent.contains_key(**name))
            .map(|name| (*name).to_owned())
            .collect();
        if !rare.is_empty() {
            lessons.push(self.guess(
                self.field("forbidden"),
                self.and(self.profile.forbidden(self.scene.kind), rare),
            ));
        }
        lessons
    }

    /// Several values of which the target may keep one.
    fn several(&self, sent: &Map<String, Value>) -> Option<Lesson> {
        let several = sent.iter().filter(|(name, value)| {
            *name != "members"
                && *name != "schemas"
                && value.as_array().is_some_and(|list| list.len() > 1)
        });
        let several: Vec<&String> = several.map(|(name, _)| name).collect();
        if several.is_empty() {
            return None;
        }
        let known = &self.profile.single_valued;
        let new = several.into_iter().filter(|name| !known.contains(name)).cloned().collect();
        Some(self.guess("single_valued", self.and(known, new)))
    }

    /// What the refusal names itself.
    fn blamed(&self, names: &[String]) -> Option<Lesson> {
        let words = self.scene.words?.to_lowercase();
        let named = |name: &&String| {
            let last = name.rsplit(['.', ':']).next().unwrap_or(name);
            if name.len() > last.len() && EVERYDAY.contains(&last) {
                // A word of any sentence: only the whole path means the attribute.
                return words.contains(&name.to_lowercase());
            }
            let name = last.to_lowercase();
            words.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == name)
        };
        // The longest path says it best.
        let blamed = names.iter().filter(named).max_by_key(|name| name.len())?;
        let immutable = self.scene.scim_type == Some("mutability")
            || ["immutable", "readonly", "read-only", "cannot be changed", "cannot be modified"]
                .iter()
                .any(|word| words.contains(word));
        let kind = self.scene.kind;
        if blamed == "password" {
            // Most refuse a password, and not that there is one.
            return None;
        }
        if immutable && self.scene.asked == Asked::Update {
            let list = self.and(self.profile.immutable(kind), vec![blamed.clone()]);
            return Some(self.guess(self.field("immutable"), list));
        }
        // Without these it is not the resource that it should be.
        if ["userName", "displayName", "active", "externalId", "schemas", "members"]
            .contains(&blamed.as_str())
        {
            return None;
        }
        let list = self.and(self.profile.forbidden(kind), vec![blamed.clone()]);
        Some(self.guess(self.field("forbidden"), list))
    }

    fn and(&self, known: &[String], more: Vec<String>) -> Value {
        let mut list = known.to_vec();
        list.extend(more.into_iter().filter(|name| !known.contains(name)));
        json!(list)
    }

    fn of_patch(&self) -> Vec<Lesson> {
        let operations = operations(self.scene.sent);
        let paths: Vec<String> =
            operations.iter().filter_map(|operation| path(operation)).map(str::to_owned).collect();
        let removes = operations.iter().any(|operation| is_op(operation, "remove"));
        let mut lessons = Vec::new();
        let plain: Vec<String> = paths.iter().map(|path| without_filter(path)).collect();
        lessons.extend(self.blamed(&plain).filter(|lesson| lesson.field.ends_with("immutable")));
        if self.profile.complex_paths && paths.iter().any(|path| path.contains('[')) {
            lessons.push(self.guess("complex_paths", false));
        }
        if self.profile.patch_style == PatchStyle::PathPerAttribute && !paths.is_empty() {
            lessons.push(self.guess("patch_style", json!(PatchStyle::PathLessObject)));
        }
        if self.profile.patch_style == PatchStyle::PathLessObject {
            lessons.push(self.guess("patch_style", json!(PatchStyle::PathPerAttribute)));
        }
        if removes && paths.iter().any(|path| !path.contains('[')) {
            match self.profile.clearing {
                Clearing::Remove => lessons.extend([
                    self.guess("clearing", json!(Clearing::Null)),
                    self.guess("clearing", json!(Clearing::EmptyText)),
                ]),
                Clearing::Null => lessons.push(self.guess("clearing", json!(Clearing::EmptyText))),
                Clearing::EmptyText => {}
            }
        }
        lessons.extend(self.blamed(&plain).filter(|lesson| lesson.field.ends_with("forbidden")));
        let urns: Vec<String> = paths
            .iter()
            .filter(|path| is_urn(path))
            .filter_map(|path| path.rsplit_once(':').map(|(urn, _)| urn.to_owned()))
            .collect();
        if !urns.is_empty() {
            let announced = self.profile.extensions(self.scene.kind).unwrap_or_default();
            let left: Vec<&String> = announced.iter().filter(|urn| !urns.contains(urn)).collect();
            lessons.push(self.guess(self.field("extensions"), json!(left)));
        }
        lessons.extend(self.spelling());
        if operations.iter().filter_map(|operation| operation.get("value")).any(has_boolean)
            && self.profile.booleans == BooleanForm::Json
        {
            lessons.push(self.guess("booleans", json!(BooleanForm::Text)));
        }
        if self.profile.update(self.scene.kind) == UpdateMethod::PutAndPatch {
            lessons.push(self.guess(self.field("update"), json!(UpdateMethod::Put)));
        }
        lessons
    }

    fn of_members(&self) -> Vec<Lesson> {
        let operations = operations(self.scene.sent);
        let removals = operations.iter().filter(|operation| is_op(operation, "remove")).count();
        let adds = operations.iter().any(|operation| is_op(operation, "add"));
        let mut lessons = Vec::new();
        if removals > 0 {
            let other = match self.profile.remove_form {
                RemoveForm::Filter => RemoveForm::ValueArray,
                RemoveForm::ValueArray => RemoveForm::Filter,
            };
            if removals > 0 && adds && self.profile.members_mixable {
                lessons.push(self.guess("members_mixable", false));
            }
            lessons.push(self.guess("remove_form", json!(other)));
            if removals > 1 {
                lessons.push(self.guess("max_removals_per_request", 1));
            }
        }
        if adds && self.profile.member_type {
            lessons.push(self.guess("member_type", false));
        }
        lessons.extend(self.spelling());
        if self.profile.members_patch == MembersPatch::AddRemove {
            lessons.push(self.guess("members_patch", json!(MembersPatch::Replace)));
            lessons.push(self.guess("members_patch", json!(MembersPatch::None)));
        }
        lessons
    }

    fn spelling(&self) -> Option<Lesson> {
        let other = match self.profile.patch_op_case {
            OpCase::Lower => OpCase::Pascal,
            OpCase::Pascal => OpCase::Lower,
        };
        Some(self.guess("patch_op_case", json!(other)))
    }
}

/// Parts of attributes that are words of any sentence.
const EVERYDAY: [&str; 7] = ["display", "formatted", "name", "primary", "region", "type", "value"];

/// Attributes that many servers do not know, and that nobody signs in with.
const RARE: [&str; 14] = [
    "addresses",
    "entitlements",
    "ims",
    "locale",
    "nickName",
    "phoneNumbers",
    "photos",
    "preferredLanguage",
    "profileUrl",
    "roles",
    "timezone",
    "title",
    "userType",
    "x509Certificates",
];

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The paths of all attributes and sub-attributes in a resource.
fn names_of(sent: &Map<String, Value>) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in sent {
        let separator = if is_urn(name) { ':' } else { '.' };
        match value {
            Value::Object(inner) => {
                names.extend(inner.keys().map(|inner| format!("{name}{separator}{inner}")));
            }
            Value::Array(values) if name != "schemas" => {
                let inner = values.iter().filter_map(Value::as_object).flat_map(Map::keys);
                names.extend(inner.map(|inner| format!("{name}.{inner}")));
            }
            _ => {}
        }
        names.push(name.clone());
    }
    names
}

fn operations(sent: &Value) -> Vec<&Map<String, Value>> {
    let operations = sent.get("Operations").and_then(Value::as_array);
    operations.into_iter().flatten().filter_map(Value::as_object).collect()
}

fn path<'a>(operation: &&'a Map<String, Value>) -> Option<&'a str> {
    operation.get("path").and_then(Value::as_str)
}

fn is_op(operation: &Map<String, Value>, name: &str) -> bool {
    operation.get("op").and_then(Value::as_str).is_some_and(|op| op.eq_ignore_ascii_case(name))
}

/// `emails` for `emails[type eq "work"].value`.
fn without_filter(path: &str) -> String {
    path.split('[').next().unwrap_or(path).to_owned()
}

fn has_boolean(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Object(inner) => inner.values().any(has_boolean),
        Value::Array(inner) => inner.iter().any(has_boolean),
        _ => false,
    }
}
