//! What a scan gives: columns, ranges, tags, limits, partitions, types.

use arrow_schema::{DataType, TimeUnit};
use engine::{Engine, ScanRequest, TableView, TagSelection};
use schema::{TimeRange, Timestamp};

use crate::harness::{Machine, Row, START, batch, everything, lines, samples, scan, write};

/// Returns a table with rows in a part, in a frozen past, and in memory.
fn table(engine: &Engine) -> TableView {
    let row = |host, n| Row {
        usage: Some(0.5),
        ..Row::new(host, START + n, n)
    };
    write(
        engine,
        &batch("cpu", &[row("b", 1), row("a", 1), row("a", 2)]),
    );
    engine.flush().unwrap();
    write(
        engine,
        &batch(
            "cpu",
            &[
                Row {
                    core: Some("0".into()),
                    ..row("a", 1)
                },
                row("c", 3),
            ],
        ),
    );
    engine.view().table("cpu").unwrap()
}

fn range(start: i64, end: i64) -> TimeRange {
    let at = |n| Timestamp::from_nanos(START + n);
    TimeRange {
        start: at(start),
        end: at(end),
    }
}

#[test]
fn the_schema_has_the_types_that_sql_shows() {
    let engine = Machine::new(1).open();
    let schema = table(&engine).schema();
    let utc = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    assert_eq!(schema.field(0).data_type(), &utc);
    assert!(!schema.field(0).is_nullable());
    assert_eq!(schema.field(1).data_type(), &DataType::Utf8View);
    assert_eq!(
        schema.field_with_name("count").unwrap().data_type(),
        &DataType::Int64
    );
}

#[test]
fn rows_come_by_tags_nulls_first_then_by_time() {
    let engine = Machine::new(2).open();
    let table = table(&engine);
    let expected = [
        "time=1 host=a usage=0.5 count=1",
        "time=2 host=a usage=0.5 count=2",
        "time=1 host=a core=0 usage=0.5 count=1",
        "time=1 host=b usage=0.5 count=1",
        "time=3 host=c usage=0.5 count=3",
    ];
    assert_eq!(scan(&table, &everything(&table)), expected);
    for partitions in 1..7 {
        for batch_rows in [1, 2, 100] {
            let request = ScanRequest {
                partitions,
                batch_rows,
                ..everything(&table)
            };
            assert!(table.scan(&request).unwrap().len() <= partitions);
            assert_eq!(scan(&table, &request), expected);
        }
    }
}

#[test]
fn a_range_of_time_is_cut_to_the_nanosecond() {
    let engine = Machine::new(3).open();
    let table = table(&engine);
    let count = |start, end| {
        let request = ScanRequest {
            time: range(start, end),
            ..everything(&table)
        };
        scan(&table, &request).len()
    };
    assert_eq!(
        [
            count(1, 2),
            count(2, 3),
            count(3, 4),
            count(2, 2),
            count(4, 9)
        ],
        [3, 1, 1, 0, 0]
    );
}

#[test]
fn tags_select_series_by_codes() {
    let engine = Machine::new(4).open();
    let table = table(&engine);
    let hosts = table.tag_values(0);
    let accepts = hosts.iter().map(|host| &**host != "b").collect();
    let not_b = TagSelection {
        tag: 0,
        accepts,
        accepts_null: false,
    };
    let no_core = TagSelection {
        tag: 1,
        accepts: vec![],
        accepts_null: true,
    };
    let select = |tags| {
        scan(
            &table,
            &ScanRequest {
                tags,
                ..everything(&table)
            },
        )
        .len()
    };
    assert_eq!(select(vec![not_b.clone()]), 4);
    assert_eq!(select(vec![no_core.clone()]), 4);
    assert_eq!(select(vec![not_b, no_core]), 3);
}

