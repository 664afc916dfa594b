//! `statements` is the same for ever, and as idle and as shaky as it says.

use std::collections::{HashMap, HashSet};

use wire::v1::{Batch, Values};
use wire::{BatchFrame, Limits};

use super::{MINUTE_NANOS, StatementRows, StatementShape};
use crate::generate::digest::digest;
use crate::generate::{Rows, START_NANOS, Share};

fn shape(minutes: i64) -> StatementShape {
    StatementShape {
        seed: 42,
        instances: 5,
        statements: 20,
        minutes,
    }
}

#[test]
fn the_data_set_is_the_same_for_ever_however_it_is_cut() {
    for rows_max in [1, 33, 1_000] {
        let mut rows = StatementRows::new(shape(50), Share::WHOLE);
        assert_eq!(digest(&mut rows, rows_max), 4_227_599_867_791_166_163);
    }
}

/// Goes through the rows of all statements of an instance in the order of their numbers, minute by
/// minute, and hands out each statement's number, its time and its eight counters.
fn walk(minutes: i64, mut see: impl FnMut(usize, i64, [f64; 8])) {
    let mut rows = StatementRows::new(shape(minutes), Share::WHOLE);
    let mut row = 0;
    while let Some(table) = rows.next_table(1_000) {
        for (index, time) in table.time.iter().enumerate() {
            let counters = [4, 5, 6, 7, 8, 9, 10, 11].map(|c| match &table.columns[c].values {
                Values::I64(values) => values[index] as f64,
                Values::F64(values) => values[index],
                other => panic!("a counter is a number, not {other:?}"),
            });
            see(row % 100, *time, counters);
            row += 1;
        }
    }
    assert_eq!(row, 100 * usize::try_from(minutes).unwrap());
}

#[test]
fn counters_never_fall_and_stand_still_in_88_percent_of_the_minutes() {
    let mut before: Vec<Option<[f64; 8]>> = vec![None; 100];
    let (mut active, mut total) = (0, 0);
    walk(600, |statement, _, counters| {
        if let Some(old) = before[statement] {
            assert!(old.iter().zip(counters).all(|(old, new)| new >= *old));
            // Whoever is active was called, and took time.
            assert_eq!(counters[0] > old[0], counters != old);
            assert_eq!(counters[0] > old[0], counters[6] > old[6]);
            active += usize::from(counters != old);
            total += 1;
        }
        before[statement] = Some(counters);
    });
    assert_eq!(total, 59_900);
    assert!((6_900..7_500).contains(&active), "{active}");
}

#[test]
fn an_instance_is_sampled_at_one_moment_a_little_after_the_full_minute() {
    let mut moments: HashMap<(usize, i64), i64> = HashMap::new();
    walk(100, |statement, time, _| {
        let minute = (time - START_NANOS) / MINUTE_NANOS;
        let late = time - START_NANOS - minute * MINUTE_NANOS;
        assert!((0..250_000_000).contains(&late) && late % 1_000_000 == 0);
        let instance = statement / 20;
        assert_eq!(*moments.entry((instance, minute)).or_insert(time), time);
    });
    assert_eq!(moments.len(), 500);
    let distinct: HashSet<_> = moments.values().map(|time| time % MINUTE_NANOS).collect();
    assert!(distinct.len() > 150, "{}", distinct.len());
}

#[test]
fn shares_hold_all_instances_and_make_frames_that_a_server_takes() {
    let mut total = 0;
    for share in Share::split(2) {
        let mut rows = StatementRows::new(shape(3), share);
        while let Some(table) = rows.next_table(64) {
            let batch = Batch {
                tables: vec![table],
                ..Batch::default()
            };
            total += BatchFrame::encode(&batch, &Limits::default())
                .unwrap()
                .view()
                .rows();
        }
    }
    assert_eq!(total, 300);
}
