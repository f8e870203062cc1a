//! T3: a real process with the embedded store is killed again and again while it provisions over real HTTP; the target
//! outlives it. Nothing that was confirmed may be lost, nothing may come in the wrong order, and in the end the target
//! holds exactly what the script says (F1, F2, F6; P1, P2, P4, P5, P10, P11).
//!
//! This program is both sides: the parent is the target and kills, the child (the same program with `KILL_CHILD` set)
//! is the identity server. Half of the rounds run against a target that is honest and a little slow, half against one
//! that also delays, refuses and loses requests and answers.
//!
//! ```console
//! $ cargo test --all-features --test kill      # 20 kills
//! $ scripts/kill 10000                         # many, in release
//! ```
//!
//! `KILLS` is how many, `SEED` chooses the scripts and the moments (they are printed), `ROUND` is the number of kills
//! after which everything comes to rest and is compared.

mod child;
mod parent;
mod script;
mod target;

use std::error::Error;
use std::process::ExitCode;

type BoxError = Box<dyn Error + Send + Sync>;
type Result<T, E = BoxError> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let ended = match std::env::var(child::CHILD) {
        Ok(orders) => child::live(&orders).map(|()| true),
        Err(_) if is_meant() => parent::run(),
        Err(_) => Ok(true),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kill: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether a filter, as `cargo test NAME` passes it on, leaves this test in. There is no test harness to ask.
fn is_meant() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut filters = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
    let lists = arguments.iter().any(|argument| argument == "--list" || argument == "--ignored");
    !lists && (filters.peek().is_none() || filters.any(|filter| "kill".contains(filter.as_str())))
}
