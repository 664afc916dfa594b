//! Functions over rows in memory, by way of SQL.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

const SECOND: i64 = 1_000_000_000;

fn table(kind: &str) -> MemTable {
    let seconds = [0, 10, 20, 30, 40, 50];
    let time = TimestampNanosecondArray::from_iter_values(seconds.map(|s| s * SECOND));
    let time: ArrayRef = Arc::new(time.with_timezone("UTC"));
    let host: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a", "b", "a", "b"]));
    let calls: ArrayRef = Arc::new(Int64Array::from(vec![
        Some(100),
        Some(7),
        Some(160),
        Some(9),
        Some(20),
        None,
    ]));
    let kind = HashMap::from([(super::counter::KIND_KEY.to_owned(), kind.to_owned())]);
    let schema = Arc::new(Schema::new(vec![
        Field::new("time", time.data_type().clone(), false),
        Field::new("host", host.data_type().clone(), true),
        Field::new("calls", calls.data_type().clone(), true).with_metadata(kind),
    ]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![time, host, calls]).unwrap();
    let halves = vec![vec![batch.slice(0, 3)], vec![batch.slice(3, 3)]];
    MemTable::try_new(schema, halves).unwrap()
}

async fn run(sql: &str, kind: &str) -> Result<String, String> {
    let config = SessionConfig::new().with_target_partitions(2);
    let mut state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .build();
    super::install(&mut state).unwrap();
    let context = SessionContext::new_with_state(state);
    context.register_table("t", Arc::new(table(kind))).unwrap();
    let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    let mut csv = datafusion::arrow::csv::WriterBuilder::new()
        .with_header(false)
        .build(Vec::new());
    for batch in &batches {
        csv.write(batch).unwrap();
    }
    Ok(String::from_utf8(csv.into_inner()).unwrap())
}

async fn answer(sql: &str) -> String {
    run(sql, "cumulative").await.unwrap()
}

#[tokio::test]
async fn time_bucket_is_the_start_of_the_bucket() {
    let sql =
        "select time_bucket(interval '20 seconds', time) b, count(*) from t group by b order by b";
    let expected = "1970-01-01T00:00:00Z,2\n1970-01-01T00:00:20Z,2\n1970-01-01T00:00:40Z,2\n";
    assert_eq!(answer(sql).await, expected);
    let sql = "select time_bucket('20 seconds', time) b, count(*) from t group by b order by b";
    assert_eq!(answer(sql).await, expected);
    let sql = "select time_bucket(interval '30 seconds', time, timestamptz '1970-01-01T00:00:10Z') b, \
               count(*) from t group by b order by b";
    let shifted = "1969-12-31T23:59:40Z,1\n1970-01-01T00:00:10Z,3\n1970-01-01T00:00:40Z,2\n";
    assert_eq!(answer(sql).await, shifted);
    let plan = answer("explain select time_bucket(interval '20 seconds', time) from t").await;
    assert!(plan.contains("date_bin"), "{plan}");
}

#[tokio::test]
async fn first_and_last_go_by_time_and_pass_over_null() {
    let sql =
        "select host, first(calls, time), last(calls, time) from t group by host order by host";
    assert_eq!(answer(sql).await, "a,100,20\nb,7,9\n");
    let sql = "select last(host, time), first(host, time) filter (where calls > 100) from t";
    assert_eq!(answer(sql).await, "b,a\n");
    let error = run("select last(calls, calls) from t", "gauge")
        .await
        .unwrap_err();
    assert!(error.contains("takes a value and a time"), "{error}");
}

#[tokio::test]
async fn counters_are_read_across_resets_and_partitions() {
    let sql = "select host, increase(calls, time), rate(calls, time), delta(calls, time) \
               from t group by host order by host";
    assert_eq!(answer(sql).await, "a,80.0,2.0,-80.0\nb,2.0,0.1,2.0\n");
    let error = run("select rate(host, time) from t", "gauge")
        .await
        .unwrap_err();
    assert!(error.contains("takes a number and a time"), "{error}");
}

#[tokio::test]
async fn increases_are_summed_by_the_kind_in_the_column_s_metadata() {
    let sql =
        "select host, increase(calls, time), rate(calls, time) from t group by host order by host";
    let expected = "a,280.0,4.666666666666667\nb,16.0,0.4\n";
    assert_eq!(run(sql, "increase").await.unwrap(), expected);
}

#[tokio::test]
async fn functions_that_make_much_of_little_are_bounded() {
    assert_eq!(
        answer("select repeat('ab', 3), lpad('x', 3, '-')").await,
        "ababab,--x\n"
    );
    assert_eq!(
        answer("select array_length(generate_series(1, 1000))").await,
        "1000\n"
    );
    let many = vec!["r"; 1_000].join(", ");
    for sql in [
        "select length(repeat('x', 2000000000))",
        "select length(repeat(host, 200000000)) from t",
        "select length(replace(repeat('a', 30000), 'a', repeat('b', 10000)))",
        "select length(replace(repeat(host, 30000), 'a', repeat('b', 10000))) from t",
        &format!("select length(concat({many})) from (select repeat('a', 300000) r)"),
        &format!("select length(concat_ws(r, {many})) from (select repeat(host, 100000) r from t)"),
        "select length(lpad('x', 2000000000))",
        "select length(rpad('x', 2000000000, 'y'))",
        "select array_length(range(2000000000))",
        "select array_length(generate_series(1, 2000000000))",
        "select array_length(generate_series(2000000000, 1, -1))",
        "select array_length(generate_series(timestamp '2000-01-01', timestamp '2026-01-01', interval '1 second'))",
    ] {
        let error = run(sql, "gauge").await.expect_err(sql);
        assert!(error.contains("ask for less"), "{sql}: {error}");
    }
    assert!(
        run("select array_repeat(1, 1000000000)", "gauge")
            .await
            .is_err()
    );
}
