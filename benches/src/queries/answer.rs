//! What an answer must be, and whether it is.

use schema::Timestamp;
use serde_json::Value;

/// A value of an expected row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// A moment, in nanoseconds since the epoch.
    Time(i64),
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// The mean of numbers of which sum and count are known; right to nine digits.
    Mean {
        /// Of all of them.
        sum: i64,
        /// How many there are.
        count: u32,
    },
}

/// The rows of an answer, in order.
#[derive(Debug)]
pub(crate) struct Expected {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Expected {
    /// Returns the answer with these columns; others in the reply do not matter.
    pub(super) fn new(columns: &[&str], rows: impl Iterator<Item = Vec<Cell>>) -> Self {
        Self {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: rows.collect(),
        }
    }

    /// Returns the number of rows.
    pub(crate) fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// Returns the rows.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// Returns what is wrong with the rows of a reply, naming the first wrong value.
    pub(crate) fn difference(&self, reply: &[Value]) -> Option<String> {
        if reply.len() != self.rows.len() {
            return Some(format!(
                "{} rows instead of {}",
                reply.len(),
                self.rows.len()
            ));
        }
        let rows = self.rows.iter().zip(reply).enumerate();
        for (number, (expected, row)) in rows {
            for (name, cell) in self.columns.iter().zip(expected) {
                let value = row.get(name).unwrap_or(&Value::Null);
                if !cell.is(value) {
                    return Some(format!(
                        "{name} of row {number} is {value} instead of {cell:?}"
                    ));
                }
            }
        }
        None
    }
}

impl Cell {
    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Time(nanos) => {
                let read = value.as_str().and_then(|text| text.parse().ok());
                read == Some(Timestamp::from_nanos(*nanos))
            }
            Self::Text(text) => value.as_str() == Some(text),
            Self::Whole(number) => value.as_i64() == Some(*number),
            Self::Mean { sum, count } => value.as_f64().is_some_and(|number| {
                let mean = mean(*sum, *count);
                (number - mean).abs() <= mean.abs() * 1e-9
            }),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sums of small numbers are far below 2^53"
)]
fn mean(sum: i64, count: u32) -> f64 {
    sum as f64 / f64::from(count)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expected() -> Expected {
        let row = |time, sum| {
            vec![
                Cell::Time(time),
                Cell::Text("h".into()),
                Cell::Whole(7),
                Cell::Mean { sum, count: 3 },
            ]
        };
        Expected::new(
            &["t", "host", "n", "mean"],
            [row(0, 1), row(5, 6)].into_iter(),
        )
    }

    #[test]
    fn a_right_answer_is_taken_with_columns_in_any_order() {
        let reply = [
            json!({"mean": 0.333_333_333_333, "n": 7, "host": "h", "t": "1970-01-01T00:00:00Z"}),
            json!({"t": "1970-01-01T00:00:00.000000005Z", "host": "h", "n": 7, "mean": 2, "x": 1}),
        ];
        assert_eq!(expected().difference(&reply), None);
    }

    #[test]
    fn every_wrong_value_is_named() {
        let right = json!({"mean": 0.333_333_333_333, "n": 7, "host": "h", "t": "1970-01-01"});
        for (column, wrong) in [
            ("mean", json!(0.333)),
            ("n", json!(8)),
            ("n", json!(7.0)),
            ("host", json!("x")),
            ("t", json!("1970-01-01T00:00:01Z")),
            ("t", json!(null)),
        ] {
            let mut row = right.clone();
            row[column] = wrong;
            let difference = expected().difference(&[row, right.clone()]).unwrap();
            assert!(
                difference.starts_with(&format!("{column} of row 0")),
                "{difference}"
            );
        }
    }

    #[test]
    fn missing_rows_are_counted() {
        assert_eq!(
            expected().difference(&[]).as_deref(),
            Some("0 rows instead of 2")
        );
    }
}
