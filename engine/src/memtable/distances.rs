//! Distances from a base, in as few bytes as the largest needs.

use std::ops::Range;

use wire::IntegersView;

/// One distance a row.
#[derive(Debug)]
pub(super) enum Distances {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Distances {
    /// Returns the distances of values from a base, or `most` where they are more, as those of nulls
    /// may be; nothing where four bytes are not enough.
    pub(super) fn of(values: &[i64], base: i64, most: u64) -> Option<Self> {
        Some(match most {
            0..=0xff => Self::One(narrowed(values, base, most)),
            0x100..=0xffff => Self::Two(narrowed(values, base, most)),
            0x1_0000..=0xffff_ffff => Self::Four(narrowed(values, base, most)),
            _ => return None,
        })
    }

    /// Returns room for so many distances of at most `most`; nothing where four bytes are not enough.
    pub(super) fn with_room(most: u64, rows: usize) -> Option<Self> {
        Some(match most {
            0..=0xff => Self::One(Vec::with_capacity(rows)),
            0x100..=0xffff => Self::Two(Vec::with_capacity(rows)),
            0x1_0000..=0xffff_ffff => Self::Four(Vec::with_capacity(rows)),
            _ => return None,
        })
    }

    /// Appends the low bytes of distances of values from a base, and returns all bits that any of the
    /// distances has.
    pub(super) fn extend(&mut self, values: &[i64], base: i64) -> u64 {
        match self {
            Self::One(distances) => extend_low(distances, values, base),
            Self::Two(distances) => extend_low(distances, values, base),
            Self::Four(distances) => extend_low(distances, values, base),
        }
    }

    /// Returns the bits that a distance can have.
    pub(super) const fn mask(&self) -> u64 {
        match self {
            Self::One(_) => 0xff,
            Self::Two(_) => 0xffff,
            Self::Four(_) => 0xffff_ffff,
        }
    }

    /// Returns the codes of a batch's integers, in another order if one is given; nothing where they
    /// have eight bytes.
    pub(super) fn of_sent(sent: &IntegersView<'_>, order: Option<&[u32]>) -> Option<Self> {
        let codes = sent.codes();
        Some(match sent.width() {
            0 => Self::One(vec![0; order.map_or(sent.len(), <[u32]>::len)]),
            1 => Self::One(picked(codes, order, |[code]| code)),
            2 => Self::Two(picked(codes, order, u16::from_le_bytes)),
            4 => Self::Four(picked(codes, order, u32::from_le_bytes)),
            _ => return None,
        })
    }

    /// Returns slices of distances one behind the other, each source's moved by its offset; nothing
    /// where four bytes are not enough for `most`.
    pub(super) fn joined(
        sources: &[(&Self, u64)],
        most: u64,
        slices: impl Iterator<Item = (usize, Range<usize>)>,
    ) -> Option<Self> {
        Some(match most {
            0..=0xff => Self::One(join(sources, slices)),
            0x100..=0xffff => Self::Two(join(sources, slices)),
            0x1_0000..=0xffff_ffff => Self::Four(join(sources, slices)),
            _ => return None,
        })
    }

