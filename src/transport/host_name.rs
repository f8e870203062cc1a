//! Names whose meaning is known without asking anybody.

/// Names of places where clouds hand out credentials. A proxy would look them up without us.
const METADATA: [&str; 5] = [
    "instance-data",
    "instance-data.ec2.internal",
    "metadata",
    "metadata.google.internal",
    "metadata.tencentyun.com",
];

/// Endings that mean nothing on the public internet, and often much in a private network: RFC 6762, RFC 8375, ICANN's
/// `internal`, and what routers give out.
const PRIVATE: [&str; 5] = ["internal", "local", "localdomain", "home.arpa", "intranet"];

/// What a host name says of where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing: ask for its addresses.
    Anywhere,
    /// This machine (RFC 6761).
    ThisMachine,
    /// A private network.
    Private,
    /// A cloud's own endpoint.
    Metadata,
}

/// Names without upper case, as a parsed URL holds them. A dot at the end changes nothing.
pub(super) fn place(name: &str) -> Place {
    let name = name.strip_suffix('.').unwrap_or(name);
    if ends_in(name, "localhost") {
        Place::ThisMachine
    } else if METADATA.contains(&name) {
        Place::Metadata
    } else if PRIVATE.iter().any(|ending| ends_in(name, ending)) {
        Place::Private
    } else {
        Place::Anywhere
    }
}

fn ends_in(name: &str, ending: &str) -> bool {
    name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
