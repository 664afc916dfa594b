//! Values with their times, collected over a group, and what a counter did between them.

use schema::Kind;

/// The samples of one group, in order of arrival; sixteen bytes each.
#[derive(Debug, Default, Clone)]
pub(crate) struct Samples(Vec<(i64, f64)>);

impl Samples {
    pub(crate) fn push(&mut self, nanos: i64, value: f64) {
        self.0.push((nanos, value));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, f64)> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(i64, f64)>()
    }

    /// Returns what was added from the first sample to the last; for increases, their sum.
    pub(crate) fn increase(&mut self, kind: Kind) -> Option<f64> {
        if self.0.is_empty() {
            return None;
        }
        if kind == Kind::Increase {
            return Some(self.0.iter().map(|(_, value)| value).sum());
        }
        self.sort();
        Some(
            self.steps()
                .map(|(before, after)| counted(before, after))
                .sum(),
        )
    }

    /// Returns the increase per second of the time that the samples cover; nothing for one moment.
    pub(crate) fn rate(&mut self, kind: Kind) -> Option<f64> {
        let increase = self.increase(kind)?;
        self.sort();
        let seconds = match kind {
            Kind::Increase => self.covered_seconds()?,
            _ => self.span_seconds()?,
        };
        Some(increase / seconds)
    }

    /// Returns the last value less the first.
    pub(crate) fn delta(&mut self) -> Option<f64> {
        self.sort();
        let (_, first) = self.0.first()?;
        let (_, last) = self.0.last()?;
        Some(last - first)
    }

    // The order of equal times does not matter to any of the sums, except that it must be one.
    fn sort(&mut self) {
        self.0
            .sort_by(|left, right| left.0.cmp(&right.0).then(left.1.total_cmp(&right.1)));
    }

    fn steps(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let later = self.0.iter().skip(1);
        self.0
            .iter()
            .zip(later)
            .map(|(before, after)| (before.1, after.1))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a span of nanoseconds as seconds"
    )]
    fn span_seconds(&self) -> Option<f64> {
        let (first, _) = self.0.first()?;
        let (last, _) = self.0.last()?;
        let nanos = last.checked_sub(*first).filter(|nanos| *nanos > 0)?;
        Some(nanos as f64 / NANOS_PER_SECOND)
    }

    // An increase covers the time since the sample before it, so the first one reaches back by one
    // interval: n moments span n - 1 intervals and cover n.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    fn covered_seconds(&self) -> Option<f64> {
        let span = self.span_seconds()?;
        let later = self.0.iter().skip(1);
        let changes = self.0.iter().zip(later).filter(|(a, b)| a.0 != b.0);
        let intervals = changes.count() as f64;
        Some(span * (intervals + 1.0) / intervals)
    }
}

/// Returns what a counter added between two samples: after a reset it counted from zero.
fn counted(before: f64, after: f64) -> f64 {
    if after < before {
        after
    } else {
        after - before
    }
}

const NANOS_PER_SECOND: f64 = 1e9;

#[cfg(test)]
mod tests {
    use schema::Kind;

    use super::Samples;

    const SECOND: i64 = 1_000_000_000;

    fn samples(values: &[(i64, f64)]) -> Samples {
        let mut samples = Samples::default();
        for (second, value) in values {
            samples.push(second * SECOND, *value);
        }
        samples
    }

    #[test]
    fn a_counter_is_read_in_order_of_time_and_across_a_reset() {
        let mut counter = samples(&[(20, 5.0), (0, 10.0), (10, 30.0)]);
        assert_eq!(counter.increase(Kind::Cumulative), Some(25.0));
        assert_eq!(counter.rate(Kind::Cumulative), Some(1.25));
        assert_eq!(counter.delta(), Some(-5.0));
    }

    #[test]
    fn increases_are_summed_over_the_time_that_they_cover() {
        let mut increases = samples(&[(10, 6.0), (20, 6.0), (30, 6.0)]);
        assert_eq!(increases.increase(Kind::Increase), Some(18.0));
        assert_eq!(increases.rate(Kind::Increase), Some(0.6));
        let mut two_series = samples(&[(10, 6.0), (10, 6.0), (20, 6.0), (20, 6.0)]);
        assert_eq!(two_series.rate(Kind::Increase), Some(1.2));
    }

    #[test]
    fn one_moment_has_no_rate_and_nothing_has_no_increase() {
        assert_eq!(samples(&[(1, 3.0)]).rate(Kind::Cumulative), None);
        assert_eq!(samples(&[(1, 3.0)]).rate(Kind::Increase), None);
        assert_eq!(samples(&[(1, 3.0)]).increase(Kind::Cumulative), Some(0.0));
        assert_eq!(samples(&[]).increase(Kind::Increase), None);
    }
}
