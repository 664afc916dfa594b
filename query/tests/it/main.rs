//! SQL over a real engine on a simulated disk.

mod differential;
mod harness;
mod import_files;
mod store;
mod system_tables;
