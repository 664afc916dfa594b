//! ClickHouse, in a Python process through chdb: a table sorted by tags and time, merged into one part.
//!
//! The rows travel as a file of `RowBinary`, and are deleted with the table. What is taken is the
//! smallest of several sets of codecs (`benches/peers/clickhouse.py`), so that it is at its best.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::{CLICKHOUSE, INSTALL, PeerFigures, row_binary};
use crate::failure::{Failure, Outcome};
use crate::generate::{DataSet, Share};
use crate::ingest::{number, per};
use crate::progress;

/// Python with chdb, known to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClickHouse {
    python: PathBuf,
}

/// What the script is told.
#[derive(Debug, Serialize)]
struct Order {
    rows: PathBuf,
    store: PathBuf,
    tags: Vec<String>,
    columns: Vec<(String, &'static str)>,
}

/// What it answers.
#[derive(Debug, Deserialize)]
struct Answer {
    version: String,
    rows: u64,
    bytes: u64,
    codecs: String,
}

impl ClickHouse {
    /// Looks for the environment that `scripts/setup.sh bench` makes.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn find() -> Outcome<Self> {
        let python = environment().map(|dir| dir.join("bin/python"));
        let there = python.filter(|python| python.is_file());
        let missing = || Failure::new("there is no Python with chdb", INSTALL);
        Ok(Self {
            python: there.ok_or_else(missing)?,
        })
    }

    /// Has it store a data set, and measures; `dir` is its own and is not there yet.
    ///
    /// # Errors
    /// When it fails, or has not taken every row.
    pub(crate) async fn measure(&self, dir: &Path, data_set: DataSet) -> Outcome<PeerFigures> {
        progress::say(&format!("giving {} to ClickHouse", data_set.table()));
        let io = |source: std::io::Error| Failure::io(dir.display(), &source);
        std::fs::create_dir_all(dir).map_err(io)?;
        let (order, rows) = write_rows(dir, data_set).map_err(io)?;
        let answer = self.run(&order).await?;
        std::fs::remove_dir_all(dir).map_err(io)?;
        if answer.rows != rows {
            let what = format!("ClickHouse counts {} rows of {rows}", answer.rows);
            return Err(Failure::new(what, "compare with none of its figures"));
        }
        Ok(PeerFigures {
            name: format!("{CLICKHOUSE} {} ({})", answer.version, answer.codecs),
            table: data_set.table(),
            rows,
            rows_per_s: None,
            settled_cpu_s_per_million_rows: None,
            client_cpu_s_per_million_rows: None,
            bytes: answer.bytes,
            bytes_per_value: per(number(answer.bytes), rows * data_set.field_count()),
        })
    }

    async fn run(&self, order: &Order) -> Outcome<Answer> {
        let defect = |error: serde_json::Error| Failure::new(error, "please report this defect");
        let order = serde_json::to_string(order).map_err(defect)?;
        let ran = Command::new(&self.python)
            .args(["-c", SCRIPT, order.as_str()])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        let output = ran.map_err(|source| Failure::io(self.python.display(), &source))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::new(
                words,
                "is the environment whole? remove it and set up again",
            ));
        }
        serde_json::from_slice(&output.stdout).map_err(defect)
    }
}

/// Writes the rows of a data set and returns the order for the script, and how many rows there are.
fn write_rows(dir: &Path, data_set: DataSet) -> std::io::Result<(Order, u64)> {
    let path = dir.join("rows.bin");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    let mut rows = data_set.rows(Share::WHOLE);
    let (mut count, mut columns, mut tags) = (0, Vec::new(), Vec::new());
    while let Some(table) = rows.next_table(ROWS_AT_ONCE) {
        let mut bytes = Vec::new();
        row_binary::write(&table, &mut bytes);
        file.write_all(&bytes)?;
        count += table.time.len() as u64;
        columns = row_binary::structure(&table);
        let of_tags = super::cells(&table).filter(|column| column.is_tag());
        tags = of_tags.map(|column| column.0.name.clone()).collect();
    }
    file.flush()?;
    let order = Order {
        rows: path,
        store: dir.join("store"),
        tags,
        columns,
    };
    Ok((order, count))
}

/// Returns where `scripts/setup.sh bench` makes the environment.
fn environment() -> Option<PathBuf> {
    let named = std::env::var_os("PGANALYTICS_BENCH_VENV").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    named.or_else(|| Some(cache.or_else(home)?.join("pganalytics/bench-venv")))
}

/// Returns a program of this name on the path.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let candidates = std::env::split_paths(&path).map(|dir| dir.join(program));
    candidates.into_iter().find(|path| path.is_file())
}

const SCRIPT: &str = include_str!("../../peers/clickhouse.py");
const ROWS_AT_ONCE: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::StatementShape;

    #[test]
    fn rows_and_their_description_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let data_set = DataSet::Statements(StatementShape::of_minutes(1, 2));
        let (order, rows) = write_rows(dir.path(), data_set).unwrap();
        assert_eq!(rows, 10_000);
        assert_eq!(order.tags, ["instance", "datname", "usename", "queryid"]);
        assert_eq!(order.columns.len(), 13);
        // Nine numbers of 8 bytes, and four tags of which the first has 5 bytes and a length.
        assert!(std::fs::metadata(&order.rows).unwrap().len() > 10_000 * (72 + 6 + 3));
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("sh").is_some());
        assert_eq!(on_path("no such program"), None);
    }
}
