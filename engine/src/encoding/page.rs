//! A page: the rows of one column, from a few up to the number that pages have.
//!
//! ```text
//!  offset bytes
//!       0     1  layout: 0 plain, 1 zstd, 2 given another column
//!       1     4  zstd only: length of the body before it was compressed
//!                given only: number of the other column, 1 the first field
//!       ?     ?  the body; of a page that is given another column, as there
//!
//!  body
//!       0     ?  validity, as encoded bits; constant 1 when no row is null
//!       ?     ?  the values of rows that are not null, as the type of the column has them
//! ```
//!
//! A page of nulls only, of one value, or of integers that rise evenly has no bytes: what it holds
//! follows from its statistics in the footer.

use schema::FieldType;

use super::integers::Take;
use super::{
    Damage, Effort, Encoding, Input, Numbering, bits, compress, decompress, floats, given,
    integers, plain, step, texts,
};
use crate::column::{Bitmap, Column, TextValues, Values};

/// A page as it goes into a file.
#[derive(Debug, PartialEq, Eq)]
pub struct EncodedPage {
    /// How it is encoded.
    pub encoding: Encoding,
    /// Its bytes; none when the footer says it all.
    pub bytes: Vec<u8>,
}

/// Encodes pages.
#[derive(Debug, Clone, Copy)]
pub struct PageEncoder {
    /// How hard it tries.
    pub effort: Effort,
    /// The longest text that the footer holds.
    pub footer_text_bytes_max: usize,
}

impl PageEncoder {
    /// Encodes the rows of a column as one page.
    pub fn encode(self, column: &Column) -> EncodedPage {
        if let Some(page) = self.without_bytes(column) {
            return page;
        }
        let dense = dense(column);
        let mut body = Vec::new();
        encode_validity(column, self.effort, &mut body);
        let validity_bytes = body.len();
        let encoding = encode_values(&dense, self.effort, &mut body);
        let is_text = matches!(*dense, Values::Text(_));
        let best = self.finish(encoding, is_text, &body);
        body.truncate(validity_bytes);
        match self.for_zstd(&dense, body, best.bytes.len()) {
            Some(other) if other.bytes.len() < best.bytes.len() => other,
            _ => best,
        }
    }

    /// Returns the page of rows that follow from their statistics.
    pub(crate) fn without_bytes(self, column: &Column) -> Option<EncodedPage> {
        let encoding = self.in_footer(column)?;
        let bytes = Vec::new();
        Some(EncodedPage { encoding, bytes })
    }

    /// Returns the encoding of a page that follows from its statistics.
    fn in_footer(self, column: &Column) -> Option<Encoding> {
        let nulls = column.null_count();
        if nulls == column.len() {
            return Some(Encoding::Nulls);
        }
        if nulls > 0 {
            return None;
        }
        let constant = match &column.values {
            Values::I64(values) | Values::Time(values) => {
                if let Some(step) = step::find(values).filter(|step| *step != 0) {
                    return step::is_found_again(values, step).then_some(Encoding::Step);
                }
                all_equal(values.iter())
            }
            Values::F64(values) => all_equal(values.iter().map(|value| value.to_bits())),
            Values::Bool(bits) => [0, bits.len()].contains(&bits.count_ones()),
            Values::Text(texts) => {
                texts.value_bytes(0).len() <= self.footer_text_bytes_max
                    && all_equal((0..texts.len()).map(|row| texts.value_bytes(row)))
            }
        };
        constant.then_some(Encoding::Constant)
    }

    fn finish(self, encoding: Encoding, is_text: bool, body: &[u8]) -> EncodedPage {
        let mut bytes = Vec::with_capacity(body.len() + 5);
        match self.compressed(encoding, is_text, body) {
            Some(compressed) => {
                bytes.push(ZSTD);
                let length = u32::try_from(body.len()).expect("the writer refuses longer pages");
                bytes.extend_from_slice(&length.to_le_bytes());
                bytes.extend_from_slice(&compressed);
            }
            None => {
                bytes.push(NO_COMPRESSION);
                bytes.extend_from_slice(body);
            }
        }
        EncodedPage { encoding, bytes }
    }

