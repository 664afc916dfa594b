//! A directory of parts on a simulated disk, with the same keys in every run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::{OpenMode, SimDisk, SimEntropy, durable};
use seal::{ClusterId, Keyring, MasterKey};

use crate::part::PartEnvironment;

/// Returns an empty directory.
pub(super) fn environment() -> PartEnvironment {
    let (disk, dir) = (SimDisk::new(7), PathBuf::from("/parts"));
    durable::create_dir_all(&disk, &dir).expect("a simulated disk makes directories");
    PartEnvironment {
        disk: Arc::new(disk),
        keyring: Arc::new(keyring()),
        entropy: Arc::new(SimEntropy::new(7)),
        dir,
    }
}

/// Returns the same keyring every time.
pub(super) fn keyring() -> Keyring {
    let (disk, entropy) = (SimDisk::new(0), SimEntropy::new(7));
    let (master, cluster) = (
        MasterKey::from_bytes(&[7; 32]),
        ClusterId::from_bytes([7; 16]),
    );
    Keyring::create(&disk, Path::new("/keyring"), &master, cluster, &entropy)
        .expect("a simulated disk writes")
}

/// Writes a file.
pub(super) fn write(environment: &PartEnvironment, path: &Path, bytes: &[u8]) {
    let file = environment.disk.open(path, OpenMode::CreateNew);
    file.and_then(|file| file.write_all_at(bytes, 0))
        .expect("a simulated disk writes");
}
