//! The programs as a user meets them: real processes, real PostgreSQL, real sockets.
//!
//! One binary, so that the linker works once; a file per promise.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics, and whole programs live in the real file system"
)]

mod harness;

mod bad_input;
mod bad_start;
mod command_line;
mod connections;
mod crash;
mod damaged;
mod demo;
mod disk_full;
mod import;
mod markers;
mod outage;
mod restore;
mod statements;
mod system;
