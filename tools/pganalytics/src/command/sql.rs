//! `pganalytics sql`: one query, or a prompt.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use futures::{StreamExt, pin_mut};
use platform::{Disk, RealDisk};

use super::prompt;
use crate::cli::{Format, Sql};
use crate::client::{Answer, Client};
use crate::failure::{Failure, Outcome};
use crate::output;

/// Runs the command.
pub(crate) async fn run(call: Sql) -> Outcome {
    let client = Client::open(&call.remote)?;
    match &call.query {
        Some(query) => answer(&client, query, call.format, call.output.as_deref()).await,
        None => prompt::run(client, call.format).await,
    }
}

/// Asks and prints, or writes to a file.
pub(crate) async fn answer(
    client: &Client,
    query: &str,
    format: Format,
    output: Option<&Path>,
) -> Outcome {
    if format == Format::Table && output.is_none() {
        let text = client.sql(query, "csv").await?.bytes().await?;
        return output::csv_as_table(&text);
    }
    let answer = client.sql(query, name(format)).await?;
    match output {
        Some(path) => write_file(answer, path).await,
        None => copy(answer, &mut io::stdout().lock(), "standard output").await,
    }
}

/// Writes beside the file and renames, so that a broken answer leaves no half file behind.
async fn write_file(answer: Answer, path: &Path) -> Outcome {
    let failed = |error: io::Error| {
        Failure::new(
            format!("{}: {error}", path.display()),
            "choose another file",
        )
    };
    let unfinished = path.with_extension("partial");
    let mut file = File::create(&unfinished).map_err(failed)?;
    match copy(answer, &mut file, &path.display().to_string()).await {
        Ok(()) => RealDisk.rename(&unfinished, path).map_err(failed),
        Err(failure) => {
            std::fs::remove_file(&unfinished).map_err(failed)?;
            Err(failure)
        }
    }
}

/// Writes what comes; a command has nothing else to do while its output is slow.
async fn copy(answer: Answer, to: &mut impl Write, name: &str) -> Outcome {
    let failed = |error: io::Error| Failure::new(format!("{name}: {error}"), "");
    let chunks = answer.stream();
    pin_mut!(chunks);
    while let Some(chunk) = chunks.next().await {
        to.write_all(&chunk?).map_err(failed)?;
    }
    to.flush().map_err(failed)
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Jsonl => "jsonl",
        Format::Arrow => "arrow",
        Format::Parquet => "parquet",
        Format::Table | Format::Csv => "csv",
    }
}
