//! The machine and the keys that a log works with.

use std::path::PathBuf;
use std::sync::Arc;

use platform::{Clock, Disk, Entropy};
use seal::{FileKind, Keyring};

/// The collaborators of a log.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Where its files are.
    pub disk: Arc<dyn Disk>,
    /// What commit times come from.
    pub clock: Arc<dyn Clock>,
    /// What salts and nonces come from.
    pub entropy: Arc<dyn Entropy>,
    /// What its keys come from.
    pub keyring: Arc<Keyring>,
    /// The directory, its own; made when absent. The caller keeps other processes out of it.
    pub dir: PathBuf,
    /// [`FileKind::LogSegment`] for a server's log, [`FileKind::Spool`] for a collector's.
    pub kind: FileKind,
}
