//! The store under torture: a real directory, fixed keys, thresholds so small that everything happens.

use std::path::Path;
use std::sync::Arc;

use engine::{Engine, Environment, Error, Recovery, Settings};
use platform::{OsEntropy, RealClock, RealDisk};
use schema::Span;
use seal::{ClusterId, Keyring, MasterKey};

/// Makes the directory and its keyring where they are not there.
///
/// # Panics
/// When the directory cannot be made: the machine of the test is broken.
pub(crate) fn prepare(dir: &Path) {
    std::fs::create_dir_all(dir).expect("the directory of a test can be made");
    let (path, cluster) = (dir.join("keyring"), ClusterId::from_bytes([7; 16]));
    if !path.exists() {
        Keyring::create(&RealDisk, &path, &master(), cluster, &OsEntropy)
            .expect("the keyring of a test can be written");
    }
}

/// Returns what the store works with.
///
/// # Errors
/// The keyring's, in words.
pub(crate) fn environment(dir: &Path) -> Result<Environment, String> {
    let keyring = Keyring::open(&RealDisk, &dir.join("keyring"), &master());
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

fn settings(automatic: bool) -> Settings {
    let mut settings = Settings {
        flush_bytes: 48 << 10,
        flush_age: Span::from_secs(1),
        ..Settings::default()
    };
    settings.compaction.automatic = automatic;
    settings.compaction.fan_in = 2;
    settings.log.segment_bytes = 128 << 10;
    settings.log.spare_segments = 1;
    settings.log.idle_marker_ms = 20;
    settings
}

fn master() -> MasterKey {
    MasterKey::from_bytes(&[7; 32])
}
