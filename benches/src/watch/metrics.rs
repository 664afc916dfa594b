//! The numbers of a `/metrics` page.

use std::collections::HashMap;

/// Metrics without labels, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Metrics(HashMap<String, f64>);

impl Metrics {
    /// Reads a page; comments and metrics with labels are passed over.
    pub(super) fn parse(page: &str) -> Self {
        let pairs = page.lines().filter_map(|line| line.split_once(' '));
        let plain = pairs.filter(|(name, _)| !name.starts_with('#') && !name.contains('{'));
        let read = |(name, value): (&str, &str)| Some((name.to_owned(), value.parse().ok()?));
        Self(plain.filter_map(read).collect())
    }

    /// Returns a metric, if it is there.
    pub(super) fn value(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_metrics_are_read_and_the_rest_is_passed_over() {
        let page =
            "# HELP a b\n# TYPE a gauge\na 12\nb_total 1.5\nc{door=\"x\"} 3\nd NaNs\n# EOF\n";
        let metrics = Metrics::parse(page);
        assert_eq!(metrics.value("a"), Some(12.0));
        assert_eq!(metrics.value("b_total"), Some(1.5));
        assert_eq!((metrics.value("c"), metrics.value("d")), (None, None));
    }
}
