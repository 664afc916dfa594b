//! A field of a chunk: integers that lie close together in few bytes, anything else as it is.
//!
//! Rows stay in memory until a flush, pages of parts as long as they are read, and integers of monitoring are small or near each other: kept
//! as distances from the least one, in one, two or four bytes, several times as many rows fit into
//! the same memory. A distance is found where its row is, so that slices are copied as from a plain
//! column, with one addition a value. A batch brings its integers in this form already, and chunks
//! are merged in it.

use std::ops::Range;

use schema::FieldType;
use wire::{FieldView, IntegersView, ValuesView};

use super::distances::Distances;
use crate::column::{Bitmap, Column, Values};

/// The values of one field of a chunk.
#[derive(Debug)]
pub(crate) enum ChunkField {
    /// Integers or times as distances from the least one.
    Near(Near),
    /// Everything else.
    Plain(Column),
}

/// Integers of known bounds that become a field a few at a time, and are never all at hand as they are.
#[derive(Debug)]
pub(crate) struct Narrowed {
    /// Its `most` has all bits that any distance has, and is therefore none below them.
    field: Near,
}

/// Integers that lie near each other: value `i` is `base + step · distance[i]`.
#[derive(Debug)]
pub(crate) struct Near {
    /// `BIGINT` or `TIMESTAMP`.
    field_type: FieldType,
    base: i64,
    step: u64,
    /// Of a null row any number that is not more than `most`.
    distances: Distances,
    /// No distance is more than this.
    most: u64,
    /// A bit for each row, 1 = not null; absent when no row is null.
    validity: Option<Bitmap>,
}

impl ChunkField {
    /// Returns the field of these values.
    pub(crate) fn of(column: Column) -> Self {
        let (field_type, validity) = (column.field_type(), column.validity.as_ref());
        let (Values::I64(values) | Values::Time(values)) = &column.values else {
            return Self::Plain(column);
        };
        let (base, greatest) = bounds(values, validity);
        let most = greatest.wrapping_sub(base).cast_unsigned();
        match Distances::of(values, base, most) {
            None => Self::Plain(column),
            Some(distances) => Self::Near(Near {
                field_type,
                base,
                step: 1,
                distances,
                most,
                validity: column.validity,
            }),
        }
    }

    /// Returns the field of a batch, its rows in another order if one is given.
    pub(crate) fn of_sent(sent: &FieldView<'_>, rows: usize, order: Option<&[u32]>) -> Self {
        let near = match sent.values() {
            ValuesView::I64(values) | ValuesView::Time(values) => Near::of_sent(&values, order),
            _ => None,
        };
        if let Some(near) = near {
            return Self::Near(Near {
                field_type: sent.field_type(),
                validity: validity_of_sent(sent, rows, order),
                ..near
            });
        }
        let mut column = Column::empty(sent.field_type());
        match order {
            None => column.extend_from_wire(sent, 0..rows),
            Some(order) => column.extend_gathered_from_wire(sent, order),
        }
        Self::of(column)
    }

    /// Returns slices of fields one behind the other, if all of them are near and stay so.
    pub(crate) fn joined(
        fields: &[&Self],
        slices: impl Iterator<Item = (usize, Range<usize>)> + Clone,
    ) -> Option<Self> {
        let near = fields.iter().map(|field| match field {
            Self::Near(near) => Some(near),
            Self::Plain(_) => None,
        });
        Near::joined(&near.collect::<Option<Vec<_>>>()?, slices).map(Self::Near)
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Plain(column) => column.len(),
            Self::Near(near) => near.distances.len(),
        }
    }

    /// Returns the bytes that the rows take in memory.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Plain(column) => column.bytes(),
            Self::Near(near) => {
                near.distances.bytes() + near.validity.as_ref().map_or(0, Bitmap::bytes)
            }
        }
    }

    /// Tells whether the row has a value; a row out of range has none.
    pub(crate) fn is_valid(&self, row: usize) -> bool {
        match self {
            Self::Plain(column) => column.is_valid(row),
            Self::Near(near) => match &near.validity {
                Some(bits) => bits.get(row),
                None => row < near.distances.len(),
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
            Self::Near(near) => near.append_to(rows, column),
        }
    }
}

