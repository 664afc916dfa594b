//! Goal: what any version of the store has written is read by every later one.
//! Method: data directories as they were written (`engine/tests/fixtures/NUMBER`), with a log that
//! was not flushed; each is opened, verified and compared with the rows that were written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use engine::{Engine, offline};
use platform::{Disk, SimDisk, durable};

use crate::harness::{Line, Machine, Row, START, batch, everything, lines, numbered, scan, write};

#[test]
fn a_store_of_every_format_is_opened_with_all_its_rows() {
    let mut count = 0;
    for dir in fixtures() {
        let engine = machine(&dir).open();
        for (table, written) in kept(&dir, "rows") {
            let found = lines(&engine, &table);
            assert!(
                found == written,
                "{table} of {}: {} rows",
                dir.display(),
                found.len()
            );
            count += 1;
        }
        assert!(engine.catalogue().token("t1").is_some());
    }
    assert!(count >= 6, "{count} tables");
}

#[test]
fn a_store_of_every_format_is_whole_and_goes_on() {
    for dir in fixtures() {
        let machine = machine(&dir);
        let found = verify(&machine);
        assert!(found.is_whole(), "{:?}", found.damage);
        assert_eq!(found.leftovers, Vec::<PathBuf>::new());
        let before = {
            let engine = machine.open();
            engine.flush().unwrap();
            engine.compact().unwrap();
            everything_in(&engine)
        };
        let found = verify(&machine);
        assert!(found.is_whole(), "{:?}", found.damage);
        assert_eq!(everything_in(&machine.open()), before);
    }
}

#[test]
fn a_batch_that_a_store_of_any_format_has_taken_is_not_taken_again() {
    for dir in fixtures() {
        let engine = machine(&dir).open();
        let before = lines(&engine, "cpu");
        let other = [Row::new("another", START, 1)];
        write(&engine, &numbered(batch("cpu", &other), "c", 1, 1));
        assert_eq!(lines(&engine, "cpu"), before);
    }
}

#[test]
fn the_newest_rows_of_every_format_are_those_that_were() {
    let mut count = 0;
    for dir in fixtures() {
        let machine = machine(&dir);
        for step in ["opened", "flushed", "merged"] {
            let engine = machine.open();
            match step {
                "flushed" => engine.flush().unwrap(),
                "merged" => engine.compact().unwrap(),
                _ => {}
            }
            for (table, written) in kept(&dir, "newest") {
                assert_eq!(newest(&engine, &table), written, "{table}, {step}");
                count += 1;
            }
        }
    }
    assert!(count >= 12, "{count} tables");
}

/// What [`crate::aged`] is about, in the fixture that was made of it.
#[test]
fn the_fixture_of_a_store_at_work_has_levels_newest_rows_deletes_and_a_log() {
    let machine = machine(&Path::new(FIXTURES).join("2.2"));
    let segments = machine.disk.list(Path::new("/data/wal")).unwrap();
    assert_eq!(segments.len(), 3, "of two lives");
    let report = offline::inspect_manifest(&machine.environment(), None).unwrap();
    let of_cpu = report.parts.iter().filter(|part| part.table == "cpu");
    let levels: BTreeSet<u8> = of_cpu.map(|part| part.level).collect();
    assert_eq!(levels, BTreeSet::from([0, 1, 2]));
    let latest = report.latest.iter().map(|part| part.table.as_str());
    assert_eq!(latest.collect::<Vec<_>>(), ["disk", "waits"]);
    let engine = machine.open();
    let is_counted = || {
        let table = engine.view().table("cpu").unwrap();
        table.exact_row_count().is_some()
    };
    assert!(!is_counted(), "a delete hides rows of parts");
    assert_deleted(&engine);
    engine.flush().unwrap();
    engine.compact().unwrap();
    assert!(is_counted(), "no delete is left");
    assert_deleted(&engine);
}

/// Checks that of the host whose rows were deleted there is only what was written again.
fn assert_deleted(engine: &Engine) {
    let of_gone = |line: &Line| line.contains("host=gone");
    let left: Vec<Line> = lines(engine, "cpu").into_iter().filter(of_gone).collect();
    assert!(
        left.len() == 1 && left[0].contains("note=written again"),
        "{left:?}"
    );
}

fn fixtures() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(FIXTURES)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

/// Returns the tables of a fixture of which there is such a file, and its lines.
fn kept(dir: &Path, extension: &str) -> Vec<(String, Vec<Line>)> {
    let entries = std::fs::read_dir(dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let of_rows = paths.filter(|path| path.extension() == Some(extension.as_ref()));
    let read = |path: PathBuf| {
        let table = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(path).unwrap();
        (table, text.lines().map(Line::from).collect())
    };
    of_rows.map(read).collect()
}

fn everything_in(engine: &Engine) -> Vec<(String, Vec<Line>)> {
    let view = engine.view();
    let names = view
        .tables()
        .map(|table| table.definition().name.to_string());
    names
        .map(|name| (name.clone(), lines(engine, &name)))
        .collect()
}

fn newest(engine: &Engine, table: &str) -> Vec<Line> {
    let table = engine.view().table(table).unwrap();
    let latest = table.latest(u64::MAX).unwrap();
    scan(&latest, &everything(&latest))
}

fn verify(machine: &Machine) -> offline::Verification {
    offline::verify(&machine.environment(), &mut |_, _| {}).unwrap()
}

fn machine(dir: &Path) -> Machine {
    Machine::new(1).with(loaded(dir))
}

/// Returns a simulated disk with the files of a directory under `/data`.
fn loaded(dir: &Path) -> SimDisk {
    let disk = SimDisk::new(1);
    for folder in ["", "wal", "manifest", "parts"] {
        let to = Path::new("/data").join(folder);
        durable::create_dir_all(&disk, &to).unwrap();
        for entry in std::fs::read_dir(dir.join("data").join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let bytes = std::fs::read(entry.path()).unwrap();
                durable::write_file(&disk, &to.join(entry.file_name()), &bytes).unwrap();
            }
        }
    }
    disk.sync_dir(Path::new("/data")).unwrap();
    disk
}

const FIXTURES: &str = "tests/fixtures";
