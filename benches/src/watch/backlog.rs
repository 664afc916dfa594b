//! Whether what waits grew, by a rule that is stated before it is looked at.
//!
//! The first quarter of the time is left out: memtables fill and merging begins. Of the rest the mean
//! of the later half is compared with that of the earlier. A backlog **grew** when the later mean is
//! more than a quarter above the earlier one and by more than one unit of work: half a flush of memory
//! or log (64 MiB), or four parts; of parts only those count that are more than the sixteen of one table
//! and window which a merge waits for.
//! So few samples that they tell nothing count as growth.
//! A backlog that stands at its limit does not grow any more, but batches are refused then: one refusal
//! counts as growth, too.
//! What a server cannot keep up with is linear in time: its later mean is 5/8 ÷ 3/8, two thirds, above
//! the earlier.

use serde::Serialize;

use super::Sample;

/// How something that waits developed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Growth {
    /// What waits.
    pub(crate) what: &'static str,
    /// Its mean over the earlier half of what is compared.
    pub(crate) earlier: f64,
    /// Its mean over the later half.
    pub(crate) later: f64,
    /// The most that there was at any time.
    pub(crate) most: f64,
    /// Whether it grew.
    pub(crate) grew: bool,
}

impl Growth {
    /// Looks at everything that can pile up.
    pub(crate) fn of(samples: &[Sample], refusals: u64) -> Vec<Self> {
        let series = |what, unit, value: fn(&Sample) -> f64| {
            let values: Vec<f64> = samples.iter().map(value).collect();
            Self::of_values(what, unit, &values)
        };
        vec![
            series("memtable, bytes", BYTES, |sample| sample.memtable_bytes),
            series("unflushed log, bytes", BYTES, |sample| {
                sample.unflushed_log_bytes
            }),
            series("unmerged parts beyond 16", PARTS, |sample| {
                crate::ingest::number(sample.unmerged_parts.saturating_sub(MERGED_AT_ONCE))
            }),
            Self::of_refusals(refusals),
        ]
    }

    /// Refusals are counted over the whole time, by the client.
    fn of_refusals(refusals: u64) -> Self {
        Self {
            what: "refusals, in all",
            earlier: 0.0,
            later: 0.0,
            most: crate::ingest::number(refusals),
            grew: refusals > 0,
        }
    }

    fn of_values(what: &'static str, unit: f64, values: &[f64]) -> Self {
        let rest = values.get(values.len() / 4..).unwrap_or_default();
        let (earlier, later) = rest.split_at(rest.len() / 2);
        let (earlier, later) = (mean(earlier), mean(later));
        Self {
            what,
            earlier,
            later,
            most: values.iter().copied().fold(0.0, f64::max),
            grew: values.len() < SAMPLES_MIN || later > earlier * 1.25 && later - earlier > unit,
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    crate::ingest::per(values.iter().sum(), values.len() as u64)
}

const BYTES: f64 = 67_108_864.0;
const PARTS: f64 = 4.0;
/// `compaction.fan_in`.
const MERGED_AT_ONCE: u64 = 16;
const SAMPLES_MIN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn grew(values: impl IntoIterator<Item = f64>) -> bool {
        let values: Vec<f64> = values.into_iter().collect();
        Growth::of_values("parts", PARTS, &values).grew
    }

    #[test]
    fn what_rises_all_the_time_grew() {
        assert!(grew((0..120).map(f64::from)));
        assert!(grew((0..120).map(|second| f64::from(second) / 4.0)));
    }

    #[test]
    fn what_goes_up_and_down_or_fills_once_did_not() {
        assert!(!grew((0..120).map(|second| f64::from(second % 20))));
        assert!(!grew((0..120).map(|second| f64::from(second.min(30)))));
        assert!(!grew((0..120).map(|second| f64::from(second / 60))));
    }

    #[test]
    fn few_samples_tell_nothing() {
        assert!(grew([]) && grew([0.0; 7]) && !grew([0.0; 8]));
    }

    #[test]
    fn a_refusal_is_growth_though_nothing_rises() {
        let grown = |refusals| {
            let all = Growth::of(&[Sample::default(); 40], refusals);
            all.iter().filter(|growth| growth.grew).count()
        };
        assert_eq!((grown(0), grown(1)), (0, 1));
    }

    #[test]
    fn earlier_later_and_most_are_of_the_samples() {
        let growth = Growth::of_values("x", 1.0, &[100.0, 1.0, 1.0, 3.0, 3.0, 5.0, 5.0, 7.0]);
        assert_eq!((growth.earlier, growth.later), (7.0 / 3.0, 17.0 / 3.0));
        assert_eq!((growth.most, growth.grew), (100.0, true));
    }
}
