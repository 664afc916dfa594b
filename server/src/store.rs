//! Opening a data directory: keys, keyring, engine.
//!
//! ```text
//!   master key (file, environment, command) ─▶ keyring ─▶ engine::open (recovery)
//! ```
//! What is missing on first start is made: the directory (mode 0700), a master key file where the
//! key is to come from one, the keyring. What is missing later is an error: a keyring without its
//! key is never replaced by a new one.

use std::path::Path;
use std::sync::Arc;

use platform::{Clock, Disk, Entropy, OsEntropy, RealClock, RealDisk};
use seal::{ClusterId, KeySource, Keyring};
use tracing::{info, warn};

use crate::Error;

/// The machine that a server runs on.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Files.
    pub disk: Arc<dyn Disk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Machine {
    /// Returns the machine that we really run on.
    pub fn real() -> Self {
        Self {
            disk: Arc::new(RealDisk),
            clock: Arc::new(RealClock),
            entropy: Arc::new(OsEntropy),
        }
    }
}

/// Returns where the master key comes from: what is set, or `master.key` in the data directory.
///
/// # Errors
/// [`Error::Seal`] when the text names no source.
pub fn key_source(setting: &str, data: &Path) -> Result<KeySource, Error> {
    if setting.is_empty() {
        return Ok(KeySource::File(data.join(MASTER_KEY)));
    }
    Ok(setting.parse()?)
}

/// Opens the keyring of a data directory, making key and keyring on the very first start.
///
/// # Errors
/// [`Error::Seal`] when the key is missing, wrong or unreadable; [`Error::Io`].
pub fn open_keyring(
    machine: &Machine,
    source: &KeySource,
    data: &Path,
) -> Result<Arc<Keyring>, Error> {
    let disk = machine.disk.as_ref();
    let path = data.join(KEYRING);
    make_private(disk, data).map_err(|source| Error::Io {
        path: data.into(),
        source,
    })?;
    let is_there = disk
        .metadata(&path)
        .map_err(|source| Error::Io {
            path: path.clone(),
            source,
        })?
        .is_some();
    if is_there {
        return Ok(Arc::new(source.open_keyring(disk, &path)?));
    }
    create_keyring(machine, source, &path)
}

fn create_keyring(
    machine: &Machine,
    source: &KeySource,
    path: &Path,
) -> Result<Arc<Keyring>, Error> {
    let (disk, entropy) = (machine.disk.as_ref(), machine.entropy.as_ref());
    let master = match source {
        KeySource::File(file) if !exists(disk, file)? => {
            let master = KeySource::create_file(disk, file, entropy)?;
            info!(path = %file.display(), "made a master key");
            master
        }
        _ => source.load(disk)?,
    };
    let keyring = Keyring::create(disk, path, &master, ClusterId::generate(entropy), entropy)?;
    Ok(Arc::new(keyring))
}

/// Warns when whoever takes the data takes the key with it.
pub(crate) fn warn_of_key_beside_data(source: &KeySource, data: &Path) {
    let KeySource::File(file) = source else {
        return;
    };
    if file.starts_with(data) {
        warn!(
            path = %file.display(),
            "the master key lies beside the data that it protects: whoever copies the directory can \
             read it, and whoever loses it loses both; keep a copy elsewhere, or set seal.key"
        );
    }
}

fn exists(disk: &dyn Disk, path: &Path) -> Result<bool, Error> {
    let metadata = disk.metadata(path).map_err(|source| Error::Io {
        path: path.into(),
        source,
    })?;
    Ok(metadata.is_some())
}

fn make_private(disk: &dyn Disk, data: &Path) -> std::io::Result<()> {
    if disk.metadata(data)?.is_some() {
        return Ok(());
    }
    disk.create_dir_all(data)?;
    disk.set_mode(data, 0o700)
}

/// The file of the master key, by default.
pub const MASTER_KEY: &str = "master.key";
/// The file of the keyring.
pub const KEYRING: &str = "keyring";
