//! A store over a simulated machine, batches to write to it, and what a scan gives as plain rows.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use engine::{Engine, Environment, Error, Recovery, ScanRequest, Settings, TableView};
use platform::{Clock, Disk, Entropy, MonotonicNanos, SimClock, SimDisk, SimEntropy, UnixNanos};
use schema::{ColumnDefinition, FieldType};
use seal::{ClusterId, Keyring, MasterKey};
use wire::{BatchFrame, Limits, TableBuilder, v1};

/// The start of the simulated time: 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600_000_000_000;
pub(crate) const SECOND: i64 = 1_000_000_000;

/// A simulated machine: a disk that can crash, a clock, keys.
pub(crate) struct Machine {
    pub(crate) disk: SimDisk,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) settings: Settings,
    entropy: Arc<SimEntropy>,
}

impl Machine {
    pub(crate) fn new(seed: u64) -> Self {
        let mut settings = Settings::default();
        settings.log.segment_bytes = 256 << 10;
        settings.log.spare_segments = 1;
        settings.compaction.automatic = false;
        let machine = Self {
            disk: SimDisk::new(seed),
            clock: Arc::new(SimClock::new(UnixNanos(START))),
            settings,
            entropy: Arc::new(SimEntropy::new(seed)),
        };
        let (disk, entropy): (&dyn Disk, &dyn Entropy) = (&machine.disk, &*machine.entropy);
        disk.create_dir_all(Path::new("/data")).unwrap();
        let cluster = ClusterId::generate(entropy);
        Keyring::create(
            disk,
            Path::new("/data/keyring"),
            &master(),
            cluster,
            entropy,
        )
        .unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        machine
    }

    /// Returns the machine with what a power cut leaves on its disk.
    pub(crate) fn crash(&self) -> Self {
        self.with(self.disk.crash())
    }

    /// Returns the machine with another disk.
    pub(crate) fn with(&self, disk: SimDisk) -> Self {
        Self {
            disk,
            clock: Arc::clone(&self.clock),
            settings: self.settings.clone(),
            entropy: Arc::clone(&self.entropy),
        }
    }

    pub(crate) fn environment(&self) -> Environment {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let keyring = Keyring::open(&*disk, Path::new("/data/keyring"), &master()).unwrap();
        Environment {
            disk,
            clock: Arc::clone(&self.clock) as Arc<_>,
            entropy: Arc::clone(&self.entropy) as Arc<dyn Entropy>,
            keyring: Arc::new(keyring),
            dir: "/data".into(),
        }
    }

    pub(crate) fn try_open(&self) -> Result<Engine, Error> {
        Engine::open(
            self.environment(),
            self.settings.clone(),
            Recovery::default(),
        )
    }

    pub(crate) fn open(&self) -> Engine {
        self.try_open().unwrap()
    }

    /// Returns the paths of the parts.
    pub(crate) fn parts(&self) -> Vec<std::path::PathBuf> {
        let entries = self.disk.list(Path::new("/data/parts")).unwrap();
        let report = engine::offline::inspect_manifest(&self.environment(), None);
        let latest: Vec<String> = report.map_or_else(
            |_| Vec::new(),
            |report| {
                let ids = report.latest.iter();
                ids.map(|meta| meta.id.file_name()).collect()
            },
        );
        entries
            .iter()
            .filter(|entry| !latest.contains(&entry.name))
            .map(|entry| Path::new("/data/parts").join(&entry.name))
            .collect()
    }

    /// Tells whether a manifest was written.
    pub(crate) fn has_manifest(&self) -> bool {
        let entries = self.disk.list(Path::new("/data/manifest"));
        entries.is_ok_and(|entries| entries.iter().any(|entry| !entry.name.ends_with(".tmp")))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn master() -> MasterKey {
    MasterKey::from_bytes(&[7; 32])
}

/// A clock at which a thread panics, once it is named: whatever the thread was about to do is not done.
#[derive(Debug)]
pub(crate) struct DeadlyClock {
    clock: Arc<SimClock>,
    pub(crate) victim: OnceLock<&'static str>,
}

impl DeadlyClock {
    pub(crate) fn new(clock: &Arc<SimClock>) -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::clone(clock),
            victim: OnceLock::new(),
        })
    }

    fn strike(&self) {
        let thread = std::thread::current();
        assert!(
            self.victim.get().is_none() || self.victim.get().copied() != thread.name(),
            "a test strikes this thread"
        );
    }
}

impl Clock for DeadlyClock {
    fn now(&self) -> UnixNanos {
        self.strike();
        self.clock.now()
    }

