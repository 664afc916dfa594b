//! What a restore aims at, and from which backup it starts: decided without doing anything.

use std::fmt;
use std::str::FromStr;

use schema::{Lsn, Timestamp};
use wal::Until;

use super::lineage::{self, Branch};
use crate::repository::Stored;
use crate::{BackupRecord, Error};

/// What to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// All that is archived.
    Latest,
    /// All that was committed at this time or before.
    Time(Timestamp),
    /// All up to and including the record at this position.
    Lsn(Lsn),
    /// What was there when this backup was complete.
    Backup(String),
}

impl FromStr for At {
    type Err = Error;

    /// Reads `latest`, `lsn:N`, the id of a backup, or a time.
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || Error::Target {
            text: text.to_owned(),
        };
        if text == "latest" {
            return Ok(Self::Latest);
        }
        if let Some(lsn) = text.strip_prefix("lsn:") {
            return lsn.parse().map(Self::Lsn).map_err(|_| invalid());
        }
        if is_backup_id(text) {
            return Ok(Self::Backup(text.to_owned()));
        }
        text.parse().map(Self::Time).map_err(|_| invalid())
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Time(time) => time.fmt(f),
            Self::Lsn(lsn) => write!(f, "lsn:{lsn}"),
            Self::Backup(id) => f.write_str(id),
        }
    }
}

impl At {
    /// Returns where replay ends for this target, starting from that backup.
    pub(super) fn until(&self, base: &BackupRecord) -> Until {
        match self {
            Self::Latest => Until::End,
            Self::Time(time) => Until::CommitTime(*time),
            Self::Lsn(lsn) => Until::Lsn(*lsn),
            // Its end is the position behind its last record; a record there is not part of it.
            Self::Backup(_) => Until::Lsn(Lsn::new(base.end_lsn.get().saturating_sub(1))),
        }
    }

    /// Tells whether all of a backup lies at the target or before.
    fn covers(&self, backup: &BackupRecord) -> bool {
        match self {
            Self::Latest => true,
            Self::Time(time) => backup.end_time <= *time,
            Self::Lsn(lsn) => backup.end_lsn.get() <= lsn.get().saturating_add(1),
            Self::Backup(id) => backup.id == *id,
        }
    }
}

/// Chooses the newest backup of a line of history that lies before the target.
///
/// # Errors
/// [`Error::NoBackup`], [`Error::UnknownBackup`], [`Error::TooEarly`].
pub(super) fn choose<'a>(
    at: &At,
    manifests: &'a [Stored],
    branches: &[Branch],
) -> Result<&'a Stored, Error> {
    if manifests.is_empty() {
        return Err(Error::NoBackup);
    }
    let on_line = || {
        manifests
            .iter()
            .filter(|stored| lineage::is_on(branches, &stored.manifest.record))
    };
    let newest = on_line()
        .filter(|stored| at.covers(&stored.manifest.record))
        .max_by_key(|stored| (stored.manifest.record.end_lsn, stored.manifest.record.n));
    newest.ok_or_else(|| match (at, on_line().next()) {
        (At::Backup(id), _) => Error::UnknownBackup { id: id.clone() },
        (_, None) => Error::NoBackup,
        (_, Some(first)) => Error::TooEarly {
            target: at.to_string(),
            earliest: first.manifest.record.end_time,
            lsn: first.manifest.record.end_lsn,
        },
    })
}

/// Tells whether a text looks like `20261122T190501Z-3`.
fn is_backup_id(text: &str) -> bool {
    let Some((moment, n)) = text.split_once("Z-") else {
        return false;
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts = moment.split_once('T');
    is_digits(n) && parts.is_some_and(|(day, time)| is_digits(day) && is_digits(time))
}

#[cfg(test)]
mod tests {
    use schema::{Lsn, Timestamp};
    use wal::Until;

    use super::super::lineage::{Branch, Left};
    use super::{At, choose};
    use crate::manifest::{Manifest, StoreFile};
    use crate::repository::{Blob, Stored};
    use crate::{BackupKind, BackupRecord, BlobHash, Error};

    fn stored(n: u64, timeline: u32, end: u64, time: i64) -> Stored {
        let (hash, bytes) = (BlobHash::of(b""), 0);
        let blob = Blob { hash, bytes };
        let record = BackupRecord {
            id: format!("20261122T190501Z-{n}"),
            n,
            created: Timestamp::default(),
            kind: BackupKind::Full,
            base_lsn: Lsn::ZERO,
            end_lsn: Lsn::new(end),
            end_time: Timestamp::from_nanos(time),
            timeline,
            bytes,
            new_bytes: 0,
            parent: None,
        };
        let manifest = Manifest {
            format: 1,
            record,
            previous: None,
            log_segment: 1,
            end_segment: 1,
            keyring: hash,
            store: StoreFile { version: 1, blob },
            parts: Vec::new(),
        };
        Stored { manifest, hash }
    }

    fn line() -> Vec<Branch> {
        let left = Left {
            segment: 3,
            lsn: Lsn::new(250),
        };
        vec![
            Branch {
                timeline: 1,
                left: Some(left),
            },
            Branch {
                timeline: 2,
                left: None,
            },
        ]
    }

    fn chosen(at: &At) -> Result<u64, Error> {
        let all = [
            stored(1, 1, 100, 10),
            stored(2, 1, 200, 20),
            stored(3, 1, 300, 30),
            stored(4, 2, 400, 40),
        ];
        choose(at, &all, &line()).map(|stored| stored.manifest.record.n)
    }

    #[test]
    fn targets_are_read_as_they_are_written() {
        for text in [
            "latest",
            "lsn:42",
            "20261122T190501Z-3",
            "2026-11-22T19:05:01.5Z",
        ] {
            assert_eq!(text.parse::<At>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "newest",
            "lsn:",
            "lsn:x",
            "20261122T190501Z-",
            "yesterday",
        ] {
            assert!(
                matches!(text.parse::<At>(), Err(Error::Target { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn the_newest_backup_at_the_target_or_before_is_chosen() {
        assert_eq!(chosen(&At::Latest).unwrap(), 4);
        assert_eq!(chosen(&At::Time(Timestamp::from_nanos(20))).unwrap(), 2);
        assert_eq!(chosen(&At::Time(Timestamp::from_nanos(19))).unwrap(), 1);
        assert_eq!(chosen(&At::Lsn(Lsn::new(199))).unwrap(), 2);
        assert_eq!(chosen(&At::Lsn(Lsn::new(198))).unwrap(), 1);
        assert_eq!(chosen(&At::Backup("20261122T190501Z-1".into())).unwrap(), 1);
    }

    #[test]
    fn a_backup_of_what_was_left_behind_is_not_chosen() {
        assert_eq!(chosen(&At::Time(Timestamp::from_nanos(39))).unwrap(), 2);
    }

    #[test]
    fn a_target_before_the_first_backup_names_the_earliest() {
        let early = chosen(&At::Time(Timestamp::from_nanos(9))).unwrap_err();
        assert!(matches!(early, Error::TooEarly { earliest, .. } if earliest.nanos() == 10));
        let unknown = chosen(&At::Backup("20261122T190501Z-9".into()));
        assert!(matches!(unknown, Err(Error::UnknownBackup { .. })));
        assert!(matches!(
            choose(&At::Latest, &[], &line()),
            Err(Error::NoBackup)
        ));
    }

    #[test]
    fn a_backup_ends_before_the_record_behind_it() {
        let base = stored(1, 1, 100, 10).manifest.record;
        let until = At::Backup(base.id.clone()).until(&base);
        assert_eq!(until, Until::Lsn(Lsn::new(99)));
    }
}
