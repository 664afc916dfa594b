//! S-1: nothing that was written can be read from the disk without the key.

use std::path::{Path, PathBuf};

use engine::{AuthorityRecord, CatalogueEdit};
use platform::{Disk, durable};

use crate::harness::{Machine, Row, START, batch, numbered, write};

fn files(disk: &dyn Disk, dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in disk.list(dir).unwrap() {
        let path = dir.join(&entry.name);
        match entry.is_dir {
            true => files(disk, &path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn markers_do_not_occur_on_the_disk() {
    let machine = Machine::new(1);
    let engine = machine.open();
    let row = |n| Row {
        core: Some("TAG-marker-7f3a".into()),
        note: Some("FIELD-marker-91bc".into()),
        ..Row::new("HOST-marker-55aa", START + n, 0x4d41_524b_4552_2121)
    };
    let rows: Vec<Row> = (0..100).map(row).collect();
    write(
        &engine,
        &numbered(batch("TABLE-marker-02", &rows), "COLLECTOR-marker", 1, 1),
    );
    let authority = AuthorityRecord {
        certificate_der: b"CERTIFICATE-marker".to_vec(),
        key_der: b"KEY-marker-secret".to_vec(),
    };
    engine
        .edit(CatalogueEdit::PutAuthority(authority))
        .unwrap()
        .wait()
        .unwrap();
    engine.flush().unwrap();
    write(
        &engine,
        &numbered(batch("TABLE-marker-02", &rows), "COLLECTOR-marker", 1, 2),
    );
    engine.flush().unwrap();
    engine.compact().unwrap();
    let mut paths = Vec::new();
    files(&machine.disk, Path::new("/data"), &mut paths);
    assert!(paths.len() > 4, "{paths:?}");
    for path in paths {
        let bytes = durable::read_file(&machine.disk, &path).unwrap();
        for marker in [
            &b"marker"[..],
            b"usage",
            b"host",
            b"!!REKRAM",
            b"flushed_lsn",
        ] {
            let found = bytes.windows(marker.len()).any(|window| window == marker);
            assert!(!found, "{marker:?} is in {}", path.display());
        }
    }
}