    fn monotonic(&self) -> MonotonicNanos {
        self.strike();
        self.clock.monotonic()
    }
}

/// One row of the table `cpu`: tags `host` and `core`, fields of every type.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) host: Option<&'static str>,
    pub(crate) core: Option<String>,
    pub(crate) time: i64,
    pub(crate) usage: Option<f64>,
    pub(crate) count: Option<i64>,
    pub(crate) note: Option<String>,
    pub(crate) up: Option<bool>,
}

impl Row {
    pub(crate) fn new(host: &'static str, time: i64, count: i64) -> Self {
        Self {
            host: Some(host),
            time,
            count: Some(count),
            ..Self::default()
        }
    }
}

/// A batch of rows of one table.
pub(crate) fn batch(table: &str, rows: &[Row]) -> v1::Batch {
    v1::Batch {
        tables: vec![table_of(TableBuilder::new(table), rows)],
        ..v1::Batch::default()
    }
}

/// As [`batch`], for a table that keeps every row.
pub(crate) fn samples(table: &str, rows: &[Row]) -> v1::Batch {
    v1::Batch {
        tables: vec![table_of(TableBuilder::new(table).append_only(), rows)],
        ..v1::Batch::default()
    }
}

pub(crate) fn numbered(
    mut batch: v1::Batch,
    collector: &str,
    epoch: u64,
    sequence: u64,
) -> v1::Batch {
    batch.collector = collector.into();
    (batch.epoch, batch.sequence) = (epoch, sequence);
    batch
}

fn table_of(mut table: TableBuilder, rows: &[Row]) -> v1::Table {
    let field = ColumnDefinition::field;
    for row in rows {
        table.begin_row(row.time);
        if let Some(host) = row.host {
            assert!(table.column(&ColumnDefinition::tag("host")).push_text(host));
        }
        if let Some(core) = &row.core {
            assert!(table.column(&ColumnDefinition::tag("core")).push_text(core));
        }
        if let Some(usage) = row.usage {
            assert!(
                table
                    .column(&field("usage", FieldType::F64))
                    .push_f64(usage)
            );
        }
        if let Some(count) = row.count {
            assert!(
                table
                    .column(&field("count", FieldType::I64))
                    .push_i64(count)
            );
        }
        if let Some(note) = &row.note {
            assert!(
                table
                    .column(&field("note", FieldType::Text))
                    .push_text(note)
            );
        }
        if let Some(up) = row.up {
            assert!(table.column(&field("up", FieldType::Bool)).push_bool(up));
        }
    }
    table.finish()
}

pub(crate) fn frame(batch: &v1::Batch) -> BatchFrame {
    BatchFrame::encode(batch, &Limits::default()).unwrap()
}

/// Writes a batch and waits until it is durable and visible.
pub(crate) fn write(engine: &Engine, batch: &v1::Batch) -> engine::Committed {
    engine.commit(frame(batch)).unwrap().wait().unwrap()
}

/// A row as text, `column=value` in the order of the schema, nulls left out.
pub(crate) type Line = String;

/// Returns all rows of a table.
pub(crate) fn lines(engine: &Engine, table: &str) -> Vec<Line> {
    let Some(table) = engine.view().table(table) else {
        return Vec::new();
    };
    scan(&table, &everything(&table))
}

pub(crate) fn everything(table: &TableView) -> ScanRequest {
    ScanRequest {
        projection: (0..table.schema().fields().len()).collect(),
        ..ScanRequest::default()
    }
}

pub(crate) fn scan(table: &TableView, request: &ScanRequest) -> Vec<Line> {
    let partitions = table.scan(request).unwrap().into_iter();
    partitions
        .flatten()
        .flat_map(|batch| lines_of(&batch.unwrap()))
        .collect()
}

pub(crate) fn lines_of(batch: &RecordBatch) -> Vec<Line> {
    let schema = batch.schema();
    let line = |row| {
        let values = schema
            .fields()
            .iter()
            .zip(batch.columns())
            .filter_map(|(field, column)| {
                let value = value(column, row)?;
                Some(format!("{}={value}", field.name()))
            });
        values.collect::<Vec<_>>().join(" ")
    };
    (0..batch.num_rows()).map(line).collect()
}

fn value(column: &dyn Array, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Timestamp(..) => {
            let time = column.as_primitive::<TimestampNanosecondType>().value(row);
            (i128::from(time) - i128::from(START)).to_string()
        }
        DataType::Utf8View => column.as_string_view().value(row).to_owned(),
        other => panic!("a scan gives no {other}"),
    })
}
