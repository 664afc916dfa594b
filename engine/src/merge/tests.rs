//! Goal: a merge of chunks gives, in order, what a plain list of all rows would.
//! Method: random chunks that overlap in time; every mode, range and size of step.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use schema::{ColumnDefinition, FieldType, Lsn, TimeRange, Timestamp};

use super::{Mode, Plan, Reader, SeriesMerge, Source, SourceRun};
use crate::column::{Column, Values};
use crate::memtable::{Chunk, ChunkField, ChunkRun};
use crate::series::SeriesId;

/// A row: its time and its two values.
type Row = (i64, [Option<i64>; 2]);

fn chunk(lsn: u64, rows: &[Row]) -> Source {
    let field = |index: usize| {
        let mut column = Column::empty(FieldType::I64);
        for (_, values) in rows {
            match values[index] {
                Some(value) => {
                    column.extend_from(&Column::from_values(Values::I64(vec![value])), 0..1);
                }
                None => column.push_null(),
            }
        }
        Some(column)
    };
    let runs = vec![ChunkRun {
        series: SeriesId(0),
        start: 0,
    }];
    let time = rows.iter().map(|(time, _)| *time).collect();
    let lsn = Lsn::new(lsn);
    Source::Chunk(Arc::new(Chunk::new(
        (lsn, lsn),
        runs,
        time,
        vec![field(0).map(ChunkField::of), field(1).map(ChunkField::of)],
    )))
}

fn merged(sources: &[Source], mode: Mode, range: &TimeRange, step: usize) -> Vec<Row> {
    let fields = ["a", "b"].map(|name| ColumnDefinition::field(name, FieldType::I64));
    let wanted: Vec<_> = fields.iter().enumerate().collect();
    let mut reader = Reader::new(sources.into(), &wanted);
    let runs = sources.iter().enumerate().map(|(source, from)| SourceRun {
        source,
        rows: from.rows_of_run(0),
    });
    let mut merge = SeriesMerge::new(mode, runs, range, &mut reader).unwrap();
    let (mut plan, mut rows) = (Plan::new(true), Vec::new());
    while !merge.is_done() {
        plan.clear();
        merge.fill(step, &mut plan, &mut reader).unwrap();
        assert!(
            plan.rows() <= step,
            "a step gives no more than it is asked for"
        );
        let mut columns = [Column::empty(FieldType::I64), Column::empty(FieldType::I64)];
        for (wanted, column) in columns.iter_mut().enumerate() {
            reader.append(wanted, &plan, column).unwrap();
        }
        assert_eq!(plan.times.len(), plan.rows());
        for (row, time) in plan.times.iter().enumerate() {
            rows.push((*time, [0, 1].map(|field| value(&columns[field], row))));
        }
    }
    rows
}

/// Returns the number of rows when neither times nor fields are wanted.
fn counted(sources: &[Source], mode: Mode, range: &TimeRange) -> usize {
    let mut reader = Reader::new(sources.into(), &[]);
    let runs = sources.iter().enumerate().map(|(source, from)| SourceRun {
        source,
        rows: from.rows_of_run(0),
    });
    let mut merge = SeriesMerge::new(mode, runs, range, &mut reader).unwrap();
    let mut plan = Plan::new(false);
    merge.fill(usize::MAX, &mut plan, &mut reader).unwrap();
    plan.rows()
}

fn value(column: &Column, row: usize) -> Option<i64> {
    let Values::I64(values) = &column.values else {
        panic!("the columns are of integers");
    };
    column.is_valid(row).then(|| values[row])
}

fn expected(chunks: &[Vec<Row>], mode: Mode, range: &TimeRange) -> Vec<Row> {
    let mut by_time: BTreeMap<i64, Vec<[Option<i64>; 2]>> = BTreeMap::new();
    let inside = |row: &&Row| range.contains(Timestamp::from_nanos(row.0));
    for (time, values) in chunks.iter().flatten().filter(inside) {
        by_time.entry(*time).or_default().push(*values);
    }
    let rows = by_time.into_iter().flat_map(|(time, all)| match mode {
        Mode::AppendOnly => all.into_iter().map(|values| (time, values)).collect(),
        Mode::Merging => {
            let latest = |field: usize| all.iter().rev().find_map(|values| values[field]);
            vec![(time, [latest(0), latest(1)])]
        }
    });
    rows.collect()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = || prop::option::of(0i64..100);
    let row = (0i64..30, value(), value()).prop_map(|(time, a, b)| (time, [a, b]));
    prop::collection::vec(row, 1..30).prop_map(|mut rows| {
        // Stable, as a memtable sorts.
        rows.sort_by_key(|(time, _)| *time);
        rows
    })
}

proptest! {
    #[test]
    fn a_merge_is_what_a_list_of_all_rows_would_give(
        chunks in prop::collection::vec(rows(), 1..6),
        (from, until) in (0i64..32, 0i64..32),
        step in 1usize..20,
    ) {
        let at = Timestamp::from_nanos;
        let sources: Vec<Source> =
            (0u64..).zip(&chunks).map(|(lsn, rows)| chunk(lsn, rows)).collect();
        for range in [TimeRange::ALL, TimeRange { start: at(from), end: at(until) }] {
            for mode in [Mode::AppendOnly, Mode::Merging] {
                let expected = expected(&chunks, mode, &range);
                prop_assert_eq!(merged(&sources, mode, &range, step), expected.clone());
                prop_assert_eq!(counted(&sources, mode, &range), expected.len());
            }
        }
    }
}
