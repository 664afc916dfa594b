//! `pganalytics inspect wal | part | manifest`: what a file says of itself.

use std::path::Path;

use engine::part::{PageColumn, PartMeta};
use serde_json::{Value, json};
use server::Machine;

use super::key;
use crate::cli::{Inspect, InspectFile};
use crate::failure::{Failure, Outcome};
use crate::output;

/// Runs the command.
pub(crate) fn run(call: &Inspect) -> Outcome {
    match call {
        Inspect::Wal(file) => segment(file),
        Inspect::Part(file) => part(file),
        Inspect::Manifest(file) => manifest(file),
    }
}

/// Headers and checksums need no key, so a segment can be looked at anywhere.
fn segment(file: &InspectFile) -> Outcome {
    if file
        .path
        .extension()
        .is_some_and(|suffix| suffix == "spare")
    {
        return Err(Failure::call(
            format!(
                "{} is a spare: zeros, and no part of the log",
                file.path.display()
            ),
            "the segments of a log end in .log",
        ));
    }
    let scan = wal::inspect::scan(Machine::real().disk.as_ref(), &file.path)
        .map_err(|error| Failure::of(&error, error.kind(), "is this a segment of a log?"))?;
    let records: Vec<Value> = scan
        .records
        .iter()
        .map(|record| {
            let kind = if record.is_group { "group" } else { "payload" };
            json!({
                "offset": record.offset, "lsn": record.lsn, "durable_lsn": record.durable_lsn,
                "kind": kind, "bytes": record.bytes,
            })
        })
        .collect();
    let segment = &scan.segment;
    let header = json!({
        "number": segment.number, "previous": segment.previous, "timeline": segment.timeline,
        "base_lsn": segment.base_lsn, "created": segment.created.to_string(),
        "cluster": segment.cluster.to_string(),
        "end_offset": scan.end_offset, "fault": scan.fault,
    });
    let columns = ["offset", "lsn", "durable_lsn", "kind", "bytes"];
    print(file, &header, "records", &records, &columns)?;
    // A segment alone does not tell a write that was cut short from damage.
    let at = format!("{} at offset {}", file.path.display(), scan.end_offset);
    scan.fault.map_or(Ok(()), |fault| {
        Err(Failure::new(
            format!("{at}: {fault}"),
            "the end of a log that was cut short, which the next start cuts off, or damage: \
             pganalytics verify --data DIR tells which",
        ))
    })
}

fn part(file: &InspectFile) -> Outcome {
    let environment = environment(file)?;
    let part = engine::offline::inspect_part(&environment, &file.path).map_err(|error| {
        Failure::of(
            &error,
            error.kind(),
            "is this a part of this data directory?",
        )
    })?;
    let columns: Vec<Value> = part
        .columns()
        .flat_map(|column| pages(&part, column))
        .collect();
    let header = json!(part.meta());
    print(
        file,
        &header,
        "pages",
        &columns,
        &[
            "column", "page", "encoding", "rows", "nulls", "offset", "bytes",
        ],
    )
}

fn pages(part: &engine::part::Part, column: PageColumn) -> Vec<Value> {
    let name = match column {
        PageColumn::Time => "time".to_owned(),
        PageColumn::Field(index) => part
            .fields()
            .get(index)
            .map_or_else(String::new, |field| field.name.clone()),
    };
    (0..part.page_count())
        .map(|number| {
            let page = part.page(column, number);
            let statistics = &page.statistics;
            json!({
                "column": name, "page": number, "encoding": page.encoding.to_string(),
                "rows": statistics.rows, "nulls": statistics.nulls,
                "offset": page.offset, "bytes": page.sealed_bytes,
            })
        })
        .collect()
}

fn manifest(file: &InspectFile) -> Outcome {
    let environment = environment(file)?;
    let report =
        engine::offline::inspect_manifest(&environment, Some(&file.path)).map_err(|error| {
            Failure::of(
                &error,
                error.kind(),
                "is this a manifest of this data directory?",
            )
        })?;
    let header = json!({
        "flushed_lsn": report.flushed_lsn, "flushed_time": report.flushed_time.to_string(),
        "timeline": report.timeline, "tables": report.tables.len(), "tokens": report.tokens,
        "collectors": report.collectors,
    });
    let of = |role: &str, part: &PartMeta| {
        let mut row = json!(part);
        if let Some(row) = row.as_object_mut() {
            row.insert("role".to_owned(), json!(role));
        }
        row
    };
    let parts = report.parts.iter().map(|part| of("rows", part));
    let latest = report.latest.iter().map(|part| of("latest", part));
    let parts: Vec<Value> = parts.chain(latest).collect();
    print(
        file,
        &header,
        "parts",
        &parts,
        &[
            "id",
            "table",
            "role",
            "rows",
            "series",
            "bytes",
            "level",
            "first_lsn",
            "last_lsn",
        ],
    )
}

/// Returns the data directory around a file: two levels up, where its keys are.
fn environment(file: &InspectFile) -> Outcome<engine::Environment> {
    let dir = file
        .path
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("."))
        .to_owned();
    let machine = Machine::real();
    let keyring = key::keyring(&machine, file.key.as_deref(), &dir)?;
    Ok(engine::Environment {
        disk: machine.disk,
        clock: machine.clock,
        entropy: machine.entropy,
        keyring,
        dir,
    })
}

fn print(
    file: &InspectFile,
    header: &Value,
    name: &str,
    rows: &[Value],
    columns: &[&str],
) -> Outcome {
    if file.json {
        let mut whole = header.clone();
        if let Some(fields) = whole.as_object_mut() {
            fields.insert(name.to_owned(), rows.into());
        }
        println!("{whole:#}");
        return Ok(());
    }
    for (key, value) in header.as_object().into_iter().flatten() {
        println!("{key}: {}", output::cell(value));
    }
    output::listing(rows, false, columns)
}
