//! From the columns that a sender made to what travels; finds mistakes of the sender on the way.

mod field;
mod integers;
mod series;

use crate::Error;
use crate::v1::packed::{Integers, PackedBatch, PackedTable};
use crate::v1::{Batch, Column, Table};
use series::Series;

/// Packs a batch.
///
/// # Errors
/// [`Error::Column`] where a column contradicts itself or its table; [`Error::Limit`] for more rows
/// than can be counted in 32 bits.
pub(crate) fn pack(batch: &Batch) -> Result<PackedBatch, Error> {
    let tables = batch.tables.iter().map(pack_table);
    Ok(PackedBatch {
        collector: batch.collector.clone(),
        epoch: batch.epoch,
        sequence: batch.sequence,
        tables: tables.collect::<Result<_, _>>()?,
    })
}

fn pack_table(table: &Table) -> Result<PackedTable, Error> {
    let rows = u32::try_from(table.time.len()).map_err(|_| Error::Limit {
        what: "rows",
        actual: table.time.len(),
        limit: u32::MAX as usize,
    })?;
    let named = |column: &Column, reason: String| Error::Column {
        table: table.name.clone(),
        column: column.name.clone(),
        reason,
    };
    let mut series = Series::of_rows(table.time.len());
    let mut fields = Vec::new();
    for column in &table.columns {
        field::check(column, table.time.len()).map_err(|reason| named(column, reason))?;
        if column.role == TAG {
            series
                .split_by(column)
                .map_err(|reason| named(column, reason))?;
        } else {
            fields.push(field::pack(column));
        }
    }
    let (series, series_of_row, tags) = series.finish();
    Ok(PackedTable {
        name: table.name.clone(),
        append_only: table.append_only,
        rows,
        time: Integers::pack(&table.time),
        series,
        series_of_row,
        tags,
        fields,
    })
}

const TAG: u8 = 0;
