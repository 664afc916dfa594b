//! Restore: a new data directory, as the store was at a moment.
//!
//! ```text
//!   plan ── which backup, which log ──▶ download ──▶ cut ──▶ recover ──▶ publish
//!    names and records only             <dir>.restoring       engine:     rename to <dir>
//!                                       every hash checked    replay,
//!                                                             flush
//! ```
//!
//! B-3: it writes only to a directory that was absent or empty, and nothing stands there before all
//! of it is checked and synced. What it read decides nothing about where it writes: files are named
//! by hashes, random ids and numbers.

mod cut;
mod directory;
mod download;
pub(crate) mod lineage;
mod plan;
mod recover;
mod target;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use platform::{Clock, Disk, Entropy};
use schema::{Lsn, Timestamp};
use seal::MasterKey;
use tracing::info;

use crate::{BackupRecord, Error, Repository};
use directory::Staging;
pub(crate) use download::read_log;
use plan::Plan;
pub(crate) use plan::log_objects;
pub(crate) use recover::{Recover, Restored};
pub use target::At;

/// What to restore, from where, to where.
#[derive(Clone)]
pub struct RestoreRequest {
    /// Where the backups are.
    pub repository: Repository,
    /// The directory to make; absent, or empty.
    pub data_dir: PathBuf,
    /// The moment.
    pub at: At,
    /// What opens the keyring; the restored keyring needs the same.
    pub master_key: MasterKey,
    /// The limits of the store, as its server will run it.
    pub engine: engine::Settings,
    /// Where files are written.
    pub disk: Arc<dyn Disk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes for what the restored store writes.
    pub entropy: Arc<dyn Entropy>,
    /// Is told how far it got; called often, must not block.
    pub progress: Arc<dyn Fn(Progress) + Send + Sync>,
}

/// How far a restore got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// Bytes that were fetched.
    pub done_bytes: u64,
    /// Bytes to fetch.
    pub total_bytes: u64,
}

/// What a restore does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It fetches and checks files.
    Download,
    /// It replays the log.
    Recover,
}

/// What a restore would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePlan {
    /// The backup that it starts from.
    pub backup: BackupRecord,
    /// Files of the store to fetch.
    pub files: u64,
    /// Pieces of the log to fetch.
    pub log_segments: u64,
    /// Bytes to fetch.
    pub bytes: u64,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// What was planned.
    pub plan: RestorePlan,
    /// The timeline that the restored store goes on with.
    pub timeline: u32,
    /// Whether the repository knows of that timeline. It does not when the credentials only read;
    /// the restored server then begins a line of its own there.
    pub is_registered: bool,
    /// The position behind the last record that was restored.
    pub end_lsn: Lsn,
    /// When the last group that was restored was committed.
    pub end_time: Timestamp,
}

/// Returns what a restore would do, having read names and manifests only.
///
/// # Errors
/// [`Error::NoRepository`], [`Error::NoBackup`], [`Error::UnknownBackup`], [`Error::TooEarly`],
/// [`Error::LogGap`], [`Error::NotEmpty`]; [`Error::Seal`] for a wrong master key.
pub async fn plan(request: &RestoreRequest) -> Result<RestorePlan, Error> {
    directory::check(&request.disk, &request.data_dir).await?;
    let plan = Plan::make(&request.repository, &request.master_key, &request.at).await?;
    Ok(plan.summary())
}

/// Restores. Cancelling it, or a crash, leaves `<dir>.restoring`, which the next one removes.
///
/// # Errors
/// As [`plan`]; [`Error::TooLate`] when the target is beyond what is archived,
/// [`Error::HashMismatch`] and [`Error::Missing`] for a damaged repository, [`Error::Log`] and
/// [`Error::Engine`] when what was fetched does not recover.
pub async fn restore(request: RestoreRequest) -> Result<RestoreReport, Error> {
    restore_with(request, Box::new(crate::store::recover)).await
}

/// Restores with another store than the engine's.
pub(crate) async fn restore_with(
    request: RestoreRequest,
    recover: Recover,
) -> Result<RestoreReport, Error> {
    directory::check(&request.disk, &request.data_dir).await?;
    let plan = Plan::make(&request.repository, &request.master_key, &request.at).await?;
    let staging = Staging::begin(Arc::clone(&request.disk), &request.data_dir).await?;
    download::download(&request, &plan, staging.path()).await?;
    tell(&request, Phase::Recover, &plan);
    let cut = cut::cut(&request, &plan, staging.path()).await?;
    let is_registered = cut.register(&request, &plan).await?;
    recover::recover(&request, &plan, staging.path(), recover).await?;
    staging.publish().await?;
    info!(backup = %plan.base.manifest.record.id, end_lsn = %cut.end_lsn, "restored");
    Ok(RestoreReport {
        plan: plan.summary(),
        timeline: cut.timeline,
        is_registered,
        end_lsn: cut.end_lsn,
        end_time: cut.end_time,
    })
}

fn tell(request: &RestoreRequest, phase: Phase, plan: &Plan) {
    let bytes = plan.bytes();
    (request.progress)(Progress {
        phase,
        done_bytes: bytes,
        total_bytes: bytes,
    });
}

impl fmt::Debug for RestoreRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestoreRequest")
            .field("repository", &self.repository)
            .field("data_dir", &self.data_dir)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
