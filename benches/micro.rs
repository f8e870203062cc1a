//! What the library itself does for one event, piece by piece, without a network: nanoseconds a call.
//!
//! ```console
//! $ cargo bench --bench micro --features full
//! ```
//!
//! How to read it: compare the median with that of a floor from the same run, never with another run's. Under `floor`
//! is what a careful loop without a library would do: `hash_map` for `resolve` (plus a `boxed_call` for each
//! provisioner chosen, for `dispatch`), `plain_user` and `plain_group` for what is under `scim2` and `difference`.
//! For a claim use instructions (`scripts/instructions`) or the ratios of the bench `pipeline`: these here only show
//! where the time goes.
#![expect(
    clippy::expect_used,
    reason = "a bench that cannot be set up must stop, not measure something else"
)]

mod sample;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use divan::Bencher;
use sample::BoxError;

fn main() {
    divan::Divan::default().sample_count(1_000).config_with_args().main();
}

/// The result of a future that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> Result<T, BoxError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Ok(result),
        Poll::Pending => Err("it waits".into()),
    }
}

mod floor {
    use std::collections::HashMap;
    use std::hint::black_box;
    use std::sync::Arc;

    use async_trait::async_trait;
    use serde::Serialize;

    use super::sample::{PlainUser, local_id};
    use super::{Bencher, at_once};

    /// One of 1,000 by its name, and a handle to it.
    #[divan::bench]
    fn hash_map(bencher: Bencher<'_, '_>) {
        let connectors: HashMap<String, Arc<str>> = (0..1_000)
            .map(|number| (format!("connection-{number:04}"), Arc::from("noop")))
            .collect();
        bencher.bench(|| connectors.get(black_box("connection-0500")).map(Arc::clone));
    }

    #[async_trait]
    trait Call: Send + Sync {
        async fn call(&self) -> u64;
    }

    struct Seven;

    #[async_trait]
    impl Call for Seven {
        async fn call(&self) -> u64 {
            black_box(7)
        }
    }

    /// An `async` call through `dyn`, boxed.
    #[divan::bench(sample_size = 100)]
    fn boxed_call(bencher: Bencher<'_, '_>) {
        let callee: Box<dyn Call> = black_box(Box::new(Seven));
        bencher.bench(|| at_once(callee.call()).expect("it does not wait"));
    }

