//! Keeps events, lanes and links: the contract, and a store in memory.
//!
//! Not for: deciding. A store keeps rows and finds what is due; what goes into them the delivery core says.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use outbound_provisioning::model::{EventId, ResourceKey, ResourceKind};
//! use outbound_provisioning::store::{Batch, Committed, Durability, MemoryStore, ResourceWrite, Store};
//!
//! let store = MemoryStore::new();
//! let key = ResourceKey::new("acme".into(), ResourceKind::User, "u-1".into());
//! let mut batch = Batch::new();
//! batch.resource = Some(ResourceWrite::new(key.clone(), 0, EventId::new(1)));
//! assert!(store.commit(batch.clone(), Durability::Immediate).await?.is_done());
//! // Made from a row that has changed meanwhile:
//! assert_eq!(store.commit(batch, Durability::Immediate).await?, Committed::Conflict);
//! assert_eq!(store.resource(&key).await?.newest, EventId::new(1));
//! # Ok::<(), outbound_provisioning::Error>(())
//! # }).unwrap();
//! ```

mod batch;
mod contract;
mod due;
mod keys;
mod ledger;
mod memory;
#[cfg(feature = "redb")]
mod redb;
mod references;
mod rows;
mod tables;

pub use batch::{Batch, Committed, Durability, LaneWrite, MembershipWrite, Opening, ResourceWrite};
pub use contract::Store;
pub(crate) use keys::{key_of, member_of};
pub use memory::MemoryStore;
#[cfg(feature = "redb")]
pub use redb::{RedbOptions, RedbStore};
pub use rows::{Hint, LaneQuery, OpenMembers, StoredLane, StoredResource, Which};
