//! What happens at the host: phase by phase, each of one kind of operation, with the state that it leads to and the
//! fewest requests that it can cost.

use std::collections::BTreeSet;

use outbound_provisioning::model::{
    EnterpriseUser, Event, Group, Manager, MultiValue, Name, Reference, User,
};

use crate::wanted::Wanted;

/// What the requests of a phase are counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Connect,
    CreateUser,
    CreateGroup,
    Update,
    Nothing,
    RenameOrDisable,
    Delete,
    Membership,
    CreateAgain,
    TidyUp,
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::CreateUser => "create user",
            Self::CreateGroup => "create group",
            Self::Update => "update",
            Self::Nothing => "nothing changed",
            Self::RenameOrDisable => "rename, disable, enable",
            Self::Delete => "delete",
            Self::Membership => "membership",
            Self::CreateAgain => "create again",
            Self::TidyUp => "tidy up",
        }
    }
}

/// Events that are dispatched together. The next phase begins when all of them have come to rest.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    pub(crate) events: Vec<Event>,
    /// The fewest requests: one for each event, unless nothing changes.
    pub(crate) minimum: u64,
    /// What the target is to show after it.
    pub(crate) wanted: Wanted,
}

/// The whole life of some users and groups.
#[derive(Debug)]
pub(crate) struct Scenario {
    prefix: String,
    users: usize,
    groups: usize,
    wanted: Wanted,
    phases: Vec<Phase>,
}

impl Scenario {
    /// Phases for so many users and groups, whose names and ids all begin with the prefix.
    pub(crate) fn phases(prefix: &str, users: usize, groups: usize) -> Vec<Phase> {
        let mut scenario = Self {
            prefix: prefix.to_owned(),
            users,
            groups,
            wanted: Wanted::default(),
            phases: Vec::new(),
        };
        scenario.arrive();
        scenario.change();
        scenario.switch_and_rename();
        scenario.regroup();
        scenario.leave_and_return();
        scenario.phases
    }

    /// Deletes everything, groups first.
    pub(crate) fn tidy_up(wanted: &Wanted) -> Phase {
        let groups = wanted.groups.keys().map(|id| Event::group_deleted(id.as_str()));
        let users = wanted.users.keys().map(|id| Event::user_deleted(id.as_str()));
        let events: Vec<Event> = groups.chain(users).collect();
        let mut left = wanted.clone();
        let groups: Vec<String> = wanted.groups.keys().cloned().collect();
        let users: Vec<String> = wanted.users.keys().cloned().collect();
        groups.iter().for_each(|id| left.delete_group(id));
        users.iter().for_each(|id| left.delete_user(id));
        let minimum = count(&events);
        Phase {
            name: "everything is deleted",
            operation: Operation::TidyUp,
            events,
            minimum,
            wanted: left,
        }
    }

    fn user_id(&self, number: usize) -> String {
        format!("{}u{number}", self.prefix)
    }

    fn group_id(&self, number: usize) -> String {
        format!("{}g{number}", self.prefix)
    }

    fn add(&mut self, name: &'static str, operation: Operation, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let minimum = if operation == Operation::Nothing { 0 } else { count(&events) };
        let wanted = self.wanted.clone();
        self.phases.push(Phase { name, operation, events, minimum, wanted });
    }

    /// One event for each user whom the change changes.
    fn update(
        &mut self,
        name: &'static str,
        operation: Operation,
        change: impl Fn(usize, &mut User),
    ) {
        let mut events = Vec::new();
        for number in 0..self.users {
            let Some(before) = self.wanted.users.get(&self.user_id(number)) else { continue };
            let mut user = before.clone();
            change(number, &mut user);
            if user != *before {
                self.wanted.put_user(&user);
                events.push(Event::user_updated(user));
            }
        }
        self.add(name, operation, events);
    }

    fn new_user(&self, number: usize) -> User {
        // Some have capitals in their name: a target may not keep them.
        let name = if number % 3 == 1 { "User" } else { "user" };
        let address = format!("{}{name}{number}@example.com", self.prefix);
        let mut user = User::new(self.user_id(number), address.as_str())
            .with_email(address.to_lowercase())
            .with_display_name(format!("Person {number}"));
        user.name = Some(Name::new(format!("Given{number}"), format!("Family{number}")));
        if number.is_multiple_of(3) {
            user.emails.push(self.home(number));
            user.phone_numbers.push(MultiValue::new("work", format!("+1 555 01{number:02}")));
        }
        if number % 4 == 1 {
            user.title = Some("Mr.".to_owned());
        }
        if number % 3 == 1 {
            user.nick_name = Some(format!("Nick{number}"));
        }
        if number.is_multiple_of(2) {
            let mut enterprise = EnterpriseUser::default();
            enterprise.employee_number = Some(format!("{number}"));
            enterprise.department = Some("Research".to_owned());
            enterprise.manager =
                (number % 4 == 2).then(|| Manager::new(Reference::new(self.user_id(number % 2))));
            user.enterprise = Some(enterprise);
        }
        user
    }

    fn home(&self, number: usize) -> MultiValue {
        MultiValue::new("home", format!("{}home{number}@example.org", self.prefix).to_lowercase())
    }

