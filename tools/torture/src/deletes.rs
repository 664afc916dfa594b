//! Which rows a delete is for.

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
