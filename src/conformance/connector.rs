//! The connector's contract, sentence by sentence.

use super::suite::Suite;
use crate::connector::{Attempt, Connector, Lookup, PageRequest, Remote, Update};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{
    Difference, EventId, Group, LocalId, Member, MemberChanges, Reference, RemoteId, Resource,
    ResourceKind, Target, User,
};

const ADA: &str = "conformance-ada";
const BOB: &str = "conformance-bob";
const EVE: &str = "conformance-eve";
const STAFF: &str = "conformance-staff";
/// Which policies of passwords let through: long, of every kind, and in no list.
const FIRST_PASSWORD: &str = "Conf0rmance-k7#fjord-umber";
const SECOND_PASSWORD: &str = "Conf0rmance-w3#quill-ochre";
const SETS_PASSWORDS: &str = "an update may set a password and nothing else";
/// A name that ends a filter which was pasted together (F71, F72).
const HOSTILE: &str = r#"conformance-o"hara) or userName pr or userName eq "x"#;

/// Checks a connector against its [contract](Connector#contract). Its target must hold none of the suite's resources,
/// whose ids begin with `conformance-`; what the suite creates it deletes, unless a case fails.
pub async fn connector(connector: &dyn Connector) -> Suite {
    let attempt = Attempt::new(
        "conformance".into(),
        EventId::new(1),
        Target::new("conformance", "conformance"),
        1,
    );
    let mut run = Run { connector, attempt, suite: Suite::default() };
    run.users().await;
    if connector.capabilities().groups {
        run.groups().await;
    } else {
        run.no_groups().await;
    }
    if connector.capabilities().passwords {
        run.passwords().await;
    } else {
        run.suite.lacking(13, SETS_PASSWORDS);
    }
    run.reading().await;
    run.suite
}

struct Run<'a> {
    connector: &'a dyn Connector,
    attempt: Attempt,
    suite: Suite,
}

