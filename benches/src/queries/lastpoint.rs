//! `lastpoint`: the newest row of every host, as TSBS asks for it and from the rows that are kept for it.

use super::{Cell, Expected, Question};
use crate::generate::{CPU_FIELDS, CpuValues, Random};

/// Returns TSBS's question; there is but one.
pub(super) fn draw(values: &CpuValues, _: &mut Random) -> Question {
    question(
        "SELECT DISTINCT ON (hostname) * FROM cpu ORDER BY hostname, time DESC",
        values,
    )
}

/// Returns the question to the table function; there is but one.
pub(super) fn draw_latest(values: &CpuValues, _: &mut Random) -> Question {
    question("SELECT * FROM latest('cpu') ORDER BY hostname", values)
}

fn question(sql: &str, values: &CpuValues) -> Question {
    let newest = |host| {
        let (time, sample) = values.newest(host)?;
        let cells = [Cell::Text(CpuValues::hostname(host)), Cell::Time(time)].into_iter();
        let fields = sample.map(|value| Cell::Whole(value.into()));
        Some(cells.chain(fields).collect::<Vec<_>>())
    };
    let mut hosts: Vec<u32> = (0..values.shape().hosts).collect();
    hosts.sort_by_cached_key(|host| CpuValues::hostname(*host));
    let columns: Vec<&str> = ["hostname", "time"].into_iter().chain(CPU_FIELDS).collect();
    Question {
        sql: sql.to_owned(),
        expected: Expected::new(&columns, hosts.into_iter().filter_map(newest)),
    }
}
