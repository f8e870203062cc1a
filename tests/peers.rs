//! A full life of users and groups on SCIM servers that others wrote. Their addresses come from the environment
//! (`scripts/with-peers` sets them); with `PEERS=required` a missing one is a failure.
#![cfg(all(
    feature = "scim2",
    feature = "reqwest",
    feature = "tokio",
    feature = "blocking",
    feature = "non-blocking"
))]
#![expect(clippy::indexing_slicing, reason = "a test that is wrong about a key should stop")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use outbound_provisioning::host::{Runtime, SharedConfiguration, TokioRuntime};
use outbound_provisioning::model::{
    ApplicationConfiguration, Cause, Configuration, Connection, ConnectorSettings, Deprovision,
    Deprovisioning, Event, Filter, Group, Member, MultiValue, Name, OrganizationConfiguration,
    Properties, Provisioner, Scope, Timestamp, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher, Outcome, Worker};
use serde_json::Value;
use support::other_client::list;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// A server that somebody else wrote.
struct Peer {
    base: String,
    token: String,
    dispatcher: Dispatcher,
    shared: SharedConfiguration,
    /// As if there were no terms.
    plain: Configuration,
}

impl Peer {
    /// None where it is not running and need not be.
    fn named(name: &str) -> Result<Option<Self>, Box<dyn Error + Send + Sync>> {
        Self::with(
            name,
            Clock::new(),
            |settings| settings,
            |organization, provisioner| organization.with_provisioner(provisioner),
        )
    }

    /// The same with other terms.
    fn with(
        name: &str,
        clock: Clock,
        terms: impl FnOnce(ConnectorSettings) -> ConnectorSettings,
        chosen: impl Fn(OrganizationConfiguration, Provisioner) -> OrganizationConfiguration,
    ) -> Result<Option<Self>, Box<dyn Error + Send + Sync>> {
        let variables =
            (std::env::var(format!("{name}_URL")), std::env::var(format!("{name}_TOKEN")));
        let (Ok(base), Ok(token)) = variables else {
            if std::env::var("PEERS").is_ok_and(|value| value == "required") {
                return Err(format!(
                    "{name}_URL or {name}_TOKEN is missing; run this by scripts/with-peers"
                )
                .into());
            }
            println!("{name} is not running; skipped");
            return Ok(None);
        };
        let properties = Properties::new()
            .with("base_url", base.as_str())
            .with("authentication", "bearer")
            .with("token", token.as_str());
        let configured = |settings: ConnectorSettings| {
            let connection = Connection::new(name).with_connector("scim2", settings);
            let organization = OrganizationConfiguration::new().with_connection("peer", connection);
            let provisioner = Provisioner::new("peer", "scim2").blocking();
            Configuration::new().with_organization("acme", chosen(organization, provisioner))
        };
        let plain = configured(properties.clone().into());
        let shared = SharedConfiguration::new(configured(terms(properties.into())));
        let client = ReqwestClient::new(NetworkPolicy::new().allow_loopback())?;
        let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
        let dispatcher = Dispatcher::builder(shared.clone(), registry).runtime(clock).build()?;
        Ok(Some(Self { base, token, dispatcher, shared, plain }))
    }

    async fn send(&self, event: Event) -> Done {
        let what = format!("{event:?}");
        let report = self.dispatcher.dispatch(event.in_organization("acme")).await?;
        for delivery in report.deliveries.iter().chain(&report.follow_ups) {
            if !delivery.outcome.is_done() {
                return Err(format!("{what}: {}, {:?}", delivery.outcome, delivery.outcome).into());
            }
        }
        Ok(())
    }

    /// The same, where nothing may be needed; and what follows, as a worker does it.
    async fn tell(&self, event: Event) -> Done {
        let report = self.dispatcher.dispatch(event.in_organization("acme")).await?;
        for delivery in report.deliveries.iter().chain(&report.follow_ups) {
            let is_fine =
                delivery.outcome.is_done() || matches!(delivery.outcome, Outcome::Skipped(_));
            if !is_fine {
                return Err(format!("{}", delivery.outcome).into());
            }
        }
        Worker::builder(&self.dispatcher).build().run_once().await?;
        Ok(())
    }