    /// Returns a body compressed, where the effort allows it and it pays.
    fn compressed(self, encoding: Encoding, is_text: bool, body: &[u8]) -> Option<Vec<u8>> {
        // What is packed or coded has nothing left that repeats.
        let is_plain = matches!(encoding, Encoding::Plain | Encoding::Planes);
        match self.effort {
            Effort::Cold if is_text || is_plain => compress(body, COLD_LEVEL),
            Effort::Hot if is_text && is_plain && body.len() >= HOT_BYTES_MIN => {
                compress(body, HOT_LEVEL)
            }
            Effort::Hot | Effort::Cold => None,
        }
    }

    /// Returns the page with its values laid out for zstd, where nothing else did much for them.
    fn for_zstd(self, dense: &Values, mut body: Vec<u8>, best_bytes: usize) -> Option<EncodedPage> {
        if self.effort == Effort::Hot || best_bytes * 3 < dense.len() * 8 {
            return None;
        }
        let encoding = match dense {
            Values::I64(values) | Values::Time(values) => {
                body.push(Encoding::Plain.code());
                plain::encode(values, &mut body);
                Encoding::Plain
            }
            Values::F64(values) => {
                floats::encode_planes(values, &mut body);
                Encoding::Planes
            }
            Values::Bool(_) | Values::Text(_) => return None,
        };
        Some(self.finish(encoding, false, &body))
    }
}

/// Decodes a page of `rows` rows.
///
/// # Errors
/// [`Damage`] when the bytes are no such page.
pub fn decode_page(field_type: FieldType, rows: usize, bytes: &[u8]) -> Result<Column, Damage> {
    let mut input = Input::new(bytes);
    match input.u8()? {
        NO_COMPRESSION => decode_whole(field_type, rows, input.rest()),
        ZSTD => {
            let length = input.u32()? as usize;
            if length > body_bytes_max(field_type, rows) {
                return Err(Damage("it is longer than its rows allow"));
            }
            decode_whole(field_type, rows, &decompress(input.rest(), length)?)
        }
        GIVEN => Err(Damage("it needs the column that it follows")),
        _ => Err(Damage("no layout has this number")),
    }
}

/// Decodes a page of integers or times without nulls, and hands its values on as they come.
///
/// Returns whether it is such a page; of any other nothing is decoded.
pub(crate) fn decode_integers_through(
    rows: usize,
    bytes: &[u8],
    take: &mut Take<'_>,
) -> Result<bool, Damage> {
    let Some(values) = bytes.strip_prefix(&[NO_COMPRESSION, Encoding::Constant.code(), 1]) else {
        return Ok(false);
    };
    let mut input = Input::new(values);
    integers::decode_through(&mut input, rows, integers::Depth::TOP, take)?;
    input.finish()?;
    Ok(true)
}

/// Encodes the rows of a column by what the column of this number tells of them.
pub(crate) fn encode_given(
    column: &Column,
    own: &Numbering,
    (number, other): (u32, &Numbering),
) -> EncodedPage {
    let mut bytes = vec![GIVEN];
    bytes.extend_from_slice(&number.to_le_bytes());
    given::encode(column, own, other, &mut bytes);
    EncodedPage {
        encoding: Encoding::Given,
        bytes,
    }
}

/// Returns the number of the column that a page needs to be decoded, if it needs one.
pub(crate) fn reference_of(bytes: &[u8]) -> Option<u32> {
    let mut input = Input::new(bytes);
    (input.u8().ok()? == GIVEN).then_some(())?;
    input.u32().ok()
}

/// Decodes a page that is given another column, which has the same rows.
pub(crate) fn decode_given(
    field_type: FieldType,
    bytes: &[u8],
    other: &Column,
) -> Result<Column, Damage> {
    let mut input = Input::new(bytes);
    if input.u8()? != GIVEN {
        return Err(Damage("it does not follow another column"));
    }
    input.u32()?;
    let column = given::decode(field_type, other, &mut input)?;
    input.finish()?;
    Ok(column)
}

/// Encodes the rows of a column without compression, for what is part of something larger.
pub(crate) fn encode_column(column: &Column, effort: Effort, out: &mut Vec<u8>) {
    encode_validity(column, effort, out);
    encode_values(&dense(column), effort, out);
}

