//! The work of a log's threads, done by whoever calls: one order of events, so one outcome by seed.

use std::sync::Arc;

use super::committer::Committer;
use super::shared::Shared;
use super::spares::Maker;

/// Who does the work of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drive {
    /// Its own threads, as it comes.
    Threads,
    /// The caller, in [`Log::step`](super::Log::step).
    ByHand,
}

/// What the threads would have.
#[derive(Debug)]
pub(crate) struct Hands {
    shared: Arc<Shared>,
    committer: Committer,
    maker: Maker,
}

impl Hands {
    pub(crate) const fn new(shared: Arc<Shared>, committer: Committer, maker: Maker) -> Self {
        Self {
            shared,
            committer,
            maker,
        }
    }

    /// Makes spares and writes what waits, until there is nothing more to do.
    pub(crate) fn step(&mut self) {
        loop {
            self.maker.make_wanted(&self.shared);
            if !self.committer.perform_ready() {
                return;
            }
        }
    }
}
