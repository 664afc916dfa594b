//! Backups: full, then incremental by content; the log archived as it grows; restore to any moment.
//!
//! ```text
//!   engine ── snapshot ──▶ create ── blobs, then manifest ──▶ ┌────────────┐
//!      └── log ─────────▶ Archiver ── segments ────────────▶ │ Repository │ s3, gs, az, file
//!   new directory ◀── restore ◀── manifest, blobs, segments ─ └────────────┘
//!                                                   verify ──▶ Report
//! ```
//!
//! A [`Repository`] holds one cluster. Everything in it is sealed before it leaves the engine, and
//! named by its hash or its position, so that two backups share what did not change.
//! A point in time is the newest backup before it and the log up to it.
//!
//! It is not a scheduler and prunes nothing; `docs/internals/repository.md` has the formats.

mod archive;
mod create;
mod durable_directory;
mod error;
mod hash;
mod layout;
mod location;
mod manifest;
mod metrics;
mod repository;
mod restore;
mod sealed;
mod settings;
mod store;
mod verify;

pub use archive::{Archive, ArchiveEnvironment, Archiver, LogSource};
pub use create::{BackupRequest, Store, StoreSnapshot, create};
pub use error::{Error, Kind};
pub use hash::BlobHash;
pub use location::Location;
pub use manifest::{BackupKind, BackupRecord};
pub use metrics::Metrics;
pub use repository::Repository;
pub use restore::{At, Phase, Progress, RestorePlan, RestoreReport, RestoreRequest, plan, restore};
pub use settings::{Settings, StoreOptions};
pub use verify::{Problem, VerifyLevel, VerifyReport, verify};
