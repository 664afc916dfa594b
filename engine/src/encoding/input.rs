//! Reads encoded bytes from front to back; asking for more than there is is damage.

use super::Damage;

/// The bytes of a page that were not decoded yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Takes the next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(TOO_SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes the next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(TOO_SHORT)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Damage> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Damage> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Damage> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Damage> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Damage> {
        self.array().map(i64::from_le_bytes)
    }

    /// Takes a number of seven bits a byte, the lowest first; all bytes but the last have bit 7.
    pub(crate) fn varint(&mut self) -> Result<u64, Damage> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage("a number does not end"))
    }

    /// Takes a number of things, refusing more than `most`, before anything is allocated for them.
    pub(crate) fn count(&mut self, most: usize) -> Result<usize, Damage> {
        let count = self.u32()? as usize;
        if count > most {
            return Err(Damage("it counts more than the page has rows"));
        }
        Ok(count)
    }

    /// Returns what was not taken.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Checks that everything was taken.
    pub(crate) fn finish(self) -> Result<(), Damage> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Damage("bytes are left over"))
    }
}

/// Appends a count as [`Input::count`] reads it.
pub(crate) fn push_count(out: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).expect("a page counts nothing beyond its rows and bytes");
    out.extend_from_slice(&count.to_le_bytes());
}

/// Appends a number as [`Input::varint`] reads it.
pub(super) fn push_varint(out: &mut Vec<u8>, number: u64) {
    let mut rest = number;
    while rest >= 0x80 {
        out.extend((rest & 0x7f | 0x80).to_le_bytes().first());
        rest >>= 7;
    }
    out.extend(rest.to_le_bytes().first());
}

const TOO_SHORT: Damage = Damage("it ends too early");
