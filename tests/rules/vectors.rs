//! WSO2's own policy templates, and what WSO2's own engine decided on 28 requests: the same requests are made here, sent
//! to a decision point that answers with those decisions, and lead to the effects that WSO2 has.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use outbound_provisioning::model::{
    Address, EnterpriseUser, MultiValue, RuleSettings, Target, Timestamp, User, WhenIndeterminate,
};
use outbound_provisioning::rules::{
    DecisionPoint, Operation, RuleEffect, RuleEngine, Verdict, XacmlEngine, XacmlFormat,
};
use outbound_provisioning::transport::{HttpRequest, HttpResponse, http_fn};
use serde_json::{Value, json};

use crate::scene::{NOW, Scene};

const NAME: &str = "wso2-xacml-provisioning";
const CLAIM: &str = "http://wso2.org/claims/";
const CLOCK: &str = "urn:oasis:names:tc:xacml:1.0:environment:current-";

/// (category, attribute, type) → values.
type Told = BTreeMap<(String, String, String), Vec<String>>;

/// None where the vectors are not here and need not be.
fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("TESTDATA_DIR").map(PathBuf::from);
    let folder = root.map(|root| root.join(NAME)).filter(|folder| folder.is_dir());
    let word = if folder.is_some() { "ran" } else { "absent" };
    let line = format!("TESTDATA {word} {NAME}\n");
    print!("{line}");
    if let Some(log) = std::env::var_os("TESTDATA_LOG") {
        let mut log = fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        log.write_all(line.as_bytes()).unwrap();
    }
    let needed = std::env::var("TESTDATA").is_ok_and(|value| value == "required");
    assert!(folder.is_some() || !needed, "TESTDATA_DIR leads to no {NAME}");
    folder
}

struct Vector {
    place: String,
    told: Told,
    /// As the engine sent it.
    answer: Vec<u8>,
    decision: Verdict,
    allowed: bool,
}

fn vectors(folder: &Path) -> Result<Vec<Vector>, Box<dyn Error>> {
    let mut vectors = Vec::new();
    let table = fs::read_to_string(folder.join("vectors/expected.tsv"))?;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [policy, case, decision, allowed] = columns[..] else { return Err(line.into()) };
        let files = fs::read_dir(folder.join("vectors").join(policy))?;
        let files: Vec<PathBuf> =
            files.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
        let named = |end: &str| {
            // The name has a number in front.
            let is_it = |path: &&PathBuf| {
                path.file_name()
                    .and_then(|name| name.to_str())
                    .is_some_and(|name| name.get(3..) == Some(&format!("{case}{end}")))
            };
            files.iter().find(is_it).ok_or(format!("{policy}/{case}{end} is missing"))
        };
        vectors.push(Vector {
            place: format!("{policy}/{case}"),
            told: told_in_xml(&fs::read_to_string(named(".request.xml")?)?),
            answer: fs::read(named(".balana-response.xml")?)?,
            decision: match decision {
                "Permit" => Verdict::Permit,
                "Deny" => Verdict::Deny,
                "NotApplicable" => Verdict::NotApplicable,
                "Indeterminate" => Verdict::Indeterminate,
                _ => return Err(line.into()),
            },
            allowed: allowed == "yes",
        });
    }
    Ok(vectors)
}

/// The attributes of a request in XML, by a reader of its own that knows no other XML.
fn told_in_xml(text: &str) -> Told {
    fn inside<'a>(tag: &'a str, name: &str) -> &'a str {
        let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0
    }
    let mut told = Told::new();
    for category in text.split("<Attributes ").skip(1) {
        for attribute in category.split("<Attribute ").skip(1) {
            for value in attribute.split("<AttributeValue ").skip(1) {
                let place = (
                    inside(category, "Category"),
                    inside(attribute, "AttributeId"),
                    inside(value, "DataType"),
                );
                let place = (place.0.to_owned(), place.1.to_owned(), place.2.to_owned());
                let value =
                    value.split_once('>').unwrap().1.split_once("</AttributeValue>").unwrap().0;
                told.entry(place).or_default().push(value.to_owned());
            }
        }
    }
    told
}

fn told_in_json(body: &[u8]) -> Told {
    let request: Value = serde_json::from_slice(body).unwrap();
    let mut told = Told::new();
    for category in request["Request"]["Category"].as_array().unwrap() {
        for attribute in category["Attribute"].as_array().unwrap() {
            assert_eq!(attribute["IncludeInResult"], false);
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let place = (
                text(&category["CategoryId"]),
                text(&attribute["AttributeId"]),
                text(&attribute["DataType"]),
            );
            let values = attribute["Value"].as_array().unwrap().iter().map(text).collect();
            assert!(told.insert(place, values).is_none());
        }
    }
    told
}

/// What stands under an id, whichever its category and type.
fn of<'a>(told: &'a Told, id: &str) -> &'a [String] {
    let found = told.iter().find(|((_, known, _), _)| known == id);
    found.map_or(&[], |(_, values)| values)
}

