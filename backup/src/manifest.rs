//! A backup: which files of the store, by their hashes, and which stretch of the log.
//!
//! ```text
//!   base_lsn ───────────── end_lsn ───────────────▶ log
//!      │ rows before are in `files`   │ rows before are in the backup
//!      └ replay begins here           └ complete: what restores when the backup's id is asked for
//! ```
//!
//! B-1: a backup exists when its manifest does, so the manifest is written last.
//! B-3: it holds hashes and random ids, and no path.

use std::fmt;

use schema::{Lsn, Timestamp};
use serde::{Deserialize, Serialize};

use crate::repository::Blob;
use crate::{BlobHash, Error};

/// What a listing tells of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRecord {
    /// Its name, made of the time of its making and its number.
    pub id: String,
    /// Its number in the repository, from 1.
    pub n: u64,
    /// When it was begun.
    pub created: Timestamp,
    /// Whether it built upon earlier ones.
    pub kind: BackupKind,
    /// Where replay of the log begins.
    pub base_lsn: Lsn,
    /// The position behind its last record.
    pub end_lsn: Lsn,
    /// Nothing in it was committed after this time; it restores targets from here on.
    pub end_time: Timestamp,
    /// The timeline of the log at its end.
    pub timeline: u32,
    /// Bytes of its files, without the log.
    pub bytes: u64,
    /// Bytes that had to be stored for it.
    pub new_bytes: u64,
    /// The backup that was the newest when it was begun.
    pub parent: Option<String>,
}

/// How a backup came about. Both restore alike: each names every file that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackupKind {
    /// Every file was read and stored anew.
    Full,
    /// Files that were stored already were left alone.
    Incremental,
}

impl fmt::Display for BackupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
        })
    }
}

/// A backup as it is stored, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) record: BackupRecord,
    /// The hash of the object of the manifest with the number before, none for the first.
    pub(crate) previous: Option<BlobHash>,
    /// The segment of the log that holds `base_lsn`.
    pub(crate) log_segment: u64,
    /// The segment of the log that holds what is before `end_lsn`, on the record's timeline.
    pub(crate) end_segment: u64,
    /// The keyring as it was.
    pub(crate) keyring: BlobHash,
    /// The manifest of the store.
    pub(crate) store: StoreFile,
    /// The parts of the store.
    pub(crate) parts: Vec<PartFile>,
}

/// The store's own manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreFile {
    pub(crate) version: u64,
    pub(crate) blob: Blob,
}

/// A part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartFile {
    pub(crate) id: PartName,
    pub(crate) blob: Blob,
}

/// The random id of a part, 32 lower-case hexadecimal digits: it becomes a file's name at restore,
/// so that nothing else may pass.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct PartName(u128);

impl Manifest {
    /// Returns the blobs that a restore needs, the store's manifest first.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = Blob> {
        std::iter::once(self.store.blob).chain(self.parts.iter().map(|part| part.blob))
    }
}

/// Returns the id of a backup: `20261122T190501Z-3`.
pub(crate) fn backup_id(created: Timestamp, n: u64) -> String {
    let nanos = created.nanos();
    let seconds = Timestamp::from_nanos(nanos - nanos.rem_euclid(1_000_000_000));
    let text: String = seconds
        .to_string()
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect();
    format!("{text}-{n}")
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartName({self})")
    }
}

impl TryFrom<String> for PartName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let is_id = text.len() == PART_DIGITS
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let id = u128::from_str_radix(&text, 16).ok().filter(|_| is_id);
        id.map(Self).ok_or_else(|| Error::Damaged {
            object: "a manifest".to_owned(),
            reason: "the id of a part is not 32 lower-case hexadecimal digits".to_owned(),
        })
    }
}

impl From<PartName> for String {
    fn from(name: PartName) -> Self {
        name.to_string()
    }
}

pub(crate) const MANIFEST_FORMAT: u32 = 1;
const PART_DIGITS: usize = 32;

#[cfg(test)]
mod tests {
    use schema::Timestamp;

    use super::{PartName, backup_id};

    #[test]
    fn an_id_tells_second_and_number() {
        let created: Timestamp = "2026-11-22T19:05:01.75Z".parse().unwrap();
        assert_eq!(backup_id(created, 3), "20261122T190501Z-3");
    }

    #[test]
    fn a_part_is_named_by_32_digits_only() {
        let good = "00112233445566778899aabbccddeeff";
        let name = PartName::try_from(good.to_owned()).unwrap();
        assert_eq!(name.to_string(), good);
        for bad in [
            "",
            "../x",
            &good[1..],
            &good.to_uppercase(),
            "+0112233445566778899aabbccddeeff",
        ] {
            assert!(PartName::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
