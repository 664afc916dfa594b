//! Which rows are meant.

use std::collections::BTreeMap;

use schema::{TableDefinition, TimeRange};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::state::TableState;

/// Rows of a stretch of time whose tags have these values; all of it must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowPredicate {
    /// The stretch of time.
    pub time: TimeRange,
    /// Values of tags by their names.
    pub tags: BTreeMap<String, String>,
}

impl RowPredicate {
    /// Returns about how many bytes the tags take.
    pub(crate) fn bytes(&self) -> u64 {
        let tags = self.tags.iter();
        let tag = |(name, value): (&String, &String)| name.len() + value.len() + TAG_BYTES;
        tags.map(tag).sum::<usize>() as u64
    }

    /// Tells whether a table has all of these values: without, no row is meant.
    pub(crate) fn may_mean(&self, table: &TableState) -> bool {
        self.codes(table).is_some()
    }

    /// Returns the values as codes, each with its tag; nothing where no series has one of them.
    pub(super) fn codes(&self, table: &TableState) -> Option<Vec<(usize, u32)>> {
        table.series.read(|series| {
            let tags = self.tags.iter().map(|(name, value)| {
                let tag = table.definition.tag_index(name)?;
                Some((tag, series.code(tag, value)?))
            });
            tags.collect()
        })
    }

    /// Checks that rows of a table can be meant.
    ///
    /// # Errors
    /// [`Error::Refused`] for an empty stretch of time or a field, [`Error::Absent`] for a tag that the
    /// table does not have.
    pub(crate) fn check(&self, table: &TableDefinition) -> Result<(), Error> {
        if self.time.is_empty() {
            return Err(Error::Refused {
                what: "the rows to delete".into(),
                reason: "their time must end after it begins: from is the first moment, to the first after",
            });
        }
        for name in self.tags.keys() {
            if table.tag_index(name).is_some() {
                continue;
            }
            return Err(match table.field_index(name) {
                Some(_) => Error::Refused {
                    what: format!("column {name:?} of table {:?}", table.name),
                    reason: "it is a field, and rows are deleted by tags and time",
                },
                None => Error::Absent {
                    what: "tag",
                    name: name.clone(),
                },
            });
        }
        Ok(())
    }
}

/// Two texts of a map, besides their bytes.
const TAG_BYTES: usize = 64;
