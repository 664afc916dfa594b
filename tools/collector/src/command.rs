//! The commands and their exit codes: 0 success, 1 failure, 2 a mistake in the call, 78 damage.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use collector::{Error, Grade, Kind, Settings};
use tracing_subscriber::EnvFilter;

use crate::signals::stop_requested;

/// The agent that runs beside PostgreSQL and sends its statistics to a pgAnalytics server.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example: pganalytics-collector run --config /etc/pganalytics/collector.toml"
)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Collects until SIGTERM or SIGINT.
    #[command(after_help = "Example: pganalytics-collector run --config collector.toml")]
    Run {
        /// The configuration, TOML.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Checks each aspect of a configuration and says what to do.
    #[command(after_help = "Example: pganalytics-collector test --config collector.toml")]
    Test {
        /// The configuration, TOML.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

/// Collects until a signal comes.
pub(crate) async fn run(config: &Path) -> Result<ExitCode, Error> {
    let settings = Settings::load(config)?;
    collector::run(settings, stop_requested()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a line for each aspect; fails when one of them does.
#[expect(
    clippy::print_stdout,
    reason = "the findings are what this command is for"
)]
pub(crate) async fn test(config: &Path) -> Result<ExitCode, Error> {
    let settings = Settings::load(config)?;
    let findings = collector::check(&settings).await;
    findings.iter().for_each(|finding| println!("{finding}"));
    let has_failed = findings.iter().any(|finding| finding.grade == Grade::Fail);
    Ok(ExitCode::from(u8::from(has_failed)))
}

/// Says what is wrong and returns the exit code for it.
#[expect(
    clippy::print_stderr,
    reason = "the last word of a command goes to standard error"
)]
pub(crate) fn explain(error: &Error) -> ExitCode {
    eprintln!("pganalytics-collector: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
    match (error, error.kind()) {
        (Error::Config { .. }, _) => ExitCode::from(2),
        (_, Kind::Corrupt) => ExitCode::from(78),
        _ => ExitCode::FAILURE,
    }
}

/// Logs to standard error, at `info` unless `RUST_LOG` says otherwise.
pub(crate) fn log_to_standard_error() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
