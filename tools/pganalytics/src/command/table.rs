//! `pganalytics table list | show | set | delete`.

use serde_json::{Map, Value, json};

use crate::cli::Table;
use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Runs the command.
pub(crate) async fn run(call: Table) -> Outcome {
    match call {
        Table::List { remote, json } => {
            let list: Vec<Value> = Client::open(&remote)?.get("/api/v1/tables").await?;
            output::listing(
                &list,
                json,
                &[
                    "name",
                    "append_only",
                    "retention",
                    "columns",
                    "series",
                    "rows_at_most",
                    "parts",
                ],
            )
        }
        Table::Show {
            table,
            remote,
            json,
        } => {
            let query = "SELECT column_name, role, type, kind, unit FROM system.columns WHERE table_name = $1";
            let body = json!({ "query": query, "params": [table], "format": "json" });
            let columns: Vec<Value> = Client::open(&remote)?.post("/api/v1/sql", &body).await?;
            if columns.is_empty() {
                return Err(Failure::call(
                    format!("there is no table {table:?}"),
                    "pganalytics table list shows them",
                ));
            }
            output::listing(
                &columns,
                json,
                &["column_name", "role", "type", "kind", "unit"],
            )
        }
        Table::Set {
            table,
            changes,
            remote,
        } => {
            let body = Value::Object(
                changes
                    .iter()
                    .map(|change| parse(change))
                    .collect::<Outcome<Map<_, _>>>()?,
            );
            let path = format!("/api/v1/tables/{}", output::path_segment(&table));
            let changed: Value = Client::open(&remote)?.patch(&path, &body).await?;
            let of = |key: &str| output::cell(changed.get(key).unwrap_or(&Value::Null));
            println!(
                "{table}: retention {}, append_only {}",
                of("retention"),
                of("append_only")
            );
            Ok(())
        }
        Table::Delete {
            table,
            from,
            to,
            tags,
            dry_run,
            remote,
        } => {
            let dry_run = if dry_run { "true" } else { "false" };
            let mut parameters = vec![("from", &*from), ("to", &*to), ("dry_run", dry_run)];
            parameters.extend(tags.iter().map(|tags| ("where", tags.as_str())));
            let path = format!("/api/v1/tables/{}/rows", output::path_segment(&table));
            let client = Client::open(&remote)?;
            let deleted: Value = client.delete_where(&path, &parameters).await?;
            println!("{}", told(&table, &deleted));
            Ok(())
        }
    }
}

/// Returns what became of rows that were to be deleted.
fn told(table: &str, answer: &Value) -> String {
    let Some(rows) = answer.get("rows").and_then(Value::as_u64) else {
        return format!("{table}: rows deleted, which could not be counted");
    };
    if answer.get("dry_run") == Some(&Value::Bool(true)) {
        return format!("{table}: {rows} rows would be deleted");
    }
    format!("{table}: {rows} rows deleted")
}

/// Reads `retention=90d`, `retention=none` or `append_only=true`.
fn parse(change: &str) -> Outcome<(String, Value)> {
    let advice = "use retention=90d, retention=none, append_only=true or append_only=false";
    let wrong = || Failure::call(format!("{change:?} is no change"), advice);
    let (key, value) = change.split_once('=').ok_or_else(wrong)?;
    let value = match (key, value) {
        ("retention", "none") => Value::Null,
        ("retention", span) => span.into(),
        ("append_only", text) => Value::Bool(text.parse().map_err(|_| wrong())?),
        _ => return Err(wrong()),
    };
    Ok((key.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{parse, told};

    #[test]
    fn it_is_told_what_was_deleted_and_whether_it_was() {
        let answer = |dry_run: bool| json!({ "rows": 3, "dry_run": dry_run });
        assert_eq!(told("cpu", &answer(true)), "cpu: 3 rows would be deleted");
        assert_eq!(told("cpu", &answer(false)), "cpu: 3 rows deleted");
        let uncounted = told("cpu", &json!({ "rows": null, "dry_run": false }));
        assert_eq!(uncounted, "cpu: rows deleted, which could not be counted");
    }

    #[test]
    fn changes_are_read_or_refused() {
        assert_eq!(
            parse("retention=90d").unwrap(),
            ("retention".into(), json!("90d"))
        );
        assert_eq!(
            parse("retention=none").unwrap(),
            ("retention".into(), Value::Null)
        );
        assert_eq!(
            parse("append_only=true").unwrap(),
            ("append_only".into(), json!(true))
        );
        for wrong in ["retention", "append_only=maybe", "colour=red"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
