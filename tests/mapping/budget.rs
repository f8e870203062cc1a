//! Any expression on any user ends within its budget, and reads back as it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outbound_provisioning::mapping::{
    Functions, MAX_LIST, MAX_OUTPUT_BYTES, MappingContext, MappingErrorKind,
};
use outbound_provisioning::model::mapping::{Expression, Mapping, Rule, Source};
use outbound_provisioning::model::{MultiValue, Name, User, ValuePath};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::{Value, json};

use super::{ada, arbitrary, evaluated, ids};

const ATTRIBUTES: &[&str] = &[
    "userName",
    "title",
    "active",
    "name",
    "name.givenName",
    "emails",
    "emails.value",
    "emails[type eq \"work\"].value",
    "emails[type eq \"work\" and value co \"]\"]",
    "roles[primary eq true]",
    "addresses.country",
    "urn:example:badge:a",
    "urn:example:badge:value.x",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    "externalId",
];

/// A name, and how many arguments.
const FUNCTIONS: &[(&str, usize)] = &[
    ("And", 3),
    ("Append", 2),
    ("CBool", 1),
    ("CStr", 1),
    ("Coalesce", 3),
    ("Connection", 0),
    ("Contains", 2),
    ("Count", 1),
    ("EndsWith", 2),
    ("IIF", 3),
    ("InStr", 2),
    ("IsNullOrEmpty", 1),
    ("IsPresent", 1),
    ("Item", 2),
    ("Join", 3),
    ("Left", 2),
    ("Len", 1),
    ("Mid", 3),
    ("NormalizeDiacritics", 1),
    ("Not", 1),
    ("Or", 2),
    ("Organization", 0),
    ("RemoveDuplicates", 1),
    ("Replace", 3),
    ("Right", 2),
    ("Split", 2),
    ("StartsWith", 2),
    ("StripSpaces", 1),
    ("Switch", 4),
    ("ToLower", 1),
    ("ToUpper", 1),
    ("Trim", 1),
    ("UserStore", 0),
    ("@Own", 2),
    ("IgnoreFlowIfNullOrEmpty", 1),
];

fn tree() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(ATTRIBUTES).prop_map(|path| format!("[{path}]")),
        any::<String>().prop_map(|text| Value::from(text).to_string()),
        (-3_i64..5).prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|flag| if flag { "True" } else { "false" }.to_owned()),
        Just("Pattern(\"{UD,UN}\", \".\")".to_owned()),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let calls = FUNCTIONS.iter().map(|(name, arguments)| {
            proptest::collection::vec(inner.clone(), *arguments)
                .prop_map(move |arguments| format!("{name}({})", arguments.join(" ,")))
                .boxed()
        });
        let compare = (inner.clone(), select(vec!["=", "<>", "<", "<=", ">", ">="]), inner.clone())
            .prop_map(|(left, sign, right)| format!("IIF({left} {sign} {right}, 1, \"b\")"));
        prop_oneof![4 => Union::new(calls), 1 => compare]
    })
}

/// Evaluates an expression on a user, if it is one, and says whether it was.
fn run(text: &str, user: &User) -> bool {
    let Ok(expression) = Expression::parse(text) else { return false };
    let printed = expression.to_string();
    let again = Expression::parse(&printed);
    assert!(
        again.as_ref() == Ok(&expression),
        "{text} was printed as {printed}: {:?}",
        again.err()
    );
    let functions = Functions::new().with("Own", |arguments| {
        Ok(arguments.first().map_or(Value::Null, |argument| argument.value().clone()))
    });
    let (acme, hr) = ids();
    let context = MappingContext::new(&acme, &hr).functions(&functions);
    for to in ["title", "urn:example:result:it", "emails", "active", "name.givenName"] {
        let to = ValuePath::parse(to).unwrap();
        let rule = Rule::new(to.clone(), Source::Expression(expression.clone()));
        let mapping = Mapping::new().with_user_rule(rule);
        let resource = user.clone().into();
        if let Ok(made) = mapping.apply(&resource, &context) {
            let made = serde_json::to_value(made).unwrap();
            if let Some(Value::String(text)) = to.whole(made.as_object().unwrap()) {
                assert!(text.len() <= MAX_OUTPUT_BYTES);
            }
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_on_any_user_ends(text in tree(), user in arbitrary::user()) {
        run(&text, &user);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}", user in arbitrary::user()) {
        run(&text, &user);
    }

    #[test]
    fn any_text_of_the_right_letters_is_read_or_refused(
        text in r#"[\[\]\(\),"\\=<>@ a-zTFJIoin0-9.\-]{0,80}"#,
        user in arbitrary::user(),
    ) {
        run(&text, &user);
    }
}

#[test]
fn most_generated_trees_of_texts_are_expressions() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let trees = (0..500).filter(|_| {
        let text = tree().new_tree(&mut runner).unwrap().current();
        run(&text, &ada())
    });
    assert!(trees.count() > 100, "the property would prove little");
}

