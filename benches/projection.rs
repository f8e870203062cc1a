//! What a target's own view of a user costs: a scope and a mapping of 20 attributes, beside writing the same user as JSON.
//!
//! ```console
//! $ cargo bench --bench projection --features full
//! $ QUICK=1 cargo bench --bench projection --features full    # a smoke test; its figures mean little
//! ```
//!
//! How to read it: only ratios mean anything, and only those of one run. Both sides take turns; a ratio is the median of
//! the rounds' own ratios, projection over JSON, with the lowest and highest behind it. Lower is better. Nothing is
//! asserted. The aim is in brackets.

mod sample;

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use outbound_provisioning::mapping::MappingContext;
use outbound_provisioning::model::mapping::Mapping;
use outbound_provisioning::model::{EnterpriseUser, Filter, Problems, Resource, User};
use sample::BoxError;
use serde_json::json;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn main() -> Result<(), BoxError> {
    let quick = std::env::var_os("QUICK").is_some();
    let (rounds, users) = if quick { (5, 500) } else { (25, 10_000) };
    let user = user();
    let resource = Resource::from(user.clone());
    let mapping = mapping()?;
    let scope = Filter::parse("userType eq \"Employee\" and not (title sw \"Intern\")")?;
    let (acme, hr) = ("acme".into(), "hr".into());
    let context = MappingContext::new(&acme, &hr);
    // What is measured is what works.
    assert!(scope.matches_resource(&resource));
    mapping.apply(&resource, &context)?;

    let apply = || {
        let _ = black_box(mapping.apply(black_box(&resource), &context));
    };
    let ask = || {
        black_box(scope.matches_resource(black_box(&resource)));
    };
    let write = || {
        let _ = black_box(serde_json::to_vec(black_box(&user)));
    };
    println!(
        "Projection / JSON of the same user ({} bytes); median of {rounds} rounds (lowest to highest)\n",
        serde_json::to_vec(&user)?.len()
    );
    println!("  {:<32} {:>12} {:>12}  ratio", "", "ns", "JSON, ns");
    let line = |name: &str, projection: &dyn Fn()| {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (one, other) = (nanoseconds(users, projection), nanoseconds(users, &write));
            ours.push(one);
            theirs.push(other);
            ratios.push(one / other);
        }
        let median = |figures: Vec<f64>| Spread::of(figures).median;
        println!(
            "  {name:<32} {:>12.0} {:>12.0}  {}",
            median(ours),
            median(theirs),
            Spread::of(ratios)
        );
    };
    line(&format!("mapping of {} attributes", mapping.users.len()), &apply);
    line("scope of two conditions", &ask);
    line("scope and mapping [3]", &|| {
        ask();
        apply();
    });
    Ok(())
}

fn nanoseconds(users: u32, call: &dyn Fn()) -> f64 {
    let start = Instant::now();
    (0..users).for_each(|_| call());
    start.elapsed().as_nanos() as f64 / f64::from(users)
}

/// The sample user, with what the 20 rules read.
fn user() -> User {
    let some = |text: &str| Some(text.to_owned());
    let mut user = sample::user(42);
    user.nick_name = some("Countess");
    user.profile_url = some("https://intranet.example.com/ada");
    let mut enterprise = EnterpriseUser::default();
    enterprise.employee_number = some("0042");
    enterprise.cost_center = some("4130");
    enterprise.organization = some("Analytical Engines");
    enterprise.division = some("Research");
    enterprise.department = some("Notes");
    user.enterprise = Some(enterprise);
    user
}

/// 20 rules: mostly copies, as an administrator's table has them, and an expression for every four of them.
fn mapping() -> Result<Mapping, BoxError> {
    let own = |name: &str| format!("{ENTERPRISE}:{name}");
    let copy = |to: &str| json!({ "to": to, "from": to });
    let from = |to: &str, from: &str| json!({ "to": to, "from": from });
    let made = |to: &str, expression: &str| json!({ "to": to, "expression": expression });
    let work = "emails[type eq \"work\"].value";
    let rules = json!([
        made("userName", "ToLower([userName])"),
        made("displayName", r#"Join(" ", [name.givenName], [name.familyName])"#),
        copy("name.givenName"),
        copy("name.familyName"),
        from("name.formatted", "displayName"),
        from("nickName", "title"),
        copy("profileUrl"),
        made("title", r#"Coalesce([title], "Member")"#),
        json!({ "to": "userType", "constant": "Employee" }),
        copy("preferredLanguage"),
        from("locale", "preferredLanguage"),
        json!({ "to": "timezone", "from": "timezone", "default": "Etc/UTC" }),
        copy("active"),
        made(work, &format!("ToLower([{work}])")),
        copy("phoneNumbers"),
        copy(&own("employeeNumber")),
        copy(&own("costCenter")),
        copy(&own("organization")),
        from(&own("division"), &own("department")),
        made(&own("department"), &format!("Trim([{}])", own("department"))),
    ]);
    let mut problems = Problems::new();
    let mapping = Mapping::from_json(&json!({ "users": rules }), "mapping", &mut problems);
    Ok(problems.or(mapping)?)
}

/// Several figures of one thing.
struct Spread {
    median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |place: usize| figures.get(place).copied().unwrap_or(f64::NAN);
        let last = figures.len().saturating_sub(1);
        Self { median: at(last / 2), lowest: at(0), highest: at(last) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.lowest, self.highest)
    }
}
