//! A field of a chunk: integers that lie close together in few bytes, anything else as it is.
//!
//! Rows stay in memory until a flush, and integers of monitoring are small or near each other: kept
//! as distances from the least one, in one, two or four bytes, several times as many rows fit into
//! the same memory. A distance is found where its row is, so that slices are copied as from a plain
//! column, with one addition a value.

use std::ops::Range;

use schema::FieldType;

use crate::column::{Bitmap, Column, Values};

/// The values of one field of a chunk.
#[derive(Debug)]
pub(crate) enum ChunkField {
    /// Integers or times as distances from the least one.
    Near {
        /// `BIGINT` or `TIMESTAMP`.
        field_type: FieldType,
        /// The least value.
        base: i64,
        /// For each row what is to be added to the base; of a null row any number.
        distances: Distances,
        /// A bit for each row, 1 = not null; absent when no row is null.
        validity: Option<Bitmap>,
    },
    /// Everything else.
    Plain(Column),
}

/// Distances in as few bytes as the largest needs.
#[derive(Debug)]
pub(crate) enum Distances {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl ChunkField {
    /// Returns the field of these values.
    pub(crate) fn of(column: Column) -> Self {
        let (field_type, validity) = (column.field_type(), column.validity.as_ref());
        let (Values::I64(values) | Values::Time(values)) = &column.values else {
            return Self::Plain(column);
        };
        let (base, most) = bounds(values, validity);
        match Distances::of(values, base, most.wrapping_sub(base).cast_unsigned()) {
            None => Self::Plain(column),
            Some(distances) => Self::Near {
                field_type,
                base,
                distances,
                validity: column.validity,
            },
        }
    }

    /// Returns the bytes that the rows take in memory.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Plain(column) => column.bytes(),
            Self::Near {
                distances,
                validity,
                ..
            } => distances.bytes() + validity.as_ref().map_or(0, Bitmap::bytes),
        }
    }

    /// Tells whether the row has a value; a row out of range has none.
    pub(crate) fn is_valid(&self, row: usize) -> bool {
        match self {
            Self::Plain(column) => column.is_valid(row),
            Self::Near {
                distances,
                validity,
                ..
            } => match validity {
                Some(bits) => bits.get(row),
                None => row < distances.len(),
            },
        }
    }

    /// Appends rows to a column of the same type.
    ///
    /// # Panics
    /// When the types differ or the range reaches past the end.
    pub(crate) fn append_to(&self, rows: Range<usize>, column: &mut Column) {
        match self {
            Self::Plain(values) => column.extend_from(values, rows),
            Self::Near {
                field_type,
                base,
                distances,
                validity,
            } => {
                assert!(
                    column.field_type() == *field_type,
                    "admission checks types before anything else"
                );
                column.extend_validity(validity.as_ref(), rows.clone());
                if let Values::I64(out) | Values::Time(out) = &mut column.values {
                    distances.append_to(*base, rows, out);
                }
            }
        }
    }
}

impl Distances {
    /// Returns the distances of values, none of which is more than `most` but for those of nulls;
    /// nothing where four bytes are not enough.
    fn of(values: &[i64], base: i64, most: u64) -> Option<Self> {
        let distances = values.iter().map(|value| value.wrapping_sub(base));
        Some(match most {
            0..=0xff => Self::One(distances.map(|d| d.to_le_bytes()[0]).collect()),
            0x100..=0xffff => Self::Two(
                distances
                    .map(|d| u16::from_le_bytes([d.to_le_bytes()[0], d.to_le_bytes()[1]]))
                    .collect(),
            ),
            0x1_0000..=0xffff_ffff => Self::Four(distances.map(low_half).collect()),
            _ => return None,
        })
    }

    fn append_to(&self, base: i64, rows: Range<usize>, out: &mut Vec<i64>) {
        match self {
            Self::One(distances) => extend(base, distances.get(rows), out),
            Self::Two(distances) => extend(base, distances.get(rows), out),
            Self::Four(distances) => extend(base, distances.get(rows), out),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(distances) => distances.len(),
            Self::Two(distances) => distances.len(),
            Self::Four(distances) => distances.len(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::One(distances) => distances.len(),
            Self::Two(distances) => distances.len() * 2,
            Self::Four(distances) => distances.len() * 4,
        }
    }
}

/// Returns the least and the greatest value that is not null; zeros where there is none.
fn bounds(values: &[i64], validity: Option<&Bitmap>) -> (i64, i64) {
    let of = |values: &mut dyn Iterator<Item = i64>| {
        let first = values.next()?;
        Some(values.fold((first, first), |(least, most), value| {
            (least.min(value), most.max(value))
        }))
    };
    let bounds = match validity {
        None => values
            .iter()
            .copied()
            .min()
            .zip(values.iter().copied().max()),
        Some(bits) => {
            let valid = values.iter().zip(bits.iter()).filter(|(_, valid)| *valid);
            of(&mut valid.map(|(value, _)| *value))
        }
    };
    bounds.unwrap_or((0, 0))
}

fn extend<T: Copy + Into<i64>>(base: i64, distances: Option<&[T]>, out: &mut Vec<i64>) {
    let distances = distances.expect("the caller asks for rows that exist");
    out.extend(
        distances
            .iter()
            .map(|distance| base.wrapping_add((*distance).into())),
    );
}

fn low_half(distance: i64) -> u32 {
    let [a, b, c, d, ..] = distance.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(values: Vec<i64>, nulls: &[bool]) -> Column {
        let validity = (!nulls.is_empty()).then(|| {
            (0..values.len())
                .map(|row| !nulls[row % nulls.len()])
                .collect()
        });
        Column {
            values: Values::I64(values),
            validity,
        }
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(
            values in prop::collection::vec(any::<i64>(), 0..60),
            shift in 0u32..64,
            nulls in prop::collection::vec(any::<bool>(), 0..5),
            cut in 0..60usize,
        ) {
            let values: Vec<i64> = values.into_iter().map(|value| value >> shift).collect();
            let plain = column(values, &nulls);
            let field = ChunkField::of(plain.clone());
            let cut = cut.min(plain.len());
            let mut found = Column::empty(FieldType::I64);
            field.append_to(cut..plain.len(), &mut found);
            field.append_to(0..cut, &mut found);
            let mut expected = Column::empty(FieldType::I64);
            expected.extend_from(&plain, cut..plain.len());
            expected.extend_from(&plain, 0..cut);
            prop_assert_eq!(&found, &expected);
            prop_assert!((0..plain.len() + 2).all(|row| field.is_valid(row) == plain.is_valid(row)));
        }
    }

    #[test]
    fn near_values_take_a_byte_each_whatever_stands_in_null_rows() {
        let near = column(vec![1_000_000, i64::MIN, 1_000_255], &[false, true, false]);
        assert_eq!(ChunkField::of(near).bytes() / 8, 1);
        let far = column(vec![0, i64::MAX], &[]);
        assert_eq!(ChunkField::of(far).bytes(), 16);
    }
}
