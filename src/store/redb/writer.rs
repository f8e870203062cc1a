//! One thread writes: whatever waits goes into one transaction, so that many wait for one sync (group commit).

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::file::{File, Place};
use super::options::RedbOptions;
use super::reseal::{self, Resealed};
use crate::delivery::Life;
use crate::error::{Error, ErrorKind, Result};
use crate::handover::{Giver, handover};
use crate::model::{ResourceKey, Timestamp};
use crate::store::batch::{Batch, Committed, Durability};
use crate::store::ledger;

/// Requests in one transaction.
const AT_ONCE: usize = 256;
/// Deferred commits are synced after so long without an immediate one.
const SYNC_AFTER: Duration = Duration::from_millis(100);

/// What the writer is asked.
pub(super) enum Request {
    Commit(Box<Batch>, Durability, Giver<Result<Committed>>),
    Tidy(Timestamp, usize, Giver<Result<usize>>),
    Reseal(Arc<[Place]>, Giver<Result<Resealed>>),
    Close(Giver<Result<()>>),
    /// The store is dropped: what was committed is made durable. That is no clean end, for an attempt may have been
    /// dropped with it.
    Drop,
}

/// The file, as readers and the writer share it. None while it is being opened again after a failure.
pub(super) type Shared = Arc<RwLock<Option<File>>>;

/// The writer's thread.
pub(super) struct Writer {
    requests: Sender<Request>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        file: Shared,
        life: Life,
        path: PathBuf,
        options: RedbOptions,
    ) -> Result<Self> {
        let (requests, waiting) = channel();
        let writer = Work { file, path, options, waiting, unsynced: None, life, tidied: None };
        let thread = std::thread::Builder::new()
            .name("outbound-store".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| {
                Error::new(ErrorKind::Storage, "the store's thread cannot be started")
                    .with_source(error)
            })?;
        Ok(Self { requests, thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn ask<T>(
        &self,
        request: impl FnOnce(Giver<Result<T>>) -> Request,
    ) -> Result<T> {
        let (giver, taker) = handover();
        self.requests.send(request(giver)).map_err(|_| closed())?;
        taker.take().await.unwrap_or_else(|| Err(closed()))
    }
}

impl Drop for Writer {
    /// Everything that was committed is made durable.
    fn drop(&mut self) {
        // An error means that it is closed already.
        let _ = self.requests.send(Request::Drop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // The thread does not panic; if it did, there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

pub(super) fn closed() -> Error {
    let message = "the store's file is closed; if nobody closed it, it failed and is opened again as soon as that is possible: look at the disk";
    Error::new(ErrorKind::Storage, message)
}

struct Work {
    file: Shared,
    path: PathBuf,
    options: RedbOptions,
    waiting: Receiver<Request>,
    /// Something was committed that is not on disk.
    unsynced: Option<Instant>,
    tidied: Option<ResourceKey>,
    life: Life,
}

impl Work {
    fn run(mut self) {
        loop {
            let first = if self.unsynced.is_some() {
                match self.waiting.recv_timeout(SYNC_AFTER) {
                    Ok(first) => first,
                    Err(RecvTimeoutError::Timeout) => {
                        self.sync();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            } else {
                match self.waiting.recv() {
                    Ok(first) => first,
                    Err(_) => return,
                }
            };
            let mut commits = Vec::new();
            let mut next = Some(first);
            while let Some(request) = next.take() {
                match request {
                    Request::Commit(batch, durability, giver) => {
                        commits.push((batch, durability, giver));
                    }
                    Request::Tidy(before, limit, giver) => {
                        self.commit(std::mem::take(&mut commits));
                        let tidied = self.tidy(before, limit);
                        giver.give(tidied);
                    }
                    Request::Reseal(rows, giver) => {
                        self.commit(std::mem::take(&mut commits));
                        // On disk before an older key may be given up, also what others wrote under the newest one.
                        giver.give(
                            self.write(Durability::Immediate, |tables| {
                                reseal::write(tables, &rows)
                            }),
                        );
                    }
                    Request::Drop => {
                        self.commit(std::mem::take(&mut commits));
                        if self.unsynced.is_some() {
                            self.sync();
                        }
                        return;
                    }
                    Request::Close(giver) => {
                        self.commit(std::mem::take(&mut commits));
                        giver.give(self.close());
                        return;
                    }
                }
                if commits.len() < AT_ONCE {
                    next = self.waiting.try_recv().ok();
                }
            }
            self.commit(commits);
        }
    }

    fn commit(&mut self, commits: Vec<(Box<Batch>, Durability, Giver<Result<Committed>>)>) {
        if commits.is_empty() {
            return;
        }
        let immediate =
            commits.iter().any(|(_, durability, _)| *durability == Durability::Immediate);
        let overdue = self.unsynced.is_some_and(|since| since.elapsed() >= SYNC_AFTER);
        let durability =
            if immediate || overdue { Durability::Immediate } else { Durability::Deferred };
        let together = self.write(durability, |tables| {
            commits.iter().map(|(batch, _, _)| ledger::apply(tables, batch)).collect()
        });
        match together {
            Ok(answers) => {
                let answers: Vec<Committed> = answers;
                for ((_, _, giver), answer) in commits.into_iter().zip(answers) {
                    giver.give(Ok(answer));
                }
            }
            // One that cannot be written must not cost the others: each goes alone.
            Err(_) if commits.len() > 1 => {
                for (batch, durability, giver) in commits {
                    giver.give(self.write(durability, |tables| ledger::apply(tables, &batch)));
                }
            }
            Err(error) => {
                for (_, _, giver) in commits {
                    giver.give(Err(error.clone()));
                }
            }
        }
    }

    fn write<T>(
        &mut self,
        durability: Durability,
        write: impl FnOnce(&mut super::file::WriteTables<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        self.reopen_if_broken()?;
        let written = {
            let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
            file.as_ref().ok_or_else(closed)?.write(durability, write)
        };
        match &written {
            Ok(_) if durability == Durability::Immediate => self.unsynced = None,
            Ok(_) => self.unsynced = self.unsynced.or_else(|| Some(Instant::now())),
            // A file that failed once is not trusted: it is opened anew before anything else is written (F13). Only its
            // own errors have a source; a damaged row is no reason for that.
            Err(error) if std::error::Error::source(error).is_some() => {
                *self.file.write().unwrap_or_else(PoisonError::into_inner) = None;
                self.unsynced = Some(Instant::now());
            }
            Err(_) => {}
        }
        written
    }

    /// A life ends where the file failed: what was not synced is lost. Only the same file is taken again, never a new
    /// one in its place.
    fn reopen_if_broken(&mut self) -> Result<()> {
        if self.file.read().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let file = File::reopen(&self.path, &self.options, self.life)?;
        self.life = file.life();
        *self.file.write().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    fn sync(&mut self) {
        // If it fails it is tried again, and whoever reads or writes meanwhile is told.
        if self.write(Durability::Immediate, |_| Ok(())).is_err() {
            self.unsynced = Some(Instant::now());
        }
    }

    fn tidy(&mut self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut after = self.tidied.take();
        let forgotten = self
            .write(Durability::Deferred, |tables| ledger::tidy(tables, before, &mut after, limit));
        self.tidied = after;
        forgotten
    }

    fn close(&mut self) -> Result<()> {
        let file = self.file.write().unwrap_or_else(PoisonError::into_inner).take();
        file.ok_or_else(closed)?.end_cleanly()
    }
}
