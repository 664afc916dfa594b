//! Reading a log that goes on, and looking into one that does not.

use seal::FileKind;
use wal::{Error, Kind, Log, Lsn, Settings, Start};

use crate::fixture::{Machine, binding, payloads, put, small};

#[test]
fn a_reader_follows_a_growing_log_through_its_segments() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let mut reader = log.reader("sender", Lsn::ZERO);
    assert_eq!(reader.next_record().unwrap(), None);
    for round in 0..12u8 {
        put(&log, &[round; 1000]).unwrap();
        log.wait_for_spares();
        let record = reader.next_record().unwrap().unwrap();
        assert_eq!(record.payload, [round; 1000]);
        assert_eq!(record.binding, binding(&[round]));
        assert_eq!(reader.next_record().unwrap(), None, "round {round}");
        assert_eq!(reader.position(), record.next);
    }
    assert!(log.segments().len() > 2);
    drop(log);
    // The recovered segments read the same, and the new one behind them.
    let log = machine.open_quietly(small()).unwrap().log;
    put(&log, b"after").unwrap();
    let mut reader = log.reader("sender", Lsn::ZERO);
    let all: Vec<_> = std::iter::from_fn(|| reader.next_record().unwrap()).collect();
    assert_eq!(all.len(), 13);
    assert_eq!(all[12].payload, b"after");
    let mut middle = log.reader("sender", all[7].lsn);
    assert_eq!(middle.next_record().unwrap().as_ref(), Some(&all[7]));
}

#[test]
fn a_reader_holds_the_log_from_its_position_on() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    for n in 0..8u8 {
        put(&log, &[n; 1500]).unwrap();
        log.wait_for_spares();
    }
    let mut reader = log.reader("sender", Lsn::ZERO);
    assert_eq!(log.release_before(Lsn::MAX).unwrap(), 0);
    let mut released = 0;
    for n in 0..8u8 {
        assert_eq!(reader.next_record().unwrap().unwrap().payload[0], n);
        released += log.release_before(Lsn::MAX).unwrap();
    }
    assert_eq!(log.segments().len(), 1, "{released} were released");
    drop(reader);
    let mut late = log.reader("late", Lsn::ZERO);
    assert!(matches!(late.next_record(), Err(Error::Start { .. })));
}

#[test]
fn a_reader_of_a_damaged_segment_says_so() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let ack = put(&log, &[1; 100]).unwrap();
    let path = log.segments()[0].path.clone();
    machine
        .disk
        .flip_bit(&path, 4096 + ack.lsn.get() + 60, 1)
        .unwrap();
    let error = log.reader("sender", Lsn::ZERO).next_record().unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt, "{error}");
}

#[test]
fn a_scan_without_a_key_lists_every_record_and_finds_rot() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let acks: Vec<_> = (0..3u8).map(|n| put(&log, &[n; 64]).unwrap()).collect();
    log.close().unwrap();
    let segment = log.segments()[0].clone();
    let scan = wal::inspect::scan(&machine.disk, &segment.path).unwrap();
    let bodies: Vec<_> = scan
        .records
        .iter()
        .filter(|record| !record.is_group)
        .collect();
    assert_eq!(
        bodies.iter().map(|r| r.lsn).collect::<Vec<_>>(),
        acks.iter().map(|ack| ack.lsn).collect::<Vec<_>>()
    );
    assert_eq!(
        scan.records.len(),
        7,
        "three groups, three bodies, a marker"
    );
    assert_eq!((scan.end_offset, scan.fault), (segment.durable_bytes, None));
    assert_eq!((scan.segment.number, scan.segment.timeline), (1, 1));
    let groups = wal::inspect::groups(&machine.environment(), &segment.path).unwrap();
    assert_eq!(
        groups
            .iter()
            .map(|group| group.payloads.len())
            .collect::<Vec<_>>(),
        [1, 1, 1, 0]
    );
    assert_eq!(groups[1].payloads[0], (acks[1].lsn, 64, binding(&[1])));
    machine
        .disk
        .flip_bit(&segment.path, bodies[1].offset + 80, 1)
        .unwrap();
    let scan = wal::inspect::scan(&machine.disk, &segment.path).unwrap();
    assert_eq!(scan.fault, Some("the checksum of a record does not match"));
    assert_eq!(scan.end_offset, bodies[1].offset);
}

