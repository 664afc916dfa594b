//! What the figures were measured on; a figure without its machine says nothing.

mod description;
mod sync;

use std::path::Path;

use serde::Serialize;

use crate::failure::{Failure, Outcome};
use crate::latency::Latency;

/// A machine, and the disk under the data directory.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) processor: String,
    /// Processors that this process may use.
    pub(crate) cores: usize,
    /// Memory that this process may use, in bytes.
    pub(crate) memory_bytes: u64,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// The file system under the data directory and the device that it is on.
    pub(crate) file_system: String,
    /// How long an `fdatasync` of a freshly written page takes there.
    pub(crate) fdatasync: Latency,
}

impl Machine {
    /// Describes this machine; writes and syncs a file in `data` for some tenths of a second.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn describe(data: &Path) -> Outcome<Self> {
        let unknown = || "unknown".to_owned();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            processor: description::processor().unwrap_or_else(unknown),
            cores,
            memory_bytes: platform::memory_limit()
                .map_err(|source| Failure::io("/proc/meminfo", &source))?,
            kernel: description::kernel().unwrap_or_else(unknown),
            file_system: description::file_system(data).unwrap_or_else(unknown),
            fdatasync: sync::measure(data)?,
        })
    }
}
