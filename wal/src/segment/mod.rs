//! One file of the log: its name, its key, how it is made and how it is read.

mod begin;
mod key;
mod names;
mod open;
mod spare;
#[cfg(test)]
pub(crate) mod specimen;
mod walk;

pub(crate) use begin::{Beginning, begin};
pub(crate) use key::SegmentKey;
pub(crate) use names::{FileName, segment_path};
pub(crate) use open::{OpenSegment, read_header};
pub(crate) use spare::{is_zero, is_zero_file, make_spare};
pub(crate) use walk::{BadRecord, Fault, Found, WalkedBody, WalkedGroup, Walker};

#[cfg(test)]
mod tests;
