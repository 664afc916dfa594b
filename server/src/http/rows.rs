//! `DELETE /api/v1/tables/{table}/rows`: delete rows by time and tags, or count them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use engine::{Error, Kind, RowPredicate};
use schema::{Lsn, TimeRange, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{App, Caller, Permission, Problem, predicate};

/// Which rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rows {
    /// The first moment.
    from: Option<String>,
    /// The first moment after.
    to: Option<String>,
    /// `tag = value AND …`; without it rows of all series.
    #[serde(rename = "where")]
    tags: Option<String>,
    /// Whether the rows are only counted.
    #[serde(default)]
    dry_run: bool,
}

/// Deletes the rows that are there now; answers how many there were.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(wanted): Query<Rows>,
) -> Result<Json<Deleted>, Problem> {
    caller.require(Permission::Operate)?;
    let core = Arc::clone(app.core()?);
    let rows = wanted.predicate()?;
    let table = core.engine.view().table(&name);
    let table = table.ok_or_else(|| Problem::not_found(format!("there is no table {name:?}")))?;
    let meant = rows.clone();
    let counting = core.spawn_blocking(move || table.count(&meant));
    let counted = counting
        .await
        .map_err(|error| Problem::internal(error.to_string()))?;
    let count = count_of(counted, wanted.dry_run)?;
    let mut answer = Deleted {
        table: name.clone(),
        from: rows.time.start,
        to: rows.time.end,
        tags: rows.tags.clone(),
        rows: count,
        dry_run: wanted.dry_run,
        record: None,
    };
    if !wanted.dry_run {
        let committed = core.engine.delete_rows(&name, rows)?.await?;
        answer.record = Some(Record {
            lsn: committed.lsn,
            commit_time: committed.commit_time,
        });
    }
    Ok(Json(answer))
}

/// Returns how many rows there are. What cannot be read can be deleted all the same: it is only not known how
/// much it is.
fn count_of(counted: Result<u64, Error>, dry_run: bool) -> Result<Option<u64>, Problem> {
    match counted {
        Ok(count) => Ok(Some(count)),
        Err(error) if dry_run || error.kind() == Kind::Invalid => Err(error.into()),
        Err(error) => {
            warn!(%error, "rows are deleted that could not be counted");
            Ok(None)
        }
    }
}

/// What was deleted, or would have been.
#[derive(Debug, Serialize)]
pub(crate) struct Deleted {
    table: String,
    from: Timestamp,
    to: Timestamp,
    #[serde(rename = "where")]
    tags: BTreeMap<String, String>,
    /// How many rows there were; nothing where they could not be counted and were deleted all the same.
    rows: Option<u64>,
    dry_run: bool,
    #[serde(flatten)]
    record: Option<Record>,
}

/// Where a delete is in the log.
#[derive(Debug, Serialize)]
struct Record {
    lsn: Lsn,
    commit_time: Timestamp,
}

impl Rows {
    fn predicate(&self) -> Result<RowPredicate, Problem> {
        let time = TimeRange {
            start: moment("from", self.from.as_deref())?,
            end: moment("to", self.to.as_deref())?,
        };
        let tags = predicate::parse(self.tags.as_deref().unwrap_or_default());
        Ok(RowPredicate {
            time,
            tags: tags.map_err(|error| Problem::bad_request(error.to_string()))?,
        })
    }
}

fn moment(name: &str, text: Option<&str>) -> Result<Timestamp, Problem> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| {
        Problem::bad_request(format!(
            "{name} is {text:?}, and must be a time such as 2026-01-31T12:00:00Z"
        ))
    })
}

#[cfg(test)]
mod tests {
    use engine::Error;

    use super::count_of;

    #[test]
    fn rows_that_cannot_be_read_can_be_deleted_and_not_counted() {
        let damaged = || Error::Corrupt {
            path: "parts/1".into(),
            reason: "a page".into(),
        };
        let wrong = || Error::Absent {
            what: "tag",
            name: "colour".into(),
        };
        assert_eq!(count_of(Ok(3), false).unwrap(), Some(3));
        assert_eq!(count_of(Err(damaged()), false).unwrap(), None);
        assert!(count_of(Err(damaged()), true).is_err());
        assert!(count_of(Err(wrong()), false).is_err());
    }
}
