//! The machine beneath pgAnalytics: disk, clock, entropy and process.
//!
//! Everything above takes these as traits, so that a test can replace the machine by a simulated
//! twin that is deterministic by its seed and fails on demand.
//!
//! | what | trait | real | simulated |
//! |---|---|---|---|
//! | files and directories | [`Disk`], [`File`] | [`RealDisk`] | [`SimDisk`]: power cuts, torn writes, lost syncs, bit rot, a full disk |
//! | time | [`Clock`] | [`RealClock`] | [`SimClock`]: stands still until it is told to move |
//! | random bytes | [`Entropy`] | [`OsEntropy`] | [`SimEntropy`]: a sequence given by its seed |
//!
//! Beside them: [`durable`] replaces whole small files so that a crash leaves the old or the new
//! one, [`MappedFile`] maps a file for commands that walk all of it, and [`ProcessUsage`],
//! [`memory_limit`], [`lower_thread_priority`] and [`raise_open_files_limit`] tell and change how this
//! process uses the machine.
//!
//! [`FailPoint`] names the moments at which a test may strike.
//!
//! It is not a runtime: nothing here spawns, waits or knows of `async`.
//! The byte and crash semantics are written down in `docs/internals/platform.md`.

mod clock;
mod disk;
pub mod durable;
mod entropy;
mod failpoint;
mod mapped;
mod memory;
mod process;
mod random;
mod wide;

pub use clock::{Clock, MonotonicNanos, RealClock, SimClock, UnixNanos};
#[cfg(any(test, feature = "contract"))]
pub use disk::contract;
pub use disk::{
    DirEntry, Disk, DiskError, DiskLock, Fault, File, Metadata, OpenMode, Operation, RealDisk,
    Rule, SimDisk, Strike,
};
pub use entropy::{Entropy, OsEntropy, SimEntropy};
pub use failpoint::FailPoint;
pub use mapped::MappedFile;
pub use memory::{available_memory, memory_limit};
pub use process::{ProcessUsage, lower_thread_priority, raise_open_files_limit};
pub use wide::{Wide, wide};
