//! Where the master key comes from: a file, the environment or a command.
//!
//! A command is the door to a key management service: its output is the key.

mod command;
mod file;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use platform::{Disk, Entropy};
use zeroize::Zeroizing;

use crate::{Error, Keyring, MasterKey, rotation};

/// A source of the master key, written `file:PATH`, `env:NAME` or `command:LINE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file that only its owner can read (mode 0400 or 0600).
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// What a command, run by the shell, writes to its standard output.
    Command(String),
}

impl KeySource {
    /// Reads the key.
    ///
    /// # Errors
    /// [`Error::KeySourceUnreadable`] when the source gives nothing, [`Error::KeyFileMode`] when
    /// others than its owner can read the file, [`Error::KeyMalformed`] when it is no key.
    pub fn load(&self, disk: &dyn Disk) -> Result<MasterKey, Error> {
        let bytes = match self {
            Self::File(path) => file::read(disk, path)?,
            Self::Env(name) => {
                environment_variable(name).map_err(|source| self.unreadable(source))?
            }
            Self::Command(line) => {
                command::output(line).map_err(|source| self.unreadable(source))?
            }
        };
        MasterKey::parse(&bytes, self)
    }

    /// Reads the key and opens the keyring with it.
    ///
    /// For a key file this also completes a change of key that a crash cut short, see
    /// [`crate::rotate_key_file`].
    ///
    /// # Errors
    /// As [`KeySource::load`] and [`Keyring::open`].
    pub fn open_keyring(&self, disk: &dyn Disk, keyring: &Path) -> Result<Keyring, Error> {
        let key = self.load(disk)?;
        match (Keyring::open(disk, keyring, &key), self) {
            (
                Err(Error::WrongMasterKey {
                    expected,
                    artefact,
                    actual,
                }),
                Self::File(path),
            ) => rotation::settle(disk, keyring, path, expected)?.ok_or(Error::WrongMasterKey {
                expected,
                artefact,
                actual,
            }),
            (result, _) => result,
        }
    }

    /// Makes a key file with a new key in it, mode 0400.
    ///
    /// # Errors
    /// [`Error::Exists`] when the file is there already: overwriting a key loses data for good.
    /// [`Error::Io`] when the disk refuses.
    pub fn create_file(
        disk: &dyn Disk,
        path: &Path,
        entropy: &dyn Entropy,
    ) -> Result<MasterKey, Error> {
        file::create(disk, path, entropy)
    }

    /// Writes a key durably into a file that only its owner can read, over any that is there.
    pub(crate) fn write_file(disk: &dyn Disk, path: &Path, key: &MasterKey) -> Result<(), Error> {
        file::write(disk, path, key)
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::KeySourceUnreadable {
            origin: self.to_string(),
            source,
        }
    }
}

impl FromStr for KeySource {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("command", line)) if !line.is_empty() => Ok(Self::Command(line.to_owned())),
            _ => Err(Error::KeySourceSyntax {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Command(line) => write!(f, "command:{line}"),
        }
    }
}

fn environment_variable(name: &str) -> Result<Zeroizing<Vec<u8>>, io::Error> {
    let value = std::env::var_os(name).ok_or(io::ErrorKind::NotFound)?;
    Ok(Zeroizing::new(value.into_encoded_bytes()))
}

/// More than any form of a key has, so that a wrong path or command cannot fill memory.
const KEY_SOURCE_BYTES_MAX: u64 = 4096;

#[cfg(test)]
mod tests;
