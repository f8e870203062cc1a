//! What expressions make, and what is no expression.

use outbound_provisioning::mapping::MappingErrorKind;
use outbound_provisioning::model::mapping::{
    Expression, ExpressionErrorKind, Kind, MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH,
};
use outbound_provisioning::model::{MultiValue, User};
use serde_json::{Value, json};

use super::{ada, evaluated};

#[test]
fn the_expressions_that_administrators_use_most() {
    let table: &[(&str, Value)] = &[
        // Entra's own examples, with SCIM's attributes.
        (r#"Join(" ", [name.givenName], [name.familyName])"#, json!("Zoë Müller-Łuczak")),
        (r#"Append([userName], "@example.com")"#, json!("ada@example.com")),
        (r#"ToLower([emails[type eq "work"].value])"#, json!("ada@example.com")),
        (r#"ToUpper([userType])"#, json!("CONTRACTOR")),
        (r#"Replace([emails[type eq "work"].value], "@Example.com", "")"#, json!("Ada")),
        (r#"Split([preferredLanguage], "-")"#, json!(["en", "GB"])),
        (r#"Item(Split([preferredLanguage], "-"), 2)"#, json!("GB")),
        (r#"Switch([userType], "default", "Employee", "emp", "Contractor", "ext")"#, json!("ext")),
        (r#"Coalesce([nickName], [displayName], [userName])"#, json!("ada")),
        (
            r#"Mid([urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber], 3, 2)"#,
            json!("42"),
        ),
        (
            r#"NormalizeDiacritics(Join("", [name.givenName], [name.familyName]))"#,
            json!("ZoeMuller-Luczak"),
        ),
        (r#"StripSpaces("a b  c")"#, json!("abc")),
        (r#"IIF([userType] = "Employee", "in", "out")"#, json!("out")),
        (r#"Switch([active], "?", "False", "left", "True", "here")"#, json!("here")),
        (r#"Not([active])"#, json!(false)),
    ];
    for (expression, wanted) in table {
        assert_eq!(evaluated(expression, ada()).unwrap(), *wanted, "{expression}");
    }
}

#[test]
fn every_other_function() {
    let table: &[(&str, Value)] = &[
        (r#"And([active], [userType] = "Contractor")"#, json!(true)),
        (r#"Or(False, [userType] <> "Contractor")"#, json!(false)),
        (r#"CBool("TRUE")"#, json!(true)),
        (r#"CStr([active])"#, json!("true")),
        (r#"Contains([userName], "d")"#, json!(true)),
        (r#"Contains([roles.value], "writer")"#, json!(true)),
        (r#"Contains([roles.value], "write")"#, json!(false)),
        (r#"[roles.value] = "writer""#, json!(true)),
        (r#"Count([roles])"#, json!(2)),
        (r#"Count([nickName])"#, json!(0)),
        (r#"StartsWith([userName], "a")"#, json!(true)),
        (r#"EndsWith([userName], "b")"#, json!(false)),
        (r#"InStr([userName], "da")"#, json!(2)),
        (r#"InStr([userName], "x")"#, json!(0)),
        (r#"IsNullOrEmpty([nickName])"#, json!(true)),
        (r#"IsPresent([name])"#, json!(true)),
        (r#"Left([name.familyName], 2)"#, json!("Mü")),
        (r#"Right([name.familyName], 6)"#, json!("Łuczak")),
        (r#"Mid([name.familyName], 0, 1)"#, json!("M")),
        (r#"Mid([name.familyName], 99, 1)"#, Value::Null),
        (r#"Mid([name.familyName], 1, -1)"#, Value::Null),
        (r#"Len([name.givenName])"#, json!(3)),
        (r#"Len([nickName])"#, json!(0)),
        (r#"RemoveDuplicates(Split("a,b,a", ","))"#, json!(["a", "b"])),
        (r#"Item(Split("a,,b", ","), 3)"#, json!("b")),
        (r#"Item([roles.value], 0)"#, Value::Null),
        (r#"Item([roles.value], 3)"#, Value::Null),
        (r#"Trim("  a ")"#, json!("a")),
        (r#"Organization()"#, json!("acme")),
        (r#"Connection()"#, json!("hr")),
        (r#"UserStore()"#, json!("LONDON")),
        (r#"@Twice([userName])"#, json!("adaada")),
        (r#"Count([roles]) >= 2"#, json!(true)),
        (r#"Len([userName]) < 3"#, json!(false)),
        // Nothing out of nothing; nothing is an empty text.
        (r#"ToLower([nickName])"#, Value::Null),
        (r#"Append([nickName], "x")"#, Value::Null),
        (r#"IIF([nickName] = "", "none", "some")"#, json!("none")),
        (r#"Split([nickName], ",")"#, Value::Null),
        (r#"Join("-", [nickName], "a", "", "b")"#, json!("a-b")),
        // A list value by value.
        (r#"ToUpper([roles.value])"#, json!(["READER", "WRITER"])),
        (r#"Join(", ", [roles.value], [userName])"#, json!("reader, writer, ada")),
        (r#"Append([roles.value], "s")"#, json!(["readers", "writers"])),
        // Other kinds as they are.
        (r#"[urn:example:badge:levels]"#, json!([1, 2])),
        (r#"Item([urn:example:badge:levels], 2)"#, json!(2)),
        (r#"Coalesce([nickName], [active])"#, json!(true)),
        (r#"Join("", [urn:example:badge:levels])"#, json!("12")),
        // Unicode, whole characters.
        ("ToUpper(\"stra\u{df}e\")", json!("STRASSE")),
        (
            "NormalizeDiacritics(\"e\u{301} \u{451} \u{438}\u{306} \u{1ed9} \u{df} \u{d8}\")",
            json!("e \u{451} \u{438}\u{306} o ss O"),
        ),
        ("Left(\"\u{1f600}\u{1f601}\", 1)", json!("\u{1f600}")),
        // Find is a plain text.
        (r#"Replace("a.b.c", ".", "")"#, json!("abc")),
        (r#"Replace("(a+)+", "(a+)+", "$0\\1")"#, json!("$0\\1")),
        (r#"Replace("abc", "", "x")"#, json!("abc")),
    ];
    for (expression, wanted) in table {
        let made = evaluated(expression, ada());
        assert_eq!(made.unwrap(), *wanted, "{expression}");
    }
}

#[test]
fn name_patterns_take_their_separator_literally() {
    let table: &[(&str, &str)] = &[
        (r#"Pattern("{UD,UN,TD,IDP}", "_")"#, "LONDON_ada_acme_hr"),
        (r#"Pattern("{UN}", ".")"#, "ada"),
        (r#"Pattern("{TD,UN}", ".")"#, "acme.ada"),
        (r#"Pattern("{ UN , IDP }", "+")"#, "ada+hr"),
        (r#"Pattern("{UN,TD}", "(")"#, "ada(acme"),
        (r#"Pattern("{UN,TD}", "\\")"#, "ada\\acme"),
        (r#"Pattern("{UN,TD}", "$1[a-z]*")"#, "ada$1[a-z]*acme"),
        (r#"Pattern("{UN,TD}", "")"#, "adaacme"),
        (r#"ToLower(Pattern("{UD,UN}", "/"))"#, "london/ada"),
    ];
    for (expression, wanted) in table {
        assert_eq!(evaluated(expression, ada()).unwrap(), json!(wanted), "{expression}");
    }
    // What is absent is left out with its separator.
    let stranger = User::new("u-1", "bob");
    let made = evaluated(r#"Pattern("{UD,UN,TD}", ".")"#, stranger).unwrap();
    assert_eq!(made, json!("bob.acme"));
}

#[test]
fn what_only_a_value_shows_is_an_error_that_names_the_function() {
    let table: &[(&str, MappingErrorKind, &str)] = &[
        (
            r#"ToLower(Coalesce([urn:example:badge:x], [name]))"#,
            MappingErrorKind::Mismatch,
            "ToLower",
        ),
        (r#"Mid("abc", [userName], 1)"#, MappingErrorKind::Mismatch, "Mid"),
        (r#"Not([userName])"#, MappingErrorKind::Mismatch, "Not"),
        (r#"@Nobody([userName])"#, MappingErrorKind::UnknownFunction, "Nobody"),
        (r#"Append("x", @Twice([nickName]))"#, MappingErrorKind::Function, "Twice"),
    ];
    for (expression, kind, function) in table {
        let error = evaluated(expression, ada()).unwrap_err();
        assert_eq!(
            (error.kind, error.function.as_deref()),
            (*kind, Some(*function)),
            "{expression}"
        );
        assert_eq!(error.rule, 0);
        let printed = format!("{error} {error:?}");
        assert!(!printed.contains("ada") && !printed.contains("Zo"), "{printed}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    use ExpressionErrorKind::{Arguments, Attribute, Grammar, Limit, Mismatch, UnknownFunction};
    let table: &[(&str, ExpressionErrorKind, usize)] = &[
        ("", Grammar, 1),
        ("title", Grammar, 1),
        ("Join", Grammar, 5),
        (r#"Joyn(" ", [title])"#, UnknownFunction, 1),
        (r#"Append("ä", Wrong())"#, UnknownFunction, 13),
        (r#"Append("a")"#, Arguments, 1),
        (r#"ToLower()"#, Arguments, 1),
        (r#"Switch([title], "a", "b")"#, Arguments, 1),
        (r#"Switch([title], "a", "b", "c", "d")"#, Arguments, 1),
        (r#"Pattern("{UN,XX}", ".")"#, Arguments, 1),
        (r#"Pattern("UN", ".")"#, Arguments, 1),
        (r#"Pattern([title], ".")"#, Mismatch, 1),
        (r#"ToLower(True)"#, Mismatch, 1),
        (r#"ToLower(Len("a"))"#, Mismatch, 1),
        (r#"ToLower([name])"#, Mismatch, 1),
        (r#"Join(" ", [emails])"#, Mismatch, 1),
        (r#"Mid("a", True, 1)"#, Mismatch, 1),
        (r#"IIF("yes", "a", "b")"#, Mismatch, 1),
        (r#"Not(Len("a"))"#, Mismatch, 1),
        (r#"[name] = "a""#, Mismatch, 8),
        (r#""a"#, Grammar, 1),
        (r#""a\q""#, Grammar, 4),
        ("[title", Grammar, 1),
        ("[titel]", Attribute, 2),
        ("[emails[type is \"work\"].value]", Attribute, 2),
        ("[]", Attribute, 2),
        (r#"ToLower("a""#, Grammar, 1),
        (r#"ToLower("a";)"#, Grammar, 12),
        (r#"ToLower("a") "b""#, Grammar, 14),
        ("99999999999999999999", Grammar, 1),
        ("-", Grammar, 1),
        ("@(1)", Grammar, 2),
        (r#"Append(IgnoreFlowIfNullOrEmpty([title]), "x")"#, Grammar, 8),
    ];
    for (text, kind, column) in table {
        let error = Expression::parse(text).map(|it| it.to_string()).unwrap_err();
        assert_eq!((error.kind, error.column), (*kind, *column), "{text}: {error}");
    }
    let long = format!("\"{}\"", "x".repeat(MAX_EXPRESSION_BYTES));
    assert_eq!(Expression::parse(&long).unwrap_err().kind, Limit);
    let nested = |depth: usize| format!("{}\"x\"{}", "Trim(".repeat(depth), ")".repeat(depth));
    assert!(Expression::parse(&nested(MAX_EXPRESSION_DEPTH)).is_ok());
    assert_eq!(Expression::parse(&nested(MAX_EXPRESSION_DEPTH + 1)).unwrap_err().kind, Limit);
    assert_eq!(Expression::parse(&nested(800)).unwrap_err().kind, Limit);
}

#[test]
fn types_are_known_as_far_as_they_can_be() {
    let table = [
        (r#"ToLower([title])"#, Kind::Text),
        (r#"ToLower([roles.value])"#, Kind::List),
        (r#"[emails[type eq "work"].value]"#, Kind::Any),
        (r#"[active]"#, Kind::Boolean),
        (r#"[name]"#, Kind::Complex),
        (r#"[urn:example:badge:colour]"#, Kind::Any),
        (r#"Switch([title], "a", "b", "c")"#, Kind::Text),
        (r#"Switch([title], "a", "b", True)"#, Kind::Any),
        (r#"IIF([active], 1, 2)"#, Kind::Number),
        (r#"Coalesce([title], [nickName])"#, Kind::Text),
        (r#"[title] = "a""#, Kind::Boolean),
        (r#"@Own()"#, Kind::Any),
    ];
    for (text, kind) in table {
        assert_eq!(Expression::parse(text).unwrap().kind(), kind, "{text}");
    }
}

/// One value of many is no text: who has the role `non-admin` alone has no role `admin`.
#[test]
fn a_list_of_one_value_is_a_list() {
    let with = |roles: &[&str]| {
        let mut user = ada();
        user.roles = roles.iter().map(|role| MultiValue::new("a", *role)).collect();
        user
    };
    for (expression, roles, wanted) in [
        (r#"Contains([roles.value], "admin")"#, &["non-admin"][..], json!(false)),
        (r#"Contains([roles.value], "admin")"#, &["non-admin", "reader"], json!(false)),
        (r#"Contains([roles.value], "admin")"#, &["admin"], json!(true)),
        (r#"Contains(ToLower([roles.value]), "admin")"#, &["Non-Admin"], json!(false)),
        (r#"Contains([roles.value], "admin")"#, &[], json!(false)),
        (r#"[roles.value] = "admin""#, &["admin"], json!(true)),
        (r#"Count([roles.value])"#, &["admin"], json!(1)),
        (r#"Item([roles.value], 1)"#, &["admin"], json!("admin")),
        (r#"ToUpper([roles.value])"#, &["admin"], json!(["ADMIN"])),
        // What a filter lets through is a text, if it is one.
        (r#"Contains([roles[type eq "a"].value], "adm")"#, &["admin"], json!(true)),
    ] {
        assert_eq!(evaluated(expression, with(roles)).ok(), Some(wanted), "{expression} {roles:?}");
    }
    for (expression, complaint) in [
        ("[roles.value] = [entitlements.value]", "column 15: two lists are not compared"),
        ("RemoveDuplicates([title]) <> [roles.value]", "column 27: two lists are not compared"),
        ("[roles.value] < 5", "column 15: a list is neither less nor greater"),
        ("5 >= [roles.value]", "column 3: a list is neither less nor greater"),
    ] {
        let error = Expression::parse(expression).unwrap_err();
        assert_eq!(error.kind, ExpressionErrorKind::Mismatch);
        assert!(error.to_string().starts_with(complaint), "{error}");
    }
}