#[test]
fn a_scan_of_a_cut_segment_ends_with_the_last_whole_record() {
    let (machine, path) = closed(1);
    let whole = wal::inspect::scan(&machine.disk, &path).unwrap();
    let bytes = machine.read(&path);
    for cut in whole.records[0].offset..=whole.end_offset {
        machine.write(&path, &bytes[..usize::try_from(cut).unwrap()]);
        let scan = wal::inspect::scan(&machine.disk, &path).unwrap();
        let held = whole.records.iter();
        let held = held.take_while(|record| record.offset + record.bytes <= cut);
        assert!(held.eq(&scan.records), "cut at {cut}");
        let is_whole = scan.end_offset == cut;
        assert_eq!(scan.fault.is_none(), is_whole, "cut at {cut}");
    }
}

/// A record is good only where it was written: not at another place, not in another segment.
#[test]
fn a_scan_ends_at_a_record_that_belongs_elsewhere() {
    let (machine, path) = closed(1);
    let (other, other_path) = closed(2);
    let scan = wal::inspect::scan(&machine.disk, &path).unwrap();
    let (to, size) = (scan.records[3].offset, scan.records[3].bytes);
    let same_place = (other.read(&other_path), to);
    let same_segment = (machine.read(&path), scan.records[1].offset);
    for (bytes, from) in [same_place, same_segment] {
        let from = usize::try_from(from).unwrap();
        let record = &bytes[from..from + usize::try_from(size).unwrap()];
        let copy = machine.fork();
        copy.disk.overwrite(&path, to, record).unwrap();
        let scan = wal::inspect::scan(&copy.disk, &path).unwrap();
        let reason = "a record stands at another position than its own";
        assert_eq!((scan.fault, scan.end_offset), (Some(reason), to));
    }
}

/// Returns a machine with one segment of three groups, one payload of 64 bytes each, and its path.
fn closed(seed: u64) -> (Machine, std::path::PathBuf) {
    let machine = Machine::new(seed);
    let log = machine.open_quietly(small()).unwrap().log;
    for n in 0..3u8 {
        put(&log, &[n; 64]).unwrap();
    }
    log.close().unwrap();
    let path = log.segments()[0].path.clone();
    (machine, path)
}

#[test]
fn verify_reads_everything_and_changes_nothing() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    for n in 0..8u8 {
        put(&log, &[n; 1500]).unwrap();
        log.wait_for_spares();
    }
    log.close().unwrap();
    log.release_before(log.segments()[1].end_lsn).unwrap();
    let segments = log.segments();
    drop(log);
    let changes = machine.disk.change_count();
    let report = wal::verify(&machine.environment()).unwrap();
    assert_eq!(report.segments, segments.len() as u64);
    assert_eq!(machine.disk.change_count(), changes);
    machine.disk.flip_bit(&segments[0].path, 5000, 1).unwrap();
    let error = wal::verify(&machine.environment()).unwrap_err();
    assert!(
        matches!(&error, Error::Damaged { path, .. } if *path == segments[0].path),
        "{error}"
    );
}

/// The collector's spool is the same log under another kind.
#[test]
fn a_spool_is_a_log_of_another_kind() {
    let machine = Machine::new(1);
    let mut environment = machine.environment();
    environment.kind = FileKind::Spool;
    let settings = Settings::spool(8 << 20);
    let start = Start::at(Lsn::ZERO);
    let mut found = Vec::new();
    let (log, _) = Log::open(
        environment.clone(),
        settings.clone(),
        start,
        &mut |_| Ok(()),
    )
    .unwrap();
    put(&log, b"kept while the server is away").unwrap();
    drop(log);
    let opened = Log::open(environment, settings, start, &mut |record| {
        found.push(record);
        Ok(())
    });
    drop(opened.unwrap());
    assert_eq!(payloads(&found), [b"kept while the server is away"]);
}

/// S-1: what is in the log cannot be read off the disk.
#[test]
fn s1_no_payload_or_binding_stands_in_clear() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let secret = b"select * from patients";
    let ticket = log
        .prepare(wal::Binding(*b"the collector named orders-prod."), secret)
        .unwrap();
    log.submit(ticket).unwrap().wait().unwrap();
    log.close().unwrap();
    for path in machine.files("") {
        let bytes = machine.read(&path);
        let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(!has(b"patients") && !has(b"orders-prod"), "{path:?}");
    }
}

#[test]
fn metrics_tell_what_was_written() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    put(&log, b"x").unwrap();
    let mut registry = prometheus_client::registry::Registry::default();
    log.metrics().register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for line in [
        "pga_wal_records_total 1",
        "pga_wal_groups_total 1",
        "pga_wal_poisoned 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.contains("pga_wal_fsync_seconds_count 1"), "{text}");
}
