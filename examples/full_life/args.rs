//! The command line.

use std::time::Duration;

use outbound_provisioning::model::Secret;

pub(crate) const USAGE: &str = "usage: full_life [--base-url URL [--token T | --basic USER:PASSWORD]] [--profile NAME] \
[--users N] [--groups N] [--patience SECONDS] [--keep] [--requests]";

#[derive(Debug)]
pub(crate) struct Arguments {
    /// None: a server embedded in this process.
    pub(crate) base_url: Option<String>,
    pub(crate) credentials: Credentials,
    pub(crate) profile: Option<String>,
    pub(crate) users: usize,
    pub(crate) groups: usize,
    /// How long a phase may take to come to rest.
    pub(crate) patience: Duration,
    /// Whether what was made stays there.
    pub(crate) keep: bool,
    /// Whether every request is printed, with its body.
    pub(crate) requests: bool,
}

/// How we show who we are.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    None,
    Token(Secret),
    Basic { user: String, password: Secret },
}

impl Arguments {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self {
            base_url: None,
            credentials: Credentials::None,
            profile: None,
            users: 50,
            groups: 5,
            patience: Duration::from_secs(180),
            keep: false,
            requests: false,
        };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
            match &*name {
                "--keep" => read.keep = true,
                "--requests" => read.requests = true,
                "--base-url" => {
                    read.base_url = Some(value()?.trim_end_matches('/').to_owned());
                }
                "--token" => read.credentials = Credentials::Token(Secret::new(value()?)),
                "--basic" => {
                    let pair = value()?;
                    let (user, password) =
                        pair.split_once(':').ok_or("--basic is USER:PASSWORD")?;
                    let (user, password) = (user.to_owned(), Secret::new(password));
                    read.credentials = Credentials::Basic { user, password };
                }
                "--profile" => read.profile = Some(value()?),
                "--users" => read.users = number(&name, &value()?)?,
                "--groups" => read.groups = number(&name, &value()?)?,
                "--patience" => {
                    let seconds = u64::try_from(number(&name, &value()?)?);
                    read.patience = Duration::from_secs(seconds.unwrap_or(u64::MAX));
                }
                _ => return Err(format!("{name} is not known")),
            }
        }
        if read.users < 4 {
            return Err("--users must be 4 at least".to_owned());
        }
        Ok(read)
    }
}

fn number(name: &str, text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{name} {text} is not a number"))
}
