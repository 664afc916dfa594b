//! The Nth write of a thread, of which the kernel writes only a beginning, and says so.
//!
//! ```text
//!   worker    write N ────── its beginning is written ── write N + 1 ────── the rest is, or EFBIG
//!   strace    holds it back                              holds it back
//!   here           sets a limit within it                     lifts the limit, or does not
//! ```
//! `strace` alone can make a call say that it wrote less, but then nothing was written: a lie. Here it
//! only holds calls back. What cuts the write short is the limit on the length of files, which may be
//! changed from outside; it holds for what lies within a file as well.

mod held;

use std::path::Path;

use crate::calls;
use crate::check::check;
use crate::ledger::Ledger;
use crate::mount;
use crate::process::{Arena, Ended, Worker, root, sleep};
use crate::random::Random;
use crate::store;
use crate::suites::Outcome;

use held::{Call, Held};

/// What becomes of the limit once the write was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Lifted,
    Stays,
}

/// Cuts so many writes short.
pub(crate) fn run(random: &mut Random, count: u64) -> Result<Outcome, String> {
    let mut outcome = Outcome {
        count: 0,
        acks: 0,
        skipped: missing(),
    };
    if outcome.skipped.is_some() {
        return Ok(outcome);
    }
    let mut in_vain = 0;
    while outcome.count < count {
        let mut arena = Arena::under(&root())?;
        let call = Call {
            name: match random.below(2) {
                0 => "pwrite64",
                _ => "pwritev",
            },
            nth: 1 + random.below(NTH_MAX),
        };
        let seed = random.next();
        let limit = match random.below(4) {
            0 => Limit::Stays,
            _ => Limit::Lifted,
        };
        let cut = history(&arena, call, limit, seed, &mut outcome.acks);
        let name = format!(
            "{} {}, {limit:?}, worker's seed {seed}",
            call.name, call.nth
        );
        let cut = cut.map_err(|violation| arena.keep(format!("{name}: {violation}")))?;
        outcome.count += u64::from(cut);
        in_vain = if cut { 0 } else { in_vain + 1 };
        if in_vain == IN_VAIN_MAX {
            return Err(format!(
                "{in_vain} histories, and none in which a write was cut short"
            ));
        }
    }
    Ok(outcome)
}

/// Runs one history; tells whether a write was cut short.
fn history(
    arena: &Arena,
    call: Call,
    limit: Limit,
    seed: u64,
    acks: &mut u64,
) -> Result<bool, String> {
    let (dir, log) = (arena.path().join("data"), arena.path().join("strace"));
    let mut ledger = Ledger::default();
    store::prepare(&dir);
    let first = Worker::start(&[], &dir, &ledger, seed, BATCHES)?.wait(&mut ledger)?;
    let wrapper = call.wrapper(&log);
    let mut worker = Worker::start(&wrapper, &dir, &ledger, seed, BATCHES)?;
    let held = cut(&mut worker, &log, call, limit, seed)?;
    let ended = worker.wait(&mut ledger)?;
    *acks += first.words.acks + ended.words.acks;
    let text = held::read(&log)?;
    if ended.is_crash() {
        return Err(format!("{ended:?}"));
    }
    check(&dir, &ledger)?;
    let was_cut = held.is_some_and(|held| held.was_cut(&text));
    if was_cut && limit == Limit::Lifted {
        check_end(&ended, &text)?;
    }
    Ok(was_cut)
}

/// Waits for the Nth write of a thread, limits it, and lifts the limit before the thread's next one.
fn cut(
    worker: &mut Worker,
    log: &Path,
    call: Call,
    limit: Limit,
    seed: u64,
) -> Result<Option<Held>, String> {
    let Some(held) = wait_for(worker, log, |text| Held::find(text, call))? else {
        return Ok(None);
    };
    set_limit(&held, &held.within(seed).to_string())?;
    if limit == Limit::Lifted {
        wait_for(worker, log, |text| held.has_next(text).then_some(()))?;
        set_limit(&held, "unlimited")?;
    }
    Ok(Some(held))
}

/// Reads what strace writes until there is what is looked for, or the worker has ended.
fn wait_for<T>(
    worker: &mut Worker,
    log: &Path,
    look: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    while worker.is_running()? {
        let found = look(&held::read(log)?);
        if found.is_some() {
            return Ok(found);
        }
        sleep(std::time::Duration::from_millis(1));
    }
    Ok(None)
}

/// Sets the limit of the worker's files; one that has ended meanwhile has none.
fn set_limit(held: &Held, bytes: &str) -> Result<(), String> {
    let words = ["--pid", held.thread(), &format!("--fsize={bytes}:")];
    let has_ended = || !Path::new("/proc").join(held.thread()).exists();
    mount::run("prlimit", &words).or_else(|error| if has_ended() { Ok(()) } else { Err(error) })
}

/// W-3: a write that is cut short and then goes on is no fault. Others that met the limit meanwhile are.
fn check_end(ended: &Ended, text: &str) -> Result<(), String> {
    if ended.words.is_done || text.contains("EFBIG") {
        return Ok(());
    }
    Err(format!(
        "the rest of a write was taken, and it ended: {ended:?}"
    ))
}

/// Returns what is missing on this machine, if something is.
fn missing() -> Option<String> {
    let first = Call {
        name: "pwrite64",
        nth: 1,
    };
    let without_prlimit = || mount::run("prlimit", &["--version"]).err();
    calls::missing(&["-e", &first.inject()]).or_else(without_prlimit)
}

/// Many draw a write that no thread comes to, or that is over before the limit is set.
const IN_VAIN_MAX: u64 = 200;
/// Most threads have fewer.
const NTH_MAX: u64 = 30;
/// Batches of each writer in a life.
const BATCHES: u64 = 24;
