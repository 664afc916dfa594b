//! The columnar store: memtable, parts, manifest, flush, compaction, views and scans.

mod catalogue;
pub mod column;
mod dedup;
mod encoding;
mod environment;
mod error;
mod invariants;
mod manifest;
mod memtable;
mod merge;
pub mod part;
mod paths;
mod scan;
mod series;
mod settings;
mod state;
mod view;

pub use catalogue::{
    AuthorityRecord, Catalogue, CatalogueEdit, CollectorRecord, Role, TableChange, TokenRecord,
};
pub use environment::Environment;
pub use error::{Error, Kind};
pub use scan::{ScanPartition, ScanRequest, TagSelection};
pub use settings::{CompactionSettings, LogSettings, Settings};
pub use view::{TableView, View};
