//! `collector_stats`: how collecting from an instance goes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use platform::ProcessUsage;
use schema::tables::COLLECTOR_STATS;

use super::lane::Context;
use crate::sample::reading::{Reading, Row};
use crate::sample::sampler::{Moment, Sample, Sampler};
use crate::sample::value::Value;
use crate::sample::view::{Column, Emission, View};

/// The memory of the table.
#[derive(Debug)]
pub(super) struct OwnTable(Sampler);

impl OwnTable {
    /// Returns a table that was never sampled.
    pub(super) fn new(rows_max: usize) -> Self {
        Self(Sampler::new(&VIEW, rows_max))
    }

    /// Takes a sample.
    pub(super) fn sample(&self, context: &Context) -> Sample {
        let moment = Moment {
            time: context.clock.now(),
            monotonic: context.clock.monotonic(),
            server_started: 0,
        };
        let values = values(context);
        let value = |column: &Column| values.get(column.name).cloned().unwrap_or(Value::Null);
        let row = Row {
            origin: None,
            tags: [Some(context.collector.as_str().to_owned())].into(),
            fields: VIEW.fields.iter().map(value).collect(),
        };
        let reading = Reading {
            rows: HashMap::from([("".into(), row)]),
            ..Reading::default()
        };
        self.0.sample(&reading, moment, &context.instance, |_| true)
    }

    /// Remembers a sample whose row is safe.
    pub(super) fn accept(&mut self, sample: Sample) {
        self.0.accept(sample);
    }
}

fn values(context: &Context) -> HashMap<&'static str, Value> {
    let (own, spool) = (&context.counters, context.outlet.counters());
    let level = context.outlet.level();
    let usage = ProcessUsage::read().ok();
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    HashMap::from([
        ("ticks", count(&own.ticks)),
        ("skipped_ticks", count(&own.skipped_ticks)),
        ("errors", count(&own.errors)),
        ("rows", count(&own.rows)),
        ("queries", count(&own.queries)),
        ("query_time", Value::F64(ms(own.query_nanos.load(Relaxed)))),
        ("query_time_max", Value::F64(ms(own.take_query_nanos_max()))),
        ("connections", whole(context.permits.taken() as u64)),
        ("connect_failures", count(&own.connect_failures)),
        ("stopped_tables", text(own.stopped_tables())),
        ("last_error", text(own.take_last_error())),
        ("spool_bytes", whole(level.bytes)),
        ("spool_batches", whole(level.batches)),
        ("sent_batches", count(&spool.sent)),
        ("dropped_batches", count(&spool.dropped)),
        ("refused_batches", count(&spool.refused)),
        (
            "resident_memory",
            usage.map_or(Value::Null, |usage| whole(usage.resident_bytes)),
        ),
        (
            "cpu_time",
            usage.map_or(Value::Null, |u| Value::F64(u.cpu.as_secs_f64() * 1_000.0)),
        ),
        ("version", Value::Text(crate::VERSION.to_owned())),
    ])
}

fn count(counter: &AtomicU64) -> Value {
    whole(counter.load(Relaxed))
}

fn whole(value: u64) -> Value {
    Value::I64(i64::try_from(value).unwrap_or(i64::MAX))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds of queries stay below 2^53 for months"
)]
fn ms(nanos: u64) -> f64 {
    nanos as f64 / 1_000_000.0
}

static VIEW: View = View {
    table: &COLLECTOR_STATS,
    from: &[],
    tags: &[Column::same("collector")],
    key: &[],
    origin: &[],
    fields: &[
        Column::same("ticks"),
        Column::same("skipped_ticks"),
        Column::same("errors"),
        Column::same("rows"),
        Column::same("queries"),
        Column::same("query_time"),
        Column::same("query_time_max"),
        Column::same("connections"),
        Column::same("connect_failures"),
        Column::same("stopped_tables"),
        Column::same("last_error"),
        Column::same("spool_bytes"),
        Column::same("spool_batches"),
        Column::same("sent_batches"),
        Column::same("dropped_batches"),
        Column::same("refused_batches"),
        Column::same("resident_memory"),
        Column::same("cpu_time"),
        Column::same("version"),
    ],
    emission: Emission::Always,
};
