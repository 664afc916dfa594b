//! Goal: whatever is written, in whichever order, flushed, merged and restarted in between, a scan
//! gives what a plain map would. Method: random histories beside a `BTreeMap`.

use std::collections::BTreeMap;

use engine::{Engine, RowPredicate, ScanOrder, ScanRequest, TableView, TagSelection};
use proptest::prelude::*;
use schema::{TimeRange, Timestamp};
use wire::v1;

use crate::deletes::predicate;
use crate::harness::{
    Machine, Row, SECOND, START, batch, everything, lines, numbered, samples, scan, write,
};

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<Row>),
    Resend(usize),
    /// From so many half hours ago to so many, of a host or of all.
    Delete(i64, i64, Option<&'static str>),
    Flush,
    Compact,
    /// The clock goes on, so that windows settle.
    Wait,
    Restart,
}

fn row() -> impl Strategy<Value = Row> {
    (
        prop::option::of(prop::sample::select(vec!["a", "b", "c"])),
        prop::option::of("[01]"),
        // Some hours, so that rows meet in few moments and spread over several windows.
        (0i64..12, 0i64..4),
        prop::option::of(0i64..5),
        prop::option::of(prop::sample::select(vec![0.5, 1.5])),
        prop::option::of("[xy]{0,2}"),
        prop::option::of(any::<bool>()),
    )
        .prop_map(
            |(host, core, (half_hours, nanos), count, usage, note, up)| Row {
                host,
                core,
                time: START - half_hours * 1_800 * SECOND + nanos,
                usage,
                count,
                note,
                up,
            },
        )
}

