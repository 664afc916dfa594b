//! Integers that lie packed in a frame, unpacked by the slice.

use std::ops::Range;

use crate::v1::packed::ArchivedIntegers;

/// Integers at even distances from a base: value `i` is `base + step · code[i]`.
///
/// **Invariant:** the codes have 0, 1, 2, 4 or 8 bytes each and are as many as there are rows; no
/// value lies outside 64 bits.
#[derive(Debug, Clone, Copy)]
pub struct IntegersView<'a> {
    base: i64,
    step: u64,
    width: u8,
    codes: &'a [u8],
    rows: usize,
}

impl<'a> IntegersView<'a> {
    pub(super) fn new(integers: &'a ArchivedIntegers, rows: usize) -> Self {
        Self {
            base: integers.base.to_native(),
            step: integers.step.to_native(),
            width: integers.width,
            codes: integers.codes.as_slice(),
            rows,
        }
    }

    /// Returns the number of values.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Tells whether there are no values.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Returns the value whose code is 0.
    pub const fn base(&self) -> i64 {
        self.base
    }

    /// Returns what one more in the code adds.
    pub const fn step(&self) -> u64 {
        self.step
    }

    /// Returns the bytes of a code: 0, 1, 2, 4 or 8.
    pub const fn width(&self) -> u8 {
        self.width
    }

    /// Returns the codes, little-endian, [`Self::width`] bytes each.
    pub const fn codes(&self) -> &'a [u8] {
        self.codes
    }

    /// Returns one code; 0 out of range.
    pub fn code(&self, row: usize) -> u64 {
        let width = usize::from(self.width);
        let bytes = self.codes.get(row * width..(row + 1) * width);
        let bytes = bytes.unwrap_or_default().iter().rev();
        bytes.fold(0, |code, byte| code << 8 | u64::from(*byte))
    }

    /// Returns one value; the base out of range.
    pub fn value(&self, row: usize) -> i64 {
        self.value_of(self.code(row))
    }

    /// Returns the least and the greatest value; nothing where there are none.
    ///
    /// Costs a pass over the codes.
    pub fn bounds(&self) -> Option<(i64, i64)> {
        let (least, most) = self.code_bounds()?;
        Some((self.value_of(least), self.value_of(most)))
    }

    /// Appends some values; those out of range are left out.
    pub fn extend_into(&self, rows: Range<usize>, out: &mut Vec<i64>) {
        let rows = rows.start.min(self.rows)..rows.end.min(self.rows);
        let width = usize::from(self.width);
        let codes = self.codes.get(rows.start * width..rows.end * width);
        let codes = codes.unwrap_or_default();
        match self.width {
            1 => out.extend(codes.iter().map(|code| self.value_of((*code).into()))),
            2 => out.extend(u16s(codes).map(|code| self.value_of(code.into()))),
            4 => out.extend(u32s(codes).map(|code| self.value_of(code.into()))),
            8 => out.extend(u64s(codes).map(|code| self.value_of(code))),
            _ => out.resize(out.len() + rows.len(), self.base),
        }
    }

    /// Appends the values of the rows that are named, in that order.
    pub fn gather_into(&self, rows: &[u32], out: &mut Vec<i64>) {
        fn picked<'c, const N: usize>(
            codes: &'c [u8],
            rows: &'c [u32],
        ) -> impl Iterator<Item = [u8; N]> {
            let (codes, _) = codes.as_chunks::<N>();
            rows.iter()
                .map(|row| codes.get(*row as usize).copied().unwrap_or([0; N]))
        }
        let codes = self.codes;
        match self.width {
            1 => out.extend(picked(codes, rows).map(|[code]| self.value_of(code.into()))),
            2 => out.extend(
                picked(codes, rows).map(|code| self.value_of(u16::from_le_bytes(code).into())),
            ),
            4 => out.extend(
                picked(codes, rows).map(|code| self.value_of(u32::from_le_bytes(code).into())),
            ),
            8 => {
                out.extend(picked(codes, rows).map(|code| self.value_of(u64::from_le_bytes(code))));
            }
            _ => out.resize(out.len() + rows.len(), self.base),
        }
    }

    /// Returns all values.
    pub fn to_vec(&self) -> Vec<i64> {
        let mut values = Vec::with_capacity(self.rows);
        self.extend_into(0..self.rows, &mut values);
        values
    }

    /// Returns all codes, where they are known to fit.
    pub fn to_codes(&self) -> Vec<u32> {
        let narrow = |code: u64| u32::try_from(code).unwrap_or(u32::MAX);
        match self.width {
            1 => self.codes.iter().map(|code| u32::from(*code)).collect(),
            2 => u16s(self.codes).map(u32::from).collect(),
            4 => u32s(self.codes).collect(),
            8 => u64s(self.codes).map(narrow).collect(),
            _ => vec![0; self.rows],
        }
    }

    /// Returns the least and the greatest code; nothing where there are no values.
    pub fn code_bounds(&self) -> Option<(u64, u64)> {
        fn bounds<T: Ord + Copy + Into<u64>>(
            codes: impl Iterator<Item = T> + Clone,
        ) -> Option<(u64, u64)> {
            Some((codes.clone().min()?.into(), codes.max()?.into()))
        }
        match self.width {
            _ if self.rows == 0 => None,
            1 => bounds(self.codes.iter().copied()),
            2 => bounds(u16s(self.codes)),
            4 => bounds(u32s(self.codes)),
            8 => bounds(u64s(self.codes)),
            _ => Some((0, 0)),
        }
    }

    /// Checks the invariant.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !matches!(self.width, 0 | 1 | 2 | 4 | 8) {
            return Err(format!("no integer is packed into {} bytes", self.width));
        }
        if self.rows.checked_mul(usize::from(self.width)) != Some(self.codes.len()) {
            let (bytes, rows) = (self.codes.len(), self.rows);
            return Err(format!(
                "{bytes} bytes are not {rows} values of {} bytes",
                self.width
            ));
        }
        let most = self.code_bounds().map_or(0, |(_, most)| most);
        let room = i64::MAX.abs_diff(self.base);
        match self.step.checked_mul(most) {
            Some(distance) if distance <= room => Ok(()),
            _ => Err("a value lies outside 64 bits".into()),
        }
    }

    /// Checks that these are codes as a reader takes them: from 0, by 1, less than `count`.
    pub(crate) fn check_codes(&self, count: usize) -> Result<(), String> {
        self.check()?;
        if self.base != 0 || self.step != 1 {
            return Err("codes begin at 0 and go up by 1".into());
        }
        let most = self.code_bounds().map_or(0, |(_, most)| most);
        if !self.is_empty() && most >= count as u64 {
            return Err(format!("a code lies outside its dictionary of {count}"));
        }
        Ok(())
    }

    const fn value_of(&self, code: u64) -> i64 {
        let distance = self.step.wrapping_mul(code).cast_signed();
        self.base.wrapping_add(distance)
    }
}

fn u16s(codes: &[u8]) -> impl Iterator<Item = u16> + Clone {
    let (codes, _) = codes.as_chunks::<2>();
    codes.iter().map(|code| u16::from_le_bytes(*code))
}

fn u32s(codes: &[u8]) -> impl Iterator<Item = u32> + Clone {
    let (codes, _) = codes.as_chunks::<4>();
    codes.iter().map(|code| u32::from_le_bytes(*code))
}

fn u64s(codes: &[u8]) -> impl Iterator<Item = u64> + Clone {
    let (codes, _) = codes.as_chunks::<8>();
    codes.iter().map(|code| u64::from_le_bytes(*code))
}
