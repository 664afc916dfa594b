//! A world to back up: an engine with a clock that stands still, and a model of its rows.

mod faulty;
mod moto;
mod random;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backup::{
    Archive, ArchiveEnvironment, Archiver, At, BackupKind, BackupRecord, BackupRequest, Error,
    Location, Metrics, Repository, RestoreReport, RestoreRequest, Settings,
};
use engine::Engine;
use object_store::ObjectStore;
use platform::{Clock, Disk, Entropy, OsEntropy, RealDisk, SimClock, SimEntropy, UnixNanos};
use schema::{Lsn, Timestamp};
use seal::{ClusterId, Keyring, MasterKey};
use tempfile::TempDir;

pub(crate) use faulty::Faulty;
pub(crate) use moto::Moto;
pub(crate) use random::Random;
pub(crate) use rows::{HOST, Row, TABLE, TEXT, frame, rows};

/// A row that was acknowledged, and when.
#[derive(Debug, Clone)]
pub(crate) struct Acked {
    pub(crate) row: Row,
    pub(crate) lsn: Lsn,
    pub(crate) commit_time: Timestamp,
}

/// A server with an archive, and what it acknowledged.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) data: PathBuf,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) master: MasterKey,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) archiver: Option<Archiver>,
    pub(crate) repository: Repository,
    pub(crate) acked: Vec<Acked>,
    pub(crate) segment_bytes: u64,
    next: i64,
}

