//! The one who kills: starts lives, ends them, and compares what is there with what must be.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::Result;
use crate::child::{CHILD, Orders};
use crate::script::{Dice, Script, group_id, user_id};
use crate::target::Target;

#[path = "../support/folder.rs"]
mod folder;
use folder::TempFolder;

/// A life that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_secs(150);
/// The longest that a life may take to be ready.
const RECOVERY: Duration = Duration::from_secs(10);
/// Violations that are printed.
const SHOWN: usize = 30;

/// What came of all rounds.
#[derive(Default)]
struct Report {
    kills: u64,
    orderly: u64,
    confirmed: u64,
    lost: u64,
    reordered: u64,
    ghosts: u64,
    duplicates: u64,
    refused_creates: u64,
    requests: u64,
    posthumous: u64,
    poisoned: u64,
    quarantined: u64,
    /// Long pauses after failures that were not waited for.
    cut_short: u64,
    ready: Vec<Duration>,
    first_request: Vec<Duration>,
    violations: Vec<String>,
}

/// One store and one target, and the lives that work on them.
struct Round<'a> {
    number: u64,
    seed: u64,
    lossy: bool,
    folder: TempFolder,
    target: &'a Target,
    position: u64,
    confirmed: BTreeMap<String, u64>,
    report: &'a mut Report,
    began: Instant,
}

/// When a life ends.
enum End {
    /// So long after it was started.
    AfterStart(Duration),
    /// So long after it was ready.
    AfterReady(Duration),
    /// It is asked to.
    Asked(Duration),
    /// It comes to rest and ends on its own.
    Rest,
}

fn setting(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("{name}={text} is not a number").into()),
        Err(_) => Ok(default),
    }
}

/// Kills as often as it is told. Answers whether everything held.
pub(crate) fn run() -> Result<bool> {
    let kills = setting("KILLS", 20)?;
    let seed = setting("SEED", 1)?;
    let per_round = setting("ROUND", (kills / 2).clamp(1, 50))?.max(1);
    println!("{kills} kills, {per_round} a round, SEED={seed}");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (mut report, began) = (Report::default(), Instant::now());
    let mut number = 0;
    while report.kills < kills && report.violations.len() < SHOWN {
        let most = per_round.min(kills - report.kills);
        round(&runtime, &mut report, seed, number, most)?;
        number += 1;
        if number.is_multiple_of(20) {
            println!("{} (so far)", report.line(began.elapsed()));
        }
    }
    println!("{}", report.line(began.elapsed()));
    for violation in report.violations.iter().take(SHOWN) {
        println!("  {violation}");
    }
    Ok(report.violations.is_empty())
}

fn round(runtime: &Runtime, report: &mut Report, seed: u64, number: u64, kills: u64) -> Result<()> {
    let lossy = number % 2 == 1;
    let seed = Dice::new(seed.wrapping_mul(1_000_003).wrapping_add(number)).below(u64::MAX);
    let target = runtime.block_on(Target::start(lossy, seed))?;
    let mut round = Round {
        number,
        seed,
        lossy,
        folder: TempFolder::new(),
        target: &target,
        position: 0,
        confirmed: BTreeMap::new(),
        report,
        began: Instant::now(),
    };
    let mut dice = Dice::new(seed ^ 0x5eed);
    let (mut life, mut killed) = (1, 0);
    while killed < kills {
        let pause = Duration::from_millis(1 + dice.below(120));
        let end = match dice.below(16) {
            0 => End::Asked(pause),
            1..5 => End::AfterStart(pause),
            _ => End::AfterReady(pause),
        };
        killed += u64::from(!matches!(end, End::Asked(_)));
        round.live(life, end)?;
        life += 1;
    }
    round.live(life, End::Rest)?;
    round.compare();
    let seen = target.seen();
    let report = &mut *round.report;
    report.kills += kills;
    report.confirmed += round.position;
    report.duplicates += seen.duplicates;
    report.refused_creates += seen.refused_creates;
    report.requests += seen.requests;
    report.posthumous += seen.posthumous;
    for violation in seen.violations {
        round.report.reordered += u64::from(violation.starts_with("reordered"));
        round.violated(violation);
    }
    if std::env::var_os("VERBOSE").is_some() {
        println!(
            "round {number}: {killed} kills, {} events, {:?}",
            round.position,
            round.began.elapsed()
        );
    }
    Ok(())
}

