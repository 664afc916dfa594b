//! The store under torture: a real directory, its key in a file there, thresholds so small that
//! everything happens.

use std::path::Path;
use std::sync::Arc;

use engine::{Engine, Environment, Error, Recovery, Settings};
use platform::{OsEntropy, RealClock, RealDisk};
use schema::Span;
use seal::{ClusterId, KeySource, Keyring, rotate_key_file};

/// Makes the directory, its key and its keyring where they are not there.
///
/// # Panics
/// When the directory cannot be made: the machine of the test is broken.
pub(crate) fn prepare(dir: &Path) {
    std::fs::create_dir_all(dir).expect("the directory of a test can be made");
    let (path, cluster) = (dir.join(KEYRING), ClusterId::from_bytes([7; 16]));
    if !path.exists() {
        let master = KeySource::create_file(&RealDisk, &dir.join(MASTER), &OsEntropy)
            .expect("the key of a test can be written");
        Keyring::create(&RealDisk, &path, &master, cluster, &OsEntropy)
            .expect("the keyring of a test can be written");
    }
}

/// Returns what the store works with.
///
/// # Errors
/// The keyring's, in words.
pub(crate) fn environment(dir: &Path) -> Result<Environment, String> {
    let source = KeySource::File(dir.join(MASTER));
    let keyring = source.open_keyring(&RealDisk, &dir.join(KEYRING));
    Ok(Environment {
        disk: Arc::new(RealDisk),
        clock: Arc::new(RealClock),
        entropy: Arc::new(OsEntropy),
        keyring: Arc::new(keyring.map_err(|error| error.to_string())?),
        dir: dir.to_owned(),
    })
}

/// Opens the store of a worker: it flushes, compacts and changes segments all the time.
///
/// # Errors
/// The engine's.
pub(crate) fn open(environment: Environment) -> Result<Engine, Error> {
    Engine::open(environment, settings(true), Recovery::default())
}

/// Opens the store to look at it.
///
/// # Errors
/// The engine's.
pub(crate) fn open_quietly(environment: Environment) -> Result<Engine, Error> {
    Engine::open(environment, settings(false), Recovery::default())
}

/// Gives the store another master key.
///
/// # Errors
/// [`Error::Seal`].
pub(crate) fn change_master_key(environment: &Environment) -> Result<(), Error> {
    let (keyring, master) = (environment.dir.join(KEYRING), environment.dir.join(MASTER));
    let (disk, entropy) = (&*environment.disk, &*environment.entropy);
    let changed = rotate_key_file(disk, &environment.keyring, &keyring, &master, entropy);
    changed.map(|_| ()).map_err(|source| Error::Seal {
        path: keyring,
        offset: 0,
        source: Arc::new(source),
    })
}

fn settings(automatic: bool) -> Settings {
    let mut settings = Settings {
        flush_bytes: if is_lazy() { 64 << 20 } else { 48 << 10 },
        flush_age: Span::from_secs(if is_lazy() { 600 } else { 1 }),
        ..Settings::default()
    };
    settings.compaction.automatic = automatic;
    settings.compaction.fan_in = 2;
    settings.log.segment_bytes = 128 << 10;
    settings.log.spare_segments = 1;
    settings.log.idle_marker_ms = 20;
    settings
}

/// Tells whether this process is to leave a long log behind, all of it in memory.
pub(crate) fn is_lazy() -> bool {
    std::env::var_os(LAZY).is_some()
}

/// Set for a worker that is to be lazy.
pub(crate) const LAZY: &str = "TORTURE_LAZY";
const KEYRING: &str = "keyring";
const MASTER: &str = "master.key";
