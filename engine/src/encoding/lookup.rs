//! Numbers distinct values in the order in which they appear; under the dictionaries.

/// A table from values to their numbers, open to a bounded number of collisions.
///
/// It keeps numbers only; the caller keeps the values and compares them. Hashes are the same in
/// every process, so that a choice of encoding is a function of the values alone. Whoever makes
/// values collide on purpose gains a page without a dictionary, not a slow one.
#[derive(Debug)]
pub(super) struct Lookup {
    /// The number of a value + 1, or 0.
    slots: Vec<u32>,
}

impl Lookup {
    /// Returns an empty table for at most so many values.
    pub(super) fn for_at_most(values: usize) -> Self {
        Self {
            slots: vec![0; (values.max(8) * 2).next_power_of_two()],
        }
    }

    /// Returns the number of the value with this hash that `is_it` accepts, or makes `next` its
    /// number; nothing when too many values collide.
    pub(super) fn number(
        &mut self,
        hash: u64,
        next: u32,
        is_it: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let slot = self.slot(hash, is_it)?;
        if *slot == 0 {
            *slot = next + 1;
        }
        Some(*slot - 1)
    }

    /// Gives the value with this hash that `is_it` accepts another number; false when too many
    /// values collide.
    pub(super) fn renumber(&mut self, hash: u64, number: u32, is_it: impl Fn(u32) -> bool) -> bool {
        let slot = self.slot(hash, is_it);
        slot.is_some_and(|slot| {
            *slot = number + 1;
            true
        })
    }

    /// Returns the slot of a value, or the empty one where it belongs.
    fn slot(&mut self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<&mut u32> {
        let mask = self.slots.len() - 1;
        let start = usize::try_from(hash >> 32).unwrap_or(0);
        let mut probes = (0..PROBES_MAX).map(|probe| (start + probe) & mask);
        let slots = &self.slots;
        let found = probes.find(|at| {
            let known = slots.get(*at).and_then(|slot| slot.checked_sub(1));
            known.is_none_or(&is_it)
        })?;
        self.slots.get_mut(found)
    }
}

/// Returns the hash of a number.
pub(super) const fn hash(number: i64) -> u64 {
    let mixed = number.cast_unsigned().wrapping_mul(MULTIPLIER);
    (mixed ^ (mixed >> 29)).wrapping_mul(MULTIPLIER)
}

/// Returns the hash of some bytes.
pub(super) fn hash_bytes(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    let mix = |state: u64, word: [u8; 8]| {
        let mixed = (state ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER);
        mixed ^ (mixed >> 31)
    };
    let state = words
        .iter()
        .fold(bytes.len() as u64, |state, word| mix(state, *word));
    mix(state, last).wrapping_mul(MULTIPLIER)
}

const PROBES_MAX: usize = 64;
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
