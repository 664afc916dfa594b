//! The functions that SQL has beyond DataFusion's, and those of DataFusion's that are bounded here.

mod bounded;
mod counter;
mod ends;
mod latest;
mod samples;
mod time_bucket;

use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::AggregateUDF;

use counter::Counter;
pub(crate) use counter::{KIND_KEY, UNIT_KEY};
use ends::End;
pub(crate) use latest::Latest;

/// Puts our functions into a session.
///
/// # Errors
/// When DataFusion refuses to register one.
pub(crate) fn install(state: &mut SessionState) -> Result<(), DataFusionError> {
    bounded::install(state)?;
    state.register_udf(Arc::new(time_bucket::TimeBucket::new().into()))?;
    for end in [End::first(), End::last()] {
        state.register_udaf(Arc::new(AggregateUDF::from(end)))?;
    }
    for counter in [Counter::increase(), Counter::rate(), Counter::delta()] {
        state.register_udaf(Arc::new(AggregateUDF::from(counter)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