impl World {
    /// Makes a server whose log is archived to this store.
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self::at(Location::of_store(store, "some/prefix".into()), settings())
    }

    pub(crate) fn at(location: Location, settings: Settings) -> Self {
        Self::with_segments(location, settings, SEGMENT_BYTES)
    }

    pub(crate) fn with_segments(
        location: Location,
        settings: Settings,
        segment_bytes: u64,
    ) -> Self {
        let (dir, entropy) = (tempfile::tempdir().unwrap(), SimEntropy::new(17));
        let (master, cluster) = (
            MasterKey::from_bytes(&MASTER),
            ClusterId::generate(&entropy),
        );
        let data = dir.path().join("data");
        RealDisk.create_dir_all(&data).unwrap();
        let path = data.join("keyring");
        let keyring = Keyring::create(&RealDisk, &path, &master, cluster, &entropy).unwrap();
        let keyring = Arc::new(keyring);
        let clock = Arc::new(SimClock::new(UnixNanos(START)));
        let engine = open(&data, &clock, &keyring, segment_bytes);
        let repository = Repository::new(location, settings, Arc::new(entropy));
        let mut world = Self {
            dir,
            data,
            clock,
            master,
            keyring,
            engine,
            archiver: None,
            repository,
            acked: Vec::new(),
            segment_bytes,
            next: 0,
        };
        world.start_archiver();
        world
    }

    /// Commits one row, a second after the last, and waits for its acknowledgement.
    pub(crate) async fn commit(&mut self) -> Acked {
        let text = format!("{TEXT}-{}", self.next);
        self.commit_text(text).await
    }

    pub(crate) async fn commit_text(&mut self, text: String) -> Acked {
        self.clock.advance(Duration::from_secs(1));
        let row = Row {
            time: self.clock.now().0,
            host: format!("{HOST}-{}", self.next % 7),
            value: self.next,
            text,
        };
        self.next += 1;
        let committed = self.admit(&row).await.unwrap().await.unwrap();
        let acked = Acked {
            row,
            lsn: committed.lsn,
            commit_time: committed.commit_time,
        };
        self.acked.push(acked.clone());
        acked
    }

    /// Commits a row as a patient sender does: when the log has no segment ready, it waits.
    async fn admit(&self, row: &Row) -> Result<engine::Commit, engine::Error> {
        loop {
            match self.engine.commit(frame(row)) {
                Err(error) if error.retry_after_ms().is_some() => {
                    let engine = Arc::clone(&self.engine);
                    let wait = move || engine.log().wait_for_spares();
                    tokio::task::spawn_blocking(wait).await.unwrap();
                }
                result => return result,
            }
        }
    }

    pub(crate) async fn commits(&mut self, count: usize) {
        for _ in 0..count {
            self.commit().await;
        }
    }

    pub(crate) async fn flush(&self) {
        let engine = Arc::clone(&self.engine);
        tokio::task::spawn_blocking(move || engine.flush())
            .await
            .unwrap()
            .unwrap();
    }

    /// Closes the open segment of the log.
    pub(crate) async fn rotate(&self) {
        let engine = Arc::clone(&self.engine);
        let rotate = move || {
            engine.log().wait_for_spares();
            engine.log().rotate()
        };
        tokio::task::spawn_blocking(rotate).await.unwrap().unwrap();
    }

    /// Goes on with another repository, while no archiver runs.
    pub(crate) fn use_store(&mut self, store: Arc<dyn ObjectStore>) {
        let location = Location::of_store(store, "other".into());
        self.repository = Repository::new(location, settings(), Arc::new(OsEntropy));
    }

    pub(crate) async fn compact(&self) {
        let engine = Arc::clone(&self.engine);
        tokio::task::spawn_blocking(move || engine.compact())
            .await
            .unwrap()
            .unwrap();
    }

    pub(crate) fn start_archiver(&mut self) {
        let engine = Arc::clone(&self.engine);
        let metrics = Arc::new(Metrics::default());
        let archiver =
            Archiver::start(engine, self.environment(), self.repository.clone(), metrics);
        self.archiver = Some(archiver);
    }

    pub(crate) async fn stop_archiver(&mut self) -> Result<(), Error> {
        self.archiver.take().unwrap().stop().await
    }

    /// Waits until all that was acknowledged is archived.
    pub(crate) async fn archived(&self) {
        let durable = self.engine.log().durable_lsn();
        let archive = self.archiver.as_ref().unwrap().archive();
        archive.wait_for(durable).await.unwrap();
    }

    /// Stops the server and starts it again.
    pub(crate) async fn reopen(&mut self) {
        self.stop_archiver().await.unwrap();
        let engine = Arc::clone(&self.engine);
        tokio::task::spawn_blocking(move || engine.close())
            .await
            .unwrap()
            .unwrap();
        self.engine = open(&self.data, &self.clock, &self.keyring, self.segment_bytes);
        self.start_archiver();
    }

    pub(crate) async fn backup(&self, kind: BackupKind) -> BackupRecord {
        self.try_backup(kind).await.unwrap()
    }

    pub(crate) async fn try_backup(&self, kind: BackupKind) -> Result<BackupRecord, Error> {
        let archive = self.archiver.as_ref().unwrap().archive();
        self.backup_through(archive, kind).await
    }

    pub(crate) async fn backup_through(
        &self,
        archive: Archive,
        kind: BackupKind,
    ) -> Result<BackupRecord, Error> {
        backup::create(BackupRequest {
            store: Arc::clone(&self.engine) as _,
            archive,
            repository: self.repository.clone(),
            environment: self.environment(),
            kind,
            metrics: Arc::new(Metrics::default()),
        })
        .await
    }

    /// Restores, and returns where to.
    pub(crate) async fn restore(&self, at: At, name: &str) -> Result<PathBuf, Error> {
        let (path, _) = self.restore_from(&self.repository, at, name).await?;
        Ok(path)
    }

    pub(crate) async fn restore_from(
        &self,
        repository: &Repository,
        at: At,
        name: &str,
    ) -> Result<(PathBuf, RestoreReport), Error> {
        let request = self.request(repository, at, name);
        let path = request.data_dir.clone();
        let report = backup::restore(request).await?;
        Ok((path, report))
    }

    pub(crate) fn request(&self, repository: &Repository, at: At, name: &str) -> RestoreRequest {
        RestoreRequest {
            repository: repository.clone(),
            data_dir: self.dir.path().join(name),
            at,
            master_key: self.master.clone(),
            engine: engine_settings(self.segment_bytes),
            disk: Arc::new(RealDisk),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            // Random for each restore: a restored part must not get the name of another one.
            entropy: Arc::new(OsEntropy) as Arc<dyn Entropy>,
            progress: Arc::new(|_| {}),
        }
    }

    /// Returns the rows of a restored directory.
    pub(crate) fn rows_in(&self, dir: &Path) -> Vec<Row> {
        let engine = self.open_restored(dir);
        let found = rows(&engine);
        engine.close().unwrap();
        found
    }

    pub(crate) fn open_restored(&self, dir: &Path) -> Arc<Engine> {
        let keyring = Keyring::open(&RealDisk, &dir.join("keyring"), &self.master).unwrap();
        open(dir, &self.clock, &Arc::new(keyring), self.segment_bytes)
    }

    /// Returns the acknowledged rows that were committed at a time or before.
    pub(crate) fn rows_at(&self, time: Timestamp) -> Vec<Row> {
        self.acked_rows(|acked| acked.commit_time <= time)
    }

    /// Returns the acknowledged rows that stand before a position.
    pub(crate) fn rows_before(&self, lsn: Lsn) -> Vec<Row> {
        self.acked_rows(|acked| acked.lsn < lsn)
    }

    pub(crate) fn acked_rows(&self, is_in: impl Fn(&Acked) -> bool) -> Vec<Row> {
        let chosen = self.acked.iter().filter(|acked| is_in(acked));
        let mut rows: Vec<_> = chosen.map(|acked| acked.row.clone()).collect();
        rows.sort();
        rows
    }

    fn environment(&self) -> ArchiveEnvironment {
        ArchiveEnvironment {
            disk: Arc::new(RealDisk),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            keyring: Arc::clone(&self.keyring),
        }
    }
}

/// Settings under which nothing waits long.
pub(crate) fn settings() -> Settings {
    Settings {
        archive_interval_ms: 10,
        backoff_ms: 1,
        backoff_ms_max: 5,
        attempts_max: 8,
        ..Settings::default()
    }
}

pub(crate) fn engine_settings(segment_bytes: u64) -> engine::Settings {
    let mut settings = engine::Settings::default();
    settings.log.segment_bytes = segment_bytes;
    settings.log.spare_segments = 1;
    settings.log.idle_marker_ms = 5;
    settings.compaction.automatic = false;
    settings.compaction.fan_in = 2;
    settings
}

fn open(dir: &Path, clock: &Arc<SimClock>, keyring: &Arc<Keyring>, bytes: u64) -> Arc<Engine> {
    let environment = engine::Environment {
        disk: Arc::new(RealDisk),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(OsEntropy),
        keyring: Arc::clone(keyring),
        dir: dir.to_owned(),
    };
    let settings = engine_settings(bytes);
    Arc::new(Engine::open(environment, settings, engine::Recovery::default()).unwrap())
}

/// The master key of every server.
pub(crate) const MASTER: [u8; 32] = [7; 32];
const START: i64 = 1_795_000_000_000_000_000;
const SEGMENT_BYTES: u64 = 16 << 10;
