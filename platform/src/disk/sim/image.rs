//! The bytes of a file, sparse and shared between copies.
//!
//! A copy costs one pointer per page, so that a test can take the image of a disk after every
//! operation.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use super::span::{Piece, pieces};

/// What a disk writes at once: a power cut tears between sectors, never inside one.
pub(super) const SECTOR_BYTES: u64 = 512;

/// What a file system reserves at once.
pub(super) const PAGE_BYTES: u64 = 4096;

/// The bytes of one sector.
pub(super) type Sector = [u8; 512];

type Page = [u8; 4096];

/// Bytes by page; a page that is absent is a hole and reads as zeros.
///
/// Bytes beyond `len` inside the last page are zero, so that extending shows zeros.
#[derive(Clone, Default)]
pub(super) struct Image {
    len: u64,
    pages: BTreeMap<u64, Arc<Page>>,
}

impl Image {
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Returns the bytes that the pages occupy, holes left out.
    pub(super) fn allocated_bytes(&self) -> u64 {
        PAGE_BYTES * self.pages.len() as u64
    }

    pub(super) fn has_page(&self, page: u64) -> bool {
        self.pages.contains_key(&page)
    }

    /// Returns the numbers of the pages that lie, in part at least, at or after `offset`.
    pub(super) fn pages_from(&self, offset: u64) -> impl Iterator<Item = u64> {
        self.pages
            .range(offset / PAGE_BYTES..)
            .map(|(page, _)| *page)
    }

    /// Copies bytes out; what lies in holes or beyond the end is zero.
    pub(super) fn read(&self, mut out: &mut [u8], offset: u64) {
        for Piece {
            index,
            start,
            bytes,
        } in pieces(offset, out.len(), PAGE_BYTES)
        {
            let (head, tail) = out.split_at_mut(bytes);
            let page = self.pages.get(&index).unwrap_or(&ZEROS);
            head.copy_from_slice(page.split_at(start).1.split_at(bytes).0);
            out = tail;
        }
    }

    /// Writes bytes, extending the file where they reach beyond its end.
    pub(super) fn write(&mut self, mut bytes: &[u8], offset: u64) {
        self.len = self.len.max(offset + bytes.len() as u64);
        for Piece {
            index,
            start,
            bytes: count,
        } in pieces(offset, bytes.len(), PAGE_BYTES)
        {
            let (head, tail) = bytes.split_at(count);
            self.write_page(index, start, head);
            bytes = tail;
        }
    }

    /// Cuts the file, or extends it by a hole.
    pub(super) fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.pages.split_off(&len.div_ceil(PAGE_BYTES));
            if let Some(page) = self.pages.get_mut(&(len / PAGE_BYTES)) {
                let kept = usize::try_from(len % PAGE_BYTES).expect("a page is 4096 bytes");
                Arc::make_mut(page).split_at_mut(kept).1.fill(0);
            }
        }
        self.len = len;
    }

    /// Adds length and bytes to a fingerprint.
    pub(super) fn fingerprint(&self, hasher: &mut impl Hasher) {
        self.len.hash(hasher);
        for (index, page) in &self.pages {
            index.hash(hasher);
            hasher.write(&page[..]);
        }
    }

    pub(super) fn sector(&self, index: u64) -> Sector {
        let mut sector = [0; 512];
        self.read(&mut sector, index * SECTOR_BYTES);
        sector
    }

    /// Writes a whole sector; the caller sets the length afterwards.
    pub(super) fn set_sector(&mut self, index: u64, sector: &Sector) {
        self.write(sector, index * SECTOR_BYTES);
    }

    fn write_page(&mut self, index: u64, start: usize, bytes: &[u8]) {
        let page = self
            .pages
            .entry(index)
            .or_insert_with(|| Arc::clone(&ZEROS));
        // A log fills its segments with zeros ahead: one page in memory stands for all of them.
        if page.split_at(start).1.starts_with(bytes) {
            return;
        }
        let rest = Arc::make_mut(page).split_at_mut(start).1;
        rest.split_at_mut(bytes.len()).0.copy_from_slice(bytes);
    }
}

impl Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

static ZEROS: LazyLock<Arc<Page>> = LazyLock::new(|| Arc::new([0; 4096]));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Write { offset: u64, bytes: Vec<u8> },
        SetLen(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let write = (0u64..10_000, proptest::collection::vec(0u8..3, 0..9000))
            .prop_map(|(offset, bytes)| Step::Write { offset, bytes });
        proptest::collection::vec(
            prop_oneof![write, (0u64..20_000).prop_map(Step::SetLen)],
            0..12,
        )
    }

    proptest! {
        #[test]
        fn image_is_a_vector_of_bytes(steps in steps()) {
            let (mut image, mut model) = (Image::default(), Vec::new());
            for step in steps {
                match step {
                    Step::Write { offset, bytes } => {
                        let start = usize::try_from(offset).unwrap();
                        let end = start + bytes.len();
                        if !bytes.is_empty() {
                            model.resize(model.len().max(end), 0);
                            model[start..end].copy_from_slice(&bytes);
                            image.write(&bytes, offset);
                        }
                    }
                    Step::SetLen(len) => {
                        model.resize(usize::try_from(len).unwrap(), 0);
                        image.set_len(len);
                    }
                }
                let mut out = vec![9; model.len()];
                image.read(&mut out, 0);
                prop_assert_eq!(&out, &model);
                prop_assert_eq!(image.len(), model.len() as u64);
            }
        }
    }

    #[test]
    fn copy_does_not_see_later_writes() {
        let mut image = Image::default();
        image.write(b"old", 4094);
        let copy = image.clone();
        image.write(b"new", 4094);
        let mut out = [0; 3];
        copy.read(&mut out, 4094);
        assert_eq!(&out, b"old");
    }

    #[test]
    fn holes_are_not_allocated_and_zeros_are() {
        let mut image = Image::default();
        image.set_len(1 << 40);
        assert_eq!(image.allocated_bytes(), 0);
        image.write(&[0; 8192], 0);
        assert_eq!(image.allocated_bytes(), 8192);
    }
}
