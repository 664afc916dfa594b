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
use super::bit_stream::BitWriter;
use super::frequencies::{Frequencies, SIZE_MAX, SYMBOLS_MAX};
use super::integers::{ROWS_AT_ONCE, Take};

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
    let themselves: Vec<i64> = (0..=u8::MAX).map(i64::from).collect();
    let mut symbols = Vec::with_capacity(rows.min(ROWS_AT_ONCE));
    decode_values(streams, rows, frequencies, &themselves, &mut |values| {
        let low = |value: &i64| value.to_le_bytes().first().copied().unwrap_or(0);
        symbols.extend(values.iter().map(low));
    })?;
    Ok(symbols)
}

/// Decodes `rows` symbols and hands on the values that they stand for.
pub(super) fn decode_values(
    streams: [&[u8]; 2],
    rows: usize,
    frequencies: &Frequencies,
    values: &[i64],
    take: &mut Take<'_>,
) -> Result<(), Damage> {
    if !add_up(values, 1) {
        let symbols = decode(streams, rows, frequencies)?;
        let values = symbols.iter().map(|symbol| value_of(values, *symbol));
        take(&values.collect::<Vec<_>>());
        return Ok(());
    }
    platform::wide(Decoding::<false> {
        streams,
        rows,
        frequencies,
        values,
        first: 0,
        take,
    })
}

/// Decodes `rows` symbols and hands on what the values that they stand for add up to, one after the
/// other from `first` on.
pub(super) fn decode_sums(
    streams: [&[u8]; 2],
    rows: usize,
    frequencies: &Frequencies,
    values: &[i64],
    first: i64,
    take: &mut Take<'_>,
) -> Result<(), Damage> {
    if !add_up(values, rows.saturating_add(LANES)) {
        let mut sum = first;
        return decode_values(streams, rows, frequencies, values, &mut |values| {
            let sums = values.iter().map(|value| {
                sum = sum.wrapping_add(*value);
                sum
            });
            take(&sums.collect::<Vec<_>>());
        });
    }
    platform::wide(Decoding::<true> {
        streams,
        rows,
        frequencies,
        values,
        first,
        take,
    })
}

/// Tells whether any so many of these values add up to what an entry has room for.
fn add_up(values: &[i64], rows: usize) -> bool {
    let most = values.iter().map(|value| value.unsigned_abs()).max();
    let sum = most.unwrap_or(0).checked_mul(rows as u64);
    sum.is_some_and(|sum| sum < 1 << (63 - VALUE_SHIFT))
}

fn value_of(values: &[i64], symbol: u8) -> i64 {
    values.get(usize::from(symbol)).copied().unwrap_or(0)
}

/// Decodes, and looks values up where their symbols are found.
///
/// What a state stands for, and how it goes on, is one word, so that it is one load:
///
/// ```text
///  bit 63      24 23         8 7    0
///     │  value   │ next state │ bits │
/// ```
///
/// Eight such words add up without a carry from one field into the next, so that one addition tells both
/// what the values add up to and how many bits were taken.
struct Decoding<'a, 'b, const SUMS: bool> {
    streams: [&'a [u8]; 2],
    rows: usize,
    frequencies: &'a Frequencies,
    /// The value of each symbol.
    values: &'a [i64],
    /// Added to each sum.
    first: i64,
    take: &'a mut Take<'b>,
}

impl<const SUMS: bool> platform::Wide for Decoding<'_, '_, SUMS> {
    type Output = Result<(), Damage>;

    #[inline(always)]
    fn run(self) -> Result<(), Damage> {
        let table = decoding_table(self.frequencies, self.values);
        let [mut low, mut high] = self.streams.map(Stream::new);
        let log = self.frequencies.log;
        let [a, b, c, d] = low.states(log)?;
        let [e, f, g, h] = high.states(log)?;
        let mut states = [a, b, c, d, e, f, g, h];
        let mut scratch = [0; SCRATCH_ROWS];
        let (mut left, mut sum) = (self.rows, 0);
        while left > 0 {
            let rows = left.min(SCRATCH_ROWS);
            // Loops over arrays of fixed size need no checks, and leave registers for states.
            let (near_low, near_high) = (low.window(), high.window());
            let (mut at_low, mut at_high) = (low.bit, high.bit);
            let (rounds, _) = scratch.as_chunks_mut::<LANES>();
            for round in rounds.iter_mut().take(rows.div_ceil(LANES)) {
                let [a, b, c, d, e, f, g, h] = &mut states;
                let [r, s, t, u, v, w, x, y] = round;
                let mut word = ahead(&near_low, at_low);
                let mut all = sum;
                *r = go_on::<SUMS>(&table, a, &mut word, &mut all);
                *s = go_on::<SUMS>(&table, b, &mut word, &mut all);
                *t = go_on::<SUMS>(&table, c, &mut word, &mut all);
                *u = go_on::<SUMS>(&table, d, &mut word, &mut all);
                let half = all;
                at_low += (half.wrapping_sub(sum) & BITS_MASK) as usize;
                let mut word = ahead(&near_high, at_high);
                *v = go_on::<SUMS>(&table, e, &mut word, &mut all);
                *w = go_on::<SUMS>(&table, f, &mut word, &mut all);
                *x = go_on::<SUMS>(&table, g, &mut word, &mut all);
                *y = go_on::<SUMS>(&table, h, &mut word, &mut all);
                at_high += (all.wrapping_sub(half) & BITS_MASK) as usize;
                sum = all >> VALUE_SHIFT << VALUE_SHIFT;
            }
            low.advance(at_low)?;
            high.advance(at_high)?;
            let values = scratch.get_mut(..rows).unwrap_or_default();
            if SUMS {
                for value in values.iter_mut() {
                    *value = value.wrapping_add(self.first);
                }
            }
            (self.take)(values);
            left -= rows;
        }
        if states.iter().any(|state| state & STATE_MASK != 0) {
            return Err(Damage("its symbols do not end where they should"));
        }
        low.finish()?;
        high.finish()
    }
}

/// Moves a state on and returns the value that it stood for, or the sum with it; a state has the bits of
/// a value above its own.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a state is less than the size of the table"
)]
fn go_on<const SUMS: bool>(
    table: &[u64; SIZE_MAX],
    state: &mut u64,
    word: &mut u64,
    sum: &mut u64,
) -> i64 {
    let entry = table.get(*state as usize % SIZE_MAX);
    let entry = entry.copied().unwrap_or_default();
    let count = entry & 63;
    *state = (entry >> STATE_SHIFT).wrapping_add(*word & ((1 << count) - 1));
    *word >>= count;
    *sum = sum.wrapping_add(entry);
    let value = if SUMS { *sum } else { entry };
    value.cast_signed() >> VALUE_SHIFT
}

