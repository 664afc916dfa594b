//! Parts: immutable files of rows, sorted by series and time.
//!
//! ```text
//!   header │ row group 0                              │ row group 1 … │ footer │ trailer
//!          │ times      │ field 0    │ field 1    …   │               │ sealed │
//!          │ page page… │ page page… │ page page…     │               │        │
//! ```
//!
//! A [`PartWriter`] takes rows in order and writes once; a [`Part`] reads pages by number through a
//! [`PageCache`]. Tags are stored once per series, in the [`Directory`]; a page of values that
//! follow from its [`PageStatistics`] has no bytes at all. Every page is sealed for its place (S-1,
//! S-2), and one that does not open is quarantined and named (E-4).
//!
//! A field whose values follow from another's may be stored by what that one does not tell
//! (`relations`).
//!
//! A part knows nothing of other parts, of memory or of the log: who wins where two rows have the
//! same series and time is decided above.
//!
//! The format is written down in `docs/internals/part.md`.

mod cache;
mod description;
mod directory;
mod directory_builder;
mod files;
mod footer;
mod front_coding;
mod group;
mod header;
mod heat;
mod id;
mod load;
mod open;
#[expect(
    clippy::module_inception,
    reason = "the type that the module is named after"
)]
mod part;
mod part_file;
mod quarantine;
mod relations;
mod statistics;
mod unfinished;
mod verify;
mod writer;

pub use cache::{PageCache, PageCacheUsage};
pub use description::{PartDescription, PartEnvironment, PartMeta, WriterSettings};
pub use directory::Directory;
pub use footer::PageEntry;
pub use heat::Heat;
pub use id::PartId;
pub(crate) use open::Opened;
pub use part::Part;
pub(crate) use part_file::PartFile;
pub use quarantine::QuarantinedPage;
pub use statistics::{PageStatistics, Value};
pub use verify::Verification;
pub use writer::PartWriter;

pub use crate::encoding::{Effort, Encoding};

/// A column of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageColumn {
    /// The times.
    Time,
    /// A field, by its position among the part's fields.
    Field(usize),
}

impl PageColumn {
    /// Returns the number on disk: 0 for the times, from 1 for the fields.
    fn number(self) -> u32 {
        match self {
            Self::Time => 0,
            Self::Field(field) => u32::try_from(field + 1).expect("columns_max is far below 2^32"),
        }
    }
}

/// What a fuzzer needs of the format.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing {
    pub(crate) use super::footer::Footer;
    pub(crate) use super::group::{footer_place, page_place};
    pub(crate) use super::header::{HEADER_BYTES, Header, Trailer};
    pub(crate) use super::open::open;
}

#[cfg(test)]
mod tests;
