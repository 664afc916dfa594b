//! A batch's frame, believed only after everything in it was checked.

use rkyv::util::AlignedVec;
use schema::validate_name;

use crate::v1::{ArchivedBatch, Batch};
use crate::{BatchView, ColumnView, Error, Frame, FrameHeader, FrameKind, HEADER_BYTES, Limits};
use crate::{TableView, TextView, ValuesView};

/// The bytes of a batch as they travel and as the log stores them, checked from end to end.
///
/// **Invariant:** the body passed rkyv's validation and ours, so a [`BatchView`] of it has columns of
/// equal length, codes inside their dictionaries, offsets that rise, and UTF-8 where text is.
#[derive(Clone)]
pub struct BatchFrame {
    bytes: AlignedVec,
}

impl BatchFrame {
    /// Returns the frame of a batch made on this side.
    ///
    /// # Errors
    /// Those of [`Self::validate`]: what we would not accept we do not send.
    pub fn encode(batch: &Batch, limits: &Limits) -> Result<Self, Error> {
        let body = rkyv::to_bytes::<rkyv::rancor::BoxedError>(batch).map_err(|error| {
            Error::Malformed {
                reason: error.to_string(),
            }
        })?;
        Self::validate(Frame::new(FrameKind::Batch, &body)?.into_bytes(), limits)
    }

    /// Returns the frame if header, structure and contents are sound.
    ///
    /// Costs one pass over texts, codes and offsets; numbers are only measured, not read.
    ///
    /// # Errors
    /// [`Error`] of the first thing that is wrong, naming table and column where there is one.
    pub fn validate(bytes: AlignedVec, limits: &Limits) -> Result<Self, Error> {
        let header = bytes
            .get(..HEADER_BYTES)
            .and_then(|h| <&[u8; HEADER_BYTES]>::try_from(h).ok());
        let missing = HEADER_BYTES.saturating_sub(bytes.len()) as u64;
        let header = FrameHeader::read(header.ok_or(Error::Truncated { missing })?, limits)?;
        if header.kind != FrameKind::Batch {
            return Err(Error::FrameKind {
                actual: header.kind as u16,
            });
        }
        let body = bytes.get(HEADER_BYTES..).unwrap_or_default();
        if body.len() != header.body_bytes as usize {
            let missing = u64::from(header.body_bytes).saturating_sub(body.len() as u64);
            return Err(Error::Truncated { missing });
        }
        check_batch(BatchView(access(body)?), limits)?;
        Ok(Self { bytes })
    }

    /// Returns the frame that a stream's decoder delivered, checked.
    ///
    /// # Errors
    /// Those of [`Self::validate`].
    pub fn from_frame(frame: Frame, limits: &Limits) -> Result<Self, Error> {
        Self::validate(frame.into_bytes(), limits)
    }

    /// Returns the frame from bytes of any alignment, checked; what a log hands back on replay.
    ///
    /// # Errors
    /// Those of [`Self::validate`].
    pub fn from_slice(bytes: &[u8], limits: &Limits) -> Result<Self, Error> {
        let mut aligned = AlignedVec::with_capacity(bytes.len());
        aligned.extend_from_slice(bytes);
        Self::validate(aligned, limits)
    }

    /// Returns access to the contents; costs a structural check of the rkyv body each time.
    pub fn view(&self) -> BatchView<'_> {
        let body = self.bytes.get(HEADER_BYTES..).unwrap_or_default();
        BatchView(access(body).expect("validate() accepted the same immutable bytes"))
    }

    /// Returns header and body.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Tells whether bytes begin like a frame of ours, to tell records of the log apart.
    pub fn is_frame(bytes: &[u8]) -> bool {
        bytes.starts_with(b"pgAF")
    }
}

impl AsRef<[u8]> for BatchFrame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for BatchFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchFrame")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

fn access(body: &[u8]) -> Result<&ArchivedBatch, Error> {
    rkyv::access::<ArchivedBatch, rkyv::rancor::BoxedError>(body).map_err(|error| {
        Error::Malformed {
            reason: error.to_string(),
        }
    })
}

fn check_batch(batch: BatchView<'_>, limits: &Limits) -> Result<(), Error> {
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
    at_most("columns", table.columns().len(), limits.columns_max)?;
    for column in table.columns() {
        validate_name(column.name())?;
        check_column(column, table.rows()).map_err(|reason| Error::Column {
            table: table.name().into(),
            column: column.name().into(),
            reason,
        })?;
    }
    Ok(())
}

fn check_column(column: ColumnView<'_>, rows: usize) -> Result<(), String> {
    let numbers = column.numbers();
    if numbers.role > 1 || numbers.kind > 2 {
        return Err(format!(
            "role {} and kind {} do not exist",
            numbers.role, numbers.kind
        ));
    }
    if numbers.role == 0 && column.field_type() != schema::FieldType::Text {
        return Err("a tag must be text".into());
    }
    if let Some(bits) = column.validity()
        && bits.len() != rows.div_ceil(8)
    {
        return Err(format!("{} bytes of validity for {rows} rows", bits.len()));
    }
    let values = match column.values() {
        ValuesView::I64(values) | ValuesView::Time(values) => values.len(),
        ValuesView::F64(values) => values.len(),
        ValuesView::Bool(values) => {
            if values.iter().any(|value| *value > 1) {
                return Err("a boolean is neither 0 nor 1".into());
            }
            values.len()
        }
        ValuesView::Text(text) => check_text(text)?,
        ValuesView::Dictionary(dictionary) => {
            let count = check_text(dictionary.values)?;
            let outside =
                |(row, code): (usize, &u32)| *code as usize >= count && column.is_valid(row);
            if dictionary.codes.iter().enumerate().any(outside) {
                return Err(format!("a code lies outside its dictionary of {count}"));
            }
            dictionary.codes.len()
        }
    };
    if values != rows {
        return Err(format!("{values} values for {rows} rows"));
    }
    Ok(())
}

/// Checks offsets and UTF-8 and returns the number of values.
fn check_text(text: TextView<'_>) -> Result<usize, String> {
    let offsets = text.offsets();
    if offsets.first().is_none_or(|first| *first != 0) {
        return Err("the offsets of a text column begin with 0".into());
    }
    if offsets
        .last()
        .is_none_or(|last| *last as usize != text.bytes().len())
    {
        return Err("the last offset is not the length of the texts".into());
    }
    if offsets
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a > b))
    {
        return Err("the offsets fall".into());
    }
    let whole = std::str::from_utf8(text.bytes()).map_err(|error| error.to_string())?;
    if offsets
        .iter()
        .any(|offset| !whole.is_char_boundary(*offset as usize))
    {
        return Err("an offset lies inside a character".into());
    }
    Ok(text.len())
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

#[cfg(test)]
mod tests;
