//! From a request to partitions.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use schema::{ColumnDefinition, Lsn};

use super::partition::{Output, Scan};
use super::selection::{selected, shared_out};
use super::{ScanPartition, ScanRequest};
use crate::Error;
use crate::merge::Source;
use crate::state::TableState;
use crate::tombstone::Deletions;

/// Returns the partitions that a request asks for; none if nothing can match.
pub(crate) fn plan(
    table: &Arc<TableState>,
    schema: &SchemaRef,
    request: &ScanRequest,
) -> Result<Vec<ScanPartition>, Error> {
    let outputs: Vec<Output> = request
        .projection
        .iter()
        .map(|column| output(table, *column))
        .collect::<Result<_, _>>()?;
    let schema = schema
        .project(&request.projection)
        .map_err(|_| no_column(table))?;
    if request.time.is_empty() {
        return Ok(Vec::new());
    }
    let sources: Arc<[Source]> = table.sources(&request.time)?.into();
    let order = table.series.order();
    let series = selected(&table.series, &order, &request.tags);
    let stretches = shared_out(&series, &sources, request.partitions);
    let scan = Arc::new(Scan {
        table: Arc::clone(table),
        deletions: Deletions::below(Lsn::MAX, table, &sources),
        schema: Arc::new(schema),
        outputs,
        sources,
        series,
        order,
        time: request.time,
        batch_rows: request.batch_rows.max(1),
    });
    let partition = |stretch| ScanPartition::new(Arc::clone(&scan), stretch, request.limit);
    Ok(stretches.into_iter().map(partition).collect())
}

/// Returns where a column of the schema comes from.
fn output(table: &TableState, column: usize) -> Result<Output, Error> {
    let definition = &table.definition;
    let Some(column) = column.checked_sub(1) else {
        return Ok(Output::Time);
    };
    if column < definition.tags.len() {
        return Ok(Output::Tag(column));
    }
    let field = column - definition.tags.len();
    let is_there = |_: &ColumnDefinition| Output::Field(field);
    definition
        .fields
        .get(field)
        .map(is_there)
        .ok_or_else(|| no_column(table))
}

fn no_column(table: &TableState) -> Error {
    Error::Refused {
        what: format!("a scan of table {:?}", table.definition.name),
        reason: "it asks for a column that does not exist",
    }
}
