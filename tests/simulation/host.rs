//! A host: users whose names are used again, groups, and its own truth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use outbound_provisioning::Result;
use outbound_provisioning::host::ResourceSource;
use outbound_provisioning::model::{
    EnterpriseUser, Event, Group, LocalId, Manager, Member, Resource, ResourceKey, ResourceKind,
    User,
};

use crate::simulated::clock::{Clock, lock};
use crate::simulated::dice::Dice;
use crate::simulated::directory::Own;
use crate::simulated::world::ACME;

/// A stranger at the target has this name.
pub(crate) const STRANGER: &str = "root";
const NAMES: [&str; 3] = ["ada", "bob", "cleo"];

#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) users: BTreeMap<LocalId, User>,
    pub(crate) groups: BTreeMap<LocalId, (Group, BTreeSet<LocalId>)>,
    /// Everybody that ever was.
    pub(crate) ever: BTreeSet<Own>,
    /// Nobody comes back under an old id: where the truth is only asked for later, a removal in between cannot be
    /// seen, and it took the user out of all groups.
    pub(crate) ids_are_new: bool,
    /// A user may be renamed to a name that another gave up. Where nobody gets a temporary name, those who swap theirs
    /// wait for a person (F77).
    pub(crate) names_come_back: bool,
    /// The second half of a swap of names, which comes next.
    pub(crate) second_half: Option<Change>,
    pub(crate) versions: u64,
    pub(crate) ids: u64,
}

/// One change that the host is about to make.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Create(User),
    Update(User),
    Delete(LocalId),
    CreateGroup(Group),
    UpdateGroup(Group),
    DeleteGroup(LocalId),
    Join(LocalId, LocalId),
    Leave(LocalId, LocalId),
}

impl Change {
    pub(crate) fn own(&self) -> Own {
        match self {
            Self::Create(user) | Self::Update(user) => {
                (ResourceKind::User, user.external_id.clone())
            }
            Self::Delete(id) => (ResourceKind::User, id.clone()),
            Self::CreateGroup(group) | Self::UpdateGroup(group) => {
                (ResourceKind::Group, group.external_id.clone())
            }
            Self::DeleteGroup(id) | Self::Join(id, _) | Self::Leave(id, _) => {
                (ResourceKind::Group, id.clone())
            }
        }
    }

    pub(crate) fn event(&self) -> Event {
        let event = match self.clone() {
            Self::Create(user) => Event::user_created(user),
            Self::Update(user) => Event::user_updated(user),
            Self::Delete(id) => Event::user_deleted(id),
            Self::CreateGroup(group) => Event::group_created(group),
            Self::UpdateGroup(group) => Event::group_updated(group),
            Self::DeleteGroup(id) => Event::group_deleted(id),
            Self::Join(group, id) => Event::members_changed(group, [Member::user(&id)], []),
            Self::Leave(group, id) => Event::members_changed(group, [], [Member::user(&id)]),
        };
        event.in_organization(ACME)
    }
}

impl Truth {
    fn next_version(&mut self) -> u64 {
        self.versions += 1;
        self.versions
    }

    /// A change that may be made now, given who is being changed already.
    pub(crate) fn think_of(
        &mut self,
        dice: &mut Dice,
        busy: &BTreeSet<Own>,
        coming: &[Change],
    ) -> Option<Change> {
        if let Some(change) = self.second_half.take() {
            return Some(change);
        }
        let users: Vec<LocalId> = self.users.keys().cloned().collect();
        let groups: Vec<LocalId> = self.groups.keys().cloned().collect();
        if self.names_come_back && dice.one_in(10) {
            return self.swap(dice, &users, busy);
        }
        let change = match dice.below(16) {
            0..=3 => self.new_user(dice, coming)?,
            4..=7 => {
                let user = self.users.get(dice.pick(&users)?)?.clone();
                self.changed_user(user, dice, coming)
            }
            8 | 9 => Change::Delete(dice.pick(&users)?.clone()),
            10 if self.groups.len() < 2 => self.new_group(dice, &users),
            11 => {
                let (group, _) = self.groups.get(dice.pick(&groups)?)?;
                let id = group.external_id.clone();
                let version = self.next_version();
                Change::UpdateGroup(Group::new(id.clone(), format!("{id} v{version}")))
            }
            12 if dice.one_in(2) => Change::DeleteGroup(dice.pick(&groups)?.clone()),
            _ => {
                let (group, user) = (dice.pick(&groups)?.clone(), dice.pick(&users)?.clone());
                if self.groups.get(&group)?.1.contains(&user) {
                    Change::Leave(group, user)
                } else {
                    Change::Join(group, user)
                }
            }
        };
        let free = self.touches(&change).iter().all(|own| !busy.contains(own));
        free.then_some(change)
    }

