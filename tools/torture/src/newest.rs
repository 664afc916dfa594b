//! Whether the newest rows are those of a scan.

use std::collections::BTreeMap;

use engine::{Engine, TableView};

use crate::check::describe;
use crate::ensure;
use crate::observe::{self, Shown};
use crate::violation::Violation;

/// Checks that of every series there is one newest row, and that a scan has it last.
///
/// # Errors
/// The first series whose newest row is another.
pub fn check(engine: &Engine) -> Result<(), Violation> {
    for table in engine.view().tables() {
        check_table(&table)?;
    }
    Ok(())
}

fn check_table(table: &TableView) -> Result<(), Violation> {
    let name = &table.definition().name;
    let shown = |table: &TableView| {
        let rows = observe::shown(table);
        rows.map_err(|e| Violation(format!("{name} cannot be read: {}", describe(&e))))
    };
    let latest = table.latest(u64::MAX);
    let latest =
        latest.map_err(|e| Violation(format!("the newest rows of {name}: {}", describe(&e))))?;
    let latest = shown(&latest)?;
    let mut last: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
    for row in shown(table)? {
        let rows = last.entry(row.series.clone()).or_default();
        if rows.first().is_some_and(|known| known.time < row.time) {
            rows.clear();
        }
        if rows.first().is_none_or(|known| known.time == row.time) {
            rows.push(row);
        }
    }
    ensure!(
        latest.len() == last.len(),
        "{name} has {} newest rows of {} series",
        latest.len(),
        last.len()
    );
    for row in latest {
        let of_series = last.get(&row.series);
        let is_last = of_series.is_some_and(|rows| rows.contains(&row));
        ensure!(
            is_last,
            "the newest row of {name} is {row:?}, not one of {of_series:?}"
        );
    }
    Ok(())
}
