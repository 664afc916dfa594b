//! What a server leaves in its data directory for commands on the same machine.
//!
//! ```text
//!   server.json   addresses and the authority's fingerprint, anew at every start
//!   admin.token   an administrator's token, made on first start, mode 0400
//! ```
//! Neither holds data, and the token is a secret that only the owner of the directory can read; it is
//! the one secret that lies in clear, as the contract wants, and it can be revoked.

use std::path::{Path, PathBuf};

use platform::{Disk, durable};
use serde::{Deserialize, Serialize};

use crate::{Addresses, Error};

/// How a command on the same machine reaches the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalServer {
    /// Base URLs of the HTTP door.
    pub http: Vec<String>,
    /// `host:port` of the collectors' door.
    pub quic: Vec<String>,
    /// SHA-256 of the certificate authority, hexadecimal.
    pub authority_sha256: String,
    /// The server's process.
    pub pid: u32,
}

impl LocalServer {
    /// Returns what to write for these addresses.
    pub(crate) fn new(addresses: &Addresses, authority_sha256: String) -> Self {
        Self {
            http: addresses.http_urls(),
            quic: addresses.quic_addresses(),
            authority_sha256,
            pid: std::process::id(),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn write(&self, disk: &dyn Disk, data: &Path) -> Result<(), Error> {
        let path = data.join(SERVER_JSON);
        let text = serde_json::to_vec_pretty(self).expect("strings and a number always serialise");
        durable::write_file(disk, &path, &text).map_err(|source| Error::Io { path, source })
    }

    /// Reads the file that a server in this data directory has written.
    ///
    /// # Errors
    /// [`Error::Io`] when there is none, or when it is not readable.
    pub fn read(disk: &dyn Disk, data: &Path) -> Result<Self, Error> {
        let path = data.join(SERVER_JSON);
        let failed = |source| Error::Io {
            path: path.clone(),
            source,
        };
        let bytes = durable::read_file(disk, &path).map_err(failed)?;
        serde_json::from_slice(&bytes).map_err(|error| failed(std::io::Error::other(error)))
    }
}

/// Returns where the administrator's token lies.
pub fn admin_token_path(data: &Path) -> PathBuf {
    data.join("admin.token")
}

const SERVER_JSON: &str = "server.json";
