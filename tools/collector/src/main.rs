//! `pganalytics-collector`: the agent beside PostgreSQL.

mod command;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

use command::{Arguments, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    command::log_to_standard_error();
    let outcome = match arguments.command {
        Command::Run { config } => command::run(&config).await,
        Command::Test { config } => command::test(&config).await,
    };
    outcome.unwrap_or_else(|error| command::explain(&error))
}
