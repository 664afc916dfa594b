//! A simulated machine with a store on it, driven by hand: one order of events for each seed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, Environment, Error, Recovery, Settings};
use platform::{Clock, Disk, Entropy, SimClock, SimDisk, SimEntropy, UnixNanos, durable};
use schema::{Span, Timestamp};
use seal::{ClusterId, KeySource, Keyring};

use crate::dice::Dice;

/// A disk that can crash, a clock, keys; and how its store is set.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The disk.
    pub disk: SimDisk,
    /// The clock; it goes on over a crash.
    pub clock: Arc<SimClock>,
    /// How the store is set.
    pub settings: Settings,
    entropy: Arc<SimEntropy>,
}

impl Machine {
    /// Makes a machine with keys and no store.
    ///
    /// # Panics
    /// When a disk without faults fails.
    #[must_use]
    pub fn new(seed: u64, settings: Settings) -> Self {
        let machine = Self {
            disk: SimDisk::new(seed),
            clock: Arc::new(SimClock::new(UnixNanos(START))),
            settings,
            entropy: Arc::new(SimEntropy::new(seed)),
        };
        let (disk, entropy): (&dyn Disk, &dyn Entropy) = (&machine.disk, &*machine.entropy);
        for dir in [DIR, KEYS] {
            durable::create_dir_all(disk, Path::new(dir)).expect("the disk is whole");
        }
        let master = KeySource::create_file(disk, Path::new(MASTER), entropy);
        let cluster = ClusterId::generate(entropy);
        let keyring = Path::new(KEYRING);
        Keyring::create(
            disk,
            keyring,
            &master.expect("no key is there"),
            cluster,
            entropy,
        )
        .expect("the disk is whole");
        machine
    }

    /// Makes a machine with a master key and nothing else, for a store from elsewhere.
    ///
    /// # Panics
    /// When a disk without faults fails.
    #[must_use]
    pub fn with_master(master: &[u8; 32], settings: Settings) -> Self {
        let machine = Self {
            disk: SimDisk::new(0),
            clock: Arc::new(SimClock::new(UnixNanos(START))),
            settings,
            entropy: Arc::new(SimEntropy::new(0)),
        };
        for dir in [DIR, KEYS] {
            durable::create_dir_all(&machine.disk, Path::new(dir)).expect("the disk is whole");
        }
        durable::write_file_with_mode(&machine.disk, Path::new(MASTER), master, 0o400)
            .expect("the disk is whole");
        machine
    }

    /// Returns settings of a small store, in which everything happens soon.
    #[must_use]
    pub fn small() -> Settings {
        let mut settings = Settings::default();
        settings.log.segment_bytes = 8 << 10;
        settings.log.spare_segments = 1;
        settings.log.group_bytes_max = 8 << 10;
        settings.dedup_epochs_max = 64;
        settings.compaction.automatic = false;
        settings.compaction.fan_in = 2;
        settings
    }

    /// Returns settings by chance.
    #[must_use]
    pub fn random(dice: &mut Dice) -> Settings {
        let mut settings = Self::small();
        settings.log.segment_bytes = dice.pick(&[8, 8, 12, 16, 32]) << 10;
        settings.log.spare_segments = dice.pick(&[1, 1, 2]);
        settings.log.group_bytes_max = dice.pick(&[4, 8, 64]) << 10;
        settings.log.queue_bytes_max = dice.pick(&[4 << 10, 1 << 20]);
        settings.log.bytes_max = dice
            .one_in(8)
            .then_some(settings.log.segment_bytes * dice.pick(&[3, 6]));
        settings.flush_bytes = dice.pick(&[1, 2_000, 20_000, 128 << 20]);
        settings.page_cache_bytes_max = dice.pick(&[0, 4 << 10, 1 << 20]);
        settings.window = Span::from_secs(dice.pick(&[600, 3_600, 7_200]));
        settings.compaction.fan_in = dice.pick(&[2, 2, 3, 4]);
        let longer = dice.pick(&[&[][..], &[14_400], &[86_400], &[14_400, 86_400]]);
        settings.compaction.windows = longer.iter().copied().map(Span::from_secs).collect();
        settings.compaction.final_bytes = dice.pick(&[4 << 10, 512 << 20]);
        settings.compaction.settle = Span::from_secs(dice.pick(&[1, 3_600]));
        settings
    }

    /// Returns the same machine with another disk: after a crash, a kill, or from a photograph.
    #[must_use]
    pub fn with(&self, disk: SimDisk) -> Self {
        Self {
            disk,
            ..self.clone()
        }
    }

    /// Returns the machine as a power cut leaves it.
    #[must_use]
    pub fn crash(&self, dice: &mut Dice) -> Self {
        self.with(self.disk.crash_with(dice.number()))
    }

    /// Opens the keyring and returns what a store works with.
    ///
    /// # Errors
    /// [`Error::Seal`].
    pub fn environment(&self) -> Result<Environment, Error> {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let keyring = self.source().open_keyring(&*disk, Path::new(KEYRING));
        let keyring = keyring.map_err(|source| Error::Seal {
            path: KEYRING.into(),
            offset: 0,
            source: Arc::new(source),
        })?;
        Ok(Environment {
            disk,
            clock: Arc::clone(&self.clock) as Arc<_>,
            entropy: Arc::clone(&self.entropy) as Arc<_>,
            keyring: Arc::new(keyring),
            dir: DIR.into(),
        })
    }

    /// Opens the store, to be driven by hand.
    ///
    /// # Errors
    /// Those of [`Engine::open`] and [`Self::environment`].
    pub fn open(&self) -> Result<(Engine, Environment), Error> {
        let environment = self.environment()?;
        let recovery = Recovery::default();
        let engine = Engine::open_by_hand(environment.clone(), self.settings.clone(), recovery)?;
        Ok((engine, environment))
    }

    /// Changes the master key.
    ///
    /// # Errors
    /// As the disk has it.
    pub fn change_master_key(&self, environment: &Environment) -> Result<(), seal::Error> {
        let (keyring, master) = (Path::new(KEYRING), Path::new(MASTER));
        let (disk, entropy) = (&*environment.disk, &*environment.entropy);
        seal::rotate_key_file(disk, &environment.keyring, keyring, master, entropy).map(|_| ())
    }

    /// Adds a data key, which new files use.
    ///
    /// # Errors
    /// As the disk has it.
    pub fn add_data_key(&self, environment: &Environment) -> Result<(), seal::Error> {
        let (disk, entropy) = (&*environment.disk, &*environment.entropy);
        let master = self.source().load(disk)?;
        let keyring = Path::new(KEYRING);
        environment
            .keyring
            .add_data_key(disk, keyring, &master, entropy)
            .map(|_| ())
    }

    /// Lets time pass.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.clock.now().0)
    }

    fn source(&self) -> KeySource {
        KeySource::File(MASTER.into())
    }
}

/// The start of the simulated time: 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600_000_000_000;
/// A second in nanoseconds.
pub const SECOND: i64 = 1_000_000_000;
/// The data directory.
pub const DIR: &str = "/data";
/// The keyring's file.
pub const KEYRING: &str = "/data/keyring";
const KEYS: &str = "/keys";
const MASTER: &str = "/keys/master.key";
