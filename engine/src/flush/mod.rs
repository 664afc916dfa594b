//! From memory to parts, so that the log behind can go.
//!
//! ```text
//!   freeze   the active memtables become frozen; new rows go to new ones
//!   write    per table and window of time, one part
//!   publish  one manifest edit, then one state: parts in, frozen out (E-1)
//!   release  the log below flushed_lsn
//! ```
//!
//! A flush that fails has published nothing: its parts go, the memtables stay frozen, and the next
//! flush begins with them. When it is unknown whether the manifest reached the disk, which only a failed
//! sync of its directory leaves open, the parts stay until the next start.

mod policy;
mod window;
mod worker;

pub(crate) use policy::{Reason, due};
pub(crate) use window::{aligned, windows_of};
pub(crate) use worker::{Begun, flush, freeze_tables, retire, run, write_tables};