    /// Appends `base + step · distance` of some rows.
    ///
    /// # Panics
    /// When the range reaches past the end.
    pub(super) fn append_to(&self, base: i64, step: u64, rows: Range<usize>, out: &mut Vec<i64>) {
        match self {
            Self::One(distances) => extend(base, step, slice(distances, rows), out),
            Self::Two(distances) => extend(base, step, slice(distances, rows), out),
            Self::Four(distances) => extend(base, step, slice(distances, rows), out),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(distances) => distances.len(),
            Self::Two(distances) => distances.len(),
            Self::Four(distances) => distances.len(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::One(distances) => distances.len(),
            Self::Two(distances) => distances.len() * 2,
            Self::Four(distances) => distances.len() * 4,
        }
    }
}

/// An unsigned integer of few bytes.
trait Narrow: Copy + Into<u64> {
    /// Returns the low bytes of a number that is known to fit.
    fn low(number: u64) -> Self;
}

impl Narrow for u8 {
    #[inline(always)]
    fn low(number: u64) -> Self {
        let [a, ..] = number.to_le_bytes();
        a
    }
}

impl Narrow for u16 {
    #[inline(always)]
    fn low(number: u64) -> Self {
        let [a, b, ..] = number.to_le_bytes();
        Self::from_le_bytes([a, b])
    }
}

impl Narrow for u32 {
    #[inline(always)]
    fn low(number: u64) -> Self {
        let [a, b, c, d, ..] = number.to_le_bytes();
        Self::from_le_bytes([a, b, c, d])
    }
}

fn narrowed<T: Narrow>(values: &[i64], base: i64, most: u64) -> Vec<T> {
    let mut out = vec![T::low(0); values.len()];
    let narrow = Narrowing {
        values,
        base,
        most,
        out: &mut out,
    };
    platform::wide(narrow);
    out
}

fn extend_low<T: Narrow>(out: &mut Vec<T>, values: &[i64], base: i64) -> u64 {
    let start = out.len();
    out.resize(start + values.len(), T::low(0));
    let out = out.get_mut(start..).unwrap_or_default();
    platform::wide(Lowering { values, base, out })
}

struct Lowering<'a, T> {
    values: &'a [i64],
    base: i64,
    out: &'a mut [T],
}

impl<T: Narrow> platform::Wide for Lowering<'_, T> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let mut all = 0;
        for (place, value) in self.out.iter_mut().zip(self.values) {
            let distance = value.wrapping_sub(self.base).cast_unsigned();
            all |= distance;
            *place = T::low(distance);
        }
        all
    }
}

struct Narrowing<'a, T> {
    values: &'a [i64],
    base: i64,
    most: u64,
    out: &'a mut [T],
}

impl<T: Narrow> platform::Wide for Narrowing<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (place, value) in self.out.iter_mut().zip(self.values) {
            let distance = value.wrapping_sub(self.base).cast_unsigned();
            *place = T::low(distance.min(self.most));
        }
    }
}

fn picked<const N: usize, T>(
    codes: &[u8],
    order: Option<&[u32]>,
    read: impl Fn([u8; N]) -> T,
) -> Vec<T> {
    let (codes, _) = codes.as_chunks::<N>();
    match order {
        None => codes.iter().map(|code| read(*code)).collect(),
        Some(order) => {
            let code = |row: &u32| codes.get(*row as usize).expect(OUT_OF_RANGE);
            order.iter().map(|row| read(*code(row))).collect()
        }
    }
}

fn join<T: Narrow>(
    sources: &[(&Distances, u64)],
    slices: impl Iterator<Item = (usize, Range<usize>)>,
) -> Vec<T> {
    let mut joined = Vec::new();
    for (source, rows) in slices {
        let (distances, offset) = sources.get(source).expect(OUT_OF_RANGE);
        match distances {
            Distances::One(from) => move_into(slice(from, rows), *offset, &mut joined),
            Distances::Two(from) => move_into(slice(from, rows), *offset, &mut joined),
            Distances::Four(from) => move_into(slice(from, rows), *offset, &mut joined),
        }
    }
    joined
}

fn move_into<S: Narrow, T: Narrow>(from: &[S], offset: u64, to: &mut Vec<T>) {
    to.extend(
        from.iter()
            .map(|distance| T::low((*distance).into() + offset)),
    );
}

fn extend<T: Narrow>(base: i64, step: u64, distances: &[T], out: &mut Vec<i64>) {
    let widening = Widening {
        base,
        step,
        distances,
        out,
    };
    platform::wide(widening);
}

struct Widening<'a, T> {
    base: i64,
    step: u64,
    distances: &'a [T],
    out: &'a mut Vec<i64>,
}

impl<T: Narrow> platform::Wide for Widening<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            base,
            step,
            distances,
            out,
        } = self;
        widen(base, step, distances, out);
    }
}

#[inline(always)]
fn widen<T: Narrow>(base: i64, step: u64, distances: &[T], out: &mut Vec<i64>) {
    if step == 1 {
        let value = |distance: &T| base.wrapping_add(Into::<u64>::into(*distance).cast_signed());
        return out.extend(distances.iter().map(value));
    }
    let apart = |distance: &T| step.wrapping_mul((*distance).into()).cast_signed();
    out.extend(
        distances
            .iter()
            .map(|distance| base.wrapping_add(apart(distance))),
    );
}

fn slice<T>(distances: &[T], rows: Range<usize>) -> &[T] {
    distances.get(rows).expect(OUT_OF_RANGE)
}

const OUT_OF_RANGE: &str = "the caller asks for rows that exist";
