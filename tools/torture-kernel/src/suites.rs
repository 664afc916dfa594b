//! The suites by name, what they did, and how that is told.

use std::process::ExitCode;
use std::time::Duration;

use crate::process::now;
use crate::random::Random;
use crate::worker::Orders;
use crate::{calls, kills, liar, limits, mount, points, power, shorts, worker};

/// What a suite did.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How many times it struck.
    pub(crate) count: u64,
    /// Batches that were acknowledged on the way.
    pub(crate) acks: u64,
    /// Why nothing was done, where nothing was.
    pub(crate) skipped: Option<String>,
}

/// A suite: what it counts, how many are a turn of `all`, whether it mounts, and how it runs.
struct Suite {
    name: &'static str,
    what: &'static str,
    turn: u64,
    mounts: bool,
    run: fn(&mut Random, u64) -> Result<Outcome, String>,
}

/// Runs a suite, or is a worker; `None` when the words are neither.
pub(crate) fn run(words: &[String]) -> Option<ExitCode> {
    let (name, rest) = words.split_first()?;
    if name == "worker" {
        return Orders::parse(rest).map(|orders| worker::run(&orders));
    }
    let [seed, count] = rest else {
        return None;
    };
    let (seed, count) = (seed.parse().ok()?, count.parse().ok()?);
    let suite = SUITES.iter().find(|suite| suite.name == name);
    if suite.is_none_or(|suite| suite.mounts)
        && mount::missing().is_none()
        && let Some(code) = mount::in_own_namespace(words)
    {
        return Some(code);
    }
    match suite {
        Some(suite) => Some(suite.report(seed, count)),
        None if name == "all" => Some(all(seed, Duration::from_secs(count))),
        None => None,
    }
}

/// Runs every suite in turn, with another seed each time, until the time is over.
fn all(seed: u64, time: Duration) -> ExitCode {
    let (begun, mut turn) = (now(), seed);
    while begun.elapsed() < time {
        for suite in &SUITES {
            if suite.report(turn, suite.turn) != ExitCode::SUCCESS {
                return ExitCode::FAILURE;
            }
        }
        turn += 1;
    }
    ExitCode::SUCCESS
}

impl Suite {
    /// Runs it and prints what it did.
    fn report(&self, seed: u64, count: u64) -> ExitCode {
        let name = self.name;
        let outcome = match mount::missing().filter(|_| self.mounts) {
            Some(reason) => Ok(Outcome {
                skipped: Some(reason),
                ..Outcome::default()
            }),
            None => (self.run)(&mut Random::new(seed), count),
        };
        match outcome {
            Ok(Outcome {
                skipped: Some(reason),
                ..
            }) => println!("{name}: 0 {}, seed {seed}: {reason}", self.what),
            Ok(Outcome { count, acks, .. }) => {
                let what = self.what;
                println!("{name}: {count} {what}, {acks} batches acked, seed {seed}, 0 violations");
            }
            Err(violation) => {
                println!("{name}: VIOLATION, seed {seed}: {violation}");
                return ExitCode::FAILURE;
            }
        }
        ExitCode::SUCCESS
    }
}

const SUITES: [Suite; 7] = [
    Suite {
        name: "kills",
        what: "kills",
        turn: 50,
        mounts: false,
        run: kills::run,
    },
    Suite {
        name: "calls",
        what: "faults in system calls",
        turn: 50,
        mounts: false,
        run: calls::run,
    },
    Suite {
        name: "points",
        what: "aborts at failpoints",
        turn: 36,
        mounts: false,
        run: points::run,
    },
    Suite {
        name: "limits",
        what: "limits of files",
        turn: 20,
        mounts: false,
        run: limits::run,
    },
    Suite {
        name: "shorts",
        what: "writes cut short",
        turn: 20,
        mounts: false,
        run: shorts::run,
    },
    Suite {
        name: "power",
        what: "power cuts",
        turn: 50,
        mounts: true,
        run: power::run,
    },
    Suite {
        name: "liar",
        what: "lying syncs",
        turn: 5,
        mounts: true,
        run: liar::run,
    },
];