impl Run<'_> {
    async fn users(&mut self) {
        let before: Resource =
            User::new(ADA, ADA).with_display_name("Ada").with_email("ada@example.com").into();
        let Some(ada) = self.created(2, "create answers the target's id", &before).await else {
            return;
        };
        let again = self.connector.create(&before, &self.attempt).await;
        self.suite.note(
            3,
            "a second create is a conflict",
            refused(again.map(drop), ErrorKind::Conflict),
        );
        self.find_user(&ada, "Ada").await;

        let after: Resource =
            User::new(ADA, ADA).with_display_name("Ada L.").with_email("ada@example.com").into();
        let difference = Difference::between(&before, &after);
        for name in ["update takes the difference", "repeating an update is harmless"] {
            let update = Update::new(&after, &difference);
            let updated = self.connector.update(&ada.id, &update, &self.attempt).await;
            let sentence = if name.starts_with("repeating") { 5 } else { 4 };
            self.suite.note(sentence, name, succeeded(updated.map(drop)));
        }
        self.find_user(&ada, "Ada L.").await;
        self.find_hostile(&ada).await;
        self.gone(&ada, ResourceKind::User, Update::new(&after, &difference)).await;
    }

    async fn groups(&mut self) {
        let users = [ADA, BOB].map(|id| Resource::from(User::new(id, id)));
        let [ada, bob] = &users;
        let Some(ada) = self.created(2, "create answers the target's id again", ada).await else {
            return;
        };
        let Some(bob) = self.created(2, "two users have two ids", bob).await else {
            return;
        };
        let mut before = Group::new(STAFF, STAFF);
        if self.connector.capabilities().members_on_create {
            before.members.push(member(&ada));
        }
        let before = Resource::from(before);
        let Some(staff) = self.created(2, "create answers a group's id", &before).await else {
            return;
        };
        let changes = MemberChanges::new([member(&bob)], [member(&ada)]);
        for (sentence, name) in
            [(4, "members come and go"), (5, "repeating a change of members is harmless")]
        {
            let changed = self.connector.change_members(&staff.id, &changes, &self.attempt).await;
            self.suite.note(sentence, name, succeeded(changed.map(drop)));
        }
        let after = Resource::from(Group::new(STAFF, "conformance-all-staff"));
        let difference = Difference::between(&before, &after);
        let renamed = self
            .connector
            .update(&staff.id, &Update::new(&after, &difference), &self.attempt)
            .await;
        self.suite.note(4, "a group is renamed", succeeded(renamed.map(drop)));
        self.gone(&staff, ResourceKind::Group, Update::new(&after, &difference)).await;
        for user in [ada, bob] {
            let deleted = self.connector.delete(&user.id, ResourceKind::User, &self.attempt).await;
            self.suite.note(6, "what was created can be deleted", succeeded(deleted));
        }
    }

    async fn no_groups(&mut self) {
        let group = Resource::from(Group::new(STAFF, STAFF));
        let created = self.connector.create(&group, &self.attempt).await;
        self.suite.note(
            8,
            "groups are unsupported",
            refused(created.map(drop), ErrorKind::Unsupported),
        );
    }

    /// A password goes along with a create, and is all of an update. Nothing that the connector says shows it.
    async fn passwords(&mut self) {
        let user = Resource::from(User::new(EVE, EVE));
        let attempt = |password: &str| self.attempt.clone().with_password(Some(password.into()));
        let (first, second) = (attempt(FIRST_PASSWORD), attempt(SECOND_PASSWORD));
        let created = self.connector.create(&user, &first).await;
        let verdict = created.as_ref().map_err(said).and_then(silent);
        self.suite.note(13, "a user is created with a password", verdict);
        let Ok(eve) = created else { return };
        let nothing = Difference::default();
        let update = Update::new(&user, &nothing);
        let verdict = match self.connector.update(&eve.id, &update, &second).await {
            Ok(remote) if remote.id != eve.id => Err("it answered another id".to_owned()),
            // The target keeps the first: that is said, and nothing more can be wanted.
            Ok(remote) => silent(&remote),
            Err(error) => Err(said(&error)),
        };
        self.suite.note(13, SETS_PASSWORDS, verdict);
        let again = self.connector.create(&user, &first).await;
        let verdict = refused(again.map(drop), ErrorKind::Conflict);
        self.suite.note(10, "a refused create does not show its password", verdict);
        if self.connector.capabilities().find {
            let id = LocalId::new(EVE);
            let lookup = Lookup::new(ResourceKind::User, &id, EVE);
            let found = self.connector.find(&lookup, &self.attempt).await;
            let verdict = found
                .map_err(|error| said(&error))
                .and_then(|found| found.iter().try_for_each(silent));
            self.suite.note(10, "find shows no password", verdict);
        }
        let deleted = self.connector.delete(&eve.id, ResourceKind::User, &self.attempt).await;
        self.suite.note(6, "a user with a password can be deleted", succeeded(deleted));
        let updated = self.connector.update(&eve.id, &update, &second).await;
        let verdict = match updated {
            // It is never changed there, so there was nothing to ask.
            Ok(remote) if !remote.fixed.is_empty() => Ok(()),
            other => refused(other.map(drop), ErrorKind::NotFound),
        };
        self.suite.note(6, "the password of who is gone is not set", verdict);
    }

    async fn reading(&mut self) {
        let capabilities = self.connector.capabilities();
        let listed = self.connector.list(&PageRequest::first(ResourceKind::User)).await.map(drop);
        self.suite.note(
            8,
            "list does what the capabilities say",
            as_promised(capabilities.list, listed),
        );
        let checked = self.connector.check().await.map(drop);
        self.suite.note(
            8,
            "check does what the capabilities say",
            as_promised(capabilities.check, checked),
        );
        let nobody = LocalId::new("conformance-nobody");
        let found =
            self.connector.find(&Lookup::new(ResourceKind::User, &nobody, ""), &self.attempt).await;
        self.suite.note(
            8,
            "find does what the capabilities say",
            as_promised(capabilities.find, found.map(drop)),
        );
    }

    async fn created(
        &mut self,
        sentence: u8,
        name: &'static str,
        resource: &Resource,
    ) -> Option<Remote> {
        let created = self.connector.create(resource, &self.attempt).await;
        self.suite.note(
            sentence,
            name,
            created.as_ref().map(drop).map_err(|error| error.to_string()),
        );
        created.ok()
    }

    async fn find_user(&mut self, ada: &Remote, display_name: &str) {
        const NAME: &str = "find shows the resource with our id and its state";
        if !self.connector.capabilities().find {
            return self.suite.lacking(7, NAME);
        }
        let id = LocalId::new(ADA);
        let found =
            self.connector.find(&Lookup::new(ResourceKind::User, &id, ADA), &self.attempt).await;
        let verdict = found.map_err(|error| error.to_string()).and_then(|found| match &found[..] {
            [only] if only.id != ada.id => Err("it has another id than create answered".to_owned()),
            [only] if only.external_id.as_ref() != Some(&id) => {
                Err("it does not show our id".to_owned())
            }
            [only] => match only.resource.as_deref() {
                Some(Resource::User(user))
                    if user.display_name.as_deref() != Some(display_name) =>
                {
                    Err("it does not show the state that was confirmed".to_owned())
                }
                Some(Resource::User(user)) if user.emails.len() != 1 => {
                    Err("an attribute that was left alone has changed".to_owned())
                }
                _ => Ok(()),
            },
            others => Err(format!("{} resources were found in place of one", others.len())),
        });
        self.suite.note(7, NAME, verdict);
    }

    async fn find_hostile(&mut self, ada: &Remote) {
        const NAME: &str = "a name that looks like a filter finds nobody else";
        if !self.connector.capabilities().find {
            return self.suite.lacking(7, NAME);
        }
        let id = LocalId::new(HOSTILE);
        let found = self
            .connector
            .find(&Lookup::new(ResourceKind::User, &id, HOSTILE), &self.attempt)
            .await;
        let verdict = match found {
            Ok(found) if found.iter().any(|remote| remote.id == ada.id) => {
                Err("it found somebody else".to_owned())
            }
            Ok(found) if !found.is_empty() => Err("it found somebody".to_owned()),
            // A target may refuse the question; it must not answer another one.
            Ok(_) | Err(_) => Ok(()),
        };
        self.suite.note(7, NAME, verdict);
    }

    async fn gone(&mut self, remote: &Remote, kind: ResourceKind, update: Update<'_>) {
        let deleted = self.connector.delete(&remote.id, kind, &self.attempt).await;
        self.suite.note(6, "delete removes", succeeded(deleted));
        let again = self.connector.delete(&remote.id, kind, &self.attempt).await;
        self.suite.note(
            6,
            "a second delete says that it is gone",
            refused(again, ErrorKind::NotFound),
        );
        let updated = self.connector.update(&remote.id, &update, &self.attempt).await;
        let verdict = refused(updated.map(drop), ErrorKind::NotFound);
        self.suite.note(6, "an update of what is gone says so", verdict);
    }
}

