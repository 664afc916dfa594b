//! Functions that could make gigabytes out of a short text, bounded or removed.
//!
//! What a scalar function returns is not accounted by the memory pool, and constants are folded while
//! a query is planned: `repeat('x', 2000000000)` takes 6 GB under a pool of 256 MB.
//! E-3: one call may produce at most [`OUTPUT_BYTES_MAX`] bytes for one batch, or what it joins.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};

/// Wraps the functions that can be bounded and removes the others.
pub(crate) fn install(state: &mut SessionState) -> Result<(), DataFusionError> {
    for (name, size) in BOUNDED {
        let inner = state.udf(name)?;
        state.register_udf(Arc::new(ScalarUDF::from(Bounded { inner, size })))?;
    }
    for name in REMOVED {
        state.deregister_udf(name)?;
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    size: Size,
}

/// How the size of the output follows from the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Size {
    /// The text in the first argument as often as the second says.
    Repeated,
    /// As many characters as the second argument says.
    Padded,
    /// The values from the first to the second argument, by the third.
    Series,
    /// The text in the first argument, longer by what the third has more than the second, as often as
    /// the second is found.
    Replaced,
    /// The texts of all arguments, one behind the other.
    Joined,
    /// The texts of all arguments but the first, which stands between any two.
    JoinedBy,
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (bytes, bytes_max) = (self.size.bytes(&args)?, self.size.bytes_max());
        if bytes > bytes_max {
            return exec_err!(
                "{}() would make {bytes} bytes at once, which is more than {bytes_max}: ask for less",
                self.name()
            );
        }
        self.inner.invoke_with_args(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

impl Size {
    /// Returns the most bytes that one call may produce for one batch.
    const fn bytes_max(self) -> i128 {
        match self {
            Self::Joined | Self::JoinedBy => JOINED_BYTES_MAX,
            _ => OUTPUT_BYTES_MAX,
        }
    }

    /// Returns the bytes of the output, at least roughly; rows with a null count nothing.
    fn bytes(self, args: &ScalarFunctionArgs) -> Result<i128> {
        let is_scalar = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let rows = if args.args.iter().all(is_scalar) {
            1
        } else {
            args.number_rows
        };
        let arrays = args.args.iter().map(array).collect::<Result<Vec<_>>>()?;
        match (self, arrays.as_slice()) {
            (Self::Repeated, [text, count, ..]) => {
                let repeated = |length: i128, count: i128| length * count;
                Ok(total(rows, &lengths(text)?, &numbers(count)?, repeated))
            }
            (Self::Padded, [text, length, ..]) => {
                let widest = |_: i128, length: i128| length * CHARACTER_BYTES_MAX;
                Ok(total(rows, &lengths(text)?, &numbers(length)?, widest))
            }
            (Self::Series, [stop]) => Ok(total(rows, &[Some(0)], &numbers(stop)?, span_bytes)),
            (Self::Series, [start, stop, step @ ..]) => {
                series_bytes(rows, start, stop, step.first())
            }
            (Self::Replaced, [text, from, to]) => replaced_bytes(rows, text, from, to),
            (Self::Joined, texts) => joined_bytes(rows, texts),
            (Self::JoinedBy, [separator, texts @ ..]) => {
                let separators = texts.iter().map(|_| separator);
                let all: Vec<_> = separators.chain(texts).map(Arc::clone).collect();
                joined_bytes(rows, &all)
            }
            _ => Ok(0),
        }
    }
}

/// Returns the values of an argument: one where it is the same for every row.
fn array(arg: &ColumnarValue) -> Result<ArrayRef> {
    match arg {
        ColumnarValue::Array(array) => Ok(Arc::clone(array)),
        ColumnarValue::Scalar(scalar) => scalar.to_array(),
    }
}

/// Returns what an argument says of a row; a single value is that of every row.
fn of_row<T: Copy>(values: &[Option<T>], row: usize) -> Option<T> {
    let row = if values.len() == 1 { 0 } else { row };
    values.get(row).copied().flatten()
}

fn series_bytes(
    rows: usize,
    start: &ArrayRef,
    stop: &ArrayRef,
    step: Option<&ArrayRef>,
) -> Result<i128> {
    let (start, stop) = (numbers(start)?, numbers(stop)?);
    let step = step.map_or(Ok(vec![Some(1)]), numbers)?;
    let bytes = |row| match (of_row(&start, row), of_row(&stop, row), of_row(&step, row)) {
        (Some(start), Some(stop), Some(step)) if step != 0 => {
            ((stop - start) / step * VALUE_BYTES).max(0)
        }
        _ => 0,
    };
    Ok((0..rows).map(bytes).sum())
}

fn span_bytes(start: i128, stop: i128) -> i128 {
    (stop - start) * VALUE_BYTES
}

/// Returns by how much texts grow: their own bytes are there already.
fn replaced_bytes(rows: usize, text: &ArrayRef, from: &ArrayRef, to: &ArrayRef) -> Result<i128> {
    let [text, from, to] = [text, from, to].map(|array| cast(array, &DataType::Utf8View));
    let (text, from, to) = (text?, from?, to?);
    let [text, from, to] = [&text, &from, &to].map(|array| {
        let texts = array.as_string_view().iter();
        texts.collect::<Vec<Option<&str>>>()
    });
    let grown = |row| {
        let (from, to) = (of_row(&from, row)?, of_row(&to, row)?);
        let more = to.len() as i128 - from.len() as i128;
        // Nothing is counted where nothing grows, which is the usual case.
        (more > 0).then_some(())?;
        Some(of_row(&text, row)?.matches(from).count() as i128 * more)
    };
    Ok((0..rows).filter_map(grown).sum())
}

fn joined_bytes(rows: usize, texts: &[ArrayRef]) -> Result<i128> {
    let mut bytes = 0;
    for text in texts {
        let lengths = lengths(text)?;
        bytes += (0..rows)
            .filter_map(|row| of_row(&lengths, row))
            .sum::<i128>();
    }
    Ok(bytes)
}

fn total(
    rows: usize,
    left: &[Option<i128>],
    right: &[Option<i128>],
    size: fn(i128, i128) -> i128,
) -> i128 {
    let bytes = |row| Some(size(of_row(left, row)?, of_row(right, row)?).max(0));
    (0..rows).filter_map(bytes).sum()
}

fn lengths(texts: &ArrayRef) -> Result<Vec<Option<i128>>> {
    let texts = cast(texts, &DataType::Utf8View)?;
    let texts = texts.as_string_view();
    Ok(texts
        .iter()
        .map(|text| text.map(|t| t.len() as i128))
        .collect())
}

/// Returns whole numbers, moments and dates in nanoseconds, and intervals in nanoseconds.
fn numbers(values: &ArrayRef) -> Result<Vec<Option<i128>>> {
    use datafusion::arrow::datatypes::{IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
    let scale = match values.data_type() {
        DataType::Date32 | DataType::Date64 => {
            let moments = cast(values, &DataType::Timestamp(TimeUnit::Nanosecond, None))?;
            return numbers(&moments);
        }
        DataType::Timestamp(TimeUnit::Second, _) => 1_000_000_000,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000,
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let spans = values.as_primitive::<IntervalMonthDayNanoType>();
            return Ok(spans.iter().map(|span| span.map(span_nanos)).collect());
        }
        _ => 1,
    };
    let whole = cast(values, &DataType::Int64)?;
    let whole = whole.as_primitive::<Int64Type>();
    Ok(whole
        .iter()
        .map(|v| v.map(|v| i128::from(v) * scale))
        .collect())
}

fn span_nanos(span: datafusion::arrow::datatypes::IntervalMonthDayNano) -> i128 {
    let days = i128::from(span.months) * 28 + i128::from(span.days);
    days * DAY_NANOS + i128::from(span.nanoseconds)
}

const BOUNDED: [(&str, Size); 8] = [
    ("repeat", Size::Repeated),
    ("lpad", Size::Padded),
    ("rpad", Size::Padded),
    ("range", Size::Series),
    ("generate_series", Size::Series),
    ("replace", Size::Replaced),
    ("concat", Size::Joined),
    ("concat_ws", Size::JoinedBy),
];
const REMOVED: [&str; 2] = ["array_repeat", "array_resize"];

const OUTPUT_BYTES_MAX: i128 = 32 << 20;
/// A batch of long texts, joined to others, is as large as they are.
const JOINED_BYTES_MAX: i128 = 256 << 20;
const VALUE_BYTES: i128 = 8;
const CHARACTER_BYTES_MAX: i128 = 4;
const DAY_NANOS: i128 = 86_400_000_000_000;
