//! Real short writes: a limit on the length of files, met in the middle of a write.
//!
//! With SIGXFSZ ignored the kernel writes as far as the limit goes and says how far; the next write
//! fails with EFBIG.

use crate::check::check;
use crate::ledger::Ledger;
use crate::process::{Arena, Worker, root};
use crate::random::Random;
use crate::store;
use crate::suites::Outcome;

/// Runs histories under limits from 1 KiB on, each 1 KiB higher than the one before.
pub(crate) fn run(random: &mut Random, count: u64) -> Result<Outcome, String> {
    let mut acks = 0;
    for step in 0..count {
        let mut arena = Arena::under(&root())?;
        let kilobytes = 1 + step % KILOBYTES_MAX;
        acks += history(&arena, kilobytes, random.next())
            .map_err(|violation| arena.keep(format!("{kilobytes} KiB: {violation}")))?;
    }
    Ok(Outcome {
        count,
        acks,
        skipped: None,
    })
}

fn history(arena: &Arena, kilobytes: u64, seed: u64) -> Result<u64, String> {
    let dir = arena.path();
    let mut ledger = Ledger::default();
    store::prepare(dir);
    let first = Worker::start(&[], dir, &ledger, seed, BATCHES)?.wait(&mut ledger)?;
    let limited = [
        "sh".to_owned(),
        "-c".to_owned(),
        format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kilobytes * 2),
        "limited".to_owned(),
    ];
    let ended = Worker::start(&limited, dir, &ledger, seed, BATCHES)?.wait(&mut ledger)?;
    if ended.is_crash() {
        return Err(format!("{ended:?}"));
    }
    check(dir, &ledger)?;
    Ok(first.words.acks + ended.words.acks)
}

/// Batches of each writer in a life.
const BATCHES: u64 = 16;
/// Longer than a segment, which is the longest file.
const KILOBYTES_MAX: u64 = 140;
