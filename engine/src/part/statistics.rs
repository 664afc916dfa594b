//! What the footer tells of a page's values without reading them.

use std::borrow::Cow;

use schema::FieldType;

use crate::column::{Bitmap, Column, TextValues, Values};

/// One value that is not null.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `BIGINT`.
    I64(i64),
    /// `DOUBLE`.
    F64(f64),
    /// `BOOLEAN`.
    Bool(bool),
    /// `TIMESTAMP`, nanoseconds since the Unix epoch.
    Time(i64),
    /// `TEXT`.
    Text(Box<str>),
}

/// What is known of the values of a page, nulls aside.
///
/// A value is absent when all rows are null, and when it is a text too long for the footer.
#[derive(Debug, Clone, PartialEq)]
pub struct PageStatistics {
    /// Number of rows.
    pub rows: u32,
    /// Number of rows that are null.
    pub nulls: u32,
    /// The least value; doubles in total order, so that a NaN lies beyond the infinity of its sign.
    pub min: Option<Value>,
    /// The greatest value, likewise.
    pub max: Option<Value>,
    /// The sum of integers, if it fits, or of doubles, from the first row to the last; of booleans
    /// the number that are true; absent for times and texts.
    pub sum: Option<Value>,
    /// The first value that is not null.
    pub first: Option<Value>,
    /// The last value that is not null.
    pub last: Option<Value>,
}

/// The longest text that statistics hold, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 64;

impl PageStatistics {
    /// Looks at all values of a page.
    pub(crate) fn of(column: &Column) -> Self {
        let rows = column.len();
        let valid = |row: &usize| column.is_valid(*row);
        let value = |row: Option<usize>| row.and_then(|row| Value::at(&column.values, row));
        let (min, max, sum) = extremes(column);
        Self {
            rows: count(rows),
            nulls: count(column.null_count()),
            min,
            max,
            sum,
            first: value((0..rows).find(valid)),
            last: value((0..rows).rev().find(valid)),
        }
    }

    /// Returns statistics that know nothing but the number of rows.
    pub(crate) const fn unknown(rows: u32) -> Self {
        Self {
            rows,
            nulls: 0,
            min: None,
            max: None,
            sum: None,
            first: None,
            last: None,
        }
    }
}

impl Value {
    /// Returns the value of a row, unless it is a text too long for statistics.
    fn at(values: &Values, row: usize) -> Option<Self> {
        match values {
            Values::I64(values) => values.get(row).copied().map(Self::I64),
            Values::F64(values) => values.get(row).copied().map(Self::F64),
            Values::Time(values) => values.get(row).copied().map(Self::Time),
            Values::Bool(bits) => Some(Self::Bool(bits.get(row))),
            Values::Text(texts) => short(texts.value(row)),
        }
    }

    /// Returns a column of this value.
    pub(crate) fn repeated(&self, rows: usize) -> Column {
        Column::from_values(match self {
            Self::I64(value) => Values::I64(vec![*value; rows]),
            Self::F64(value) => Values::F64(vec![*value; rows]),
            Self::Time(value) => Values::Time(vec![*value; rows]),
            Self::Bool(value) => Values::Bool(Bitmap::with_len(rows, *value)),
            Self::Text(value) => {
                Values::Text(std::iter::repeat_n(value.as_ref(), rows).collect::<TextValues>())
            }
        })
    }

    /// Appends this value to a column of its type.
    pub(crate) fn append_to(&self, column: &mut Column) {
        column.extend_from(&self.repeated(1), 0..1);
    }

    /// Returns the type of the sums over a type, if it has sums.
    pub(crate) const fn sum_type(field_type: FieldType) -> Option<FieldType> {
        match field_type {
            FieldType::I64 | FieldType::Bool => Some(FieldType::I64),
            FieldType::F64 => Some(FieldType::F64),
            FieldType::Time | FieldType::Text => None,
        }
    }

    /// Returns the value of a row of a column, or `None` for a null.
    pub(crate) fn of_row(column: &Column, row: usize) -> Option<Self> {
        column
            .is_valid(row)
            .then(|| Self::at(&column.values, row))
            .flatten()
    }
}

