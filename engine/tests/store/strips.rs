//! A scan of more footers than it may hold is read in strips of time: every row comes once, and no more
//! is held than there is memory for.

use std::sync::atomic::{AtomicBool, Ordering};

use engine::{Engine, Kind, ScanOrder, ScanRequest, TableView};
use schema::{TimeRange, Timestamp};

use crate::harness::{
    Line, Machine, Row, SECOND, START, batch, everything, lines_of, samples, scan, write,
};

/// A machine whose scans may hold about so many footers of the parts that these tests write.
fn machine(seed: u64, footers: u64, of_scan: u64) -> Machine {
    let mut machine = Machine::new(seed);
    machine.settings.shares.footer_bytes_max = footers * FOOTER_BYTES;
    machine.settings.shares.scan_footer_bytes_max = of_scan * FOOTER_BYTES;
    machine
}

/// Writes a part for each of some days before the start, a row of each of three hosts in each.
fn parts_of_days(engine: &Engine, days: i64) {
    for day in 0..days {
        let rows = ["a", "b", "c"].map(|host| Row::new(host, at(-day), day));
        write(engine, &batch("cpu", &rows));
        engine.flush().unwrap();
    }
}

fn at(day: i64) -> i64 {
    START + day * 86_400 * SECOND
}

fn in_strips(table: &TableView, partitions: usize) -> ScanRequest {
    ScanRequest {
        partitions,
        order: ScanOrder::Strips,
        ..everything(table)
    }
}

fn sorted(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort();
    lines
}

fn footer_bytes(engine: &Engine) -> u64 {
    let shares = engine.memory();
    let footers = shares.iter().find(|share| share.name == "footers");
    footers.unwrap().bytes
}

#[test]
fn a_scan_of_more_footers_than_fit_gives_every_row_within_their_memory() {
    let machine = machine(1, 10, 4);
    let engine = machine.open();
    parts_of_days(&engine, 60);
    let table = engine.view().table("cpu").unwrap();
    assert_eq!(
        table.scan(&everything(&table)).unwrap_err().kind(),
        Kind::Overloaded,
        "in the total order all footers are needed at once"
    );
    let partition = table.scan(&in_strips(&table, 1)).unwrap().remove(0);
    let (mut lines, mut most) = (Vec::new(), 0);
    for batch in partition {
        lines.extend(lines_of(&batch.unwrap()));
        most = most.max(footer_bytes(&engine));
    }
    assert!(most > 0 && most <= 10 * FOOTER_BYTES, "{most}");
    // The earliest strip first, and in each by host and then by time.
    let of_first = lines.iter().take_while(|line| line.contains("host=a"));
    let in_strip = of_first.count();
    assert!((2..10).contains(&in_strip), "{in_strip} parts in a strip");
    for (which, host) in ["a", "b", "c"].into_iter().enumerate() {
        for (day, line) in (0..).zip(&lines[which * in_strip..(which + 1) * in_strip]) {
            let day = 59 - day;
            let expected = format!("time={} host={host} count={day}", at(-day) - START);
            assert_eq!(*line, expected);
        }
    }
    let all = (0..60).flat_map(|day| {
        let line = move |host| format!("time={} host={host} count={day}", at(-day) - START);
        ["a", "b", "c"].map(line)
    });
    assert_eq!(sorted(lines), sorted(all.collect()));
}

#[test]
fn partitions_that_are_read_at_the_same_time_stay_within_the_memory_for_footers() {
    let machine = machine(2, 16, 6);
    let engine = machine.open();
    parts_of_days(&engine, 60);
    let view = engine.view();
    let table = view.table("cpu").unwrap();
    let is_done = AtomicBool::new(false);
    let (lines, most) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !is_done.load(Ordering::Relaxed) {
                most = most.max(footer_bytes(&engine));
                std::thread::yield_now();
            }
            most
        });
        // Two scans at once, of three partitions each.
        let scans = [(); 2].map(|()| table.scan(&in_strips(&table, 3)).unwrap());
        let readers: Vec<_> = scans
            .into_iter()
            .flatten()
            .map(|partition| {
                scope.spawn(|| {
                    let batches = partition.flat_map(|batch| lines_of(&batch.unwrap()));
                    batches.collect::<Vec<Line>>()
                })
            })
            .collect();
        assert_eq!(readers.len(), 6);
        let lines: Vec<Line> = readers
            .into_iter()
            .flat_map(|reader| reader.join().unwrap())
            .collect();
        is_done.store(true, Ordering::Relaxed);
        (lines, watch.join().unwrap())
    });
    // Each thread may be about to let go of one footer that is in the cache no more.
    assert!(most <= (16 + 6) * FOOTER_BYTES, "{most}");
    let once = scan(&table, &in_strips(&table, 1));
    assert_eq!(once.len(), 180);
    let twice = once.iter().chain(&once).cloned().collect();
    assert_eq!(sorted(lines), sorted(twice));
}

