//! `waits` is the same for ever, and as busy as it says.

use wire::v1::Batch;
use wire::{BatchFrame, Limits};

use super::{TYPES_OF_EVENTS, WAIT_EVENTS, WAIT_TYPES, WaitRows, WaitShape};
use crate::generate::digest::digest;
use crate::generate::{Rows, Share};

fn shape(seconds: i64) -> WaitShape {
    WaitShape {
        seed: 42,
        instances: 5,
        seconds,
    }
}

#[test]
fn the_data_set_is_the_same_for_ever_however_it_is_cut() {
    for rows_max in [1, 33, 1_000] {
        let mut rows = WaitRows::new(shape(50), Share::WHOLE);
        assert_eq!(digest(&mut rows, rows_max), 204_691_636_835_392_844);
    }
}

#[test]
fn four_backends_of_twenty_are_seen_each_second() {
    let mut rows = WaitRows::new(shape(2_000), Share::WHOLE);
    let (mut seen, mut waiting) = (0, 0);
    while let Some(table) = rows.next_table(1_000) {
        seen += table.time.len();
        let validity = &table.columns[10].validity;
        waiting += validity
            .iter()
            .map(|byte| byte.count_ones() as usize)
            .sum::<usize>();
    }
    assert!((38_000..42_000).contains(&seen), "{seen}");
    assert!(
        (53..57).contains(&(100 * waiting / seen)),
        "{waiting} of {seen}"
    );
}

#[test]
fn every_event_has_a_type() {
    assert_eq!(TYPES_OF_EVENTS.len(), WAIT_EVENTS.len());
    assert!(
        TYPES_OF_EVENTS
            .iter()
            .all(|number| (*number as usize) < WAIT_TYPES.len())
    );
}

#[test]
fn tables_are_append_only_and_make_frames_that_a_server_takes() {
    let mut rows = WaitRows::new(shape(60), Share { index: 1, count: 2 });
    while let Some(table) = rows.next_table(64) {
        assert!(table.append_only);
        assert_eq!(table.columns.len(), 11);
        let batch = Batch {
            tables: vec![table],
            ..Batch::default()
        };
        let frame = BatchFrame::encode(&batch, &Limits::default()).unwrap();
        assert!(frame.view().rows() <= 64);
    }
}
