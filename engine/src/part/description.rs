//! What is said about a part: before it is written, after, and where it is to lie.

use std::path::PathBuf;
use std::sync::Arc;

use platform::{Disk, Entropy};
use schema::{ColumnDefinition, Lsn, TimeRange, Timestamp};
use seal::Keyring;
use serde::{Deserialize, Serialize};

use super::{Heat, PartId};
use crate::encoding::Effort;

/// What parts are read and written with.
#[derive(Debug, Clone)]
pub struct PartEnvironment {
    /// Files and directories.
    pub disk: Arc<dyn Disk>,
    /// The keys of this cluster.
    pub keyring: Arc<Keyring>,
    /// Random bytes for ids, salts and nonces.
    pub entropy: Arc<dyn Entropy>,
    /// The directory that the parts lie in.
    pub dir: PathBuf,
}

impl PartEnvironment {
    /// Returns the path of a part's file.
    pub fn path(&self, id: &PartId) -> PathBuf {
        self.dir.join(id.file_name())
    }
}

/// What is known of a part before its first row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartDescription {
    /// The table that its rows belong to.
    pub table: String,
    /// The names of the tags, in the order that sorts the series.
    pub tags: Vec<String>,
    /// The fields.
    pub fields: Vec<ColumnDefinition>,
    /// The stretch of time that its rows lie in.
    pub window: TimeRange,
    /// The log position of the earliest batch in it.
    pub first_lsn: Lsn,
    /// The log position of the latest batch in it.
    pub last_lsn: Lsn,
    /// How often its rows were merged: 0 straight from memory.
    pub level: u8,
    /// Whether its rows will be written again soon.
    pub heat: Heat,
    /// No batch in it was committed later.
    pub committed: Timestamp,
    /// Tombstones of records below are applied to its rows.
    pub deletes_lsn: Lsn,
}

/// What is known of a part without opening it; the manifest keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartMeta {
    /// Its name.
    pub id: PartId,
    /// The table that its rows belong to.
    pub table: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of series.
    pub series: u64,
    /// The time of its earliest row.
    pub time_min: Timestamp,
    /// The time of its latest row.
    pub time_max: Timestamp,
    /// The stretch of time that its rows lie in.
    pub window: TimeRange,
    /// The log position of the earliest batch in it.
    pub first_lsn: Lsn,
    /// The log position of the latest batch in it.
    pub last_lsn: Lsn,
    /// Length of its file.
    pub bytes: u64,
    /// How often its rows were merged: 0 straight from memory.
    pub level: u8,
    /// Whether its rows will be written again soon; parts written before heat was noted are cold.
    #[serde(default = "Heat::cold")]
    pub heat: Heat,
    /// No batch in it was committed later; the epoch where that was not noted.
    #[serde(default)]
    pub committed: Timestamp,
    /// Tombstones of records below are applied to its rows; none where it was not noted.
    #[serde(default)]
    pub deletes_lsn: Lsn,
}

/// How a part is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterSettings {
    /// Rows of a page; default 8 192, from 1 to 1 048 576.
    pub page_rows: u32,
    /// Pages of a column that lie together; default 8. A writer holds so many, encoded, in memory.
    pub group_pages: u32,
    /// How hard pages are tried to be made small; default cold.
    pub effort: Effort,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            page_rows: 8_192,
            group_pages: 8,
            effort: Effort::Cold,
        }
    }
}
