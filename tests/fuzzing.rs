//! T12 in the tests: every body of `tests/bodies`, on documents that are nearly good, on what broke clients before,
//! and on bytes.
#![cfg(all(feature = "conformance", feature = "scim2"))]

mod bodies;
#[path = "support/mutated.rs"]
mod mutated;

use bodies::{TARGETS, written};
use mutated::{DOCUMENTS, document, hostile};
use proptest::collection::vec;
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig::with_cases(250)
}

/// What the bodies of these answers hold, whole and nearly whole.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => document(),
        1 => vec(any::<u8>(), 0..200),
        1 => ".{0,80}".prop_map(String::into_bytes),
    ]
}

/// A conversation: what is done, how the target is, and up to five answers.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    // Successes are as frequent as refusals.
    let status = prop_oneof![0_u8..3, 0_u8..32];
    (any::<u8>(), any::<u8>(), vec((status, bytes()), 1..5))
        .prop_map(|(deed, manner, answers)| written(deed, manner, &answers))
}

/// A header's number and a value that may mean something.
fn header() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let value = prop_oneof![
        "[0-9]{1,30}",
        "(Mon|Sunday), ?[0-9]{1,2}[ -](Nov|Xxx)[ -][0-9]{2,5} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
        "(W/)?\"[ -~]{0,20}\"",
        "https?://evil.example/[a-z]{0,5}",
        "[ -~]{0,40}",
    ];
    let value = prop_oneof![
        9 => value.prop_map(String::into_bytes),
        1 => vec(prop_oneof![32_u8..127, 128_u8..], 0..40),
    ];
    (0_u8..16, value)
}

/// Words of filters and value paths, more often in a row that means something than not.
#[expect(clippy::expect_used, reason = "a regex that is none fails the test")]
fn expression() -> impl Strategy<Value = String> {
    let path = "(a|b|userName|NAME\\.givenName|emails|emails\\.type|urn:example:badge:colour|[a-z.:$]{1,6})";
    let value = r#"("(work|ä|\\u00e4|[ -~]{0,4})"|-?[0-9]{1,3}(\.5|e[0-9]{1,3})?|true|false|null)"#;
    let test = format!("{path} (pr|(eq|ne|co|SW|ew|gt|ge|lt|le) {value})");
    let entry = format!(r"{path}\[{test}( (and|or) {test})?\](\.[a-z]{{1,3}})?");
    let term =
        format!(r"(({test})|({entry})|(not ?\({test}\))|(\(+{test}\)+)|({path}|[ -~]{{0,6}}))");
    let filter = format!("{term}( (and|or) {term}){{0,3}}");
    let of_regex = |regex: &str| proptest::string::string_regex(regex).expect("a regex");
    prop_oneof![3 => of_regex(&filter), 1 => of_regex(&entry), 1 => of_regex(".{0,60}")]
}

macro_rules! fuzz {
    ($($(#[$doc:meta])* $name:ident($target:ident): $bytes:expr;)+) => {
        proptest! {
            #![proptest_config(config())]
            $($(#[$doc])* #[test]
            fn $name(bytes in $bytes) {
                bodies::$target(&bytes);
            })+
        }
    };
}

fuzz! {
    t12_answers_to_every_call(answers): conversation();
    t12_pages(lists): conversation();
    t12_refusals(refusals): conversation();
    t12_descriptions_of_a_target(discovery): conversation();
    t12_tokens(tokens): conversation();
    t12_headers(headers):
        (any::<u8>(), any::<u8>(), vec(header(), 0..6)).prop_map(|(deed, manner, headers)| {
            written(deed, manner, &headers)
        });
    t12_filters(filters): ".{0,60}".prop_map(String::into_bytes);
    t12_expressions(expressions): expression().prop_map(String::into_bytes);
    t12_facts_of_a_store(facts): mutated::knowledge(true);
    t12_words_of_an_administrator(overrides): mutated::knowledge(false);
    t12_settings(settings): (0_u8..10, mutated::setting()).prop_map(|(name, value)| {
        [vec![name], value].concat()
    });
    t12_configurations(documents): mutated::configuration();
}

/// Every document whole, and all that broke clients before, in every place.
#[test]
fn t12_what_broke_clients_before() {
    for (_, target) in TARGETS {
        for body in DOCUMENTS.iter().map(|text| text.as_bytes().to_vec()).chain(hostile()) {
            target(&body);
            // What is done, how, and with which status; the others are tried by chance.
            for number in 0..10 {
                target(&written(number, number, &[(0, body.clone())]));
                target(&written(number, 9 - number, &[(number % 3, body.clone())]));
            }
        }
    }
}
