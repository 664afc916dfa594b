//! SQL over a real engine on a simulated disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]
mod differential;
mod harness;
mod import_files;
mod store;
mod system_tables;
