//! Turns a spare into the segment that records go to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::{FailPoint, File, OpenMode};
use schema::{Lsn, Timestamp};
use seal::{Nonce, Salt};

use super::{SegmentKey, segment_path};
use crate::format::SegmentHeader;
use crate::format::segment_header::ChainTag;
use crate::{Environment, Error};

/// Where a new segment stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) number: u64,
    pub(crate) timeline: u32,
    pub(crate) base_lsn: Lsn,
    /// Number of the segment before, 0 for none.
    pub(crate) previous: u64,
    /// Tag of the last group before.
    pub(crate) chain: ChainTag,
    /// No group in it has an earlier commit time.
    pub(crate) created: Timestamp,
    pub(crate) file_bytes: u64,
}

/// A segment that was just begun.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn File>,
    pub(crate) key: Arc<SegmentKey>,
}

/// Writes the header into a spare and gives it its name.
///
/// W-5: every segment begins here, with a fresh salt in a file that never held a record; nothing
/// else ever writes another byte into a segment from the start on; recovery may write the last group
/// of the newest one over itself.
///
/// The header is on disk before the name is, and both before any record: a segment without a
/// header, or without a name, has never held one.
pub(crate) fn begin(
    environment: &Environment,
    spare: &Path,
    beginning: Beginning,
) -> Result<Begun, Error> {
    let Environment {
        disk,
        entropy,
        keyring,
        dir,
        kind,
        ..
    } = environment;
    let path = segment_path(dir, beginning.number);
    let failed = |source| Error::Io {
        path: path.clone(),
        source,
    };
    let (data_key, salt) = (keyring.active(), Salt::generate(&**entropy));
    let key = keyring
        .file_key(data_key, *kind, &salt)
        .map_err(|source| Error::Key {
            path: path.clone(),
            source,
        })?;
    let header = SegmentHeader {
        kind: *kind,
        data_key,
        cluster: keyring.cluster(),
        number: beginning.number,
        base_lsn: beginning.base_lsn,
        previous: beginning.previous,
        chain: beginning.chain,
        created: beginning.created,
        timeline: beginning.timeline,
        file_bytes: u32::try_from(beginning.file_bytes)
            .expect("settings keep segments below 4 GiB"),
        salt,
        commitment: key.commitment(),
    };
    let file = disk.open(spare, OpenMode::ReadWrite).map_err(failed)?;
    file.write_all_at(&header.encode(&key, &Nonce::generate(&**entropy)), 0)
        .map_err(failed)?;
    disk.reach(FailPoint::WalHeaderWritten).map_err(failed)?;
    file.sync_data().map_err(failed)?;
    disk.reach(FailPoint::WalHeaderSynced).map_err(failed)?;
    disk.rename(spare, &path).map_err(failed)?;
    disk.reach(FailPoint::WalSegmentNamed).map_err(failed)?;
    disk.sync_dir(dir).map_err(failed)?;
    let key = Arc::new(SegmentKey {
        number: header.number,
        mark: header.mark(),
        key,
    });
    Ok(Begun { path, file, key })
}
