//! Integers by how often they come: the class of each by tANS, and its bits within the class.
//!
//! ```text
//!  offset bytes
//!       0     1  grain of the classes; with 16 added, signs are folded
//!       1     1  logarithm of the table
//!       2     8  the base
//!      10     2  number of classes that come
//!      12     ?  for each, in rising order: 2 · (its parts − 1), as a number of one byte or more;
//!                1 more where classes are left out before it, and then how many
//!       ?     4  length of the first stream
//!       ?     4  length of the second stream
//!       ?     ?  both streams, as under tans
//!       ?     ?  for each row the bits that its class does not tell, one behind the other
//! ```
//!
//! Values that are few, or near each other, have a class each, and no bits beside it.

use super::bit_stream::{BitReader, BitWriter};
use super::classes::Classes;
use super::frequencies::{Frequencies, SYMBOLS_MAX};
use super::input::push_varint;
use super::integers::Take;
use super::tally::tally;
use super::{Damage, Input, push_count, tans};

/// Classes that suit some values, and how often each comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    classes: Classes,
    /// The classes that come, in rising order, and how often.
    present: Vec<(usize, u32)>,
}

impl Plan {
    /// Returns the plan that takes the fewest bits for values from `min` to `max`, and their number.
    pub(super) fn of(values: &[i64], min: i64, max: i64) -> Option<(u64, Self)> {
        let is_folded = min < 0 && max > 0;
        let finest = Classes {
            base: if is_folded { 0 } else { min },
            is_folded,
            grain: GRAIN_WIDE,
        };
        let most = finest.number(min).max(finest.number(max));
        let grain = if most < NARROW {
            GRAIN_NARROW
        } else {
            GRAIN_WIDE
        };
        let finest = Classes { grain, ..finest };
        let counts = tally(values, finest.position(most) + 1, |value| {
            finest.position(finest.number(value))
        });
        let present = counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0);
        let finest = Self {
            classes: finest,
            present: present.collect(),
        };
        let coarser = GRAINS_COARSER.map(|grain| finest.coarsened(grain));
        let plans = std::iter::once(finest).chain(coarser);
        let sound = plans.filter(|plan| plan.present.len() <= SYMBOLS_MAX);
        let costed = sound.map(|plan| (plan.bits(), plan));
        costed.min_by_key(|(bits, _)| *bits)
    }

    /// Returns the plan with fewer classes.
    fn coarsened(&self, grain: u32) -> Self {
        let classes = Classes {
            grain,
            ..self.classes
        };
        let mut present: Vec<(usize, u32)> = Vec::new();
        for (position, count) in &self.present {
            let position = classes.position(self.classes.class(*position).least);
            match present.last_mut() {
                Some((last, sum)) if *last == position => *sum += count,
                _ => present.push((position, *count)),
            }
        }
        Self { classes, present }
    }

    /// Returns the bits that encoding takes, about.
    fn bits(&self) -> u64 {
        let total: u32 = self.present.iter().map(|(_, count)| count).sum();
        let whole = f64::from(total.max(1)).log2();
        let of_class = |(position, count): &(usize, u32)| {
            let width = f64::from(self.classes.class(*position).width);
            f64::from(*count) * (whole - f64::from(*count).log2() + width) + CLASS_BITS
        };
        let bits: f64 = self.present.iter().map(of_class).sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "no page has so many bits, and none fewer than 0"
        )]
        let bits = bits as u64;
        bits + HEADER_BITS
    }
}

pub(super) fn encode(values: &[i64], plan: &Plan, out: &mut Vec<u8>) {
    let classes = plan.classes;
    let counts: Vec<u32> = plan.present.iter().map(|(_, count)| *count).collect();
    let frequencies = Frequencies::of(&counts);
    let commonest = counts
        .iter()
        .zip(0..=u8::MAX)
        .max()
        .map_or(0, |(_, symbol)| symbol);
    let (symbols, within) = sorted(values, plan);
    let flag = if classes.is_folded { FOLDED } else { 0 };
    out.extend(u8::try_from(classes.grain).map(|grain| grain + flag));
    out.extend(u8::try_from(frequencies.log));
    out.extend_from_slice(&classes.base.to_le_bytes());
    push_classes(plan, &frequencies, out);
    let streams = tans::encode(&symbols, commonest, &frequencies);
    streams
        .iter()
        .for_each(|stream| push_count(out, stream.len()));
    streams
        .iter()
        .for_each(|stream| out.extend_from_slice(stream));
    out.extend_from_slice(&within);
}

