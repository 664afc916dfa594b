//! `first(value, time)` and `last(value, time)`: the value at the earliest or latest time.
//!
//! Rows whose value is null do not count, as in InfluxDB: a series that did not report a field at
//! that moment has no newest value there. They become `first_value(value ORDER BY time) IGNORE NULLS`
//! while the query is planned, and so share DataFusion's vectorised accumulators.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, not_impl_err, plan_err};
use datafusion::functions_aggregate::first_last::{first_value_udaf, last_value_udaf};
use datafusion::logical_expr::expr::{AggregateFunction, NullTreatment};
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, SortExpr, Volatility,
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct End {
    name: &'static str,
    signature: Signature,
    value: Arc<AggregateUDF>,
}

impl End {
    pub(crate) fn first() -> Self {
        Self::new("first", first_value_udaf())
    }

    pub(crate) fn last() -> Self {
        Self::new("last", last_value_udaf())
    }

    fn new(name: &'static str, value: Arc<AggregateUDF>) -> Self {
        Self {
            name,
            signature: Signature::user_defined(Volatility::Immutable),
            value,
        }
    }
}

impl AggregateUDFImpl for End {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match arg_types {
            [_, DataType::Timestamp(_, _)] => Ok(arg_types.to_vec()),
            _ => plan_err!("{}(value, time) takes a value and a time", self.name),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types.first() {
            Some(value) => Ok(value.clone()),
            None => plan_err!("{}(value, time) takes a value and a time", self.name),
        }
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        not_impl_err!(
            "{}(value, time) over a window: use {}(value) OVER (… ORDER BY time)",
            self.name,
            self.value.name()
        )
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        let value_udaf = Arc::clone(&self.value);
        let name = self.name;
        Some(Box::new(move |mut function, _info| {
            let mut args = function.params.args.into_iter();
            let (Some(value), Some(time)) = (args.next(), args.next()) else {
                return plan_err!("{name}(value, time) takes a value and a time");
            };
            function.func = Arc::clone(&value_udaf);
            Ok(Expr::AggregateFunction(AggregateFunction::new_udf(
                function.func,
                vec![value],
                function.params.distinct,
                function.params.filter,
                vec![SortExpr::new(time, true, false)],
                Some(NullTreatment::IgnoreNulls),
            )))
        }))
    }
}