impl Narrowed {
    /// Returns a field without rows for values from `min` to `max`, if they are near each other.
    pub(crate) fn new(field_type: FieldType, (min, max): (i64, i64), rows: usize) -> Option<Self> {
        let most = max.wrapping_sub(min).cast_unsigned();
        let field = Near {
            field_type,
            base: min,
            step: 1,
            distances: Distances::with_room(most, rows)?,
            most: 0,
            validity: None,
        };
        Some(Self { field })
    }

    /// Appends rows.
    pub(crate) fn extend(&mut self, values: &[i64]) {
        self.field.most |= self.field.distances.extend(values, self.field.base);
    }

    /// Returns the field; nothing when a distance did not fit, since the bounds were wrong.
    pub(crate) fn finish(self) -> Option<ChunkField> {
        let fits = self.field.most <= self.field.distances.mask();
        fits.then_some(ChunkField::Near(self.field))
    }
}

impl Near {
    fn of_sent(sent: &IntegersView<'_>, order: Option<&[u32]>) -> Option<Self> {
        let (_, most) = sent.code_bounds().unwrap_or_default();
        Some(Self {
            field_type: FieldType::I64,
            base: sent.base(),
            step: sent.step(),
            distances: Distances::of_sent(sent, order)?,
            most,
            validity: None,
        })
    }

    fn joined(
        fields: &[&Self],
        slices: impl Iterator<Item = (usize, Range<usize>)> + Clone,
    ) -> Option<Self> {
        let first = fields.first()?;
        // What is the same in all rows has whatever step the others have.
        let step = fields
            .iter()
            .find(|field| field.most > 0)
            .map_or(1, |field| field.step);
        if fields
            .iter()
            .any(|field| field.most > 0 && field.step != step)
        {
            return None;
        }
        let base = fields.iter().map(|field| field.base).min()?;
        let mut offsets = Vec::with_capacity(fields.len());
        let mut most = 0;
        for field in fields {
            let apart = field.base.abs_diff(base);
            if !apart.is_multiple_of(step) {
                return None;
            }
            offsets.push(apart / step);
            most = most.max((apart / step).checked_add(field.most)?);
        }
        let has_nulls = fields.iter().any(|field| field.validity.is_some());
        let validity = has_nulls.then(|| joined_validity(fields, slices.clone()));
        let sources: Vec<_> = fields
            .iter()
            .map(|field| &field.distances)
            .zip(offsets)
            .collect();
        Some(Self {
            field_type: first.field_type,
            base,
            step,
            distances: Distances::joined(&sources, most, slices)?,
            most,
            validity,
        })
    }

    fn append_to(&self, rows: Range<usize>, column: &mut Column) {
        assert!(
            column.field_type() == self.field_type,
            "admission checks types before anything else"
        );
        column.extend_validity(self.validity.as_ref(), rows.clone());
        if let Values::I64(out) | Values::Time(out) = &mut column.values {
            self.distances.append_to(self.base, self.step, rows, out);
        }
    }
}

fn validity_of_sent(sent: &FieldView<'_>, rows: usize, order: Option<&[u32]>) -> Option<Bitmap> {
    let bytes = sent.validity()?;
    let bits = match order {
        Some(order) => order
            .iter()
            .map(|row| sent.is_valid(*row as usize))
            .collect(),
        None => {
            let mut bits = Bitmap::new();
            bits.extend_from_bytes(bytes, 0..rows);
            bits
        }
    };
    Some(bits)
}

