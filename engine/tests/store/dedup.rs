//! A numbered batch is stored once, whatever happens between its copies.

use engine::Kind;

use crate::harness::{Machine, Row, SECOND, START, batch, frame, lines, numbered, samples, write};

fn sent(sequence: u64) -> wire::v1::Batch {
    let count = i64::try_from(sequence).unwrap();
    numbered(
        samples("events", &[Row::new("a", START, count)]),
        "c",
        1,
        sequence,
    )
}

#[test]
fn a_copy_is_told_that_it_is_one() {
    let engine = Machine::new(1).open();
    let first = write(&engine, &sent(1));
    let second = write(&engine, &sent(1));
    assert!(!first.duplicate && second.duplicate);
    assert!(second.lsn >= first.lsn && second.commit_time >= first.commit_time);
    assert_eq!(lines(&engine, "events").len(), 1);
}

#[test]
fn a_copy_that_comes_while_the_first_is_under_way_waits_for_it() {
    let engine = Machine::new(2).open();
    let commits: Vec<_> = (0..8)
        .map(|_| engine.commit(frame(&sent(1))).unwrap())
        .collect();
    let outcomes: Vec<_> = commits
        .into_iter()
        .map(|commit| commit.wait().unwrap())
        .collect();
    assert_eq!(
        outcomes.iter().filter(|outcome| !outcome.duplicate).count(),
        1
    );
    assert_eq!(lines(&engine, "events").len(), 1);
}

#[test]
fn copies_are_known_after_a_crash_and_after_a_flush() {
    let machine = Machine::new(3);
    let engine = machine.open();
    // A gap, as a full spool leaves it.
    write(&engine, &sent(1));
    write(&engine, &sent(3));
    let machine = machine.crash();
    let engine = machine.open();
    assert!(write(&engine, &sent(1)).duplicate && write(&engine, &sent(3)).duplicate);
    engine.flush().unwrap();
    let machine = machine.crash();
    let engine = machine.open();
    assert_eq!(engine.recovery().log.records, 0);
    assert!(write(&engine, &sent(1)).duplicate && write(&engine, &sent(3)).duplicate);
    assert!(!write(&engine, &sent(2)).duplicate);
    assert_eq!(lines(&engine, "events").len(), 3);
}

#[test]
fn what_is_forgotten_is_refused() {
    let mut machine = Machine::new(4);
    machine.settings.dedup_ranges_max = 2;
    let engine = machine.open();
    for sequence in [1, 3, 5] {
        write(&engine, &sent(sequence));
    }
    let refusal = engine.commit(frame(&sent(1))).unwrap_err();
    assert_eq!(refusal.kind(), Kind::Invalid);
    assert!(refusal.to_string().contains("too old"), "{refusal}");
    assert_eq!(lines(&engine, "events").len(), 3);
}

#[test]
fn batches_without_a_number_are_all_stored() {
    let engine = Machine::new(5).open();
    let rows = [Row::new("a", START, 1)];
    for _ in 0..3 {
        assert!(!write(&engine, &samples("events", &rows)).duplicate);
    }
    assert_eq!(lines(&engine, "events").len(), 3);
}

#[test]
fn an_idempotency_key_is_forgotten_after_a_day() {
    let machine = Machine::new(6);
    let engine = machine.open();
    let key = |time| {
        numbered(
            batch("cpu", &[Row::new("a", time, 1)]),
            "idempotency:k",
            1,
            1,
        )
    };
    write(&engine, &key(START));
    machine.advance(23 * 3_600);
    assert!(write(&engine, &key(START)).duplicate);
    machine.advance(2 * 3_600);
    assert!(!write(&engine, &key(START + SECOND)).duplicate);
    assert_eq!(lines(&engine, "cpu").len(), 2);
    engine.flush().unwrap();
    let engine = machine.crash().open();
    assert!(
        write(&engine, &key(START)).duplicate,
        "it was sent anew an hour ago"
    );
}
