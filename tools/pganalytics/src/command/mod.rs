//! One file per command; this one only sends each call to its file.

mod backup;
mod collector;
mod config;
mod import;
mod inspect;
mod key;
mod maintenance;
mod prompt;
mod restore;
mod server;
mod sql;
mod table;
mod token;
mod verify;

use std::future::Future;

use crate::cli::{Cli, Command};
use crate::demo;
use crate::failure::{Failure, Outcome};

/// Runs a call.
pub(crate) fn run(cli: Cli) -> Outcome {
    match cli.command {
        Command::Demo(call) => block_on(demo::run(call)),
        Command::Server(call) => block_on(server::run(call)),
        Command::Sql(call) => block_on(sql::run(call)),
        Command::Import(call) => block_on(import::run(call)),
        Command::Collector(call) => block_on(collector::run(call)),
        Command::Token(call) => block_on(token::run(call)),
        Command::Backup(call) => block_on(backup::run(call)),
        Command::Restore(call) => block_on(restore::run(call)),
        Command::Table(call) => block_on(table::run(call)),
        Command::Maintenance(call) => block_on(maintenance::run(call)),
        Command::Verify(call) => verify::run(&call),
        Command::Inspect(call) => inspect::run(&call),
        Command::Config(call) => config::run(&call),
    }
}

fn block_on(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("pganalytics")
        .build()
        .map_err(|error| Failure::new(error, "the machine is out of threads or memory"))?;
    runtime.block_on(work)
}
