//! The bytes of the log: a segment's header, a record's header, groups and bodies.
//!
//! ```text
//!  segment ┌──────────────┐ 0
//!          │ header       │
//!          ├──────────────┤ 4096                     = base lsn
//!          │ group record │ the list of the bodies behind it, sealed
//!          │ body record  │ a payload, sealed
//!          │ body record  │
//!          ├──────────────┤
//!          │ group record │ without bodies: an idle marker
//!          ├──────────────┤                          = end lsn
//!          │ zeros        │
//!          └──────────────┘ segment_bytes
//! ```
//!
//! Nothing here touches a disk. The tables are repeated in `docs/internals/log.md`.

pub(crate) mod body;
mod fields;
pub(crate) mod group;
pub(crate) mod record_header;
pub(crate) mod segment_header;
pub(crate) mod trailer;

pub(crate) use fields::Fields;
pub(crate) use record_header::{RECORD_HEADER_BYTES, RecordHeader, RecordKind};
pub(crate) use segment_header::{SEGMENT_HEADER_BYTES, SegmentHeader};
pub(crate) use trailer::{record_bytes, write_trailer};

#[cfg(test)]
mod tests;
