//! A segment opened for reading: its header read, checked and found to be ours.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::{Disk, File, OpenMode};
use schema::Lsn;

use super::SegmentKey;
use crate::format::segment_header::{HeaderFault, ReadHeader};
use crate::format::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::{Environment, Error};

/// A segment that can be read.
#[derive(Debug, Clone)]
pub(crate) struct OpenSegment {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn File>,
    /// Length of the file when it was opened.
    pub(crate) file_bytes: u64,
    pub(crate) header: SegmentHeader,
    pub(crate) key: Arc<SegmentKey>,
}

impl OpenSegment {
    /// Opens the segment with this number.
    ///
    /// The order of the checks makes each error true: rot is told by the checksum before anything
    /// in the header is believed, then the cluster is compared, then the key.
    pub(crate) fn open(environment: &Environment, path: &Path, number: u64) -> Result<Self, Error> {
        let (file, file_bytes, read) = read_header(&*environment.disk, path)?;
        let ReadHeader { header, .. } = &read;
        if header.kind != environment.kind {
            let actual = header.kind.code();
            return Err(Error::WrongKind {
                path: path.to_owned(),
                actual,
            });
        }
        let (expected, actual) = (environment.keyring.cluster(), header.cluster);
        if actual != expected {
            return Err(Error::WrongCluster {
                path: path.to_owned(),
                expected,
                actual,
            });
        }
        let unopened = |source| Error::Key {
            path: path.to_owned(),
            source,
        };
        let key = environment
            .keyring
            .file_key(header.data_key, environment.kind, &header.salt)
            .map_err(unopened)?;
        key.check_commitment(&header.commitment, &path.display(), header.data_key)
            .map_err(unopened)?;
        if !read.is_authentic(&key) {
            return Err(damaged(path, "the tag of its header does not match"));
        }
        if header.number != number {
            let reason = "its header has another number than its name";
            return Err(Error::Misplaced {
                path: path.to_owned(),
                reason,
            });
        }
        let key = Arc::new(SegmentKey {
            number,
            mark: header.mark(),
            key,
        });
        Ok(Self {
            path: path.to_owned(),
            file,
            file_bytes,
            header: read.header,
            key,
        })
    }

    /// Returns the offset in the file at which a position of the log stands, or would.
    pub(crate) const fn offset_of(&self, lsn: Lsn) -> u64 {
        let behind = lsn.get().saturating_sub(self.header.base_lsn.get());
        (SEGMENT_HEADER_BYTES as u64).saturating_add(behind)
    }
}

/// Reads a header for whoever has no key: whole by its checksum, but perhaps not ours.
pub(crate) fn read_header(
    disk: &dyn Disk,
    path: &Path,
) -> Result<(Arc<dyn File>, u64, ReadHeader), Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let file = disk.open(path, OpenMode::Read).map_err(failed)?;
    let file_bytes = file.len().map_err(failed)?;
    if file_bytes < SEGMENT_HEADER_BYTES as u64 {
        return Err(damaged(path, "it is shorter than a header"));
    }
    let mut bytes = vec![0; SEGMENT_HEADER_BYTES];
    file.read_exact_at(&mut bytes, 0).map_err(failed)?;
    let read = SegmentHeader::decode(&bytes).map_err(|fault| refuse(path, fault))?;
    Ok((file, file_bytes, read))
}

fn refuse(path: &Path, fault: HeaderFault) -> Error {
    let owned = path.to_owned();
    match fault {
        HeaderFault::Zero => damaged(path, "its header is all zeros"),
        HeaderFault::Damaged => damaged(path, "its header is not as it was written"),
        HeaderFault::Version(version) => Error::UnsupportedVersion {
            path: owned,
            version,
        },
        HeaderFault::Kind(actual) => Error::WrongKind {
            path: owned,
            actual,
        },
    }
}

fn damaged(path: &Path, reason: &'static str) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        offset: 0,
        reason,
    }
}
