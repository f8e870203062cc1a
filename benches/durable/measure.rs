//! Rounds, medians, and a place for files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::sample::BoxError;

pub(crate) fn quick() -> bool {
    std::env::var_os("QUICK").is_some()
}

/// One number for a smoke test, another for a measurement.
pub(crate) fn size(quickly: usize, fully: usize) -> usize {
    if quick() { quickly } else { fully }
}

pub(crate) fn workers() -> Result<Runtime, BoxError> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Seconds that this many items take, so many at once.
pub(crate) async fn timed<F, W>(producers: usize, items: usize, work: W) -> Result<f64, BoxError>
where
    W: Fn(usize) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), BoxError>> + Send,
{
    let (work, next, start) = (Arc::new(work), Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut tasks = JoinSet::new();
    for _ in 0..producers {
        let (work, next) = (Arc::clone(&work), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= items {
                    return Ok::<(), BoxError>(());
                }
                work(number).await?;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// Seconds of CPU of this process so far.
pub(crate) fn cpu() -> Result<f64, BoxError> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> Result<f64, BoxError> { Ok(fields.next().ok_or("short stat")?.parse()?) };
    Ok((next()? + next()?) / 100.0)
}

/// Memory of this process in KiB: `VmRSS` or `VmHWM`.
pub(crate) fn memory(field: &str) -> Result<f64, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    Ok(line.and_then(|line| line.split_whitespace().next()).ok_or("no such field")?.parse()?)
}

/// The middle, the lowest and the highest.
pub(crate) struct Spread {
    pub(crate) median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        Self { median: at(values.len() / 2), lowest: at(0), highest: at(values.len() - 1) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.lowest, self.highest)
    }
}

/// A folder that is gone when this is dropped. On a disk: `BENCH_DIR`, or else beside the programs that were built.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self, BoxError> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let beside = || Some(std::env::current_exe().ok()?.parent()?.to_owned());
        let base = std::env::var_os("BENCH_DIR").map(PathBuf::from).or_else(beside);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = base.ok_or("no folder")?.join(format!("bench-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is among the build's own files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
