//! A full life of users and groups at any SCIM 2.0 server, and what became of it.
//!
//! ```text
//! cargo run --example full_life --features full -- --base-url http://127.0.0.1:8080/scim/v2 --token T
//! ```
//!
//! Users and groups are created, changed, disabled, renamed, moved, deleted and created again, through dispatcher,
//! store, worker and connector. At the end the server is read by another client than ours and compared with what is
//! wanted. Printed is: what was learnt of the target, how many requests each kind of operation took beside the fewest
//! possible, what the target cannot hold, and what differs. The exit status is 1 on any difference, and when the work
//! does not come to rest; 2 when the life could not be lived, or not judged. How the two are told apart is in `judge.rs`.
//!
//! Without `--base-url` it shows itself at a server embedded in this process. Everything has a prefix of its own, so
//! that it can run any number of times on one server; all that was made is deleted at the end, unless `--keep` is
//! given.

mod args;
mod attributes;
mod count;
mod evidence;
mod flat;
mod groups;
mod judge;
mod learning;
mod look;
mod print;
mod run;
mod scenario;
#[path = "../../tests/support/mod.rs"]
mod support;
mod wanted;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use outbound_provisioning::conformance::Scim2Target;
use outbound_provisioning::{Dispatcher, Worker};

use args::{Arguments, Credentials, USAGE};
use count::Ledger;
use judge::{Case, Judgement};
use learning::Learning;
use look::Looker;
use run::BoxError;
use scenario::{Phase, Scenario};
use support::loopback::Loopback;
use wanted::Wanted;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(complaint) => {
            eprintln!("{complaint}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match begin(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn begin(arguments: &Arguments) -> Result<bool, BoxError> {
    if let Some(base_url) = arguments.base_url.clone() {
        println!("At {base_url}");
        return live(arguments, &base_url).await;
    }
    println!("At a server embedded in this process; for a real one:\n{USAGE}");
    let target = Scim2Target::new();
    let server = Loopback::serve(move |request| target.answer(request)).await?;
    live(arguments, &server.url("/scim/v2")).await
}

async fn live(arguments: &Arguments, base_url: &str) -> Result<bool, BoxError> {
    let (ledger, learning) = (Ledger::new(), Arc::new(Learning::default()));
    let dispatcher = run::dispatcher(arguments, base_url, &ledger, &learning)?;
    print::check(&dispatcher.check_connection(&run::target()).await);

    let worker = Worker::builder(&dispatcher).build();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        worker.run(stopped).await
    });
    let life = Life {
        arguments,
        looker: Looker::new(base_url, authorization(&arguments.credentials)),
        prefix: prefix(),
        dispatcher,
        ledger,
    };
    let is_good = life.live(&learning).await?;
    let _ended = stop.send(());
    working.await??;
    Ok(is_good)
}

/// One run.
struct Life<'a> {
    arguments: &'a Arguments,
    looker: Looker,
    prefix: String,
    dispatcher: Dispatcher,
    ledger: Ledger,
}

impl Life<'_> {
    async fn live(&self, learning: &Learning) -> Result<bool, BoxError> {
        let (users, groups) = (self.arguments.users, self.arguments.groups);
        let mut phases = Scenario::phases(&self.prefix, users, groups);
        println!("\nPhases (names begin with {})", self.prefix);
        let mut wanted = Wanted::default();
        let mut is_at_rest = true;
        for phase in &phases {
            is_at_rest = self.phase(phase).await?;
            wanted = phase.wanted.clone();
            if !is_at_rest {
                break;
            }
        }
        let mut judgements = vec![("After the life", self.judge(&wanted, true).await?)];
        // What does not come to rest is left as it is, to be looked at.
        if is_at_rest && !self.arguments.keep {
            let last = Scenario::tidy_up(&wanted);
            is_at_rest = self.phase(&last).await?;
            judgements
                .push(("After everything is deleted", self.judge(&last.wanted, false).await?));
            phases.push(last);
        }
        print::learnt(&learning.facts());
        let exchanges = self.ledger.exchanges();
        if self.arguments.requests {
            print::every(&exchanges);
        }
        print::requests(&phases, &exchanges);
        for (title, judgement) in &judgements {
            print::judgement(title, judgement);
        }
        let failures: usize = judgements.iter().map(|(_, one)| one.failures.len()).sum();
        let is_good = is_at_rest && failures == 0;
        println!("\n{}", if is_good { "The target has what it can hold." } else { "FAILED" });
        Ok(is_good)
    }

    async fn phase(&self, phase: &Phase) -> Result<bool, BoxError> {
        run::phase(&self.dispatcher, &self.ledger, phase, self.arguments.patience).await
    }

    async fn judge(&self, wanted: &Wanted, says_states: bool) -> Result<Judgement, BoxError> {
        let shown = self.looker.look().await?;
        if says_states {
            print::states(wanted, &shown);
        }
        Ok(judge::judge(&Case {
            prefix: &self.prefix,
            wanted,
            shown: &shown,
            exchanges: &self.ledger.exchanges(),
            open: &run::open(&self.dispatcher).await?,
            has_profile: self.arguments.profile.is_some(),
        }))
    }
}

/// Of this run alone, and as short as it can be.
fn prefix() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("life-{:x}-{:x}-", now.as_secs(), std::process::id())
}

fn authorization(credentials: &Credentials) -> Option<String> {
    match credentials {
        Credentials::None => None,
        Credentials::Token(token) => Some(format!("Bearer {}", token.expose())),
        Credentials::Basic { user, password } => {
            let pair = format!("{user}:{}", password.expose());
            Some(format!("Basic {}", base64(pair.as_bytes())))
        }
    }
}

/// RFC 4648 section 4: a look by another client shares no code with ours.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |place: usize| u32::from(chunk.get(place).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = (bits >> (18 - 6 * place) & 63) as usize;
            let letter = LETTERS.get(letter).copied().map_or('=', char::from);
            text.push(if place > chunk.len() { '=' } else { letter });
        }
    }
    text
}
