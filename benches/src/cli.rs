//! The call, as `--help` shows it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Measures a real server on generated data.
#[derive(Debug, Parser)]
#[command(name = "benches", version, about)]
#[command(
    after_help = "Example:\n  cargo build --release -p pganalytics -p benches\n  \
                        cargo run --release -p benches -- all --json > figures.json"
)]
pub(crate) struct Cli {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Everything below but soak, one after the other
    All,
    /// Durable ingest over QUIC: rows and values a second, acknowledged after fdatasync
    Ingest,
    /// Durable ingest for minutes on end: does anything pile up, and what does it cost, settled?
    Sustain,
    /// Latency of acks at a given rate, counted from when each batch was due
    Pace,
    /// Memory of the server over ten minutes of ingest at full speed; not part of all
    Soak,
    /// Other stores on the same rows: VictoriaMetrics, ClickHouse
    Peers,
    /// Bytes per value on disk of each data set, flushed and compacted
    Disk,
    /// Time from SIGKILL with a full log until the server serves again
    Restart,
    /// Latency of five queries over HTTP, every answer checked
    Queries,
    /// The least bytes per value that each data set could take; needs no server
    Entropy,
    /// Pieces of the store in this process: the log's group commit, writing and reading parts
    Codecs,
}

/// How to measure; the defaults are those of the published figures.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct Options {
    /// The server's program; by default the one built beside this one
    #[arg(long, global = true, value_name = "PROGRAM")]
    pub(crate) server: Option<PathBuf>,
    /// Where data lies, and stays; by default a temporary directory beside the programs
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Hours of the data set `cpu`; 12 are 4.32 million rows of 1 000 hosts
    #[arg(long, global = true, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub(crate) hours: u32,
    /// Hosts of the data set `cpu`
    #[arg(long, global = true, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) hosts: u32,
    /// Minutes of `statements` (5 000 rows each) and of `waits` (about 12 000 rows each)
    #[arg(long, global = true, default_value_t = 720, value_parser = clap::value_parser!(u32).range(1..=14_400))]
    pub(crate) other_minutes: u32,
    /// Which of all data sets of these shapes
    #[arg(long, global = true, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Connections that send at once
    #[arg(long, global = true, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) connections: u32,
    /// Rows of a batch
    #[arg(long, global = true, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rows_per_batch: u32,
    /// Batches under way at once on each connection
    #[arg(long, global = true, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(crate) in_flight: u32,
    /// MiB of batches that are built before the clock runs; more data is sent in several turns
    #[arg(long, global = true, default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=8_192))]
    pub(crate) slice_mib: u32,
    /// Seconds of sustain (120 without), pace (30) or soak (600); all gives each its own
    #[arg(long, global = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) seconds: Option<u32>,
    /// Rows a second of pace
    #[arg(long, global = true, default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub(crate) rate: u32,
    /// Rows a second of sustain; as fast as it goes without
    #[arg(long, global = true, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub(crate) sustain_rate: Option<u32>,
    /// MiB that the server is told to stay within in soak
    #[arg(long, global = true, default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(256..=1_048_576))]
    pub(crate) memory_mib: u32,
    /// Measure all without the other stores
    #[arg(long, global = true)]
    pub(crate) without_peers: bool,
    /// MiB of batches that are in the log, and in no part, when the server is killed
    #[arg(long, global = true, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    pub(crate) log_mib: u32,
    /// How often each query is asked, each time with other parameters
    #[arg(long, global = true, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) runs: u32,
    /// Print JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Exit with 1 when a floor is missed
    #[arg(long, global = true)]
    pub(crate) enforce_floors: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_call_is_sound_and_options_may_come_after_the_command() {
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["benches", "all", "--hours", "1", "--json"]).unwrap();
        assert_eq!((cli.command, cli.options.hours), (Command::All, 1));
        assert!(cli.options.json && !cli.options.enforce_floors);
        assert!(Cli::try_parse_from(["benches", "all", "--connections", "9"]).is_err());
    }
}
