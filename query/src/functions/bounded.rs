//! Functions that could make gigabytes out of a short text, bounded or removed.
//!
//! What a scalar function returns is not accounted by the memory pool, and constants are folded while
//! a query is planned: `repeat('x', 2000000000)` takes 6 GB under a pool of 256 MB.
//! E-3: one call may produce at most [`OUTPUT_BYTES_MAX`] bytes for one batch.

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
        let bytes = self.size.bytes(&args)?;
        if bytes > OUTPUT_BYTES_MAX {
            return exec_err!(
                "{}() would make {bytes} bytes at once, which is more than {OUTPUT_BYTES_MAX}: ask for less",
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
    /// Returns the bytes of the output, at least roughly; rows with a null count nothing.
    fn bytes(self, args: &ScalarFunctionArgs) -> Result<i128> {
        let rows = if args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)))
        {
            1
        } else {
            args.number_rows
        };
        let arrays = args
            .args
            .iter()
            .map(|arg| arg.to_array(rows))
            .collect::<Result<Vec<_>>>()?;
        match (self, arrays.as_slice()) {
            (Self::Repeated, [text, count, ..]) => {
                Ok(total(&lengths(text)?, &numbers(count)?, |length, count| {
                    length * count
                }))
            }
            (Self::Padded, [text, length, ..]) => {
                let widest = |_: i128, length: i128| length * CHARACTER_BYTES_MAX;
                Ok(total(&lengths(text)?, &numbers(length)?, widest))
            }
            (Self::Series, [stop]) => {
                let zeros = vec![Some(0); stop.len()];
                Ok(total(&zeros, &numbers(stop)?, span_bytes))
            }
            (Self::Series, [start, stop, step @ ..]) => series_bytes(start, stop, step.first()),
            _ => Ok(0),
        }
    }
}

fn series_bytes(start: &ArrayRef, stop: &ArrayRef, step: Option<&ArrayRef>) -> Result<i128> {
    let (start, stop) = (numbers(start)?, numbers(stop)?);
    let step = match step {
        Some(step) => numbers(step)?,
        None => vec![Some(1); start.len()],
    };
    let steps = start.iter().zip(&stop).zip(&step);
    Ok(steps
        .map(|((start, stop), step)| match (start, stop, step) {
            (Some(start), Some(stop), Some(step)) if *step != 0 => {
                (stop - start) / step * VALUE_BYTES
            }
            _ => 0,
        })
        .map(|bytes| bytes.max(0))
        .sum())
}

fn span_bytes(start: i128, stop: i128) -> i128 {
    (stop - start) * VALUE_BYTES
}

fn total(left: &[Option<i128>], right: &[Option<i128>], size: fn(i128, i128) -> i128) -> i128 {
    left.iter()
        .zip(right)
        .filter_map(|(left, right)| Some(size((*left)?, (*right)?).max(0)))
        .sum()
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

const BOUNDED: [(&str, Size); 5] = [
    ("repeat", Size::Repeated),
    ("lpad", Size::Padded),
    ("rpad", Size::Padded),
    ("range", Size::Series),
    ("generate_series", Size::Series),
];
const REMOVED: [&str; 2] = ["array_repeat", "array_resize"];

const OUTPUT_BYTES_MAX: i128 = 32 << 20;
const VALUE_BYTES: i128 = 8;
const CHARACTER_BYTES_MAX: i128 = 4;
const DAY_NANOS: i128 = 86_400_000_000_000;
