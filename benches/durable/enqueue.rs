//! Durable acceptance [G6, G7]: an event through `dispatch` into the embedded store, beside redb's own group commit and
//! a file that is appended to. Syncs are counted by `scripts/syncs` [G8].

use outbound_provisioning::store::RedbStore;
use outbound_provisioning::{Dispatcher, Outcome};

use crate::floors::Floor;
use crate::measure::{Folder, Spread, size, timed, workers};
use crate::sample::{self, BoxError};

pub(crate) fn compare() -> Result<(), BoxError> {
    println!("Durable enqueue; events/s, and ours / floor [G6 >= 0.8 of redb; G7]");
    println!(
        "  {:>9}  {:>10} {:>10} {:>10}  {:<24} {:<24}",
        "producers", "append", "redb", "ours", "/ redb", "/ append"
    );
    let only: Option<usize> = std::env::var("PRODUCERS").ok().and_then(|text| text.parse().ok());
    let sides = [(64, size(2_000, 40_000)), (1, size(200, 4_000))];
    for (producers, events) in
        sides.into_iter().filter(|(many, _)| only.is_none_or(|it| it == *many))
    {
        let mut rounds = Vec::new();
        for _ in 0..if only.is_some() { 1 } else { size(1, 5) } {
            rounds.push(workers()?.block_on(round(producers, events))?);
        }
        let per_second = |seconds: fn(&Seconds) -> f64| {
            Spread::of(rounds.iter().map(|round| events as f64 / seconds(round))).median
        };
        println!(
            "  {producers:>9}  {:>10.0} {:>10.0} {:>10.0}  {:<24} {:<24}",
            per_second(|it| it.append),
            per_second(|it| it.redb),
            per_second(|it| it.ours),
            Spread::of(rounds.iter().map(|it| it.redb / it.ours)).to_string(),
            Spread::of(rounds.iter().map(|it| it.append / it.ours)).to_string(),
        );
    }
    Ok(())
}

struct Seconds {
    append: f64,
    redb: f64,
    ours: f64,
}

async fn round(producers: usize, events: usize) -> Result<Seconds, BoxError> {
    let folder = Folder::new()?;
    let only = std::env::var("ONLY").unwrap_or_default();
    let wanted = |side: &str| only.is_empty() || only == side;
    let floor = |floor: Floor| {
        timed(producers, events, move |number| {
            let floor = floor.clone();
            async move {
                let user = serde_json::to_vec(&sample::user(number))?;
                floor.enqueue(sample::local_id(number), user).await
            }
        })
    };
    let mut seconds = Seconds { append: f64::NAN, redb: f64::NAN, ours: f64::NAN };
    if wanted("append") {
        seconds.append = floor(Floor::append(&folder.file("append"))?).await?;
    }
    if wanted("redb") {
        seconds.redb = floor(Floor::redb(&folder.file("floor"))?).await?;
    }
    if wanted("ours") {
        let store = RedbStore::open(folder.file("ours"))?;
        let (dispatcher, _) = sample::queued_dispatcher(store, sample::Noop)?;
        seconds.ours = timed(producers, events, move |number| {
            let dispatcher = dispatcher.clone();
            async move { accept(&dispatcher, number).await }
        })
        .await?;
    }
    Ok(seconds)
}

/// Accepts the event that brings the sample user with this number.
pub(crate) async fn accept(dispatcher: &Dispatcher, number: usize) -> Result<(), BoxError> {
    let report = dispatcher.dispatch(sample::created(number)).await?;
    match report.deliveries.first().map(|delivery| &delivery.outcome) {
        Some(Outcome::Queued) => Ok(()),
        other => Err(format!("not queued: {other:?}").into()),
    }
}
