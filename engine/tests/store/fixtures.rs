//! Goal: what any version of the store has written is read by every later one.
//! Method: data directories as they were written (`engine/tests/fixtures/NUMBER`), with a log that
//! was not flushed; each is opened, verified and compared with the rows that were written.

use std::path::{Path, PathBuf};

use platform::{Disk, SimDisk, durable};

use crate::harness::{Machine, lines};

#[test]
fn a_store_of_every_format_is_opened_with_all_its_rows() {
    let mut count = 0;
    for dir in fixtures() {
        let machine = Machine::new(1).with(loaded(&dir));
        let engine = machine.open();
        for table in ["cpu", "waits"] {
            let written = std::fs::read_to_string(dir.join(format!("{table}.rows"))).unwrap();
            let written: Vec<&str> = written.lines().collect();
            let found = lines(&engine, table);
            assert!(
                found == written,
                "{table} of {}: {} rows",
                dir.display(),
                found.len()
            );
        }
        assert!(engine.catalogue().token("t1").is_some());
        count += 1;
    }
    assert!(count > 0, "there is no fixture");
}

#[test]
fn a_store_of_every_format_is_whole_and_goes_on() {
    for dir in fixtures() {
        let machine = Machine::new(1).with(loaded(&dir));
        let before = {
            let engine = machine.open();
            engine.flush().unwrap();
            engine.compact().unwrap();
            lines(&engine, "cpu")
        };
        let found = engine::offline::verify(&machine.environment(), &mut |_, _| {}).unwrap();
        assert!(found.is_whole(), "{:?}", found.damage);
        assert_eq!(lines(&machine.open(), "cpu"), before);
    }
}

fn fixtures() -> Vec<PathBuf> {
    let all = Path::new("tests/fixtures");
    let entries = std::fs::read_dir(all)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
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
