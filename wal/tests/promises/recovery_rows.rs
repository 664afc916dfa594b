//! Recovery is a table of cases: one test for each row of `docs/internals/recovery.md`.
//!
//! Method: a log is made, its directory is brought into the row's state by hand, and it is opened.

use std::path::{Path, PathBuf};

use platform::{Disk, Operation, SimDisk};
use seal::{ClusterId, Keyring, MasterKey};
use wal::{Error, Kind, Log, Lsn, RecoveryReport, Start, Timeline, Until};

use crate::fixture::{DIR, Machine, Opened, payloads, put, small};

const ZERO: Start = Start::at(Lsn::ZERO);

/// A closed log of three segments with two payloads in each.
fn three_segments() -> (Machine, Vec<PathBuf>) {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    for n in 0..6u8 {
        put(&log, &[n; 30]).unwrap();
        if n == 1 || n == 3 {
            log.rotate().unwrap();
            log.wait_for_spares();
        }
    }
    log.close().unwrap();
    let paths = log
        .segments()
        .into_iter()
        .map(|segment| segment.path)
        .collect();
    (machine, paths)
}

fn refused(machine: &Machine, start: Start) -> Error {
    match machine.open(small(), start) {
        Ok(opened) => panic!("opened with {} records", opened.records.len()),
        Err(error) => error,
    }
}

fn numbers(log: &Log) -> Vec<u64> {
    log.segments()
        .iter()
        .map(|segment| segment.number)
        .collect()
}

fn path_of(number: u64, end: &str) -> PathBuf {
    Path::new(DIR).join(format!("{number:020}.{end}"))
}

/// Puts the right checksum on a segment's header.
fn with_header_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&bytes[..16]);
    sum.update(&bytes[20..4096]);
    bytes[16..20].copy_from_slice(&sum.finalize().to_le_bytes());
    bytes
}

#[test]
fn row_01_no_segment_begins_a_log_at_zero() {
    let Opened {
        log,
        records,
        report,
    } = Machine::new(1).open(small(), ZERO).unwrap();
    assert!(records.is_empty());
    assert_eq!(
        (report.end_lsn, report.timeline, report.segments),
        (Lsn::ZERO, 1, 0)
    );
    assert_eq!(log.segments()[0].base_lsn, Lsn::ZERO);
}

