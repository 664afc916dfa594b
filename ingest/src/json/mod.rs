//! The JSON door: batches of a collector whose network has no UDP.
//!
//! ```text
//!   {"collector": "c1", "epoch": 3, "sequence": 17, "tables": [
//!     {"name": "stat_database", "append_only": false,
//!      "columns": [{"name": "instance", "role": "tag"},
//!                  {"name": "xact_commit", "type": "i64", "kind": "increase", "unit": "transactions"}],
//!      "rows": [[1700000000000000000, "orders", 12],
//!               ["2026-11-22T10:00:00Z", "orders", null]]}]}
//! ```
//! Rows go straight into columns while the text is read; nothing of the size of the body is built in
//! between, which is why a table's `rows` come last.

mod cell;
mod shape;
mod table;

use serde::de::DeserializeSeed;
use wire::{Limits, v1};

use crate::Error;
use crate::json::table::BatchSeed;

/// Returns the batch of a JSON body.
///
/// Costs one pass and memory in the order of the body; bounded by `limits` in every dimension.
///
/// # Errors
/// [`Error::Body`] with line and column of the first thing that is wrong.
pub fn decode(body: &[u8], limits: &Limits) -> Result<v1::Batch, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let batch = BatchSeed { limits }
        .deserialize(&mut deserializer)
        .map_err(|error| place(&error))?;
    deserializer.end().map_err(|error| place(&error))?;
    Ok(batch)
}

fn place(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    // serde_json repeats the place at the end of its message.
    let whole = error.to_string();
    let reason = whole
        .strip_suffix(&format!(" at line {line} column {column}"))
        .unwrap_or(&whole);
    Error::Body {
        line,
        column,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
