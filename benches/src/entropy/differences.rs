//! Order-0 entropy of the differences within each field of each host of `cpu`.

use std::collections::HashMap;

use super::surprise;
use crate::generate::{CpuShape, CpuValues};
use crate::ingest::number;

/// Returns the entropy of the differences between one sample of a host and the next, all fields and
/// hosts together, in bits a difference.
///
/// The first sample of a field has no difference and is left out.
pub(crate) fn difference_bits(values: &CpuValues) -> f64 {
    let CpuShape { hosts, .. } = values.shape();
    let mut counts: HashMap<i32, u64> = HashMap::new();
    for host in 0..hosts {
        let mut before: Option<&[u8; 10]> = None;
        for (_, sample) in values.samples(host, i64::MIN, i64::MAX) {
            for (old, new) in before.into_iter().flatten().zip(sample) {
                *counts.entry(i32::from(*new) - i32::from(*old)).or_default() += 1;
            }
            before = Some(sample);
        }
    }
    let total = number(counts.values().sum::<u64>().max(1));
    let shares = counts.values().map(|count| number(*count) / total);
    shares.map(surprise).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_cpu_have_the_entropy_of_tsbs() {
        let values = CpuValues::new(CpuShape::of_hours(42, 100, 3));
        let bytes = difference_bits(&values) / 8.0;
        assert!((0.263..0.273).contains(&bytes), "{bytes}");
    }
}
