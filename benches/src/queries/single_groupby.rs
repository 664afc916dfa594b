//! `single-groupby-1-1-1`: one field of one host over one hour, its maximum each minute.

use std::collections::BTreeMap;

use super::stretch::{MINUTE_NANOS, Stretch, bucket, draw_host};
use super::{Cell, Expected, Question};
use crate::generate::{CpuValues, Random};

/// Draws a question.
pub(super) fn draw(values: &CpuValues, random: &mut Random) -> Question {
    let host = draw_host(values.shape(), random);
    let stretch = Stretch::draw(values.shape(), 1, random);
    let mut maxima: BTreeMap<i64, u8> = BTreeMap::new();
    for (time, [usage_user, ..]) in values.samples(host, stretch.start, stretch.end) {
        let maximum = maxima.entry(bucket(time, MINUTE_NANOS)).or_default();
        *maximum = (*maximum).max(*usage_user);
    }
    let rows = maxima.into_iter();
    let rows = rows.map(|(minute, maximum)| vec![Cell::Time(minute), Cell::Whole(maximum.into())]);
    Question {
        sql: format!(
            "SELECT date_bin(INTERVAL '1 minute', time) AS minute, max(usage_user) AS usage_user \
             FROM cpu WHERE hostname = '{}' AND {} GROUP BY minute ORDER BY minute",
            CpuValues::hostname(host),
            stretch.condition(),
        ),
        expected: Expected::new(&["minute", "usage_user"], rows),
    }
}
