//! Filters and value paths of RFC 7644: what is read, what is printed, what it means, and what is refused where.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the steps that tests share fail the test like the test itself"
)]

#[path = "support/arbitrary.rs"]
#[allow(dead_code, reason = "every test takes only its part")]
mod arbitrary;
#[path = "support/expressions.rs"]
mod expressions;

use expressions::{BADGE, CORE, Dice, ENTERPRISE, meets, resource, tree, written};
use outbound_provisioning::model::{
    AttributePath, Filter, FilterError, FilterErrorKind, MAX_FILTER_BYTES, MAX_FILTER_DEPTH,
    Operator, ValuePath,
};
use outbound_provisioning::{Error, ErrorKind};
use serde_json::{Map, Value, json};

fn parsed(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other}"),
    }
}

#[track_caller]
fn assert_matches(resource: &Value, filters: &[(&str, bool)]) {
    let resource = object(resource.clone());
    for (text, wanted) in filters {
        let filter = parsed(text);
        assert_eq!(filter.matches(&resource), *wanted, "{text}");
        assert_eq!(filter.clone().not().matches(&resource), !*wanted, "not ({text})");
        assert_eq!(parsed(&filter.to_string()), filter, "{text}");
    }
}

/// A user and a group are asked without a detour over JSON where that is enough; nobody may see which way it went.
mod of_resources {
    use outbound_provisioning::model::{Group, Resource, User};
    use proptest::prelude::*;

    use super::*;

    const ASKED: [&str; 16] = [
        "userName sw \"a\"",
        "USERNAME pr and not (title co \"i\")",
        "title pr or nickName pr or displayName eq \"\"",
        "displayName ne null",
        "active eq true and externalId pr",
        "active ne \"true\"",
        "name.givenName pr and name.familyName gt \"m\"",
        "name pr",
        "name[givenName pr]",
        "title[value pr]",
        "userName.value eq \"ada\"",
        "emails[type eq \"work\"] or title pr",
        "members pr or displayName pr",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName pr",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department pr and active eq true",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[displayName pr]",
    ];

    fn assert_same(filter: &Filter, resource: &Resource, mut attributes: Map<String, Value>) {
        if let Resource::Group(_) = resource {
            attributes.remove("members");
        }
        let wanted = filter.matches(&attributes);
        assert_eq!(filter.matches_resource(resource), wanted, "{filter}");
    }

    fn of_user(filter: &Filter, user: &User) {
        let attributes = object(serde_json::to_value(user).unwrap());
        assert_same(filter, &user.clone().into(), attributes);
    }

    fn of_group(filter: &Filter, group: &Group) {
        let attributes = object(serde_json::to_value(group).unwrap());
        assert_same(filter, &group.clone().into(), attributes);
    }

    proptest! {
        #[test]
        fn both_ways_come_to_the_same(user in arbitrary::user(), group in arbitrary::group(), seed in any::<u64>()) {
            let mut dice = Dice(seed | 1);
            let chance = written(&mut dice, &tree(&mut Dice(seed), 6));
            for text in ASKED.into_iter().chain([chance.as_str()]) {
                let filter = parsed(text);
                of_user(&filter, &user);
                of_group(&filter, &group);
            }
        }
    }

    #[test]
    fn a_group_with_an_extension_of_users_is_asked_as_it_stands() {
        let group = json!({ "externalId": "g-1", "displayName": "Staff", ENTERPRISE: { "department": "R" } });
        let group: Group = serde_json::from_value(group).unwrap();
        let filter = parsed(&format!("{ENTERPRISE}:department eq \"R\""));
        of_group(&filter, &group);
        assert!(filter.matches_resource(&group.into()));
        let lookalike = User::new("u-1", "ada");
        of_user(&parsed("urn:example:schemas:core:2.0:Badge:userName pr"), &lookalike);
    }
}

mod by_chance {
    use super::*;

    #[test]
    fn what_is_printed_reads_back_as_the_same() {
        let mut dice = Dice(1);
        for number in 0..25_000 {
            let tree = tree(&mut dice, 1 + number % 24);
            let text = written(&mut dice, &tree);
            let filter = parsed(&text);
            let printed = filter.to_string();
            assert_eq!(parsed(&printed), filter, "{text}\n{printed}");
            assert_eq!(parsed(&printed).to_string(), printed);
        }
    }

    /// The same expression, however it is written, is the same filter.
    #[test]
    fn blanks_and_brackets_do_not_count() {
        let mut dice = Dice(2);
        let spelt_as_is = |filter: &Filter| filter.to_string().to_lowercase();
        for _ in 0..5_000 {
            let tree = tree(&mut dice, 12);
            let (one, other) = (written(&mut dice, &tree), written(&mut dice, &tree));
            assert_eq!(spelt_as_is(&parsed(&one)), spelt_as_is(&parsed(&other)), "{one}\n{other}");
        }
    }

    #[test]
    fn it_means_what_the_other_evaluator_says() {
        let mut dice = Dice(3);
        let mut matched = 0;
        for number in 0..120_000_u64 {
            let tree = tree(&mut dice, 1 + number % 12);
            let text = written(&mut dice, &tree);
            let resource = resource(&mut dice);
            let wanted = meets(&tree, &Value::Object(resource.clone()));
            assert_eq!(parsed(&text).matches(&resource), wanted, "{text}\n{}", json!(resource));
            matched += u64::from(wanted);
        }
        // Neither answer is rare.
        assert!((20_000..100_000).contains(&matched), "{matched}");
    }

