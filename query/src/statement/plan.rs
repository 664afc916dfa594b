//! From a checked statement to a physical plan, on the query's own session.

use std::sync::Arc;

use datafusion::common::{DataFusionError, ParamValues};
use datafusion::execution::SessionState;
use datafusion::execution::context::SQLOptions;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;
use datafusion::sql::parser::Statement;

/// Plans the statement with its parameters.
///
/// # Errors
/// Whatever DataFusion finds wrong; DDL, DML and statement nodes among it.
pub(crate) async fn plan(
    state: &SessionState,
    statement: Statement,
    parameters: Vec<ScalarValue>,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let plan = state.statement_to_plan(statement).await?;
    // the second guard, over the plan with all its subqueries.
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&plan)?;
    // Without parameters the values are replaced all the same, so that a `$1` left open is named.
    let plan = plan.replace_params_with_values(&ParamValues::from(parameters))?;
    state.create_physical_plan(&plan).await
}
