//! `pganalytics backup create | list | verify`.

use backup::{Repository, VerifyLevel, VerifyReport};
use seal::MasterKey;
use serde_json::{Value, json};
use server::{Machine, key_source};

use crate::cli::{self, Backup};
use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Runs the command.
pub(crate) async fn run(call: Backup) -> Outcome {
    match call {
        Backup::Create { full, remote } => {
            let path = format!("/api/v1/backups?full={full}");
            let made: Value = Client::open(&remote)?.post(&path, &json!({})).await?;
            output::listing(&[made], false, &COLUMNS)
        }
        Backup::List { repository, json } => {
            let (repository, key) = open(&repository)?;
            let keyring = repository
                .open_keyring(&key)
                .await
                .map_err(|error| failed(&error))?;
            let records = repository
                .list_backups(&keyring)
                .await
                .map_err(|error| failed(&error))?;
            let rows: Vec<Value> = records.iter().map(|record| json!(record)).collect();
            output::listing(&rows, json, &COLUMNS)
        }
        Backup::Verify {
            id,
            level,
            repository,
            json,
        } => {
            let level = parse(&level)?;
            let (repository, key) = open(&repository)?;
            let report = backup::verify(&repository, &key, id.as_deref(), level)
                .await
                .map_err(|error| failed(&error))?;
            print(&report, json);
            if report.problems.is_empty() {
                Ok(())
            } else {
                Err(Failure::damage("the repository is damaged"))
            }
        }
    }
}

/// Returns a repository and the key that opens it.
fn open(call: &cli::Repository) -> Outcome<(Repository, MasterKey)> {
    let machine = Machine::real();
    let key = key_source(call.key.as_deref().unwrap_or_default(), &call.data)?
        .load(machine.disk.as_ref())
        .map_err(|error| Failure::from(server::Error::from(error)))?;
    Ok((
        server::repository(&call.to, "", backup::Settings::default(), &machine)?,
        key,
    ))
}

/// Returns an error of the repository as a failure with advice.
pub(crate) fn failed(error: &backup::Error) -> Failure {
    let advice = "pganalytics backup list --to URL shows what is there; --key names the master key";
    Failure::of(error, error.kind(), advice)
}

fn parse(level: &str) -> Outcome<VerifyLevel> {
    match level {
        "metadata" => Ok(VerifyLevel::Metadata),
        "exists" => Ok(VerifyLevel::Exists),
        "full" => Ok(VerifyLevel::Full),
        other => Err(Failure::call(
            format!("there is no level {other:?}"),
            "use metadata, exists or full",
        )),
    }
}

fn print(report: &VerifyReport, as_json: bool) {
    let problems: Vec<Value> = report
        .problems
        .iter()
        .map(|p| json!({ "object": p.object, "reason": p.reason }))
        .collect();
    if as_json {
        let whole = json!({
            "backups": report.backups, "blobs": report.blobs, "log_segments": report.log_segments,
            "bytes_read": report.bytes_read, "orphans": report.orphans, "problems": problems,
        });
        println!("{whole:#}");
        return;
    }
    println!(
        "{} backups, {} files, {} log segments, {} bytes read, {} orphans",
        report.backups, report.blobs, report.log_segments, report.bytes_read, report.orphans
    );
    for problem in &report.problems {
        println!("{}: {}", problem.object, problem.reason);
    }
    if report.problems.is_empty() {
        println!("in order");
    }
}

const COLUMNS: [&str; 8] = [
    "id",
    "created",
    "kind",
    "end_time",
    "base_lsn",
    "end_lsn",
    "bytes",
    "new_bytes",
];
