//! The line protocol door: Influx line protocol in, a batch out.
//!
//! ```text
//!   cpu,host=a,region=eu usage=0.5,cores=8i,note="up" 1700000000000000000
//!   └ table └ tags (TEXT)  └ fields (DOUBLE, BIGINT, TEXT, BOOLEAN)  └ time
//!
//!   body ─ Scanner (tokens, escapes) ─▶ Point (one line) ─▶ Draft (columns) ─▶ Batch
//! ```
//! It is all or nothing: the first line that is wrong refuses the body and is named.
//!
//! **Source:** InfluxDB v2 documentation, "Line protocol"; escapes as `models/points.go` of
//! InfluxDB 1.8 reads them.

mod point;
mod precision;
mod scanner;
mod value;

use schema::Timestamp;
use wire::{Limits, v1};

use self::point::{Point, read_point};
pub use self::precision::Precision;
use self::scanner::Scanner;
use crate::Error;
use crate::door::Draft;

/// Returns the rows of a body; measurement becomes table, lines without a time get `now`.
///
/// The batch has no collector and no number; the caller may give it both.
/// Costs one pass and memory in the order of the body; bounded by `limits` in every dimension.
///
/// # Errors
/// [`Error::Body`] with line and column of the first thing that is wrong.
pub fn decode(
    body: &[u8],
    precision: Precision,
    now: Timestamp,
    limits: &Limits,
) -> Result<v1::Batch, Error> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        place(valid, valid.len(), "the body is not UTF-8".to_owned())
    })?;
    let mut scanner = Scanner::new(text);
    let mut draft = Draft::new(limits);
    let mut point = Point::default();
    while scanner.next_line() {
        read_point(&mut scanner, precision, &mut point)
            .and_then(|()| add(&point, now, &mut draft))
            .map_err(|refused| place(body, refused.offset, refused.reason))?;
    }
    Ok(v1::Batch {
        tables: draft.finish(),
        ..v1::Batch::default()
    })
}

/// What is wrong, and where in the body.
#[derive(Debug, PartialEq)]
struct Refused {
    offset: usize,
    reason: String,
}

impl Refused {
    fn new(offset: usize, reason: impl Into<String>) -> Self {
        Self {
            offset,
            reason: reason.into(),
        }
    }
}

fn add(point: &Point<'_>, now: Timestamp, draft: &mut Draft) -> Result<(), Refused> {
    let at = |offset| move |reason| Refused { offset, reason };
    let time = point.time.unwrap_or(now.nanos());
    let mut row = draft
        .begin_row(&point.measurement, false, time)
        .map_err(at(point.offset))?;
    for tag in &point.tags {
        row.tag(&tag.key, &tag.value).map_err(at(tag.offset))?;
    }
    for field in &point.fields {
        row.field(&field.key, field.value.as_value())
            .map_err(at(field.offset))?;
    }
    Ok(())
}

fn place(body: &[u8], offset: usize, reason: String) -> Error {
    let before = body.get(..offset).unwrap_or(body);
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1);
    let in_line = before.get(line_start..).unwrap_or_default();
    Error::Body {
        line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
        column: 1 + String::from_utf8_lossy(in_line).chars().count(),
        reason,
    }
}

#[cfg(test)]
mod tests;
