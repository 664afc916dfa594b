//! What a batch must be beyond its structure: names, lengths, codes, texts, numbers in range.

use schema::validate_name;

use crate::text::check_text;
use crate::{BatchView, Error, FieldView, Limits, TableView, TagView, TextView, ValuesView};

/// Checks a batch whose structure is sound.
pub(super) fn check_batch(batch: BatchView<'_>, limits: &Limits) -> Result<(), Error> {
    at_most("tables", batch.tables().len(), limits.tables_max)?;
    at_most("rows", batch.rows(), limits.rows_max)?;
    if !batch.collector().is_empty() {
        validate_name(batch.collector())?;
    }
    batch
        .tables()
        .try_for_each(|table| check_table(table, limits))
}

fn check_table(table: TableView<'_>, limits: &Limits) -> Result<(), Error> {
    validate_name(table.name())?;
    let columns = table.tags().len() + table.fields().len();
    at_most("columns", columns, limits.columns_max)?;
    let named = |column: &str, reason: String| Error::Column {
        table: table.name().into(),
        column: column.into(),
        reason,
    };
    table
        .time()
        .check()
        .map_err(|reason| named("time", reason))?;
    check_series(&table).map_err(|reason| named("", reason))?;
    for tag in table.tags() {
        validate_name(tag.name())?;
        check_tag(&tag).map_err(|reason| named(tag.name(), reason))?;
    }
    for field in table.fields() {
        validate_name(field.name())?;
        check_field(&field, table.rows()).map_err(|reason| named(field.name(), reason))?;
    }
    Ok(())
}

fn check_series(table: &TableView<'_>) -> Result<(), String> {
    if table.series() > table.rows() {
        let (series, rows) = (table.series(), table.rows());
        return Err(format!("{series} tuples of tags for {rows} rows"));
    }
    table.series_of_row().check_codes(table.series())
}

fn check_tag(tag: &TagView<'_>) -> Result<(), String> {
    let count = check(tag.values())?;
    tag.codes().check_codes(count + 1)
}

fn check_field(field: &FieldView<'_>, rows: usize) -> Result<(), String> {
    if field.kind_number() > 2 {
        return Err(format!("kind {} does not exist", field.kind_number()));
    }
    if let Some(bits) = field.validity()
        && bits.len() != rows.div_ceil(8)
    {
        return Err(format!("{} bytes of validity for {rows} rows", bits.len()));
    }
    match field.values() {
        ValuesView::I64(values) | ValuesView::Time(values) | ValuesView::F64(values) => {
            values.check()
        }
        ValuesView::Bool(bits) if bits.len() != rows.div_ceil(8) => {
            Err(format!("{} bytes of booleans for {rows} rows", bits.len()))
        }
        ValuesView::Bool(_) => Ok(()),
        ValuesView::Text(text) => {
            let values = check(text)?;
            if values != rows {
                return Err(format!("{values} values for {rows} rows"));
            }
            Ok(())
        }
        ValuesView::Dictionary(dictionary) => {
            let count = check(dictionary.values)?;
            // Where all rows are null there need not be a value for their code.
            dictionary.codes.check_codes(count.max(1))?;
            let is_null = |row| !field.is_valid(row);
            if count == 0 && !(0..rows).all(is_null) {
                return Err("a code lies outside its dictionary of 0".into());
            }
            Ok(())
        }
    }
}

fn check(text: TextView<'_>) -> Result<usize, String> {
    check_text(text.offsets(), text.bytes())
}

fn at_most(what: &'static str, actual: usize, limit: usize) -> Result<(), Error> {
    if actual > limit {
        return Err(Error::Limit {
            what,
            actual,
            limit,
        });
    }
    Ok(())
}
