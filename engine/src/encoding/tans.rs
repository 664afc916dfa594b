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
use super::frequencies::{Frequencies, LOG_MAX, SYMBOLS_MAX};

/// Encodes symbols, filled up to whole rounds with symbol `padding`.
pub(super) fn encode(symbols: &[u8], padding: u8, frequencies: &Frequencies) -> [Vec<u8>; 2] {
    // Asked once a page: the loops take what is in their tables. Every symbol below has at least one part.
    let highest = symbols.iter().copied().fold(padding, u8::max);
    assert!(
        usize::from(highest) < frequencies.parts.len(),
        "every symbol that is encoded has a frequency"
    );
    streams(&Encoder::new(frequencies), symbols, padding)
}

platform::wide_fn! {
    fn streams<'a>(encoder: &'a Encoder, symbols: &'a [u8], padding: u8) -> [Vec<u8>; 2] {
        let (states, steps) = encoder.steps(symbols, padding);
        let first = encoder.stream(&states, &steps, 0);
        [first, encoder.stream(&states, &steps, HALF)]
    }
}

/// Decodes `rows` symbols.
pub(super) fn decode(
    streams: [&[u8]; 2],
    rows: usize,
    frequencies: &Frequencies,
) -> Result<Vec<u8>, Damage> {
    let mut symbols = vec![0; rows.next_multiple_of(LANES)];
    let (rounds, _) = symbols.as_chunks_mut::<LANES>();
    decode_rounds(streams, frequencies, rounds)?;
    symbols.truncate(rows);
    Ok(symbols)
}

