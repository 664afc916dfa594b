//! The Nth system call of a kind, of each thread: killed there, failed, or told that nothing was
//! written. `strace` does it, so that nothing in the program knows.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::check::check;
use crate::ledger::Ledger;
use crate::process::{Arena, Worker, root};
use crate::random::Random;
use crate::store;
use crate::suites::Outcome;

/// What happens to which calls.
#[derive(Debug, Clone, Copy)]
struct Sweep {
    calls: &'static str,
    fault: &'static str,
}

const fn sweep(calls: &'static str, fault: &'static str) -> Sweep {
    Sweep { calls, fault }
}

/// Strikes at so many calls drawn by chance; with 0, at each call of each kind there is.
pub(crate) fn run(random: &mut Random, strikes: u64) -> Result<Outcome, String> {
    let mut outcome = Outcome {
        count: 0,
        acks: 0,
        skipped: missing(&[]),
    };
    if outcome.skipped.is_some() {
        return Ok(outcome);
    }
    if strikes == 0 {
        for sweep in SWEEPS {
            let mut nth = 1;
            while strike(sweep, nth, random, &mut outcome.acks)? {
                nth += 1;
            }
            println!(
                "calls: {}:{} at {} calls",
                sweep.calls,
                sweep.fault,
                nth - 1
            );
            outcome.count += nth - 1;
        }
    }
    while outcome.count < strikes {
        let drawn = usize::try_from(random.below(SWEEPS.len() as u64)).unwrap_or(0);
        let nth = 1 + random.below(NTH_MAX);
        if let Some(sweep) = SWEEPS.get(drawn) {
            outcome.count += u64::from(strike(*sweep, nth, random, &mut outcome.acks)?);
        }
    }
    Ok(outcome)
}

/// Runs one history with one fault; tells whether there was an Nth call.
fn strike(sweep: Sweep, nth: u64, random: &mut Random, acks: &mut u64) -> Result<bool, String> {
    let mut arena = Arena::under(&root())?;
    let seed = random.next();
    let struck = history(&arena, sweep, nth, seed, acks);
    let name = format!(
        "{}:{} nth {nth}, worker's seed {seed}",
        sweep.calls, sweep.fault
    );
    struck.map_err(|violation| arena.keep(format!("{name}: {violation}")))
}

fn history(
    arena: &Arena,
    sweep: Sweep,
    nth: u64,
    seed: u64,
    acks: &mut u64,
) -> Result<bool, String> {
    let (dir, log) = (arena.path().join("data"), arena.path().join("strace"));
    let mut ledger = Ledger::default();
    store::prepare(&dir);
    // A life before, so that recovery meets a log, parts and manifests.
    let first = Worker::start(&[], &dir, &ledger, seed, BATCHES)?.wait(&mut ledger)?;
    if !first.words.is_done {
        return Err(format!("it failed without a fault: {first:?}"));
    }
    let wrapper = wrapper(sweep, nth, &log);
    let ended = Worker::start(&wrapper, &dir, &ledger, seed, BATCHES)?.wait(&mut ledger)?;
    *acks += first.words.acks + ended.words.acks;
    if ended.is_crash() {
        return Err(format!("{ended:?}"));
    }
    check(&dir, &ledger)?;
    was_struck(&log)
}

/// Tells from what strace wrote whether it did anything.
fn was_struck(log: &Path) -> Result<bool, String> {
    let text = std::fs::read(log).map_err(|error| format!("strace wrote nothing: {error}"))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.contains("(INJECTED)") || text.contains("killed by SIGKILL"))
}

fn wrapper(sweep: Sweep, nth: u64, log: &Path) -> Vec<String> {
    let words = [
        "strace".to_owned(),
        "-f".to_owned(),
        "-qq".to_owned(),
        "-o".to_owned(),
        log.display().to_string(),
        "-e".to_owned(),
        format!("trace={}", sweep.calls),
        "-e".to_owned(),
        format!("inject={}:{}:when={nth}", sweep.calls, sweep.fault),
    ];
    words.to_vec()
}

/// Returns why strace cannot do what these words ask for, if it cannot.
pub(crate) fn missing(words: &[&str]) -> Option<String> {
    let works = Command::new("strace")
        .args(["-qq", "-e", "trace=none"])
        .args(words)
        .arg("true")
        .stderr(Stdio::null())
        .status();
    let works = works.is_ok_and(|status| status.success());
    (!works).then(|| "strace is not there, may not trace, or is too old".to_owned())
}

/// Most calls of a kind lie below.
const NTH_MAX: u64 = 40;
/// Batches of each writer in a life: enough for flushes, a compaction, new segments.
const BATCHES: u64 = 24;

const WRITES: &str = "pwrite64,pwritev,pwritev2";
const SYNCS: &str = "fdatasync,fsync";
const RENAMES: &str = "rename,renameat,renameat2";
const UNLINKS: &str = "unlink,unlinkat";

const SWEEPS: [Sweep; 20] = [
    sweep(WRITES, "signal=SIGKILL"),
    sweep(SYNCS, "signal=SIGKILL"),
    sweep(RENAMES, "signal=SIGKILL"),
    sweep(UNLINKS, "signal=SIGKILL"),
    sweep("ftruncate", "signal=SIGKILL"),
    sweep("openat", "signal=SIGKILL"),
    sweep(WRITES, "error=EIO"),
    sweep(WRITES, "error=ENOSPC"),
    sweep(WRITES, "retval=0"),
    sweep("fdatasync", "error=EIO"),
    sweep("fsync", "error=EIO"),
    sweep(SYNCS, "error=ENOSPC"),
    sweep(RENAMES, "error=EIO"),
    sweep(RENAMES, "error=ENOSPC"),
    sweep(UNLINKS, "error=EIO"),
    sweep(UNLINKS, "error=ENOSPC"),
    sweep("ftruncate", "error=EIO"),
    sweep("openat", "error=EMFILE"),
    sweep("openat", "error=ENOSPC"),
    sweep("pread64", "error=EIO"),
];