    fn arrive(&mut self) {
        // Whom others report to is there before them.
        for numbers in [0..2, 2..self.users] {
            let users: Vec<User> = numbers.map(|number| self.new_user(number)).collect();
            users.iter().for_each(|user| self.wanted.put_user(user));
            let events = users.into_iter().map(Event::user_created).collect();
            self.add("users are created", Operation::CreateUser, events);
        }
        let mut events = Vec::new();
        for number in 0..self.groups {
            let mut group =
                Group::new(self.group_id(number), format!("{}Group {number}", self.prefix));
            let members = (0..self.users).filter(|user| user % self.groups == number);
            let members: BTreeSet<String> = members.map(|user| self.user_id(user)).collect();
            group.members = Wanted::members(&members);
            self.wanted.put_group(&group);
            events.push(Event::group_created(group));
        }
        self.add("groups are created with members", Operation::CreateGroup, events);
    }

    fn change(&mut self) {
        let homes: Vec<MultiValue> = (0..self.users).map(|number| self.home(number)).collect();
        self.update("attributes change", Operation::Update, |number, user| match number % 6 {
            0 => {
                user.title = Some("Dr.".to_owned());
                user.phone_numbers = vec![MultiValue::new("work", format!("+1 555 02{number:02}"))];
            }
            1 => user.nick_name = None,
            2 => user.emails.extend(homes.get(number).cloned()),
            3 => user.emails.retain(|email| email.kind.as_deref() != Some("home")),
            4 => {
                user.display_name = Some(format!("Person \"{number}\" \\ Ünï"));
                user.name = Some(Name::new(format!("Given{number}"), "Newname"));
                if let Some(enterprise) = &mut user.enterprise {
                    enterprise.department = Some("Sales".to_owned());
                }
            }
            _ => {
                user.phone_numbers.push(MultiValue::new("mobile", format!("+1 555 03{number:02}")))
            }
        });
        let again = self.wanted.users.values().cloned().map(Event::user_updated).collect();
        self.add("the same once more", Operation::Nothing, again);
    }

    fn switch_and_rename(&mut self) {
        let operation = Operation::RenameOrDisable;
        self.update("some are disabled", operation, |number, user| {
            if number % 5 == 1 {
                user.active = false;
            }
        });
        self.update("some of them are enabled again", operation, |number, user| {
            if number % 10 == 1 {
                user.active = true;
            }
        });
        let prefix = self.prefix.clone();
        self.update("some users are renamed", operation, |number, user| {
            if number % 7 == 3 {
                user.user_name = format!("{prefix}renamed{number}@example.com");
            }
        });
        if self.groups > 0 {
            let (id, name) = (self.group_id(0), format!("{prefix}Group renamed"));
            self.wanted.rename_group(&id, &name);
            let event = Event::group_updated(Group::new(id.as_str(), name));
            self.add("a group is renamed", operation, vec![event]);
        }
        self.update("who was renamed changes", Operation::Update, |number, user| {
            if number % 7 == 3 {
                user.title = Some("Prof.".to_owned());
            }
        });
    }

    fn regroup(&mut self) {
        let before: Vec<BTreeSet<String>> =
            self.wanted.groups.values().map(|group| group.members.clone()).collect();
        let mut coming = before.iter().cycle().skip(1);
        let mut events = Vec::new();
        for (id, group) in &mut self.wanted.groups {
            let Some(members) = coming.next() else { continue };
            if *members == group.members {
                continue;
            }
            let joining = Wanted::members(&(members - &group.members));
            let leaving = Wanted::members(&(&group.members - members));
            events.push(Event::members_changed(id.as_str(), joining, leaving));
            group.members.clone_from(members);
        }
        self.add("everybody moves on by one group", Operation::Membership, events);

        let everywhere = self.user_id(0);
        let mut events = Vec::new();
        for (id, group) in &mut self.wanted.groups {
            if group.members.insert(everywhere.clone()) {
                let joining = Wanted::members(&BTreeSet::from([everywhere.clone()]));
                events.push(Event::members_changed(id.as_str(), joining, []));
            }
        }
        self.add("one user joins every group", Operation::Membership, events);
    }

    fn leave_and_return(&mut self) {
        let leaving: Vec<usize> = (0..self.users).filter(|number| number % 8 == 3).collect();
        let mut gone = Vec::new();
        let mut events = Vec::new();
        for number in leaving {
            let id = self.user_id(number);
            gone.extend(self.wanted.users.get(&id).cloned().map(|user| (number, user)));
            self.wanted.delete_user(&id);
            events.push(Event::user_deleted(id));
        }
        self.add("some users are deleted", Operation::Delete, events);
        if self.groups > 1 {
            let id = self.group_id(self.groups - 1);
            self.wanted.delete_group(&id);
            let event = Event::group_deleted(id.as_str());
            self.add("a group is deleted", Operation::Delete, vec![event]);
        }

        let mut events = Vec::new();
        for (place, (number, mut user)) in gone.into_iter().enumerate() {
            match place % 3 {
                // The same person comes back.
                0 => user.title = Some("Returned".to_owned()),
                // Another one gets the name.
                1 => {
                    user = self.new_user(number);
                    user.external_id = format!("{}u{number}-successor", self.prefix).into();
                }
                _ => continue,
            }
            self.wanted.put_user(&user);
            events.push(Event::user_created(user));
        }
        self.add("some come back, some names are given again", Operation::CreateAgain, events);

        let back: Vec<String> =
            self.wanted.users.keys().filter(|id| id.ends_with("-successor")).cloned().collect();
        let first = self.wanted.groups.iter_mut().next();
        if let Some((id, group)) = first.filter(|_| !back.is_empty()) {
            let joining = BTreeSet::from_iter(back);
            group.members.extend(joining.iter().cloned());
            let event = Event::members_changed(id.as_str(), Wanted::members(&joining), []);
            self.add("successors join a group", Operation::Membership, vec![event]);
        }
    }
}

fn count(events: &[Event]) -> u64 {
    u64::try_from(events.len()).unwrap_or(u64::MAX)
}
