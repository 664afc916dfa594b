//! Every command and its options, as `--help` shows them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A time-series store for watching PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "pganalytics", version, about, propagate_version = true)]
#[command(
    after_help = "Example:\n  pganalytics demo            everything in one command, to look around\n  pganalytics server          serve from ./pganalytics-data"
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Server, collector and a PostgreSQL to watch, in one command
    #[command(after_help = "Example:\n  pganalytics demo --seconds 60")]
    Demo(Demo),
    /// Serve
    #[command(
        after_help = "Example:\n  pganalytics server --data /var/lib/pganalytics --http 127.0.0.1:8080"
    )]
    Server(Server),
    /// Ask in SQL; without a query, an interactive prompt
    #[command(
        after_help = "Example:\n  pganalytics sql \"SELECT * FROM stat_activity ORDER BY time DESC LIMIT 5\""
    )]
    Sql(Sql),
    /// Send Parquet or CSV files as a collector would
    #[command(
        after_help = "Example:\n  pganalytics import cpu.parquet --table cpu --time time --tags host,region --data ./pganalytics-data"
    )]
    Import(Import),
    /// Register, list and revoke collectors
    #[command(
        subcommand,
        after_help = "Example:\n  pganalytics collector register collector-1 --instances 'orders-*'"
    )]
    Collector(Collector),
    /// Make, list and revoke tokens
    #[command(
        subcommand,
        after_help = "Example:\n  pganalytics token create --role reader --name grafana --expires 365d"
    )]
    Token(Token),
    /// Take, list and verify backups
    #[command(
        subcommand,
        after_help = "Example:\n  pganalytics backup verify --to file:///var/backups/pganalytics --level full"
    )]
    Backup(Backup),
    /// Make a new data directory as it was at a point in time
    #[command(
        after_help = "Example:\n  pganalytics restore --from file:///var/backups/pganalytics --data ./restored --at 2026-11-22T10:00:00Z"
    )]
    Restore(Restore),
    /// List tables and change their retention or mode
    #[command(
        subcommand,
        after_help = "Example:\n  pganalytics table set stat_activity retention=30d"
    )]
    Table(Table),
    /// Flush memtables, merge parts
    #[command(
        subcommand,
        after_help = "Example:\n  pganalytics maintenance flush --wait"
    )]
    Maintenance(Maintenance),
    /// Check every byte of a data directory, offline
    #[command(after_help = "Example:\n  pganalytics verify --data ./pganalytics-data")]
    Verify(Verify),
    /// Show what is in a file of the data directory
    #[command(
        subcommand,
        after_help = "Example:\n  pganalytics inspect wal ./pganalytics-data/wal/00000000000000000001.log"
    )]
    Inspect(Inspect),
    /// Check or show the configuration
    #[command(
        subcommand,
        after_help = "Example:\n  pganalytics config check /etc/pganalytics.toml"
    )]
    Config(Config),
}

/// How to reach a server.
#[derive(Debug, Clone, Args)]
pub(crate) struct Remote {
    /// The server's address, such as http://127.0.0.1:8080
    #[arg(long, env = "PGANALYTICS_URL")]
    pub(crate) url: Option<String>,
    /// A bearer token
    #[arg(long, env = "PGANALYTICS_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The data directory of a server on this machine, from which address and token are read
    #[arg(long, default_value = "./pganalytics-data")]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// End by itself after so many seconds
    #[arg(long)]
    pub(crate) seconds: Option<u64>,
    /// Keep the data here instead of in a temporary directory
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Watch this PostgreSQL instead of starting one
    #[arg(long)]
    pub(crate) postgres: Option<String>,
    /// The address of the HTTP door
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) http: String,
}

