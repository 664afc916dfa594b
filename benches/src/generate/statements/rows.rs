//! The rows of `statements` as tables of a batch.

use schema::Kind;
use wire::v1::Table;

use super::statement::Statement;
use super::{MINUTE_NANOS, STATEMENT_FIELDS, STATEMENT_TABLE, STATEMENT_TAGS, StatementShape};
use crate::generate::{Rows, START_NANOS, Share, TagColumn, Ticks, bigint, double};

/// The rows of one connection's instances.
#[derive(Debug)]
pub(crate) struct StatementRows {
    statements: Vec<Statement>,
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
        let statements: Vec<Statement> = share.of(shape.instances).flat_map(of_instance).collect();
        Self {
            tags: tag_columns(&statements),
            ticks: Ticks::new(shape.minutes, statements.len()),
            statements,
        }
    }
}

impl Rows for StatementRows {
    fn next_table(&mut self, rows_max: usize) -> Option<Table> {
        let (mut time, mut sources) = (Vec::new(), Vec::new());
        let mut counts: [Vec<i64>; 7] = Default::default();
        let mut total_exec_time = Vec::new();
        for (tick, source) in self.ticks.by_ref().take(rows_max) {
            let Some(statement) = self.statements.get_mut(source) else {
                continue;
            };
            let increase = statement.minute();
            time.push(START_NANOS + tick * MINUTE_NANOS);
            sources.push(source);
            for (column, count) in counts.iter_mut().zip(increase.counts) {
                column.push(count);
            }
            total_exec_time.push(increase.total_exec_time);
        }
        let tags = self.tags.iter().map(|tag| tag.column(&sources));
        let named = STATEMENT_FIELDS.iter().zip(counts);
        let counts = named.map(|((name, unit), values)| bigint(name, Kind::Increase, unit, values));
        let spent = double("total_exec_time", Kind::Increase, "ms", total_exec_time);
        (!time.is_empty()).then(|| Table {
            name: STATEMENT_TABLE.into(),
            append_only: false,
            columns: tags.chain(counts).chain([spent]).collect(),
            time,
        })
    }
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
