//! How much time an encoder may take.

use super::integers::Depth;

/// How hard an encoder tries: a flush keeps up with ingest, a compaction writes what stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effort {
    /// Fast to write and to read; nothing is compressed but long texts.
    Hot,
    /// Small: what packs badly is coded by how often it comes, and compressed where that pays.
    Cold,
}

/// How hard to try, and how deep within other encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nesting {
    pub(super) effort: Effort,
    pub(super) depth: Depth,
}

impl Nesting {
    /// Returns the nesting of what is within no other encoding.
    pub(super) const fn top(effort: Effort) -> Self {
        Self {
            effort,
            depth: Depth::TOP,
        }
    }

    /// Returns the nesting of what lies within this one.
    pub(super) const fn below(self) -> Self {
        Self {
            depth: self.depth.below(),
            ..self
        }
    }
}
