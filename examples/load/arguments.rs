//! The command line.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "usage: load --base-url URL [--token T] --users N --updates U --deletes D --concurrency C --store FILE [--resume]";

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) base_url: String,
    pub(crate) token: Option<String>,
    pub(crate) users: usize,
    pub(crate) updates: usize,
    pub(crate) deletes: usize,
    pub(crate) concurrency: usize,
    pub(crate) store: PathBuf,
    pub(crate) resume: bool,
}

pub(crate) enum Parsed {
    Load(Arguments),
    /// Nothing was asked for.
    Demonstration,
    Wrong(String),
}

impl Arguments {
    /// What the demonstration does.
    pub(crate) fn small(store: PathBuf) -> Self {
        Self {
            base_url: "http://localhost/scim/v2".to_owned(),
            token: None,
            users: 20,
            updates: 30,
            deletes: 5,
            concurrency: 8,
            store,
            resume: false,
        }
    }

    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Parsed {
        let mut arguments = arguments.peekable();
        if arguments.peek().is_none() {
            return Parsed::Demonstration;
        }
        match Self::read(arguments) {
            Ok(arguments) => Parsed::Load(arguments),
            Err(complaint) => Parsed::Wrong(complaint),
        }
    }

    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut base_url, mut token, mut store, mut resume) = (None, None, None, false);
        let (mut users, mut updates, mut deletes, mut concurrency) = (None, None, None, None);
        while let Some(name) = arguments.next() {
            if name == "--resume" {
                resume = true;
                continue;
            }
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            match &*name {
                "--base-url" => base_url = Some(value()?),
                "--token" => token = Some(value()?),
                "--store" => store = Some(PathBuf::from(value()?)),
                "--users" => users = Some(number(&name, &value()?)?),
                "--updates" => updates = Some(number(&name, &value()?)?),
                "--deletes" => deletes = Some(number(&name, &value()?)?),
                "--concurrency" => concurrency = Some(number(&name, &value()?)?),
                _ => return Err(format!("{name} is not known")),
            }
        }
        let missing = |name: &str| format!("{name} is missing");
        let read = Self {
            base_url: base_url.ok_or_else(|| missing("--base-url"))?,
            token,
            users: users.ok_or_else(|| missing("--users"))?,
            updates: updates.ok_or_else(|| missing("--updates"))?,
            deletes: deletes.ok_or_else(|| missing("--deletes"))?,
            concurrency: concurrency.ok_or_else(|| missing("--concurrency"))?,
            store: store.ok_or_else(|| missing("--store"))?,
            resume,
        };
        if read.users == 0 || read.concurrency == 0 {
            return Err("--users and --concurrency must be 1 at least".to_owned());
        }
        if read.deletes > read.users {
            return Err("--deletes cannot be more than --users".to_owned());
        }
        Ok(read)
    }
}

fn number(name: &str, text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{name} {text} is not a number"))
}
