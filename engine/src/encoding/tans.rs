//! Symbols coded by how often they come, in fractions of a bit (tANS).
//!
//! ```text
//!  round    0                  1                 …
//!  rows     0 1 2 3  4 5 6 7   8 9 10 11  12 …
//!  states   0 1 2 3  4 5 6 7   0 1 2  3   4  …
//!  stream   first    second    first      second …
//! ```
//!
//! Eight states take turns, four to a stream of bits, so that a processor decodes several symbols at
//! once. A stream begins with its states, each as many bits as the logarithm of the table; then come,
//! row by row, the bits by which a state goes on. Behind the last row every state is back at 0.
//!
//! **Source**: Duda, "Asymmetric numeral systems", 2013; symbols are spread over the table as in
//! Collet's FSE.

use super::Damage;
use super::bit_stream::{BitReader, BitWriter};
use super::frequencies::{Frequencies, LOG_MAX};

/// Encodes symbols, filled up to whole rounds with symbol `padding`.
pub(super) fn encode(symbols: &[u8], padding: u8, frequencies: &Frequencies) -> [Vec<u8>; 2] {
    let encoder = Encoder::new(frequencies);
    let rounds = symbols.len().div_ceil(LANES);
    let mut steps = vec![[Step::default(); LANES]; rounds];
    let mut states = [encoder.size; LANES];
    // From the last row to the first, since a state remembers what is to come.
    for (round, steps) in (0..rounds).zip(steps.iter_mut()).rev() {
        let rows = symbols.get(round * LANES..);
        let rows = rows.expect("the last round begins before the last symbol");
        let rows = rows.iter().copied().chain(std::iter::repeat(padding));
        for ((state, step), symbol) in states.iter_mut().zip(steps.iter_mut()).zip(rows) {
            *step = encoder.step(symbol, state);
        }
    }
    [0, HALF].map(|first| {
        let mut writer = BitWriter::default();
        for state in states.iter().skip(first).take(HALF) {
            writer.push(u64::from(state - encoder.size), frequencies.log);
        }
        for round in &steps {
            for step in round.iter().skip(first).take(HALF) {
                writer.push(step.bits.into(), step.count.into());
            }
        }
        writer.finish()
    })
}

/// Decodes `rows` symbols.
pub(super) fn decode(
    streams: [&[u8]; 2],
    rows: usize,
    frequencies: &Frequencies,
) -> Result<Vec<u8>, Damage> {
    let table = decoding_table(frequencies);
    let [mut first, mut second] = streams.map(BitReader::new);
    let mut states = [0; LANES];
    for (lane, state) in states.iter_mut().enumerate() {
        let stream = if lane < HALF { &mut first } else { &mut second };
        *state = stream.read(frequencies.log)?;
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = states;
    let mut symbols = vec![0; rows.next_multiple_of(LANES)];
    let (rounds, _) = symbols.as_chunks_mut::<LANES>();
    for round in rounds {
        let mut low = Bits::ahead(&first)?;
        let mut high = Bits::ahead(&second)?;
        *round = [
            go_on(&table, &mut a, &mut low),
            go_on(&table, &mut b, &mut low),
            go_on(&table, &mut c, &mut low),
            go_on(&table, &mut d, &mut low),
            go_on(&table, &mut e, &mut high),
            go_on(&table, &mut f, &mut high),
            go_on(&table, &mut g, &mut high),
            go_on(&table, &mut h, &mut high),
        ];
        first.advance(low.taken);
        second.advance(high.taken);
    }
    if [a, b, c, d, e, f, g, h] != [0; LANES] {
        return Err(Damage("its symbols do not end where they should"));
    }
    first.finish()?;
    second.finish()?;
    symbols.truncate(rows);
    Ok(symbols)
}

/// Bits of one stream for one round: at most four times the logarithm of the largest table.
#[derive(Debug)]
struct Bits {
    word: u64,
    taken: usize,
}

impl Bits {
    #[inline]
    fn ahead(stream: &BitReader) -> Result<Self, Damage> {
        let word = stream.ahead().ok_or(Damage("its symbols end too early"))?;
        Ok(Self { word, taken: 0 })
    }
}

/// What a state stands for, and how it goes on.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    next: u16,
    mask: u16,
    bits: u16,
    symbol: u8,
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a state is less than the size of the table"
)]
fn go_on(table: &[Entry; SIZE_MAX], state: &mut u64, bits: &mut Bits) -> u8 {
    let entry = table.get(*state as usize % SIZE_MAX);
    let entry = entry.copied().unwrap_or_default();
    *state = u64::from(entry.next) + (bits.word & u64::from(entry.mask));
    bits.word >>= entry.bits;
    bits.taken += usize::from(entry.bits);
    entry.symbol
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a state is less than twice the size of the table, which is 2 048"
)]
fn decoding_table(frequencies: &Frequencies) -> Box<[Entry; SIZE_MAX]> {
    let mut table = Box::new([Entry::default(); SIZE_MAX]);
    let size = 1u32 << frequencies.log;
    let mut next: Vec<u32> = frequencies.parts.iter().copied().map(u32::from).collect();
    for (entry, symbol) in table.iter_mut().zip(frequencies.spread()) {
        let Some(state) = next.get_mut(usize::from(symbol)) else {
            continue;
        };
        let bits = frequencies.log - state.ilog2();
        *entry = Entry {
            next: ((*state << bits) - size) as u16,
            mask: ((1u32 << bits) - 1) as u16,
            bits: bits as u16,
            symbol,
        };
        *state += 1;
    }
    table
}

