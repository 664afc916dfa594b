//! A simulated machine whose log is one segment, the same in every run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::{OpenMode, SimClock, SimDisk, SimEntropy, UnixNanos, durable};
use seal::{ClusterId, FileKind, Keyring, MasterKey};

use crate::Environment;
use crate::segment::segment_path;

/// A machine, and where its segment lies.
pub(super) struct Machine {
    pub(super) environment: Environment,
    pub(super) path: PathBuf,
}

impl Machine {
    /// Returns a machine whose log is a segment of these bytes.
    pub(super) fn with_segment(bytes: &[u8]) -> Self {
        let environment = environment();
        let path = segment_path(&environment.dir, NUMBER);
        durable::create_dir_all(&*environment.disk, &environment.dir)
            .expect("a simulated disk makes directories");
        let machine = Self { environment, path };
        machine.write(bytes);
        machine
    }

    /// Returns the bytes of the segment.
    pub(super) fn segment(&self) -> Vec<u8> {
        durable::read_file(&*self.environment.disk, &self.path).expect("it was written")
    }

    fn write(&self, bytes: &[u8]) {
        let disk = &self.environment.disk;
        let file = disk.open(&self.path, OpenMode::CreateNew);
        file.and_then(|file| file.write_all_at(bytes, 0))
            .expect("a simulated disk writes");
    }
}

/// The same keys in every run.
pub(super) fn environment() -> Environment {
    let (disk, entropy) = (SimDisk::new(7), SimEntropy::new(7));
    let (master, cluster) = (
        MasterKey::from_bytes(&[7; 32]),
        ClusterId::from_bytes([7; 16]),
    );
    let keyring = Keyring::create(&disk, Path::new("/keyring"), &master, cluster, &entropy)
        .expect("a simulated disk writes");
    Environment {
        disk: Arc::new(disk),
        clock: Arc::new(SimClock::new(UnixNanos(1_000))),
        entropy: Arc::new(entropy),
        keyring: Arc::new(keyring),
        dir: PathBuf::from("/wal"),
        kind: FileKind::LogSegment,
    }
}

/// The number of the only segment.
pub(super) const NUMBER: u64 = 1;
