//! A data key: one of the few from which the keys of files follow.

use std::fmt;

use platform::Entropy;

use crate::secret::Secret;

/// The number of a data key within its keyring, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataKeyId(pub u32);

impl DataKeyId {
    /// The key that a new keyring begins with.
    pub(crate) const FIRST: Self = Self(1);
}

impl fmt::Display for DataKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A data key with its number.
#[derive(Debug, Clone)]
pub(crate) struct DataKey {
    pub(crate) id: DataKeyId,
    pub(crate) secret: Secret,
}

impl DataKey {
    pub(crate) fn generate(id: DataKeyId, entropy: &dyn Entropy) -> Self {
        Self {
            id,
            secret: Secret::generate(entropy),
        }
    }
}
