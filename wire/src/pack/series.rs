//! Which rows have equal tags: tag by tag, the tuple of a row so far and its value in the next tag
//! make the row's next tuple.
//!
//! Neighbouring rows mostly repeat, and pairs are few, so that most rows cost one comparison or one
//! look into a dense table for each tag.

use std::collections::HashMap;

use super::field::is_valid;
use crate::v1::packed::{Integers, PackedTag, PackedText};
use crate::v1::{Column, Text, Values};

/// The tuples of a table's rows, as far as its tags were seen.
#[derive(Debug)]
pub(super) struct Series {
    series_of_row: Vec<u32>,
    /// A row of each tuple.
    row_of_series: Vec<u32>,
    tags: Vec<Tag>,
}

/// A tag row by row.
#[derive(Debug)]
struct Tag {
    name: String,
    values: PackedText,
    /// For each row 0 where it is null, else 1 + the position of its value.
    codes: Vec<u32>,
}

impl Series {
    /// Returns rows that have no tags yet.
    pub(super) fn of_rows(rows: usize) -> Self {
        Self {
            series_of_row: vec![0; rows],
            row_of_series: if rows == 0 { vec![] } else { vec![0] },
            tags: Vec::new(),
        }
    }

    /// Splits tuples by one more tag.
    pub(super) fn split_by(&mut self, column: &Column) -> Result<(), String> {
        let tag = Tag {
            name: column.name.clone(),
            ..codes_of(column, self.series_of_row.len())?
        };
        let most = u64::from(tag.codes.iter().max().copied().unwrap_or(0));
        self.row_of_series = refine(
            &mut self.series_of_row,
            self.row_of_series.len(),
            &tag.codes,
            most + 1,
        );
        self.tags.push(tag);
        Ok(())
    }

    /// Returns the number of tuples, the tuple of each row, and the tags by tuple.
    pub(super) fn finish(self) -> (u32, Integers, Vec<PackedTag>) {
        let rows = &self.row_of_series;
        let tags = self.tags.into_iter().map(|tag| {
            let of_row = |row: &u32| tag.codes.get(*row as usize).copied().unwrap_or(0);
            let codes: Vec<u32> = rows.iter().map(of_row).collect();
            PackedTag {
                name: tag.name,
                code_of_series: Integers::pack_codes(&codes, |_| true),
                values: tag.values,
            }
        });
        let tags = tags.collect();
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let series_of_row = Integers::pack_codes(&self.series_of_row, |_| true);
        (count, series_of_row, tags)
    }
}

fn codes_of(column: &Column, rows: usize) -> Result<Tag, String> {
    let coded = |row: usize, code: u32| if is_valid(column, row) { code + 1 } else { 0 };
    let (codes, values) = match &column.values {
        Values::Dictionary(dictionary) => {
            let codes = dictionary.codes.iter().enumerate();
            // A null row's code may be any number, the largest included.
            let codes = codes.map(|(row, code)| coded(row, (*code).min(u32::MAX - 1)));
            (codes.collect(), packed(&dictionary.values))
        }
        Values::Text(text) => distinct(text, rows, coded),
        _ => return Err("a tag must be text".into()),
    };
    Ok(Tag {
        name: String::new(),
        values,
        codes,
    })
}

/// Codes texts in the order in which they first come.
fn distinct(text: &Text, rows: usize, coded: impl Fn(usize, u32) -> u32) -> (Vec<u32>, PackedText) {
    let mut known: HashMap<&[u8], u32> = HashMap::new();
    let mut values = PackedText {
        offsets: vec![0],
        bytes: Vec::new(),
    };
    let mut code_of = |row: usize| {
        let value = value_at(text, row);
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX - 1);
        *known.entry(value).or_insert_with(|| {
            values.bytes.extend_from_slice(value);
            values
                .offsets
                .push(u32::try_from(values.bytes.len()).unwrap_or(u32::MAX));
            next
        })
    };
    let codes = (0..rows).map(|row| coded(row, code_of(row))).collect();
    (codes, values)
}

fn value_at(text: &Text, row: usize) -> &[u8] {
    let bounds = text.offsets.get(row).zip(text.offsets.get(row + 1));
    bounds
        .and_then(|(start, end)| text.bytes.get(*start as usize..*end as usize))
        .unwrap_or_default()
}

pub(super) fn packed(text: &Text) -> PackedText {
    PackedText {
        offsets: text.offsets.clone(),
        bytes: text.bytes.clone(),
    }
}

/// Splits tuples by the codes of one more tag, all of them less than `bound`; returns a row of each
/// new tuple.
fn refine(series_of_row: &mut [u32], series: usize, codes: &[u32], bound: u64) -> Vec<u32> {
    let mut row_of_series = Vec::new();
    let mut pairs = Pairs::new(series as u64, bound, series_of_row.len());
    let (mut last, mut last_series) = (None, 0);
    for (row, (series, code)) in (0u32..).zip(series_of_row.iter_mut().zip(codes)) {
        let pair = (*series, *code);
        if last != Some(pair) {
            let next = u32::try_from(row_of_series.len()).unwrap_or(u32::MAX);
            last_series = pairs.series(pair, next);
            if last_series == next {
                row_of_series.push(row);
            }
            last = Some(pair);
        }
        *series = last_series;
    }
    row_of_series
}

/// Tuples by pairs of tuple and code: a table where all pairs fit, a map where they do not.
enum Pairs {
    Dense { width: u64, series: Vec<u32> },
    Sparse(HashMap<(u32, u32), u32>),
}

impl Pairs {
    fn new(series: u64, width: u64, rows: usize) -> Self {
        let dense_max = (rows as u64 * DENSE_PER_ROW).max(DENSE_MIN);
        let size = series.saturating_mul(width);
        match usize::try_from(size) {
            Ok(slots) if size <= dense_max => Self::Dense {
                width,
                series: vec![u32::MAX; slots],
            },
            _ => Self::Sparse(HashMap::new()),
        }
    }

    /// Returns the tuple of a pair, which is `next` if it is new.
    fn series(&mut self, (tuple, code): (u32, u32), next: u32) -> u32 {
        match self {
            Self::Dense { width, series } => {
                let slot = u64::from(tuple) * *width + u64::from(code);
                let slot = usize::try_from(slot).ok();
                match slot.and_then(|slot| series.get_mut(slot)) {
                    Some(known) if *known != u32::MAX => *known,
                    Some(unknown) => {
                        *unknown = next;
                        next
                    }
                    None => next,
                }
            }
            Self::Sparse(map) => *map.entry((tuple, code)).or_insert(next),
        }
    }
}

/// Slots of the dense table that are worth clearing for each row.
const DENSE_PER_ROW: u64 = 4;
const DENSE_MIN: u64 = 1_024;
