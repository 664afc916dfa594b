//! `cpu-max-all-1`: all ten fields of one host over eight hours, their maxima each hour.

use std::collections::BTreeMap;

use super::stretch::{HOUR_NANOS, Stretch, bucket, draw_host};
use super::{Cell, Expected, Question};
use crate::generate::{CPU_FIELDS, CpuValues, Random};

/// Draws a question.
pub(super) fn draw(values: &CpuValues, random: &mut Random) -> Question {
    let host = draw_host(values.shape(), random);
    let stretch = Stretch::draw(values.shape(), 8, random);
    let mut maxima: BTreeMap<i64, [u8; 10]> = BTreeMap::new();
    for (time, sample) in values.samples(host, stretch.start, stretch.end) {
        let of_hour = maxima.entry(bucket(time, HOUR_NANOS)).or_default();
        for (maximum, value) in of_hour.iter_mut().zip(sample) {
            *maximum = (*maximum).max(*value);
        }
    }
    let row = |(hour, maxima): (i64, [u8; 10])| {
        let maxima = maxima
            .into_iter()
            .map(|maximum| Cell::Whole(maximum.into()));
        [Cell::Time(hour)].into_iter().chain(maxima).collect()
    };
    let fields = CPU_FIELDS.map(|field| format!("max({field}) AS {field}"));
    let columns: Vec<&str> = ["hour"].into_iter().chain(CPU_FIELDS).collect();
    Question {
        sql: format!(
            "SELECT date_bin(INTERVAL '1 hour', time) AS hour, {} \
             FROM cpu WHERE hostname = '{}' AND {} GROUP BY hour ORDER BY hour",
            fields.join(", "),
            CpuValues::hostname(host),
            stretch.condition(),
        ),
        expected: Expected::new(&columns, maxima.into_iter().map(row)),
    }
}
