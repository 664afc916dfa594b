//! The bounds of the data sets, as figures of a report.

use serde::Serialize;

use super::difference_bits;
use crate::generate::{CpuValues, DataSet, WaitShape};
use crate::ingest::number;

/// The least that a data set could take.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EntropyFigures {
    /// The table.
    pub(crate) table: &'static str,
    /// What the bound is.
    pub(crate) what: &'static str,
    /// Bits for each row.
    pub(crate) bits_per_row: f64,
    /// Bytes for each value: rows times fields.
    pub(crate) bytes_per_value: f64,
}

impl EntropyFigures {
    /// Computes the bound of a data set; for `cpu` all of it is generated, a byte a value.
    pub(crate) fn of(data_set: DataSet) -> Self {
        let fields = number(data_set.field_count());
        let (what, bits_per_row) = match data_set {
            DataSet::Cpu(shape) => {
                let bits = difference_bits(&CpuValues::new(shape));
                ("order-0 entropy of differences", bits * fields)
            }
            DataSet::Statements(shape) => (MODEL, shape.model_bits_per_row()),
            DataSet::Waits(_) => (MODEL, WaitShape::model_bits_per_row()),
        };
        Self {
            table: data_set.table(),
            what,
            bits_per_row,
            bytes_per_value: bits_per_row / 8.0 / fields,
        }
    }
}

const MODEL: &str = "entropy of the model";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{CpuShape, StatementShape};

    #[test]
    fn every_data_set_has_a_bound_in_bytes_for_each_value() {
        let cpu = EntropyFigures::of(DataSet::Cpu(CpuShape::of_hours(1, 20, 1)));
        assert!((cpu.bits_per_row / 80.0 - cpu.bytes_per_value).abs() < 1e-12);
        let statements = DataSet::Statements(StatementShape::of_minutes(1, 60));
        let waits = DataSet::Waits(WaitShape::of_minutes(1, 60));
        for data_set in [statements, waits] {
            let bound = EntropyFigures::of(data_set);
            assert!((0.01..0.3).contains(&bound.bytes_per_value), "{bound:?}");
        }
    }
}
