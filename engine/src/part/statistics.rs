//! What the footer tells of a page's values without reading them.

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
            let (min, max) = least_and_most(valid(column, values), i64::cmp);
            let sum = valid(column, values)
                .map(|value| i128::from(*value))
                .sum::<i128>();
            let sum = i64::try_from(sum).ok().filter(|_| min.is_some());
            (
                min.map(Value::I64),
                max.map(Value::I64),
                sum.map(Value::I64),
            )
        }
        Values::Time(values) => {
            let (min, max) = least_and_most(valid(column, values), i64::cmp);
            (min.map(Value::Time), max.map(Value::Time), None)
        }
        Values::F64(values) => {
            let (min, max) = least_and_most(valid(column, values), f64::total_cmp);
            let sum = min.map(|_| valid(column, values).sum());
            (
                min.map(Value::F64),
                max.map(Value::F64),
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
            let rows = (0..texts.len()).filter(|row| column.is_valid(*row));
            let texts = rows.map(|row| texts.value_bytes(row));
            let (min, max) = texts.fold((None, None), |(min, max), text| {
                (
                    Some(min.map_or(text, |m: &[u8]| m.min(text))),
                    max.max(Some(text)),
                )
            });
            let value = |text: Option<&[u8]>| std::str::from_utf8(text?).ok().and_then(short);
            (value(min), value(max), None)
        }
    }
}

/// Returns the values of rows that are not null.
fn valid<'a, T>(column: &'a Column, values: &'a [T]) -> impl Iterator<Item = &'a T> {
    let validity = column.validity.as_ref();
    values
        .iter()
        .enumerate()
        .filter(move |(row, _)| validity.is_none_or(|v| v.get(*row)))
        .map(|(_, value)| value)
}

fn least_and_most<'a, T: Copy + 'a>(
    values: impl Iterator<Item = &'a T>,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> (Option<T>, Option<T>) {
    values.fold((None, None), |(min, max), value| {
        let least = min
            .filter(|min| compare(min, value).is_le())
            .unwrap_or(*value);
        let most = max
            .filter(|max| compare(max, value).is_ge())
            .unwrap_or(*value);
        (Some(least), Some(most))
    })
}

fn short(text: &str) -> Option<Value> {
    (text.len() <= TEXT_BYTES_MAX).then(|| Value::Text(text.into()))
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).expect("the writer's settings bound the rows of a page")
}
