//! Writes a fixture of the store's formats as they stand; once for each format, then never again.
//!
//! `cargo run -p engine --example fixture -- engine/tests/fixtures/NUMBER`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    reason = "a program for developers, sharing the harness of the tests"
)]

use std::path::{Path, PathBuf};

use platform::{Disk, durable};

#[path = "../tests/store/contents.rs"]
mod contents;
#[path = "../tests/store/harness.rs"]
mod harness;

fn main() {
    let dir = PathBuf::from(std::env::args().nth(1).expect("usage: fixture DIRECTORY"));
    let mut machine = harness::Machine::new(1);
    machine.settings.log.segment_bytes = 64 << 10;
    let engine = contents::write_contents(&machine);
    for table in ["cpu", "waits"] {
        let lines = harness::lines(&engine, table);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(format!("{table}.rows")), lines.join("\n") + "\n").unwrap();
    }
    // What a power cut leaves, so that the log has rows that no part has.
    let disk = machine.disk.crash();
    for folder in ["", "wal", "manifest", "parts"] {
        let from = Path::new("/data").join(folder);
        let to = dir.join("data").join(folder);
        std::fs::create_dir_all(&to).unwrap();
        for entry in disk.list(&from).unwrap() {
            let path = from.join(&entry.name);
            if entry.is_dir || entry.name.ends_with(".spare") {
                continue;
            }
            let bytes = durable::read_file(&disk, &path).unwrap();
            std::fs::write(to.join(&entry.name), bytes).unwrap();
        }
    }
}
