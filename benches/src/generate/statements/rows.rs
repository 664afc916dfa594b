//! The rows of `statements` as tables of a batch.

use schema::Kind;
use wire::v1::Table;

use super::clock::InstanceClock;
use super::statement::{Counters, Statement};
use super::{STATEMENT_COUNTS, STATEMENT_TABLE, STATEMENT_TAGS, STATEMENT_TIMES, StatementShape};
use crate::generate::{Rows, Share, TagColumn, Ticks, bigint, double};

/// The rows of one connection's instances.
#[derive(Debug)]
pub(crate) struct StatementRows {
    clocks: Vec<InstanceClock>,
    statements: Vec<Statement>,
    /// Statements of an instance.
    per_instance: usize,
    tags: Vec<TagColumn>,
    ticks: Ticks,
}

impl StatementRows {
    /// Begins a share of a data set.
    pub(crate) fn new(shape: StatementShape, share: Share) -> Self {
        let of_instance = |instance| {
            let numbers = (0..shape.statements).map(move |n| instance * shape.statements + n);
            numbers.map(move |number| Statement::new(shape.seed, instance, number))
        };
        let instances = share.of(shape.instances);
        let statements: Vec<Statement> = share.of(shape.instances).flat_map(of_instance).collect();
        Self {
            clocks: instances
                .map(|instance| InstanceClock::new(shape.seed, instance))
                .collect(),
            tags: tag_columns(&statements),
            ticks: Ticks::new(shape.minutes, statements.len()),
            per_instance: shape.statements as usize,
            statements,
        }
    }
}

impl Rows for StatementRows {
    fn next_table(&mut self, rows_max: usize) -> Option<Table> {
        let mut fields = Fields::default();
        for (minute, source) in self.ticks.by_ref().take(rows_max) {
            let clock = self.clocks.get_mut(source / self.per_instance);
            let (Some(statement), Some(clock)) = (self.statements.get_mut(source), clock) else {
                continue;
            };
            if source.is_multiple_of(self.per_instance) {
                clock.advance(minute);
            }
            fields.push(clock.now(), source, statement.minute());
        }
        (!fields.time.is_empty()).then(|| fields.finish(&self.tags))
    }
}

/// The columns under construction.
#[derive(Debug, Default)]
struct Fields {
    time: Vec<i64>,
    sources: Vec<usize>,
    counts: [Vec<i64>; 6],
    milliseconds: [Vec<f64>; 2],
}

impl Fields {
    fn push(&mut self, time: i64, source: usize, counters: &Counters) {
        self.time.push(time);
        self.sources.push(source);
        for (column, count) in self.counts.iter_mut().zip(counters.counts) {
            column.push(count);
        }
        for (column, time) in self.milliseconds.iter_mut().zip(counters.microseconds) {
            column.push(milliseconds(time));
        }
    }

    fn finish(self, tags: &[TagColumn]) -> Table {
        let tags = tags.iter().map(|tag| tag.column(&self.sources));
        let counts = STATEMENT_COUNTS.iter().zip(self.counts);
        let counts =
            counts.map(|((name, unit), values)| bigint(name, Kind::Cumulative, unit, values));
        let times = STATEMENT_TIMES.iter().zip(self.milliseconds);
        let times = times.map(|(name, values)| double(name, Kind::Cumulative, "ms", values));
        Table {
            name: STATEMENT_TABLE.into(),
            append_only: false,
            columns: tags.chain(counts).chain(times).collect(),
            time: self.time,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a statement's microseconds stay far below 2^53"
)]
fn milliseconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1_000.0
}

fn tag_columns(statements: &[Statement]) -> Vec<TagColumn> {
    let of_tag = |(index, name): (usize, &&'static str)| {
        let values = statements
            .iter()
            .filter_map(|statement| statement.tags().get(index));
        TagColumn::new(name, values.map(String::as_str))
    };
    STATEMENT_TAGS.iter().enumerate().map(of_tag).collect()
}
