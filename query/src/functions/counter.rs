//! `increase(value, time)`, `rate(value, time)` and `delta(value, time)`.
//!
//! The field's kind decides, as the store gives it in the column's metadata: increases are summed,
//! anything else is read as a counter that may be reset. They are meant for one series per group:
//! group by the tags that tell the series apart, and add up the results where one number is wanted.
//! The state is the samples themselves, so that parts of a group can be merged in any order.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Float64Type, Int64Type, TimeUnit, TimestampNanosecondType,
};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use schema::Kind;

use super::samples::Samples;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Counter {
    question: Question,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    Increase,
    Rate,
    Delta,
}

impl Counter {
    pub(crate) fn increase() -> Self {
        Self::new(Question::Increase)
    }

    pub(crate) fn rate() -> Self {
        Self::new(Question::Rate)
    }

    pub(crate) fn delta() -> Self {
        Self::new(Question::Delta)
    }

    fn new(question: Question) -> Self {
        Self {
            question,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for Counter {
    fn name(&self) -> &str {
        match self.question {
            Question::Increase => "increase",
            Question::Rate => "rate",
            Question::Delta => "delta",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    // The value is left as it is, since a cast would hide the column's kind.
    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match arg_types {
            [value, DataType::Timestamp(_, _)] if value.is_numeric() || value.is_null() => {
                Ok(arg_types.to_vec())
            }
            _ => plan_err!("{}(value, time) takes a number and a time", self.name()),
        }
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item: DataType| {
            let item = Arc::new(Field::new_list_field(item, false));
            let name = format!("{}[{name}]", args.name);
            Arc::new(Field::new(name, DataType::List(item), false))
        };
        Ok(vec![
            list("times", DataType::Int64),
            list("values", DataType::Float64),
        ])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(CounterAccumulator {
            question: self.question,
            kind: args.expr_fields.first().map_or(Kind::Cumulative, kind_of),
            samples: Samples::default(),
        }))
    }
}

fn kind_of(field: &FieldRef) -> Kind {
    match field.metadata().get(KIND_KEY).map(String::as_str) {
        Some("increase") => Kind::Increase,
        _ => Kind::Cumulative,
    }
}

#[derive(Debug)]
struct CounterAccumulator {
    question: Question,
    kind: Kind,
    samples: Samples,
}

impl Accumulator for CounterAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [value, time] = values else {
            return plan_err!("a value and a time are expected");
        };
        let value = cast(value, &DataType::Float64)?;
        let time = cast(time, &DataType::Timestamp(TimeUnit::Nanosecond, None))?;
        let rows = time
            .as_primitive::<TimestampNanosecondType>()
            .iter()
            .zip(value.as_primitive::<Float64Type>());
        for (time, value) in rows {
            if let (Some(time), Some(value)) = (time, value) {
                self.samples.push(time, value);
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [times, values] = states else {
            return plan_err!("two lists are expected");
        };
        let lists = times
            .as_list::<i32>()
            .iter()
            .zip(values.as_list::<i32>().iter());
        for (times, values) in lists {
            let (Some(times), Some(values)) = (times, values) else {
                continue;
            };
            let times = times.as_primitive::<Int64Type>().values();
            let values = values.as_primitive::<Float64Type>().values();
            for (time, value) in times.iter().zip(values) {
                self.samples.push(*time, *value);
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let times: Int64Array = self.samples.iter().map(|(time, _)| Some(time)).collect();
        let values: Float64Array = self.samples.iter().map(|(_, value)| Some(value)).collect();
        Ok(vec![list(Arc::new(times))?, list(Arc::new(values))?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let answer = match self.question {
            Question::Increase => self.samples.increase(self.kind),
            Question::Rate => self.samples.rate(self.kind),
            Question::Delta => self.samples.delta(),
        };
        Ok(ScalarValue::Float64(answer))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.samples.bytes()
    }
}

fn list(values: ArrayRef) -> Result<ScalarValue> {
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), false));
    let length = i32::try_from(values.len())
        .map_err(|_| exec_datafusion_err!("a group has more than 2^31 samples"))?;
    let offsets = OffsetBuffer::new(vec![0, length].into());
    let list = ListArray::try_new(item, offsets, values, None)?;
    Ok(ScalarValue::List(Arc::new(list)))
}

/// The key under which a column's arrow field has its kind, where it is no gauge.
pub(crate) const KIND_KEY: &str = "kind";
/// The key under which a column's arrow field has its unit, where there is one.
pub(crate) const UNIT_KEY: &str = "unit";
