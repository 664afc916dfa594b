//! Where a page belongs, as the associated data that it is sealed with (S-2).
//!
//! ```text
//!  offset bytes
//!       0    12  "pga/place/v1"
//!      12    32  salt of the file
//!      44     2  kind of the file
//!      46     2  section: what the page is within its file, numbered by the owner of the format
//!      48     4  group
//!      52     4  column
//!      56     8  ordinal
//!      64     8  length of the plaintext in bytes
//!      72
//! ```

use crate::{FileKind, Salt};

/// The one place where a page opens.
///
/// S-2: a page that is moved, swapped with another, cut or spliced into another file meets another
/// place than it was sealed with, and does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Salt in the header of the file: which file.
    pub salt: Salt,
    /// Kind of the file.
    pub kind: FileKind,
    /// What the page is within its file: data, footer, index. Numbered by the format.
    pub section: u16,
    /// Row group, or zero.
    pub group: u32,
    /// Column, or zero.
    pub column: u32,
    /// Number of the page within all of the above.
    pub ordinal: u64,
}

impl Place {
    /// Returns the first page of a section.
    #[must_use]
    pub const fn new(kind: FileKind, salt: Salt, section: u16) -> Self {
        Self {
            salt,
            kind,
            section,
            group: 0,
            column: 0,
            ordinal: 0,
        }
    }

    /// Returns the same place in another row group.
    #[must_use]
    pub const fn in_group(self, group: u32) -> Self {
        Self { group, ..self }
    }

    /// Returns the same place in another column.
    #[must_use]
    pub const fn in_column(self, column: u32) -> Self {
        Self { column, ..self }
    }

    /// Returns the page with this number at the same place.
    #[must_use]
    pub const fn page(self, ordinal: u64) -> Self {
        Self { ordinal, ..self }
    }

    /// Returns the associated data for a plaintext of `plain_bytes` here.
    pub(crate) fn associated_data(&self, plain_bytes: usize) -> Vec<u8> {
        let mut aad = Vec::with_capacity(PLACE_BYTES);
        aad.extend_from_slice(PLACE_MAGIC);
        aad.extend_from_slice(self.salt.as_bytes());
        aad.extend_from_slice(&self.kind.code().to_le_bytes());
        aad.extend_from_slice(&self.section.to_le_bytes());
        aad.extend_from_slice(&self.group.to_le_bytes());
        aad.extend_from_slice(&self.column.to_le_bytes());
        aad.extend_from_slice(&self.ordinal.to_le_bytes());
        aad.extend_from_slice(&(plain_bytes as u64).to_le_bytes());
        assert_eq!(
            aad.len(),
            PLACE_BYTES,
            "S-2: the encoding of a place has one length"
        );
        aad
    }
}

const PLACE_MAGIC: &[u8; 12] = b"pga/place/v1";
const PLACE_BYTES: usize = 72;