fn delete() -> impl Strategy<Value = Step> {
    let host = prop::option::of(prop::sample::select(vec!["a", "b", "z"]));
    (0i64..13, 1i64..5, host).prop_map(|(ago, length, host)| Step::Delete(ago, ago - length, host))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(row(), 1..12).prop_map(Step::Write),
        1 => (0usize..20).prop_map(Step::Resend),
        1 => delete(),
        3 => Just(Step::Flush),
        1 => Just(Step::Compact),
        1 => Just(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

type Key = (Option<&'static str>, Option<String>, i64);

/// What the tables should hold.
#[derive(Debug, Default)]
struct Model {
    merged: BTreeMap<Key, Row>,
    kept: BTreeMap<Key, Vec<Row>>,
}

impl Model {
    fn write(&mut self, rows: &[Row]) {
        for row in rows {
            let key = (row.host, row.core.clone(), row.time);
            self.kept.entry(key.clone()).or_default().push(row.clone());
            let merged = self.merged.entry(key).or_insert_with(|| Row {
                time: row.time,
                ..Row::default()
            });
            (merged.host, merged.core) = (row.host, row.core.clone());
            merged.usage = row.usage.or(merged.usage);
            merged.count = row.count.or(merged.count);
            merged.note = row.note.clone().or(merged.note.take());
            merged.up = row.up.or(merged.up);
        }
    }

    fn delete(&mut self, rows: &RowPredicate) {
        let host = rows.tags.get("host").map(String::as_str);
        let stays = |(of, _, time): &Key| {
            !rows.time.contains(Timestamp::from_nanos(*time))
                || host.is_some_and(|h| *of != Some(h))
        };
        self.merged.retain(|key, _| stays(key));
        self.kept.retain(|key, _| stays(key));
    }

    fn merged(&self) -> Vec<&Row> {
        self.merged.values().collect()
    }

    fn kept(&self) -> Vec<&Row> {
        self.kept.values().flatten().collect()
    }
}

fn line(row: &Row) -> String {
    let columns = [
        Some(format!("time={}", row.time - START)),
        row.host.map(|v| format!("host={v}")),
        row.core.as_ref().map(|v| format!("core={v}")),
        row.usage.map(|v| format!("usage={v}")),
        row.count.map(|v| format!("count={v}")),
        row.note.as_ref().map(|v| format!("note={v}")),
        row.up.map(|v| format!("up={v}")),
    ];
    columns.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn as_lines(rows: &[&Row]) -> Vec<String> {
    rows.iter().map(|row| line(row)).collect()
}

/// A batch of the same rows for a table that merges and one that does not.
fn both(rows: &[Row]) -> v1::Batch {
    let mut both = batch("cpu", rows);
    both.tables.extend(samples("events", rows).tables);
    both
}

/// A row with every column, so that their order is known.
fn first() -> Row {
    Row {
        core: Some("0".into()),
        usage: Some(1.0),
        note: Some("n".into()),
        up: Some(true),
        ..Row::new("a", START, 1)
    }
}

fn compare(engine: &Engine, model: &Model) {
    assert_eq!(lines(engine, "cpu"), as_lines(&model.merged()));
    assert_eq!(lines(engine, "events"), as_lines(&model.kept()));
    let view = engine.view();
    for (name, rows) in [("cpu", model.merged()), ("events", model.kept())] {
        let table = view.table(name).unwrap();
        assert!(
            table
                .exact_row_count()
                .is_none_or(|count| count == rows.len() as u64)
        );
        assert!(table.row_count_upper_bound() >= rows.len() as u64);
        // Nothing is said where a tombstone hides rows.
        if let Some((min, max)) = table.time_bounds() {
            assert_eq!(rows.iter().map(|row| row.time).min(), Some(min.nanos()));
            assert_eq!(rows.iter().map(|row| row.time).max(), Some(max.nanos()));
        }
        compare_strips(&table, &rows);
        let (latest, newest) = (table.latest(u64::MAX).unwrap(), newest(&rows));
        assert_eq!(scan(&latest, &everything(&latest)), as_lines(&newest));
        assert_eq!(latest.exact_row_count(), Some(newest.len() as u64));
    }
}

/// Compares a scan in strips, which gives the same rows in another order.
fn compare_strips(table: &TableView, rows: &[&Row]) {
    let request = ScanRequest {
        order: ScanOrder::Strips,
        partitions: 2,
        batch_rows: 3,
        ..everything(table)
    };
    let (mut found, mut expected) = (scan(table, &request), as_lines(rows));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// Returns the last row of each series; rows come by series and time, and then as they were written.
fn newest<'a>(rows: &[&'a Row]) -> Vec<&'a Row> {
    let series = rows.chunk_by(|a, b| (a.host, &a.core) == (b.host, &b.core));
    series.filter_map(|rows| rows.last().copied()).collect()
}

/// Compares a scan that is restricted in every way.
fn compare_filtered(engine: &Engine, model: &Model, from: i64, until: i64, host: &str) {
    let table = engine.view().table("cpu").unwrap();
    let at = |half_hours: i64| START - half_hours * 1_800 * SECOND;
    let (start, end) = (at(from).min(at(until)), at(from).max(at(until)));
    let time = TimeRange {
        start: Timestamp::from_nanos(start),
        end: Timestamp::from_nanos(end),
    };
    let accepts = table
        .tag_values(0)
        .iter()
        .map(|value| &**value == host)
        .collect();
    let tags = vec![TagSelection {
        tag: 0,
        accepts,
        accepts_null: true,
    }];
    let request = ScanRequest {
        time,
        tags,
        partitions: 3,
        batch_rows: 2,
        ..everything(&table)
    };
    let fits =
        |row: &&Row| (start..end).contains(&row.time) && row.host.is_none_or(|value| value == host);
    let expected: Vec<&Row> = model.merged().into_iter().filter(fits).collect();
    assert_eq!(scan(&table, &request), as_lines(&expected));
    let mut in_strips = scan(
        &table,
        &ScanRequest {
            order: ScanOrder::Strips,
            ..request.clone()
        },
    );
    in_strips.sort();
    let mut lines = as_lines(&expected);
    lines.sort();
    assert_eq!(in_strips, lines);
    let counting = ScanRequest {
        projection: vec![],
        ..request
    };
    let batches = table.scan(&counting).unwrap().into_iter().flatten();
    assert_eq!(
        batches
            .map(|batch| batch.unwrap().num_rows())
            .sum::<usize>(),
        expected.len()
    );
}

fn run(steps: Vec<Step>, from: i64, until: i64, host: &str) {
    let mut machine = Machine::new(1);
    machine.settings.compaction.fan_in = 2;
    // A strip for every two parts or so.
    machine.settings.shares.scan_footer_bytes_max = 8_000;
    let mut engine = machine.open();
    let (mut model, mut sent) = (Model::default(), Vec::new());
    let mut send = |engine: &Engine, model: &mut Model, rows: Vec<Row>| {
        let sequence = sent.len() as u64 + 1;
        let numbered = numbered(both(&rows), "c", 1, sequence);
        assert!(!write(engine, &numbered).duplicate);
        model.write(&rows);
        sent.push(numbered);
        sent.clone()
    };
    let mut all_sent = send(&engine, &mut model, vec![first()]);
    for step in steps {
        match step {
            Step::Write(rows) => all_sent = send(&engine, &mut model, rows),
            Step::Resend(which) => {
                let copy = &all_sent[which % all_sent.len()];
                assert!(write(&engine, copy).duplicate);
            }
            Step::Flush => engine.flush().unwrap(),
            Step::Compact => engine.compact().unwrap(),
            Step::Wait => machine.advance(7_200),
            Step::Delete(from, to, host) => {
                let half_hours = |ago: i64| -ago * 1_800 * SECOND;
                let rows = predicate(half_hours(from), half_hours(to), host);
                for table in ["cpu", "events"] {
                    let meant = engine.view().table(table).unwrap().count(&rows).unwrap();
                    let before = lines(&engine, table).len();
                    let commit = engine.delete_rows(table, rows.clone()).unwrap();
                    commit.wait().unwrap();
                    let gone = before - lines(&engine, table).len();
                    assert_eq!(meant, gone as u64, "what is counted is what is deleted");
                }
                model.delete(&rows);
            }
            Step::Restart => {
                let digest = engine.digest().unwrap();
                let after = machine.crash();
                machine = after;
                engine = machine.open();
                assert_eq!(engine.digest().unwrap(), digest);
            }
        }
        compare(&engine, &model);
    }
    compare_filtered(&engine, &model, from, until, host);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_store_is_a_map(
        steps in prop::collection::vec(step(), 1..40),
        from in 0i64..13,
        until in 0i64..13,
        host in "[abc]",
    ) {
        run(steps, from, until, &host);
    }
}

#[test]
fn many_small_batches_merge_in_memory_like_large_ones() {
    // Enough for chunks of three levels, with rows that meet in every one of them.
    let engine = Machine::new(2).open();
    let mut model = Model::default();
    write(&engine, &both(&[first()]));
    model.write(&[first()]);
    for n in 0..600i64 {
        let host = ["a", "b", "c"][usize::try_from(n % 3).unwrap()];
        let rows = [
            Row {
                count: Some(n),
                ..Row::new(host, START - n % 7, n)
            },
            Row {
                count: None,
                usage: Some(0.5),
                ..Row::new("a", START - 1_000 + n, n)
            },
        ];
        write(&engine, &both(&rows));
        model.write(&rows);
    }
    compare(&engine, &model);
    engine.flush().unwrap();
    compare(&engine, &model);
}
