//! `statements` is the same for ever, and as idle as it says.

use wire::v1::{Batch, Values};
use wire::{BatchFrame, Limits};

use super::{StatementRows, StatementShape};
use crate::generate::digest::digest;
use crate::generate::{Rows, Share};

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
        assert_eq!(digest(&mut rows, rows_max), 12_880_124_176_069_867_966);
    }
}

#[test]
fn statements_are_idle_in_88_percent_of_the_minutes() {
    let mut rows = StatementRows::new(shape(600), Share::WHOLE);
    let (mut active, mut total) = (0, 0);
    while let Some(table) = rows.next_table(1_000) {
        let Values::I64(calls) = &table.columns[4].values else {
            panic!("calls is a whole number");
        };
        let Values::F64(spent) = &table.columns[11].values else {
            panic!("total_exec_time is fractional");
        };
        for (calls, spent) in calls.iter().zip(spent) {
            assert_eq!(*calls == 0, *spent == 0.0);
        }
        active += calls.iter().filter(|calls| **calls > 0).count();
        total += calls.len();
    }
    assert_eq!(total, 60_000);
    assert!((6_900..7_500).contains(&active), "{active}");
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