platform::wide_fn! {
    /// Returns the symbol of each value, and the bits that its class does not tell.
    fn sorted<'a>(values: &'a [i64], plan: &'a Plan) -> (Vec<u8>, Vec<u8>) {
        let classes = plan.classes;
        let symbol_of = symbols_of(plan);
        let symbol = |position: usize| symbol_of.get(position).copied().unwrap_or(0);
        let is_exact = |(position, _): &(usize, u32)| classes.class(*position).width == 0;
        if plan.present.iter().all(is_exact) {
            let symbols = values
                .iter()
                .map(|value| symbol(classes.position(classes.number(*value))));
            return (symbols.collect(), Vec::new());
        }
        let (mut symbols, mut within) = (Vec::with_capacity(values.len()), BitWriter::default());
        for value in values {
            let number = classes.number(*value);
            let position = classes.position(number);
            symbols.push(symbol(position));
            let class = classes.class(position);
            push_long(&mut within, number - class.least, class.width);
        }
        (symbols, within.finish())
    }
}

/// Decodes values and hands them on.
pub(super) fn decode(
    input: &mut Input<'_>,
    rows: usize,
    take: &mut Take<'_>,
) -> Result<(), Damage> {
    let coded = Coded::read(input)?;
    if let Some(values) = coded.values() {
        return tans::decode_values(coded.streams, rows, &coded.frequencies, &values, take);
    }
    let symbols = tans::decode(coded.streams, rows, &coded.frequencies)?;
    take(&place_values(&coded, &symbols, input)?);
    Ok(())
}

/// Decodes differences and hands on what they lead to, one after the other from `first` on.
pub(super) fn decode_sums(
    input: &mut Input<'_>,
    rows: usize,
    first: i64,
    take: &mut Take<'_>,
) -> Result<(), Damage> {
    let coded = Coded::read(input)?;
    if let Some(values) = coded.values() {
        let frequencies = &coded.frequencies;
        return tans::decode_sums(coded.streams, rows, frequencies, &values, first, take);
    }
    let symbols = tans::decode(coded.streams, rows, &coded.frequencies)?;
    take(&place_sums(&coded, &symbols, first, input)?);
    Ok(())
}

/// Coded values, up to the bits that classes do not tell.
struct Coded<'a> {
    classes: Classes,
    /// The position of each symbol's class.
    positions: Vec<usize>,
    frequencies: Frequencies,
    streams: [&'a [u8]; 2],
}

impl<'a> Coded<'a> {
    fn read(input: &mut Input<'a>) -> Result<Self, Damage> {
        let (flags, log) = (input.u8()?, input.u8()?);
        let classes = Classes {
            base: input.i64()?,
            is_folded: flags & FOLDED != 0,
            grain: u32::from(flags & !FOLDED),
        };
        if !(1..=GRAIN_NARROW).contains(&classes.grain) {
            return Err(Damage("classes do not have this grain"));
        }
        let (positions, parts) = read_classes(input, classes)?;
        let frequencies = Frequencies::checked(log.into(), parts)?;
        let (first, second) = (input.u32()? as usize, input.u32()? as usize);
        let streams = [input.take(first)?, input.take(second)?];
        Ok(Self {
            classes,
            positions,
            frequencies,
            streams,
        })
    }

    /// Returns the value of each symbol, if each has one only.
    fn values(&self) -> Option<Vec<i64>> {
        let value = |position: &usize| {
            let class = self.classes.class(*position);
            (class.width == 0).then(|| self.classes.value(class.least))
        };
        self.positions.iter().map(value).collect()
    }
}

platform::wide_fn! {
    fn place_values<'a, 'b>(
        coded: &'a Coded<'b>,
        symbols: &'a [u8],
        input: &'a mut Input<'b>,
    ) -> Result<Vec<i64>, Damage> {
        place(coded, symbols, input, |value| value)
    }
}

platform::wide_fn! {
    fn place_sums<'a, 'b>(
        coded: &'a Coded<'b>,
        symbols: &'a [u8],
        first: i64,
        input: &'a mut Input<'b>,
    ) -> Result<Vec<i64>, Damage> {
        let mut sum = first;
        place(coded, symbols, input, |value| {
            sum = sum.wrapping_add(value);
            sum
        })
    }
}

