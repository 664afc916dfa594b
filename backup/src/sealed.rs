//! Small objects of a repository that are sealed: JSON inside an envelope.

use bytes::Bytes;
use platform::Entropy;
use seal::{FileKind, Keyring, envelope};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// Seals a value. Twice the same value gives different bytes.
pub(crate) fn seal_json<T: Serialize>(
    keyring: &Keyring,
    entropy: &dyn Entropy,
    value: &T,
) -> Bytes {
    let plain = serde_json::to_vec(value).expect("plain data has a JSON form");
    Bytes::from(envelope::seal(keyring, FileKind::Backup, entropy, &plain))
}

/// Opens what [`seal_json`] made.
///
/// # Errors
/// [`Error::Seal`] when it does not open, [`Error::Damaged`] when it is not what was expected.
pub(crate) fn open_json<T: DeserializeOwned>(
    keyring: &Keyring,
    object: &str,
    sealed: &[u8],
) -> Result<T, Error> {
    let opened = envelope::open(keyring, FileKind::Backup, sealed);
    let plain = opened.map_err(|source| Error::Seal {
        object: object.to_owned(),
        source,
    })?;
    serde_json::from_slice(&plain).map_err(|e| Error::Damaged {
        object: object.to_owned(),
        reason: e.to_string(),
    })
}