    /// Everybody who must not change at the same time, as in one transaction of the host.
    pub(crate) fn touches(&self, change: &Change) -> BTreeSet<Own> {
        let mut touched = BTreeSet::from([change.own()]);
        match change {
            Change::Delete(_) => {
                touched.extend(self.groups.keys().map(|id| (ResourceKind::Group, id.clone())));
            }
            Change::Join(_, user) | Change::Leave(_, user) => {
                touched.insert((ResourceKind::User, user.clone()));
            }
            Change::CreateGroup(group) => {
                let users = group.members.iter();
                touched.extend(users.map(|member| (ResourceKind::User, (&member.value).into())));
            }
            _ => {}
        }
        touched
    }

    fn new_user(&mut self, dice: &mut Dice, coming: &[Change]) -> Option<Change> {
        if self.users.len() >= 4 {
            return None;
        }
        let taken = self.taken(coming);
        let mut free: Vec<&str> = NAMES.into_iter().filter(|name| !taken.contains(name)).collect();
        if dice.one_in(12) && !taken.contains(STRANGER) {
            free = vec![STRANGER];
        }
        let name = (*dice.pick(&free)?).to_owned();
        // Sometimes somebody comes back under the old id.
        let gone: Vec<LocalId> = self
            .ever
            .iter()
            .filter(|(kind, id)| *kind == ResourceKind::User && !self.users.contains_key(id))
            .map(|(_, id)| id.clone())
            .collect();
        let id = match dice.pick(&gone) {
            Some(id) if !self.ids_are_new && dice.one_in(3) => id.clone(),
            _ => {
                self.ids += 1;
                LocalId::from(format!("u{}", self.ids))
            }
        };
        let version = self.next_version();
        Some(Change::Create(
            User::new(id, name.clone()).with_display_name(format!("{name} v{version}")),
        ))
    }

    /// Two users swap their names, each by a change of its own (F77).
    fn swap(&mut self, dice: &mut Dice, users: &[LocalId], busy: &BTreeSet<Own>) -> Option<Change> {
        let (first, second) = (dice.pick(users)?, dice.pick(users)?);
        let is_busy = |id: &LocalId| busy.contains(&(ResourceKind::User, id.clone()));
        if first == second || is_busy(first) || is_busy(second) {
            return None;
        }
        let (mut first, mut second) =
            (self.users.get(first)?.clone(), self.users.get(second)?.clone());
        std::mem::swap(&mut first.user_name, &mut second.user_name);
        for user in [&mut first, &mut second] {
            let version = self.next_version();
            user.display_name = Some(format!("{} v{version}", user.user_name));
        }
        self.second_half = Some(Change::Update(second));
        Some(Change::Update(first))
    }

    /// The names that somebody has, or is about to have.
    fn taken<'a>(&'a self, coming: &'a [Change]) -> BTreeSet<&'a str> {
        let coming = coming.iter().filter_map(|change| match change {
            Change::Create(user) | Change::Update(user) => Some(user.user_name.as_str()),
            _ => None,
        });
        self.users.values().map(|user| user.user_name.as_str()).chain(coming).collect()
    }

