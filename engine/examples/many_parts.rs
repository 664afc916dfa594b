//! How long a store with many parts takes to open, and what it takes to serve them.
//!
//! ```text
//! cargo run --release -p engine --example many_parts -- DIR 10000 [SERIES [TABLES]]
//! ```
//!
//! Makes the parts in the directory where there are none yet, 31 or more of each table, then opens the
//! store on them three times with the memory of a server of 1 GiB, sums a field over all rows and scans
//! all columns, and says how long each took and how many bytes of footers were held. With one table, its
//! footers take more than there may be at once.

#![expect(
    clippy::print_stdout,
    reason = "a program for a person to run and read"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use engine::{Engine, Environment, Error, Recovery, ScanOrder, ScanRequest, Settings};
use platform::{Clock, Disk, OsEntropy, RealClock, RealDisk};
use schema::{ColumnDefinition, FieldType};
use seal::{ClusterId, Keyring, MasterKey};
use wire::{BatchFrame, Limits, TableBuilder, v1};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("give a directory")?;
    let parts: usize = arguments.next().ok_or("give a number of parts")?.parse()?;
    let series = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let tables = arguments.next().map(|text| text.parse()).transpose()?;
    make(Path::new(&dir), parts, series, tables)?;
    for _ in 0..3 {
        let engine = timed("opened", || open(Path::new(&dir)))?;
        println!("{} parts", engine.status().parts.len());
        for share in engine.memory() {
            println!(
                "  {:9} {:>11} of {:>11} bytes",
                share.name, share.bytes, share.bytes_max
            );
        }
        engine.close()?;
    }
    let engine = open(Path::new(&dir))?;
    for (what, columns) in [("summed", Columns::OneField), ("scanned", Columns::All)] {
        let seen = timed(what, || scan(&engine, columns))?;
        println!(
            "{} rows, {} in all, at most {} bytes of footers held, {} files open",
            seen.rows.into_inner(),
            seen.sum.into_inner(),
            seen.footer_bytes_max.into_inner(),
            engine.status().page_cache.files
        );
    }
    let usage = platform::ProcessUsage::read()?;
    println!("at most {} MiB resident", usage.resident_bytes_max >> 20);
    Ok(())
}

fn timed<T, E>(what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let begun = RealClock.monotonic();
    let outcome = work();
    let seconds = RealClock.monotonic().since(begun).as_secs_f64();
    println!("{what} in {seconds:.3} s");
    outcome
}

fn open(dir: &Path) -> Result<Engine, Error> {
    let mut settings = Settings::default();
    settings.compaction.automatic = false;
    settings.log.segment_bytes = 4 << 20;
    settings.page_cache_bytes_max = 96 << 20;
    settings.shares.footer_bytes_max = 96 << 20;
    settings.shares.scan_footer_bytes_max = 24 << 20;
    let environment = Environment {
        disk: Arc::new(RealDisk),
        clock: Arc::new(RealClock),
        entropy: Arc::new(OsEntropy),
        keyring: Arc::new(keyring(dir)?),
        dir: dir.into(),
    };
    Engine::open(environment, settings, Recovery::default())
}

fn keyring(dir: &Path) -> Result<Keyring, Error> {
    let (path, master) = (dir.join("keyring"), MasterKey::from_bytes(&[7; 32]));
    let there = RealDisk.metadata(&path).is_ok_and(|found| found.is_some());
    let keyring = if there {
        Keyring::open(&RealDisk, &path, &master)
    } else {
        let cluster = ClusterId::generate(&OsEntropy);
        Keyring::create(&RealDisk, &path, &master, cluster, &OsEntropy)
    };
    keyring.map_err(|source| Error::Seal {
        path,
        offset: 0,
        source: Arc::new(source),
    })
}

