//! What is pushed into the scan, and that the answers are those of a table without a scan of ours.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringViewArray,
    TimestampNanosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use schema::{ColumnDefinition, FieldType, TableDefinition};

use super::TableScan;
use crate::store::Tables;
use crate::store::memory::MemoryStore;

const SECOND: i64 = 1_000_000_000;
const ROWS: i64 = 1_000;

fn definition() -> TableDefinition {
    let mut definition = TableDefinition::new("cpu");
    definition.tags.push(ColumnDefinition::tag("host"));
    definition.tags.push(ColumnDefinition::tag("core"));
    definition
        .fields
        .push(ColumnDefinition::field("usage", FieldType::F64));
    definition
        .fields
        .push(ColumnDefinition::field("calls", FieldType::I64));
    definition
}

fn batch() -> RecordBatch {
    let time = TimestampNanosecondArray::from_iter_values((0..ROWS).map(|row| row / 4 * SECOND));
    let host: StringViewArray = (0..ROWS)
        .map(|row| (row % 7 != 0).then(|| format!("host-{}", row % 4)))
        .collect();
    let core: StringViewArray = (0..ROWS).map(|row| Some((row % 3).to_string())).collect();
    let usage: Float64Array = (0..ROWS).map(|row| Some((row * 37 % 101) as f64)).collect();
    let calls: Int64Array = (0..ROWS)
        .map(|row| (row % 11 != 0).then_some(row))
        .collect();
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("time", Arc::new(time.with_timezone("UTC")), false),
        ("host", Arc::new(host), true),
        ("core", Arc::new(core), true),
        ("usage", Arc::new(usage), true),
        ("calls", Arc::new(calls), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn context() -> SessionContext {
    let mut config = SessionConfig::new()
        .with_target_partitions(3)
        .with_batch_size(64);
    config.options_mut().execution.time_zone = Some("UTC".into());
    SessionContext::new_with_config(config)
}

fn ours() -> SessionContext {
    let context = context();
    let store = MemoryStore::default().with(definition(), batch());
    let table = store.table("cpu").unwrap();
    context
        .register_table("cpu", Arc::new(TableScan::new(table)))
        .unwrap();
    context
}

fn plain() -> SessionContext {
    let context = context();
    let table = MemTable::try_new(batch().schema(), vec![vec![batch()]]).unwrap();
    context.register_table("cpu", Arc::new(table)).unwrap();
    context
}

async fn lines(context: &SessionContext, sql: &str) -> Vec<String> {
    let batches = context
        .sql(sql)
        .await
        .expect(sql)
        .collect()
        .await
        .expect(sql);
    let mut csv = datafusion::arrow::csv::WriterBuilder::new()
        .with_header(false)
        .build(Vec::new());
    for batch in &batches {
        csv.write(batch).unwrap();
    }
    let text = String::from_utf8(csv.into_inner()).unwrap();
    text.lines().map(str::to_owned).collect()
}

async fn plan(sql: &str) -> String {
    let batches = ours()
        .sql(&format!("explain {sql}"))
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    let plans = cast(batches[0].column(1), &DataType::Utf8).unwrap();
    plans.as_string::<i32>().value(1).to_owned()
}

#[tokio::test]
async fn ranges_of_time_are_pushed_into_the_scan() {
    for condition in [
        "time >= '1970-01-01T00:00:10Z' and time < '1970-01-01T00:00:20Z'",
        "time >= timestamp '1970-01-01 00:00:10' and time < timestamp '1970-01-01 00:00:20'",
        "'1970-01-01T00:00:10Z' <= time and time < '1970-01-01T00:00:19Z'::timestamptz + interval '1 second'",
        "time between '1970-01-01T00:00:10Z' and '1970-01-01T00:00:19.999999999Z'",
        "time >= to_timestamp(10) and time < to_timestamp('1970-01-01T00:00:20Z')",
    ] {
        let plan = plan(&format!("select usage from cpu where {condition}")).await;
        assert!(
            plan.contains("from=1970-01-01T00:00:10Z, until=1970-01-01T00:00:20Z"),
            "{plan}"
        );
        assert!(!plan.contains("FilterExec"), "{plan}");
    }
    let plan = plan("select usage from cpu where time > now() - interval '1 hour'").await;
    assert!(
        plan.contains("from=2") && !plan.contains("FilterExec"),
        "{plan}"
    );
}

#[tokio::test]
async fn filters_on_one_tag_are_evaluated_on_its_values() {
    for (condition, shown) in [
        ("host = 'host-1'", "host=1 of 4"),
        ("host in ('host-1', 'host-2', 'nobody')", "host=2 of 4"),
        ("host like 'host-%' and host <> 'host-3'", "host=3 of 4"),
        ("host is null", "host=0 of 4 or null"),
        ("host is null or host ~ '[12]$'", "host=2 of 4 or null"),
        ("upper(host) = 'HOST-0'", "host=1 of 4"),
        ("host = 'host-1' and core = '2'", "host=1 of 4, core=1 of 3"),
    ] {
        let plan = plan(&format!("select usage from cpu where {condition}")).await;
        assert!(plan.contains(shown), "{condition}: {plan}");
        assert!(!plan.contains("FilterExec"), "{condition}: {plan}");
    }
    for condition in [
        "host = core",
        "usage > 3",
        "cast(core as bigint) > 1",
        "host = 'a' or usage > 1",
    ] {
        let plan = plan(&format!("select usage from cpu where {condition}")).await;
        assert!(plan.contains("FilterExec"), "{condition}: {plan}");
    }
}

#[tokio::test]
async fn counts_and_bounds_of_whole_tables_are_answered_without_a_scan() {
    let folded = plan("select count(*), min(time), max(time) from cpu").await;
    assert!(folded.contains("PlaceholderRowExec"), "{folded}");
    for sql in [
        "select count(*) from cpu where host = 'host-1'",
        "select count(*) from cpu where time < '1970-01-01T00:01:00Z'",
        "select count(usage) from cpu",
        "select count(*) from (select * from cpu limit 5)",
    ] {
        let scanned = plan(sql).await;
        assert!(
            scanned.contains("DataSourceExec: table=cpu"),
            "{sql}: {scanned}"
        );
    }
    let covered = plan("select count(*) from cpu where time >= '1970-01-01T00:00:00Z'").await;
    assert!(covered.contains("PlaceholderRowExec"), "{covered}");
}

#[tokio::test]
async fn limits_reach_the_scan_also_below_filters_that_were_taken_on() {
    let plan = plan("select usage from cpu where host = 'host-1' limit 7").await;
    assert!(plan.contains("fetch=7"), "{plan}");
}

#[tokio::test]
async fn answers_equal_those_of_a_table_in_memory() {
    let (ours, plain) = (ours(), plain());
    for sql in [
        "select * from cpu",
        "select usage, host from cpu where host = 'host-1'",
        "select count(*) from cpu",
        "select count(*), min(time), max(time), count(host), sum(calls) from cpu",
        "select count(*) from cpu where host is null",
        "select count(*) from cpu where host is not null and core <> '1'",
        "select count(*) from cpu where host <> 'host-1'",
        "select count(*) from cpu where not (host = 'host-1')",
        "select count(*) from cpu where host = 'host-1' or core = '1'",
        "select count(*) from cpu where host is distinct from 'host-1'",
        "select count(*) from cpu where coalesce(host, 'none') = 'none'",
        "select count(*) from cpu where cast(core as bigint) >= 1",
        "select count(*) from cpu where host = core",
        "select count(*) from cpu where host in (select 'host-' || core from cpu)",
        "select time, usage from cpu where time = '1970-01-01T00:00:30Z'",
        "select count(*) from cpu where time > '1970-01-01T00:00:30Z' and time <= '1970-01-01T00:01:00Z'",
        "select count(*) from cpu where time not between '1970-01-01T00:00:30Z' and '1970-01-01T00:01:00Z'",
        "select count(*) from cpu where time < '1970-01-01T00:00:10Z' or time >= '1970-01-01T00:04:00Z'",
        "select count(*) from cpu where time > '2030-01-01'",
        "select host, core, count(*), avg(usage) from cpu group by host, core",
        "select host, core, count(*) from cpu group by grouping sets ((host), (core), (host, core), ())",
        "select time, host, count(*) from cpu group by rollup (time, host)",
        "select date_bin(interval '1 minute', time) m, host, max(usage) from cpu group by m, host",
        "select host, last_value(usage order by time, core, usage) from cpu group by host",
        "select distinct on (host) host, time, usage from cpu order by host, time desc, usage desc",
        "select host, usage from cpu order by usage desc, time, host, core limit 20",
        "select time, usage from cpu order by time desc, usage limit 9",
        "select a.host, count(*) from cpu a join cpu b on a.host = b.host and a.time = b.time group by a.host",
        "select count(*) from cpu a left join cpu b on a.host = b.host and b.core = '9' where b.host is null",
        "select time, usage - lag(usage) over (partition by host, core order by time, usage) d from cpu",
        "select 1 from cpu where usage > 100",
        "select * from cpu where host = 'nobody' order by time desc limit 5",
        "select usage from cpu where time > '2030-01-01' limit 3 offset 2",
        "select sum(usage), max(host) from cpu where time > '2030-01-01'",
        "select row_number() over (order by time) from cpu where host = 'nobody'",
        "select a.usage from cpu a join cpu b on a.host = b.host where b.host = 'nobody'",
        "select a.usage from cpu a cross join cpu b where a.host = 'nobody'",
        "with recursive r as (select min(usage) u from cpu union all select u + 10 from r where u < 50) select * from r",
        "select count(*) from (select * from cpu limit 5)",
        "select x.n from (select count(*) n from cpu where host = 'host-1') x cross join (select 1)",
    ] {
        let mut left = lines(&ours, sql).await;
        let mut right = lines(&plain, sql).await;
        left.sort();
        right.sort();
        assert_eq!(left, right, "{sql}");
        assert!(
            !left.is_empty() || NOTHING.iter().any(|none| sql.contains(none)),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_plan_can_be_run_twice() {
    let frame = ours()
        .sql("select count(*) from cpu where usage > 3")
        .await
        .unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    let context = ours().task_ctx();
    let once = datafusion::physical_plan::collect(Arc::clone(&plan), Arc::clone(&context)).await;
    let twice = datafusion::physical_plan::collect(plan, context).await;
    assert_eq!(once.unwrap(), twice.unwrap());
}

/// What the queries say that find nothing.
const NOTHING: [&str; 3] = ["2030", "> 100", "'nobody'"];
