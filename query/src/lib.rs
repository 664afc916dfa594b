//! SQL over the store: DataFusion plans and computes, a scan of our own reads.
//!
//! ```text
//!   Request ─▶ admission ─▶ statement (parse, allow, plan) ─▶ DataFusion operators ─▶ formats ─▶ Body
//!                                   │ session, catalog, functions        ▲
//!                                   ▼                                    │
//!                              store::Tables (one pinned View) ─▶ scan ──┘
//! ```
//! It is not a server: it speaks neither HTTP nor PostgreSQL's protocol, and knows no tokens.
//! A [`QueryEngine`] owns its threads from [`QueryEngine::new`] to [`QueryEngine::shutdown`].
//! Q-1: SQL reads only; see `statement` and `session` for the guards.

mod admission;
mod catalog;
mod environment;
mod error;
mod files;
mod formats;
mod functions;
mod metrics;
mod query_engine;
mod registry;
mod run;
mod runtime;
mod scan;
mod session;
mod settings;
mod statement;
mod store;
mod system;

pub use environment::{Environment, Now, ThreadStart};
pub use error::{Error, Limit};
pub use files::{FileRows, read_file};
pub use formats::Format;
pub use query_engine::QueryEngine;
pub use registry::QueryId;
pub use run::{Answer, Body, Request};
pub use settings::Settings;
pub use statement::Position;
pub use system::{Cell, CellType, SystemSource};
