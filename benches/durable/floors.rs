//! Loops with none of the library's duties: what the medium itself can do.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use redb::{Database, TableDefinition};
use tokio::sync::oneshot;

use crate::sample::BoxError;

const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
const KEYS: TableDefinition<'_, &str, u64> = TableDefinition::new("keys");

type Waiting = (String, Vec<u8>, oneshot::Sender<()>);

/// A writer thread that makes durable what waits, all at once.
#[derive(Clone)]
pub(crate) struct Floor(Sender<Waiting>);

impl Floor {
    /// Appends to a file, with one fdatasync for all that wait.
    pub(crate) fn append(path: &Path) -> Result<Self, BoxError> {
        let mut file = File::create(path)?;
        Ok(Self::start(move |batch| {
            let mut bytes = Vec::new();
            for (key, event, _) in batch {
                bytes.extend_from_slice(&u32::try_from(event.len())?.to_be_bytes());
                bytes.extend_from_slice(key.as_bytes());
                bytes.extend_from_slice(event);
            }
            file.write_all(&bytes)?;
            Ok(file.sync_data()?)
        }))
    }

    /// Two tables of redb, with one commit for all that wait.
    pub(crate) fn redb(path: &Path) -> Result<Self, BoxError> {
        let database = Database::builder().set_cache_size(16 << 20).create(path)?;
        let mut number = 0;
        Ok(Self::start(move |batch| {
            let transaction = database.begin_write()?;
            {
                let (mut events, mut keys) =
                    (transaction.open_table(EVENTS)?, transaction.open_table(KEYS)?);
                for (key, event, _) in batch {
                    number += 1;
                    events.insert(number, event.as_slice())?;
                    keys.insert(key.as_str(), number)?;
                }
            }
            Ok(transaction.commit()?)
        }))
    }

    fn start(mut write: impl FnMut(&[Waiting]) -> Result<(), BoxError> + Send + 'static) -> Self {
        let (sender, waiting): (Sender<Waiting>, Receiver<Waiting>) = channel();
        std::thread::spawn(move || {
            while let Ok(first) = waiting.recv() {
                let batch: Vec<Waiting> =
                    std::iter::once(first).chain(waiting.try_iter().take(255)).collect();
                if write(&batch).is_err() {
                    return;
                }
                for (_, _, done) in batch {
                    // A producer that went away does not wait.
                    let _ = done.send(());
                }
            }
        });
        Self(sender)
    }

    /// Makes one event durable.
    pub(crate) async fn enqueue(&self, key: String, event: Vec<u8>) -> Result<(), BoxError> {
        let (done, wait) = oneshot::channel();
        self.0.send((key, event, done)).map_err(|_| "the floor is gone")?;
        Ok(wait.await?)
    }
}