impl Round<'_> {
    fn violated(&mut self, text: impl AsRef<str>) {
        let (number, at, lossy) = (self.number, self.position, self.lossy);
        let text = text.as_ref();
        let target = if lossy { "lossy" } else { "honest" };
        self.report.violations.push(format!("round {number} ({target}), event {at}: {text}"));
    }

    /// One life, from its start to its end.
    fn live(&mut self, life: u64, end: End) -> Result<()> {
        let orders = Orders {
            store: self.folder.path().join("outbound.redb"),
            base_url: self.target.base_url.clone(),
            life,
            seed: self.seed,
            position: self.position,
            last: matches!(end, End::Rest),
            confirmed: self.confirmed.clone().into_iter().collect(),
        };
        self.target.begin_life(life);
        let started = Instant::now();
        let mut process = Command::new(std::env::current_exe()?)
            .env(CHILD, orders.to_json())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = lines_of(&mut process)?;
        let mut due = match end {
            End::AfterStart(pause) => Some(started + pause),
            End::AfterReady(_) | End::Asked(_) | End::Rest => None,
        };
        let mut quiet = false;
        loop {
            let wait = due.map_or(SILENCE, |due| due.saturating_duration_since(Instant::now()));
            match lines.recv_timeout(wait) {
                Ok(line) => {
                    if line == "ready" {
                        let recovery = started.elapsed();
                        self.report.ready.push(recovery);
                        if recovery > RECOVERY {
                            self.violated(format!("ready after {recovery:?} only"));
                        }
                        if let End::AfterReady(pause) | End::Asked(pause) = end {
                            due = Some(Instant::now() + pause);
                        }
                    }
                    quiet |= line == "quiet";
                    self.heard(&line);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if due.take().is_none() {
                        self.violated("a life said nothing for too long");
                    } else if matches!(end, End::Asked(_)) {
                        drop(process.stdin.take());
                        continue;
                    }
                    // A process that is gone already cannot be killed.
                    let _ = process.kill();
                    break;
                }
            }
        }
        let status = process.wait()?;
        // What it said before it died is still in the pipe.
        while let Ok(line) = lines.recv() {
            self.heard(&line);
        }
        self.report.first_request.extend(
            self.target.seen().first_of_life.map(|first| first.saturating_duration_since(started)),
        );
        self.check_end(&end, status, quiet);
        self.check_ghosts();
        Ok(())
    }

    fn heard(&mut self, line: &str) {
        let mut words = line.split(' ');
        match words.next() {
            Some("confirmed") => {
                let (position, who, number) = (words.next(), words.next(), words.next());
                let expected = self.position.to_string();
                if position != Some(&*expected) {
                    self.violated(format!("confirmed out of turn: {line}"));
                }
                self.position += 1;
                if let (Some(who), Some(Ok(number))) = (who, number.map(str::parse)) {
                    let before = self.confirmed.insert(who.to_owned(), number);
                    if before.is_some_and(|before| before >= number) {
                        self.violated(format!("a number was given twice: {line}"));
                    }
                }
            }
            Some("lost") => {
                self.report.lost += 1;
                self.violated(line);
            }
            // Kills are what it is for: three in a row over one lane are counted, and must stay rare.
            Some("parked") if line.contains("the process died") => self.report.poisoned += 1,
            Some("quarantined") if self.lossy => self.report.quarantined += 1,
            Some("waits") => {
                self.report.cut_short += 1;
                if std::env::var_os("VERBOSE").is_some() {
                    println!("  {line}");
                }
            }
            Some("ready" | "quiet" | "retried") => {}
            Some("ended") if line == "ended 0" || self.lossy => {}
            _ => self.violated(line),
        }
    }

    fn check_end(&mut self, end: &End, status: ExitStatus, quiet: bool) {
        match end {
            End::Rest if !quiet => self.violated("it did not come to rest"),
            End::Rest | End::Asked(_) if !status.success() => {
                self.violated(format!("it ended with {status}"));
            }
            End::AfterStart(_) | End::AfterReady(_) if status.code().is_some() => {
                self.violated(format!("it ended before it was killed, with {status}"));
            }
            End::Asked(_) => self.report.orderly += 1,
            _ => {}
        }
    }

    /// Nothing may have been sent of an event that was never given.
    fn check_ghosts(&mut self) {
        // The next event may have been accepted without the confirmation having been written.
        let given = Script::after(self.seed, self.position + 1);
        for (who, newest) in self.target.newest() {
            if newest > given.newest_of(&who) {
                self.report.ghosts += 1;
                self.violated(format!("ghost: {who} with seq={newest}, which nobody sent"));
            }
        }
    }

    /// The target holds what the script says, and nothing else.
    fn compare(&mut self) {
        if !self.target.is_at_rest() {
            self.violated("a request was still to take effect when all was quiet");
        }
        let truth = Script::after(self.seed, self.position);
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for (place, user) in truth.users.iter().enumerate().filter(|(_, user)| user.exists) {
            let (name, shown) = (user.user_name(place), user.display_name(place));
            wanted.insert(format!("{} {name} {shown} active={}", user_id(place), user.active));
        }
        for (place, group) in truth.groups.iter().enumerate().filter(|(_, group)| group.exists) {
            let members: BTreeSet<String> = group.members.iter().copied().map(user_id).collect();
            wanted.insert(format!("{} {} {members:?}", group_id(place), group.name(place)));
        }
        let users = self.target.users();
        let owner = |id: &str| {
            let found = users.iter().find(|user| text(user, "id") == id);
            found.map_or_else(|| format!("nobody ({id})"), |user| text(user, "externalId"))
        };
        let mut found: Vec<String> = Vec::new();
        for user in &users {
            let (who, name) = (text(user, "externalId"), text(user, "userName"));
            let active = user.get("active").and_then(Value::as_bool).unwrap_or(true);
            found.push(format!("{who} {name} {} active={active}", text(user, "displayName")));
        }
        for group in self.target.groups() {
            let members = group.get("members").and_then(Value::as_array).into_iter().flatten();
            let members: BTreeSet<String> =
                members.map(|member| owner(&text(member, "value"))).collect();
            let (who, name) = (text(&group, "externalId"), text(&group, "displayName"));
            found.push(format!("{who} {name} {members:?}"));
        }
        for missing in wanted.iter().filter(|wanted| !found.contains(wanted)) {
            self.report.lost += 1;
            self.violated(format!("missing in the end: {missing}"));
        }
        for (place, extra) in found.iter().enumerate() {
            let again = found.iter().take(place).any(|earlier| earlier == extra);
            if again || !wanted.contains(extra) {
                self.report.ghosts += 1;
                self.violated(format!("in the end there should not be: {extra}"));
            }
        }
    }
}