platform::wide_fn! {
    fn decode_rounds<'a>(
        streams: [&'a [u8]; 2],
        frequencies: &'a Frequencies,
        rounds: &'a mut [[u8; LANES]],
    ) -> Result<(), Damage> {
        let table = decoding_table(frequencies);
        let [mut first, mut second] = streams.map(BitReader::new);
        let mut states = [0; LANES];
        for (lane, state) in states.iter_mut().enumerate() {
            let stream = if lane < HALF { &mut first } else { &mut second };
            *state = stream.read(frequencies.log)?;
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = states;
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
        second.finish()
    }
}

/// Bits of one stream for one round: at most four times the logarithm of the largest table.
#[derive(Debug)]
struct Bits {
    word: u64,
    taken: usize,
}

impl Bits {
    #[inline(always)]
    fn ahead(stream: &BitReader) -> Result<Self, Damage> {
        let word = stream.ahead().ok_or(Damage("its symbols end too early"))?;
        Ok(Self { word, taken: 0 })
    }
}

/// What a state stands for, and how it goes on, in one word, so that it is one load: 16 bits of where
/// the next state begins, 8 of the symbol, 8 of the number of bits that are added.
#[derive(Debug, Clone, Copy, Default)]
struct Entry(u32);

impl Entry {
    fn new(next: u32, symbol: u8, bits: u32) -> Self {
        Self(next | u32::from(symbol) << 16 | bits << 24)
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a state is less than the size of the table; a symbol is the low byte of what is left"
)]
fn go_on(table: &[Entry; SIZE_MAX], state: &mut u64, bits: &mut Bits) -> u8 {
    let entry = table.get(*state as usize % SIZE_MAX);
    let Entry(entry) = entry.copied().unwrap_or_default();
    let count = entry >> 24;
    *state = u64::from(entry & 0xffff) + (bits.word & ((1 << count) - 1));
    bits.word >>= count;
    bits.taken += count as usize;
    (entry >> 16) as u8
}

#[inline(always)]
fn decoding_table(frequencies: &Frequencies) -> [Entry; SIZE_MAX] {
    let mut table = [Entry::default(); SIZE_MAX];
    let size = 1u32 << frequencies.log;
    let mut next = [0u32; SYMBOLS_MAX];
    for (next, part) in next.iter_mut().zip(&frequencies.parts) {
        *next = u32::from(*part);
    }
    for (entry, symbol) in table.iter_mut().zip(frequencies.spread()) {
        let Some(state) = next.get_mut(usize::from(symbol)) else {
            continue;
        };
        let bits = frequencies.log - state.ilog2();
        *entry = Entry::new((*state << bits) - size, symbol, bits);
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
    log: u32,
    /// For each symbol the states that stand for it, symbol after symbol.
    states: [u16; SIZE_MAX],
    symbols: [SymbolStates; SYMBOLS_MAX],
}

/// How a symbol's states are reached.
#[derive(Debug, Clone, Copy, Default)]
struct SymbolStates {
    /// Where its states begin, less how many there are; wraps around.
    start: u32,
    /// Added to a state, it has the number of bits that are given off in its high half: the most that
    /// there can be, less one for states below the first that gives off so many.
    count: u32,
}

impl Encoder {
    fn new(frequencies: &Frequencies) -> Self {
        let (log, size) = (frequencies.log, 1u16 << frequencies.log);
        let mut symbols = [SymbolStates::default(); SYMBOLS_MAX];
        let mut places = [0usize; SYMBOLS_MAX];
        let mut start = 0u32;
        let parts = frequencies.parts.iter().copied().map(u32::from);
        for ((symbol, place), part) in symbols.iter_mut().zip(&mut places).zip(parts) {
            let bits_max = match part {
                1 => log,
                _ => log - (part - 1).ilog2(),
            };
            *symbol = SymbolStates {
                start: start.wrapping_sub(part),
                count: (bits_max << 16) - (part << bits_max),
            };
            *place = start as usize;
            start += part;
        }
        let mut states = [size; SIZE_MAX];
        for (state, symbol) in (size..).zip(frequencies.spread()) {
            if let Some(place) = places.get_mut(usize::from(symbol)) {
                if let Some(slot) = states.get_mut(*place) {
                    *slot = state;
                }
                *place += 1;
            }
        }
        Self {
            log,
            states,
            symbols,
        }
    }

    /// Returns the states in which decoding begins, and what each row gives off.
    #[inline(always)]
    fn steps(&self, symbols: &[u8], padding: u8) -> ([u32; LANES], Vec<[Step; LANES]>) {
        let mut steps = vec![[Step::default(); LANES]; symbols.len().div_ceil(LANES)];
        let mut states = [1u32 << self.log; LANES];
        let (rounds, rest) = symbols.as_chunks::<LANES>();
        let mut last = [padding; LANES];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let (of_rounds, of_rest) = steps.split_at_mut(rounds.len());
        // From the last row to the first, since a state remembers what is to come.
        for steps in of_rest {
            self.round(&last, &mut states, steps);
        }
        for (steps, symbols) in of_rounds.iter_mut().zip(rounds).rev() {
            self.round(symbols, &mut states, steps);
        }
        (states, steps)
    }

    #[inline(always)]
    fn round(&self, symbols: &[u8; LANES], states: &mut [u32; LANES], steps: &mut [Step; LANES]) {
        for ((state, step), symbol) in states.iter_mut().zip(steps).zip(symbols) {
            *step = self.step(*symbol, state);
        }
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a table has 2 048 states at most, so that a state gives off 11 bits at most"
    )]
    fn step(&self, symbol: u8, state: &mut u32) -> Step {
        let it = self.symbols.get(usize::from(symbol));
        let it = it.copied().unwrap_or_default();
        debug_assert!(it.count > 0, "every symbol that is encoded has a frequency");
        let count = state.wrapping_add(it.count) >> 16;
        let bits = *state & ((1 << count) - 1);
        let place = it.start.wrapping_add(*state >> count) as usize;
        let next = self.states.get(place % SIZE_MAX);
        *state = next.copied().unwrap_or_default().into();
        Step {
            bits: bits as u16,
            count: count as u16,
        }
    }

    /// Returns the stream of the states from `first` on.
    #[inline(always)]
    fn stream(&self, states: &[u32; LANES], steps: &[[Step; LANES]], first: usize) -> Vec<u8> {
        let mut writer = BitWriter::default();
        for state in states.iter().skip(first).take(HALF) {
            writer.push(u64::from(state - (1 << self.log)), self.log);
        }
        for round in steps {
            let (mut bits, mut count) = (0, 0);
            for step in round.iter().skip(first).take(HALF) {
                bits |= u64::from(step.bits) << count;
                count += u32::from(step.count);
            }
            writer.push(bits, count);
        }
        writer.finish()
    }
}

const LANES: usize = 8;
const HALF: usize = LANES / 2;
const SIZE_MAX: usize = 1 << LOG_MAX;