/// Makes parts: each table gets a row of every series in every one of 31 windows, and then of the 31
/// before, until there are parts enough; without a number of tables each has 31.
fn make(dir: &Path, parts: usize, series: usize, tables: Option<usize>) -> Result<(), Failure> {
    RealDisk.create_dir_all(dir)?;
    let engine = open(dir)?;
    let mut there = engine.status().parts.len();
    let now = RealClock.now().0;
    let at_once = tables.unwrap_or(TABLES_AT_ONCE).min(TABLES_AT_ONCE);
    while there < parts {
        for table in 0..at_once {
            let turn = there / WINDOWS + table;
            let name = format!("t{:05}", tables.map_or(turn, |tables| turn % tables));
            let before = tables.map_or(0, |tables| turn / tables * WINDOWS);
            let batch = v1::Batch {
                tables: vec![rows(&name, series, now, before)],
                ..v1::Batch::default()
            };
            let frame = BatchFrame::encode(&batch, &Limits::default())?;
            engine.commit(frame)?.wait()?;
        }
        engine.flush()?;
        there = engine.status().parts.len();
        println!("{there} parts are made");
    }
    engine.close()?;
    Ok(())
}

fn rows(table: &str, series: usize, now: i64, before: usize) -> v1::Table {
    let mut rows = TableBuilder::new(table);
    for window in before..before + WINDOWS {
        let back = i64::try_from(window).unwrap_or(0) * WINDOW_NANOS;
        for host in 0..series {
            rows.begin_row(now - back);
            push_text(&mut rows, "host", &format!("host-{host}"));
            push_text(&mut rows, "region", &format!("region-{}", host % 7));
            for field in 0..FIELDS {
                let field = ColumnDefinition::field(format!("f{field}"), FieldType::I64);
                assert!(rows.column(&field).push_i64(now ^ back));
            }
        }
    }
    rows.finish()
}

fn push_text(rows: &mut TableBuilder, tag: &str, value: &str) {
    assert!(rows.column(&ColumnDefinition::tag(tag)).push_text(value));
}

/// Which columns a scan reads.
#[derive(Debug, Clone, Copy)]
enum Columns {
    OneField,
    All,
}

/// What a scan came to.
#[derive(Debug, Default)]
struct Seen {
    rows: AtomicU64,
    sum: AtomicU64,
    footer_bytes_max: AtomicU64,
}

/// Scans table by table, each in two partitions at once.
fn scan(engine: &Engine, columns: Columns) -> Result<Seen, Error> {
    let seen = Seen::default();
    for table in engine.view().tables() {
        let columns_of_table = table.schema().fields().len();
        let request = ScanRequest {
            projection: match columns {
                Columns::OneField => vec![columns_of_table - 1],
                Columns::All => (0..columns_of_table).collect(),
            },
            partitions: 2,
            order: ScanOrder::Strips,
            ..ScanRequest::default()
        };
        let partitions = table.scan(&request)?;
        std::thread::scope(|scope| {
            let readers: Vec<_> = partitions
                .into_iter()
                .map(|mut partition| {
                    let seen = &seen;
                    scope.spawn(move || partition.try_for_each(|batch| seen.look(&batch?, engine)))
                })
                .collect();
            let outcomes = readers.into_iter().map(|reader| match reader.join() {
                Ok(outcome) => outcome,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            outcomes.fold(Ok(()), Result::and)
        })?;
    }
    Ok(seen)
}

impl Seen {
    fn look(&self, batch: &RecordBatch, engine: &Engine) -> Result<(), Error> {
        let rows = batch.num_rows() as u64;
        self.rows.fetch_add(rows, Ordering::Relaxed);
        if let Some(last) = batch.columns().last() {
            let values = last.as_primitive::<Int64Type>().values();
            let sum = values
                .iter()
                .fold(0, |sum: i64, value| sum.wrapping_add(*value));
            self.sum.fetch_add(sum.cast_unsigned(), Ordering::Relaxed);
        }
        let shares = engine.memory();
        if let Some(footers) = shares.iter().find(|share| share.name == "footers") {
            let most = &self.footer_bytes_max;
            most.fetch_max(footers.bytes, Ordering::Relaxed);
        }
        Ok(())
    }
}

const WINDOWS: usize = 31;
const WINDOW_NANOS: i64 = 7_200 * 1_000_000_000;
const TABLES_AT_ONCE: usize = 32;
const FIELDS: usize = 10;