    /// The sample user's JSON.
    #[divan::bench]
    fn plain_user(bencher: Bencher<'_, '_>) {
        let user = PlainUser::new(42);
        bencher.bench(|| serde_json::to_vec(black_box(&user)));
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct PlainGroup {
        schemas: [&'static str; 1],
        external_id: String,
        display_name: String,
        members: Vec<PlainMember>,
    }

    #[derive(Serialize)]
    struct PlainMember {
        value: String,
        r#type: &'static str,
    }

    /// The JSON of a group with 1,000 members.
    #[divan::bench]
    fn plain_group(bencher: Bencher<'_, '_>) {
        let members =
            (0..1_000).map(|number| PlainMember { value: local_id(number), r#type: "User" });
        let group = PlainGroup {
            schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            external_id: "g-1".to_owned(),
            display_name: "Staff".to_owned(),
            members: members.collect(),
        };
        bencher.bench(|| serde_json::to_vec(black_box(&group)));
    }
}

mod resolve {
    use std::hint::black_box;

    use outbound_provisioning::model::{
        ApplicationConfiguration, ApplicationId, OrganizationConfiguration, Provisioner, Trigger,
    };
    use outbound_provisioning::resolver;

    use super::Bencher;
    use super::sample::organization;

    fn chosen(bencher: Bencher<'_, '_>, organization: &OrganizationConfiguration) {
        bencher
            .bench(|| resolver::resolve(black_box(organization), None, Trigger::Api).chosen.len());
    }

    /// 1 connection, 1 provisioner.
    #[divan::bench]
    fn one_of_1(bencher: Bencher<'_, '_>) {
        chosen(bencher, &organization(1, [0]));
    }

    /// 3 connections, a provisioner each.
    #[divan::bench]
    fn three_of_3(bencher: Bencher<'_, '_>) {
        chosen(bencher, &organization(3, [0, 1, 2]));
    }

    /// 1,000 connections, 3 provisioners.
    #[divan::bench]
    fn three_of_1000(bencher: Bencher<'_, '_>) {
        chosen(bencher, &organization(1_000, [0, 500, 999]));
    }

    /// 1,000 connections with a provisioner each, and an application that overrides them with 3 of its own.
    #[divan::bench]
    fn three_override_1000(bencher: Bencher<'_, '_>) {
        let own = [0, 500, 999]
            .map(|number| Provisioner::new(format!("connection-{number:04}"), "noop").blocking());
        let application = own
            .into_iter()
            .fold(ApplicationConfiguration::new(), ApplicationConfiguration::with_provisioner);
        let organization = organization(1_000, 0..1_000).with_application("payroll", application);
        let payroll = ApplicationId::new("payroll");
        bencher.bench(|| {
            resolver::resolve(black_box(&organization), Some(&payroll), Trigger::Api).chosen.len()
        });
    }
}

mod dispatch {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::sample::{created, idle_dispatcher};
    use super::{Bencher, at_once};

    fn create(bencher: Bencher<'_, '_>, connections: usize, provisioned: &[usize]) {
        let dispatcher = idle_dispatcher(connections, provisioned.iter().copied())
            .expect("a valid configuration");
        let next = AtomicUsize::new(0);
        let event = || created(next.fetch_add(1, Ordering::Relaxed));
        bencher.with_inputs(event).bench_values(|event| {
            at_once(dispatcher.dispatch(event).into_future())
                .expect("it does not wait")
                .expect("it is accepted")
        });
    }

    /// A new user, to 1 target that does nothing.
    #[divan::bench]
    fn one_of_1(bencher: Bencher<'_, '_>) {
        create(bencher, 1, &[0]);
    }

    /// A new user, to 3 of 1,000 targets that do nothing.
    #[divan::bench]
    fn three_of_1000(bencher: Bencher<'_, '_>) {
        create(bencher, 1_000, &[0, 500, 999]);
    }
}

mod difference {
    use std::hint::black_box;

    use outbound_provisioning::model::{Difference, Name, Resource, User};

    use super::Bencher;
    use super::sample::user;

    fn between(bencher: Bencher<'_, '_>, change: impl FnOnce(&mut User)) {
        let mut after = user(42);
        change(&mut after);
        let (before, after) = (Resource::from(user(42)), Resource::from(after));
        bencher.bench(|| Difference::between(black_box(&before), black_box(&after)));
    }

    #[divan::bench]
    fn unchanged(bencher: Bencher<'_, '_>) {
        between(bencher, |_| {});
    }

    #[divan::bench]
    fn one_changed(bencher: Bencher<'_, '_>) {
        between(bencher, |user| user.title = Some("Countess".to_owned()));
    }

    /// Every attribute but the id.
    #[divan::bench]
    fn all_changed(bencher: Bencher<'_, '_>) {
        between(bencher, |user| {
            user.user_name = "byron".to_owned();
            user.name = Some(Name::new("George", "Byron"));
            user.active = false;
            for text in [
                &mut user.display_name,
                &mut user.title,
                &mut user.user_type,
                &mut user.preferred_language,
                &mut user.locale,
                &mut user.timezone,
            ] {
                *text = Some("changed".to_owned());
            }
            for value in user.emails.iter_mut().chain(&mut user.phone_numbers) {
                value.value = "changed".to_owned();
            }
        });
    }
}

/// What one target should see of a user, beside what it costs to write the same user as JSON.
mod projection {
    use std::hint::black_box;

    use outbound_provisioning::mapping::MappingContext;
    use outbound_provisioning::model::mapping::Mapping;
    use outbound_provisioning::model::{Problems, Resource, User};
    use serde_json::{Value, json};

    use super::Bencher;
    use super::sample::{BoxError, user};

    /// A user with everything that the rules below name.
    fn full() -> User {
        let mut user = user(42);
        let text = |text: &str| Some(text.to_owned());
        user.nick_name = text("Ada");
        user.profile_url = text("https://example.com/ada");
        let mut enterprise = user.enterprise.take().unwrap_or_default();
        enterprise.department = text("Research");
        enterprise.division = text("Engines");
        enterprise.cost_center = text("4711");
        enterprise.employee_number = text("0042");
        user.enterprise = Some(enterprise);
        user.with_extension("urn:example:badge", [("colour", json!("green"))])
    }

    /// 20 rules: copies, constants, defaults, expressions, an address, an extension.
    fn twenty() -> Result<Mapping, BoxError> {
        let enterprise = |name: &str| {
            format!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:{name}")
        };
        let rules: Value = json!([
            { "to": "userName", "expression": "ToLower([userName])" },
            { "to": "displayName", "expression": "Join(\" \", [name.givenName], [name.familyName])" },
            { "to": "name.formatted", "expression": "Join(\", \", [name.familyName], [name.givenName])" },
            { "to": "name.givenName", "expression": "NormalizeDiacritics([name.givenName])" },
            { "to": "name.familyName", "expression": "NormalizeDiacritics([name.familyName])" },
            { "to": "nickName", "from": "name.givenName" },
            { "to": "title", "default": "Member" },
            { "to": "userType", "expression": "Switch([userType], \"ext\", \"Employee\", \"int\")" },
            { "to": "preferredLanguage", "from": "locale" },
            { "to": "locale", "expression": "Replace([locale], \"-\", \"_\")" },
            { "to": "timezone", "constant": "Etc/UTC" },
            { "to": "profileUrl", "drop": true },
            { "to": enterprise("department"), "from": enterprise("division") },
            { "to": enterprise("division"), "from": enterprise("department") },
            { "to": enterprise("costCenter"), "default": "0000" },
            { "to": enterprise("organization"), "expression": "Organization()" },
            { "to": enterprise("employeeNumber"), "expression": "Right([userName], 4)" },
            { "to": "active", "from": "active" },
            { "to": "emails[type eq \"work\"].value", "expression": "ToLower([emails[type eq \"work\"].value])" },
            { "to": "urn:example:badge:colour", "expression": "ToUpper([urn:example:badge:colour])" }
        ]);
        let mut problems = Problems::new();
        let mapping = Mapping::from_json(&json!({ "users": rules }), "mapping", &mut problems);
        Ok(problems.or(mapping)?)
    }

    fn project(bencher: Bencher<'_, '_>, mapping: &Mapping) {
        let (acme, hr) = ("acme".into(), "hr".into());
        let context = MappingContext::new(&acme, &hr);
        let user = Resource::from(full());
        bencher.bench(|| mapping.apply(black_box(&user), &context));
    }

    /// 20 attributes by rules, the others as they are.
    #[divan::bench]
    fn twenty_rules(bencher: Bencher<'_, '_>) {
        project(bencher, &twenty().expect("a mapping without problems"));
    }

    /// The same user as JSON: what the others under `projection` are compared with.
    #[divan::bench]
    fn serialise(bencher: Bencher<'_, '_>) {
        let user = full();
        bencher.bench(|| serde_json::to_vec(black_box(&user)));
    }
}

/// Through the connector, over a client that only counts: the request built and signed, the answer read.
mod scim2 {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::StatusCode;
    use outbound_provisioning::connector::{Attempt, BuildContext, Connector, ConnectorFactory};
    use outbound_provisioning::host::NoSecrets;
    use outbound_provisioning::model::{
        Configuration, Event, Group, Member, Properties, Resource, Target,
    };
    use outbound_provisioning::scim2::Scim2Factory;
    use outbound_provisioning::transport::{HttpResponse, http_fn};
    use outbound_provisioning::{ConnectorRegistry, Dispatcher};

    use super::sample::{ACME, BoxError, local_id, user};
    use super::{Bencher, at_once};

    fn connector() -> Result<Arc<dyn Connector>, BoxError> {
        let bytes = AtomicUsize::new(0);
        let client = http_fn(move |request| {
            bytes.fetch_add(request.body().len(), Ordering::Relaxed);
            let mut answer =
                HttpResponse::new(br#"{"id":"2819c223","meta":{"version":"W/\"1\""}}"#.to_vec());
            *answer.status_mut() = StatusCode::CREATED;
            Ok(answer)
        });
        let properties = Properties::new()
            .with("base_url", "https://hr.example.com/scim/v2")
            .with("authentication", "bearer")
            .with("token", "t0ken");
        let context = BuildContext::new(
            ACME.into(),
            Target::new("hr", "scim2"),
            1,
            properties,
            Arc::new(NoSecrets::new()),
        );
        Ok(Scim2Factory::new(client).build(&context)?)
    }

    /// Numbers of events are given by a dispatcher alone.
    fn attempt() -> Result<Attempt, BoxError> {
        let nobody = Dispatcher::builder(Configuration::new(), ConnectorRegistry::new()).build()?;
        let report = at_once(
            nobody.dispatch(Event::user_deleted("u-1").in_organization(ACME)).into_future(),
        )??;
        Ok(Attempt::new(ACME.into(), report.event, Target::new("hr", "scim2"), 1))
    }

    fn create(bencher: Bencher<'_, '_>, resource: &Resource) {
        let connector = connector().expect("valid settings");
        let attempt = attempt().expect("an accepted event");
        bencher.bench(|| {
            at_once(connector.create(resource, &attempt))
                .expect("it does not wait")
                .expect("it is created")
        });
    }

    #[divan::bench]
    fn create_user(bencher: Bencher<'_, '_>) {
        create(bencher, &user(42).into());
    }

    /// A group with 1,000 members.
    #[divan::bench]
    fn create_group(bencher: Bencher<'_, '_>) {
        let members = (0..1_000).map(|number| Member::user(local_id(number)));
        create(bencher, &members.fold(Group::new("g-1", "Staff"), Group::with_member).into());
    }
}
