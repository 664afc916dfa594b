//! Series: the distinct tag tuples of a table.
//!
//! Each tag has a [`Dictionary`] of its values; a series is a tuple of codes and has a number of its
//! own, in order of arrival. Numbers and codes live in memory only: parts carry the tags themselves,
//! and the index is built again from them at every start.

mod dictionary;
mod index;
mod order;

pub(crate) use dictionary::{Dictionary, VALUE_BYTES};
pub(crate) use index::{CODE_BYTES, Inner as SeriesTable, SERIES_BYTES, SeriesIndex};
pub(crate) use order::SeriesOrder;

/// The number of a series within its table, in order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SeriesId(pub(crate) u32);

impl SeriesId {
    /// Returns the number as an index.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Stands for a tag that is null.
pub(crate) const NULL_CODE: u32 = u32::MAX;

#[cfg(test)]
mod tests;