/// The bits that a state gives off on its way to the next.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    bits: u16,
    count: u16,
}

/// States, counted from the size of the table to twice that.
#[derive(Debug)]
struct Encoder {
    size: u32,
    /// For each symbol the states that stand for it, symbol after symbol.
    states: Vec<u32>,
    symbols: Vec<SymbolStates>,
}

/// How a symbol's states are reached.
#[derive(Debug, Clone, Copy)]
struct SymbolStates {
    /// Where its states begin, less how many there are.
    start: i32,
    /// The most bits that are given off.
    bits_max: u32,
    /// From this state on it is as many; below, one less.
    full_from: u32,
}

impl Encoder {
    fn new(frequencies: &Frequencies) -> Self {
        let size = 1u32 << frequencies.log;
        let (mut symbols, mut places, mut start) = (Vec::new(), Vec::new(), 0);
        for part in frequencies.parts.iter().copied().map(u32::from) {
            let bits_max = match part {
                1 => frequencies.log,
                _ => frequencies.log - (part - 1).ilog2(),
            };
            symbols.push(SymbolStates {
                start: start - part.cast_signed(),
                bits_max,
                full_from: part << bits_max,
            });
            places.push(start);
            start += part.cast_signed();
        }
        let mut states = vec![size; size as usize];
        for (state, symbol) in (size..).zip(frequencies.spread()) {
            let Some(place) = places.get_mut(usize::from(symbol)) else {
                continue;
            };
            if let Some(slot) = usize::try_from(*place).ok().and_then(|p| states.get_mut(p)) {
                *slot = state;
            }
            *place += 1;
        }
        Self {
            size,
            states,
            symbols,
        }
    }

    fn step(&self, symbol: u8, state: &mut u32) -> Step {
        let known = self.symbols.get(usize::from(symbol)).copied();
        let it = known.expect("every symbol that is encoded has a frequency");
        let count = it.bits_max - u32::from(*state < it.full_from);
        let bits = short(*state & ((1 << count) - 1));
        let place = it.start + (*state >> count).cast_signed();
        let next = usize::try_from(place).ok().and_then(|p| self.states.get(p));
        *state = *next.expect("a symbol has as many states as parts");
        Step {
            bits,
            count: short(count),
        }
    }
}

fn short(number: u32) -> u16 {
    u16::try_from(number).expect("a table has 2 048 states at most")
}

const LANES: usize = 8;
const HALF: usize = LANES / 2;
const SIZE_MAX: usize = 1 << LOG_MAX;
