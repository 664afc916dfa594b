//! Pages: what each column of a data set takes, and how fast it is encoded and decoded, in memory.

use engine::column::{Column, Values};
use engine::encoding::{Effort, Encoding, PageEncoder, decode_page};
use platform::{Clock, RealClock};
use schema::FieldType;
use serde::Serialize;

use super::series::SortedRows;
use crate::failure::{Failure, Outcome};
use crate::generate::Random;
use crate::ingest::{number, per};

/// What the pages of one column take.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PageFigures {
    /// Table and column.
    pub(crate) column: String,
    /// As a flush writes them.
    pub(crate) hot: EffortFigures,
    /// As a compaction writes them.
    pub(crate) cold: EffortFigures,
}

/// What pages of one effort take.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EffortFigures {
    /// The encoding of most of them.
    pub(crate) encoding: &'static str,
    /// Bytes for each value, before they are sealed.
    pub(crate) bytes_per_value: f64,
    /// Values encoded a second.
    pub(crate) encoded_per_s: f64,
    /// Values decoded a second, of those in pages that have bytes; 0 where none has.
    pub(crate) decoded_per_s: f64,
}

/// Encodes and decodes every column of a data set, page by page.
///
/// # Errors
/// When a page gives back other values than it took.
pub(super) fn measure(table: &str, rows: &SortedRows) -> Outcome<Vec<PageFigures>> {
    let mut time = Column::empty(FieldType::Time);
    for series in rows.series.values() {
        let of_series = Values::Time(series.time.clone());
        time.extend_from(&Column::from_values(of_series), 0..series.time.len());
    }
    let fields = rows.fields.iter().enumerate().map(|(index, field)| {
        let mut column = Column::empty(field.field_type);
        for series in rows.series.values() {
            if let Some(of_series) = series.fields.get(index) {
                column.extend_from(of_series, 0..of_series.len());
            }
        }
        (field.name.as_str(), column)
    });
    let columns = std::iter::once((schema::TIME_COLUMN, time)).chain(fields);
    columns
        .map(|(name, column)| {
            Ok(PageFigures {
                column: format!("{table}.{name}"),
                hot: of_effort(&column, Effort::Hot)?,
                cold: of_effort(&column, Effort::Cold)?,
            })
        })
        .collect()
}

/// Measures integers without order, of ten bits each: what packing alone does.
///
/// # Errors
/// As [`measure`].
pub(super) fn measure_packed(seed: u64) -> Outcome<PageFigures> {
    let mut random = Random::new(seed, PACKED_STREAM);
    let values = (0..PACKED_ROWS).map(|_| i64::from(random.below(1_000)));
    let column = Column::from_values(Values::I64(values.collect()));
    Ok(PageFigures {
        column: "any.integers".to_owned(),
        hot: of_effort(&column, Effort::Hot)?,
        cold: of_effort(&column, Effort::Cold)?,
    })
}

fn of_effort(column: &Column, effort: Effort) -> Outcome<EffortFigures> {
    let pages: Vec<Column> = (0..column.len())
        .step_by(PAGE_ROWS)
        .map(|start| {
            let mut page = Column::empty(column.field_type());
            page.extend_from(column, start..column.len().min(start + PAGE_ROWS));
            page
        })
        .collect();
    let encoder = PageEncoder {
        effort,
        footer_text_bytes_max: 64,
    };
    let started = RealClock.monotonic();
    let encoded: Vec<_> = pages.iter().map(|page| encoder.encode(page)).collect();
    let encoding = RealClock.monotonic().since(started).as_secs_f64();
    let (mut decoded, mut decoding) = (0, 0.0);
    for (page, bytes) in pages.iter().zip(&encoded) {
        if bytes.bytes.is_empty() {
            continue;
        }
        let started = RealClock.monotonic();
        let found = decode_page(page.field_type(), page.len(), &bytes.bytes);
        decoding += RealClock.monotonic().since(started).as_secs_f64();
        decoded += page.len() as u64;
        if found.ok().as_ref() != Some(page) {
            return Err(Failure::wrong_answer(
                "a page holds other values".to_owned(),
            ));
        }
    }
    let bytes: u64 = encoded.iter().map(|page| page.bytes.len() as u64).sum();
    let values = column.len() as u64;
    Ok(EffortFigures {
        encoding: commonest(encoded.iter().map(|page| page.encoding)),
        bytes_per_value: per(number(bytes), values),
        encoded_per_s: number(values) / encoding,
        decoded_per_s: if decoded > 0 {
            number(decoded) / decoding
        } else {
            0.0
        },
    })
}

fn commonest(encodings: impl Iterator<Item = Encoding>) -> &'static str {
    let mut names: Vec<&str> = encodings.map(Encoding::name).collect();
    names.sort_unstable();
    let most = names.chunk_by(|a, b| a == b).max_by_key(|same| same.len());
    most.and_then(|same| same.first())
        .copied()
        .unwrap_or_default()
}

const PAGE_ROWS: usize = 8_192;
const PACKED_ROWS: u32 = 1 << 21;
const PACKED_STREAM: u64 = 7;
