//! Pseudo-random numbers that are the same on every machine, for ever.
//!
//! Whole numbers only: the logarithms and cosines of a mathematical library differ from one to the
//! next in their last bit, and a data set that differs in one bit is another data set.
//!
//! **Source:** D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators" (2021),
//! xoshiro256++, seeded by SplitMix64 as they recommend.

/// A sequence of numbers, given by a seed and the number of a stream within it.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: [u64; 4],
}

impl Random {
    /// Begins a stream; streams of one seed are independent, so that each host, statement or server
    /// has its own and its values do not depend on what is generated beside it.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut mixer = mix(seed).wrapping_add(stream.wrapping_mul(STREAM_STRIDE));
        let mut next = || {
            mixer = mixer.wrapping_add(GOLDEN_RATIO);
            mix(mixer)
        };
        Self {
            state: [next(), next(), next(), next()],
        }
    }

    /// Returns the next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let number = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        number
    }

    /// Returns a number below `limit`, 0 when that is 0.
    ///
    /// Numbers are uniform up to `limit / 2^32`: too little to be seen in a data set.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        let product = (self.next() >> 32) * u64::from(limit);
        u32::try_from(product >> 32).unwrap_or(0)
    }

    /// Tells, in `permille` of a thousand cases, yes.
    pub(crate) fn chance(&mut self, permille: u32) -> bool {
        self.below(1_000) < permille
    }

    /// Returns a step of mean 0 and standard deviation 1, in units of 1/65 536.
    ///
    /// The sum of twelve uniform numbers has variance 1 and is so near to the normal distribution
    /// that nothing here can tell; it is exact in whole numbers, and costs three draws.
    pub(crate) fn normal_step(&mut self) -> i32 {
        let sum: i32 = (0..3).map(|_| quarter_sum(self.next())).sum();
        sum - TWELVE_MEANS
    }
}

/// Returns the sum of the four 16-bit numbers in a draw.
fn quarter_sum(draw: u64) -> i32 {
    let quarters = [draw, draw >> 16, draw >> 32, draw >> 48];
    quarters
        .iter()
        .map(|quarter| i32::try_from(quarter & 0xFFFF).unwrap_or(0))
        .sum()
}

/// SplitMix64's output function.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// SplitMix64's increment.
const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;
/// Odd, so that no two streams begin at one place.
const STREAM_STRIDE: u64 = 0xD1B5_4A32_D192_ED03;
/// Twelve times the mean of a 16-bit number, 32 767.5.
const TWELVE_MEANS: i32 = 6 * 65_535;

#[cfg(test)]
mod tests {
    use super::Random;

    /// The sequence of the reference implementation from this state.
    #[test]
    fn the_generator_is_xoshiro256_plus_plus() {
        let mut random = Random {
            state: [1, 2, 3, 4],
        };
        let first = [(); 4].map(|()| random.next());
        assert_eq!(
            first,
            [
                41_943_041,
                58_720_359,
                3_588_806_011_781_223,
                3_591_011_842_654_386
            ]
        );
    }

    #[test]
    fn the_numbers_are_the_same_for_ever() {
        let mut random = Random::new(1, 2);
        let first = [random.next(), random.next(), random.next()];
        assert_eq!(first, GOLDEN);
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, stream| Random::new(seed, stream).next();
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
    }

    #[test]
    fn numbers_stay_below_their_limit_and_reach_all_of_it() {
        let mut random = Random::new(7, 0);
        let mut seen = [0u32; 10];
        for _ in 0..10_000 {
            seen[random.below(10) as usize] += 1;
        }
        assert!(
            seen.iter().all(|count| (900..1_100).contains(count)),
            "{seen:?}"
        );
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn steps_have_mean_0_and_deviation_1() {
        let mut random = Random::new(7, 1);
        let steps: Vec<f64> = (0..200_000)
            .map(|_| f64::from(random.normal_step()) / 65_536.0)
            .collect();
        let mean = steps.iter().sum::<f64>() / 200_000.0;
        let variance = steps.iter().map(|step| step * step).sum::<f64>() / 200_000.0;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
        let within_one = steps.iter().filter(|step| step.abs() < 1.0).count();
        assert!(
            (0.672..0.694).contains(&(f64::from(u32::try_from(within_one).unwrap()) / 200_000.0))
        );
    }

    const GOLDEN: [u64; 3] = [
        2_890_560_500_898_844_146,
        7_739_084_667_826_825_126,
        12_700_226_207_546_580_471,
    ];
}
