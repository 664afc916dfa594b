//! Connections to PostgreSQL, as libpq understands their URLs.
//!
//! ```text
//!   URL ──▶ Target{ Config, Encryption rules, password source }
//!             └─ connect ──▶ Connection (client + its task) ──▶ Session (permit, settings, versions)
//! ```
//!
//! A [`Connection`] is any connection; a session is one of the collector's own, with timeouts on the
//! server's side and at most two for an instance.

mod connect;
mod encryption;
mod password;
mod pgpass;
mod session;
mod target;
mod verifier;

pub use connect::{Connection, connect};
pub use target::Target;
pub use tokio_postgres::{Client, Error as ClientError};

pub(crate) use password::PasswordSource;
pub(crate) use session::{Limits, Permits, ResultSet, Session};
pub(crate) use verifier::provider;
