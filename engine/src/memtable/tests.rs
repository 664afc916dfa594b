//! Goal: a batch becomes a chunk that has just its rows, sorted, whatever its tags look like.

use std::collections::HashMap;

use proptest::prelude::*;
use schema::{ColumnDefinition, FieldType, Lsn, TableDefinition};
use wire::v1::{self, Batch, Text};
use wire::{BatchFrame, Limits, TableBuilder};

use super::{Chunk, MemTable, chunk_of, merge_chunks};
use crate::column::{Column, Values};
use crate::merge::Mode;
use crate::series::SeriesIndex;

type Row = (Option<String>, Option<String>, i64);

/// A table with both tags, as texts that travel by code or as they are, and the row's number.
fn frame(rows: &[Row], by_code: bool) -> BatchFrame {
    let mut table = TableBuilder::new("t");
    for (number, (a, b, time)) in (0i64..).zip(rows) {
        table.begin_row(*time);
        for (name, value) in [("a", a), ("b", b)] {
            if let Some(value) = value {
                assert!(table.column(&ColumnDefinition::tag(name)).push_text(value));
            }
        }
        assert!(
            table
                .column(&ColumnDefinition::field("n", FieldType::I64))
                .push_i64(number)
        );
    }
    let mut table = table.finish();
    for column in &mut table.columns {
        if let (v1::Values::Dictionary(dictionary), false) = (&column.values, by_code) {
            let mut text = Text {
                offsets: vec![0],
                bytes: Vec::new(),
            };
            for code in &dictionary.codes {
                let at = |i: u32| {
                    dictionary
                        .values
                        .offsets
                        .get(i as usize)
                        .map_or(0, |o| *o as usize)
                };
                text.bytes
                    .extend(&dictionary.values.bytes[at(*code)..at(*code + 1).max(at(*code))]);
                text.offsets.push(u32::try_from(text.bytes.len()).unwrap());
            }
            column.values = v1::Values::Text(text);
        }
    }
    let batch = Batch {
        tables: vec![table],
        ..Batch::default()
    };
    BatchFrame::encode(&batch, &Limits::default()).unwrap()
}

fn definition() -> TableDefinition {
    let mut table = TableDefinition::new("t");
    // The table has its tags in another order than the batch.
    table.tags = vec![ColumnDefinition::tag("b"), ColumnDefinition::tag("a")];
    table.fields = vec![ColumnDefinition::field("n", FieldType::I64)];
    table
}

fn build(rows: &[Row], by_code: bool, index: &SeriesIndex) -> Option<Chunk> {
    let frame = frame(rows, by_code);
    let view = frame.view().tables().next().unwrap();
    chunk_of(&definition(), index, &view, Lsn::ZERO)
}

/// Returns the chunk's rows with the number that each had in the batch.
fn rows_of(chunk: &Chunk, index: &SeriesIndex) -> Vec<(Row, i64)> {
    let mut numbers = Column::empty(FieldType::I64);
    let field = chunk.fields[0].as_ref().unwrap();
    field.append_to(0..chunk.rows(), &mut numbers);
    let Values::I64(numbers) = numbers.values else {
        panic!("the numbers are integers");
    };
    let mut rows = Vec::new();
    for (run, of) in chunk.runs.iter().enumerate() {
        let tag = |tag| index.read(|t| t.value_of(tag, of.series).map(|v| v.to_string()));
        for row in chunk.rows_of(run) {
            rows.push(((tag(1), tag(0), chunk.time[row]), numbers[row]));
        }
    }
    rows
}

fn row() -> impl Strategy<Value = Row> {
    (
        prop::option::of("[ab]{0,2}"),
        prop::option::of("[xyz]"),
        0i64..8,
    )
}

