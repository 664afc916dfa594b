//! Which databases of an instance are collected: `["*", "!template*"]`.

/// Patterns in the order of the file; the last one that fits decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseFilter(Vec<String>);

impl DatabaseFilter {
    /// Returns the filter of these patterns; none means all.
    pub(crate) fn new(patterns: Vec<String>) -> Self {
        Self(patterns)
    }

    /// Tells whether a database is wanted; what belongs to no database always is.
    pub(crate) fn wants(&self, database: Option<&str>) -> bool {
        let Some(database) = database else {
            return true;
        };
        // A list of exclusions alone starts from everything.
        let from_all = self.0.first().is_none_or(|first| first.starts_with('!'));
        self.0.iter().fold(from_all, |wanted, pattern| {
            match pattern.strip_prefix('!') {
                Some(excluded) if fits(excluded, database) => false,
                None if fits(pattern, database) => true,
                _ => wanted,
            }
        })
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseFilter;

    #[test]
    fn the_last_pattern_that_fits_decides() {
        let filter = |patterns: &[&str]| {
            DatabaseFilter::new(patterns.iter().map(|p| (*p).to_owned()).collect())
        };
        let usual = filter(&["*", "!template*"]);
        assert!(usual.wants(Some("app")) && !usual.wants(Some("template1")));
        assert!(usual.wants(None));
        assert!(filter(&[]).wants(Some("x")));
        assert!(filter(&["!a"]).wants(Some("b")) && !filter(&["!a"]).wants(Some("a")));
        assert!(!filter(&["a"]).wants(Some("b")));
        assert!(filter(&["!a*", "ab"]).wants(Some("ab")));
    }
}
