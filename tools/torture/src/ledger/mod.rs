//! What senders know: which batches went out, which were acked, and what may be found afterwards.
//!
//! It is the first half of W-2, the same for a simulated disk and for a real process: acked ⊆
//! recovered ⊆ sent, every batch whole or not there, nothing twice.
//!
//! Moments are numbers that grow, such as the changes done to a disk. What was acked before a moment
//! must be found on a disk of that moment; what was sent after it must not.

use std::collections::{BTreeMap, BTreeSet};

use crate::ensure;
use crate::violation::Violation;

/// Batches in the order in which they were first sent.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    batches: Vec<Sent>,
    /// Which batch a row is of.
    rows: BTreeMap<String, usize>,
    orders: u64,
}

/// A batch, and what its sender was told.
#[derive(Debug, Clone)]
struct Sent {
    name: String,
    rows: usize,
    /// When it was taken last; nothing when it was refused, or is lost for certain.
    sent: Option<Taken>,
    acked: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Taken {
    at: u64,
    order: u64,
}

impl Ledger {
    /// Notes a batch that nobody has sent yet. Its rows must be unlike all others. Returns its number.
    ///
    /// # Panics
    /// When a row is in another batch: then nothing could be told from what is found.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        rows: impl IntoIterator<Item = String>,
    ) -> usize {
        let number = self.batches.len();
        let mut count = 0;
        for row in rows {
            count += 1;
            let other = self.rows.insert(row, number);
            assert!(other.is_none(), "a row of batch {number} is in {other:?}");
        }
        self.batches.push(Sent {
            name: name.into(),
            rows: count,
            sent: None,
            acked: None,
        });
        number
    }

    /// Notes that a batch is on its way.
    pub fn sent(&mut self, number: usize, at: u64) {
        let order = self.next_order();
        if let Some(batch) = self.batches.get_mut(number) {
            batch.sent.get_or_insert(Taken { at, order });
        }
    }

    /// Returns the place of something else that is sent now.
    pub fn next_order(&mut self) -> u64 {
        self.orders += 1;
        self.orders
    }

    /// Returns the place of a batch among all that was sent.
    #[must_use]
    pub fn order(&self, number: usize) -> Option<u64> {
        let batch = self.batches.get(number)?;
        batch.sent.map(|taken| taken.order)
    }

    /// Notes that a batch was not taken, for certain.
    pub fn refused(&mut self, number: usize) {
        if let Some(batch) = self.batches.get_mut(number) {
            batch.sent = None;
        }
    }

    /// Notes that a batch was acked.
    pub fn acked(&mut self, number: usize, at: u64) {
        if let Some(batch) = self.batches.get_mut(number) {
            batch.acked.get_or_insert(at);
        }
    }

    /// Takes what a restart has found for what there is: the rest is lost and will not come back, and
    /// what is there stays.
    pub fn settle(&mut self, found: &BTreeSet<usize>, at: u64) {
        for (number, batch) in self.batches.iter_mut().enumerate() {
            if found.contains(&number) {
                batch.acked.get_or_insert(at);
            } else {
                batch.sent = None;
            }
        }
    }

    /// Forgets what was acked.
    pub fn forget_acks(&mut self) {
        self.batches.iter_mut().for_each(|batch| batch.acked = None);
    }

    /// Returns the number of batches.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Returns whether there is no batch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Returns whether a batch was taken, or may have been.
    #[must_use]
    pub fn is_sent(&self, number: usize) -> bool {
        self.batches
            .get(number)
            .is_some_and(|batch| batch.sent.is_some())
    }

    /// Returns the batches that were sent and not acked.
    pub fn unacked(&self) -> impl Iterator<Item = usize> {
        let waits = |(number, batch): (usize, &Sent)| {
            (batch.sent.is_some() && batch.acked.is_none()).then_some(number)
        };
        self.batches.iter().enumerate().filter_map(waits)
    }

    /// Returns batches in the order of the log.
    #[must_use]
    pub fn in_order(&self, numbers: &BTreeSet<usize>) -> Vec<usize> {
        let mut sorted: Vec<usize> = numbers.iter().copied().collect();
        sorted.sort_by_key(|number| self.order(*number));
        sorted
    }

    /// W-2: checks the rows that were found on a disk of a moment, and returns the batches they are.
    ///
    /// # Errors
    /// The first thing that must not be.
    pub fn check<'a>(
        &self,
        moment: u64,
        found: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeSet<usize>, Violation> {
        let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for row in found {
            let Some(number) = self.rows.get(row) else {
                return Err(Violation(format!("a row that nobody sent: {row}")));
            };
            ensure!(seen.insert(row), "a row is there twice: {row}");
            *rows.entry(*number).or_default() += 1;
        }
        for (number, batch) in self.batches.iter().enumerate() {
            let (count, name) = (rows.get(&number).copied().unwrap_or(0), &batch.name);
            let was_sent = batch.sent.is_some_and(|taken| taken.at <= moment);
            let was_acked = batch.acked.is_some_and(|at| at <= moment);
            ensure!(count == 0 || was_sent, "{name} is there and was not taken");
            ensure!(count > 0 || !was_acked, "{name} was acked and is lost");
            ensure!(
                count == 0 || count == batch.rows,
                "{name} is there with {count} of its {} rows",
                batch.rows
            );
        }
        Ok(rows.into_keys().collect())
    }

    /// Checks that what was found is a beginning of what was taken by then: the log is one chain.
    ///
    /// # Errors
    /// Names the batch that is missing before one that is there.
    pub fn check_prefix(&self, moment: u64, found: &BTreeSet<usize>) -> Result<(), Violation> {
        let taken = self
            .batches
            .iter()
            .enumerate()
            .filter_map(|(number, batch)| {
                let taken = batch.sent.filter(|taken| taken.at <= moment)?;
                Some((taken.order, number))
            });
        let mut missing = None;
        for number in BTreeMap::from_iter(taken).into_values() {
            if found.contains(&number) {
                ensure!(
                    missing.is_none(),
                    "batch {number} is there, and {missing:?} before it is not"
                );
            } else {
                missing.get_or_insert(number);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