/// Decodes what [`encode_column`] wrote.
pub(crate) fn decode_column(
    field_type: FieldType,
    rows: usize,
    input: &mut Input<'_>,
) -> Result<Column, Damage> {
    let validity = bits::decode(input, rows)?;
    let count = validity.count_ones();
    let values = match field_type {
        FieldType::I64 => Values::I64(integers::decode(input, count)?),
        FieldType::Time => Values::Time(integers::decode(input, count)?),
        FieldType::F64 => Values::F64(floats::decode(input, count)?),
        FieldType::Bool => Values::Bool(bits::decode(input, count)?),
        FieldType::Text => Values::Text(texts::decode(input, count)?),
    };
    if count == rows {
        return Ok(Column::from_values(values));
    }
    Ok(Column {
        values: spread(&values, &validity),
        validity: Some(validity),
    })
}

fn decode_whole(field_type: FieldType, rows: usize, body: &[u8]) -> Result<Column, Damage> {
    let mut input = Input::new(body);
    let column = decode_column(field_type, rows, &mut input)?;
    input.finish()?;
    Ok(column)
}

fn encode_validity(column: &Column, effort: Effort, out: &mut Vec<u8>) {
    match &column.validity {
        Some(validity) => bits::encode(validity, effort, out),
        None => bits::encode(&Bitmap::with_len(column.len(), true), effort, out),
    };
}

fn encode_values(values: &Values, effort: Effort, out: &mut Vec<u8>) -> Encoding {
    match values {
        Values::I64(values) | Values::Time(values) => integers::encode(values, effort, out),
        Values::F64(values) => floats::encode(values, effort, out),
        Values::Bool(values) => bits::encode(values, effort, out),
        Values::Text(values) => texts::encode(values, effort, out),
    }
}

/// Returns the values of rows that are not null.
fn dense(column: &Column) -> std::borrow::Cow<'_, Values> {
    use std::borrow::Cow;
    let Some(validity) = column.validity.as_ref().filter(|_| column.null_count() > 0) else {
        return Cow::Borrowed(&column.values);
    };
    let rows = (0..)
        .zip(validity.iter())
        .filter(|(_, valid)| *valid)
        .map(|(row, _)| row);
    Cow::Owned(column.gather(&rows.collect::<Vec<u32>>()).values)
}

/// Returns values at the rows that are valid, and zeros, falses and empty texts at the others.
fn spread(dense: &Values, validity: &Bitmap) -> Values {
    match dense {
        Values::I64(values) => Values::I64(spread_slice(values, validity)),
        Values::Time(values) => Values::Time(spread_slice(values, validity)),
        Values::F64(values) => Values::F64(spread_slice(values, validity)),
        Values::Bool(values) => {
            let mut next = values.iter();
            Values::Bool(
                validity
                    .iter()
                    .map(|valid| valid && next.next() == Some(true))
                    .collect(),
            )
        }
        Values::Text(values) => {
            let mut offsets = Vec::with_capacity(validity.len() + 1);
            let mut ends = values.offsets.iter().copied();
            let mut end = ends.next().unwrap_or(0);
            offsets.push(end);
            offsets.extend(validity.iter().map(|valid| {
                if valid {
                    end = ends.next().unwrap_or(end);
                }
                end
            }));
            Values::Text(TextValues {
                offsets,
                bytes: values.bytes.clone(),
            })
        }
    }
}

fn spread_slice<T: Copy + Default>(dense: &[T], validity: &Bitmap) -> Vec<T> {
    let mut next = dense.iter().copied();
    validity
        .iter()
        .map(|valid| {
            if valid {
                next.next().unwrap_or_default()
            } else {
                T::default()
            }
        })
        .collect()
}

fn all_equal<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    values
        .next()
        .is_some_and(|first| values.all(|value| value == first))
}

const fn body_bytes_max(field_type: FieldType, rows: usize) -> usize {
    match field_type {
        FieldType::Text => texts::TEXT_BYTES_MAX + rows * 16,
        _ => 4_096 + rows * 16,
    }
}

const NO_COMPRESSION: u8 = 0;
const ZSTD: u8 = 1;
const GIVEN: u8 = 2;
const HOT_LEVEL: i32 = 1;
/// Shorter pages gain less than opening them costs.
const HOT_BYTES_MIN: usize = 4_096;
const COLD_LEVEL: i32 = 3;
