//! The other stores, each on the data sets that it can hold.

use crate::cli::Options;
use crate::failure::{Failure, Outcome};
use crate::ingest::IngestSettings;
use crate::peers::Peers;
use crate::report::Report;
use crate::room::Room;

/// Measures both on all data sets but `waits`, whose texts VictoriaMetrics does not keep.
pub(super) async fn measure(
    peers: &Peers,
    options: &Options,
    room: &Room,
    report: &mut Report,
) -> Outcome {
    let settings = IngestSettings::of(options);
    let (cpu, statements) = (super::cpu(options), super::statements(options));
    let waits = super::waits(options);
    for data_set in [cpu, statements] {
        let dir = room.data(&format!("victoria-{}", data_set.table()))?;
        std::fs::create_dir_all(&dir).map_err(|source| Failure::io(dir.display(), &source))?;
        let figures = peers.victoria.measure(&dir, data_set, &settings).await?;
        report.peers.push(figures);
        std::fs::remove_dir_all(&dir).map_err(|source| Failure::io(dir.display(), &source))?;
    }
    for data_set in [cpu, statements, waits] {
        let dir = room.data(&format!("clickhouse-{}", data_set.table()))?;
        let figures = peers.clickhouse.measure(&dir, data_set).await?;
        report.peers.push(figures);
    }
    Ok(())
}
