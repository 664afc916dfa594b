//! The views that are read, a file each; each fills the built-in table of the same name.
//!
//! A column says since which version PostgreSQL has it and what it was called before; versions are
//! the server's, of `stat_statements` the extension's.

mod activity;
mod bgwriter;
mod checkpointer;
mod database;
mod statements;
mod wal;

pub(crate) use activity::ACTIVITY;
pub(crate) use bgwriter::BGWRITER;
pub(crate) use checkpointer::CHECKPOINTER;
pub(crate) use database::DATABASE;
pub(crate) use statements::{STATEMENTS, in_schema, origin_statement};
pub(crate) use wal::WAL;

#[cfg(test)]
mod tests;
