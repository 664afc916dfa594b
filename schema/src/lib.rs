//! The nouns of pgAnalytics: times, positions, names, columns, tables, and how tables grow.
//!
//! Nothing here reads, writes, waits or allocates threads; every other crate may import it.
//!
//! ```text
//!   TableDefinition ── name, append_only, retention
//!     ├─ tags    (TEXT, nullable)  identify a series, in this order
//!     └─ fields  (FieldType, Kind, Unit)  what was measured
//!   evolution::merge(definition, incoming) ── adds what is new, refuses what disagrees
//!   tables::BUILT_IN ── what the collector stores, a file per PostgreSQL view
//! ```

mod column;
mod error;
mod evolution;
mod id;
mod lsn;
mod name;
mod span;
mod table;
pub mod tables;
mod time;

pub use column::{ColumnDefinition, ColumnRole, FieldType, Kind};
pub use error::{Error, Kind as ErrorKind};
pub use evolution::{Growth, Incoming, merge};
pub use id::{CollectorName, Epoch, InstancePattern, Sequence, TableName};
pub use lsn::Lsn;
pub use name::{NAME_BYTES_MAX, TIME_COLUMN, validate_name};
pub use span::Span;
pub use table::TableDefinition;
pub use time::{TimeRange, Timestamp};
