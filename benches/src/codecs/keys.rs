//! Keys for the pieces: fresh ones, kept nowhere.

use std::path::Path;
use std::sync::Arc;

use platform::{OsEntropy, RealDisk, durable};
use seal::{ClusterId, Keyring, MasterKey};

use crate::failure::{Failure, Outcome};

/// Makes a directory and a keyring in it.
///
/// # Errors
/// When there is one already, or the disk refuses.
pub(super) fn create(dir: &Path) -> Outcome<Arc<Keyring>> {
    let made = durable::create_dir_all(&RealDisk, dir);
    made.map_err(|source| Failure::io(dir.display(), &source))?;
    let master = MasterKey::generate(&OsEntropy);
    let cluster = ClusterId::generate(&OsEntropy);
    let path = dir.join("keyring");
    let keyring = Keyring::create(&RealDisk, &path, &master, cluster, &OsEntropy);
    keyring
        .map(Arc::new)
        .map_err(|error| Failure::new(error, "remove it, or give another --data"))
}
