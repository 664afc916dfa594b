//! Every failpoint, by a real abort: the process ends there as `kill -9` would end it.

use std::os::unix::process::ExitStatusExt as _;

use platform::FailPoint;

use crate::check::check;
use crate::ledger::Ledger;
use crate::process::{Arena, Ended, Worker, root};
use crate::random::Random;
use crate::store;
use crate::suites::Outcome;

/// Strikes at so many points drawn by chance; with 0, at each of them three times.
pub(crate) fn run(random: &mut Random, strikes: u64) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    if !cfg!(any(debug_assertions, feature = "failpoints")) {
        outcome.skipped = Some("it was built without failpoints".to_owned());
        return Ok(outcome);
    }
    let every = FailPoint::ALL
        .iter()
        .flat_map(|point| (1..=3).map(move |nth| (*point, nth)));
    let all: Vec<(FailPoint, u64)> = every.collect();
    let drawn = (0..strikes).map(|_| random.below(all.len() as u64));
    let drawn: Vec<usize> = drawn.filter_map(|one| usize::try_from(one).ok()).collect();
    let chosen = drawn.iter().filter_map(|one| all.get(*one));
    let chosen: Vec<_> = if strikes == 0 {
        all.iter().collect()
    } else {
        chosen.collect()
    };
    for (point, nth) in chosen {
        strike(*point, *nth, random, &mut outcome.acks)?;
        outcome.count += 1;
    }
    Ok(outcome)
}

/// Lets stores live until a point is reached so often in one life.
fn strike(point: FailPoint, nth: u64, random: &mut Random, acks: &mut u64) -> Result<(), String> {
    for attempt in 0..ATTEMPTS {
        // A start passes some points once; those are struck three times in three lives.
        let nth = if attempt < ATTEMPTS / 2 { nth } else { 1 };
        let mut arena = Arena::under(&root())?;
        let seed = random.next();
        let struck = history(&arena, point, nth, seed, acks);
        let name = format!("{}:{nth}, worker's seed {seed}", point.name());
        if struck.map_err(|violation| arena.keep(format!("{name}: {violation}")))? {
            return Ok(());
        }
    }
    Err(format!("{} is out of reach", point.name()))
}

fn history(
    arena: &Arena,
    point: FailPoint,
    nth: u64,
    seed: u64,
    acks: &mut u64,
) -> Result<bool, String> {
    let dir = arena.path();
    let (mut ledger, batches) = (Ledger::default(), batches(point));
    store::prepare(dir);
    let mut live = |variable: Option<String>| -> Result<Ended, String> {
        let wrapper = variable.map_or(Vec::new(), |variable| vec!["env".to_owned(), variable]);
        let ended = Worker::start(&wrapper, dir, &ledger, seed, batches)?.wait(&mut ledger)?;
        *acks += ended.words.acks;
        if ended.is_crash() && !is_aborted(&ended) {
            return Err(format!("{ended:?}"));
        }
        Ok(ended)
    };
    match before(point) {
        Before::Nothing => {}
        Before::Life => _ = live(None)?,
        Before::LazyLife => _ = live(Some(format!("{}=1", store::LAZY)))?,
        Before::Abort(at) => _ = live(Some(armed(at, 1 + seed % 3)))?,
    }
    let ended = live(Some(armed(point, nth)))?;
    check(dir, &ledger)?;
    Ok(is_aborted(&ended))
}

/// What makes a point reachable for the life behind it.
enum Before {
    Nothing,
    /// A log, parts and manifests.
    Life,
    /// A log longer than memory is allowed to be.
    LazyLife,
    /// What an abort there leaves behind.
    Abort(FailPoint),
}

fn before(point: FailPoint) -> Before {
    match point {
        FailPoint::DurableDirMade => Before::Nothing,
        FailPoint::RecoveryFlushed => Before::LazyLife,
        FailPoint::DurableRemoved => Before::Abort(FailPoint::DurableWritten),
        FailPoint::WalLeftoverRemoved => Before::Abort(FailPoint::WalSpareFilled),
        // What nothing vouches for yet.
        FailPoint::WalTailRewritten | FailPoint::WalTailCut => {
            Before::Abort(FailPoint::WalGroupSynced)
        }
        FailPoint::RecoveryOrphanRemoved => Before::Abort(FailPoint::FlushWritten),
        _ => Before::Life,
    }
}

/// Returns how many batches each writer sends in a life: more where a life must do what it does rarely.
fn batches(point: FailPoint) -> u64 {
    match point {
        FailPoint::MasterKeyWritten
        | FailPoint::MasterKeyRenamed
        | FailPoint::KeyringReplaced
        | FailPoint::LatestRenewed
        | FailPoint::RetentionPublished => 400,
        _ => 48,
    }
}

fn armed(point: FailPoint, nth: u64) -> String {
    format!("PGANALYTICS_FAILPOINT={}:{nth}:abort", point.name())
}

fn is_aborted(ended: &Ended) -> bool {
    ended.status.signal() == Some(ABORT)
}

const ATTEMPTS: u64 = 24;
const ABORT: i32 = 6;