proptest! {
    #[test]
    fn a_chunk_has_the_rows_of_its_batch(
        rows in prop::collection::vec(row(), 1..60),
        by_code in any::<bool>(),
    ) {
        let index = SeriesIndex::default();
        let chunk = build(&rows, by_code, &index).unwrap();
        let mut found = rows_of(&chunk, &index);
        prop_assert!(chunk.runs.windows(2).all(|pair| pair[0].series < pair[1].series));
        let in_order = |a: &(Row, i64), b: &(Row, i64)| {
            (&a.0.0, &a.0.1) != (&b.0.0, &b.0.1) || (a.0.2, a.1) < (b.0.2, b.1)
        };
        prop_assert!(found.windows(2).all(|pair| in_order(&pair[0], &pair[1])));
        let mut seen = HashMap::new();
        let is_unique = rows.iter().all(|row| seen.insert(row.clone(), ()).is_none());
        prop_assert_eq!(chunk.is_unique, is_unique);
        found.sort_by_key(|(_, number)| *number);
        let expected: Vec<(Row, i64)> = rows.into_iter().zip(0..).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_batch_without_tags_or_rows_is_a_series_or_nothing() {
    let index = SeriesIndex::default();
    assert!(build(&[], true, &index).is_none());
    let chunk = build(&[(None, None, 2), (None, None, 1)], true, &index).unwrap();
    assert_eq!((chunk.runs.len(), &chunk.time), (1, &vec![1, 2]));
}

#[test]
fn a_delete_keeps_apart_only_chunks_up_to_the_last_that_it_is_for() {
    let index = SeriesIndex::default();
    let definition = definition();
    let chunk = |lsn: u64, time: i64| {
        let frame = frame(&[(Some("x".into()), None, time)], true);
        let view = frame.view();
        let rows = view.tables().next().unwrap();
        chunk_of(&definition, &index, &rows, Lsn::new(lsn)).unwrap()
    };
    let merge = |chunks: &[_]| merge_chunks(chunks, &definition, Mode::Merging);
    let mut table = MemTable::default();
    for lsn in 0..4 {
        table = table.with(chunk(lsn, 10 + i64::try_from(lsn).unwrap()), merge);
    }
    // For the second of four chunks, and for none of those that come.
    let mut kept_apart = table.closed(|chunk| chunk.time_min == 11);
    let mut closed_for_none = table.closed(|_| false);
    for lsn in 4..8 {
        kept_apart = kept_apart.with(chunk(lsn, 20), merge);
        closed_for_none = closed_for_none.with(chunk(lsn, 20), merge);
    }
    assert_eq!(kept_apart.chunks().count(), 8);
    assert_eq!(closed_for_none.chunks().count(), 1);
    for lsn in 8..10 {
        kept_apart = kept_apart.with(chunk(lsn, 20), merge);
    }
    let first: Vec<u64> = kept_apart.chunks().map(|c| c.first_lsn.get()).collect();
    assert_eq!(first, [0, 1, 2], "eight behind the second became one");
}

/// Returns what each merge had, in KiB, of chunks of this size that come one after the other.
fn merges_of(kibibytes: usize, count: usize) -> Vec<Vec<usize>> {
    merges_of_all(&vec![kibibytes; count])
}

fn merges_of_all(kibibytes: &[usize]) -> Vec<Vec<usize>> {
    let index = SeriesIndex::default();
    let merges = std::cell::RefCell::new(Vec::new());
    let chunk = |bytes, at| {
        let mut chunk = build(&[(None, None, 0)], true, &index).unwrap();
        (chunk.bytes, chunk.first_lsn, chunk.last_lsn) = (bytes, Lsn::new(at), Lsn::new(at));
        chunk
    };
    let mut memtable = MemTable::default();
    for (at, kibibytes) in (0..).zip(kibibytes) {
        memtable = memtable.with(chunk(kibibytes << 10, at), |sources| {
            let sizes: Vec<usize> = sources.iter().map(|source| source.bytes >> 10).collect();
            let whole = chunk(sizes.iter().sum::<usize>() << 10, at);
            merges.borrow_mut().push(sizes);
            whole
        });
    }
    merges.into_inner()
}

#[test]
fn eight_chunks_become_one_or_fewer_that_are_large_and_none_above_four_mebibytes() {
    let small = merges_of(72, 64);
    assert_eq!(small[0], [72; 8]);
    assert_eq!(small.iter().filter(|merge| **merge == [576; 4]).count(), 2);
    assert_eq!(small.len(), 8 + 2);
    assert_eq!(
        merges_of(700, 9),
        [[700; 3]; 3],
        "2 100 with another is above"
    );
    assert!(merges_of(2_500, 9).is_empty());
    // One that is too large keeps none that come later apart.
    let after_a_large_one = merges_of_all(&[&[5_000][..], &[72; 8]].concat());
    assert_eq!(after_a_large_one, [[72; 8]]);
}
