//! A request as a policy in XACML sees it: categories of attributes, under the ids that WSO2's rules have. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::claims::{CLAIMS, DIALECT, Place};
use super::clock::{Reading, UtcOffset};
use super::request::{Operation, RuleRequest, trigger_word};
use crate::model::Resource;

const USER: &str = "http://wso2.org/identity/user";
const APPLICATION: &str = "http://wso2.org/identity/sp";
const CONNECTION: &str = "http://wso2.org/identity/idp";
const ACTION: &str = "http://wso2.org/identity/identity-action";
const PROVISIONING: &str = "http://wso2.org/identity/provisioning";
const ENVIRONMENT: &str = "urn:oasis:names:tc:xacml:3.0:attribute-category:environment";
const ENVIRONMENT_ID: &str = "urn:oasis:names:tc:xacml:1.0:environment:";
/// What WSO2 has no word for.
const OWN: &str = "urn:outbound-provisioning:";

/// The type of an attribute's values (XML Schema, part 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuleDataType {
    /// Any text.
    String,
    /// `10:30:00`, by the clock that the attributes were made with.
    Time,
    /// `2026-11-04`, by the same clock.
    Date,
    /// `2026-11-04T10:30:00Z`, with the clock's offset.
    DateTime,
}

impl RuleDataType {
    /// The URI, as XACML has it.
    pub fn uri(self) -> &'static str {
        match self {
            Self::String => "http://www.w3.org/2001/XMLSchema#string",
            Self::Time => "http://www.w3.org/2001/XMLSchema#time",
            Self::Date => "http://www.w3.org/2001/XMLSchema#date",
            Self::DateTime => "http://www.w3.org/2001/XMLSchema#dateTime",
        }
    }
}

/// One attribute with its values, at least one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleAttribute {
    /// Which.
    pub id: String,
    /// The type of each value.
    pub data_type: RuleDataType,
    /// The values.
    pub values: Vec<String>,
}

/// Shows no value.
impl fmt::Debug for RuleAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleAttribute")
            .field("id", &self.id)
            .field("data_type", &self.data_type)
            .field("values", &self.values.len())
            .finish()
    }
}

/// The attributes of one kind of thing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleCategory {
    /// Which kind.
    pub id: String,
    /// The attributes, by id.
    pub attributes: Vec<RuleAttribute>,
}

/// Makes of a request what WSO2's rules see, so that a policy written for WSO2 means the same here.
///
/// | category | attributes |
/// |---|---|
/// | user | the organization, the name (a group's too), each claim under its own URI |
/// | application | its name and organization |
/// | connection | its name, the connector |
/// | action | `provisioning` |
/// | provisioning | the planned operation as a verb; the groups, when something is created |
/// | environment | the organization; date and time, typed as XACML has it *and* as the texts that WSO2 sends |
///
/// A value with commas becomes several values, and blank ones are left out, as with WSO2. Beside all that stand
/// `urn:outbound-provisioning:operation` (our own word, which tells switching off from an update), `…:trigger`,
/// `…:resource-type` and `…:resource-id`.
///
/// Claims are SCIM's attributes by the names that WSO2 has for them: `http://wso2.org/claims/department`, `…/roles`,
/// `…/emailaddress` and so on. [`with_claim`](Self::with_claim) adds a claim or moves one.
///
/// ```
/// use outbound_provisioning::model::{Resource, Target, Timestamp, User};
/// use outbound_provisioning::rules::{Operation, RuleAttributes, RuleRequest};
///
/// let (organization, target) = ("carbon.super".into(), Target::new("GoogleIDP", "scim2"));
/// let ada = Resource::from(User::new("u-42", "ada"));
/// let now = Timestamp::from_millis(1_793_788_200_000);
/// let request = RuleRequest::new(&organization, &target, Operation::Create, &ada, now);
/// let categories = RuleAttributes::new().of(&request);
/// let provisioning = categories.iter().find(|category| category.id.ends_with("/provisioning")).unwrap();
/// let verb = provisioning.attributes.iter().find(|attribute| attribute.id.ends_with("/provision-operation"));
/// assert_eq!(verb.unwrap().values, ["POST"]);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuleAttributes {
    claims: BTreeMap<String, Option<String>>,
    offset: UtcOffset,
    resident: String,
    splits: bool,
}

impl RuleAttributes {
    /// WSO2's claims, and a clock that shows UTC.
    pub fn new() -> Self {
        Self {
            claims: BTreeMap::new(),
            offset: UtcOffset::default(),
            resident: "wso2carbon-local-sp".to_owned(),
            splits: true,
        }
    }

    /// The same, with the SCIM attribute at this place as the claim of this URI: `title`, `name.givenName`,
    /// `urn:example:badge:colour`. Of several values all are sent.
    #[must_use]
    pub fn with_claim(mut self, uri: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.claims.insert(uri.into(), Some(attribute.into()));
        self
    }

    /// The same, without the claim of this URI.
    #[must_use]
    pub fn without_claim(mut self, uri: impl Into<String>) -> Self {
        self.claims.insert(uri.into(), None);
        self
    }

    /// The same, by a clock that is ahead of UTC like this. WSO2 takes its server's.
    #[must_use]
    pub fn at_offset(mut self, offset: UtcOffset) -> Self {
        self.offset = offset;
        self
    }

    /// The same, with this name for what happens through no application; `wso2carbon-local-sp` with WSO2 and by
    /// default. Empty: no name is sent.
    #[must_use]
    pub fn with_resident_application(mut self, name: impl Into<String>) -> Self {
        self.resident = name.into();
        self
    }