    fn new_name(&self, dice: &mut Dice, coming: &[Change], version: u64) -> String {
        let taken = self.taken(coming);
        let free: Vec<&str> = NAMES.into_iter().filter(|name| !taken.contains(name)).collect();
        match dice.pick(&free) {
            Some(name) if self.names_come_back && !dice.one_in(4) => (*name).to_owned(),
            // One that nobody ever had.
            _ => format!("x{version}"),
        }
    }

    fn changed_user(&mut self, mut user: User, dice: &mut Dice, coming: &[Change]) -> Change {
        let version = self.next_version();
        // Where names come back they go from hand to hand, so that circles come about.
        let busy = u64::from(self.names_come_back);
        match dice.below(4) {
            place if place <= busy => user.user_name = self.new_name(dice, coming, version),
            3 => user.active = !user.active,
            _ => {}
        }
        if dice.one_in(3) {
            let somebody = dice.pick(&self.ever.iter().collect::<Vec<_>>()).map(|own| &own.1);
            let mut enterprise = EnterpriseUser::default();
            enterprise.manager = somebody.map(Manager::new);
            user.enterprise = Some(enterprise);
        }
        user.display_name = Some(format!("{} v{version}", user.user_name));
        Change::Update(user)
    }

    fn new_group(&mut self, dice: &mut Dice, users: &[LocalId]) -> Change {
        let id = if dice.one_in(2) {
            LocalId::from("g0".to_owned())
        } else {
            self.ids += 1;
            LocalId::from(format!("g{}", self.ids))
        };
        if self.groups.contains_key(&id) {
            let version = self.next_version();
            return Change::UpdateGroup(Group::new(id.clone(), format!("{id} v{version}")));
        }
        let version = self.next_version();
        let mut group = Group::new(id.clone(), format!("{id} v{version}"));
        for user in users.iter().filter(|_| dice.one_in(2)) {
            group = group.with_member(Member::user(user));
        }
        Change::CreateGroup(group)
    }

    /// The host commits.
    pub(crate) fn commit(&mut self, change: &Change) {
        self.ever.insert(change.own());
        match change.clone() {
            Change::Create(user) | Change::Update(user) => {
                self.users.insert(user.external_id.clone(), user);
            }
            Change::Delete(id) => {
                self.users.remove(&id);
                for (_, members) in self.groups.values_mut() {
                    members.remove(&id);
                }
            }
            Change::CreateGroup(mut group) => {
                let members =
                    group.members.drain(..).map(|member| (&member.value).into()).collect();
                self.groups.insert(group.external_id.clone(), (group, members));
            }
            Change::UpdateGroup(group) => {
                if let Some((known, _)) = self.groups.get_mut(&group.external_id) {
                    *known = group;
                }
            }
            Change::DeleteGroup(id) => {
                self.groups.remove(&id);
            }
            Change::Join(group, user) => {
                if let Some((_, members)) = self.groups.get_mut(&group) {
                    members.insert(user);
                }
            }
            Change::Leave(group, user) => {
                if let Some((_, members)) = self.groups.get_mut(&group) {
                    members.remove(&user);
                }
            }
        }
    }
}

/// What the host answers when it is asked.
#[derive(Clone)]
pub(crate) struct Answers {
    pub(crate) truth: Arc<Mutex<Truth>>,
    pub(crate) clock: Clock,
    pub(crate) dice: Arc<Mutex<Dice>>,
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answers")
    }
}

#[async_trait]
impl ResourceSource for Answers {
    async fn load(&self, key: &ResourceKey) -> Result<Option<Resource>> {
        let truth = {
            let truth = lock(&self.truth);
            match key.kind {
                ResourceKind::User => truth.users.get(&key.id).cloned().map(Resource::User),
                ResourceKind::Group => truth.groups.get(&key.id).map(|(group, members)| {
                    let mut group = group.clone();
                    group.members = members.iter().map(Member::user).collect();
                    Resource::Group(group)
                }),
            }
        };
        // The truth is read, and the answer takes its time: it may be out of date when it comes.
        let pause = lock(&self.dice).millis(0, 30);
        if pause > 10 {
            self.clock.pause(pause).await;
        }
        Ok(truth)
    }
}
