//! The data sets by name.

use super::{CPU_FIELDS, CPU_TABLE, CpuRows, CpuShape, Rows, Share};
use super::{StatementRows, StatementShape, WaitRows, WaitShape};

/// A data set: which, how large, and by which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataSet {
    /// Rows of ten whole numbers that wander.
    Cpu(CpuShape),
    /// Counters, idle in 88 % of the rows.
    Statements(StatementShape),
    /// Append-only samples, most of their values texts.
    Waits(WaitShape),
}

impl DataSet {
    /// Returns the table that holds it.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Cpu(_) => CPU_TABLE,
            Self::Statements(_) => super::statements::STATEMENT_TABLE,
            Self::Waits(_) => super::waits::WAIT_TABLE,
        }
    }

    /// Returns the number of fields of each row: what values are counted by; tags and times are not.
    pub(crate) fn field_count(self) -> u64 {
        let fields = match self {
            Self::Cpu(_) => CPU_FIELDS.len(),
            Self::Statements(_) => {
                super::statements::STATEMENT_COUNTS.len() + super::statements::STATEMENT_TIMES.len()
            }
            Self::Waits(_) => super::waits::WAIT_FIELD_COUNT,
        };
        fields as u64
    }

    /// Returns the fields of whole numbers that add up without overflow, by whose sums a server is
    /// asked whether it has everything.
    pub(crate) fn summed_fields(self) -> Vec<&'static str> {
        match self {
            Self::Cpu(_) => CPU_FIELDS.to_vec(),
            Self::Statements(_) => {
                let fields = super::statements::STATEMENT_COUNTS.iter();
                fields.map(|(name, _)| *name).collect()
            }
            Self::Waits(_) => vec!["pid"],
        }
    }

    /// Begins a share of its rows.
    pub(crate) fn rows(self, share: Share) -> Box<dyn Rows> {
        match self {
            Self::Cpu(shape) => Box::new(CpuRows::new(shape, share)),
            Self::Statements(shape) => Box::new(StatementRows::new(shape, share)),
            Self::Waits(shape) => Box::new(WaitRows::new(shape, share)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_summed_field_is_there_and_fields_are_counted_rightly() {
        for data_set in [
            DataSet::Cpu(CpuShape::of_hours(1, 10, 1)),
            DataSet::Statements(StatementShape::of_minutes(1, 60)),
            DataSet::Waits(WaitShape::of_minutes(1, 60)),
        ] {
            let table = data_set.rows(Share::WHOLE).next_table(100).unwrap();
            assert_eq!(table.name, data_set.table());
            let fields = table
                .columns
                .iter()
                .filter(|column| column.role == 1)
                .count();
            assert_eq!(fields as u64, data_set.field_count());
            for name in data_set.summed_fields() {
                assert!(
                    table.columns.iter().any(|column| column.name == name),
                    "{name}"
                );
            }
        }
    }
}
