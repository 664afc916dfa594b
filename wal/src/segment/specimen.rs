//! Keys and segments put together by hand, for tests.

use std::path::PathBuf;
use std::sync::Arc;

use platform::{Disk, OpenMode, SimDisk, SimEntropy, durable};
use schema::{Lsn, Timestamp};
use seal::{ClusterId, DataKeyId, FileKind, Keyring, MasterKey, Salt};

use super::{OpenSegment, SegmentKey};
use crate::format::SegmentHeader;

/// Returns the key of a segment with this number; all have the same.
pub(crate) fn key(number: u64) -> SegmentKey {
    let entropy = SimEntropy::new(1);
    let (disk, master) = (SimDisk::new(1), MasterKey::generate(&entropy));
    let (path, cluster) = ("/keyring".as_ref(), ClusterId::from_bytes([4; 16]));
    let keyring = Keyring::create(&disk, path, &master, cluster, &entropy).unwrap();
    let salt = Salt::generate(&entropy);
    let key = keyring.file_key(keyring.active(), FileKind::LogSegment, &salt);
    SegmentKey {
        number,
        mark: [3; 8],
        key: key.unwrap(),
    }
}

/// Returns segment 1, begun at lsn 0 and time 100, with these bytes behind its header.
pub(crate) fn segment(behind: &[u8]) -> OpenSegment {
    let (disk, path) = (SimDisk::new(1), PathBuf::from("/segment"));
    let bytes = [&[0; 4096], behind].concat();
    durable::write_file(&disk, &path, &bytes).unwrap();
    OpenSegment {
        file: disk.open(&path, OpenMode::Read).unwrap(),
        file_bytes: bytes.len() as u64,
        path,
        header: SegmentHeader {
            kind: FileKind::LogSegment,
            data_key: DataKeyId(1),
            cluster: ClusterId::from_bytes([4; 16]),
            number: 1,
            base_lsn: Lsn::ZERO,
            previous: 0,
            chain: [6; 16],
            created: Timestamp::from_nanos(100),
            timeline: 1,
            file_bytes: 1 << 26,
            salt: Salt::from_bytes([3; 32]),
            commitment: [0; 16],
        },
        key: Arc::new(key(1)),
    }
}
