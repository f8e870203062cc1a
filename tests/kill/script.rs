//! What happens at the host, event by event, out of a seed; and what is true after each.

use outbound_provisioning::model::{Event, Group, Member, User};

pub(crate) const ACME: &str = "acme";
const USERS: usize = 8;
const GROUPS: usize = 2;

/// Numbers out of a seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    fn place(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap_or_default()
    }
}

/// A user as the host has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserTruth {
    pub(crate) exists: bool,
    pub(crate) seq: u64,
    pub(crate) active: bool,
    /// Which of two names.
    renamed: bool,
}

/// A group as the host has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupTruth {
    pub(crate) exists: bool,
    pub(crate) seq: u64,
    /// Places of its members.
    pub(crate) members: Vec<usize>,
}

/// The host, as it is after some of its events.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    dice: Dice,
    pub(crate) users: Vec<UserTruth>,
    pub(crate) groups: Vec<GroupTruth>,
}

/// One event, and of which resource.
pub(crate) struct Happening {
    pub(crate) who: String,
    pub(crate) event: Event,
}

impl Script {
    pub(crate) fn new(seed: u64) -> Self {
        let users = vec![UserTruth::default(); USERS];
        Self { dice: Dice::new(seed), users, groups: vec![GroupTruth::default(); GROUPS] }
    }

    /// The host after this many events.
    pub(crate) fn after(seed: u64, events: u64) -> Self {
        let mut script = Self::new(seed);
        for _ in 0..events {
            drop(script.next());
        }
        script
    }

    /// The next event.
    pub(crate) fn next(&mut self) -> Happening {
        // Groups are chosen more often than each user: they have more to get wrong.
        let place = self.dice.place(USERS + 2 * GROUPS);
        let (who, event) = if place < USERS {
            (user_id(place), self.next_of_user(place))
        } else {
            let place = (place - USERS) / 2;
            (group_id(place), self.next_of_group(place))
        };
        Happening { who, event: event.in_organization(ACME) }
    }

    fn next_of_user(&mut self, place: usize) -> Event {
        let chance = self.dice.below(100);
        let Some(user) = self.users.get_mut(place) else { return Event::user_deleted("") };
        user.seq += 1;
        if !user.exists {
            (user.exists, user.active) = (true, true);
            return Event::user_created(user.event_of(place));
        }
        match chance {
            0..16 => {
                user.exists = false;
                for group in &mut self.groups {
                    group.members.retain(|member| *member != place);
                }
                return Event::user_deleted(user_id(place));
            }
            16..24 => user.active = !user.active,
            24..30 => user.renamed = !user.renamed,
            _ => {}
        }
        Event::user_updated(user.event_of(place))
    }

    fn next_of_group(&mut self, place: usize) -> Event {
        let chance = self.dice.below(100);
        let picked: Vec<usize> = (0..=self.dice.place(3)).map(|_| self.dice.place(USERS)).collect();
        let is_there = |member: &usize| self.users.get(*member).is_some_and(|user| user.exists);
        let mut picked: Vec<usize> = picked.into_iter().filter(is_there).collect();
        picked.sort_unstable();
        picked.dedup();
        let Some(group) = self.groups.get_mut(place) else { return Event::group_deleted("") };
        let member = |place: &usize| Member::user(user_id(*place));
        if !group.exists {
            group.exists = true;
            group.seq += 1;
            group.members = picked;
            let mut created = Group::new(group_id(place), group.name(place));
            created.members = group.members.iter().map(member).collect();
            return Event::group_created(created);
        }
        match chance {
            0..12 => {
                (group.exists, group.members) = (false, Vec::new());
                group.seq += 1;
                Event::group_deleted(group_id(place))
            }
            12..40 => {
                group.seq += 1;
                Event::group_updated(Group::new(group_id(place), group.name(place)))
            }
            _ => {
                let (leave, join): (Vec<usize>, Vec<usize>) =
                    picked.into_iter().partition(|picked| group.members.contains(picked));
                group.members.retain(|member| !leave.contains(member));
                group.members.extend(&join);
                let (join, leave): (Vec<Member>, Vec<Member>) =
                    (join.iter().map(member).collect(), leave.iter().map(member).collect());
                Event::members_changed(group_id(place), join, leave)
            }
        }
    }

    /// The newest number that any event of a resource has carried.
    pub(crate) fn newest_of(&self, who: &str) -> u64 {
        let users = self.users.iter().enumerate().map(|(place, user)| (user_id(place), user.seq));
        let groups = self.groups.iter().enumerate();
        let groups = groups.map(|(place, group)| (group_id(place), group.seq));
        users.chain(groups).find(|(id, _)| id == who).map(|(_, seq)| seq).unwrap_or_default()
    }
}

impl UserTruth {
    pub(crate) fn user_name(&self, place: usize) -> String {
        format!("user-{place}-{}", if self.renamed { "b" } else { "a" })
    }

    pub(crate) fn display_name(&self, place: usize) -> String {
        format!("User {place} seq={}", self.seq)
    }

    fn event_of(&self, place: usize) -> User {
        User::new(user_id(place), self.user_name(place))
            .with_display_name(self.display_name(place))
            .with_email(format!("user-{place}@example.com"))
            .with_active(self.active)
    }
}

impl GroupTruth {
    pub(crate) fn name(&self, place: usize) -> String {
        format!("Group {place} seq={}", self.seq)
    }
}

pub(crate) fn user_id(place: usize) -> String {
    format!("u-{place}")
}

pub(crate) fn group_id(place: usize) -> String {
    format!("g-{place}")
}
