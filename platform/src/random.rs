//! A small deterministic generator, SplitMix64: the dice of the simulated machine.
//!
//! It is not for keys, salts or nonces: those come from [`Entropy`](crate::Entropy).
//!
//! **Source**: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.

/// Scrambles the position of a sequence into its value there.
pub(crate) const fn mix(position: u64) -> u64 {
    let z = (position ^ (position >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The step between two positions: 2⁶⁴ divided by the golden ratio, made odd.
pub(crate) const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
