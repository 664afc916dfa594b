//! The machine on which an instance runs, from procfs: processors, memory, block devices.
//!
//! Pure parsing into rows of a [`Reading`](crate::sample::reading::Reading), one file per table; the
//! files are read here. Counters become increases as those of PostgreSQL do; the machine's start is
//! their origin.

mod cpu;
mod disk;
mod memory;
mod procfs;
mod row;

pub(crate) use procfs::{Procfs, host_name};

use crate::sample::reading::Reading;
use crate::sample::view::View;

/// A table of the machine: which view it fills and how its rows are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostTable {
    /// The table and its columns.
    pub(crate) view: &'static View,
    /// Reads rows from the texts of procfs.
    pub(crate) read: fn(&Procfs, host: &str) -> Reading,
}

/// Every table of the machine.
pub(crate) static HOST_TABLES: [HostTable; 3] = [cpu::TABLE, memory::TABLE, disk::TABLE];

#[cfg(test)]
mod tests;
