//! E-1 and E-2: what a view has seen stays, and so do the files that it needs.

use crate::harness::{Machine, Row, START, batch, everything, lines, scan, write};

fn row(n: i64) -> wire::v1::Batch {
    batch(
        "cpu",
        &[Row::new("a", START + n, n), Row::new("b", START + n, n)],
    )
}

#[test]
fn a_view_does_not_change_while_rows_are_written_flushed_and_merged() {
    let machine = Machine::new(1);
    let engine = machine.open();
    write(&engine, &row(1));
    engine.flush().unwrap();
    write(&engine, &row(2));
    let view = engine.view();
    let table = view.table("cpu").unwrap();
    let before = scan(&table, &everything(&table));
    assert_eq!(before.len(), 4);
    write(&engine, &row(3));
    engine.flush().unwrap();
    write(&engine, &batch("cpu", &[Row::new("a", START + 1, 100)]));
    engine.flush().unwrap();
    engine.compact().unwrap();
    assert_eq!(scan(&table, &everything(&table)), before);
    assert_eq!(lines(&engine, "cpu").len(), 6);
}

#[test]
fn partitions_that_are_asked_for_again_have_the_same_rows_although_series_came_meanwhile() {
    let machine = Machine::new(3);
    let engine = machine.open();
    write(&engine, &row(1));
    let view = engine.view();
    let table = view.table("cpu").unwrap();
    let request = engine::ScanRequest {
        partitions: 2,
        ..everything(&table)
    };
    let rows = || {
        let partitions = table.scan(&request).unwrap();
        let rows = partitions
            .into_iter()
            .map(|partition| partition.map(|batch| batch.unwrap()).collect::<Vec<_>>());
        rows.collect::<Vec<_>>()
    };
    let before = rows();
    assert_eq!(before.len(), 2);
    let hosts = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"];
    write(
        &engine,
        &batch("cpu", &hosts.map(|host| Row::new(host, START + 1, 1))),
    );
    assert_eq!(rows(), before);
    let newer = engine.view().table("cpu").unwrap();
    assert_eq!(scan(&newer, &everything(&newer)).len(), 12);
}

#[test]
fn files_go_when_the_last_view_does() {
    let machine = Machine::new(2);
    let engine = machine.open();
    for n in 0..4 {
        write(&engine, &row(n));
        engine.flush().unwrap();
    }
    let view = engine.view();
    let partition = view
        .table("cpu")
        .unwrap()
        .scan(&everything(&view.table("cpu").unwrap()));
    let partition = partition.unwrap().remove(0);
    engine.compact().unwrap();
    assert_eq!(machine.parts().len(), 5, "four are pinned");
    drop(view);
    assert_eq!(machine.parts().len(), 5, "a scan pins them too");
    assert_eq!(
        partition
            .map(|batch| batch.unwrap().num_rows())
            .sum::<usize>(),
        8
    );
    assert_eq!(machine.parts().len(), 1);
    assert_eq!(lines(&engine, "cpu").len(), 8);
}

#[test]
fn a_snapshot_pins_manifest_parts_and_log() {
    let machine = Machine::new(3);
    let engine = machine.open();
    for n in 0..4 {
        write(&engine, &row(n));
        engine.flush().unwrap();
    }
    let snapshot = engine.snapshot();
    assert_eq!(snapshot.parts().len(), 5, "the latest part is one of them");
    for n in 4..200 {
        write(&engine, &row(n));
    }
    engine.flush().unwrap();
    engine.compact().unwrap();
    engine.log().rotate().unwrap();
    let disk: &dyn platform::Disk = &machine.disk;
    for part in snapshot.parts() {
        let bytes = platform::durable::read_file(disk, part.path()).unwrap();
        assert_eq!(bytes.len() as u64, part.bytes());
    }
    let first = engine.log().segments().first().unwrap().base_lsn;
    assert!(
        first <= snapshot.flushed_lsn(),
        "the log behind the snapshot is held"
    );
    assert!(
        engine
            .log()
            .holds()
            .iter()
            .any(|(_, from)| *from == snapshot.flushed_lsn())
    );
    let manifest = snapshot.manifest_bytes().to_vec();
    assert!(!manifest.is_empty() && snapshot.manifest_name().len() == 20);
    drop(snapshot);
    assert_eq!(machine.parts().len(), engine.status().parts.len());
}

#[test]
fn reads_go_on_beside_writes_flushes_and_merges() {
    let engine = Machine::new(4).open();
    write(&engine, &row(0));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 1..60 {
                write(&engine, &row(n));
                if n % 5 == 0 {
                    engine.flush().unwrap();
                }
                if n % 20 == 0 {
                    engine.compact().unwrap();
                }
            }
        });
        let mut seen = 0;
        while !writer.is_finished() {
            let now = lines(&engine, "cpu").len();
            assert!(
                now >= seen && now.is_multiple_of(2),
                "a batch is seen whole, and never goes away"
            );
            seen = now;
        }
    });
    assert_eq!(lines(&engine, "cpu").len(), 120);
}
