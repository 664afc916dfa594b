//! From a request to partitions.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use schema::ColumnDefinition;

use super::partition::{Output, Scan};
use super::selection::{selected, shared_out};
use super::strip::Strip;
use super::strips::{Cut, Footed, cut};
use super::{ScanOrder, ScanPartition, ScanRequest};
use crate::Error;
use crate::series::SeriesOrder;
use crate::state::TableState;

/// Returns the partitions that a request asks for, series in this order; none if nothing can match.
pub(crate) fn plan(
    table: &Arc<TableState>,
    order: &Arc<SeriesOrder>,
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
    let (cuts, partitions) = strips(table, request)?;
    let strips: Vec<Strip> = cuts.iter().map(|cut| Strip::new(cut.time)).collect();
    // It is opened for two reasons: its rows say best how to share out the series, and what has no room
    // for it is refused here, before any row is given.
    let largest = (0..).zip(&cuts).max_by_key(|(_, cut)| cut.bytes);
    let largest = largest.and_then(|(at, _): (usize, _)| strips.get(at));
    let opened = largest.map(|strip| strip.open(table)).transpose()?;
    let sources = opened.iter().flat_map(|strip| strip.sources.iter());
    let series = selected(&table.series, order, &request.tags);
    let stretches = shared_out(&series, sources, partitions);
    let first = opened.as_ref().filter(|_| strips.len() == 1);
    let scan = Arc::new(Scan {
        table: Arc::clone(table),
        schema: Arc::new(schema),
        outputs,
        strips,
        series,
        order: Arc::clone(order),
        batch_rows: request.batch_rows.max(1),
    });
    let partition = |stretch| ScanPartition::new(Arc::clone(&scan), stretch, first, request.limit);
    Ok(stretches.into_iter().map(partition).collect())
}

/// Returns the strips of a scan, and how many partitions at most may each be in another of them.
///
/// It follows from the request and the table alone, so that a partition that is asked for again has the
/// same rows.
fn strips(table: &TableState, request: &ScanRequest) -> Result<(Vec<Cut>, usize), Error> {
    let (range, partitions) = (&request.time, request.partitions.max(1));
    let whole = |bytes| Cut {
        time: *range,
        bytes,
    };
    if request.order == ScanOrder::Total {
        return Ok((vec![whole(0)], partitions));
    }
    let parts = table.parts_within(range).map(|part| {
        Ok(Footed {
            times: (part.time_min(), part.time_max()),
            bytes: part.footer_bytes()?,
        })
    });
    let parts: Vec<Footed> = parts.collect::<Result<_, Error>>()?;
    let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
    let bytes_max = table.parts.first().map_or(0, |part| part.scan_bytes_max());
    if bytes <= bytes_max {
        return Ok((vec![whole(bytes)], partitions));
    }
    // E-3: partitions read at the same time, and each may be in another strip.
    let cuts = cut(parts, range, bytes_max / partitions as u64);
    let largest = cuts.iter().map(|cut| cut.bytes).max().unwrap_or(0);
    let fit = (bytes_max * LARGE / largest.max(1)).max(1);
    Ok((
        cuts,
        partitions.min(usize::try_from(fit).unwrap_or(usize::MAX)),
    ))
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

/// Where parts do not let themselves be parted, a scan may hold so many times what it should before it
/// is read by fewer partitions.
const LARGE: u64 = 2;