fn member(remote: &Remote) -> Member {
    let id: &RemoteId = &remote.id;
    Member::user(Reference::from(id))
}

fn succeeded(result: Result<()>) -> Result<(), String> {
    result.map_err(|error| said(&error))
}

const SHOWN: &str = "it shows the password";

/// An error's own line, unless it shows a password somewhere.
fn said(error: &Error) -> String {
    if shows_password(error) { SHOWN.to_owned() } else { error.to_string() }
}

/// Whether a password is in an error, in what it prints for developers, or in what caused it.
fn shows_password(error: &Error) -> bool {
    let mut texts = vec![format!("{error:?}")];
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    texts.iter().any(|text| holds_password(text))
}

fn holds_password(text: &str) -> bool {
    [FIRST_PASSWORD, SECOND_PASSWORD].iter().any(|password| text.contains(password))
}

/// What is handed back holds no password: it is kept, and compared.
fn silent(remote: &Remote) -> Result<(), String> {
    let version = remote.version.as_deref().unwrap_or_default();
    let shown = remote.resource.as_deref().map(|resource| serde_json::json!(resource).to_string());
    let holds = holds_password(version) || shown.is_some_and(|shown| holds_password(&shown));
    if holds { Err(SHOWN.to_owned()) } else { Ok(()) }
}

/// Refused as it should be, and without naming anybody (sentence 10).
fn refused(result: Result<()>, kind: ErrorKind) -> Result<(), String> {
    match result {
        Ok(()) => Err("it answered success".to_owned()),
        Err(error) if shows_password(&error) => Err(SHOWN.to_owned()),
        Err(error) if error.kind() != kind => Err(format!("it answered: {error}")),
        Err(error) if [ADA, BOB, STAFF].iter().any(|name| error.to_string().contains(name)) => {
            Err("its error's message holds a name".to_owned())
        }
        Err(_) => Ok(()),
    }
}

fn as_promised(able: bool, result: Result<()>) -> Result<(), String> {
    if able { succeeded(result) } else { refused(result, ErrorKind::Unsupported) }
}
