//! `pganalytics restore`: a new data directory as the store was at a moment.

use std::sync::Arc;

use backup::{At, Progress, RestoreRequest};
use indicatif::{ProgressBar, ProgressStyle};
use server::{Machine, key_source};

use super::backup::failed;
use crate::cli::Restore;
use crate::failure::{Failure, Outcome};

/// Runs the command.
pub(crate) async fn run(call: Restore) -> Outcome {
    let machine = Machine::real();
    let at: At = call.at.parse().map_err(|error: backup::Error| {
        Failure::call(
            error,
            "use latest, a time such as 2026-11-22T10:00:00Z, lsn:N, or a backup's id",
        )
    })?;
    let Some(key) = &call.key else {
        return Err(Failure::call(
            "restore needs the master key: a new directory has none",
            "give --key file:PATH, env:NAME or command:LINE",
        ));
    };
    let master_key = key_source(key, &call.data)?
        .load(machine.disk.as_ref())
        .map_err(|error| Failure::from(server::Error::from(error)))?;
    let bar = progress_bar();
    let shown = bar.clone();
    let request = RestoreRequest {
        repository: server::repository(&call.from, "", backup::Settings::default(), &machine)?,
        data_dir: call.data.clone(),
        at,
        master_key,
        engine: engine::Settings::default(),
        disk: machine.disk,
        clock: machine.clock,
        entropy: machine.entropy,
        progress: Arc::new(move |progress: Progress| {
            shown.set_length(progress.total_bytes);
            shown.set_position(progress.done_bytes);
        }),
    };
    let plan = backup::plan(&request)
        .await
        .map_err(|error| failed(&error))?;
    println!(
        "backup {} of {}, {} files and {} pieces of the log, {} bytes",
        plan.backup.id, plan.backup.created, plan.files, plan.log_segments, plan.bytes
    );
    if call.dry_run {
        return Ok(());
    }
    let report = backup::restore(request)
        .await
        .map_err(|error| failed(&error))?;
    bar.finish_and_clear();
    println!(
        "restored {} up to {} (lsn {})",
        call.data.display(),
        report.end_time,
        report.end_lsn
    );
    println!(
        "start it with: pganalytics server --data {} and seal.key = \"{key}\"",
        call.data.display()
    );
    Ok(())
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    {
        bar.set_style(style);
    }
    bar
}
