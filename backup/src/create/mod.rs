//! A backup: pin the store, store what is not stored, wait for the log, write the manifest.
//!
//! ```text
//!   snapshot ──▶ blobs that are missing ──▶ log archived up to the end ──▶ manifest, created last
//!   (no writer waits)                                                      (B-1: now it exists)
//! ```
//!
//! A backup that is cut short leaves blobs that the next one finds, and nothing else.

mod files;
mod snapshot;

use std::fmt;
use std::sync::Arc;

use schema::Timestamp;
use tracing::info;

use crate::archive::{Archive, ArchiveEnvironment};
use crate::manifest::{MANIFEST_FORMAT, Manifest, StoreFile, backup_id};
use crate::metrics::Metrics;
use crate::repository::Stored;
use crate::{BackupKind, BackupRecord, Error, Repository};
use files::Files;
pub(crate) use snapshot::LocalPart;
use snapshot::LogSpan;
pub use snapshot::{Store, StoreSnapshot};

/// What to back up, and to where.
#[derive(Clone)]
pub struct BackupRequest {
    /// The store, an `Arc<engine::Engine>`.
    pub store: Arc<dyn Store>,
    /// The archiver that ships its log to the same repository.
    pub archive: Archive,
    /// Where to.
    pub repository: Repository,
    /// Disk, clock and keys of the store.
    pub environment: ArchiveEnvironment,
    /// Whether files that are stored already are left alone.
    pub kind: BackupKind,
    /// Counts what was done.
    pub metrics: Arc<Metrics>,
}

/// Makes a backup. Writers go on meanwhile; what they commit after the call may be part of it.
///
/// Cancelling it, or a crash, leaves no backup. Memory: `transfers_max` times two chunks.
///
/// # Errors
/// [`Error::ArchiverStopped`], [`Error::HashMismatch`] when a file of the store changed on disk,
/// [`Error::Engine`], and what the object store says.
pub async fn create(request: BackupRequest) -> Result<BackupRecord, Error> {
    let (repository, environment) = (&request.repository, &request.environment);
    let (keyring, clock) = (&environment.keyring, environment.clock.as_ref());
    let created = Timestamp::from_nanos(clock.now().0);
    repository.prepare(keyring, clock).await?;
    let previous = repository.newest_manifest(keyring).await?;
    let snapshot = snapshot::take(&request.store).await?;
    let span = LogSpan::of(request.store.log(), snapshot.flushed_lsn);
    let mut files = Files::begin(repository, environment, request.kind, previous.as_ref()).await?;
    let parts = files.store(&snapshot.parts).await?;
    let store = StoreFile {
        version: snapshot.version,
        blob: files.store_bytes(snapshot.manifest.clone()).await?,
    };
    let keyring_copy = repository.store_keyring(keyring).await?;
    request.archive.wait_until_stored(span.end_lsn).await?;
    let bytes = store.blob.bytes + parts.iter().map(|part| part.blob.bytes).sum::<u64>();
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        record: record(
            &request,
            &span,
            &snapshot,
            created,
            bytes,
            files.new_bytes(),
        ),
        previous: None,
        log_segment: span.first_segment,
        end_segment: span.last_segment,
        keyring: keyring_copy,
        store,
        parts,
    };
    let record = publish(&request, manifest, previous).await?;
    // Where something was missing before it in the archived log, that can be restored from now on.
    request.archive.nudge();
    request.metrics.backups.inc();
    request.metrics.backup_bytes.inc_by(record.new_bytes);
    let seconds = created.nanos() / 1_000_000_000;
    request.metrics.backup_time_seconds.set(seconds);
    info!(id = %record.id, bytes = record.bytes, new_bytes = record.new_bytes, "backup complete");
    Ok(record)
}

/// Writes the manifest under the next free number.
async fn publish(
    request: &BackupRequest,
    mut manifest: Manifest,
    mut previous: Option<Stored>,
) -> Result<BackupRecord, Error> {
    let keyring = &request.environment.keyring;
    loop {
        let before = previous.as_ref();
        let record = &mut manifest.record;
        record.n = before.map_or(1, |stored| stored.manifest.record.n + 1);
        record.id = backup_id(record.created, record.n);
        record.parent = before.map(|stored| stored.manifest.record.id.clone());
        manifest.previous = before.map(|stored| stored.hash);
        match request.repository.put_manifest(keyring, &manifest).await {
            Ok(_) => return Ok(manifest.record),
            // Another backup of this store was faster; this one is as good, under the next number.
            Err(Error::Conflict { .. }) => {
                previous = request.repository.newest_manifest(keyring).await?;
            }
            Err(error) => return Err(error),
        }
    }
}

fn record(
    request: &BackupRequest,
    span: &LogSpan,
    snapshot: &StoreSnapshot,
    created: Timestamp,
    bytes: u64,
    new_bytes: u64,
) -> BackupRecord {
    BackupRecord {
        id: String::new(),
        n: 0,
        created,
        kind: request.kind,
        base_lsn: snapshot.flushed_lsn,
        end_lsn: span.end_lsn.max(snapshot.flushed_lsn),
        end_time: span.end_time,
        timeline: span.timeline,
        bytes,
        new_bytes,
        parent: None,
    }
}

impl fmt::Debug for BackupRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupRequest")
            .field("repository", &self.repository)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
