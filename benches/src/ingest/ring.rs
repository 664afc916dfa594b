//! Batches without end from a data set that has one: tables made once, sent round after round, each
//! time later by the length of the data set.
//!
//! ```text
//!   tables   t0 t1 … tn   built before the clock runs
//!   round 1  t0 t1 … tn   as generated
//!   round 2  t0 t1 … tn   times moved forward by the span of the data set, numbers of batches go on
//! ```
//!
//! What is left to do while the clock runs is the encoding of a frame, as a client must do it.
//! Values repeat with each round; that a round's first values do not follow its predecessor's last
//! is one step in as many as a source has samples.

use wire::v1::{Batch, Table};
use wire::{BatchFrame, Limits};

use super::Tally;
use crate::failure::{Failure, Outcome};
use crate::generate::{CpuShape, DataSet, Share};

/// One connection's share of a data set, over and over.
pub(super) struct Ring {
    tables: Vec<(Table, Tally)>,
    next: usize,
    /// The length of a round, in nanoseconds.
    span: i64,
    collector: String,
    epoch: u64,
    sequence: u64,
    sent: Tally,
}

impl Ring {
    /// Builds the tables of a share, which must not be empty.
    pub(super) fn build(shape: CpuShape, share: Share, rows_per_batch: usize) -> Self {
        let data_set = DataSet::Cpu(shape);
        let mut rows = data_set.rows(share);
        let tables = std::iter::from_fn(|| rows.next_table(rows_per_batch));
        let tallied = tables.map(|table| {
            let mut tally = Tally::new(data_set);
            tally.add_table(&table);
            (table, tally)
        });
        Self {
            tables: tallied.collect(),
            next: 0,
            span: shape.end() - shape.start(),
            collector: String::new(),
            epoch: 0,
            sequence: 0,
            sent: Tally::new(data_set),
        }
    }

    /// Numbers its batches under a name in an epoch.
    pub(super) fn number(&mut self, collector: &str, epoch: u64) {
        collector.clone_into(&mut self.collector);
        self.epoch = epoch;
        self.sequence = 0;
    }

    /// Returns the next frame and how many rows it has.
    ///
    /// # Errors
    /// When a batch is larger than a server takes, or there is none.
    pub(super) fn next(&mut self) -> Outcome<(BatchFrame, u64)> {
        let empty = || Failure::new("no rows for a connection", "use fewer --connections");
        let count = self.tables.len().max(1);
        let (table, tally) = self.tables.get_mut(self.next).ok_or_else(empty)?;
        self.sequence += 1;
        let mut batch = Batch {
            collector: self.collector.clone(),
            epoch: self.epoch,
            sequence: self.sequence,
            tables: vec![std::mem::take(table)],
        };
        let frame = BatchFrame::encode(&batch, &Limits::default())
            .map_err(|error| Failure::new(error, "lower --rows-per-batch"))?;
        *table = batch.tables.pop().ok_or_else(empty)?;
        table.time.iter_mut().for_each(|time| *time += self.span);
        self.sent.add(tally);
        self.next = (self.next + 1) % count;
        Ok((frame, tally.rows()))
    }

    /// Returns what was handed out so far.
    pub(super) fn sent(&self) -> &Tally {
        &self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(frame: &BatchFrame) -> Vec<i64> {
        let table = frame.view().tables().next().unwrap();
        table.time().to_vec()
    }

    #[test]
    fn the_second_round_is_the_first_but_later_and_numbered_on() {
        let shape = CpuShape::of_hours(42, 10, 1);
        let mut ring = Ring::build(shape, Share::WHOLE, 2_000);
        ring.number("a", 7);
        let first: Vec<_> = (0..2).map(|_| ring.next().unwrap()).collect();
        let mut once = Tally::new(DataSet::Cpu(shape));
        once.add(ring.sent());
        assert_eq!((first[0].1, first[1].1, once.rows()), (2_000, 1_600, 3_600));
        let hour = 3_600_000_000_000;
        for (index, (frame, rows)) in first.iter().enumerate() {
            let (again, rows_again) = ring.next().unwrap();
            assert_eq!(*rows, rows_again);
            let later: Vec<i64> = times(frame).iter().map(|time| time + hour).collect();
            assert_eq!(times(&again), later);
            assert_eq!(again.view().sequence(), 3 + index as u64);
            assert_eq!((again.view().collector(), again.view().epoch()), ("a", 7));
        }
        once.add(&once.clone());
        assert_eq!(ring.sent(), &once);
    }

    #[test]
    fn a_ring_without_rows_says_so() {
        let share = Share { index: 3, count: 4 };
        let mut ring = Ring::build(CpuShape::of_hours(1, 2, 1), share, 100);
        assert!(ring.next().unwrap_err().to_string().contains("no rows"));
    }
}
