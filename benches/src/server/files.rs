//! What a data directory holds, in bytes.

use std::io;
use std::path::Path;

use platform::{Disk, RealDisk};
use serde::Serialize;

use crate::failure::{Failure, Outcome};

/// Lengths of the files of a data directory, by what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Files {
    /// Files of the parts.
    pub(crate) part_count: u64,
    /// Bytes of the parts.
    pub(crate) part_bytes: u64,
    /// Bytes of the log's segments, those made ahead and not yet used included.
    pub(crate) log_bytes: u64,
    /// Bytes of everything else: manifests, keyring, tokens.
    pub(crate) other_bytes: u64,
}

impl Files {
    /// Walks a data directory; files that go away meanwhile do not matter.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(data: &Path) -> Outcome<Self> {
        let mut files = Self::default();
        files
            .add(data, Place::Other)
            .map_err(|source| Failure::io(data.display(), &source))?;
        Ok(files)
    }

    fn add(&mut self, dir: &Path, place: Place) -> io::Result<()> {
        let entries = match RealDisk.list(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            listed => listed?,
        };
        for entry in entries {
            if entry.is_dir {
                let below = place.below(&entry.name);
                self.add(&dir.join(&entry.name), below)?;
                continue;
            }
            match place {
                Place::Parts => {
                    self.part_bytes += entry.bytes;
                    self.part_count += 1;
                }
                Place::Log => self.log_bytes += entry.bytes,
                Place::Other => self.other_bytes += entry.bytes,
            }
        }
        Ok(())
    }
}

/// Returns the bytes of all files in a directory and below it; none where there is none.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn directory_bytes(dir: &Path) -> Outcome<u64> {
    let files = Files::of(dir)?;
    Ok(files.part_bytes + files.log_bytes + files.other_bytes)
}

/// Where in a data directory a file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Parts,
    Log,
    Other,
}

impl Place {
    fn below(self, name: &str) -> Self {
        match (self, name) {
            (Self::Other, "parts") => Self::Parts,
            (Self::Other, "wal") => Self::Log,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use platform::durable;

    use super::*;

    #[test]
    fn files_are_counted_by_their_place() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("parts/t/a", 3),
            ("parts/b", 5),
            ("wal/1", 7),
            ("keyring", 11),
        ] {
            let path = dir.path().join(name);
            durable::create_dir_all(&RealDisk, path.parent().unwrap()).unwrap();
            durable::write_file(&RealDisk, &path, &vec![0; bytes]).unwrap();
        }
        let files = Files::of(dir.path()).unwrap();
        assert_eq!((files.part_count, files.part_bytes), (2, 8));
        assert_eq!((files.log_bytes, files.other_bytes), (7, 11));
        assert_eq!(directory_bytes(dir.path()).unwrap(), 26);
        let absent = dir.path().join("absent");
        assert_eq!(Files::of(&absent).unwrap(), Files::default());
    }
}
