//! Writes a fixture of the store's formats as they stand; once for each format, then never again.
//!
//! `cargo run -p engine --example fixture -- CONTENTS engine/tests/fixtures/NUMBER`, where `CONTENTS` is
//! `shapes` for values of every kind or `aged` for a store that has been at work for days.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    reason = "a program for developers, sharing the harness of the tests"
)]

use std::path::{Path, PathBuf};

use engine::Engine;
use platform::{Disk, SimDisk, durable};

#[path = "../tests/store/aged.rs"]
mod aged;
#[path = "../tests/store/contents.rs"]
mod contents;
#[path = "../tests/store/harness.rs"]
mod harness;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: fixture shapes|aged DIRECTORY";
    let contents = arguments.next().expect(usage);
    let dir = PathBuf::from(arguments.next().expect(usage));
    let mut machine = harness::Machine::new(1);
    let (machine, engine) = match contents.as_str() {
        "shapes" => {
            machine.settings.log.segment_bytes = 64 << 10;
            let engine = contents::write_contents(&machine);
            (machine, engine)
        }
        "aged" => {
            aged::set(&mut machine);
            aged::write_aged(&machine)
        }
        _ => panic!("{usage}"),
    };
    // What a power cut leaves, so that the log has rows that no part has.
    copy(&machine.disk.copy().crash(), &dir.join("data"));
    write_rows(&engine, &dir);
}

/// Writes all rows of each table beside the data, and the newest of each series.
fn write_rows(engine: &Engine, dir: &Path) {
    for table in engine.view().tables() {
        let name = table.definition().name.to_string();
        let latest = table.latest(u64::MAX).unwrap();
        let newest = harness::scan(&latest, &harness::everything(&latest));
        for (extension, lines) in [("rows", harness::lines(engine, &name)), ("newest", newest)] {
            let path = dir.join(format!("{name}.{extension}"));
            std::fs::write(path, lines.join("\n") + "\n").unwrap();
        }
    }
}

/// Copies a data directory, but for what a start makes anew or removes.
fn copy(disk: &SimDisk, dir: &Path) {
    for folder in ["", "wal", "manifest", "parts"] {
        let from = Path::new("/data").join(folder);
        let to = dir.join(folder);
        std::fs::create_dir_all(&to).unwrap();
        for entry in disk.list(&from).unwrap() {
            let is_left_over = [".spare", ".tmp"]
                .iter()
                .any(|end| entry.name.ends_with(end));
            if entry.is_dir || is_left_over || entry.name == "LOCK" {
                continue;
            }
            let bytes = durable::read_file(disk, &from.join(&entry.name)).unwrap();
            std::fs::write(to.join(&entry.name), bytes).unwrap();
        }
    }
}
