//! A store without its threads, for tests that take their turns one by one.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use platform::{Disk, DiskLock, SimClock, SimDisk, SimEntropy, UnixNanos};
use schema::{ColumnDefinition, FieldType, Span};
use seal::{ClusterId, Keyring, MasterKey};
use wire::{BatchFrame, Limits, TableBuilder, v1};

use super::Store;
use crate::admission::Admitted;
use crate::apply::{Applier, Commit, Outcome, Pending, PreparedBatch};
use crate::catalogue::{CatalogueEdit, TableChange};
use crate::recovery::{self, Opened, Recovery};
use crate::{Environment, Settings};

/// A store, the machine that it is on, and what was admitted and not applied.
#[derive(Debug)]
pub(crate) struct Bare {
    pub(crate) disk: SimDisk,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) store: Store,
    pub(crate) queue: Receiver<Pending>,
    _lock: Box<dyn DiskLock>,
}

impl Bare {
    pub(crate) fn open(mut settings: Settings) -> Self {
        settings.log.segment_bytes = 256 << 10;
        settings.log.spare_segments = 1;
        let (disk, entropy) = (SimDisk::new(1), SimEntropy::new(1));
        disk.create_dir_all(Path::new("/data")).unwrap();
        let (path, master) = (Path::new("/data/keyring"), MasterKey::from_bytes(&[1; 32]));
        let cluster = ClusterId::generate(&entropy);
        let keyring = Keyring::create(&disk, path, &master, cluster, &entropy).unwrap();
        let clock = Arc::new(SimClock::new(UnixNanos(NOW)));
        let environment = Environment {
            disk: Arc::new(disk.clone()),
            clock: Arc::clone(&clock) as Arc<_>,
            entropy: Arc::new(entropy),
            keyring: Arc::new(keyring),
            dir: "/data".into(),
        };
        let opened =
            recovery::open(environment, settings, &Recovery::default(), wal::Log::open).unwrap();
        let Opened {
            store, queue, lock, ..
        } = opened;
        Self {
            disk,
            clock,
            store,
            queue,
            _lock: lock,
        }
    }

    /// Admits a row of the table `cpu` at a time.
    pub(crate) fn submit(&self, time: i64) -> Commit {
        self.submit_to("cpu", time)
    }

    fn submit_to(&self, table: &str, time: i64) -> Commit {
        let store = &self.store;
        let mut table = TableBuilder::new(table);
        table.begin_row(time);
        let count = ColumnDefinition::field("count", FieldType::I64);
        assert!(table.column(&count).push_i64(time));
        let batch = v1::Batch {
            tables: vec![table.finish()],
            ..v1::Batch::default()
        };
        let frame = BatchFrame::encode(&batch, &Limits::default()).unwrap();
        let batch = PreparedBatch::new(frame);
        let prepared = store
            .log
            .prepare(wal::Binding([0; 32]), batch.frame.bytes());
        let (state, now) = (store.state.load(), store.environment.now());
        let mut admission = store.admission.lock();
        let admitted = admission.examine(&batch, &state, &store.pressure, now);
        let Admitted::Fresh(grown) = admitted.unwrap() else {
            panic!("a batch without a number is no copy")
        };
        let ticket = store.log.submit(prepared.unwrap()).unwrap();
        admission.take(batch, grown, ticket, now).unwrap()
    }

    /// Writes a row of the table `cpu` and applies it.
    pub(crate) fn write(&self, time: i64) -> Outcome {
        self.write_to("cpu", time)
    }

    /// Writes a row and applies it.
    pub(crate) fn write_to(&self, table: &str, time: i64) -> Outcome {
        let commit = self.submit_to(table, time);
        Applier::default().turn(&self.store, &self.queue);
        commit.wait()
    }

    /// Sets how long a table keeps its rows.
    pub(crate) fn retain(&self, table: &str, retention: Span) {
        let change = TableChange {
            retention: Some(Some(retention)),
            append_only: None,
        };
        let name = table.to_owned();
        let edit = CatalogueEdit::SetTable { name, change };
        let log = &self.store.log;
        let prepared = log.prepare(wal::Binding([0; 32]), edit.to_record());
        let mut admission = self.store.admission.lock();
        let edited = admission.examine_edit(&edit, &self.store.state.load());
        let edited = edited.unwrap();
        let ticket = log.submit(prepared.unwrap()).unwrap();
        let commit = admission.take_edit(edit, edited, ticket).unwrap();
        drop(admission);
        Applier::default().turn(&self.store, &self.queue);
        commit.wait().unwrap();
    }

    /// Returns the number of files in a directory of the store.
    pub(crate) fn files(&self, dir: &str) -> usize {
        let files = self.disk.list(&Path::new("/data").join(dir)).unwrap().len();
        match dir {
            "parts" => files - self.store.manifest.lock().present().manifest.latest.len(),
            _ => files,
        }
    }
}

/// The start of the simulated time: 2026-01-01T00:00:00Z.
pub(crate) const NOW: i64 = 1_767_225_600_000_000_000;
