//! Where an offline command takes the master key from.

use std::path::Path;
use std::sync::Arc;

use seal::Keyring;
use server::{Machine, key_source};

use crate::failure::{Failure, Outcome};

/// Opens the keyring of a data directory with the given key, or with the one beside the data.
pub(crate) fn keyring(machine: &Machine, key: Option<&str>, data: &Path) -> Outcome<Arc<Keyring>> {
    let source = key_source(key.unwrap_or_default(), data)?;
    let ring = source
        .open_keyring(machine.disk.as_ref(), &data.join(server::KEYRING))
        .map_err(|error| Failure::from(server::Error::from(error)))?;
    Ok(Arc::new(ring))
}