    /// What the server itself shows of users whose id begins like this, by externalId.
    async fn users(
        &self,
        prefix: &str,
    ) -> Result<BTreeMap<String, Account>, Box<dyn Error + Send + Sync>> {
        let shown = list(&self.base, &self.token, "Users").await?;
        let mut users = BTreeMap::new();
        for user in shown.iter().filter(|user| text(user, "externalId").starts_with(prefix)) {
            let twice = users.insert(text(user, "externalId"), account(user));
            assert!(twice.is_none(), "one account per user");
        }
        Ok(users)
    }

    /// What the server itself shows of groups: externalId → (displayName, members as externalIds).
    async fn groups(
        &self,
        prefix: &str,
    ) -> Result<BTreeMap<String, (String, BTreeSet<String>)>, Box<dyn Error + Send + Sync>> {
        let ids: BTreeMap<String, String> = list(&self.base, &self.token, "Users")
            .await?
            .iter()
            .map(|user| (text(user, "id"), text(user, "externalId")))
            .collect();
        let shown = list(&self.base, &self.token, "Groups").await?;
        let groups = shown
            .iter()
            .filter(|group| text(group, "externalId").starts_with(prefix))
            .map(|group| {
                let members = group["members"].as_array().into_iter().flatten();
                let members = members.map(|member| {
                    let id = text(member, "value");
                    ids.get(&id).cloned().unwrap_or_else(|| format!("nobody has the id {id}"))
                });
                (text(group, "externalId"), (text(group, "displayName"), members.collect()))
            });
        Ok(groups.collect())
    }
}

/// Real time, and more.
#[derive(Clone, Debug)]
struct Clock {
    real: TokioRuntime,
    more: Arc<AtomicU64>,
}

impl Clock {
    #[expect(clippy::expect_used, reason = "there is one: the test runs in it")]
    fn new() -> Self {
        Self { real: TokioRuntime::current().expect("a runtime"), more: Arc::default() }
    }

    fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.more.fetch_add(millis, Ordering::Relaxed);
    }
}

#[async_trait]
impl Runtime for Clock {
    fn now(&self) -> Timestamp {
        self.real.now().after(Duration::from_millis(self.more.load(Ordering::Relaxed)))
    }

    async fn sleep(&self, duration: Duration) {
        self.real.sleep(duration).await;
    }

    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.real.spawn(task);
    }
}

/// What is compared of a user: user name, display name, active, given and family name, e-mails.
type Account = Vec<String>;

