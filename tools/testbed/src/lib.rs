//! Throwaway PostgreSQL clusters, for tests and demonstrations.
//!
//! A [`Cluster`] is initialised in a temporary directory, listens on a free port of the loopback
//! address and on a Unix socket beside its data, and is gone when the value is dropped or the process
//! that made it dies, however it dies: a guard process waits for the end of a pipe.
//!
//! PostgreSQL refuses to run as root; there the cluster belongs to the system's `postgres` user.
//!
//! ```no_run
//! let cluster = testbed::Cluster::start(&testbed::Options::default())?;
//! println!("{}", cluster.sql("SELECT version()")?);
//! # Ok::<(), testbed::Error>(())
//! ```

mod account;
mod cluster;
mod error;
mod guard;
mod installation;
mod options;

pub use cluster::{Cluster, Shutdown};
pub use error::Error;
pub use installation::Installation;
pub use options::Options;
