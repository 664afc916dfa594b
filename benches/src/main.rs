//! `benches`: measures a real server on generated data.
//!
//! ```text
//!   generate ──▶ ingest ──QUIC──▶ pganalytics server, a process of its own
//!      │                              ▲ HTTP: flush, compact, SQL
//!      └──▶ expected answers ──▶ queries, checks ──▶ report: tables or JSON, floors
//! ```
//!
//! Data sets follow from their seed ([`generate`]); what is measured and how stands in [`plan`],
//! [`ingest`] and [`queries`]; the published figures are in `docs/benchmarks.md`.
//! It is not a test of correctness, but an answer that is wrong ends the run, however fast it came.

mod cli;
mod codecs;
mod entropy;
mod failure;
mod generate;
mod ingest;
mod latency;
mod machine;
mod peers;
mod plan;
mod progress;
mod queries;
mod report;
mod room;
mod server;
mod watch;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use failure::{Failure, Outcome};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            writeln!(std::io::stderr().lock(), "{failure}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Outcome<ExitCode> {
    // The HTTP client asks for one even where it speaks without TLS; only the first call can set it.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let defect = |error| Failure::new(error, "look at the limits of threads and open files");
    let report = runtime
        .map_err(defect)?
        .block_on(plan::run(cli.command, &cli.options))?;
    let text = if cli.options.json {
        report.to_json()
    } else {
        report.to_text()
    };
    let printed = writeln!(std::io::stdout().lock(), "{text}");
    printed.map_err(|source| Failure::io("standard output", &source))?;
    let is_missed = report.floors().iter().any(|floor| !floor.is_reached);
    Ok(if is_missed && cli.options.enforce_floors {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