/// Returns what becomes of the value of each symbol and of the bits that go with it.
#[inline(always)]
fn place(
    coded: &Coded<'_>,
    symbols: &[u8],
    input: &mut Input<'_>,
    mut becomes: impl FnMut(i64) -> i64,
) -> Result<Vec<i64>, Damage> {
    let mut known = [(0u64, 0u32); SYMBOLS_MAX];
    for (known, position) in known.iter_mut().zip(&coded.positions) {
        let class = coded.classes.class(*position);
        *known = (class.least, class.width);
    }
    let class_of = |symbol: &u8| known.get(usize::from(*symbol)).copied().unwrap_or_default();
    let bits: usize = symbols
        .iter()
        .map(|symbol| class_of(symbol).1 as usize)
        .sum();
    let mut within = BitReader::new(input.take(bits.div_ceil(8))?);
    let mut values = Vec::with_capacity(symbols.len());
    for symbol in symbols {
        let (least, width) = class_of(symbol);
        let number = least.wrapping_add(read_long(&mut within, width)?);
        values.push(becomes(coded.classes.value(number)));
    }
    within.finish()?;
    Ok(values)
}

/// Returns the symbol of each class, by its position.
fn symbols_of(plan: &Plan) -> Vec<u8> {
    let last = plan.present.last().map_or(0, |(position, _)| *position);
    let mut symbols = vec![0; last + 1];
    for ((position, _), symbol) in plan.present.iter().zip(0..=u8::MAX) {
        if let Some(place) = symbols.get_mut(*position) {
            *place = symbol;
        }
    }
    symbols
}

fn push_classes(plan: &Plan, frequencies: &Frequencies, out: &mut Vec<u8>) {
    let count = u16::try_from(plan.present.len()).expect("there are at most 256 symbols");
    out.extend_from_slice(&count.to_le_bytes());
    let mut next = 0;
    for ((position, _), part) in plan.present.iter().zip(&frequencies.parts) {
        let left_out = (position - next) as u64;
        push_varint(out, u64::from(part - 1) * 2 + u64::from(left_out > 0));
        if left_out > 0 {
            push_varint(out, left_out);
        }
        next = position + 1;
    }
}

/// Reads the positions of the classes that come, and their parts.
fn read_classes(input: &mut Input<'_>, classes: Classes) -> Result<(Vec<usize>, Vec<u16>), Damage> {
    let count = usize::from(input.u16()?);
    if count > SYMBOLS_MAX {
        return Err(TOO_MANY);
    }
    let (mut positions, mut parts) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut next = 0usize;
    for _ in 0..count {
        let part = input.varint()?;
        if part & 1 == 1 {
            let left_out = usize::try_from(input.varint()?).map_err(|_| TOO_MANY)?;
            next = next.checked_add(left_out).ok_or(TOO_MANY)?;
        }
        if next >= classes.count() {
            return Err(TOO_MANY);
        }
        positions.push(next);
        parts.push(u16::try_from(part / 2 + 1).map_err(|_| TOO_MANY)?);
        next += 1;
    }
    Ok((positions, parts))
}

#[inline(always)]
fn push_long(bits: &mut BitWriter, number: u64, width: u32) {
    if width > 32 {
        bits.push(number & u64::from(u32::MAX), 32);
        return bits.push(number >> 32, width - 32);
    }
    bits.push(number, width);
}

#[inline(always)]
fn read_long(bits: &mut BitReader, width: u32) -> Result<u64, Damage> {
    if width > 32 {
        let low = bits.read(32)?;
        return Ok(low | bits.read(width - 32)? << 32);
    }
    bits.read(width)
}

/// Up to here each number has a class of its own.
const NARROW: u64 = 1 << GRAIN_NARROW;
const GRAIN_NARROW: u32 = 8;
const GRAIN_WIDE: u32 = 5;
const GRAINS_COARSER: [u32; 2] = [4, 2];
const FOLDED: u8 = 16;
/// What a class takes in the header, about.
const CLASS_BITS: f64 = 12.0;
const HEADER_BITS: u64 = 300;
const TOO_MANY: Damage = Damage("it has more classes than there are");
