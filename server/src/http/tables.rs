//! `/api/v1/tables`: list; change retention and mode.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use engine::{TableChange, TableView};
use schema::{Span, TableDefinition};
use serde::{Deserialize, Deserializer, Serialize};

use super::{App, Caller, Permission, Problem};

/// What is to be changed; a key that is not sent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// A span such as `90d`; null keeps rows for ever.
    #[serde(default, deserialize_with = "present")]
    retention: Option<Option<Span>>,
    append_only: Option<bool>,
}

/// A table as the list shows it.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    append_only: bool,
    retention: Option<Span>,
    columns: usize,
    series: usize,
    rows_at_most: u64,
    parts: usize,
}

/// Lists every table.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    caller.require(Permission::Query)?;
    let view = app.core()?.engine.view();
    let tables: Vec<Listed> = view.tables().map(|table| listed(&table)).collect();
    Ok(Json(tables).into_response())
}

/// Changes a table's retention or mode.
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<Change>,
) -> Result<Response, Problem> {
    caller.require(Permission::Operate)?;
    let core = app.core()?;
    if core.engine.view().table(&name).is_none() {
        return Err(Problem::not_found(format!("there is no table {name:?}")));
    }
    let change = TableChange {
        retention: body.retention,
        append_only: body.append_only,
    };
    core.engine.set_table(&name, change)?.await?;
    let view = core.engine.view();
    let definition: Option<TableDefinition> = view.table(&name).map(|t| t.definition().clone());
    Ok(Json(definition).into_response())
}

fn listed(table: &TableView) -> Listed {
    let definition = table.definition();
    Listed {
        name: definition.name.clone(),
        append_only: definition.append_only,
        retention: definition.retention,
        columns: definition.column_count(),
        series: table.series_count(),
        rows_at_most: table.row_count_upper_bound(),
        parts: table.parts().len(),
    }
}

/// Tells a key that is null from a key that is absent.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Span>>, D::Error> {
    Option::deserialize(from).map(Some)
}
