//! How long a store with many parts takes to open, and what it takes to serve them.
//!
//! ```text
//! cargo run --release -p engine --example many_parts -- DIR 10000 [SERIES]
//! ```
//!
//! Makes the parts in the directory where there are none yet, then opens the store on them three times
//! and scans all rows once, and says how long each took.

#![expect(
    clippy::print_stdout,
    reason = "a program for a person to run and read"
)]

use std::path::Path;
use std::sync::Arc;

use engine::{Engine, Environment, Error, Recovery, ScanRequest, Settings};
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
    make(Path::new(&dir), parts, series)?;
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
    let rows = timed("scanned, table by table", || scan(&engine))?;
    println!(
        "{rows} rows, {} files open",
        engine.status().page_cache.files
    );
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

/// Makes parts: so many tables at a time, each with a row of every series in every one of 32 windows.
fn make(dir: &Path, parts: usize, series: usize) -> Result<(), Failure> {
    RealDisk.create_dir_all(dir)?;
    let engine = open(dir)?;
    let mut there = engine.status().parts.len();
    let now = RealClock.now().0;
    while there < parts {
        for table in 0..TABLES_AT_ONCE {
            let batch = v1::Batch {
                tables: vec![rows(
                    &format!("t{:05}", there / WINDOWS + table),
                    series,
                    now,
                )],
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

fn rows(table: &str, series: usize, now: i64) -> v1::Table {
    let mut rows = TableBuilder::new(table);
    for window in 0..WINDOWS {
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

fn scan(engine: &Engine) -> Result<usize, Error> {
    let mut rows = 0;
    for table in engine.view().tables() {
        let request = ScanRequest {
            projection: (0..table.schema().fields().len()).collect(),
            ..ScanRequest::default()
        };
        for partition in table.scan(&request)? {
            for batch in partition {
                rows += batch?.num_rows();
            }
        }
    }
    Ok(rows)
}

const WINDOWS: usize = 31;
const WINDOW_NANOS: i64 = 7_200 * 1_000_000_000;
const TABLES_AT_ONCE: usize = 32;
const FIELDS: usize = 10;
