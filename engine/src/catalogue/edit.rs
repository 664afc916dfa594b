//! Changes of the catalogue, and the log record that carries one.
//!
//! ```text
//!  offset  bytes  field    meaning
//!       0      4  magic    "pgAC"
//!       4      2  version  1
//!       6      2  reserved 0
//!       8      n  body     the edit as JSON, to the end of the record
//! ```
//! The log's own frame gives length and checksum, and seals the record.

use schema::{CollectorName, Span};
use serde::{Deserialize, Deserializer, Serialize};

use super::{AuthorityRecord, CollectorRecord, TokenRecord};
use crate::{Error, RowPredicate};

/// One change of the catalogue; it takes effect in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CatalogueEdit {
    /// Adds a token, or replaces the one with its id.
    PutToken(TokenRecord),
    /// Makes a token useless; it stays listed.
    RevokeToken {
        /// Which.
        id: String,
    },
    /// Enrols the collector that a token names, and uses the token up: refused unless the token is
    /// unused or was used by the same key, and the collector is registered.
    Enrol {
        /// The token.
        token: String,
        /// SHA-256 of the public key that enrols.
        key_sha256: [u8; 32],
        /// SHA-256 of the certificate that it is given.
        certificate_sha256: [u8; 32],
    },
    /// Adds a collector, or replaces the one with its name.
    PutCollector(CollectorRecord),
    /// Makes a collector's certificate and its enrolment tokens useless; they stay listed.
    RevokeCollector {
        /// Which.
        name: CollectorName,
    },
    /// Sets the certificate authority.
    PutAuthority(AuthorityRecord),
    /// Sets or, without a value, removes a setting of the server.
    PutSetting {
        /// Its name.
        name: String,
        /// Its value, in the server's own notation.
        value: Option<String>,
    },
    /// Changes a table that exists.
    SetTable {
        /// Its name.
        name: String,
        /// What changes.
        change: TableChange,
    },
    /// Deletes rows of records before this one; the catalogue itself stays as it is.
    DeleteRows {
        /// The table.
        table: String,
        /// Which rows.
        rows: RowPredicate,
    },
}

/// What changes of a table; absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableChange {
    /// How long rows are kept, or for ever.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub retention: Option<Option<Span>>,
    /// Whether every row of equal series and time is kept from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub append_only: Option<bool>,
}

impl CatalogueEdit {
    /// Returns the log record of this edit.
    pub(crate) fn to_record(&self) -> Vec<u8> {
        let mut record = Vec::from(MAGIC);
        record.extend(VERSION.to_le_bytes());
        record.extend(0u16.to_le_bytes());
        serde_json::to_writer(&mut record, self).expect("an edit has text keys and a Vec to go to");
        record
    }

    /// Tells whether a log record is an edit.
    pub(crate) fn is_record(record: &[u8]) -> bool {
        record.starts_with(&MAGIC)
    }

    /// Reads a log record.
    ///
    /// # Errors
    /// [`Error::Refused`] for another version or a body that is no edit.
    pub(crate) fn from_record(record: &[u8]) -> Result<Self, Error> {
        let refused = |reason| Error::Refused {
            what: "a catalogue record of the log".into(),
            reason,
        };
        let (header, body) = record
            .split_at_checked(HEADER_BYTES)
            .ok_or_else(|| refused("it is cut short"))?;
        let version = header.get(4..6).and_then(|v| v.try_into().ok());
        if version.map(u16::from_le_bytes) != Some(VERSION) {
            return Err(refused("its version is not known"));
        }
        serde_json::from_slice(body).map_err(|_| refused("its body is not an edit"))
    }
}

/// Tells an absent value from one that is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Span>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

const MAGIC: [u8; 4] = *b"pgAC";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use schema::Span;

    use super::{CatalogueEdit, TableChange};

    fn set(change: TableChange) -> CatalogueEdit {
        let name = "cpu".into();
        CatalogueEdit::SetTable { name, change }
    }

    #[test]
    fn an_edit_survives_its_record() {
        for retention in [None, Some(None), Some(Some(Span::from_days(3)))] {
            let edit = set(TableChange {
                retention,
                append_only: None,
            });
            let record = edit.to_record();
            assert!(CatalogueEdit::is_record(&record));
            assert_eq!(CatalogueEdit::from_record(&record).unwrap(), edit);
        }
    }

    #[test]
    fn a_record_that_is_cut_or_of_another_version_is_refused() {
        let record = set(TableChange::default()).to_record();
        for cut in 0..record.len() {
            assert!(
                CatalogueEdit::from_record(&record[..cut]).is_err(),
                "cut at {cut}"
            );
        }
        let mut newer = record;
        newer[4] = 2;
        assert!(CatalogueEdit::from_record(&newer).is_err());
    }
}
