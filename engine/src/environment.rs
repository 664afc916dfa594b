//! The collaborators of a store: the machine, the keys, the place.

use std::path::PathBuf;
use std::sync::Arc;

use platform::{Clock, Disk, Entropy};
use schema::Timestamp;
use seal::Keyring;

/// What a store works with.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Files and directories.
    pub disk: Arc<dyn Disk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes for salts, nonces and ids.
    pub entropy: Arc<dyn Entropy>,
    /// The keys of this cluster.
    pub keyring: Arc<Keyring>,
    /// The data directory; made where absent.
    pub dir: PathBuf,
}

impl Environment {
    /// Returns the wall clock's time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.clock.now().0)
    }
}
