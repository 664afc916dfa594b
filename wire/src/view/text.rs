//! Texts in one buffer, and codes into them.

use super::IntegersView;
use crate::v1::packed::ArchivedPackedText;

/// Texts in one buffer.
#[derive(Debug, Clone, Copy)]
pub struct TextView<'a> {
    offsets: &'a [u32],
    text: &'a [u8],
}

impl<'a> TextView<'a> {
    pub(super) fn new(text: &'a ArchivedPackedText) -> Self {
        Self {
            offsets: bytemuck::cast_slice(text.offsets.as_slice()),
            text: text.bytes.as_slice(),
        }
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Tells whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the offsets: one more than there are values.
    pub fn offsets(&self) -> &'a [u32] {
        self.offsets
    }

    /// Returns all values one after the other.
    pub fn bytes(&self) -> &'a [u8] {
        self.text
    }

    /// Returns one value; an empty text for an index out of range or bytes that were not validated.
    pub fn value(&self, index: usize) -> &'a str {
        let bounds = self.offsets.get(index).zip(self.offsets.get(index + 1));
        let bytes = bounds.and_then(|(start, end)| self.text.get(*start as usize..*end as usize));
        bytes
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

/// Codes into distinct texts.
#[derive(Debug, Clone, Copy)]
pub struct DictionaryView<'a> {
    /// A code for each row; of a null row any number.
    pub codes: IntegersView<'a>,
    /// The distinct values.
    pub values: TextView<'a>,
}