    /// A float of any size is the nearest to its text, and so the same when it was printed.
    #[test]
    fn numbers_read_back_to_the_last_bit() {
        let mut dice = Dice(7);
        for _ in 0..20_000 {
            let number = f64::from_bits(dice.next());
            if number.is_finite() {
                let filter = Filter::compare("n", Operator::Equal, number);
                assert_eq!(parsed(&filter.to_string()), filter, "{number:e}");
            }
        }
    }

    /// Put together by the builders, it is what is read.
    #[test]
    fn builders_make_what_is_read() {
        let by = |name: &str| Filter::equals(name, "x");
        for (built, text) in [
            (by("a").and(by("b")).and(by("c")), r#"a eq "x" and b eq "x" and c eq "x""#),
            (by("a").and(by("b").and(by("c"))), r#"a eq "x" and b eq "x" and c eq "x""#),
            (
                by("a").or(by("b")).or(by("c").or(by("d"))),
                r#"a eq "x" or b eq "x" or c eq "x" or d eq "x""#,
            ),
            (by("a").or(by("b")).and(by("c")), r#"(a eq "x" or b eq "x") and c eq "x""#),
            (by("a").and(by("b").or(by("c"))), r#"a eq "x" and (b eq "x" or c eq "x")"#),
            (by("a").and(by("b")).or(by("c")), r#"a eq "x" and b eq "x" or c eq "x""#),
            (by("a").and(by("b")).not().not(), r#"not (not (a eq "x" and b eq "x"))"#),
            (Filter::present("name.givenName").not(), "not (name.givenName pr)"),
            (Filter::compare("active", Operator::NotEqual, false), "active ne false"),
            (Filter::compare("level", Operator::Less, 7), "level lt 7"),
            (Filter::compare("title", Operator::Equal, Value::Null), "title eq null"),
        ] {
            assert_eq!(built.to_string(), text);
            assert_eq!(parsed(text), built, "{text}");
        }
    }
}

mod the_rfc {
    //! RFC 7644 section 3.4.2.2, figure 2, on resources that meet it and that do not.

    use super::*;

    fn bjensen() -> Value {
        json!({
            "schemas": [CORE, ENTERPRISE],
            "id": "2819c223-7f76-453a-919d-413861904646",
            "userName": "bjensen",
            "name": { "familyName": "O'Malley", "givenName": "Barbara" },
            "title": "Vice President",
            "userType": "Employee",
            "emails": [
                { "type": "work", "value": "bjensen@example.com", "primary": true },
                { "type": "home", "value": "babs@jensen.org" },
            ],
            "ims": [{ "type": "xmpp", "value": "babs@foo.com" }],
            "meta": { "lastModified": "2011-05-13T04:42:34Z" },
        })
    }

    fn jsmith() -> Value {
        json!({
            "schemas": [CORE],
            "userName": "JSmith",
            "name": { "familyName": "Smith" },
            "userType": "Intern",
            "emails": [
                { "type": "work", "value": "jsmith@elsewhere.net" },
                { "type": "home", "value": "j@example.com" },
            ],
            "ims": [{ "type": "aim", "value": "j@foo.com" }],
            "meta": { "lastModified": "2012-01-01T00:00:00+01:00" },
        })
    }

    /// Neither title, type nor addresses.
    fn bare() -> Value {
        json!({ "userName": "nobody", "meta": { "lastModified": "2010-01-01T00:00:00Z" } })
    }

    #[test]
    fn every_example_of_the_figure() {
        for (text, wanted) in [
            (r#"userName Eq "bjensen""#, [true, false, false]),
            (r#"name.familyName co "O'Malley""#, [true, false, false]),
            (r#"userName sw "J""#, [false, true, false]),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#, [false, true, false]),
            ("title pr", [true, false, false]),
            (r#"meta.lastModified gt "2011-05-13T04:42:34Z""#, [false, true, false]),
            (r#"meta.lastModified ge "2011-05-13T04:42:34Z""#, [true, true, false]),
            (r#"meta.lastModified lt "2011-05-13T04:42:34Z""#, [false, false, true]),
            (r#"meta.lastModified le "2011-05-13T04:42:34Z""#, [true, false, true]),
            (r#"title pr and userType eq "Employee""#, [true, false, false]),
            (r#"title pr or userType eq "Intern""#, [true, true, false]),
            (
                r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
                [true, false, false],
            ),
            (
                r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
                [true, false, false],
            ),
            (
                r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
                [false, false, true],
            ),
            (r#"userType eq "Employee" and (emails.type eq "work")"#, [true, false, false]),
            (
                r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
                [true, false, false],
            ),
            (
                r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
                [true, false, false],
            ),
        ] {
            for (resource, wanted) in [bjensen(), jsmith(), bare()].iter().zip(wanted) {
                assert_matches(resource, &[(text, wanted)]);
            }
        }
    }

    /// `not` before `and` before `or` (section 3.4.2.2).
    #[test]
    fn precedence() {
        for bits in 0..8_u8 {
            let (a, b, c) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
            let resource = json!({ "a": a, "b": b, "c": c });
            for (text, wanted) in [
                ("a eq true or b eq true and c eq true", a || (b && c)),
                ("a eq true and b eq true or c eq true", (a && b) || c),
                ("(a eq true or b eq true) and c eq true", (a || b) && c),
                ("a eq true and (b eq true or c eq true)", a && (b || c)),
                ("not (a eq true) and b eq true", !a && b),
                ("not (a eq true) or b eq true and c eq true", !a || (b && c)),
                ("not (a eq true and b eq true) or c eq true", !(a && b) || c),
                ("a eq true and not (b eq true or c eq true)", a && !(b || c)),
                ("a eq true or b eq true or c eq true", a || b || c),
                ("((a eq true)) and (b eq true and (c eq true))", a && b && c),
            ] {
                assert_matches(&resource, &[(text, wanted)]);
            }
        }
    }
}

mod meaning {
    use super::*;

    #[test]
    fn what_is_missing_is_null() {
        for resource in [
            json!({}),
            json!({ "title": null }),
            json!({ "title": [] }),
            json!({ "title": {} }),
            json!({ "title": [null] }),
        ] {
            assert_matches(
                &resource,
                &[
                    ("title eq null", true),
                    ("title ne null", false),
                    (r#"title eq "x""#, false),
                    (r#"title ne "x""#, true),
                    ("title pr", false),
                    (r#"title co "x""#, false),
                    (r#"title co """#, false),
                    (r#"title lt "x""#, false),
                    ("title le null", false),
                    (r#"title.value ne "x""#, true),
                    (r#"title[value ne "x"]"#, false),
                    (r#"title[value pr].value ne "x""#, true),
                    ("urn:example:2.0:badge:title eq null", true),
                ],
            );
        }
        // An empty text is a value, though not one that is present.
        assert_matches(
            &json!({ "title": "" }),
            &[("title eq null", false), (r#"title eq """#, true), ("title pr", false)],
        );
    }

    #[test]
    fn one_of_several_values_is_enough() {
        let ada = json!({ "emails": [
            { "type": "work", "value": "a@example.com" },
            { "type": "home", "value": "b@example.org" },
            { "value": "c@example.net" },
        ], "tags": ["Red", "green"] });
        assert_matches(
            &ada,
            &[
                (r#"emails.type ne "work""#, true),
                (r#"not (emails.type eq "work")"#, false),
                ("emails.type eq null", true),
                (r#"emails ew ".ORG""#, true),
                (r#"emails.type eq "work" and emails ew ".org""#, true),
                (r#"emails[type eq "work" and value ew ".org"]"#, false),
                (r#"emails[type eq "home"].value ew ".org""#, true),
                (r#"emails[type eq "home"].value ew ".com""#, false),
                (r#"emails[type eq "other"].value eq null"#, true),
                (r#"emails[not (type pr)].value pr"#, true),
                (r#"tags eq "red""#, true),
                (r#"tags[value eq "RED"]"#, true),
                (r#"tags.value eq "blue""#, false),
                ("emails pr", true),
                (r#"emails eq "work""#, false),
            ],
        );
    }

    #[test]
    fn case_counts_where_the_rfc_says_so() {
        let user = json!({
            "id": "aB", "externalId": "aB", "userName": "aB", "profileUrl": "aB",
            "photos": [{ "value": "aB", "type": "aB" }],
            "x509Certificates": [{ "value": "aB" }],
            "members": [{ "value": "aB", "$ref": "aB", "display": "aB" }],
            "groups": [{ "value": "aB" }],
            "emails": [{ "value": "aB", "$ref": "aB" }],
            "meta": { "version": "aB", "location": "aB", "resourceType": "aB" },
            (ENTERPRISE): { "manager": { "value": "aB", "displayName": "aB" }, "department": "aB" },
            (BADGE): { "id": "aB", "members": [{ "value": "aB" }] },
        });
        let manager = format!("{ENTERPRISE}:manager");
        for path in [
            "id",
            "externalId",
            "profileUrl",
            "photos",
            "photos.value",
            "x509Certificates",
            "members",
            "members.value",
            "members.$ref",
            "groups",
            "emails.$ref",
            "meta.version",
            "meta.location",
            "meta.resourceType",
            &format!("{CORE}:externalId"),
            &manager,
            &format!("{manager}.value"),
        ] {
            for (operator, value) in
                [("eq", "ab"), ("co", "b"), ("sw", "A"), ("ew", "b"), ("ge", "ab")]
            {
                let text = format!("{path} {operator} \"{value}\"");
                assert_matches(&user, &[(&text, false)]);
            }
            assert_matches(&user, &[(&format!("{path} eq \"aB\""), true)]);
        }
        for path in [
            "userName",
            "photos.type",
            "members.display",
            "emails",
            "emails.value",
            &format!("{manager}.displayName"),
            &format!("{ENTERPRISE}:department"),
            &format!("{BADGE}:id"),
            &format!("{BADGE}:members"),
        ] {
            for (operator, value) in
                [("eq", "Ab"), ("co", "b"), ("sw", "A"), ("ew", "b"), ("ge", "AB")]
            {
                let text = format!("{path} {operator} \"{value}\"");
                assert_matches(&user, &[(&text, true)]);
            }
        }
        assert_matches(
            &user,
            &[
                (r#"members[value eq "ab"]"#, false),
                (r#"members[value eq "aB"]"#, true),
                (r#"photos[type eq "AB"].value eq "ab""#, false),
                (r#"photos[type eq "AB"].value eq "aB""#, true),
            ],
        );
    }

    #[test]
    fn names_and_urns_have_no_case() {
        assert_matches(
            &json!({ "USERNAME": "ada", "urn:Example:2.0:BADGE": { "Colour": "green" }, "name": { "GIVENNAME": "Ada" } }),
            &[
                (r#"username EQ "ada""#, true),
                (r#"Name.GivenName Sw "a""#, true),
                (r#"URN:example:2.0:badge:colour eq "green""#, true),
                (r#"urn:ietf:params:scim:schemas:CORE:2.0:user:UserName PR"#, true),
                (r#"urn:ietf:params:scim:schemas:core:2.0:Group:username pr"#, true),
                (r#"urn:example:2.0:other:userName pr"#, false),
                ("colour pr", false),
            ],
        );
    }

    #[test]
    fn an_order_is_one_of_texts_numbers_and_times() {
        assert_matches(
            &json!({
                "n": 2, "big": 9_007_199_254_740_993_i64, "f": 2.5, "on": true, "s": "b",
                "name": { "givenName": "b" }, "at": "2026-11-23T00:00:00.10Z", "day": "2026-02-30T00:00:00Z",
            }),
            &[
                ("n gt 1.5", true),
                ("n ge 2", true),
                ("n eq 2.0", true),
                ("n lt 10", true),
                ("f gt 2", true),
                ("big gt 9007199254740992", true),
                ("big eq 9007199254740992", false),
                (r#"n eq "2""#, false),
                (r#"n ne "2""#, true),
                (r#"n gt "1""#, false),
                ("s gt 1", false),
                (r#"s gt "A""#, true),
                (r#"s lt "C""#, true),
                ("on eq true", true),
                ("on ne false", true),
                ("on ge true", false),
                ("on gt false", false),
                (r#"on co "t""#, false),
                (r#"on eq "true""#, false),
                (r#"name gt "a""#, false),
                (r#"name eq "b""#, false),
                (r#"name ne "b""#, true),
                ("name eq null", false),
                ("name pr", true),
                (r#"at eq "2026-11-23T01:00:00.1+01:00""#, true),
                (r#"at gt "2026-11-23T00:30:00+01:00""#, true),
                (r#"at gt "2026-11-23T00:00:00.09999999999999999999999999Z""#, true),
                (r#"at lt "2026-11-23T00:00:00.10000000000000000000000001Z""#, true),
                // No such day: two texts.
                (r#"day gt "2026-03-01T23:00:00+23:59""#, false),
                (r#"day eq "2026-02-30t00:00:00z""#, true),
            ],
        );
    }

    #[test]
    fn letters_beyond_ascii_have_a_case_too() {
        let long = format!("{}É", "é".repeat(40_000));
        assert_matches(
            &json!({ "a": "ÅNGSTRÖM", "b": "ΟΔΥΣΣΕΥΣ", "c": "İx", "d": long }),
            &[
                (r#"a eq "ångström""#, true),
                (r#"a co "GSTRö""#, true),
                (r#"a ew "ström""#, true),
                (r#"b eq "οδυσσευς""#, true),
                (r#"b co "υς""#, true),
                (r#"c sw "i""#, true),
                (r#"c eq "i̇X""#, true),
                (r#"c eq "ix""#, false),
                (r#"d co "ÉÉÉ""#, true),
                (r#"d co "éx""#, false),
            ],
        );
    }

    /// What no text can say.
    #[test]
    fn a_list_or_an_object_is_nobodys_value() {
        let resource = object(json!({ "a": [1], "b": { "c": 1 } }));
        for operator in Operator::ALL {
            for wanted in [json!([1]), json!({ "c": 1 }), json!([])] {
                for path in ["a", "b", "missing"] {
                    let filter = Filter::compare(path, operator, wanted.clone());
                    assert!(!filter.matches(&resource), "{filter}");
                    assert!(Filter::parse(&filter.to_string()).is_err(), "{filter}");
                }
            }
        }
    }

    #[test]
    fn its_paths_are_named() {
        let filter = parsed(
            r#"userName pr and not (name.givenName eq "a" or emails[type eq "work"].value pr)"#,
        );
        let paths: Vec<String> = filter.paths().map(AttributePath::to_string).collect();
        assert_eq!(paths, ["userName", "name.givenName", "emails.value", "type"]);
    }
}

mod refused {
    use super::*;
    use FilterErrorKind as Kind;

    #[track_caller]
    fn error(text: &str) -> FilterError {
        match Filter::parse(text) {
            Err(error) => error,
            Ok(filter) => panic!("{text}: {filter}"),
        }
    }

    #[test]
    fn the_place_and_the_reason() {
        for (text, kind, offset) in [
            ("", Kind::End, 0),
            ("   ", Kind::End, 3),
            ("userName", Kind::End, 8),
            ("userName ", Kind::End, 9),
            ("userName eq", Kind::End, 11),
            ("userName eq ", Kind::End, 12),
            (r#"userName eq "a" and"#, Kind::End, 19),
            (r#"userName eq "a" and "#, Kind::End, 20),
            ("(title pr", Kind::End, 9),
            ("not (title pr", Kind::End, 13),
            ("emails[type pr", Kind::End, 14),
            ("emails[type pr].", Kind::End, 16),
            ("userName is 1", Kind::Operator, 9),
            ("userName eqq 1", Kind::Operator, 9),
            ("userName\teq 1", Kind::Path, 0),
            ("userName eq\n1", Kind::Operator, 9),
            ("userName eq ada", Kind::Value, 12),
            ("userName eq 'ada'", Kind::Value, 12),
            ("userName eq \"ada", Kind::Value, 12),
            ("userName eq \"a\nb\"", Kind::Value, 12),
            ("userName eq \"\0\"", Kind::Value, 12),
            (r#"userName eq "\x""#, Kind::Value, 12),
            (r#"userName eq "\ud800""#, Kind::Value, 12),
            ("userName eq True", Kind::Value, 12),
            ("userName eq NULL", Kind::Value, 12),
            ("userName eq 01", Kind::Value, 12),
            ("userName eq +1", Kind::Value, 12),
            ("userName eq 1.", Kind::Value, 12),
            ("userName eq 1e999", Kind::Value, 12),
            ("userName eq 1\t", Kind::Value, 12),
            ("userName eq NaN", Kind::Value, 12),
            ("userName eq {}", Kind::Value, 12),
            ("userName eq [1]", Kind::Value, 12),
            ("1a pr", Kind::Path, 0),
            ("é pr", Kind::Path, 0),
            (".a pr", Kind::Path, 0),
            ("a. pr", Kind::Path, 0),
            ("a.b.c pr", Kind::Path, 0),
            ("a:b pr", Kind::Path, 0),
            ("urn::a pr", Kind::Path, 0),
            (":a pr", Kind::Path, 0),
            ("urn:x: pr", Kind::Path, 0),
            ("urn:\u{202e}x:a pr", Kind::Path, 0),
            ("\"a\" pr", Kind::Path, 0),
            ("a-b_1 pr title", Kind::Syntax, 9),
            ("title pr and and title pr", Kind::Operator, 17),
            ("title pr or(title pr)", Kind::Syntax, 11),
            ("(title pr)and title pr", Kind::Syntax, 10),
            ("title pr )", Kind::Syntax, 9),
            ("title pr; title pr", Kind::Operator, 6),
            ("(title pr]", Kind::Syntax, 9),
            ("emails[type pr)", Kind::Syntax, 14),
            ("()", Kind::Path, 1),
            ("emails[]", Kind::Path, 7),
            ("emails [type pr]", Kind::Operator, 7),
            ("emails[type pr] pr", Kind::Syntax, 16),
            ("emails.value[type pr]", Kind::Path, 0),
            ("emails[type pr].1 pr", Kind::Path, 16),
            ("emails[type pr].value", Kind::End, 21),
            ("emails[a[b pr]]", Kind::Syntax, 8),
            (r#"name.givenName eq "ä" nor title pr"#, Kind::Syntax, 23),
        ] {
            let error = error(text);
            assert_eq!((error.kind(), error.offset()), (kind, offset), "{text:?}: {error}");
            assert_eq!(error.column(), text[..offset].chars().count() + 1, "{text:?}");
            assert!(!error.expected().is_empty());
        }
    }

    #[test]
    fn the_message_says_where_and_what_and_nothing_of_the_text() {
        let error = error(r#"userName eq "ä" xor perso eq 1"#);
        assert_eq!(error.to_string(), "column 17 (byte 17): expected `and`, `or` or the end");
        let folded = Error::from(error.clone());
        assert_eq!(folded.kind(), ErrorKind::Configuration);
        for text in [error.to_string(), format!("{error:?}"), folded.to_string()] {
            assert!(!text.contains("perso") && !text.contains("userName"), "{text}");
        }
    }

    #[test]
    fn longer_than_the_limit() {
        let fits = |length: usize| {
            let text = format!("a eq \"{}\"", "x".repeat(length - 7));
            assert_eq!(text.len(), length);
            Filter::parse(&text).map(drop).map_err(|error| error.kind())
        };
        assert_eq!(fits(MAX_FILTER_BYTES), Ok(()));
        assert_eq!(fits(MAX_FILTER_BYTES + 1), Err(Kind::TooLong));
        assert_eq!(fits(1 << 24), Err(Kind::TooLong));
        // Short as it stands, too long as it would be printed.
        let grows = vec!["a eq 1e15"; 700].join(" or ");
        assert!(grows.len() > MAX_FILTER_BYTES);
        let grows = vec!["a eq 1e15"; 600].join(" or ");
        assert!(grows.len() < MAX_FILTER_BYTES);
        assert_eq!(error(&grows).kind(), Kind::TooLong);
        let path = format!("emails[{grows}]");
        assert_eq!(ValuePath::parse(&path).map_err(|error| error.kind()), Err(Kind::TooLong));
        // As many terms as there is room for.
        let many = vec!["a pr"; 1024].join(" or ");
        assert_eq!(parsed(&many).paths().count(), 1024);
    }

    #[test]
    fn deeper_than_the_limit() {
        for (open, close) in [("(", ")"), ("not (", ")"), ("not(", ")"), ("(a pr or ", ")")] {
            let nested =
                |depth: usize| format!("{}a pr{}", open.repeat(depth), close.repeat(depth));
            let deepest = parsed(&nested(MAX_FILTER_DEPTH));
            assert_eq!(parsed(&deepest.to_string()), deepest);
            let error = error(&nested(MAX_FILTER_DEPTH + 1));
            assert_eq!(error.kind(), Kind::TooDeep);
            assert_eq!(error.offset(), open.len() * MAX_FILTER_DEPTH + open.find('(').unwrap());
        }
        // Only deep, never closed.
        assert_eq!(error(&"(".repeat(8_000)).kind(), Kind::TooDeep);
        assert_eq!(error(&"a[".repeat(4_000)).kind(), Kind::Syntax);
        let value_path = format!("a[{}b pr{}]", "(".repeat(31), ")".repeat(31));
        assert!(Filter::parse(&value_path).is_ok());
        let value_path = format!("a[{}b pr{}]", "(".repeat(32), ")".repeat(32));
        assert_eq!(error(&value_path).kind(), Kind::TooDeep);
    }

    /// What the builders make has no limit, and needs no stack.
    #[test]
    fn as_deep_as_anybody_builds_it() {
        let resource = object(json!({ "userName": "ada" }));
        let mut filter = Filter::equals("userName", "ada");
        for _ in 0..5_000 {
            filter = filter.not().and(Filter::present("userName")).or(Filter::present("title"));
        }
        let on_a_small_stack = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
            assert!(filter.matches(&resource));
            assert!(!filter.clone().not().matches(&resource));
            let printed = filter.to_string();
            assert_eq!(printed.matches("not (").count(), 5_000);
            assert_eq!(Filter::parse(&printed).map_err(|error| error.kind()), Err(Kind::TooLong));
            drop(filter);
        });
        on_a_small_stack.unwrap().join().unwrap();
    }

    /// The deepest text that is read, on a quarter of the usual stack, and without optimisation.
    #[test]
    fn what_is_read_needs_little_stack() {
        let text = format!("{}a[b eq 1]{}", "not (c pr or ".repeat(31), ")".repeat(31));
        let on_a_small_stack =
            std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
                let filter = parsed(&text);
                assert!(!filter.matches(&object(json!({ "a": { "b": 1 } }))));
                assert_eq!(parsed(&filter.to_string()), filter);
            });
        on_a_small_stack.unwrap().join().unwrap();
    }

    #[test]
    fn hostile_texts() {
        let mut texts: Vec<String> =
            ["(", "[", "\"", "\\", "a.", "urn:", "not ", "a eq ", " ", "\0", "\u{1f600}"]
                .iter()
                .flat_map(|piece| [1, 2, 31, 32, 33, 1000].map(|times| piece.repeat(times)))
                .collect();
        texts.push(r#"userName eq "a" or userName pr""#.to_owned());
        texts.push(format!("a eq {}", "9".repeat(8_000)));
        texts.push(format!("a eq \"{}\\", "\\\\".repeat(4_000)));
        let mut dice = Dice(4);
        let good = r#"emails[type eq "work\u00e4" and not (value co "ä")].value ne null or urn:a:b:c.d le -1.5e-3"#;
        let letters: Vec<char> = good.chars().collect();
        for _ in 0..20_000 {
            let mut text = letters.clone();
            for _ in 0..1 + dice.below(4) {
                if text.len() < 2 {
                    break;
                }
                let at = usize::try_from(dice.next() % text.len() as u64).unwrap();
                match dice.below(3) {
                    0 => drop(text.remove(at)),
                    1 => text.insert(at, *dice.of(&letters)),
                    _ => text.truncate(at + 1),
                }
            }
            texts.push(text.iter().collect());
        }
        let (mut read, mut refused) = (0, 0);
        for text in texts {
            match Filter::parse(&text) {
                Ok(filter) => {
                    read += 1;
                    assert_eq!(parsed(&filter.to_string()), filter, "{text}");
                }
                Err(error) => {
                    refused += 1;
                    assert!(text.is_char_boundary(error.offset()), "{text}: {error}");
                }
            }
        }
        assert!(read > 100 && refused > 10_000, "{read} {refused}");
    }
}

mod value_paths {
    use super::*;

    fn path(text: &str) -> ValuePath {
        ValuePath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn ada() -> Value {
        json!({
            "userName": "ada",
            "name": { "givenName": "Ada", "familyName": null },
            "emails": [
                { "type": "work", "value": "a@example.com" },
                { "type": "home", "value": "b@example.org", "primary": true },
            ],
            "tags": ["red", null, "green"],
            (ENTERPRISE): { "department": "Engines", "manager": { "value": "u-2" } },
        })
    }

    /// RFC 7644 section 3.5.2, and what stands there.
    #[test]
    fn read_printed_and_followed() {
        let department = format!("{ENTERPRISE}:department");
        let manager = format!("{ENTERPRISE}:manager.value");
        for (text, values) in [
            ("userName", json!(["ada"])),
            ("name.givenName", json!(["Ada"])),
            ("name.familyName", json!([])),
            ("missing", json!([])),
            ("emails.value", json!(["a@example.com", "b@example.org"])),
            (r#"emails[type eq "work"].value"#, json!(["a@example.com"])),
            (r#"emails[type eq "work" and value ew "example.org"].value"#, json!([])),
            (
                r#"emails[not (type eq "work")]"#,
                json!([{ "type": "home", "value": "b@example.org", "primary": true }]),
            ),
            ("tags", json!(["red", "green"])),
            (r#"tags[value sw "g"]"#, json!(["green"])),
            (&department, json!(["Engines"])),
            (&manager, json!(["u-2"])),
            (&format!("{CORE}:userName"), json!(["ada"])),
            ("urn:example:badge:colour", json!([])),
            ("addresses[type eq \"work\"]", json!([])),
            (r#"members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName"#, json!([])),
        ] {
            let parsed = path(text);
            assert_eq!(parsed.to_string(), text);
            assert_eq!(text.parse(), Ok(parsed.clone()));
            let ada = object(ada());
            assert_eq!(json!(parsed.values(&ada)), values, "{text}");
            assert_eq!(parsed.first(&ada), values.get(0), "{text}");
        }
    }

    #[test]
    fn a_list_as_it_stands() {
        let (ada, whole) = (object(ada()), |text: &str, ada| path(text).whole(ada).cloned());
        assert_eq!(whole("tags", &ada), Some(json!(["red", null, "green"])));
        assert_eq!(whole("emails", &ada), ada.get("emails").cloned());
        assert_eq!(whole("emails.value", &ada), Some(json!("a@example.com")));
        assert_eq!(whole(r#"emails[primary eq true].value"#, &ada), Some(json!("b@example.org")));
        assert_eq!(whole("name.givenName", &ada), Some(json!("Ada")));
        assert_eq!(whole("name.familyName", &ada), None);
    }

    #[test]
    fn refused_with_the_place() {
        for (text, offset) in [
            ("", 0),
            ("userName eq", 9),
            ("emails[type eq \"work\"].", 23),
            ("emails[type eq \"work\"]value", 22),
            ("emails[type eq \"work\"", 21),
            ("emails.value[type eq \"work\"]", 0),
            ("a.b.c", 0),
            ("not (a pr)", 4),
        ] {
            assert_eq!(
                ValuePath::parse(text).map_err(|error| error.offset()),
                Err(offset),
                "{text}"
            );
        }
    }

    #[test]
    fn set() {
        let manager = format!("{ENTERPRISE}:manager.value");
        let core = format!("{CORE}:userName");
        for (before, text, value, after) in [
            (json!({}), "title", json!("x"), json!({ "title": "x" })),
            (json!({ "TITLE": "y" }), "title", json!("x"), json!({ "TITLE": "x" })),
            (json!({}), &core, json!("x"), json!({ "userName": "x" })),
            (json!({}), "name.givenName", json!("x"), json!({ "name": { "givenName": "x" } })),
            (
                json!({ "name": { "familyName": "y" } }),
                "name.givenName",
                json!("x"),
                json!({ "name": { "familyName": "y", "givenName": "x" } }),
            ),
            (
                json!({}),
                &manager,
                json!("u-2"),
                json!({ (ENTERPRISE): { "manager": { "value": "u-2" } } }),
            ),
            (
                json!({ (ENTERPRISE.to_uppercase()): { "manager": "u-1" } }),
                &manager,
                json!("u-2"),
                json!({ (ENTERPRISE.to_uppercase()): { "manager": { "value": "u-2" } } }),
            ),
            (json!({}), "emails.value", json!("x"), json!({ "emails": [{ "value": "x" }] })),
            (
                json!({ "emails": [{ "value": "a" }, { "value": "b" }] }),
                "emails.type",
                json!("work"),
                json!({ "emails": [{ "value": "a", "type": "work" }, { "value": "b", "type": "work" }] }),
            ),
            (
                json!({ "emails": ["a"] }),
                "emails.type",
                json!("work"),
                json!({ "emails": [{ "value": "a", "type": "work" }] }),
            ),
            (
                json!({}),
                r#"emails[type eq "work" and primary eq true].value"#,
                json!("x"),
                json!({ "emails": [{ "type": "work", "primary": true, "value": "x" }] }),
            ),
            (
                json!({ "emails": [{ "type": "home", "value": "h" }, { "type": "Work", "value": "w" }] }),
                r#"emails[type eq "work"].value"#,
                json!("x"),
                json!({ "emails": [{ "type": "home", "value": "h" }, { "type": "Work", "value": "x" }] }),
            ),
            (
                json!({ "emails": { "type": "home", "value": "h" } }),
                r#"emails[type eq "work"].value"#,
                json!("x"),
                json!({ "emails": [{ "type": "home", "value": "h" }, { "type": "work", "value": "x" }] }),
            ),
            (
                json!({ "emails": [{ "type": "work", "value": "1" }, { "value": "2" }, { "type": "work", "value": "3" }] }),
                r#"emails[type eq "work"]"#,
                json!({ "value": "x" }),
                json!({ "emails": [{ "value": "x" }, { "value": "2" }] }),
            ),
            (
                json!({}),
                r#"emails[type eq "work"]"#,
                json!({ "value": "x" }),
                json!({ "emails": [{ "value": "x", "type": "work" }] }),
            ),
            (
                json!({}),
                r#"emails[not (type eq "home")].value"#,
                json!("x"),
                json!({ "emails": [{ "value": "x" }] }),
            ),
            (
                json!({ "tags": ["a", "b"] }),
                r#"tags[value eq "a"]"#,
                json!("c"),
                json!({ "tags": ["c", "b"] }),
            ),
            // What is nothing clears.
            (
                json!({ "title": "x", "userName": "y" }),
                "title",
                json!(null),
                json!({ "userName": "y" }),
            ),
            (json!({ "emails": [{ "value": "x" }] }), "emails", json!([]), json!({})),
        ] {
            let mut resource = object(before.clone());
            let parsed = path(text);
            assert!(parsed.set(&mut resource, value.clone()), "{text}");
            assert_eq!(Value::Object(resource), after, "{text} in {before}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_made() {
        for text in [
            r#"emails[type sw "w"].value"#,
            r#"emails[type eq "work" or type eq "home"].value"#,
            r#"emails[type eq "work" and type eq "home"].value"#,
            r#"urn:example:badge:emails[type pr].value"#,
        ] {
            let mut resource = object(json!({ "emails": [{ "value": "a" }] }));
            let before = resource.clone();
            assert!(!path(text).set(&mut resource, json!("x")), "{text}");
            assert_eq!(resource, before, "{text}");
        }
    }

    #[test]
    fn clear() {
        let department = format!("{ENTERPRISE}:department");
        for (before, text, after) in [
            (json!({ "a": 1, "TITLE": "x" }), "title", json!({ "a": 1 })),
            (json!({ "name": { "givenName": "x" } }), "name.givenName", json!({})),
            (
                json!({ "name": { "givenName": "x", "b": 1 } }),
                "name.givenName",
                json!({ "name": { "b": 1 } }),
            ),
            (json!({ (ENTERPRISE): { "department": "x" } }), &department, json!({})),
            (json!({ (ENTERPRISE): "x" }), &department, json!({ (ENTERPRISE): "x" })),
            (
                json!({ "emails": [{ "type": "work", "value": "a" }, { "type": "home", "value": "b" }] }),
                r#"emails[type eq "work"]"#,
                json!({ "emails": [{ "type": "home", "value": "b" }] }),
            ),
            (
                json!({ "emails": [{ "type": "work", "value": "a" }, { "type": "home", "value": "b" }] }),
                r#"emails[type eq "work"].value"#,
                json!({ "emails": [{ "type": "work" }, { "type": "home", "value": "b" }] }),
            ),
            (json!({ "emails": [{ "value": "a" }, { "value": "b" }] }), "emails.value", json!({})),
            (json!({ "emails": ["a"] }), "emails.value", json!({})),
            (json!({ "emails": { "type": "work" } }), r#"emails[type eq "work"]"#, json!({})),
            (json!({ "a": 1 }), "missing.sub", json!({ "a": 1 })),
        ] {
            let mut resource = object(before.clone());
            path(text).clear(&mut resource);
            assert_eq!(Value::Object(resource), after, "{text} in {before}");
        }
    }

    /// What was set is there, what was cleared is not, and setting says so when it cannot.
    #[test]
    fn set_and_clear_by_chance() {
        let mut dice = Dice(5);
        let value = json!("x");
        let mut set = 0;
        for _ in 0..40_000 {
            let text = match dice.below(4) {
                0 => "emails.value".to_owned(),
                1 => format!("{BADGE}:tags.$ref"),
                number => {
                    let filter = expressions::in_brackets(&mut dice);
                    let name = dice.of(&["emails", "photos", "members", "tags", "name"]);
                    format!("{name}[{filter}]{}", if number == 2 { "" } else { ".display" })
                }
            };
            let parsed = path(&text);
            assert_eq!(path(&parsed.to_string()), parsed, "{text}");
            let mut resource = resource(&mut dice);
            let shown = format!("{text}\n{}", json!(resource));
            parsed.clear(&mut resource);
            assert_eq!(parsed.first(&resource), None, "{shown}");
            let before = resource.clone();
            if parsed.set(&mut resource, value.clone()) {
                set += 1;
                // A whole value is its own judge.
                if parsed.attribute().sub_attribute.is_some() {
                    assert_eq!(parsed.first(&resource), Some(&value), "{shown}");
                }
            } else {
                assert_eq!(resource, before, "{shown}");
            }
        }
        assert!((10_000..40_000).contains(&set), "{set}");
    }
}

/// The simulated server has a parser and an evaluator of its own.
#[cfg(feature = "conformance")]
mod second_opinion {
    use http::Request;
    use outbound_provisioning::conformance::Scim2Target;

    use super::*;

    #[test]
    fn the_simulated_server_finds_the_same_users() {
        let target = Scim2Target::new();
        for (name, title, kind, department) in [
            ("ada", Some("Boss"), "work", Some("Engines")),
            ("BOB", None, "home", None),
            ("o'hara \"\\", Some("boss"), "work", Some("")),
            ("zoë", Some("ä"), "other", Some("engines")),
        ] {
            let mut user = json!({
                "schemas": [CORE, ENTERPRISE],
                "userName": name,
                "externalId": name,
                "active": kind != "home",
                "emails": [
                    { "type": kind, "value": format!("{}@example.com", kind) },
                    { "type": "other", "value": "Z@example.org" },
                ],
                (ENTERPRISE): { "department": department },
            });
            user["title"] = json!(title);
            let request = Request::post("/Users")
                .header("content-type", "application/scim+json")
                .body(user.to_string().into_bytes());
            assert_eq!(target.answer(&request.unwrap()).status(), 201, "{name}");
        }
        let mut dice = Dice(6);
        let department = format!("{ENTERPRISE}:department");
        let paths =
            ["userName", "externalId", "title", "emails", "emails.type", &department, "active"];
        let mut found = 0;
        for _ in 0..3_000 {
            let mut terms = Vec::new();
            for _ in 0..1 + dice.below(4) {
                let path = *dice.of(&paths);
                let value =
                    dice.of(&["ada", "ADA", "b", "boss", "work", "Z", "ZOË", "engines", "ä"]);
                terms.push(match dice.below(5) {
                    0 => format!("{path} pr"),
                    1 => format!(r#"emails[type eq "{value}" or value sw "z"]"#),
                    2 => format!(r#"not ({path} eq "{value}")"#),
                    _ if path == "active" => "active eq true".to_owned(),
                    _ => {
                        let operator =
                            dice.of(&["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
                        format!(r#"{path} {operator} "{value}""#)
                    }
                });
            }
            let mut text = terms.remove(0);
            for term in terms {
                text = format!("{text} {} {term}", dice.of(&["and", "or"]));
            }
            let filter = parsed(&text);
            let query: String =
                url::form_urlencoded::byte_serialize(filter.to_string().as_bytes()).collect();
            let request = Request::get(format!("/Users?filter={query}")).body(Vec::new());
            let answer = target.answer(&request.unwrap());
            assert_eq!(answer.status(), 200, "{text}");
            let answer: Value = serde_json::from_slice(answer.body()).unwrap();
            let theirs: Vec<&Value> =
                answer["Resources"].as_array().unwrap().iter().map(|user| &user["id"]).collect();
            let users = target.users();
            let ours: Vec<&Value> = users
                .iter()
                .filter(|user| user.as_object().is_some_and(|user| filter.matches(user)))
                .map(|user| &user["id"])
                .collect();
            assert_eq!(ours, theirs, "{text}");
            found += ours.len();
        }
        assert!(found > 1_000, "{found}");
    }
}
