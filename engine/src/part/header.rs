//! The two ends of a part's file that are not sealed.
//!
//! ```text
//!  header                                    trailer
//!  offset bytes                              offset bytes
//!       0     4  magic "pgPT"                     0     8  offset of the footer
//!       4     2  version, 2                       8     4  length of the footer, sealed
//!       6     2  zero                            12     4  magic "pgPE"
//!       8    16  id of the part                  16
//!      24     4  number of the data key
//!      28     4  zero
//!      32    32  salt
//!      64    16  commitment to the file's key
//!      80
//! ```
//!
//! No bit of them can change unnoticed: the key follows from data key and salt, the commitment must
//! fit the key, the id stands in the sealed footer again, and the footer opens nowhere else.

use seal::{COMMITMENT_BYTES, DataKeyId, SALT_BYTES, Salt};

use super::PartId;
use super::id::PART_ID_BYTES;
use crate::encoding::{Damage, Input};

/// What stands at the beginning of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: PartId,
    pub(crate) data_key: DataKeyId,
    pub(crate) salt: Salt,
    pub(crate) commitment: [u8; COMMITMENT_BYTES],
}

/// What stands at the end of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trailer {
    pub(crate) footer_offset: u64,
    pub(crate) footer_bytes: u32,
}

impl Header {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(HEADER_MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&0u16.to_le_bytes());
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.data_key.0.to_le_bytes());
        bytes.extend_from_slice(&0u32.to_le_bytes());
        bytes.extend_from_slice(self.salt.as_bytes());
        bytes.extend_from_slice(&self.commitment);
        bytes
    }

    pub(crate) fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Damage> {
        let mut input = Input::new(bytes);
        if input.array()? != *HEADER_MAGIC {
            return Err(Damage("it does not begin like a part"));
        }
        if input.u16()? != VERSION {
            return Err(Damage("its version is not one that this program reads"));
        }
        let zero = u32::from(input.u16()?);
        let id = PartId::from_bytes(input.array::<PART_ID_BYTES>()?);
        let data_key = DataKeyId(input.u32()?);
        if zero | input.u32()? != 0 {
            return Err(Damage("a field of its header that must be zero is not"));
        }
        let salt = Salt::from_bytes(input.array::<SALT_BYTES>()?);
        Ok(Self {
            id,
            data_key,
            salt,
            commitment: input.array()?,
        })
    }
}

impl Trailer {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TRAILER_BYTES);
        bytes.extend_from_slice(&self.footer_offset.to_le_bytes());
        bytes.extend_from_slice(&self.footer_bytes.to_le_bytes());
        bytes.extend_from_slice(TRAILER_MAGIC);
        bytes
    }

    /// Reads the end of a file of this length.
    pub(crate) fn read(bytes: &[u8; TRAILER_BYTES], file_bytes: u64) -> Result<Self, Damage> {
        let mut input = Input::new(bytes);
        let (footer_offset, footer_bytes) = (input.u64()?, input.u32()?);
        if input.array()? != *TRAILER_MAGIC {
            return Err(Damage("it does not end like a part"));
        }
        let end = footer_offset.checked_add(u64::from(footer_bytes) + TRAILER_BYTES as u64);
        if end != Some(file_bytes) || footer_offset < HEADER_BYTES as u64 {
            return Err(Damage("its footer does not end where the file does"));
        }
        Ok(Self {
            footer_offset,
            footer_bytes,
        })
    }
}

/// Bytes of a [`Header`].
pub(crate) const HEADER_BYTES: usize = 80;
/// Bytes of a [`Trailer`].
pub(crate) const TRAILER_BYTES: usize = 16;

const HEADER_MAGIC: &[u8; 4] = b"pgPT";
const TRAILER_MAGIC: &[u8; 4] = b"pgPE";
const VERSION: u16 = 2;
