//! `high-cpu-1`: the rows of one host over twelve hours in which `usage_user` is above 90.

use super::stretch::{Stretch, draw_host};
use super::{Cell, Expected, Question};
use crate::generate::{CPU_FIELDS, CpuValues, Random};

/// Draws a question.
pub(super) fn draw(values: &CpuValues, random: &mut Random) -> Question {
    let host = draw_host(values.shape(), random);
    let stretch = Stretch::draw(values.shape(), 12, random);
    let name = CpuValues::hostname(host);
    let rows = values
        .samples(host, stretch.start, stretch.end)
        .filter(|(_, [usage_user, ..])| *usage_user > 90)
        .map(|(time, sample)| {
            let cells = [Cell::Time(time), Cell::Text(name.clone())].into_iter();
            cells
                .chain(sample.map(|value| Cell::Whole(value.into())))
                .collect()
        });
    let columns: Vec<&str> = ["time", "hostname"].into_iter().chain(CPU_FIELDS).collect();
    Question {
        sql: format!(
            "SELECT * FROM cpu WHERE usage_user > 90 AND hostname = '{name}' AND {} ORDER BY time",
            stretch.condition(),
        ),
        expected: Expected::new(&columns, rows),
    }
}
