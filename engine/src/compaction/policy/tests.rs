//! Goal: what is chosen is closed in time and log, ends, and pays.

use std::collections::BTreeMap;

use proptest::prelude::*;
use schema::{Lsn, Span, TimeRange, Timestamp};

use super::runs::is_closed;
use super::{Choice, Effort, Situation, choose, merges_due};
use crate::flush::aligned;
use crate::part::{Heat, PartId, PartMeta};
use crate::tombstone::Tombstone;
use crate::{RowPredicate, Settings};

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
        heat: Heat::Hot,
        committed: time,
        deletes_lsn: Lsn::ZERO,
    }
}

/// Parts of one window, each of one record.
fn of_hour(hour: i64, count: u8) -> Vec<PartMeta> {
    let numbers = (0..count).map(|n| part(n, hour, u64::from(n), u64::from(n)));
    numbers.collect()
}

fn choice(parts: &[PartMeta], hour: i64, effort: Effort, failed: &[Choice]) -> Option<Choice> {
    kept(parts, hour, effort, failed, None)
}

fn kept(
    parts: &[PartMeta],
    hour: i64,
    effort: Effort,
    failed: &[Choice],
    retention: Option<Span>,
) -> Option<Choice> {
    asked(parts, hour, (effort, failed, retention), choose)
}