#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Configuration file, TOML
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// The data directory
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Address of the HTTP door; port 0 takes a free one
    #[arg(long)]
    pub(crate) http: Option<String>,
    /// Address of the collectors' door
    #[arg(long)]
    pub(crate) quic: Option<String>,
    /// Address of the PostgreSQL door
    #[arg(long)]
    pub(crate) pgwire: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Jsonl,
    Csv,
    Arrow,
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct Sql {
    /// The query
    pub(crate) query: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// The format of the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Write the answer to a file
    #[arg(long)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Parquet or CSV files
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The table to fill
    #[arg(long)]
    pub(crate) table: String,
    /// The column that holds the time
    #[arg(long)]
    pub(crate) time: String,
    /// The columns that identify a series, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) tags: Vec<String>,
    /// Keep every row, also of equal series and time
    #[arg(long)]
    pub(crate) append_only: bool,
    /// The server's QUIC address, HOST:PORT; the token names it otherwise
    #[arg(long)]
    pub(crate) server: Option<String>,
    /// A writer's token
    #[arg(long, env = "PGANALYTICS_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The data directory of a server on this machine, from which the token is read
    #[arg(long, default_value = "./pganalytics-data")]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Collector {
    /// Register a collector and print its enrolment token, once
    Register {
        /// Its name
        name: String,
        /// Instances it may write: names, or prefixes followed by *
        #[arg(long, value_delimiter = ',')]
        instances: Vec<String>,
        /// HOST:PORT under which it reaches the server
        #[arg(long)]
        address: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// List collectors
    List {
        #[command(flatten)]
        remote: Remote,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a collector
    Revoke {
        /// Its name
        name: String,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token and print it, once
    Create {
        /// reader, writer, operator or admin
        #[arg(long)]
        role: String,
        /// A name for lists
        #[arg(long, default_value = "")]
        name: String,
        /// How long it is good for, such as 30d
        #[arg(long)]
        expires: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// List tokens, without their secrets
    List {
        #[command(flatten)]
        remote: Remote,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token
    Revoke {
        /// Its id
        id: String,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Take a backup of a running server
    Create {
        /// Store and check every part again
        #[arg(long)]
        full: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// List the backups of a repository
    List {
        #[command(flatten)]
        repository: Repository,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Verify a repository, or one backup of it
    Verify {
        /// The backup; all without
        id: Option<String>,
        /// metadata, exists or full
        #[arg(long, default_value = "exists")]
        level: String,
        #[command(flatten)]
        repository: Repository,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// A backup repository and the key that opens it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Repository {
    /// s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///dir
    #[arg(long)]
    pub(crate) to: String,
    /// The master key: file:PATH, env:NAME or command:LINE
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// The data directory whose master.key is used when --key is not given
    #[arg(long, default_value = "./pganalytics-data")]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The repository
    #[arg(long)]
    pub(crate) from: String,
    /// The new data directory; must not exist or be empty
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// latest, a time (commit time, inclusive), lsn:N, or the id of a backup
    #[arg(long, default_value = "latest")]
    pub(crate) at: String,
    /// The master key: file:PATH, env:NAME or command:LINE
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Print what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Table {
    /// List tables
    List {
        #[command(flatten)]
        remote: Remote,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a table's columns
    Show {
        /// Its name
        table: String,
        #[command(flatten)]
        remote: Remote,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a table: retention=90d, retention=none, append_only=true
    Set {
        /// Its name
        table: String,
        /// KEY=VALUE
        #[arg(required = true)]
        changes: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Delete the rows of a stretch of time; what is written later stays
    #[command(
        after_help = "Example:\n  pganalytics table delete cpu --from 2026-01-01 --to 2026-02-01 --where \"host = 'a'\" --dry-run"
    )]
    Delete {
        /// The table's name
        table: String,
        /// The first moment, such as 2026-01-31 or 2026-01-31T12:00:00Z
        #[arg(long, value_name = "TIME")]
        from: String,
        /// The first moment after
        #[arg(long, value_name = "TIME")]
        to: String,
        /// Only rows with these tags: tag = value AND …
        #[arg(long = "where", value_name = "TAGS")]
        tags: Option<String>,
        /// Count the rows and delete none
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Maintenance {
    /// Write memtables to parts
    Flush {
        /// Return when done
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Merge parts
    Compact {
        /// Return when done
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The data directory
    #[arg(long, default_value = "./pganalytics-data")]
    pub(crate) data: PathBuf,
    /// The master key: file:PATH, env:NAME or command:LINE
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A file to look into.
#[derive(Debug, Args)]
pub(crate) struct InspectFile {
    /// The file
    pub(crate) path: PathBuf,
    /// The master key: file:PATH, env:NAME or command:LINE; default: master.key two levels up
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Inspect {
    /// A segment of the log
    Wal(InspectFile),
    /// A part of a table
    Part(InspectFile),
    /// A manifest
    Manifest(InspectFile),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check a configuration file
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print what is in force: defaults, file and environment
    Show {
        /// Configuration file, TOML
        #[arg(long)]
        config: Option<PathBuf>,
    },
}
