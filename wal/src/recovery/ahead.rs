//! Reads groups ahead of whoever takes them.
//!
//! ```text
//!   thread "wal-reader"   read, check, open   ─▶ queue (bounded) ─▶   caller: give out
//! ```
//!
//! The caller sees the same groups in the same order as if it walked itself. Memory: the groups that
//! are queued, the one that the caller has and the one that is being read.

use std::sync::mpsc::sync_channel;
use std::thread;

use crate::Error;
use crate::segment::{Found, Walker};

/// Who reads the log that is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A thread of its own, ahead of the caller.
    Ahead,
    /// The caller, group by group: one order of reads and of what is done with them.
    InStep,
}

/// What stands in a segment at a position, and the walker on both sides of it.
#[derive(Debug)]
pub(super) struct Step {
    /// Stands before it.
    pub(super) before: Walker,
    pub(super) found: Found,
    /// Stands behind a group, or still before what is bad.
    pub(super) after: Walker,
}

/// Gives what a walker finds to `take`, in order, until that returns something, the walker is at its
/// limit or what it finds is bad; returns the former.
///
/// # Errors
/// Those of the walker, when their turn comes, and of `take`.
pub(super) fn walk<R>(
    reading: Reading,
    walker: Walker,
    take: impl FnMut(Step) -> Result<Option<R>, Error>,
) -> Result<Option<R>, Error> {
    match reading {
        Reading::InStep => first(steps(walker), take),
        Reading::Ahead => thread::scope(|scope| {
            let (sender, receiver) = sync_channel(GROUPS_AHEAD);
            let reader = thread::Builder::new().name("wal-reader".to_owned());
            let ahead = walker.clone();
            let read = move || {
                for step in steps(ahead) {
                    if sender.send(step).is_err() {
                        break;
                    }
                }
            };
            match reader.spawn_scoped(scope, read) {
                Ok(_) => first(receiver.into_iter(), take),
                // Without a thread more it takes longer.
                Err(_) => first(steps(walker), take),
            }
        }),
    }
}

fn first<R>(
    steps: impl Iterator<Item = Result<Step, Error>>,
    mut take: impl FnMut(Step) -> Result<Option<R>, Error>,
) -> Result<Option<R>, Error> {
    for step in steps {
        if let Some(result) = take(step?)? {
            return Ok(Some(result));
        }
    }
    Ok(None)
}

/// Returns what a walker finds up to its limit, or to what is bad.
fn steps(mut walker: Walker) -> impl Iterator<Item = Result<Step, Error>> {
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over || walker.is_at_limit() {
            return None;
        }
        let before = walker.clone();
        let found = walker.next();
        is_over = !matches!(found, Ok(Found::Group(_)));
        Some(found.map(|found| Step {
            before,
            found,
            after: walker.clone(),
        }))
    })
}

/// Groups that wait: each has 8 MiB at most, and usually far less.
const GROUPS_AHEAD: usize = 2;
