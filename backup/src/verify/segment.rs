//! Walks an archived segment: every checksum and every tag, to its last byte.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use platform::{OsEntropy, RealClock};
use schema::Lsn;
use seal::{FileKind, Keyring};
use wal::inspect::{self, Scan};

use super::object_disk::ObjectDisk;
use crate::layout::SegmentName;

/// The stretch of the log that a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) base_lsn: Lsn,
    pub(super) end_lsn: Lsn,
}

/// Reads all of an object and returns what it holds, or what is wrong with it.
///
/// Blocks for as long as it takes to open every record. Memory: one group, opened.
pub(super) fn walk(
    name: &SegmentName,
    bytes: Bytes,
    keyring: &Arc<Keyring>,
) -> Result<Stretch, String> {
    let (length, object) = (bytes.len() as u64, name.object());
    let environment = wal::Environment {
        disk: Arc::new(ObjectDisk(bytes)),
        clock: Arc::new(RealClock),
        entropy: Arc::new(OsEntropy),
        keyring: Arc::clone(keyring),
        dir: PathBuf::new(),
        kind: FileKind::LogSegment,
    };
    let path = Path::new(&object);
    let scan = inspect::scan(&*environment.disk, path).map_err(|error| error.to_string())?;
    let groups = inspect::groups(&environment, path).map_err(|error| error.to_string())?;
    let stretch = stretch(&scan);
    let opened = groups
        .last()
        .map_or(stretch.base_lsn, |group| group.end_lsn);
    let Scan {
        segment,
        end_offset,
        fault,
        ..
    } = scan;
    if (segment.number, segment.timeline) != (name.segment, name.timeline) {
        let (number, timeline) = (segment.number, segment.timeline);
        return Err(format!("it is segment {number} of timeline {timeline}"));
    }
    if let Some(fault) = fault {
        return Err(format!("{fault}, at offset {end_offset}"));
    }
    if end_offset != length {
        return Err(format!("it holds zeros from offset {end_offset} on"));
    }
    if opened != stretch.end_lsn {
        return Err(format!("what is at lsn {opened} is not authentic"));
    }
    match name.partial {
        Some(end) if end != stretch.end_lsn => Err(format!(
            "it ends at lsn {}, expected {end}",
            stretch.end_lsn
        )),
        _ => Ok(stretch),
    }
}

fn stretch(scan: &Scan) -> Stretch {
    let bytes: u64 = scan.records.iter().map(|record| record.bytes).sum();
    let base_lsn = scan.segment.base_lsn;
    Stretch {
        base_lsn,
        end_lsn: Lsn::new(base_lsn.get() + bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use platform::{Disk, OpenMode, RealDisk, SimClock, SimEntropy, UnixNanos};
    use schema::Lsn;
    use seal::{ClusterId, FileKind, Keyring, MasterKey};
    use wal::{Binding, Log, Start};

    use super::walk;
    use crate::layout::SegmentName;

    /// Returns a closed segment with two groups.
    fn segment() -> (SegmentName, Bytes, Arc<Keyring>) {
        let (dir, entropy) = (tempfile::tempdir().unwrap(), SimEntropy::new(1));
        let (master, cluster) = (MasterKey::generate(&entropy), ClusterId::generate(&entropy));
        let path = dir.path().join("keyring");
        let keyring = Keyring::create(&RealDisk, &path, &master, cluster, &entropy).unwrap();
        let keyring = Arc::new(keyring);
        let environment = wal::Environment {
            disk: Arc::new(RealDisk),
            clock: Arc::new(SimClock::new(UnixNanos(1_000))),
            entropy: Arc::new(entropy),
            keyring: Arc::clone(&keyring),
            dir: dir.path().join("wal"),
            kind: FileKind::LogSegment,
        };
        let settings = wal::Settings {
            segment_bytes: 64 << 10,
            ..wal::Settings::default()
        };
        let start = Start::at(Lsn::ZERO);
        let (log, _) = Log::open(environment, settings, start, &mut |_| Ok(())).unwrap();
        for payload in ["first", "second"] {
            let prepared = log.prepare(Binding([7; 32]), payload).unwrap();
            log.submit(prepared).unwrap().wait().unwrap();
        }
        assert!(log.wait_for_spares());
        log.rotate().unwrap();
        let sealed = log.segments().remove(0);
        log.close().unwrap();
        let mut bytes = vec![0; usize::try_from(sealed.durable_bytes).unwrap()];
        let file = RealDisk.open(&sealed.path, OpenMode::Read).unwrap();
        file.read_exact_at(&mut bytes, 0).unwrap();
        let name = SegmentName {
            timeline: sealed.timeline,
            segment: sealed.number,
            epoch: 1,
            partial: None,
        };
        (name, Bytes::from(bytes), keyring)
    }

    #[test]
    fn a_segment_is_whole_and_every_flipped_byte_of_it_is_found() {
        let (name, good, keyring) = segment();
        let stretch = walk(&name, good.clone(), &keyring).unwrap();
        assert!(stretch.end_lsn > stretch.base_lsn);
        for at in 0..good.len() {
            let mut bad = good.to_vec();
            bad[at] ^= 1 << (at % 8);
            assert!(walk(&name, Bytes::from(bad), &keyring).is_err(), "{at}");
        }
    }

    #[test]
    fn a_segment_that_was_cut_is_damaged_or_ends_earlier() {
        let (name, good, keyring) = segment();
        let whole = walk(&name, good.clone(), &keyring).unwrap();
        for length in 0..good.len() {
            let cut = walk(&name, good.slice(..length), &keyring);
            assert!(
                cut.is_err() || cut.unwrap().end_lsn < whole.end_lsn,
                "{length}"
            );
        }
    }

    #[test]
    fn a_segment_counts_under_its_own_name_only() {
        let (name, good, keyring) = segment();
        let end = walk(&name, good.clone(), &keyring).unwrap().end_lsn;
        let segment = name.segment + 1;
        let partial = Some(Lsn::new(end.get() + 8));
        for wrong in [
            SegmentName { segment, ..name },
            SegmentName { partial, ..name },
        ] {
            assert!(walk(&wrong, good.clone(), &keyring).is_err());
        }
        let partial = Some(end);
        assert!(walk(&SegmentName { partial, ..name }, good, &keyring).is_ok());
    }
}
