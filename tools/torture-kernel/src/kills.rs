//! kill -9 at random moments: in recovery, in the first milliseconds, under load.

use crate::check::check;
use crate::ledger::Ledger;
use crate::process::{Arena, Worker, live, root};
use crate::random::Random;
use crate::store;
use crate::suites::Outcome;

/// Kills so often, with a new directory every now and then.
pub(crate) fn run(random: &mut Random, kills: u64) -> Result<Outcome, String> {
    let (mut done, mut acks) = (0, 0);
    while done < kills {
        let mut arena = Arena::under(&root())?;
        let lives = (1 + random.below(LIVES_MAX)).min(kills - done);
        acks += history(&arena, random, lives).map_err(|violation| arena.keep(violation))?;
        done += lives;
    }
    Ok(Outcome {
        count: done,
        acks,
        skipped: None,
    })
}

fn history(arena: &Arena, random: &mut Random, lives: u64) -> Result<u64, String> {
    let mut ledger = Ledger::default();
    let mut acks = 0;
    store::prepare(arena.path());
    for life in 0..lives {
        let mut worker = Worker::start(&[], arena.path(), &ledger, random.next(), 0)?;
        live(&mut worker, random)?;
        let ended = worker.kill(&mut ledger)?;
        acks += ended.words.acks;
        if ended.is_crash() || ended.words.has_failed {
            return Err(format!("life {life}: {ended:?}"));
        }
        check(arena.path(), &ledger).map_err(|violation| format!("life {life}: {violation}"))?;
    }
    Ok(acks)
}

const LIVES_MAX: u64 = 20;
