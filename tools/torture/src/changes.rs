//! Changes of the table that is written over, which nobody can see by themselves: what they leave tells
//! whether they are there.

use std::collections::BTreeSet;

use crate::deletes::Deleted;
use crate::model::Model;
use crate::workload::WRITTEN_OVER;

/// A change of the table that is written over.
#[derive(Debug, Clone)]
pub enum Change {
    /// These rows go, as far as they are there by then.
    Delete(Deleted),
    /// Every row is kept from now on, or rows of equal series and time become one again.
    AppendOnly(bool),
}

/// Changes in the order in which they were sent.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    sent: Vec<Sent>,
}

#[derive(Debug, Clone)]
struct Sent {
    change: Change,
    /// Nothing when it was refused, or is lost for certain.
    taken: Option<Taken>,
    acked: Option<u64>,
}

/// When a change was sent, and its place among all that was sent.
#[derive(Debug, Clone, Copy)]
struct Taken {
    at: u64,
    order: u64,
}

/// A change that may be there, by its place among all that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// Its number.
    pub number: usize,
    /// Its place.
    pub order: u64,
    /// Whether it must be there.
    pub is_certain: bool,
    /// What it changes.
    pub change: &'a Change,
}

impl Change {
    /// Changes a model.
    pub fn apply_to(&self, model: &mut Model) {
        match self {
            Self::Delete(rows) => model.delete(WRITTEN_OVER, rows),
            Self::AppendOnly(append_only) => model.set_append_only(WRITTEN_OVER, *append_only),
        }
    }
}

impl Changes {
    /// Notes a change that is on its way, and returns its number.
    pub fn add(&mut self, change: Change, at: u64, order: u64) -> usize {
        self.sent.push(Sent {
            change,
            taken: Some(Taken { at, order }),
            acked: None,
        });
        self.sent.len() - 1
    }

    /// Notes that a change was refused, for certain.
    pub fn refused(&mut self, number: usize) {
        self.sent.get_mut(number).expect("it was sent").taken = None;
    }

    /// Notes that a change was acked.
    pub fn acked(&mut self, number: usize, at: u64) {
        let sent = self.sent.get_mut(number).expect("it was sent");
        sent.acked.get_or_insert(at);
    }

    /// Forgets what was acked.
    pub fn forget_acks(&mut self) {
        self.sent.iter_mut().for_each(|sent| sent.acked = None);
    }

    /// Takes what a restart has found for what there is.
    pub fn settle(&mut self, found: &BTreeSet<usize>, at: u64) {
        for (number, sent) in self.sent.iter_mut().enumerate() {
            match found.contains(&number) {
                true => _ = sent.acked.get_or_insert(at),
                false => sent.taken = None,
            }
        }
    }

    /// Tells whether one of these changes is of the table's mode.
    #[must_use]
    pub fn is_any_of_mode(&self, numbers: &BTreeSet<usize>) -> bool {
        let mut sent = numbers.iter().filter_map(|number| self.sent.get(*number));
        sent.any(|sent| matches!(sent.change, Change::AppendOnly(_)))
    }

    /// Returns the changes that a disk of a moment may have, in their order; the log is one chain, so that
    /// those before a batch that is there are there.
    #[must_use]
    pub fn by<'a>(&'a self, moment: u64, last_batch: Option<u64>) -> Vec<Placed<'a>> {
        let placed = |(number, sent): (usize, &'a Sent)| {
            let Taken { order, .. } = sent.taken.filter(|taken| taken.at <= moment)?;
            let was_acked = sent.acked.is_some_and(|at| at <= moment);
            Some(Placed {
                number,
                order,
                is_certain: was_acked || Some(order) < last_batch,
                change: &sent.change,
            })
        };
        let all = self.sent.iter().enumerate();
        let mut placed: Vec<Placed<'a>> = all.filter_map(placed).collect();
        placed.sort_unstable_by_key(|change| change.order);
        placed
    }
}