type Extremes = (Option<Value>, Option<Value>, Option<Value>);

fn extremes(column: &Column) -> Extremes {
    match &column.values {
        Values::I64(values) => {
            let values = valid(column, values);
            let (min, max) = least_and_most(&values);
            let sum = min.zip(max).and_then(|(min, max)| sum(&values, min, max));
            (
                min.map(Value::I64),
                max.map(Value::I64),
                sum.map(Value::I64),
            )
        }
        Values::Time(values) => {
            let (min, max) = least_and_most(&valid(column, values));
            (min.map(Value::Time), max.map(Value::Time), None)
        }
        Values::F64(values) => {
            let values = valid(column, values);
            let keys: Vec<i64> = values.iter().map(|value| total_order(*value)).collect();
            let (min, max) = least_and_most(&keys);
            let sum = min.map(|_| values.iter().sum());
            (
                min.map(of_total_order).map(Value::F64),
                max.map(of_total_order).map(Value::F64),
                sum.map(Value::F64),
            )
        }
        Values::Bool(bits) => {
            let known = (0..bits.len())
                .filter(|row| column.is_valid(*row))
                .map(|row| bits.get(row));
            let (known, set) = known.fold((0i64, 0i64), |(k, s), bit| (k + 1, s + i64::from(bit)));
            let some = |value| (known > 0).then_some(value);
            (
                some(Value::Bool(set == known)),
                some(Value::Bool(set > 0)),
                some(Value::I64(set)),
            )
        }
        Values::Text(texts) => {
            let (min, max) = first_and_last(column, texts);
            let value = |text: Option<&[u8]>| std::str::from_utf8(text?).ok().and_then(short);
            (value(min), value(max), None)
        }
    }
}

/// Returns the values of rows that are not null.
fn valid<'a, T: Copy>(column: &Column, values: &'a [T]) -> Cow<'a, [T]> {
    let Some(validity) = column.validity.as_ref().filter(|_| column.null_count() > 0) else {
        return values.into();
    };
    let known = values
        .iter()
        .zip(validity.iter())
        .filter(|(_, valid)| *valid);
    known.map(|(value, _)| *value).collect()
}

fn least_and_most(values: &[i64]) -> (Option<i64>, Option<i64>) {
    values.first().map(|first| bounds(values, *first)).unzip()
}

platform::wide_fn! {
    fn bounds<'a>(values: &'a [i64], first: i64) -> (i64, i64) {
        let wider = |(min, max): (i64, i64), value: &i64| (min.min(*value), max.max(*value));
        values.iter().fold((first, first), wider)
    }
}

/// Returns the sum, if it fits.
fn sum(values: &[i64], min: i64, max: i64) -> Option<i64> {
    let most = min.unsigned_abs().max(max.unsigned_abs());
    if most
        .checked_mul(values.len() as u64)
        .is_some_and(|most| most < 1 << 63)
    {
        return Some(values.iter().sum());
    }
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    i64::try_from(sum).ok()
}

/// Returns a number that orders as `f64::total_cmp` does.
const fn total_order(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// Returns the double that such a number stands for.
const fn of_total_order(key: i64) -> f64 {
    f64::from_bits((key ^ ((key >> 63).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

/// Returns the texts that sort first and last.
fn first_and_last<'a>(
    column: &Column,
    texts: &'a TextValues,
) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
    let mut extremes: Option<(&[u8], &[u8])> = None;
    let mut before: Option<&[u8]> = None;
    for row in (0..texts.len()).filter(|row| column.is_valid(*row)) {
        let text = texts.value_bytes(row);
        // Most texts are that of the row before, which is known already.
        if before == Some(text) {
            continue;
        }
        before = Some(text);
        let (min, max) = extremes.unwrap_or((text, text));
        extremes = Some((min.min(text), max.max(text)));
    }
    extremes.unzip()
}

fn short(text: &str) -> Option<Value> {
    (text.len() <= TEXT_BYTES_MAX).then(|| Value::Text(text.into()))
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).expect("the writer's settings bound the rows of a page")
}
