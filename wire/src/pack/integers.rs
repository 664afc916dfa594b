//! Integers as codes of few bytes.

use crate::v1::packed::Integers;

impl Integers {
    /// Packs integers that all have a meaning.
    pub(crate) fn pack(values: &[i64]) -> Self {
        Self::of(values, |_| true, Divisors::Looked)
    }

    /// Packs integers of which only those of valid rows have a meaning.
    pub(crate) fn pack_valid(values: &[i64], is_valid: impl Fn(usize) -> bool) -> Self {
        Self::of(values, is_valid, Divisors::Looked)
    }

    /// Packs the bits of doubles, which have no divisor worth looking for.
    pub(crate) fn pack_bits(values: &[f64], is_valid: impl Fn(usize) -> bool) -> Self {
        let bits: Vec<i64> = values.iter().map(|v| v.to_bits().cast_signed()).collect();
        Self::of(&bits, is_valid, Divisors::Not)
    }

    /// Packs numbers from 0.
    pub(crate) fn pack_codes(values: &[u32], is_valid: impl Fn(usize) -> bool) -> Self {
        let values: Vec<i64> = values.iter().map(|code| i64::from(*code)).collect();
        // Codes begin at 0 and go up by 1, so that a reader may take them as they are.
        let most = values.iter().enumerate().filter(|(row, _)| is_valid(*row));
        let most = most.map(|(_, code)| *code).max().unwrap_or(0);
        Self::with(&values, is_valid, 0, 1, most.cast_unsigned())
    }

    fn of(values: &[i64], is_valid: impl Fn(usize) -> bool, divisors: Divisors) -> Self {
        let mut valid = values.iter().enumerate().filter(|(row, _)| is_valid(*row));
        let Some((_, first)) = valid.next() else {
            return Self::with(values, |_| false, 0, 1, 0);
        };
        let (least, most) = valid.fold((*first, *first), |(least, most), (_, value)| {
            (least.min(*value), most.max(*value))
        });
        let range = most.wrapping_sub(least).cast_unsigned();
        let step = match divisors {
            Divisors::Looked if range > u64::from(u8::MAX) => divisor(values, &is_valid, least),
            Divisors::Looked | Divisors::Not => 1,
        };
        Self::with(values, is_valid, least, step, range / step)
    }

    /// Writes codes, none of which is more than `most`; those of rows that are not valid are 0.
    fn with(
        values: &[i64],
        is_valid: impl Fn(usize) -> bool,
        base: i64,
        step: u64,
        most: u64,
    ) -> Self {
        let width = width_of(most);
        let mut codes = Vec::with_capacity(values.len() * usize::from(width));
        if width > 0 {
            for (row, value) in values.iter().enumerate() {
                let distance = value.wrapping_sub(base).cast_unsigned();
                let code = match (is_valid(row), step) {
                    (false, _) => 0,
                    (true, 1) => distance,
                    (true, step) => distance / step,
                };
                let bytes = code.to_le_bytes();
                codes.extend_from_slice(bytes.get(..usize::from(width)).unwrap_or_default());
            }
        }
        Self {
            base,
            step,
            width,
            codes,
        }
    }
}

/// Whether a common divisor of the distances is looked for.
#[derive(Debug, Clone, Copy)]
enum Divisors {
    Looked,
    Not,
}

/// Returns the greatest common divisor of all distances from the least value; at least 1.
fn divisor(values: &[i64], is_valid: &impl Fn(usize) -> bool, least: i64) -> u64 {
    let mut divisor = 0;
    for (row, value) in values.iter().enumerate() {
        let distance = value.wrapping_sub(least).cast_unsigned();
        // Mostly the divisor holds already, and one remainder shows it.
        if !is_valid(row) || (divisor > 0 && distance.is_multiple_of(divisor)) {
            continue;
        }
        divisor = greatest_common(divisor, distance);
        if divisor == 1 {
            break;
        }
    }
    divisor.max(1)
}

fn greatest_common(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

const fn width_of(most: u64) -> u8 {
    match most {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::v1::packed::Integers;

    fn unpacked(packed: &Integers, rows: usize) -> Vec<i64> {
        let width = usize::from(packed.width);
        let code = |row: usize| {
            let mut bytes = [0; 8];
            bytes[..width].copy_from_slice(&packed.codes[row * width..(row + 1) * width]);
            u64::from_le_bytes(bytes)
        };
        let value = |row| {
            let distance = packed.step.wrapping_mul(code(row)).cast_signed();
            packed.base.wrapping_add(distance)
        };
        (0..rows).map(value).collect()
    }

    #[test]
    fn what_lies_close_or_evenly_takes_few_bytes() {
        let width = |values: &[i64]| Integers::pack(values).width;
        assert_eq!(width(&[]), 0);
        assert_eq!(width(&[7, 7]), 0);
        assert_eq!(width(&[-100, 155]), 1);
        assert_eq!(width(&[-100, -99, 156]), 2);
        assert_eq!(width(&[0, 10_000_000_000, 40_000_000_000]), 1);
        assert_eq!(width(&[0, 10_000_000_000, 40_000_000_001]), 8);
        assert_eq!(width(&[i64::MIN, i64::MAX]), 1);
        assert_eq!(width(&[i64::MIN, 0, i64::MAX]), 8);
    }

    #[test]
    fn rows_without_a_value_do_not_widen_the_others() {
        let packed = Integers::pack_valid(&[1_000, 0, 1_001], |row| row != 1);
        assert_eq!((packed.base, packed.width), (1_000, 1));
    }

    proptest! {
        #[test]
        fn integers_come_back(
            values in prop::collection::vec(any::<i64>(), 0..40),
            shift in 0u32..64,
            step in 1i64..5_000_000_000,
        ) {
            let even: Vec<i64> = values.iter().map(|v| (v >> shift).wrapping_mul(step)).collect();
            prop_assert_eq!(unpacked(&Integers::pack(&even), even.len()), even);
            prop_assert_eq!(unpacked(&Integers::pack(&values), values.len()), values);
        }
    }
}