#[test]
fn limits_are_errors_and_not_long_waits() {
    let with_title = |title: String| {
        let mut user = ada();
        user.title = Some(title);
        user
    };
    let kind =
        |expression: &str, user: User| evaluated(expression, user).map_err(|error| error.kind);
    let long = "x".repeat(MAX_OUTPUT_BYTES);
    assert_eq!(kind("ToUpper([title])", with_title(long.clone())), Ok(long.to_uppercase().into()));
    let longer = format!("{long}x");
    for expression in [
        r#"Append([title], "x")"#,
        r#"Join("", [title], "x")"#,
        r#"Replace([title], "x", "yy")"#,
        r#"ToLower(Append([title], "x"))"#,
    ] {
        assert_eq!(
            kind(expression, with_title(long.clone())),
            Err(MappingErrorKind::Output),
            "{expression}"
        );
    }
    assert_eq!(kind("[title]", with_title(longer.clone())), Err(MappingErrorKind::Output));
    assert_eq!(kind("@Twice([title])", with_title(longer)), Err(MappingErrorKind::Output));
    // Many passes over a long text.
    let many = vec!["ToLower([title])"; 50].join(", ");
    assert_eq!(
        kind(
            &format!(
                "Count(Coalesce(And(Len({}) = 0, False), 1))",
                many.split(", ").next().unwrap()
            ),
            with_title(long.clone())
        ),
        Ok(1.into())
    );
    let passes =
        (0..12).map(|_| "Contains(ToLower([title]), \"y\")").collect::<Vec<_>>().join(", ");
    assert_eq!(kind(&format!("Or({passes})"), with_title(long)), Err(MappingErrorKind::Steps));
    // Lists.
    let commas = ",".repeat(MAX_LIST);
    assert_eq!(kind(r#"Split([title], ",")"#, with_title(commas)), Err(MappingErrorKind::List));
    let mut crowd = ada();
    crowd.roles = vec![MultiValue::new("a", "r"); MAX_LIST + 1];
    assert_eq!(kind("Count([roles])", crowd.clone()), Err(MappingErrorKind::List));
    assert_eq!(kind("Count([roles.value])", crowd), Err(MappingErrorKind::List));
}

/// A value with parts counts like the text that it is.
#[test]
fn values_with_parts_have_a_size_too() {
    let (acme, hr) = ids();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let functions = Functions::new()
        .with("Whole", move |arguments| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(Value::from(arguments.len()))
        })
        .with("Object", |arguments| {
            let bytes = arguments[0].value().as_u64().ok_or("a number")?;
            let text = "x".repeat(usize::try_from(bytes)?);
            Ok(json!({ "givenName": { "a": [text] } }))
        })
        .with("Objects", |arguments| {
            let bytes = arguments[0].value().as_u64().ok_or("a number")?;
            let text = "x".repeat(usize::try_from(bytes)?);
            Ok(json!([{ "value": text }, { "value": text }]))
        });
    let context = MappingContext::new(&acme, &hr).functions(&functions);
    let applied = |to: &str, expression: &str, user: User| {
        let expression = Expression::parse(expression).unwrap();
        let rule = Rule::new(ValuePath::parse(to).unwrap(), Source::Expression(expression));
        let made = Mapping::new().with_user_rule(rule).apply(&user.into(), &context);
        made.map(|_| ()).map_err(|error| error.kind)
    };
    let half = MAX_OUTPUT_BYTES / 2;
    let (to, output) = ("urn:example:result:it", Err(MappingErrorKind::Output));
    assert_eq!(applied(to, &format!("@Object({half})"), ada()), Ok(()));
    assert_eq!(applied(to, &format!("@Object({MAX_OUTPUT_BYTES})"), ada()), output);
    assert_eq!(applied(to, &format!("@Objects({half})"), ada()), output);
    // On the way, too.
    assert_eq!(applied(to, &format!("Count(@Objects({half}))"), ada()), output);
    // Each call of a function is given it, and pays for it.
    let mut big = ada();
    big.name = Some(Name::new("x".repeat(MAX_OUTPUT_BYTES - 1_000), "y"));
    assert_eq!(applied("name", "[name]", big.clone()), Ok(()));
    let sum = |calls: usize| {
        let calls = vec!["@Whole([name]) = 2"; calls].join(", ");
        format!("CStr(Or({calls}))")
    };
    assert_eq!(applied("title", &sum(9), big.clone()), Ok(()));
    assert_eq!(applied("title", &sum(200), big.clone()), Err(MappingErrorKind::Steps));
    assert!(calls.load(Ordering::Relaxed) < 30, "it was stopped");
    big.name = Some(Name::new("x".repeat(MAX_OUTPUT_BYTES), "y"));
    assert_eq!(applied("name", "[name]", big), output);
}
