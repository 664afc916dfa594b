//! Loops over many numbers, in the widest instructions that the processor has.
//!
//! The program is compiled for every x86-64, whose instructions are those of 2003. A loop that is given
//! to [`wide`] is compiled a second time, for AVX2 and BMI2, and that one runs where the processor has
//! them. Both are the same Rust, so that they give the same results.

/// A loop that [`wide`] runs.
///
/// [`Self::run`] and all that it calls are to be `#[inline(always)]`: what is not inlined is compiled
/// for every processor. [`wide_fn`](crate::wide_fn) writes it out of a function.
pub trait Wide {
    /// What it gives.
    type Output;

    /// Runs it.
    fn run(self) -> Self::Output;
}

/// Runs a loop, compiled for the processor that it runs on.
///
/// Asking the processor costs a few loads: give it whole loops.
#[inline]
pub fn wide<W: Wide>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if has_wide() {
        #[expect(
            unsafe_code,
            reason = "that the processor has an instruction cannot be proved by the compiler"
        )]
        // SAFETY: `run` differs from other functions in the features alone that it is compiled for, and
        // the processor has all of them, as it has just said.
        return unsafe { run(work) };
    }
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn run<W: Wide>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
fn has_wide() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
}

/// Defines a function whose body runs as [`wide`](crate::wide()) runs loops.
///
/// Lifetimes of its arguments are to be named.
#[macro_export]
macro_rules! wide_fn {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident $(<$($lifetime:lifetime),+>)? (
            $($argument:ident: $type:ty),+ $(,)?
        ) -> $output:ty $body:block
    ) => {
        $(#[$attribute])*
        $visibility fn $name $(<$($lifetime),+>)? ($($argument: $type),+) -> $output {
            struct Loop $(<$($lifetime),+>)? {
                $($argument: $type,)+
            }

            impl $(<$($lifetime),+>)? $crate::Wide for Loop $(<$($lifetime),+>)? {
                type Output = $output;

                #[inline(always)]
                fn run(self) -> $output {
                    let Self { $($argument,)+ } = self;
                    $body
                }
            }

            $crate::wide(Loop { $($argument,)+ })
        }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident $(<$($lifetime:lifetime),+>)? (
            $($argument:ident: $type:ty),+ $(,)?
        ) $body:block
    ) => {
        $crate::wide_fn! {
            $(#[$attribute])*
            $visibility fn $name $(<$($lifetime),+>)? ($($argument: $type),+) -> () $body
        }
    };
}

#[cfg(test)]
mod tests {
    use super::Wide;

    crate::wide_fn! {
        fn sum<'a>(numbers: &'a [u64], factor: u64) -> u64 {
            let add = |sum: u64, number: &u64| sum.wrapping_mul(factor).wrapping_add(*number);
            numbers.iter().fold(0, add)
        }
    }

    struct Sum<'a>(&'a [u64]);

    impl Wide for Sum<'_> {
        type Output = u64;

        #[inline(always)]
        fn run(self) -> u64 {
            self.0.iter().sum()
        }
    }

    #[test]
    fn a_loop_gives_what_it_gives_otherwise() {
        let numbers: Vec<u64> = (0..1_000).map(|n| n * n).collect();
        assert_eq!(super::wide(Sum(&numbers)), Sum(&numbers).run());
        assert_eq!(sum(&numbers, 1), Sum(&numbers).run());
        assert_eq!(sum(&[], 1), 0);
    }
}
