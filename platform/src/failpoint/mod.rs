//! Failpoints: named moments between two steps of something durable, at which a test strikes.
//!
//! ```text
//!   code ── disk.reach(point)? ──┬─ SimDisk:  arm(point, nth, …) cuts the power or fails
//!           disk.pass(point)     └─ RealDisk: PGANALYTICS_FAILPOINT=name:nth:abort|error
//! ```
//!
//! The list in [`FailPoint`] is the only one. A point is reached through the disk that the work is
//! done on, so that simulated machines in one process do not see each other's points. A real disk
//! asks nothing and strikes nothing unless it was built with debug assertions or with the feature
//! `failpoints`.

#[cfg(any(debug_assertions, feature = "failpoints"))]
pub(crate) mod environment;

macro_rules! points {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal),+ $(,)?) => {
        /// A named moment. What follows the first dot says what has just been done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FailPoint {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl FailPoint {
            /// All of them, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the name, as it is given to a process and printed.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

points! {
    /// Directories are made; their names are not durable.
    DurableDirMade = "durable.dir_made",
    /// A file is written beside the one it replaces, and not synced.
    DurableWritten = "durable.written",
    /// It is synced, and not renamed.
    DurableSynced = "durable.synced",
    /// It is renamed over the old one; the directory is not synced.
    DurableRenamed = "durable.renamed",
    /// A file is removed; the directory is not synced.
    DurableRemoved = "durable.removed",

    /// A new master key is beside the old one; nothing depends on it.
    MasterKeyWritten = "master_key.written",
    /// The keyring is wrapped with the new key, which is still beside the old one.
    KeyringReplaced = "keyring.replaced",
    /// The new key has the old one's name; the directory is not synced.
    MasterKeyRenamed = "master_key.renamed",

    /// A spare segment is full of zeros, and synced, under a temporary name.
    WalSpareFilled = "wal.spare_filled",
    /// It has its name; the directory is not synced.
    WalSpareNamed = "wal.spare_named",
    /// A segment's header is in a spare, and not synced.
    WalHeaderWritten = "wal.header_written",
    /// The header is synced, the spare still a spare.
    WalHeaderSynced = "wal.header_synced",
    /// The segment has its name; the directory is not synced.
    WalSegmentNamed = "wal.segment_named",
    /// A segment is begun; the one before still has its zeros.
    WalSegmentBegun = "wal.segment_begun",
    /// A group is written, and not synced.
    WalGroupWritten = "wal.group_written",
    /// A group is on disk, and nobody was told.
    WalGroupSynced = "wal.group_synced",
    /// A segment is removed; the directory is not synced.
    WalSegmentRemoved = "wal.segment_removed",
    /// Recovery has written the last group over itself, and not synced it.
    WalTailRewritten = "wal.tail_rewritten",
    /// Recovery has cut the torn tail, and not synced the length.
    WalTailCut = "wal.tail_cut",
    /// Recovery has removed a leftover; the directory is not synced.
    WalLeftoverRemoved = "wal.leftover_removed",

    /// Records are durable, not visible, and nobody was told.
    ApplyDurable = "apply.durable",
    /// A part's pages and footer are written, and not synced.
    PartWritten = "part.written",
    /// They are synced; the name is not durable.
    PartSynced = "part.synced",
    /// The memtables are frozen; no part of them is written.
    FlushFrozen = "flush.frozen",
    /// The parts of a flush are on disk; no manifest names them.
    FlushWritten = "flush.written",
    /// The manifest names them; readers have the memtables.
    FlushPublished = "flush.published",
    /// Readers have the parts; the log behind them is still held.
    FlushRetired = "flush.retired",
    /// A manifest is on disk; the one before the last is not removed.
    ManifestWritten = "manifest.written",
    /// It is removed.
    ManifestTrimmed = "manifest.trimmed",
    /// A merged part is on disk; no manifest names it.
    CompactionWritten = "compaction.written",
    /// The manifest names it and not its sources, which readers have.
    CompactionPublished = "compaction.published",
    /// The manifest names expired parts no more; readers have them.
    RetentionPublished = "retention.published",
    /// The manifest names a latest part that was searched for; readers have none.
    LatestRenewed = "latest.renewed",
    /// A start has removed the file of a part that no manifest names; the directory is not synced.
    RecoveryOrphanRemoved = "recovery.orphan_removed",
    /// A start has put replayed rows into parts that the manifest names.
    RecoveryFlushed = "recovery.flushed",
    /// A start has opened the log; the manifest does not have its timeline.
    RecoveryReplayed = "recovery.replayed",
}

impl FailPoint {
    /// Returns the point of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|point| point.name() == name)
    }

    /// Tells whether it can strike with an error: the step before or behind it can fail by itself,
    /// and whoever reaches the point takes an error there like one of that step. The others are only
    /// passed, and only a crash can strike there.
    #[must_use]
    pub const fn can_fail(self) -> bool {
        !matches!(
            self,
            Self::WalSegmentBegun
                | Self::FlushFrozen
                | Self::FlushPublished
                | Self::FlushRetired
                | Self::ManifestWritten
                | Self::ManifestTrimmed
                | Self::CompactionPublished
                | Self::RetentionPublished
                | Self::LatestRenewed
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FailPoint;

    #[test]
    fn names_are_unique_and_lead_back() {
        let names: BTreeSet<&str> = FailPoint::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), FailPoint::ALL.len());
        for point in FailPoint::ALL {
            assert_eq!(FailPoint::from_name(point.name()), Some(*point));
        }
        assert_eq!(FailPoint::from_name("wal"), None);
    }
}
