//! What a backup copies: a manifest and everything that it needs, pinned.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schema::{Lsn, Timestamp};

use super::Engine;
use crate::part::{PartFile, PartId, PartMeta};

/// A manifest, its parts and the log behind it; nothing of them is removed while it lives (E-2).
#[derive(Debug)]
pub struct Snapshot {
    manifest_name: String,
    manifest_bytes: Vec<u8>,
    flushed_lsn: Lsn,
    flushed_time: Timestamp,
    timeline: u32,
    parts: Vec<SnapshotPart>,
    _hold: wal::Hold,
}

/// A part of a snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotPart {
    part: Arc<PartFile>,
}

impl Engine {
    /// Returns the store as it is on disk. Writes and flushes nothing; what is newer is in the log.
    pub fn snapshot(&self) -> Snapshot {
        let store = self.store();
        // Under the manifest's lock the state has just the parts that the manifest names.
        let manifest = store.manifest.lock();
        let present = manifest.present();
        let state = store.state.load();
        let parts = state.tables.values().flat_map(|table| table.files());
        Snapshot {
            manifest_name: present.file_name(),
            manifest_bytes: present.bytes.clone(),
            flushed_lsn: present.flushed_lsn(),
            flushed_time: present.manifest.flushed_time,
            timeline: present.manifest.timeline,
            parts: parts
                .map(|part| SnapshotPart {
                    part: Arc::clone(part.file()),
                })
                .collect(),
            _hold: store.log.hold("snapshot", present.flushed_lsn()),
        }
    }
}

impl Snapshot {
    /// Returns the name of the manifest's file in the directory `manifest`.
    pub fn manifest_name(&self) -> &str {
        &self.manifest_name
    }

    /// Returns the manifest's file, sealed as it is on disk.
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    /// Returns the position from which the log is needed besides the parts.
    pub fn flushed_lsn(&self) -> Lsn {
        self.flushed_lsn
    }

    /// Returns when the last record that is in the parts was committed.
    pub fn flushed_time(&self) -> Timestamp {
        self.flushed_time
    }

    /// Returns the timeline that the store was on.
    pub fn timeline(&self) -> u32 {
        self.timeline
    }

    /// Returns the parts.
    pub fn parts(&self) -> &[SnapshotPart] {
        &self.parts
    }
}

impl SnapshotPart {
    /// Returns the part's id.
    pub fn id(&self) -> PartId {
        self.part.meta().id
    }

    /// Returns what the manifest says of it.
    pub fn meta(&self) -> &PartMeta {
        self.part.meta()
    }

    /// Returns the path of its file.
    pub fn path(&self) -> &Path {
        self.part.path()
    }

    /// Returns the path of its file below the data directory.
    pub fn relative_path(&self) -> PathBuf {
        Path::new("parts").join(self.part.meta().id.file_name())
    }

    /// Returns the length of its file.
    pub fn bytes(&self) -> u64 {
        self.part.meta().bytes
    }
}