fn joined_validity(
    fields: &[&Near],
    slices: impl Iterator<Item = (usize, Range<usize>)>,
) -> Bitmap {
    let mut joined = Bitmap::new();
    for (source, rows) in slices {
        match fields.get(source).and_then(|field| field.validity.as_ref()) {
            Some(bits) => joined.extend_from(bits, rows),
            None => joined.extend_with(rows.len(), true),
        }
    }
    joined
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
        None => values.first().map(|first| all_bounds(values, *first)),
        Some(bits) => {
            let valid = values.iter().zip(bits.iter()).filter(|(_, valid)| *valid);
            of(&mut valid.map(|(value, _)| *value))
        }
    };
    bounds.unwrap_or((0, 0))
}

platform::wide_fn! {
    fn all_bounds<'a>(values: &'a [i64], first: i64) -> (i64, i64) {
        let wider = |(least, most): (i64, i64), value: &i64| (least.min(*value), most.max(*value));
        values.iter().fold((first, first), wider)
    }
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

    proptest! {
        #[test]
        fn joined_slices_are_those_of_plain_columns(
            first in prop::collection::vec(any::<i64>(), 1..40),
            second in prop::collection::vec(any::<i64>(), 1..40),
            shift in 30u32..64,
            nulls in prop::collection::vec(any::<bool>(), 0..5),
            cut in 0..40usize,
        ) {
            let plain = [first, second].map(|values| {
                column(values.into_iter().map(|value| value >> shift).collect(), &nulls)
            });
            let cut = cut.min(plain[0].len());
            let slices = [(0, cut..plain[0].len()), (1, 0..plain[1].len()), (0, 0..cut)];
            let fields = plain.clone().map(ChunkField::of);
            let joined = ChunkField::joined(&[&fields[0], &fields[1]], slices.clone().into_iter());
            let mut expected = Column::empty(FieldType::I64);
            slices.into_iter().for_each(|(source, rows)| expected.extend_from(&plain[source], rows));
            if let Some(joined) = joined {
                let mut found = Column::empty(FieldType::I64);
                joined.append_to(0..expected.len(), &mut found);
                prop_assert_eq!(found, expected);
            } else {
                prop_assert!(shift <= 32);
            }
        }
    }

    proptest! {
        #[test]
        fn values_of_known_bounds_become_the_same_a_few_at_a_time(
            values in prop::collection::vec(any::<i64>(), 1..60),
            shift in 0u32..64,
            few in 1..9usize,
            (below, above) in (-2..3i64, -2..3i64),
        ) {
            let values: Vec<i64> = values.into_iter().map(|value| value >> shift).collect();
            let (min, max) = (values.iter().min().unwrap(), values.iter().max().unwrap());
            // Bounds may be wide, or wrong.
            let bounds = (min.wrapping_sub(below), max.wrapping_add(above));
            let narrowed = Narrowed::new(FieldType::I64, bounds, values.len()).and_then(|mut narrowed| {
                values.chunks(few).for_each(|values| narrowed.extend(values));
                narrowed.finish()
            });
            if let Some(field) = narrowed {
                let mut found = Column::empty(FieldType::I64);
                field.append_to(0..values.len(), &mut found);
                prop_assert_eq!(found, column(values, &[]));
            } else {
                let is_near = max.checked_sub(*min).is_some_and(|apart| apart < 1 << 31);
                prop_assert!(!is_near || below < 0 || above < 0);
            }
        }
    }

    #[test]
    fn values_out_of_their_bounds_are_not_cut_short() {
        let mut narrowed = Narrowed::new(FieldType::I64, (5, 9), 3).unwrap();
        narrowed.extend(&[5, 9]);
        narrowed.extend(&[4]);
        assert!(narrowed.finish().is_none());
        let mut narrowed = Narrowed::new(FieldType::I64, (5, 9), 1).unwrap();
        narrowed.extend(&[261]);
        assert!(narrowed.finish().is_none());
    }

    #[test]
    fn near_values_take_a_byte_each_whatever_stands_in_null_rows() {
        let near = column(vec![1_000_000, i64::MIN, 1_000_255], &[false, true, false]);
        assert_eq!(ChunkField::of(near).bytes() / 8, 1);
        let far = column(vec![0, i64::MAX], &[]);
        assert_eq!(ChunkField::of(far).bytes(), 16);
    }
}