    /// The same, in which a value with commas stays one value.
    #[must_use]
    pub fn keeping_commas(mut self) -> Self {
        self.splits = false;
        self
    }

    /// The categories of a request, in the order of the table above.
    pub fn of(&self, request: &RuleRequest<'_>) -> Vec<RuleCategory> {
        let organization = request.organization.as_str();
        let application = request.application.map_or(self.resident.as_str(), |id| id.as_str());
        let clock = Reading::of(request.time, self.offset);
        let mut categories = Categories { splits: self.splits, made: Vec::new() };

        for (uri, values) in self.claims(request) {
            categories.put(USER, uri, values);
        }
        categories.put(USER, format!("{USER}/user-tenant-domain"), [organization]);
        categories.put(USER, format!("{USER}/username"), [request.resource.name()]);

        categories.put(APPLICATION, format!("{APPLICATION}/sp-name"), [application]);
        // The prefix is really another one.
        let of_application = "http://wso2.org/identity/auth/sp-tenant-domain";
        categories.put(APPLICATION, of_application, [organization]);

        categories.put(CONNECTION, format!("{CONNECTION}/idp-name"), [request.connection.as_str()]);
        let connector = request.connector.as_str();
        categories.put(CONNECTION, format!("{CONNECTION}/connector-type"), [connector]);

        categories.put(ACTION, format!("{ACTION}/action-name"), ["provisioning"]);

        if request.operation == Operation::Create {
            let groups = request.groups.iter().map(String::as_str);
            categories.put(PROVISIONING, format!("{PROVISIONING}/claim-group"), groups);
        }
        let verb = request.operation.verb();
        categories.put(PROVISIONING, format!("{PROVISIONING}/provision-operation"), [verb]);
        for (name, value) in [
            ("operation", request.operation.word()),
            ("trigger", trigger_word(request.trigger)),
            ("resource-type", kind_word(request.resource)),
            ("resource-id", request.resource.local_id().as_str()),
        ] {
            categories.put_whole(PROVISIONING, format!("{OWN}{name}"), RuleDataType::String, value);
        }

        categories.put(ENVIRONMENT, format!("{ENVIRONMENT_ID}environment-id"), [organization]);
        let (date, time) = (clock.slashed_date(), clock.time());
        let both = format!("{date} {time}");
        for (name, data_type, typed, text) in [
            ("current-date", RuleDataType::Date, clock.date(), date),
            ("current-time", RuleDataType::Time, clock.time(), time),
            ("current-dateTime", RuleDataType::DateTime, clock.date_time(), both),
        ] {
            let id = format!("{ENVIRONMENT_ID}{name}");
            categories.put_whole(ENVIRONMENT, id.clone(), data_type, typed);
            categories.put_whole(ENVIRONMENT, id, RuleDataType::String, text);
        }
        categories.made
    }

    /// Each claim's URI and values: WSO2's, as far as the host has not said otherwise, and the host's own.
    fn claims(&self, request: &RuleRequest<'_>) -> BTreeMap<String, Vec<String>> {
        let mut claims = BTreeMap::new();
        let mut attributes = request.resource.attributes();
        attributes.insert("groups".to_owned(), Value::from(request.groups.to_vec()));
        if let Resource::User(_) = request.resource {
            for (name, place) in CLAIMS {
                claims.insert(format!("{DIALECT}{name}"), place.values(&attributes));
            }
        }
        for (uri, place) in &self.claims {
            match place {
                Some(place) => {
                    claims.insert(uri.clone(), Place::parse(place).values(&attributes));
                }
                None => {
                    claims.remove(uri);
                }
            }
        }
        claims
    }
}

impl Default for RuleAttributes {
    fn default() -> Self {
        Self::new()
    }
}

fn kind_word(resource: &Resource) -> &'static str {
    match resource {
        Resource::User(_) => "user",
        Resource::Group(_) => "group",
    }
}

struct Categories {
    splits: bool,
    made: Vec<RuleCategory>,
}

impl Categories {
    /// Texts, taken apart at their commas; none when all are blank.
    fn put<T: AsRef<str>>(
        &mut self,
        category: &str,
        id: impl Into<String>,
        values: impl IntoIterator<Item = T>,
    ) {
        let mut texts: Vec<String> = Vec::new();
        for value in values {
            let value = value.as_ref();
            if self.splits {
                let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
                texts.extend(parts.map(str::to_owned));
            } else if !value.trim().is_empty() {
                texts.push(value.to_owned());
            }
        }
        self.add(category, id.into(), RuleDataType::String, texts);
    }

    /// One value as it is, unless it is empty.
    fn put_whole(
        &mut self,
        category: &str,
        id: String,
        data_type: RuleDataType,
        value: impl Into<String>,
    ) {
        let values = Some(value.into()).filter(|value| !value.is_empty()).into_iter().collect();
        self.add(category, id, data_type, values);
    }

    fn add(&mut self, category: &str, id: String, data_type: RuleDataType, values: Vec<String>) {
        if values.is_empty() {
            return;
        }
        let attribute = RuleAttribute { id, data_type, values };
        match self.made.iter_mut().find(|made| made.id == category) {
            Some(made) => made.attributes.push(attribute),
            None => self
                .made
                .push(RuleCategory { id: category.to_owned(), attributes: vec![attribute] }),
        }
    }
}
