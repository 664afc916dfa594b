//! A machine to run a log on: simulated disk, clock and entropy, and a keyring that survives it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use platform::{Disk, OpenMode, SimClock, SimDisk, SimEntropy, UnixNanos};
use seal::{ClusterId, FileKind, Keyring, MasterKey};
use wal::{
    Apply, Binding, Durable, Environment, Error, Log, Record, RecoveryReport, Settings, Start,
    Ticket,
};

/// The directory of the log.
pub(crate) const DIR: &str = "/wal";

pub(crate) struct Machine {
    pub(crate) disk: SimDisk,
    pub(crate) clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
    keyring: Arc<Keyring>,
}

/// What an opened log gave.
pub(crate) struct Opened {
    pub(crate) log: Log,
    pub(crate) records: Vec<Record>,
    pub(crate) report: RecoveryReport,
}

/// One of the ways to open a log.
type Opening = fn(Environment, Settings, Start, Apply<'_>) -> Result<(Log, RecoveryReport), Error>;

impl Machine {
    pub(crate) fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed);
        let entropy = Arc::new(SimEntropy::new(seed));
        let master = MasterKey::generate(&*entropy);
        let cluster = ClusterId::from_bytes([1; 16]);
        let path = Path::new("/keyring");
        let keyring = Keyring::create(&disk, path, &master, cluster, &*entropy).unwrap();
        let clock = Arc::new(SimClock::new(UnixNanos(1_000)));
        Self {
            disk,
            clock,
            entropy,
            keyring: Arc::new(keyring),
        }
    }

    /// The same machine with another disk in it.
    pub(crate) fn with_disk(&self, disk: SimDisk) -> Self {
        Self {
            disk,
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            keyring: Arc::clone(&self.keyring),
        }
    }

    /// The same machine with another installation's keys.
    pub(crate) fn with_keyring(&self, keyring: Keyring) -> Self {
        Self {
            keyring: Arc::new(keyring),
            ..self.with_disk(self.disk.clone())
        }
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment {
            disk: Arc::new(self.disk.clone()),
            clock: Arc::clone(&self.clock) as _,
            entropy: Arc::clone(&self.entropy) as _,
            keyring: Arc::clone(&self.keyring),
            dir: PathBuf::from(DIR),
            kind: FileKind::LogSegment,
        }
    }

    pub(crate) fn open(&self, settings: Settings, start: Start) -> Result<Opened, Error> {
        self.open_as(Log::open, settings, start)
    }

    /// Opens the log without threads. A thread costs little but waits for its turn, and a test that
    /// opens thousands of logs waits as often.
    pub(crate) fn open_by_hand(&self, settings: Settings, start: Start) -> Result<Opened, Error> {
        self.open_as(Log::open_by_hand, settings, start)
    }

    fn open_as(&self, open: Opening, settings: Settings, start: Start) -> Result<Opened, Error> {
        let mut records = Vec::new();
        let (log, report) = open(self.environment(), settings, start, &mut |record| {
            records.push(record);
            Ok(())
        })?;
        Ok(Opened {
            log,
            records,
            report,
        })
    }

    /// Opens the log from its beginning and waits until its spares are there, so that what follows
    /// is the same in every run.
    pub(crate) fn open_quietly(&self, settings: Settings) -> Result<Opened, Error> {
        let opened = self.open(settings, Start::at(wal::Lsn::ZERO))?;
        opened.log.wait_for_spares();
        Ok(opened)
    }

    /// Returns the bytes of a file.
    pub(crate) fn read(&self, path: &Path) -> Vec<u8> {
        let file = self.disk.open(path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    }

    /// Returns a machine of the same keys with a copy of the log's files as they are now.
    pub(crate) fn fork(&self) -> Self {
        let copy = self.with_disk(SimDisk::new(77));
        platform::durable::create_dir_all(&copy.disk, Path::new(DIR)).unwrap();
        for path in self.files("") {
            copy.write(&path, &self.read(&path));
        }
        copy
    }

    /// Replaces a file.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) {
        platform::durable::write_file(&self.disk, path, bytes).unwrap();
    }

    /// Returns the paths of all files whose name ends so, sorted.
    pub(crate) fn files(&self, end: &str) -> Vec<PathBuf> {
        let entries = self.disk.list(Path::new(DIR)).unwrap();
        let names = entries
            .into_iter()
            .map(|entry| entry.name)
            .filter(|name| name.ends_with(end));
        names.map(|name| Path::new(DIR).join(name)).collect()
    }
}

/// Small segments, and no marker unless asked for.
pub(crate) fn small() -> Settings {
    Settings {
        segment_bytes: 8192,
        spare_segments: 1,
        group_bytes_max: 8192,
        queue_bytes_max: 1 << 20,
        idle_marker_ms: 60_000,
        log_bytes_max: None,
    }
}

pub(crate) fn binding(payload: &[u8]) -> Binding {
    Binding([payload.first().copied().unwrap_or(0); 32])
}

/// Submits a payload and waits until it is durable.
pub(crate) fn put(log: &Log, payload: &[u8]) -> Result<Durable, Error> {
    log.submit(log.prepare(binding(payload), payload)?)?.wait()
}

/// As [`put`], for a log that was opened by hand.
pub(crate) fn put_by_hand(log: &Log, payload: &[u8]) -> Result<Durable, Error> {
    let ticket = log.submit(log.prepare(binding(payload), payload)?)?;
    log.step();
    told(ticket).expect("a step leaves nothing waiting")
}

/// Returns what a ticket has been told, without waiting for it.
pub(crate) fn told(ticket: Ticket) -> Option<Result<Durable, Error>> {
    match pin!(ticket).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

pub(crate) fn payloads(records: &[Record]) -> Vec<Vec<u8>> {
    records
        .iter()
        .map(|record| record.payload.clone())
        .collect()
}