#[inline(always)]
fn decoding_table(frequencies: &Frequencies, values: &[i64]) -> [u64; SIZE_MAX] {
    let (log, size) = (frequencies.log, 1u32 << frequencies.log);
    let (mut next, mut shifted) = ([0u32; SYMBOLS_MAX], [0u64; SYMBOLS_MAX]);
    for (next, part) in next.iter_mut().zip(&frequencies.parts) {
        *next = u32::from(*part);
    }
    for (shifted, value) in shifted.iter_mut().zip(values) {
        *shifted = value.cast_unsigned() << VALUE_SHIFT;
    }
    let mut table = [0; SIZE_MAX];
    for (entry, symbol) in table
        .iter_mut()
        .zip(&frequencies.spread())
        .take(size as usize)
    {
        let symbol = usize::from(*symbol);
        let (Some(state), Some(value)) = (next.get_mut(symbol), shifted.get(symbol)) else {
            continue;
        };
        let bits = log - state.max(&mut 1).ilog2();
        let next = (*state << bits) - size;
        *entry = *value | u64::from(next) << STATE_SHIFT | u64::from(bits);
        *state += 1;
    }
    table
}

/// One of the two streams of bits.
struct Stream<'a> {
    /// Bytes from the one on that has the next bit.
    rest: &'a [u8],
    /// Which of its bits is the next.
    bit: usize,
}

impl<'a> Stream<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            bit: 0,
        }
    }

    /// Takes the states that it begins with.
    #[inline(always)]
    fn states(&mut self, log: u32) -> Result<[u64; HALF], Damage> {
        let word = ahead(&self.window(), 0);
        let state = |place: u32| word >> (place * log) & ((1 << log) - 1);
        self.advance(HALF * log as usize)?;
        Ok([state(0), state(1), state(2), state(3)])
    }

    /// Returns the bytes that the rows of a scratch may take, zeros behind the last.
    #[inline(always)]
    fn window(&self) -> [u8; WINDOW_BYTES + WORD] {
        let mut window = [0; WINDOW_BYTES + WORD];
        let bytes = self.rest.get(..window.len()).unwrap_or(self.rest);
        window
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        window
    }

    /// Moves on to a bit, counted from the first byte of the window.
    #[inline(always)]
    fn advance(&mut self, bit: usize) -> Result<(), Damage> {
        // The next bit may lie right behind the last byte.
        self.rest = self.rest.get(bit / 8..).ok_or(TOO_SHORT)?;
        self.bit = bit % 8;
        Ok(())
    }

    /// Checks that all bytes were taken, and no more.
    fn finish(&self) -> Result<(), Damage> {
        let begun = usize::from(self.bit > 0);
        if self.rest.len() == begun {
            return Ok(());
        }
        Err(TOO_SHORT)
    }
}

/// Returns the bits from one on, at least 57 of them: more than four times the logarithm of a table.
#[inline(always)]
fn ahead(window: &[u8; WINDOW_BYTES + WORD], bit: usize) -> u64 {
    let byte = bit / 8 % WINDOW_BYTES;
    let bytes = window.get(byte..byte + WORD).and_then(<[u8]>::first_chunk);
    u64::from_le_bytes(bytes.copied().unwrap_or_default()) >> (bit % 8)
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
        for (state, symbol) in (size..size * 2).zip(frequencies.spread()) {
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

/// Rows that are decoded before they are handed on.
const SCRATCH_ROWS: usize = 1_024;
/// More bytes than their rounds take from one stream.
const WINDOW_BYTES: usize = 1_024;
const WORD: usize = size_of::<u64>();
const BITS_MASK: u64 = 0xff;
const STATE_MASK: u64 = 0xffff;
const STATE_SHIFT: u32 = 8;
const VALUE_SHIFT: u32 = 24;
const TOO_SHORT: Damage = Damage("its symbols end too early or too late");
const LANES: usize = 8;
const HALF: usize = LANES / 2;
