//! Texts in one buffer.

use std::ops::Range;

/// Texts one after the other, with the offsets between them.
///
/// **Invariant:** there is one offset more than there are texts, they begin with 0, rise, end with
/// the length of `bytes` and lie between characters; `bytes` is UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextValues {
    /// Text `i` is `bytes[offsets[i]..offsets[i + 1]]`.
    pub offsets: Vec<u32>,
    /// All texts.
    pub bytes: Vec<u8>,
}

impl TextValues {
    /// Returns no texts. It allocates nothing: the first offset comes with the first text.
    pub const fn new() -> Self {
        Self {
            offsets: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Forgets all texts, keeping the memory.
    pub fn clear(&mut self) {
        self.offsets.clear();
        self.bytes.clear();
    }

    /// Returns the number of texts.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Tells whether there are no texts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a text; an empty one out of range.
    pub fn value(&self, index: usize) -> &str {
        std::str::from_utf8(self.value_bytes(index)).unwrap_or_default()
    }

    /// Returns the bytes of a text; none out of range. Cheaper than [`Self::value`].
    pub fn value_bytes(&self, index: usize) -> &[u8] {
        let bounds = self.offsets.get(index).zip(self.offsets.get(index + 1));
        bounds
            .and_then(|(start, end)| self.bytes.get(*start as usize..*end as usize))
            .unwrap_or_default()
    }

    /// Returns the texts one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.value(index))
    }

    /// Appends a text.
    ///
    /// # Panics
    /// When all texts together would be longer than 4 GiB.
    pub fn push(&mut self, text: &str) {
        self.push_bytes(text.as_bytes());
    }

    /// Appends empty texts.
    pub fn extend_empty(&mut self, count: usize) {
        let end = self.end();
        self.offsets.resize(self.offsets.len() + count, end);
    }

    /// Appends texts of another buffer.
    ///
    /// # Panics
    /// When the range reaches past the end, and as [`Self::push`].
    pub fn extend_from(&mut self, source: &Self, texts: Range<usize>) {
        if texts.is_empty() {
            return;
        }
        let offsets = source
            .offsets
            .get(texts.start..=texts.end)
            .expect(OUT_OF_RANGE);
        self.extend_from_slices(offsets, &source.bytes);
    }

    /// Appends the texts between `offsets` into `bytes`, which hold to this type's invariant.
    pub(crate) fn extend_from_slices(&mut self, offsets: &[u32], bytes: &[u8]) {
        let Some((first, ends)) = offsets.split_first() else {
            return;
        };
        let last = ends.last().unwrap_or(first);
        let before = self.end();
        let taken = bytes
            .get(*first as usize..*last as usize)
            .expect(OUT_OF_RANGE);
        self.bytes.extend_from_slice(taken);
        u32::try_from(self.bytes.len()).expect(TOO_LONG);
        self.offsets
            .extend(ends.iter().map(|end| end - first + before));
    }

    /// Appends bytes that are known to be UTF-8.
    pub(crate) fn push_bytes(&mut self, text: &[u8]) {
        self.end();
        self.bytes.extend_from_slice(text);
        self.offsets
            .push(u32::try_from(self.bytes.len()).expect(TOO_LONG));
    }

    /// Returns where the next text begins, and makes the first offset where there is none.
    fn end(&mut self) -> u32 {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        self.offsets.last().copied().unwrap_or(0)
    }
}

impl Default for TextValues {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> FromIterator<&'a str> for TextValues {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut values = Self::new();
        texts.into_iter().for_each(|text| values.push(text));
        values
    }
}

const OUT_OF_RANGE: &str = "the caller asks for texts that exist";
const TOO_LONG: &str = "memory budgets keep texts far below 4 GiB";