#[test]
fn a_partition_that_is_asked_for_again_has_the_same_rows() {
    let machine = machine(3, 16, 6);
    let engine = machine.open();
    parts_of_days(&engine, 40);
    let table = engine.view().table("cpu").unwrap();
    let request = in_strips(&table, 3);
    let read = |partition: usize| -> Vec<Line> {
        let partition = table.scan(&request).unwrap().into_iter().nth(partition);
        let batches = partition.into_iter().flatten();
        batches
            .flat_map(|batch| lines_of(&batch.unwrap()))
            .collect()
    };
    let all: Vec<Line> = (0..3).flat_map(read).collect();
    assert_eq!(all, scan(&table, &request));
    assert_eq!(all.len(), 120);
}

#[test]
fn rows_that_meet_in_a_moment_are_merged_in_whichever_strip_it_is() {
    let machine = machine(4, 60, 3);
    let engine = machine.open();
    parts_of_days(&engine, 20);
    // One part lies across all days, rewrites some of their rows and comes between others.
    let late = (0..20).map(|day| Row {
        usage: Some(0.5),
        count: (day % 2 == 0).then_some(100 + day),
        ..Row::new("b", at(-day) + (day % 3), day)
    });
    write(&engine, &batch("cpu", &late.collect::<Vec<_>>()));
    engine.flush().unwrap();
    // And rows that are still in memory do the same.
    let newest = (0..20).map(|day| Row::new("c", at(-day), 200 + day));
    write(&engine, &batch("cpu", &newest.collect::<Vec<_>>()));
    let rows = crate::deletes::predicate(-7 * 86_400 * SECOND, -4 * 86_400 * SECOND, Some("a"));
    engine.delete_rows("cpu", rows).unwrap().wait().unwrap();
    let table = engine.view().table("cpu").unwrap();
    let expected = sorted(scan(&table, &everything(&table)));
    for partitions in [1, 2, 5] {
        for batch_rows in [1, 7, 8_192] {
            let request = ScanRequest {
                batch_rows,
                ..in_strips(&table, partitions)
            };
            assert_eq!(sorted(scan(&table, &request)), expected);
        }
    }
    assert_eq!(table.exact_row_count(), None);
    let middle = ScanRequest {
        time: TimeRange {
            start: Timestamp::from_nanos(at(-15) + 1),
            end: Timestamp::from_nanos(at(-3)),
        },
        order: ScanOrder::Total,
        ..in_strips(&table, 2)
    };
    let expected = sorted(scan(&table, &middle));
    let middle = ScanRequest {
        order: ScanOrder::Strips,
        ..middle
    };
    assert_eq!(sorted(scan(&table, &middle)), expected);
}

#[test]
fn rows_of_an_append_only_table_all_stay() {
    let machine = machine(5, 60, 3);
    let engine = machine.open();
    for day in 0..20 {
        let rows = [Row::new("a", at(-day), day), Row::new("a", at(-day), 1)];
        write(&engine, &samples("events", &rows));
        engine.flush().unwrap();
    }
    let table = engine.view().table("events").unwrap();
    let lines = scan(&table, &in_strips(&table, 1));
    assert_eq!(lines.len(), 40);
    // Within a strip rows of one moment are in the order of the log.
    let last = format!("time={} host=a count=1", at(-19) - START);
    assert_eq!(lines[1], last);
    assert_eq!(sorted(lines), sorted(scan(&table, &everything(&table))));
}

#[test]
fn a_limit_ends_a_scan_in_its_first_strip_and_lets_go_of_it() {
    let machine = machine(6, 10, 4);
    let engine = machine.open();
    parts_of_days(&engine, 40);
    let table = engine.view().table("cpu").unwrap();
    let before = engine.status().page_cache.misses;
    let request = ScanRequest {
        limit: Some(5),
        batch_rows: 2,
        ..in_strips(&table, 1)
    };
    let mut partition = table.scan(&request).unwrap().remove(0);
    let rows = partition.by_ref().map(|batch| batch.unwrap().num_rows());
    assert_eq!(rows.collect::<Vec<_>>(), [2, 2, 1]);
    assert!(partition.next().is_none());
    let read = engine.status().page_cache.misses - before;
    assert!(read <= 4 * 8, "pages of the first parts are read: {read}");
}

#[test]
fn what_all_lies_in_one_moment_is_refused_with_what_would_help() {
    let machine = machine(7, 10, 4);
    let engine = machine.open();
    for n in 0..30 {
        let rows = [Row::new("a", START, n), Row::new("a", START - 1_000, n)];
        write(&engine, &batch("cpu", &rows));
        engine.flush().unwrap();
    }
    let table = engine.view().table("cpu").unwrap();
    let refusal = table.scan(&in_strips(&table, 2)).unwrap_err();
    assert_eq!(refusal.kind(), Kind::Overloaded);
    let text = refusal.to_string();
    assert!(text.contains("shorter stretch of time"), "{text}");
}

/// About what the footer of a part of three rows takes.
const FOOTER_BYTES: u64 = 2_500;
