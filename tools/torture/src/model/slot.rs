//! The rows of one series and time, and what a table may show of them.
//!
//! ```text
//!   the log                 r1  r2  r3   every row is kept from now on   r4  r5
//!   kept, a scan shows      r1 r2 r3 r4 r5,  r1+r2 r3 r4 r5,  r1 r2+r3 r4 r5  or  r1+r2+r3 r4 r5
//!   merged, it shows        r1+r2+r3+r4+r5
//! ```
//! A table that merges becomes one that keeps every row *from now on*: whether rows of before are still
//! apart depends on who has written them anew in the meantime, in memory, by a flush or by a compaction.
//! Only neighbours can have become one, since the log gives the order of what is written over.

use std::collections::{BTreeMap, BTreeSet};

use crate::deletes::Deleted;
use crate::rows::Row;

/// Rows in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Slot {
    rows: Vec<Row>,
    /// How many of the first may have been merged with their neighbours.
    loose: usize,
}

impl Slot {
    /// Takes the next row.
    pub(super) fn write(&mut self, row: &Row) {
        self.rows.push(row.clone());
    }

    /// Notes that the table has merged so far, and keeps what comes.
    pub(super) fn keep_from_now_on(&mut self) {
        self.loose = self.rows.len();
    }

    /// Returns every row.
    pub(super) fn written(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// Tells whether a delete is for these rows; it is for all of them or none.
    pub(super) fn is_meant_by(&self, rows: &Deleted) -> bool {
        self.rows.first().is_some_and(|row| rows.is_for(row))
    }

    /// Tells whether a scan may give these rows, in this order.
    pub(super) fn may_show(&self, lines: &[&str], append_only: bool) -> bool {
        if !append_only {
            return lines == [merged(&self.rows).line()];
        }
        // Where the rows may end that the lines so far are made of.
        let mut ends = BTreeSet::from([0]);
        for line in lines {
            let after = |start: &usize| self.ends_of(*start, line);
            ends = ends.iter().flat_map(after).collect();
        }
        ends.contains(&self.rows.len())
    }

    /// Returns where rows may end that begin at `start` and are shown as this line.
    fn ends_of(&self, start: usize, line: &str) -> Vec<usize> {
        let last = self.loose.max(start + 1);
        let ends = start + 1..=last;
        ends.filter(|end| {
            let rows = self.rows.get(start..*end);
            rows.is_some_and(|rows| merged(rows).line() == line)
        })
        .collect()
    }
}

/// Merges rows of one series and time: field by field the later value wins.
fn merged(rows: &[Row]) -> Row {
    let mut fields = BTreeMap::new();
    for row in rows {
        fields.extend(row.fields.clone());
    }
    let first = rows.first().cloned().expect("there are rows to merge");
    Row { fields, ..first }
}
