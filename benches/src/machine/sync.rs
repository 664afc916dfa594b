//! How long the disk takes to make a written page durable.

use std::path::Path;
use std::time::Duration;

use platform::{Clock, Disk, File, OpenMode, RealClock, RealDisk};

use crate::failure::{Failure, Outcome};
use crate::latency::Latency;

/// Writes pages one after the other into a file of zeros, as the log does, syncs each, and returns
/// how long the syncs took.
///
/// # Errors
/// When the disk refuses.
pub(super) fn measure(dir: &Path) -> Outcome<Latency> {
    let path = dir.join("fdatasync.probe");
    let measured = measure_file(&path);
    let removed = RealDisk.remove(&path);
    let latency = measured.and_then(|latency| removed.map(|()| latency));
    latency.map_err(|source| Failure::io(path.display(), &source))
}

fn measure_file(path: &Path) -> std::io::Result<Latency> {
    let file = RealDisk.open(path, OpenMode::CreateNew)?;
    file.write_all_at(&vec![0; PAGE_BYTES * PAGES], 0)?;
    file.sync_all()?;
    let mut offset = 0;
    let mut durations = Vec::with_capacity(PAGES);
    for page in 0..PAGES {
        let bytes = [u8::try_from(page % 251).unwrap_or(0); PAGE_BYTES];
        file.write_all_at(&bytes, offset)?;
        durations.push(timed_sync(file.as_ref())?);
        offset += PAGE_BYTES as u64;
    }
    Ok(Latency::of(durations))
}

fn timed_sync(file: &dyn File) -> std::io::Result<Duration> {
    let started = RealClock.monotonic();
    file.sync_data()?;
    Ok(RealClock.monotonic().since(started))
}

const PAGE_BYTES: usize = 4_096;
const PAGES: usize = 200;

#[cfg(test)]
mod tests {
    use super::measure;

    #[test]
    fn the_probe_is_measured_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let latency = measure(dir.path()).unwrap();
        assert_eq!(latency.count, 200);
        assert!(latency.p50_ms > 0.0 && latency.p50_ms <= latency.max_ms);
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }
}
