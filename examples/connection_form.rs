//! What a console needs to set up a connection: the form of a connector, every mistake of what was typed, and a document
//! to keep, with references in place of secrets. Nothing is sent.
use outbound_provisioning::connector::ConnectorFactory;
use outbound_provisioning::model::mapping::Expression;
use outbound_provisioning::model::{
    Configuration, FieldKind, FormField, FormSection, PropertyKind,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{HttpError, HttpErrorKind, http_fn};
use outbound_provisioning::{BoxError, ConnectorRegistry};

fn main() -> Result<(), BoxError> {
    // A console that only draws and checks needs no client.
    let factory = Scim2Factory::new(http_fn(|_| Err(HttpError::new(HttpErrorKind::Connect))));
    let schemas = factory.schemas();
    let registry = ConnectorRegistry::new().with(factory);

    println!("A new connection by SCIM 2.0\n============================");
    let form = registry.form(&"scim2".into()).ok_or("not registered")?;
    form.iter().for_each(draw);
    println!("\nAn expression may call");
    for function in Expression::functions().take(6) {
        println!("  {:<48}{}", function.usage, function.description);
    }
    println!("  … and {} more", Expression::functions().count() - 6);
    for schema in schemas {
        let known: Vec<String> =
            schema.attributes.iter().take(6).map(|spec| spec.path.to_string()).collect();
        let (known, all) = (known.join(", "), schema.attributes.len());
        println!("A mapping of a {} may name {known}; {all} in all", schema.kind);
    }

    println!("\nFilled in badly\n===============");
    for settings in [
        r#"{ "base_url": "hr.example.com", "authentication": "bearer", "tokn": "s3cret" }"#,
        r#"{ "base_url": "https://hr.example.com/scim/v2", "link_policy": "sometimes",
             "scope": { "users": "userType eq Employee", "members": ["Sales"] },
             "mapping": { "users": [
                 { "to": "dispalyName", "from": "name.formatted" },
                 { "to": "title", "expression": "ToUper([title])" },
                 { "to": "active", "constant": "yes" } ] },
             "rules": { "on_exit": "forget" },
             "deprovisioning": { "left_scope": "disable", "grace_days": "30" },
             "guard": { "share_percent": 120 } }"#,
    ] {
        let read = Configuration::from_json(&acme(settings));
        let problems = match read.and_then(|configuration| registry.check(&configuration)) {
            Ok(()) => return Err("that was to be refused".into()),
            Err(problems) => problems,
        };
        for problem in problems.iter() {
            let field = problem.path.rsplit("connectors.scim2.").next().unwrap_or_default();
            println!("  {field:<32}{}", problem.message);
        }
        println!();
    }

    println!("Filled in well, and saved\n=========================");
    let configuration = Configuration::from_json(&acme(
        r#"{ "base_url": "https://hr.example.com/scim/v2",
             "authentication": "bearer", "token": "env:HR_TOKEN",
             "scope": { "users": "userType eq \"Employee\"", "members_of": ["Sales"] },
             "mapping": { "users": [{ "to": "title", "expression": "Trim([title])" }] },
             "deprovisioning": { "left_scope": "deactivate_then_delete", "grace_days": 14 },
             "guard": { "count": 10, "share_percent": 5 } }"#,
    ))?;
    println!("{:#}", registry.save(&configuration)?);

    let in_clear = acme(
        r#"{ "base_url": "https://hr.example.com/scim/v2",
             "authentication": "bearer", "token": "s3cret" }"#,
    );
    match registry.save(&Configuration::from_json(&in_clear)?) {
        Ok(_) => Err("a secret was to be kept out".into()),
        Err(problems) => {
            println!(
                "\nWith the token itself in place of a reference it is not saved:\n  {problems}"
            );
            Ok(())
        }
    }
}

/// A document whose only connector has these settings.
fn acme(settings: &str) -> String {
    format!(
        r#"{{ "organizations": {{ "acme": {{
            "connections": {{ "hr": {{ "name": "HR system", "connectors": {{ "scim2": {settings} }} }} }},
            "provisioners": [{{ "connection": "hr", "connector": "scim2" }}] }} }} }}"#
    )
}

fn draw(section: &FormSection) {
    println!("\n{} – {}", section.label, section.description);
    section.fields.iter().for_each(|field| draw_field(field, "  "));
}

fn draw_field(field: &FormField, indent: &str) {
    let mark = if field.required { "*" } else { " " };
    let shown = match (&field.kind, &field.default) {
        (FieldKind::Property(PropertyKind::Secret), _) => "[••••••••]".to_owned(),
        (FieldKind::Property(PropertyKind::Boolean), Some(on)) if on == "true" => "[x]".to_owned(),
        (FieldKind::Property(PropertyKind::Boolean) | FieldKind::Mark, _) => "[ ]".to_owned(),
        (FieldKind::Property(PropertyKind::Choice(choices)), default) => {
            let label = |choice: &str| {
                let known = choices.iter().find(|known| known.value == choice);
                known.map_or("", |known| known.label.as_str()).to_owned()
            };
            format!("({} v)", default.as_deref().map(label).unwrap_or_default())
        }
        (_, default) => format!("[{}]", default.as_deref().unwrap_or("          ")),
    };
    println!("{indent}{mark}{:<30}{shown}", field.label);
    println!("{indent}   {} – {}", field.description, field.kind);
    if let (FieldKind::Rows(fields), "users") = (&field.kind, &*field.name) {
        fields.iter().for_each(|field| draw_field(field, &format!("{indent}      ")));
    }
}
