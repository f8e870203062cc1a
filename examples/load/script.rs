//! What happens to whom, and in which order: the same for the same numbers, every time.

use outbound_provisioning::model::{Event, ResourceKey, ResourceKind, User};

pub(crate) const ACME: &str = "acme";

/// Users in the order of their events. The first event of each creates it, the last of some deletes it, the others
/// change it.
pub(crate) struct Script {
    order: Vec<u32>,
    /// How many events each user has.
    events: Vec<u32>,
    is_deleted: Vec<bool>,
}

/// One event to be.
pub(crate) struct Step {
    user: u32,
    /// Its number among the user's events, from 1.
    number: u32,
    deletes: bool,
}

/// Numbers in no order (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (end.max(1) as u64)).unwrap_or_default()
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for end in (1..all.len()).rev() {
            all.swap(end, self.below(end + 1));
        }
    }
}

impl Script {
    pub(crate) fn new(users: usize, updates: usize, deletes: usize) -> Self {
        let mut dice =
            Dice([users, updates, deletes].into_iter().fold(0, |seed: u64, number| {
                seed.wrapping_mul(1_000_003).wrapping_add(number as u64)
            }));
        let mut events = vec![1; users];
        for _ in 0..updates {
            let user = dice.below(users);
            events.iter_mut().skip(user).take(1).for_each(|count| *count += 1);
        }
        let mut is_deleted: Vec<bool> = (0..users).map(|place| place < deletes).collect();
        dice.shuffle(&mut is_deleted);
        for (count, is_deleted) in events.iter_mut().zip(&is_deleted) {
            *count += u32::from(*is_deleted);
        }
        let each = (0_u32..).zip(&events);
        let mut order: Vec<u32> =
            each.flat_map(|(user, count)| (0..*count).map(move |_| user)).collect();
        dice.shuffle(&mut order);
        Self { order, events, is_deleted }
    }

    pub(crate) fn users(&self) -> usize {
        self.events.len()
    }

    /// Events in all.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// The steps that are left, so many shares of them. All of a user's are in the same one, in their order.
    pub(crate) fn shares(&self, count: usize, accepted: &[u64]) -> Vec<Vec<Step>> {
        let mut shares: Vec<Vec<Step>> = (0..count).map(|_| Vec::new()).collect();
        let mut numbers = vec![0_u32; self.users()];
        for user in &self.order {
            let place = usize::try_from(*user).unwrap_or(usize::MAX);
            let (Some(number), Some(share)) =
                (numbers.get_mut(place), shares.get_mut(place % count.max(1)))
            else {
                continue;
            };
            *number += 1;
            let known = accepted.get(place).copied().unwrap_or_default();
            if u64::from(*number) > known {
                let is_last = self.events.get(place) == Some(number);
                let deletes = is_last && self.is_deleted.get(place) == Some(&true);
                share.push(Step { user: *user, number: *number, deletes });
            }
        }
        shares
    }
}

impl Step {
    pub(crate) fn event(&self) -> Event {
        let Self { user, number, deletes } = self;
        if *deletes {
            return Event::user_deleted(id(*user)).in_organization(ACME);
        }
        let state = User::new(id(*user), format!("load-{user}"))
            .with_display_name(format!("User {user} seq={number}"))
            .with_email(format!("load-{user}@example.com"));
        let event = if *number == 1 { Event::user_created } else { Event::user_updated };
        event(state).in_organization(ACME)
    }
}

fn id(user: impl std::fmt::Display) -> String {
    format!("load-{user}")
}

/// The key of a user's lanes.
pub(crate) fn key(user: usize) -> ResourceKey {
    ResourceKey::new(ACME.into(), ResourceKind::User, id(user).into())
}

/// The user of an id.
pub(crate) fn place(id: &str) -> Option<usize> {
    id.strip_prefix("load-")?.parse().ok()
}