/// The lines of a process, as they come.
fn lines_of(process: &mut Child) -> Result<Receiver<String>> {
    let output = process.stdout.take().ok_or("no pipe")?;
    let (give, lines) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        // A line without its end was never finished.
        while output.read_line(&mut line).is_ok_and(|read| read > 0) && line.ends_with('\n') {
            if give.send(line.trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    Ok(lines)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Report {
    fn line(&mut self, wall: Duration) -> String {
        format!(
            "kills {}, orderly ends {}, confirmed {}, lost {}, reordered {}, ghosts {}, duplicates {} (refused creates {}), \
             requests {}, read after death {}, parked after 3 deaths {}, quarantined {}, pauses cut short {}, \
             ready after {} ms (median) {} ms (most), first request {} ms (median) {} ms (most), violations {}, {} s",
            self.kills,
            self.orderly,
            self.confirmed,
            self.lost,
            self.reordered,
            self.ghosts,
            self.duplicates,
            self.refused_creates,
            self.requests,
            self.posthumous,
            self.poisoned,
            self.quarantined,
            self.cut_short,
            median(&mut self.ready),
            most(&self.ready),
            median(&mut self.first_request),
            most(&self.first_request),
            self.violations.len(),
            wall.as_secs(),
        )
    }
}

fn median(times: &mut [Duration]) -> u128 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0, Duration::as_millis)
}

fn most(times: &[Duration]) -> u128 {
    times.iter().max().map_or(0, Duration::as_millis)
}
