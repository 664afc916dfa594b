//! Why there is no cluster.

use std::io;

/// What can go wrong with a throwaway cluster.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server binaries of a wanted version are installed.
    #[error(
        "no PostgreSQL server binaries found: install PostgreSQL or set PGANALYTICS_POSTGRES_BIN to \
         the directory that holds initdb and postgres"
    )]
    Missing,
    /// A program could not be started.
    #[error("cannot run {program}")]
    Start {
        /// Which program.
        program: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// A program ended with an error.
    #[error("{program} ended with an error: {output}")]
    Program {
        /// Which program.
        program: String,
        /// What it wrote, standard error and the server's log together.
        output: String,
    },
    /// A file or directory of the cluster could not be written.
    #[error("cannot prepare the cluster's directory")]
    Directory {
        /// What the operating system says.
        #[from]
        source: io::Error,
    },
}
