//! Goal: what is chosen is closed in time and log, ends, and pays.

use proptest::prelude::*;
use schema::{Lsn, TimeRange, Timestamp};

use super::{Effort, choose, is_closed};
use crate::Settings;
use crate::flush::aligned;
use crate::part::{PartId, PartMeta};

const HOUR: i64 = 3_600_000_000_000;

/// A part of the window that `hour` lies in, with rows of one moment, from some records.
fn part(number: u8, hour: i64, first: u64, last: u64) -> PartMeta {
    let time = Timestamp::from_nanos(hour * HOUR);
    PartMeta {
        id: PartId::from_bytes([number; 16]),
        table: "cpu".into(),
        rows: 10,
        series: 1,
        time_min: time,
        time_max: time,
        window: aligned(hour * HOUR, Settings::default().window),
        first_lsn: Lsn::new(first),
        last_lsn: Lsn::new(last),
        bytes: 1_000,
        level: 0,
    }
}

fn chosen(parts: &[PartMeta], hour: i64, effort: Effort) -> Vec<u8> {
    let parts: Vec<&PartMeta> = parts.iter().collect();
    let now = Timestamp::from_nanos(hour * HOUR);
    let choice = choose(&parts, &Settings::default(), now, effort, &[]);
    choice.map_or(vec![], |c| {
        c.parts.iter().map(|id| id.as_bytes()[0]).collect()
    })
}

#[test]
fn a_filling_window_waits_for_enough_parts() {
    let parts: Vec<_> = (0..4u8)
        .map(|n| part(n, 1, u64::from(n), u64::from(n)))
        .collect();
    assert!(chosen(&parts[..3], 1, Effort::Usual).is_empty());
    assert_eq!(chosen(&parts, 1, Effort::Usual), [0, 1, 2, 3]);
    assert_eq!(chosen(&parts[..2], 1, Effort::Full), [0, 1]);
}

#[test]
fn a_day_is_merged_once_it_has_settled() {
    let parts = [part(1, 1, 1, 1), part(2, 5, 2, 2), part(3, 23, 3, 3)];
    assert!(chosen(&parts, 24, Effort::Usual).is_empty());
    assert_eq!(chosen(&parts, 25, Effort::Usual), [1, 2, 3]);
}

#[test]
fn a_large_part_is_not_written_again_for_a_few_rows() {
    let mut parts = [part(1, 1, 1, 1), part(2, 1, 2, 2)];
    parts[0].bytes = 1 << 20;
    assert!(chosen(&parts, 100, Effort::Usual).is_empty());
    assert_eq!(chosen(&parts, 100, Effort::Full), [1, 2]);
}

#[test]
fn a_part_that_lies_between_in_the_log_keeps_others_apart() {
    // The part of the day covers all of it, and came between the two of one window.
    let mut day = part(9, 0, 2, 3);
    day.time_max = Timestamp::from_nanos(20 * HOUR);
    day.window = TimeRange {
        start: Timestamp::from_nanos(-5 * HOUR),
        end: Timestamp::from_nanos(40 * HOUR),
    };
    let parts = [part(1, 1, 1, 1), day, part(2, 1, 4, 4)];
    assert!(chosen(&parts, 100, Effort::Full).is_empty());
}

proptest! {
    #[test]
    fn every_choice_is_closed_and_merging_ends(
        hours in prop::collection::vec((0i64..60, 1u64..4), 0..40),
        now in 0i64..100,
    ) {
        let mut lsn = 1;
        let mut parts: Vec<PartMeta> = Vec::new();
        for (number, (hour, records)) in (0u8..).zip(&hours) {
            parts.push(part(number, *hour, lsn, lsn + records - 1));
            lsn += records;
        }
        for round in 0..=hours.len() {
            let all: Vec<&PartMeta> = parts.iter().collect();
            let now = Timestamp::from_nanos(now * HOUR);
            let Some(choice) = choose(&all, &Settings::default(), now, Effort::Full, &[]) else {
                break;
            };
            prop_assert!(round < hours.len(), "merging does not end");
            let run: Vec<&PartMeta> = all.iter().filter(|p| choice.parts.contains(&p.id)).copied().collect();
            prop_assert!(run.len() >= 2 && is_closed(&run, &all));
            let merged = PartMeta {
                time_min: run.iter().map(|p| p.time_min).min().unwrap(),
                time_max: run.iter().map(|p| p.time_max).max().unwrap(),
                first_lsn: run.iter().map(|p| p.first_lsn).min().unwrap(),
                last_lsn: run.iter().map(|p| p.last_lsn).max().unwrap(),
                window: choice.window,
                level: choice.level,
                id: PartId::from_bytes([200 + u8::try_from(round).unwrap(); 16]),
                ..run[0].clone()
            };
            prop_assert!(merged.time_min >= merged.window.start && merged.time_max < merged.window.end);
            parts.retain(|p| !choice.parts.contains(&p.id));
            parts.push(merged);
        }
    }
}

#[test]
fn a_merge_that_failed_is_left_out_and_later_windows_are_not() {
    let parts = [
        part(1, 0, 0, 9),
        part(2, 0, 10, 19),
        part(3, 30, 20, 29),
        part(4, 30, 30, 39),
    ];
    let settings = Settings::default();
    let now = Timestamp::from_nanos(1_000 * HOUR);
    let (mut failed, mut tried) = (Vec::new(), Vec::new());
    let all: Vec<&PartMeta> = parts.iter().collect();
    while let Some(choice) = choose(&all, &settings, now, Effort::Full, &failed) {
        tried.push(
            choice
                .parts
                .iter()
                .map(|id| id.as_bytes()[0])
                .collect::<Vec<_>>(),
        );
        failed.push(choice);
    }
    // As parts of a day, then as parts of two hours.
    assert_eq!(tried, [[1, 2], [3, 4], [1, 2], [3, 4]]);
}
