//! Deletes of rows, which nobody can see by themselves: what they leave tells whether they are there.

use std::collections::BTreeSet;

use engine::RowPredicate;
use schema::{TimeRange, Timestamp};

use crate::dice::Dice;
use crate::machine::{SECOND, START};
use crate::rows::Row;

/// Rows of the table that is written over: of a stretch of time, of one host or of all.
#[derive(Debug, Clone)]
pub struct Deleted {
    from: i64,
    to: i64,
    host: Option<&'static str>,
}

/// Deletes in the order in which they were sent.
#[derive(Debug, Clone, Default)]
pub struct Deletes {
    sent: Vec<Delete>,
}

#[derive(Debug, Clone)]
struct Delete {
    rows: Deleted,
    /// Its moment and its place among all that was sent; nothing when it was refused, or is lost for
    /// certain.
    sent: Option<(u64, u64)>,
    acked: Option<u64>,
}

/// A delete that may be there, by its place among all that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// Its number.
    pub number: usize,
    /// Its place.
    pub order: u64,
    /// Whether it must be there.
    pub is_certain: bool,
    /// The rows.
    pub rows: &'a Deleted,
}

impl Deleted {
    /// Returns rows by chance.
    pub fn random(dice: &mut Dice) -> Self {
        let from = START - i64::try_from(dice.below(6)).unwrap_or(0) * 1_200 * SECOND;
        let length: i64 = dice.pick(&[1, 1, 1_201, 4_000]);
        Self {
            from,
            to: from + length * SECOND,
            host: dice.pick(&[None, Some("a"), Some("b")]),
        }
    }

    /// Returns them as the store is told.
    #[must_use]
    pub fn predicate(&self) -> RowPredicate {
        let host = self.host.map(|host| ("host".to_owned(), host.to_owned()));
        RowPredicate {
            time: TimeRange {
                start: Timestamp::from_nanos(self.from),
                end: Timestamp::from_nanos(self.to),
            },
            tags: host.into_iter().collect(),
        }
    }

    /// Tells whether a row is meant.
    #[must_use]
    pub fn is_for(&self, row: &Row) -> bool {
        let host = row.tags.get("host").map(String::as_str);
        (self.from..self.to).contains(&row.time) && (self.host.is_none() || self.host == host)
    }
}

impl Deletes {
    /// Notes a delete that is on its way, and returns its number.
    pub fn add(&mut self, rows: Deleted, at: u64, order: u64) -> usize {
        let (sent, acked) = (Some((at, order)), None);
        self.sent.push(Delete { rows, sent, acked });
        self.sent.len() - 1
    }

    /// Notes that a delete was refused, for certain.
    pub fn refused(&mut self, number: usize) {
        self.sent.get_mut(number).expect("it was sent").sent = None;
    }

    /// Notes that a delete was acked.
    pub fn acked(&mut self, number: usize, at: u64) {
        let delete = self.sent.get_mut(number).expect("it was sent");
        delete.acked.get_or_insert(at);
    }

    /// Forgets what was acked.
    pub fn forget_acks(&mut self) {
        self.sent.iter_mut().for_each(|delete| delete.acked = None);
    }

    /// Takes what a restart has found for what there is.
    pub fn settle(&mut self, found: &BTreeSet<usize>, at: u64) {
        for (number, delete) in self.sent.iter_mut().enumerate() {
            match found.contains(&number) {
                true => _ = delete.acked.get_or_insert(at),
                false => delete.sent = None,
            }
        }
    }

    /// Returns the deletes that a disk of a moment may have, in their order; the log is one chain, so that
    /// those before a batch that is there are there.
    #[must_use]
    pub fn by(&self, moment: u64, last_batch: Option<u64>) -> Vec<Placed<'_>> {
        let placed = |(number, delete): (usize, &'_ Delete)| {
            let (_, order) = delete.sent.filter(|(at, _)| *at <= moment)?;
            let was_acked = delete.acked.is_some_and(|at| at <= moment);
            Some((number, order, was_acked || Some(order) < last_batch))
        };
        let all = self.sent.iter().enumerate();
        let mut placed: Vec<Placed<'_>> = all
            .filter_map(|(number, delete)| {
                let (number, order, is_certain) = placed((number, delete))?;
                Some(Placed {
                    number,
                    order,
                    is_certain,
                    rows: &delete.rows,
                })
            })
            .collect();
        placed.sort_unstable_by_key(|delete| delete.order);
        placed
    }
}
