//! `system.backups`: the backups that can be restored; none where no repository is set.

use std::sync::Arc;

use async_trait::async_trait;
use backup::{BackupKind, BackupRecord};
use query::{Cell, CellType, SystemSource};

use crate::archive::Archiving;
use crate::describe;

/// The backups in the repository, listed anew for every query.
#[derive(Debug)]
pub(crate) struct Backups(pub(crate) Option<Arc<Archiving>>);

#[async_trait]
impl SystemSource for Backups {
    fn name(&self) -> &'static str {
        "backups"
    }

    fn columns(&self) -> &'static [(&'static str, CellType)] {
        &[
            ("id", CellType::Text),
            ("kind", CellType::Text),
            ("created", CellType::Time),
            ("end_time", CellType::Time),
            ("base_lsn", CellType::Count),
            ("end_lsn", CellType::Count),
            ("timeline", CellType::Count),
            ("bytes", CellType::Count),
            ("new_bytes", CellType::Count),
        ]
    }

    async fn rows(&self) -> Result<Vec<Vec<Cell>>, String> {
        let Some(archiving) = &self.0 else {
            return Ok(Vec::new());
        };
        let listed = archiving.list().await;
        let records = listed.map_err(|error| {
            format!(
                "the repository's backups cannot be listed: {}",
                describe(&error)
            )
        })?;
        Ok(records.iter().map(row).collect())
    }
}

fn row(record: &BackupRecord) -> Vec<Cell> {
    let kind = match record.kind {
        BackupKind::Full => "full",
        BackupKind::Incremental => "incremental",
    };
    vec![
        Cell::Text(Some(record.id.clone())),
        Cell::Text(Some(kind.to_owned())),
        Cell::Time(Some(record.created)),
        Cell::Time(Some(record.end_time)),
        Cell::Count(Some(record.base_lsn.get())),
        Cell::Count(Some(record.end_lsn.get())),
        Cell::Count(Some(record.timeline.into())),
        Cell::Count(Some(record.bytes)),
        Cell::Count(Some(record.new_bytes)),
    ]
}