fn account(user: &Value) -> Account {
    let mut emails: Vec<String> = user["emails"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|email| format!("{} {}", text(email, "type"), text(email, "value")))
        .collect();
    emails.sort();
    let mut account = vec![
        text(user, "userName"),
        text(user, "displayName"),
        user["active"].to_string(),
        text(&user["name"], "givenName"),
        text(&user["name"], "familyName"),
    ];
    account.append(&mut emails);
    account
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// What should be at the target, kept by the test itself.
#[derive(Default)]
struct Wanted {
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, (Group, BTreeSet<String>)>,
}

impl Wanted {
    /// By what RFC 7643 says, and not by this crate's own words.
    fn users(&self) -> Result<BTreeMap<String, Account>, Box<dyn Error + Send + Sync>> {
        let users = self.users.iter();
        users.map(|(id, user)| Ok((id.clone(), account(&serde_json::to_value(user)?)))).collect()
    }

    fn groups(&self) -> BTreeMap<String, (String, BTreeSet<String>)> {
        let groups = self.groups.iter();
        groups
            .map(|(id, (group, members))| {
                (id.clone(), (group.display_name.clone(), members.clone()))
            })
            .collect()
    }
}

async fn full_life(peer: &Peer) -> Done {
    let prefix = "life-";
    let mut wanted = Wanted::default();
    for number in 0..20 {
        let id = format!("{prefix}u{number}");
        let mut user = User::new(id.as_str(), format!("user{number}@example.com"))
            .with_email(format!("user{number}@example.com"))
            .with_display_name(format!("User {number}"));
        user.name = Some(Name::new("User", number.to_string()));
        peer.send(Event::user_created(user.clone())).await?;
        wanted.users.insert(id, user);
    }
    for number in 0..3 {
        let id = format!("{prefix}g{number}");
        let members: BTreeSet<String> = (0..20)
            .filter(|user| user % 3 == number)
            .map(|user| format!("{prefix}u{user}"))
            .collect();
        let mut group = Group::new(id.as_str(), format!("Group {number}"));
        group.members = members.iter().map(|member| Member::user(member.as_str())).collect();
        peer.send(Event::group_created(group.clone())).await?;
        wanted.groups.insert(id, (group, members));
    }
    compare(peer, prefix, &wanted).await?;

    // Renames of users and of a group.
    for (number, (_, user)) in
        wanted.users.iter_mut().enumerate().filter(|(number, _)| number % 4 == 0)
    {
        user.user_name = format!("renamed{number}@example.com");
        user.emails.clear();
        let home = MultiValue::new("home", format!("home{number}@example.com"));
        *user = user.clone().with_email(format!("renamed{number}@example.com"));
        user.emails.push(home);
        user.display_name = Some(format!("Renamed \"{number}\" \\ Ünï"));
        peer.send(Event::user_updated(user.clone())).await?;
    }
    let (group, _) = wanted.groups.get_mut("life-g1").ok_or("the group")?;
    group.display_name = "Group one".to_owned();
    let mut attributes = group.clone();
    attributes.members.clear();
    peer.send(Event::group_updated(attributes)).await?;
    compare(peer, prefix, &wanted).await?;

    // Disabled, and some enabled again.
    for (number, user) in
        wanted.users.values_mut().enumerate().filter(|(number, _)| number % 5 == 0)
    {
        peer.send(Event::user_updated(user.clone().with_active(false))).await?;
        user.active = false;
        if number % 2 == 0 {
            user.active = true;
            peer.send(Event::user_updated(user.clone())).await?;
        }
    }
    // The display name is cleared.
    let user = wanted.users.get_mut("life-u7").ok_or("the user")?;
    user.display_name = None;
    peer.send(Event::user_updated(user.clone())).await?;
    compare(peer, prefix, &wanted).await?;

    // Everybody moves one group on.
    let before: Vec<(String, BTreeSet<String>)> =
        wanted.groups.iter().map(|(id, (_, members))| (id.clone(), members.clone())).collect();
    for (place, (id, (_, members))) in wanted.groups.iter_mut().enumerate() {
        let (_, coming) = &before[(place + 1) % before.len()];
        let joining = coming.iter().map(|member| Member::user(member.as_str()));
        let leaving = members.iter().map(|member| Member::user(member.as_str()));
        peer.send(Event::members_changed(id.as_str(), joining, leaving)).await?;
        members.clone_from(coming);
    }
    compare(peer, prefix, &wanted).await?;

    // Leavers, one of them a member of a group that stays.
    for id in ["life-u0", "life-u4", "life-u11", "life-u19"] {
        peer.send(Event::user_deleted(id)).await?;
        wanted.users.remove(id);
        wanted.groups.values_mut().for_each(|(_, members)| {
            members.remove(id);
        });
    }
    peer.send(Event::group_deleted("life-g2")).await?;
    wanted.groups.remove("life-g2");
    compare(peer, prefix, &wanted).await?;

    for id in wanted.groups.keys() {
        peer.send(Event::group_deleted(id.as_str())).await?;
    }
    for id in wanted.users.keys() {
        peer.send(Event::user_deleted(id.as_str())).await?;
    }
    compare(peer, prefix, &Wanted::default()).await
}

async fn compare(peer: &Peer, prefix: &str, wanted: &Wanted) -> Done {
    assert_eq!(peer.users(prefix).await?, wanted.users()?);
    assert_eq!(peer.groups(prefix).await?, wanted.groups());
    Ok(())
}

/// A name that would end a filter which was pasted together, beside a bystander.
async fn hostile_name(peer: &Peer) -> Done {
    let name = r#"o"hara) or userName pr or userName eq "x"#;
    let bystander = User::new("hostile-bystander", "x").with_display_name("untouched");
    peer.send(Event::user_created(bystander.clone())).await?;
    let hara = User::new("hostile-hara", name).with_display_name("O'Hara");
    peer.send(Event::user_created(hara.clone())).await?;
    // Another process has never heard of the account: it is found by its id, in its own body, and changed.
    let stranger =
        Peer::named(if peer.base.contains("/scim/") { "SCIMMY" } else { "SCIM2_SERVER" })?;
    let stranger = stranger.ok_or("the peer is running")?;
    stranger.send(Event::user_created(hara.clone().with_display_name("Scarlett"))).await?;
    let users = peer.users("hostile-").await?;
    assert_eq!(users["hostile-hara"][..2], [name, "Scarlett"]);
    assert_eq!(users["hostile-bystander"][..2], ["x", "untouched"]);
    stranger.send(Event::user_deleted("hostile-hara")).await?;
    let users = peer.users("hostile-").await?;
    assert_eq!(
        users.keys().collect::<Vec<_>>(),
        ["hostile-bystander"],
        "and nobody else is touched"
    );
    peer.send(Event::user_deleted("hostile-bystander")).await
}

/// Every policy with every cause, and coming back.
async fn leavers(name: &str) -> Done {
    let causes =
        [Cause::Deleted, Cause::Disabled, Cause::Erased, Cause::LeftScope, Cause::Unassigned];
    let policies = [
        Deprovision::Leave,
        Deprovision::Deactivate,
        Deprovision::StripGroups,
        Deprovision::DeactivateThenDelete,
        Deprovision::Delete,
    ];
    for (place, cause) in causes.into_iter().enumerate() {
        for policy in policies {
            leaver(name, &format!("leave-{place}-{policy:?}-"), cause, policy).await?;
        }
    }
    Ok(())
}

const GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

async fn leaver(name: &str, prefix: &str, cause: Cause, policy: Deprovision) -> Done {
    let all = Deprovisioning::default().with_grace(GRACE);
    let deprovisioning = match cause {
        Cause::Deleted => all.when_deleted(policy),
        Cause::Disabled => all.when_disabled(policy),
        Cause::Erased => all.when_erased(policy),
        Cause::LeftScope => all.when_out_of_scope(policy),
        _ => all.when_unassigned(policy),
    };
    let scope = Scope::new().of_users(Filter::equals("userType", "Employee"));
    let terms = |settings: ConnectorSettings| {
        settings.with_deprovisioning(deprovisioning).with_scope(scope)
    };
    let clock = Clock::new();
    let peer = Peer::with(name, clock.clone(), terms, |organization, provisioner| {
        if cause == Cause::Unassigned {
            let payroll = ApplicationConfiguration::new().with_provisioner(provisioner);
            organization.with_application("payroll", payroll)
        } else {
            organization.with_provisioner(provisioner)
        }
    })?;
    let peer = peer.ok_or("the peer is running")?;
    let (id, group) = (format!("{prefix}u"), format!("{prefix}g"));
    let through = |event: Event| match cause {
        Cause::Unassigned => event.through("payroll"),
        _ => event,
    };
    let mut user = User::new(id.as_str(), format!("{prefix}name"));
    user.user_type = Some("Employee".to_owned());
    let staff = Group::new(group.as_str(), group.as_str()).with_member(Member::user(id.as_str()));
    peer.send(through(Event::user_created(user.clone()))).await?;
    peer.send(through(Event::group_created(staff))).await?;

    let mut guest = user.clone();
    guest.user_type = Some("Guest".to_owned());
    let leaves = match cause {
        Cause::Deleted => Event::user_deleted(id.as_str()),
        Cause::Disabled => Event::user_updated(user.clone().with_active(false)),
        Cause::Erased => Event::user_erased(id.as_str()),
        Cause::LeftScope => Event::user_updated(guest),
        _ => Event::user_unassigned(id.as_str()).through("payroll"),
    };
    peer.tell(leaves).await?;
    let row = format!("{name}: {cause}, {policy:?}");
    let is_gone = matches!(cause, Cause::Deleted | Cause::Erased);
    let takes = !matches!(policy, Deprovision::Leave | Deprovision::StripGroups);
    let account = peer.users(prefix).await?.remove(&id);
    let active = account.map(|account| account[2].clone());
    let expected = match policy {
        Deprovision::Delete => None,
        _ => Some((!takes).to_string()),
    };
    assert_eq!(active, expected, "{row}");
    let members = peer.groups(prefix).await?.remove(&group).ok_or("the group")?.1;
    let stays = !is_gone && !matches!(policy, Deprovision::Delete | Deprovision::StripGroups);
    assert_eq!(members.contains(&id), stays, "{row}");

    // Half of the grace is over: who comes back has the account as it was, or a new one.
    clock.advance(GRACE / 2);
    let returns = match cause {
        Cause::Deleted | Cause::Erased => Event::user_created(user),
        Cause::Unassigned => Event::user_assigned(user).through("payroll"),
        _ => Event::user_updated(user),
    };
    peer.tell(returns).await?;
    let account = peer.users(prefix).await?.remove(&id).ok_or("the account")?;
    assert_eq!(account[2], "true", "{row}");

    // And goes for good.
    if policy == Deprovision::DeactivateThenDelete && is_gone {
        peer.tell(Event::user_deleted(id.as_str())).await?;
        if cause == Cause::Deleted {
            clock.advance(GRACE);
            Worker::builder(&peer.dispatcher).build().run_once().await?;
            assert!(peer.users(prefix).await?.is_empty(), "{row}: the grace is over");
        }
    }
    peer.shared.replace(peer.plain.clone());
    peer.tell(Event::user_deleted(id.as_str())).await?;
    peer.tell(Event::group_deleted(group.as_str())).await?;
    assert_eq!(peer.users(prefix).await?, BTreeMap::new(), "{row}");
    assert_eq!(peer.groups(prefix).await?, BTreeMap::new(), "{row}");
    Ok(())
}

#[tokio::test]
async fn scim2_server_every_policy_with_every_cause() -> Done {
    match Peer::named("SCIM2_SERVER")? {
        Some(_) => leavers("SCIM2_SERVER").await,
        None => Ok(()),
    }
}

#[tokio::test]
async fn scimmy_every_policy_with_every_cause() -> Done {
    match Peer::named("SCIMMY")? {
        Some(_) => leavers("SCIMMY").await,
        None => Ok(()),
    }
}

#[tokio::test]
async fn scim2_server_full_life_of_20_users_and_3_groups() -> Done {
    match Peer::named("SCIM2_SERVER")? {
        Some(peer) => full_life(&peer).await,
        None => Ok(()),
    }
}

#[tokio::test]
async fn scim2_server_hostile_name_touches_no_other_user() -> Done {
    match Peer::named("SCIM2_SERVER")? {
        Some(peer) => hostile_name(&peer).await,
        None => Ok(()),
    }
}

#[tokio::test]
async fn scimmy_full_life_of_20_users_and_3_groups() -> Done {
    match Peer::named("SCIMMY")? {
        Some(peer) => full_life(&peer).await,
        None => Ok(()),
    }
}

#[tokio::test]
async fn scimmy_hostile_name_touches_no_other_user() -> Done {
    match Peer::named("SCIMMY")? {
        Some(peer) => hostile_name(&peer).await,
        None => Ok(()),
    }
}
