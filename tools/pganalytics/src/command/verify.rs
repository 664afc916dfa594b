//! `pganalytics verify`: every byte of a data directory, offline.

use engine::offline::Verification;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use server::Machine;

use super::key;
use crate::cli::Verify;
use crate::failure::{Failure, Outcome};

/// Runs the command.
pub(crate) fn run(call: &Verify) -> Outcome {
    let machine = Machine::real();
    let keyring = key::keyring(&machine, call.key.as_deref(), &call.data)?;
    let environment = engine::Environment {
        disk: machine.disk,
        clock: machine.clock,
        entropy: machine.entropy,
        keyring,
        dir: call.data.clone(),
    };
    let bar = progress_bar();
    let found = engine::offline::verify(&environment, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let found = found.map_err(|error| {
        Failure::of(
            &error,
            error.kind(),
            "is a server running on this directory?",
        )
    })?;
    print(&found, call.json);
    if !found.is_whole() {
        let (count, data) = (found.damage.len(), call.data.display());
        let problems = if count == 1 { "problem" } else { "problems" };
        return Err(Failure::damage(format!("{count} {problems} in {data}")));
    }
    if !call.json {
        println!("{}: in order", call.data.display());
    }
    Ok(())
}

fn print(found: &Verification, as_json: bool) {
    let damage: Vec<String> = found
        .damage
        .iter()
        .map(|error| server::describe(error))
        .collect();
    if as_json {
        let leftovers: Vec<String> = found
            .leftovers
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let whole = json!({
            "pages": found.pages, "bytes": found.bytes, "leftovers": leftovers, "damage": damage,
        });
        println!("{whole:#}");
        return;
    }
    println!(
        "{} pages, {} bytes; log, manifest and parts were read",
        found.pages, found.bytes
    );
    damage
        .iter()
        .for_each(|problem| println!("damaged: {problem}"));
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} parts, {eta}") {
        bar.set_style(style);
    }
    bar
}
