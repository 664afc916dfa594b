//! VictoriaMetrics: Debian's program, on loopback, over an empty directory.
//!
//! It takes lines over `/write` and answers before they are on disk; nothing in its defaults is
//! changed but the retention, which must reach back to the data sets.

mod feed;
mod process;

use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::{Clock, RealClock};

use self::process::Process;
use super::{INSTALL, PeerFigures, VICTORIA};
use crate::failure::{Failure, Outcome};
use crate::generate::DataSet;
use crate::ingest::{IngestSettings, client_cpu, number, per};
use crate::progress;

/// The program, known to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VictoriaMetrics {
    path: PathBuf,
}

impl VictoriaMetrics {
    /// Looks for the program on the path.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn find() -> Outcome<Self> {
        let path = super::clickhouse::on_path(PROGRAM);
        let missing = || Failure::new(format!("there is no {PROGRAM}"), INSTALL);
        Ok(Self {
            path: path.ok_or_else(missing)?,
        })
    }

    /// Sends it a data set, has it merge everything, and measures.
    ///
    /// # Errors
    /// When it fails, or has not taken every row.
    pub(crate) async fn measure(
        &self,
        dir: &Path,
        data_set: DataSet,
        settings: &IngestSettings,
    ) -> Outcome<PeerFigures> {
        progress::say(&format!("sending {} to VictoriaMetrics", data_set.table()));
        let process = Process::start(&self.path, dir).await?;
        let before = process.cpu()?;
        let fed = feed::feed(&process, data_set, settings).await?;
        progress::say("waiting until VictoriaMetrics has merged");
        process.settle().await?;
        let used = process.cpu()?.saturating_sub(before);
        let rows = process.count(data_set).await?;
        if rows != fed.rows {
            let what = format!("VictoriaMetrics counts {rows} rows of {}", fed.rows);
            return Err(Failure::new(what, "compare with none of its figures"));
        }
        let name = format!("{VICTORIA} {}", process.version().await?);
        let bytes = process.end().await?;
        let per_million = |cpu: Duration| per(cpu.as_secs_f64() * 1e6, rows);
        Ok(PeerFigures {
            name,
            table: data_set.table(),
            rows,
            rows_per_s: Some(number(rows) / fed.elapsed.as_secs_f64()),
            settled_cpu_s_per_million_rows: Some(per_million(used)),
            client_cpu_s_per_million_rows: Some(per_million(fed.client_cpu)),
            bytes,
            bytes_per_value: per(number(bytes), rows * data_set.field_count()),
        })
    }
}

/// Times something and tells what this program used meanwhile.
async fn timed(work: impl Future<Output = Outcome>) -> Outcome<(Duration, Duration)> {
    let (client, started) = (client_cpu()?, RealClock.monotonic());
    work.await?;
    let elapsed = RealClock.monotonic().since(started);
    Ok((elapsed, client_cpu()?.saturating_sub(client)))
}

/// Debian's name for it.
const PROGRAM: &str = "victoria-metrics";
