//! What a run of a suite did.

use std::collections::BTreeMap;
use std::fmt;

/// Numbers by name, printed in one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    /// Counts something once more.
    pub fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    /// Counts something so many times more.
    pub fn add(&mut self, what: &'static str, times: u64) {
        *self.0.entry(what).or_default() += times;
    }

    /// Returns a count.
    #[must_use]
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// Adds the counts of another run.
    pub fn merge(&mut self, other: &Self) {
        other
            .0
            .iter()
            .for_each(|(what, times)| self.add(what, *times));
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> = self
            .0
            .iter()
            .map(|(what, times)| format!("{times} {what}"))
            .collect();
        f.write_str(&counts.join(", "))
    }
}
