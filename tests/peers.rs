//! A full life of users and groups on SCIM servers that others wrote. Their addresses come from the environment
//! (`scripts/with-peers` sets them); with `PEERS=required` a missing one is a failure.
#![cfg(all(feature = "scim2", feature = "reqwest", feature = "blocking"))]
#![expect(clippy::indexing_slicing, reason = "a test that is wrong about a key should stop")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use outbound_provisioning::model::{
    Configuration, Connection, Event, Group, Member, MultiValue, Name, OrganizationConfiguration,
    Properties, Provisioner, User,
};
use outbound_provisioning::scim2::Scim2Factory;
use outbound_provisioning::transport::{NetworkPolicy, ReqwestClient};
use outbound_provisioning::{ConnectorRegistry, Dispatcher};
use serde_json::Value;
use support::other_client::list;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// A server that somebody else wrote.
struct Peer {
    base: String,
    token: String,
    dispatcher: Dispatcher,
}

impl Peer {
    /// None where it is not running and need not be.
    fn named(name: &str) -> Result<Option<Self>, Box<dyn Error + Send + Sync>> {
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
        let organization = OrganizationConfiguration::new()
            .with_connection("peer", Connection::new(name).with_connector("scim2", properties))
            .with_provisioner(Provisioner::new("peer", "scim2").blocking());
        let client = ReqwestClient::new(NetworkPolicy::new().allow_loopback())?;
        let registry = ConnectorRegistry::new().with(Scim2Factory::new(client));
        let configuration = Configuration::new().with_organization("acme", organization);
        let dispatcher = Dispatcher::builder(configuration, registry).build()?;
        Ok(Some(Self { base, token, dispatcher }))
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
