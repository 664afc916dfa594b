//! `time_bucket(interval, time [, origin])`: the start of the bucket that a time falls into.
//!
//! It is another name for DataFusion's `date_bin`, and becomes it while the query is planned, so that
//! everything the planner knows about `date_bin` (order, pruning) holds for it.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::functions::datetime::date_bin;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct TimeBucket {
    date_bin: Arc<ScalarUDF>,
}

impl TimeBucket {
    pub(crate) fn new() -> Self {
        Self {
            date_bin: date_bin(),
        }
    }
}

impl ScalarUDFImpl for TimeBucket {
    fn name(&self) -> &str {
        "time_bucket"
    }

    fn signature(&self) -> &Signature {
        self.date_bin.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.date_bin.inner().return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.date_bin.return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.date_bin.invoke_with_args(args)
    }

    fn simplify(&self, args: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let function = ScalarFunction::new_udf(Arc::clone(&self.date_bin), args);
        Ok(ExprSimplifyResult::Simplified(Expr::ScalarFunction(
            function,
        )))
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.date_bin.output_ordering(inputs)
    }
}
