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
    // A scan gives the rows of a series by time, and those of one time in the order of the log.
    let mut last: BTreeMap<String, Shown> = BTreeMap::new();
    for row in shown(table)? {
        last.insert(row.series.clone(), row);
    }
    ensure!(
        latest.len() == last.len(),
        "{name} has {} newest rows of {} series",
        latest.len(),
        last.len()
    );
    for row in latest {
        let of_series = last.get(&row.series);
        ensure!(
            of_series == Some(&row),
            "the newest row of {name} is {row:?}, and a scan ends with {of_series:?}"
        );
    }
    Ok(())
}
