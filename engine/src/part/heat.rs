//! How soon the rows of a part will be written again.

use serde::{Deserialize, Serialize};

/// Whether a part is about to be merged into another.
///
/// It decides how much time its pages are worth: what will be written again soon is encoded fast, and
/// what stays is encoded small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heat {
    /// Soon: straight from memory, or merged within a window that still fills.
    Hot,
    /// Not soon, if ever.
    Cold,
}

impl Heat {
    /// Returns what a part is that nothing is noted of.
    pub(super) const fn cold() -> Self {
        Self::Cold
    }
}