fn asked<T>(
    parts: &[PartMeta],
    hour: i64,
    (effort, failed, retention): (Effort, &[Choice], Option<Span>),
    ask: impl FnOnce(&Situation<'_>) -> T,
) -> T {
    asked_of_damaged(parts, hour, (effort, failed, &[], retention), ask)
}

fn asked_of_damaged<T>(
    parts: &[PartMeta],
    hour: i64,
    (effort, failed, damaged, retention): (Effort, &[Choice], &[PartId], Option<Span>),
    ask: impl FnOnce(&Situation<'_>) -> T,
) -> T {
    let parts: Vec<&PartMeta> = parts.iter().collect();
    ask(&Situation {
        parts: &parts,
        tombstones: &[],
        is_crowded: false,
        parts_max: 64,
        retention,
        settings: &Settings::default(),
        now: Timestamp::from_nanos(hour * HOUR),
        effort,
        damaged,
        failed,
    })
}

fn numbers(choice: &Choice) -> Vec<u8> {
    choice.parts.iter().map(|id| id.as_bytes()[0]).collect()
}

fn chosen(parts: &[PartMeta], hour: i64, effort: Effort) -> Vec<u8> {
    choice(parts, hour, effort, &[]).map_or(vec![], |choice| numbers(&choice))
}

#[test]
fn a_filling_window_waits_for_enough_parts() {
    let parts = of_hour(1, 16);
    assert!(chosen(&parts[..15], 1, Effort::Usual).is_empty());
    let merge = choice(&parts, 1, Effort::Usual, &[]).unwrap();
    assert_eq!(numbers(&merge), (0..16).collect::<Vec<u8>>());
    assert_eq!((merge.level, merge.heat), (1, Heat::Hot));
    assert_eq!(chosen(&parts[..2], 1, Effort::Full), [0, 1]);
}

#[test]
fn what_was_merged_waits_for_its_like() {
    let mut parts = of_hour(1, 60);
    parts.iter_mut().for_each(|part| part.level = 1);
    assert!(chosen(&parts, 1, Effort::Usual).is_empty());
    parts.extend((60..64).map(|n| part(n, 1, u64::from(n), u64::from(n))));
    let merge = choice(&parts, 1, Effort::Usual, &[]).unwrap();
    assert_eq!((merge.parts.len(), merge.level), (64, 2));
}

#[test]
fn what_is_large_is_encoded_small_and_stays() {
    let mut parts = of_hour(1, 16);
    parts.iter_mut().for_each(|part| part.bytes = 40 << 20);
    let merge = choice(&parts, 1, Effort::Usual, &[]).unwrap();
    assert_eq!(merge.heat, Heat::Cold);
    let mut large = of_hour(1, 16);
    for part in &mut large {
        (part.bytes, part.heat) = (512 << 20, Heat::Cold);
    }
    assert!(chosen(&large, 1_000, Effort::Usual).is_empty());
    assert!(chosen(&large, 1_000, Effort::Full).is_empty());
}

#[test]
fn two_hours_a_day_and_eight_days_are_merged_once_each_has_settled() {
    let parts = [
        part(1, 1, 1, 1),
        part(2, 1, 2, 2),
        part(3, 5, 3, 3),
        part(4, 23, 4, 4),
        part(5, 100, 5, 5),
    ];
    assert!(chosen(&parts[..2], 2, Effort::Usual).is_empty());
    let short = choice(&parts[..2], 3, Effort::Usual, &[]).unwrap();
    assert_eq!((numbers(&short), short.heat), (vec![1, 2], Heat::Hot));
    let day = choice(&parts[..4], 25, Effort::Usual, &[]).unwrap();
    assert_eq!((numbers(&day), day.heat), (vec![1, 2, 3, 4], Heat::Cold));
    let long = choice(&parts, 8 * 24 + 1, Effort::Usual, &[]).unwrap();
    assert_eq!(numbers(&long), [1, 2, 3, 4, 5]);
    assert_eq!(long.window, aligned(0, Span::from_days(8)));
}

#[test]
fn what_came_just_now_is_not_merged_with_what_has_settled() {
    let mut parts = [part(1, 1, 1, 1), part(2, 1, 2, 2), part(3, 1, 3, 3)];
    parts[2].committed = Timestamp::from_nanos(1_000 * HOUR);
    assert_eq!(chosen(&parts, 1_000, Effort::Usual), [1, 2]);
    assert_eq!(chosen(&parts, 1_001, Effort::Usual), [1, 2, 3]);
}

#[test]
fn rows_of_long_ago_that_come_now_are_merged_once_there_are_many_parts() {
    // As an import brings them: a few parts for each two hours.
    let mut parts: Vec<PartMeta> = (0..63u8)
        .map(|n| part(n, i64::from(n), u64::from(n), u64::from(n)))
        .collect();
    let now = 1_000;
    parts
        .iter_mut()
        .for_each(|part| part.committed = Timestamp::from_nanos(now * HOUR));
    assert!(chosen(&parts, now, Effort::Usual).is_empty());
    let mut more = part(63, 63, 63, 63);
    more.committed = Timestamp::from_nanos(now * HOUR);
    parts.push(more);
    let merge = choice(&parts, now, Effort::Usual, &[]).unwrap();
    assert_eq!((merge.parts.len(), merge.heat), (64, Heat::Hot));
}

#[test]
fn windows_are_short_where_rows_are_kept_for_days() {
    let parts = [part(1, 1, 1, 1), part(2, 5, 2, 2), part(3, 30, 3, 3)];
    let merge = |days| {
        let retention = Some(Span::from_days(days));
        let choice = kept(&parts, 1_000, Effort::Full, &[], retention);
        choice.map(|choice| (numbers(&choice), choice.window.end))
    };
    let end = |days: i64| Timestamp::from_nanos(days * 24 * HOUR);
    assert_eq!(merge(64), Some((vec![1, 2, 3], end(8))));
    assert_eq!(merge(8), Some((vec![1, 2], end(1))));
    assert_eq!(merge(7).map(|(numbers, _)| numbers), Some(vec![1]));
}

#[test]
fn a_large_part_is_not_written_again_for_a_few_rows() {
    let mut parts = [part(1, 1, 1, 1), part(2, 1, 2, 2), part(3, 1, 3, 3)];
    (parts[0].bytes, parts[0].heat) = (1 << 20, Heat::Cold);
    assert_eq!(
        chosen(&parts, 1_000, Effort::Usual),
        [2, 3],
        "the few go together"
    );
    assert!(chosen(&parts[..2], 4, Effort::Usual).is_empty());
    assert_eq!(chosen(&parts, 1_000, Effort::Full), [1, 2, 3]);
}

#[test]
fn a_part_alone_is_made_small_once_nothing_joins_it() {
    let mut parts = [part(1, 1, 1, 1)];
    assert!(chosen(&parts, 8 * 24, Effort::Usual).is_empty());
    let merge = choice(&parts, 8 * 24 + 1, Effort::Usual, &[]).unwrap();
    assert_eq!((numbers(&merge), merge.heat), (vec![1], Heat::Cold));
    assert_eq!(chosen(&parts, 1, Effort::Full), [1]);
    parts[0].heat = Heat::Cold;
    assert!(chosen(&parts, 1_000, Effort::Full).is_empty());
}

#[test]
fn a_merge_has_no_more_parts_than_memory_has_room_for() {
    let parts = of_hour(1, 16);
    let all: Vec<&PartMeta> = parts.iter().collect();
    let merge = choose(&Situation {
        parts: &all,
        tombstones: &[],
        is_crowded: false,
        parts_max: 5,
        retention: None,
        settings: &Settings::default(),
        now: Timestamp::from_nanos(HOUR),
        effort: Effort::Usual,
        damaged: &[],
        failed: &[],
    });
    assert_eq!(numbers(&merge.unwrap()), [0, 1, 2, 3, 4]);
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
    let mut parts = [part(1, 1, 1, 1), day, part(2, 1, 4, 4)];
    parts.iter_mut().for_each(|part| part.heat = Heat::Cold);
    assert!(chosen(&parts, 100, Effort::Full).is_empty());
}

proptest! {
    #[test]
    fn every_choice_is_closed_and_merging_ends(
        hours in prop::collection::vec((0i64..60, 1u64..4), 0..40),
        now in 0i64..300,
        effort in prop::sample::select(vec![Effort::Usual, Effort::Full]),
    ) {
        let mut lsn = 1;
        let mut parts: Vec<PartMeta> = Vec::new();
        for (number, (hour, records)) in (0u8..).zip(&hours) {
            parts.push(part(number, *hour, lsn, lsn + records - 1));
            lsn += records;
        }
        for round in 0..=2 * hours.len() {
            let Some(choice) = choice(&parts, now, effort, &[]) else {
                break;
            };
            prop_assert!(round < 2 * hours.len(), "merging does not end");
            let all: Vec<&PartMeta> = parts.iter().collect();
            let run: Vec<&PartMeta> = all.iter().filter(|p| choice.parts.contains(&p.id)).copied().collect();
            let is_made_cold = choice.heat == Heat::Cold && run.iter().all(|p| p.heat == Heat::Hot);
            prop_assert!(run.len() >= 2 || is_made_cold);
            prop_assert!(is_closed(&run, &all));
            let merged = PartMeta {
                time_min: run.iter().map(|p| p.time_min).min().unwrap(),
                time_max: run.iter().map(|p| p.time_max).max().unwrap(),
                first_lsn: run.iter().map(|p| p.first_lsn).min().unwrap(),
                last_lsn: run.iter().map(|p| p.last_lsn).max().unwrap(),
                bytes: run.iter().map(|p| p.bytes).sum(),
                window: choice.window,
                level: choice.level,
                heat: choice.heat,
                id: PartId::from_bytes([100 + u8::try_from(round).unwrap(); 16]),
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
    let mut parts = [
        part(1, 0, 0, 9),
        part(2, 0, 10, 19),
        part(3, 30, 20, 29),
        part(4, 30, 30, 39),
    ];
    parts.iter_mut().for_each(|part| part.heat = Heat::Cold);
    let (mut failed, mut tried) = (Vec::new(), Vec::new());
    while let Some(choice) = choice(&parts, 1_000, Effort::Full, &failed) {
        tried.push(numbers(&choice));
        failed.push(choice);
    }
    // As parts of eight days, of a day, of two hours.
    assert_eq!(
        tried,
        [
            vec![1, 2, 3, 4],
            vec![1, 2],
            vec![3, 4],
            vec![1, 2],
            vec![3, 4]
        ]
    );
}

#[test]
fn a_damaged_part_stays_and_what_lies_before_and_behind_it_is_merged() {
    let mut parts = of_hour(1, 64);
    let damaged = [parts[20].id];
    let mut merged = Vec::new();
    let usual = (Effort::Usual, &[][..], &damaged[..], None);
    while let Some(choice) = asked_of_damaged(&parts, 1, usual, choose) {
        merged.push(numbers(&choice));
        parts.retain(|part| !choice.parts.contains(&part.id));
    }
    let (before, behind) = ((0..20).collect(), (21..64).collect());
    assert_eq!(merged, [before, behind] as [Vec<u8>; 2]);
    let settled = (Effort::Usual, &[][..], &damaged[..], None);
    assert_eq!(asked_of_damaged(&parts, 1_000, settled, choose), None);
}

/// Returns how many merges wait, of a table that these merges have failed of.
fn due(parts: &[PartMeta], hour: i64, failed: &[Choice]) -> u32 {
    let usual = (Effort::Usual, failed, None);
    asked(parts, hour, usual, |situation| merges_due(situation, 10))
}

#[test]
fn parts_that_wait_are_counted_in_merges() {
    let counted = [15, 16, 31, 32, 64, 79, 80, 200].map(|count| due(&of_hour(1, count), 1, &[]));
    assert_eq!(counted, [0, 1, 1, 2, 4, 4, 5, 10]);
}

#[test]
fn what_cannot_be_merged_and_what_has_settled_holds_nobody_up() {
    let parts = of_hour(1, 64);
    let failed = choice(&parts, 1, Effort::Usual, &[]).unwrap();
    assert_eq!(due(&parts, 1, &[failed]), 0, "a damaged page met");
    let settled = 1 + 72;
    assert!(choice(&parts, settled, Effort::Usual, &[]).is_some());
    assert_eq!(due(&parts, settled, &[]), 0, "nothing comes in any more");
}

#[test]
fn a_window_that_the_log_has_left_behind_is_settled_though_it_came_in_just_now() {
    const BEHIND: u64 = 512 << 20;
    let days_later = 30 * 24;
    // An import: four parts of one day, written now, and the log goes on in a later one.
    let imported = |last: u64| -> Vec<PartMeta> {
        let mut parts: Vec<PartMeta> = (0..4)
            .map(|n| part(n, 2 * i64::from(n), u64::from(n), u64::from(n)))
            .collect();
        parts.push(part(9, 10 * 24, last, last));
        let now = Timestamp::from_nanos(days_later * HOUR);
        parts.iter_mut().for_each(|part| part.committed = now);
        parts
    };
    let merge = |parts: &[PartMeta]| choice(parts, days_later, Effort::Usual, &[]);
    assert_eq!(merge(&imported(3 + BEHIND - 1)), None);
    let parts = imported(3 + BEHIND);
    let found = merge(&parts).unwrap();
    assert_eq!(
        (numbers(&found), found.heat),
        (vec![0, 1, 2, 3], Heat::Cold)
    );
    assert_eq!(
        due(&parts, days_later, &[]),
        1,
        "merging must keep up with it"
    );
    // Late rows: the window is not left behind any more.
    let mut late = parts.clone();
    late.push(PartMeta {
        committed: parts[0].committed,
        ..part(10, 0, 4 + BEHIND, 4 + BEHIND)
    });
    assert_eq!(merge(&late), None);
}

#[test]
fn a_delete_waits_until_it_has_settled_unless_there_are_too_many() {
    let part = part(1, 0, 1, 9);
    let tombstone = Tombstone {
        lsn: Lsn::new(50),
        committed: Timestamp::from_nanos(3 * HOUR),
        rows: RowPredicate {
            time: TimeRange::ALL,
            tags: BTreeMap::new(),
        },
    };
    let chosen = |hour: i64, is_crowded: bool| {
        choose(&Situation {
            parts: &[&part],
            tombstones: &[&tombstone],
            is_crowded,
            parts_max: 64,
            retention: None,
            settings: &Settings::default(),
            now: Timestamp::from_nanos(hour * HOUR),
            effort: Effort::Usual,
            damaged: &[],
            failed: &[],
        })
    };
    assert_eq!(chosen(3, false), None);
    assert_eq!(chosen(3, true).unwrap().parts, [part.id]);
    assert_eq!(chosen(4, false).unwrap().parts, [part.id]);
}
