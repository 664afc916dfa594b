//! `double-groupby-1`: one field of all hosts over twelve hours, its mean each hour and host.

use std::collections::BTreeMap;

use super::stretch::{HOUR_NANOS, Stretch, bucket};
use super::{Cell, Expected, Question};
use crate::generate::{CpuValues, Random};

/// Draws a question.
pub(super) fn draw(values: &CpuValues, random: &mut Random) -> Question {
    let stretch = Stretch::draw(values.shape(), 12, random);
    let mut means: BTreeMap<(i64, String), (i64, u32)> = BTreeMap::new();
    for host in 0..values.shape().hosts {
        let mut of_host: BTreeMap<i64, (i64, u32)> = BTreeMap::new();
        for (time, [usage_user, ..]) in values.samples(host, stretch.start, stretch.end) {
            let (sum, count) = of_host.entry(bucket(time, HOUR_NANOS)).or_default();
            *sum += i64::from(*usage_user);
            *count += 1;
        }
        let name = CpuValues::hostname(host);
        means.extend(
            of_host
                .into_iter()
                .map(|(hour, mean)| ((hour, name.clone()), mean)),
        );
    }
    let row = |((hour, host), (sum, count))| {
        vec![
            Cell::Time(hour),
            Cell::Text(host),
            Cell::Mean { sum, count },
        ]
    };
    Question {
        sql: format!(
            "SELECT date_bin(INTERVAL '1 hour', time) AS hour, hostname, \
             avg(usage_user) AS usage_user FROM cpu WHERE {} \
             GROUP BY hour, hostname ORDER BY hour, hostname",
            stretch.condition(),
        ),
        expected: Expected::new(
            &["hour", "hostname", "usage_user"],
            means.into_iter().map(row),
        ),
    }
}
