//! T11: texts that try to be more than texts, in every place where we write one, read back by parsers that know nothing
//! of us: the `url` crate, the filters of the `scim_v2` crate, the simulated server, `serde_json`.
//!
//! 20,000 texts; `INJECTION=n` tries n, beginning with number `INJECTION_FROM`. See scripts/injection.
#![cfg(all(feature = "conformance", feature = "scim2"))]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "../bodies/mod.rs"]
mod bodies;
#[path = "../simulated/dice.rs"]
#[allow(dead_code, reason = "every user takes only its part")]
mod dice;
mod places;
mod scene;
#[path = "../support/strings.rs"]
mod strings;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn numbers() -> std::ops::Range<u64> {
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let from = number("INJECTION_FROM").unwrap_or_default();
    from..from + number("INJECTION").unwrap_or(20_000)
}

/// Tries a place with every text, and names the one that broke it.
fn try_all(place: fn(&str)) {
    for number in numbers() {
        let text = strings::text(number);
        let tried = catch_unwind(AssertUnwindSafe(|| place(&text)));
        assert!(tried.is_ok(), "text {number}: {text:?}");
    }
}

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident: $place:ident;)+) => {$(
        $(#[$doc])*
        #[test]
        fn $name() {
            try_all(places::$place);
        }
    )+};
}

places! {
    t11_f71_f72_a_name_in_a_filter: names_in_filters;
    t11_f71_f72_a_name_at_a_server: names_at_a_server;
    t11_a_text_in_a_new_resource: texts_in_bodies;
    t11_an_id_in_an_address: ids_in_addresses;
    t11_a_value_in_the_path_of_a_patch: values_in_paths;
    t11_an_attribute_of_an_extension: attributes_of_extensions;
    t11_f101_a_key_and_a_version_in_a_header: keys_and_versions_in_headers;
    t11_f93_a_text_in_what_we_print: texts_in_what_we_print;
}