/// The event behind a request.
fn scene(told: &Told) -> Scene {
    let one = |id: &str| of(told, id).first().cloned().unwrap_or_default();
    let mut user = User::new("u-1", one("http://wso2.org/identity/user/username"));
    let mut enterprise = EnterpriseUser::default();
    // Several values of one claim are, with WSO2, one text with commas.
    let joined = |claim: &str| {
        let text = of(told, &format!("{CLAIM}{claim}")).join(",");
        Some(text).filter(|text| !text.is_empty())
    };
    enterprise.department = joined("department");
    user.enterprise = Some(enterprise);
    let mut address = Address::default();
    address.country = joined("country");
    user.addresses = vec![address];
    let roles = of(told, &format!("{CLAIM}roles")).iter();
    user.roles = roles.map(|role| MultiValue::new("", role.as_str())).collect();
    let clock: Vec<i64> =
        one(&format!("{CLOCK}time")).split(':').map(|part| part.parse().unwrap()).collect();
    let time = NOW - 37_800_000 + (clock[0] * 3600 + clock[1] * 60 + clock[2]) * 1000;
    Scene {
        organization: one("http://wso2.org/identity/user/user-tenant-domain").into(),
        application: Some(one("http://wso2.org/identity/sp/sp-name").into()),
        target: Target::new(
            one("http://wso2.org/identity/idp/idp-name"),
            one("http://wso2.org/identity/idp/connector-type"),
        ),
        resource: user.into(),
        groups: of(told, "http://wso2.org/identity/provisioning/claim-group").to_vec(),
        operation: match one("http://wso2.org/identity/provisioning/provision-operation").as_str() {
            "POST" => Operation::Create,
            "PUT" => Operation::Update,
            "PATCH" => Operation::ChangeMembers,
            "DELETE" => Operation::Delete,
            other => panic!("{other}"),
        },
        time: Timestamp::from_millis(time),
    }
}

/// What we say beyond what is recorded: our own words, claims that the record leaves out, the rest of the clock.
fn is_extra(category: &str, id: &str, kind: &str) -> bool {
    let claims = ["userid", "username", "active", "role", "groups"];
    let clock = id.strip_prefix(CLOCK);
    id.starts_with("urn:outbound-provisioning:")
        || (category == "http://wso2.org/identity/user"
            && id.strip_prefix(CLAIM).is_some_and(|claim| claims.contains(&claim)))
        || clock.is_some_and(|clock| clock != "time" || !kind.ends_with("#time"))
}

/// The recorded answer in the JSON profile.
fn in_json(vector: &Vector) -> Vec<u8> {
    let text = String::from_utf8(vector.answer.clone()).unwrap();
    let decision = text.split("<Decision>").nth(1).unwrap().split('<').next().unwrap();
    let status = text.split("StatusCode Value=\"").nth(1).unwrap().split('"').next().unwrap();
    let message = text.split("<StatusMessage>").nth(1).map(|rest| rest.split('<').next().unwrap());
    let mut result =
        json!({ "Decision": decision, "Status": { "StatusCode": { "Value": status } } });
    if let Some(message) = message {
        result["Status"]["StatusMessage"] = message.into();
    }
    json!({ "Response": [result] }).to_string().into_bytes()
}

#[tokio::test]
async fn wso2_decides_on_what_we_ask_as_on_what_it_asks_itself() -> Result<(), Box<dyn Error>> {
    let Some(folder) = folder() else { return Ok(()) };
    let vectors = vectors(&folder)?;
    assert_eq!(vectors.len(), 28);
    for format in
        [XacmlFormat::Json, XacmlFormat::PlainJson, XacmlFormat::Xml, XacmlFormat::PlainXml]
    {
        for vector in &vectors {
            let place = format!("{} in {format:?}", vector.place);
            let is_json = matches!(format, XacmlFormat::Json | XacmlFormat::PlainJson);
            let asked: Arc<Mutex<Vec<HttpRequest>>> = Arc::default();
            let (sent, answer) =
                (Arc::clone(&asked), if is_json { in_json(vector) } else { vector.answer.clone() });
            let client = http_fn(move |request| {
                sent.lock().unwrap().push(request);
                Ok(HttpResponse::new(answer.clone()))
            });
            let engine = XacmlEngine::new(client, &DecisionPoint::new("http://127.0.0.1/pdp"))?
                .with_format(format);
            let scene = scene(&vector.told);
            let decision = engine.decide(&scene.request()).await?;

            // The question.
            let asked = asked.lock().unwrap();
            let body = asked[0].body();
            let mut told =
                if is_json { told_in_json(body) } else { told_in_xml(std::str::from_utf8(body)?) };
            told.retain(|(category, id, kind), _| !is_extra(category, id, kind));
            let mut expected = vector.told.clone();
            // WSO2's handler tells the groups of a create alone; the recorded delete is of its policy's author.
            if scene.operation != Operation::Create {
                expected.retain(|(_, id, _), _| !id.ends_with("/claim-group"));
            }
            // We ask about nothing but provisioning, so this one cannot come from us.
            if vector.place.ends_with("/other-action") {
                for (_, values) in
                    expected.iter_mut().filter(|((_, id, _), _)| id.ends_with("/action-name"))
                {
                    assert_ne!(*values, ["provisioning"]);
                    *values = vec!["provisioning".to_owned()];
                }
            }
            assert_eq!(told, expected, "{place}");

            // The answer, and what follows: as with WSO2, but that what nobody can tell is held and tried again.
            assert_eq!(decision.verdict, vector.decision, "{place}");
            let held = decision.verdict == Verdict::Indeterminate;
            let effect = RuleSettings::default().effect(&decision);
            assert_eq!(effect == RuleEffect::Go, vector.allowed, "{place}");
            assert_eq!(matches!(effect, RuleEffect::Hold { .. }), held, "{place}");
            let mut as_wso2 = RuleSettings::default();
            as_wso2.indeterminate = WhenIndeterminate::Skip;
            assert_eq!(
                matches!(as_wso2.effect(&decision), RuleEffect::Skip { .. }),
                !vector.allowed,
                "{place}"
            );
            if held {
                let reason = decision.reason().unwrap_or_default();
                assert!(
                    reason.starts_with("missing-attribute: ")
                        || reason.starts_with("processing-error: "),
                    "{reason}"
                );
            }
        }
    }
    Ok(())
}
