//! How often symbols come, in parts of a power of two.

use super::Damage;

/// The parts of each symbol; under [`super::tans`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frequencies {
    /// The logarithm of the sum.
    pub(super) log: u32,
    /// The parts of each symbol, at least 1; from 1 to 256 symbols.
    pub(super) parts: Vec<u16>,
}

impl Frequencies {
    /// Returns the frequencies of symbols that come so often, each at least once.
    pub(super) fn of(counts: &[u32]) -> Self {
        let total: u64 = counts.iter().copied().map(u64::from).sum();
        let for_symbols = counts.len().next_power_of_two().ilog2() + 2;
        let log_max = match counts.len() {
            0..=FEW => LOG_MAX - 1,
            _ => LOG_MAX,
        };
        let log = total
            .max(1)
            .ilog2()
            .max(for_symbols)
            .clamp(LOG_MIN, log_max);
        let size = 1u64 << log;
        let part = |count: &u32| (u64::from(*count) * size / total.max(1)).max(1);
        let mut parts: Vec<u64> = counts.iter().map(part).collect();
        let mut sum: u64 = parts.iter().sum();
        // A part more goes where it saves most; a part less comes from where it costs least.
        while sum < size {
            let gain = |(part, count): (&u64, &u32)| (u64::from(*count) << 16) / *part;
            let gains = parts.iter().zip(counts).map(gain).enumerate();
            let most = gains.max_by_key(|(_, gain)| *gain);
            if let Some(part) = most.and_then(|(symbol, _)| parts.get_mut(symbol)) {
                *part += 1;
            }
            sum += 1;
        }
        while sum > size {
            if let Some(part) = parts.iter_mut().max() {
                *part -= 1;
            }
            sum -= 1;
        }
        let short = |part| u16::try_from(part).expect("a part is at most 2 048");
        Self {
            log,
            parts: parts.into_iter().map(short).collect(),
        }
    }

    /// Returns frequencies that were read, if they are some.
    pub(super) fn checked(log: u32, parts: Vec<u16>) -> Result<Self, Damage> {
        let sum: u64 = parts.iter().copied().map(u64::from).sum();
        let is_sound = (LOG_MIN..=LOG_MAX).contains(&log)
            && sum == 1 << log
            && parts.len() <= SYMBOLS_MAX
            && !parts.contains(&0);
        if !is_sound {
            return Err(Damage("the frequencies of its symbols do not add up"));
        }
        Ok(Self { log, parts })
    }

    /// Returns the symbol of each state, and zeros behind; the states of one symbol lie far apart.
    #[inline(always)]
    pub(super) fn spread(&self) -> [u8; SIZE_MAX] {
        let size = 1usize << self.log;
        // Odd, so that every state is met once.
        let step = size / 2 + size / 8 + 3;
        let mut symbols = [0; SIZE_MAX];
        let mut at = 0;
        for (symbol, parts) in (0..=u8::MAX).zip(&self.parts) {
            for _ in 0..*parts {
                if let Some(place) = symbols.get_mut(at % SIZE_MAX) {
                    *place = symbol;
                }
                at = (at + step) & (size - 1);
            }
        }
        symbols
    }
}

/// The most symbols.
pub(super) const SYMBOLS_MAX: usize = 256;
/// The logarithm of the largest table.
pub(super) const LOG_MAX: u32 = 11;
/// The most states.
pub(super) const SIZE_MAX: usize = 1 << LOG_MAX;
const LOG_MIN: u32 = 5;
/// So few symbols lose a thousandth by half the table, which is built for every page.
const FEW: usize = 24;
