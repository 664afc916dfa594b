//! Rows 32 to 39 of `docs/internals/recovery.md`: a log that is cut in its past goes on as a new
//! timeline, once.

use platform::UnixNanos;
use schema::Timestamp;
use wal::{Error, Kind, Log, Lsn, Record, Start, Timeline, Until};

use crate::fixture::{Machine, binding, payloads, put, small};

/// A closed log of nine payloads in three segments, committed at the times 10, 20, … 90.
fn history() -> (Machine, Vec<Record>) {
    let machine = Machine::new(1);
    let log = machine.open_quietly(small()).unwrap().log;
    for n in 1..10u8 {
        machine.clock.set(UnixNanos(1_000 + i64::from(n) * 10));
        put(&log, &[n; 30]).unwrap();
        if n % 3 == 0 && n < 9 {
            log.rotate().unwrap();
            log.wait_for_spares();
        }
    }
    let mut reader = log.reader("test", Lsn::ZERO);
    let records = std::iter::from_fn(|| reader.next_record().unwrap()).collect();
    log.close().unwrap();
    (machine, records)
}

fn at(nanos: i64) -> Until {
    Until::CommitTime(Timestamp::from_nanos(nanos))
}

fn restore(machine: &Machine, until: Until, timeline: u32) -> Result<(Log, Vec<Record>), Error> {
    let start = Start::restore(Lsn::ZERO, until, timeline);
    machine
        .open(small(), start)
        .map(|opened| (opened.log, opened.records))
}

#[test]
fn row_32_restore_to_a_time_ends_with_the_last_commit_not_after_it() {
    for (nanos, count) in [(1_010, 1), (1_039, 3), (1_040, 4), (1_090, 9), (9_999, 9)] {
        let (machine, _) = history();
        machine.clock.set(UnixNanos(0));
        let (log, records) = restore(&machine, at(nanos), 2).unwrap();
        assert_eq!(records.len(), count, "at {nanos}");
        let last = records.last().unwrap();
        assert_eq!(log.last_commit_time(), last.commit_time, "at {nanos}");
        put(&log, b"the other future").unwrap();
        log.close().unwrap();
        let again = machine
            .with_disk(machine.disk.crash())
            .open_quietly(small())
            .unwrap();
        assert_eq!(again.records.len(), count + 1, "at {nanos}");
        assert_eq!(again.records[count].payload, b"the other future");
        assert_eq!(again.report.timeline, 2);
    }
}

#[test]
fn row_33_restore_to_an_lsn_ends_with_that_record() {
    let (_, all) = history();
    for (index, last) in all.iter().enumerate() {
        for lsn in [last.lsn, Lsn::new(last.next.get() - 1)] {
            let (machine, _) = history();
            let (log, records) = restore(&machine, Until::Lsn(lsn), 2).unwrap();
            assert_eq!(payloads(&records), payloads(&all[..=index]));
            put(&log, b"new").unwrap();
            drop(log);
            let again = machine.open_quietly(small()).unwrap();
            assert_eq!(again.records.len(), index + 2);
        }
    }
}