#[test]
fn a_projection_of_nothing_counts_and_columns_come_as_asked() {
    let engine = Machine::new(5).open();
    let table = table(&engine);
    let rows = |request: &ScanRequest| {
        let partitions = table.scan(request).unwrap().into_iter().flatten();
        partitions
            .map(|batch| batch.unwrap().num_rows())
            .sum::<usize>()
    };
    assert_eq!(rows(&ScanRequest::default()), 5);
    assert_eq!(
        rows(&ScanRequest {
            time: range(1, 2),
            ..ScanRequest::default()
        }),
        3
    );
    assert_eq!(
        rows(&ScanRequest {
            limit: Some(2),
            ..ScanRequest::default()
        }),
        2
    );
    let count = table.schema().index_of("count").unwrap();
    let request = ScanRequest {
        projection: vec![count, 1],
        limit: Some(1),
        ..ScanRequest::default()
    };
    assert_eq!(scan(&table, &request), ["count=1 host=a"]);
    let beyond = ScanRequest {
        projection: vec![99],
        ..ScanRequest::default()
    };
    assert!(table.scan(&beyond).is_err());
}

#[test]
fn columns_that_came_later_are_null_before() {
    let engine = Machine::new(6).open();
    write(&engine, &batch("cpu", &[Row::new("a", START, 1)]));
    engine.flush().unwrap();
    let late = Row {
        up: Some(true),
        note: Some(String::new()),
        ..Row::new("a", START + 1, 2)
    };
    write(&engine, &batch("cpu", &[late]));
    let expected = [
        "time=0 host=a count=1",
        "time=1 host=a count=2 note= up=true",
    ];
    assert_eq!(lines(&engine, "cpu"), expected);
    engine.flush().unwrap();
    engine.compact().unwrap();
    assert_eq!(lines(&engine, "cpu"), expected);
}

#[test]
fn runs_of_many_pages_are_cut_and_merged_where_they_should_be() {
    let engine = Machine::new(7).open();
    let send = |from: i64, step: i64, count: i64| {
        let rows = (0..count).map(|n| Row::new("a", START + from + n * step, from));
        let rows: Vec<Row> = rows.collect();
        for rows in rows.chunks(5_000) {
            write(&engine, &batch("cpu", rows));
        }
    };
    // Even times in one part of several pages, every fourth odd one and some even ones later.
    send(0, 2, 40_000);
    engine.flush().unwrap();
    send(1, 8, 5_000);
    engine.flush().unwrap();
    send(30_000, 1, 10_000);
    let table = engine.view().table("cpu").unwrap();
    let mut expected = std::collections::BTreeMap::new();
    for (from, step, count) in [(0, 2, 40_000), (1, 8, 5_000), (30_000, 1, 10_000)] {
        expected.extend((0..count).map(|n| (from + n * step, from)));
    }
    let line = |(time, count): (&i64, &i64)| format!("time={time} host=a count={count}");
    let all: Vec<String> = expected.iter().map(line).collect();
    assert_eq!(scan(&table, &everything(&table)), all);
    for (start, end) in [(0, 1), (16_383, 16_386), (29_999, 40_001), (70_000, 90_000)] {
        let request = ScanRequest {
            time: range(start, end),
            ..everything(&table)
        };
        let part: Vec<String> = expected.range(start..end).map(line).collect();
        assert_eq!(scan(&table, &request), part, "{start}..{end}");
    }
    engine.flush().unwrap();
    engine.compact().unwrap();
    assert_eq!(lines(&engine, "cpu"), all);
}

#[test]
fn counts_and_bounds_are_known_without_reading_where_nothing_overlaps() {
    let engine = Machine::new(8).open();
    let view = |name: &str| engine.view().table(name).unwrap();
    write(
        &engine,
        &samples(
            "events",
            &[Row::new("a", START, 1), Row::new("a", START, 1)],
        ),
    );
    write(&engine, &samples("events", &[Row::new("a", START, 1)]));
    assert_eq!(view("events").exact_row_count(), Some(3));
    write(&engine, &batch("cpu", &[Row::new("a", START, 1)]));
    engine.flush().unwrap();
    write(&engine, &batch("cpu", &[Row::new("a", START + 1, 1)]));
    assert_eq!(view("cpu").exact_row_count(), Some(2));
    write(&engine, &batch("cpu", &[Row::new("a", START, 1)]));
    assert_eq!(view("cpu").exact_row_count(), None);
    assert_eq!(view("cpu").row_count_upper_bound(), 3);
    let bounds = view("cpu").time_bounds().unwrap();
    assert_eq!((bounds.0.nanos() - START, bounds.1.nanos() - START), (0, 1));
}
