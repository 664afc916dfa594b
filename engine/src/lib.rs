//! The columnar store: batches in, views out, and everything durable in between.
//!
//! ```text
//!   BatchFrame ─ admission ─ wal ─ apply ─▶ memtable ─ flush ─▶ parts ─ compaction ─▶ parts
//!                                              └───────┬────────┴───────────┘
//!                                                    View ─ scan ─▶ RecordBatch
//! ```
//!
//! An [`Engine`] is opened on a data directory, recovers what was durable, and keeps the promises
//! that `invariants` lists. It knows neither SQL nor networks, and has threads of its own but no
//! asynchronous runtime. What is where on disk is written down in `docs/internals/store.md`,
//! `manifest.md` and `part.md`.

mod admission;
mod apply;
mod catalogue;
pub mod column;
mod compaction;
mod dedup;
pub mod encoding;
mod engine;
mod environment;
mod error;
mod flush;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod invariants;
mod latest;
mod manifest;
mod memtable;
mod merge;
mod metrics;
pub mod offline;
pub mod part;
mod paths;
mod recovery;
mod scan;
mod series;
mod settings;
mod shares;
mod state;
mod store;
mod tombstone;
mod view;

pub use apply::{Commit, Committed};
pub use catalogue::{
    AuthorityRecord, Catalogue, CatalogueEdit, CollectorRecord, Role, TableChange, TokenRecord,
};
pub use engine::{Engine, MemoryShare, PartStatus, Snapshot, SnapshotPart, Status};
pub use environment::Environment;
pub use error::{Error, Kind};
pub use metrics::Metrics;
pub use recovery::{Recovery, RecoveryOutcome};
pub use scan::{ScanOrder, ScanPartition, ScanRequest, TagSelection};
pub use settings::{CompactionSettings, LogSettings, Settings};
pub use shares::Shares;
pub use tombstone::RowPredicate;
pub use view::{TableView, View};
