//! What was generated, so that the server can be asked for all of it.

use std::collections::BTreeMap;

use wire::v1::{Table, Values};

use crate::failure::{Failure, Outcome};
use crate::generate::DataSet;
use crate::server::Http;

/// Rows and sums of a data set, or of what was sent of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    table: &'static str,
    rows: u64,
    sums: BTreeMap<&'static str, i64>,
}

impl Tally {
    /// Returns the tally of nothing yet.
    pub(crate) fn new(data_set: DataSet) -> Self {
        let fields = data_set.summed_fields().into_iter();
        Self {
            table: data_set.table(),
            rows: 0,
            sums: fields.map(|field| (field, 0)).collect(),
        }
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Counts the rows of a table and adds up its fields.
    pub(super) fn add_table(&mut self, table: &Table) {
        self.rows += table.time.len() as u64;
        for column in &table.columns {
            let sum = self.sums.get_mut(column.name.as_str());
            if let (Some(sum), Values::I64(values)) = (sum, &column.values) {
                *sum += values.iter().sum::<i64>();
            }
        }
    }

    /// Adds what was sent elsewhere of the same table.
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for (field, sum) in &other.sums {
            *self.sums.entry(field).or_default() += sum;
        }
    }

    /// Asks the server and compares.
    ///
    /// # Errors
    /// When the server fails, or has more or less than was sent.
    pub(crate) async fn check(&self, http: &Http) -> Outcome {
        let row = http.sql_row(&self.query()).await?;
        let expected = [("row_count", i64::try_from(self.rows).unwrap_or(i64::MAX))];
        let sums = self.sums.iter().map(|(field, sum)| (*field, *sum));
        for (name, number) in expected.into_iter().chain(sums) {
            let value = row.get(name).and_then(serde_json::Value::as_i64);
            if value != Some(number) {
                let what = format!("{name} of {} is {value:?}, {number} was sent", self.table);
                return Err(Failure::wrong_answer(what));
            }
        }
        Ok(())
    }

    fn query(&self) -> String {
        let fields = self.sums.keys();
        let sums: String = fields
            .map(|field| format!(", sum(\"{field}\") AS \"{field}\""))
            .collect();
        format!("SELECT count(*) AS row_count{sums} FROM {}", self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{CpuShape, CpuValues, Share, WaitShape};

    #[test]
    fn a_tally_of_all_rows_is_that_of_the_values() {
        let shape = CpuShape::of_hours(42, 5, 1);
        let data_set = DataSet::Cpu(shape);
        let mut halves = [Tally::new(data_set), Tally::new(data_set)];
        for (tally, share) in halves.iter_mut().zip(Share::split(2)) {
            let mut rows = data_set.rows(share);
            while let Some(table) = rows.next_table(100) {
                tally.add_table(&table);
            }
        }
        let [mut whole, other] = halves;
        whole.add(&other);
        assert_eq!(whole.rows(), shape.rows());
        let sums = CpuValues::new(shape).sums();
        assert_eq!(whole.sums["usage_user"], sums[0]);
        assert_eq!(whole.sums["usage_guest_nice"], sums[9]);
    }

    #[test]
    fn the_server_is_asked_for_count_and_sums() {
        let tally = Tally::new(DataSet::Waits(WaitShape::of_minutes(1, 60)));
        assert_eq!(
            tally.query(),
            r#"SELECT count(*) AS row_count, sum("pid") AS "pid" FROM waits"#
        );
    }
}
