//! `cpu` is the same for ever, however it is cut and dealt out, and is distributed as TSBS's is.

use std::collections::HashMap;

use wire::v1::{Batch, Values};
use wire::{BatchFrame, Limits};

use super::{CpuRows, CpuShape, CpuValues};
use crate::generate::digest::digest;
use crate::generate::{Rows, START_NANOS, Share};

fn shape(hosts: u32, ticks: i64) -> CpuShape {
    CpuShape {
        seed: 42,
        hosts,
        start_nanos: START_NANOS,
        ticks,
    }
}

#[test]
fn the_data_set_is_the_same_for_ever_however_it_is_cut() {
    for rows_max in [1, 7, 1_000] {
        let mut rows = CpuRows::new(shape(50, 40), Share::WHOLE);
        assert_eq!(digest(&mut rows, rows_max), 1_446_498_079_943_667_138);
    }
}

#[test]
fn shares_together_are_the_whole() {
    let values = CpuValues::new(shape(10, 30));
    let mut rows = 0;
    for share in Share::split(3) {
        let mut generator = CpuRows::new(shape(10, 30), share);
        let hosts: Vec<u32> = share.of(10).collect();
        let mut source = 0;
        while let Some(table) = generator.next_table(8) {
            let Values::I64(first) = &table.columns[10].values else {
                panic!("usage_user is a whole number");
            };
            for (time, value) in table.time.iter().zip(first) {
                let host = hosts[source % hosts.len()];
                let expected = values.samples(host, *time, time + 1).next().unwrap();
                assert_eq!(*value, i64::from(expected.1[0]));
                source += 1;
            }
            rows += table.time.len();
        }
    }
    assert_eq!(rows as u64, shape(10, 30).rows());
}

#[test]
fn every_table_makes_a_frame_that_a_server_takes() {
    let mut rows = CpuRows::new(shape(20, 10), Share { index: 1, count: 2 });
    let mut total = 0;
    while let Some(table) = rows.next_table(33) {
        assert_eq!(table.columns.len(), 20);
        let batch = Batch {
            tables: vec![table],
            ..Batch::default()
        };
        total += BatchFrame::encode(&batch, &Limits::default())
            .unwrap()
            .view()
            .rows();
    }
    assert_eq!(total, 100);
}

#[test]
fn differences_have_the_entropy_of_tsbs() {
    let values = CpuValues::new(shape(100, 1_000));
    let mut counts: HashMap<i32, u32> = HashMap::new();
    for host in 0..100 {
        let samples: Vec<_> = values
            .samples(host, 0, i64::MAX)
            .map(|(_, sample)| sample)
            .collect();
        for pair in samples.windows(2) {
            for (before, after) in pair[0].iter().zip(pair[1]) {
                let difference = i32::from(*after) - i32::from(*before);
                *counts.entry(difference).or_default() += 1;
            }
        }
    }
    let total: f64 = counts.values().map(|count| f64::from(*count)).sum();
    let bits: f64 = counts
        .values()
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum();
    assert!((0.263..0.273).contains(&(bits / 8.0)), "{}", bits / 8.0);
}

#[test]
fn values_fill_0_to_100() {
    let values = CpuValues::new(shape(100, 500));
    let all = (0..100).flat_map(|host| values.samples(host, 0, i64::MAX));
    let (mut low, mut high, mut sum) = (u8::MAX, 0, 0i64);
    for (_, sample) in all {
        low = low.min(sample[3]);
        high = high.max(sample[3]);
        sum += i64::from(sample[3]);
    }
    assert_eq!((low, high), (0, 100));
    assert_eq!(values.sums()[3], sum);
    assert!((45..55).contains(&(sum / 50_000)), "{sum}");
}

#[test]
fn what_follows_begins_where_a_data_set_ends() {
    let first = shape(10, 6);
    let second = first.followed_by(21);
    assert_eq!((second.start(), second.rows()), (first.end(), 30));
    let mut rows = CpuRows::new(second, Share::WHOLE);
    let table = rows.next_table(100).unwrap();
    assert_eq!(table.time[0], first.start() + 60_000_000_000);
}
