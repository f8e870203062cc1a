//! What durability costs: the embedded store beside loops with none of the library's duties, in the same run.
//!
//! ```console
//! $ cargo bench --bench durable --features full                   # all of it, some minutes
//! $ cargo bench --bench durable --features full -- enqueue claim  # parts of it
//! $ QUICK=1 cargo bench --bench durable --features full           # a smoke test; its figures mean little
//! ```
//!
//! Only ratios mean anything, and only those of one run: both sides take turns, and a ratio is the median of the
//! rounds' own, with the lowest and highest behind it. Nothing is asserted. The aims are in brackets.

mod backlog;
mod end_to_end;
mod enqueue;
mod faults;
mod floors;
mod measure;
#[path = "../sample/mod.rs"]
mod sample;
#[path = "../stub/mod.rs"]
mod stub;
mod urgent;

use std::time::Duration;

use measure::quick;
use sample::BoxError;

type Part = (&'static str, fn() -> Result<(), BoxError>);

const PARTS: [Part; 8] = [
    ("enqueue", enqueue::compare),
    ("end-to-end", end_to_end::compare),
    ("pipeline", end_to_end::pipelines),
    ("backlog", backlog::compare),
    ("claim", backlog::claims),
    ("idle", backlog::idle),
    ("faults", faults::compare),
    ("urgent", urgent::compare),
];

fn main() -> Result<(), BoxError> {
    if let Ok(latency) = std::env::var(stub::STUB) {
        return stub::serve(Duration::from_millis(latency.parse()?));
    }
    if let Ok(mode) = std::env::var("MODE") {
        return backlog::child(&mode);
    }
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if quick() {
        println!("QUICK: the figures mean little\n");
    }
    for (name, part) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            part()?;
            println!();
        }
    }
    Ok(())
}