#[test]
fn row_02_no_segment_though_the_store_has_seen_a_log_is_refused() {
    let error = refused(&Machine::new(1), Start::at(Lsn::new(500)));
    assert!(matches!(error, Error::MissingLog { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Corrupt);
}

#[test]
fn row_03_no_segment_on_a_new_timeline_begins_at_the_position() {
    let start = Start::restore(Lsn::new(500), Until::End, 7);
    let opened = Machine::new(1).open(small(), start).unwrap();
    let [segment] = opened.log.segments().try_into().unwrap();
    assert_eq!((segment.base_lsn, segment.timeline), (Lsn::new(500), 7));
    assert!(put(&opened.log, b"x").unwrap().lsn > Lsn::new(500));
}

#[test]
fn row_04_temporary_file_is_removed() {
    let (machine, _) = three_segments();
    let path = path_of(99, "tmp");
    machine.write(&path, b"half a spare");
    let opened = machine.open(small(), ZERO).unwrap();
    assert!(opened.report.removed.contains(&path));
    assert_eq!(machine.disk.metadata(&path).unwrap(), None);
}

#[test]
fn row_05_whole_spare_is_used_again() {
    let (machine, _) = three_segments();
    let [spare] = machine.files(".spare").try_into().unwrap();
    let made = machine.disk.operation_count(Operation::Create);
    let opened = machine.open(small(), ZERO).unwrap();
    assert_eq!(opened.report.removed, [] as [PathBuf; 0]);
    assert_eq!(
        machine.disk.metadata(&spare).unwrap(),
        None,
        "it has become the new segment"
    );
    opened.log.wait_for_spares();
    assert_eq!(machine.disk.operation_count(Operation::Create), made + 1);
}

#[test]
fn row_06_spare_of_another_length_or_with_bytes_in_it_is_removed() {
    let (machine, _) = three_segments();
    let mut written = vec![0; 8192];
    written[5000] = 1;
    machine.write(&path_of(90, "spare"), &written);
    machine.write(&path_of(91, "spare"), &[0; 4096]);
    let opened = machine.open(small(), ZERO).unwrap();
    assert_eq!(
        opened.report.removed,
        [path_of(90, "spare"), path_of(91, "spare")]
    );
}

#[test]
fn row_07_foreign_name_is_left_alone_and_reported() {
    let (machine, _) = three_segments();
    machine.write(&Path::new(DIR).join("README"), b"hello");
    // A directory is no segment, whatever its name.
    let named = "00000000000000000009.log";
    for name in ["lost+found", named] {
        let path = Path::new(DIR).join(name);
        machine.disk.create_dir_all(&path).unwrap();
    }
    let opened = machine.open(small(), ZERO).unwrap();
    assert_eq!(opened.report.foreign, [named, "README", "lost+found"]);
    assert_eq!(machine.read(&Path::new(DIR).join("README")), b"hello");
}

#[test]
fn row_08_segment_with_a_malformed_name_is_refused() {
    let (machine, _) = three_segments();
    machine.write(&Path::new(DIR).join("2.log"), b"?");
    assert!(matches!(refused(&machine, ZERO), Error::Misplaced { .. }));
}

#[test]
fn row_09_segment_under_another_name_is_refused() {
    let (machine, paths) = three_segments();
    machine.disk.rename(&paths[2], &path_of(9, "log")).unwrap();
    let error = refused(&machine, ZERO);
    assert!(matches!(error, Error::Misplaced { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Corrupt);
}

/// The header is on disk before the name is, so that no crash leaves this.
#[test]
fn row_10_segment_of_zeros_is_damage() {
    let (machine, _) = three_segments();
    machine.write(&path_of(4, "log"), &[0; 8192]);
    let error = refused(&machine, ZERO);
    assert!(matches!(error, Error::Damaged { offset: 0, .. }), "{error}");
}

#[test]
fn row_11_damaged_or_short_header_is_damage() {
    let (machine, paths) = three_segments();
    for path in &paths {
        let bytes = machine.read(path);
        machine.write(path, &bytes[..4095]);
        assert!(matches!(
            refused(&machine, ZERO),
            Error::Damaged { offset: 0, .. }
        ));
        machine.write(path, &bytes);
        machine.disk.flip_bit(path, 50, 3).unwrap();
        assert!(matches!(
            refused(&machine, ZERO),
            Error::Damaged { offset: 0, .. }
        ));
        machine.write(path, &bytes);
    }
    // A forger who knows the checksum still lacks the key.
    let mut forged = machine.read(&paths[2]);
    forged[88] = 9;
    machine.write(&paths[2], &with_header_checksum(forged));
    assert!(matches!(
        refused(&machine, ZERO),
        Error::Damaged { offset: 0, .. }
    ));
}

#[test]
fn row_12_segment_of_another_cluster_is_refused_by_name() {
    let (machine, _) = three_segments();
    let other = machine.with_keyring(keyring(&machine, 2, 5));
    let error = refused(&other, ZERO);
    assert!(matches!(error, Error::WrongCluster { .. }), "{error}");
    assert!(error.to_string().contains(&"02".repeat(16)), "{error}");
}

#[test]
fn row_13_segment_under_a_data_key_that_is_missing_is_refused() {
    let (machine, paths) = three_segments();
    let mut bytes = machine.read(&paths[1]);
    bytes[20] = 9;
    machine.write(&paths[1], &with_header_checksum(bytes));
    let error = refused(&machine, ZERO);
    assert!(
        matches!(
            &error,
            Error::Key {
                source: seal::Error::MissingDataKey { .. },
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn row_14_segment_under_another_key_is_told_from_damage() {
    let (machine, _) = three_segments();
    let other = machine.with_keyring(keyring(&machine, 1, 5));
    let error = refused(&other, ZERO);
    assert!(matches!(error, Error::Key { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Denied);
}

#[test]
fn row_15_segment_of_a_newer_version_is_refused() {
    let (machine, paths) = three_segments();
    let mut bytes = machine.read(&paths[0]);
    bytes[8] = 2;
    machine.write(&paths[0], &with_header_checksum(bytes));
    let error = refused(&machine, ZERO);
    assert!(
        matches!(error, Error::UnsupportedVersion { version: 2, .. }),
        "{error}"
    );
}

#[test]
fn row_16_segment_of_another_kind_is_refused() {
    let (machine, _) = three_segments();
    let mut environment = machine.environment();
    environment.kind = seal::FileKind::Spool;
    let opened = Log::open(environment, small(), ZERO, &mut |_| Ok(()));
    assert!(matches!(opened, Err(Error::WrongKind { actual: 1, .. })));
}

#[test]
fn row_17_missing_first_segment_is_refused() {
    let (machine, paths) = three_segments();
    machine.disk.remove(&paths[0]).unwrap();
    let error = refused(&machine, ZERO);
    assert!(
        matches!(error, Error::MissingSegment { number: 2, .. }),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Corrupt);
}

#[test]
fn row_18_missing_segment_between_others_is_refused_even_if_it_is_not_needed() {
    let (machine, paths) = three_segments();
    machine.disk.remove(&paths[1]).unwrap();
    for from in [Lsn::ZERO, Lsn::new(900)] {
        let error = refused(&machine, Start::at(from));
        assert!(
            matches!(error, Error::MissingSegment { number: 3, .. }),
            "{error}"
        );
    }
}

#[test]
fn row_19_released_beginning_is_not_missed() {
    let (machine, paths) = three_segments();
    let base = machine.open(small(), ZERO).unwrap().log.segments()[1].base_lsn;
    machine.disk.remove(&paths[0]).unwrap();
    let opened = machine.open(small(), Start::at(base)).unwrap();
    assert_eq!(opened.records.len(), 4);
}

#[test]
fn row_20_segment_that_no_other_continues_is_refused() {
    let (machine, paths) = three_segments();
    // Segment 3 once more, as if it continued segment 1 on the same timeline.
    let other = machine.fork();
    for path in &paths[1..] {
        other.disk.remove(path).unwrap();
    }
    let log = other.open(small(), ZERO).unwrap().log;
    log.wait_for_spares();
    put(&log, b"another future").unwrap();
    log.rotate().unwrap();
    log.close().unwrap();
    // The other future's third segment continues its own second one, not ours.
    let strays = log.segments();
    machine.write(&path_of(3, "log"), &other.read(&strays[2].path));
    let error = refused(&machine, ZERO);
    assert_eq!(error.kind(), Kind::Corrupt, "{error}");
}

#[test]
fn row_21_segments_that_fit_are_replayed_in_order() {
    let (machine, _) = three_segments();
    let opened = machine.open(small(), ZERO).unwrap();
    let expected: Vec<_> = (0..6u8).map(|n| vec![n; 30]).collect();
    assert_eq!(payloads(&opened.records), expected);
    assert!(opened.records.is_sorted_by(|a, b| a.next <= b.lsn));
    assert_eq!(numbers(&opened.log), [1, 2, 3, 4]);
    let counts = |report: &RecoveryReport| {
        let &RecoveryReport {
            segments,
            groups,
            records,
            payload_bytes,
            ..
        } = report;
        [segments, groups, records, payload_bytes]
    };
    // The marker that closed the log is a group without records.
    assert_eq!(counts(&opened.report), [3, 7, 6, 6 * 30]);
    let from = opened.records[3].lsn;
    drop(opened);
    let later = machine.open(small(), Start::at(from)).unwrap();
    assert_eq!(payloads(&later.records), expected[3..]);
    // The first segment is not read; of the second, one record is not given out.
    assert_eq!(counts(&later.report)[0], 3);
    assert_eq!(counts(&later.report)[2..], [3, 3 * 30]);
}

#[test]
fn row_22_damage_in_a_sealed_segment_is_refused() {
    let (machine, paths) = three_segments();
    for path in &paths[..2] {
        let bytes = machine.read(path);
        for at in (4096..bytes.len()).step_by(13) {
            machine.disk.flip_bit(path, at as u64, 0).unwrap();
            let Error::Damaged {
                path: named,
                offset,
                ..
            } = refused(&machine, ZERO)
            else {
                panic!("byte {at}")
            };
            assert!(named == *path && offset <= at as u64);
            machine.disk.flip_bit(path, at as u64, 0).unwrap();
        }
    }
}

#[test]
fn row_23_sealed_segment_that_ends_early_is_refused() {
    let (machine, paths) = three_segments();
    let bytes = machine.read(&paths[0]);
    for end in (4096..bytes.len()).step_by(7) {
        machine.write(&paths[0], &bytes[..end]);
        let Error::Damaged { reason, .. } = refused(&machine, ZERO) else {
            panic!("cut to {end}")
        };
        let expected: &[&str] = if end == 4096 {
            &["it ends before the next segment begins"]
        } else {
            &[
                "the file ends within the header of a record",
                "the file ends within a record",
                "a group lacks one of its bodies",
            ]
        };
        assert!(expected.contains(&reason), "cut to {end}: {reason}");
    }
}

/// Both versions of the segment are whole and ours; only one of them is what the next continues.
#[test]
fn row_24_sealed_segment_with_another_chain_tag_is_refused() {
    let (machine, paths) = three_segments();
    let twin = machine.with_disk(SimDisk::new(2));
    let log = twin.open_quietly(small()).unwrap().log;
    put(&log, &[0; 30]).unwrap();
    put(&log, &[9; 30]).unwrap();
    log.rotate().unwrap();
    log.close().unwrap();
    let other = twin.read(&paths[0]);
    assert_eq!(other.len(), machine.read(&paths[0]).len());
    machine.write(&paths[0], &other);
    let error = refused(&machine, ZERO);
    assert!(
        error
            .to_string()
            .contains("does not end as the next segment says"),
        "{error}"
    );
}

#[test]
fn row_25_last_segment_that_ends_with_zeros_ends_there() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let ack = put(&log, b"payload").unwrap();
    let after = machine.with_disk(machine.disk.crash());
    let opened = after.open(small(), ZERO).unwrap();
    assert_eq!(
        (opened.report.torn, opened.report.end_lsn),
        (None, ack.next)
    );
}

/// What a backup ships: the durable bytes of the segment that is still written.
#[test]
fn row_26_last_segment_cut_at_any_group_recovers_up_to_there() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    let mut prefixes = vec![(4096, 0)];
    for n in 1..6u8 {
        put(&log, &[n; 40]).unwrap();
        prefixes.push((log.segments()[0].durable_bytes, usize::from(n)));
    }
    let path = log.segments()[0].path.clone();
    let bytes = machine.read(&path);
    for (end, count) in prefixes {
        let copy = machine.with_disk(SimDisk::new(3));
        copy.disk.create_dir_all(Path::new(DIR)).unwrap();
        copy.write(&path, &bytes[..usize::try_from(end).unwrap()]);
        let opened = copy.open(small(), ZERO).unwrap();
        assert_eq!((opened.records.len(), opened.report.torn), (count, None));
    }
}

#[test]
fn row_27_torn_tail_is_cut_and_reported() {
    let (machine, paths) = three_segments();
    let bytes = machine.read(&paths[2]);
    let scan = wal::inspect::scan(&machine.disk, &paths[2]).unwrap();
    let last_group = scan.records[2];
    machine.write(
        &paths[2],
        &bytes[..usize::try_from(last_group.offset).unwrap() + 100],
    );
    let opened = machine.open(small(), ZERO).unwrap();
    assert_eq!(opened.records.len(), 5);
    let torn = opened.report.torn.unwrap();
    assert_eq!(
        (torn.path, torn.offset, torn.bytes),
        (paths[2].clone(), last_group.offset, 100)
    );
    assert_eq!(opened.report.end_lsn, last_group.lsn);
}

#[test]
fn row_28_damage_that_a_later_record_vouches_against_is_refused() {
    let (machine, paths) = three_segments();
    let scan = wal::inspect::scan(&machine.disk, &paths[2]).unwrap();
    let first = scan.records[0];
    machine
        .disk
        .flip_bit(&paths[2], first.offset + 70, 0)
        .unwrap();
    let Error::Damaged { path, offset, .. } = refused(&machine, ZERO) else {
        panic!()
    };
    assert_eq!((path, offset), (paths[2].clone(), first.offset));
    // Zeros where a record was are damage just the same.
    let (machine, _) = three_segments();
    let length = usize::try_from(first.bytes).unwrap();
    machine
        .disk
        .overwrite(&paths[2], first.offset, &vec![0; length])
        .unwrap();
    assert!(matches!(refused(&machine, ZERO), Error::Damaged { .. }));
}

/// A crash cannot make a checksum fit; somebody without the key can.
#[test]
fn row_29_forged_record_is_refused_at_the_tail_too() {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    put(&log, &[1; 44]).unwrap();
    let path = log.segments()[0].path.clone();
    let record = wal::inspect::scan(&machine.disk, &path).unwrap().records[1];
    let mut bytes = machine.read(&path);
    let at = usize::try_from(record.offset).unwrap() + 56;
    bytes[at] ^= 1;
    let sum = crc32fast::hash(&bytes[at..at + 44 + 16]).to_le_bytes();
    bytes[at + 60..at + 64].copy_from_slice(&sum);
    drop(log);
    machine.write(&path, &bytes);
    let error = refused(&machine, ZERO);
    assert!(
        error
            .to_string()
            .contains("the tag of a body does not match"),
        "{error}"
    );
}

#[test]
fn row_30_last_segment_without_a_group_is_an_end() {
    let (machine, _) = three_segments();
    drop(machine.open(small(), ZERO).unwrap());
    drop(machine.open(small(), ZERO).unwrap());
    let opened = machine.open(small(), ZERO).unwrap();
    assert_eq!((opened.records.len(), opened.report.torn), (6, None));
}

#[test]
fn row_31_log_that_ends_before_the_position_is_refused() {
    let (machine, _) = three_segments();
    let end = machine.open(small(), ZERO).unwrap().report.end_lsn;
    assert!(machine.open(small(), Start::at(end)).is_ok());
    let error = refused(&machine, Start::at(Lsn::new(end.get() + 1)));
    assert!(matches!(error, Error::EndsEarly { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Corrupt);
}

#[test]
fn row_40_replay_that_fails_opens_nothing_and_changes_nothing() {
    let (machine, _) = three_segments();
    let before = machine.files("");
    let result = Log::open(machine.environment(), small(), ZERO, &mut |_| {
        Err("the store is full".into())
    });
    let Err(Error::Replay { lsn, .. }) = result else {
        panic!("opened")
    };
    assert!(lsn > Lsn::ZERO);
    assert_eq!(machine.files(""), before);
}

#[test]
fn timelines_are_counted_from_one() {
    let start = Start {
        timeline: Timeline::New(0),
        ..ZERO
    };
    assert!(matches!(
        refused(&Machine::new(1), start),
        Error::Start { .. }
    ));
}

fn keyring(machine: &Machine, cluster: u8, seed: u64) -> Keyring {
    let entropy = platform::SimEntropy::new(seed);
    let master = MasterKey::generate(&entropy);
    let path = PathBuf::from(format!("/keyring-{cluster}-{seed}"));
    let cluster = ClusterId::from_bytes([cluster; 16]);
    Keyring::create(&machine.disk, &path, &master, cluster, &entropy).unwrap()
}