/// A target may lie within a group; the records of the group behind it are gone for good, though
/// their bytes stay in the old segment.
#[test]
fn row_33_restore_within_a_group_cuts_the_group() {
    let machine = Machine::new(1);
    let settings = wal::Settings {
        segment_bytes: 1 << 16,
        ..small()
    };
    let log = machine.open_quietly(settings.clone()).unwrap().log;
    let path = log.segments()[0].path.clone();
    let group = (0..100)
        .find_map(|_| {
            let all: Vec<_> = (0..4u8)
                .map(|n| log.prepare(binding(&[n]), [n; 20]).unwrap())
                .collect();
            let tickets: Vec<_> = all
                .into_iter()
                .map(|body| log.submit(body).unwrap())
                .collect();
            for ticket in tickets {
                ticket.wait().unwrap();
            }
            let groups = wal::inspect::groups(&machine.environment(), &path).unwrap();
            groups.into_iter().find(|group| group.payloads.len() > 2)
        })
        .expect("payloads that are submitted together share a group sooner or later");
    log.close().unwrap();
    drop(log);
    let target = group.payloads[1].0;
    let start = Start::restore(Lsn::ZERO, Until::Lsn(target), 2);
    let opened = machine.open(settings.clone(), start).unwrap();
    assert_eq!(opened.records.last().unwrap().lsn, target);
    assert_eq!(opened.report.end_lsn, group.payloads[2].0);
    let count = opened.records.len();
    put(&opened.log, b"new").unwrap();
    drop(opened);
    let after = machine.with_disk(machine.disk.crash());
    let again = after.open(settings.clone(), Start::at(Lsn::ZERO)).unwrap();
    assert_eq!(again.records.len(), count + 1);
    assert_eq!(
        again.records[count].lsn.get() - group.payloads[2].0.get(),
        176
    );
    assert!(wal::verify(&after.environment()).is_ok());
}

#[test]
fn row_34_segments_beyond_the_target_are_removed_when_the_new_timeline_is_on_disk() {
    let (machine, _) = history();
    let before = machine.files(".log");
    let start = Start::restore(Lsn::ZERO, at(1_020), 2);
    let opened = machine.open(small(), start).unwrap();
    assert_eq!(opened.report.removed, before[1..]);
    let segments = opened.log.segments();
    assert_eq!(
        segments.iter().map(|s| s.timeline).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(segments[1].base_lsn, opened.report.end_lsn);
}

/// Whatever moment power is lost at, restoring again gives the same, and so does opening after it.
#[test]
fn row_35_restore_survives_a_crash_at_every_change() {
    let (whole, _) = history();
    let before = whole.disk.change_count();
    drop(restore(&whole, at(1_050), 2).unwrap());
    for changes in before..=whole.disk.change_count() {
        let (machine, all) = history();
        machine.disk.freeze_after(changes);
        drop(restore(&machine, at(1_050), 2));
        for seed in 0..4 {
            let crashed = machine.with_disk(machine.disk.crash_with(seed));
            let (log, records) = restore(&crashed, at(1_050), 2).unwrap();
            assert_eq!(payloads(&records), payloads(&all[..5]), "{changes} {seed}");
            drop(log);
            let again = crashed.open_quietly(small()).unwrap();
            assert_eq!(
                payloads(&again.records),
                payloads(&all[..5]),
                "{changes} {seed}"
            );
        }
    }
}

/// The change was made; what came after it is history now, though it is after the target.
#[test]
fn row_36_restoring_to_the_same_timeline_again_keeps_what_came_since() {
    let (machine, _) = history();
    let (log, records) = restore(&machine, at(1_050), 2).unwrap();
    put(&log, b"since then").unwrap();
    drop(log);
    let (_, again) = restore(&machine, at(1_050), 2).unwrap();
    assert_eq!(again.len(), records.len() + 1);
}

#[test]
fn row_37_timeline_that_is_not_above_all_others_is_refused() {
    let (machine, _) = history();
    drop(restore(&machine, at(1_050), 5).unwrap());
    let error = restore(&machine, at(1_030), 4).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error}");
    let (_, records) = restore(&machine, at(1_030), 6).unwrap();
    assert_eq!(records.len(), 3);
}

#[test]
fn row_38_target_before_the_position_is_refused() {
    let (machine, all) = history();
    let start = Start::restore(all[4].lsn, at(1_020), 2);
    let error = machine
        .open(small(), start)
        .map(|_| ())
        .map_err(|error| error.kind());
    assert_eq!(error, Err(Kind::Invalid));
}

#[test]
fn row_39_target_without_a_new_timeline_is_refused() {
    let (machine, _) = history();
    let start = Start {
        from: Lsn::ZERO,
        until: at(1_020),
        timeline: Timeline::Continue,
    };
    let error = machine
        .open(small(), start)
        .map(|_| ())
        .map_err(|error| error.kind());
    assert_eq!(error, Err(Kind::Invalid));
}
