//! The process that is killed: writes numbered batches, flushes, compacts, deletes, changes keys, and
//! says what it knows.
//!
//! ```text
//!   worker --dir D --seed S --batches N --from a,b,c
//!   standard output, a line for each thing:
//!     s writer sequence    is about to be sent
//!     a writer sequence    was acknowledged
//!     u writer sequence    its outcome is unknown
//!     r writer sequence    was refused
//!     S number, A number   the same for a change of the catalogue
//!     M, N mode            the mode of `state` is about to change, and has: 1 where it keeps every row
//!     p                    the store says that it has failed; what is sent behind it is never acked
//!     d                    all batches were sent, and the store was closed
//! ```
//! A pipe outlives the process that writes to it, so that its last words are read after it was killed.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::{CatalogueEdit, Commit, Engine, Environment, Error, RowPredicate, TableChange};
use schema::{Span, TimeRange};
use torture::check::describe;

use crate::load::{AGING, IN_FLIGHT, STATE, WRITERS, batch};
use crate::random::Random;
use crate::store;

/// What a worker is told.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    /// The directory of the store.
    pub(crate) dir: PathBuf,
    /// What chance follows from.
    pub(crate) seed: u64,
    /// Batches of each writer; 0 for as many as it can.
    pub(crate) batches: u64,
    /// The sequence of the last batch of each writer that was acknowledged.
    pub(crate) from: Vec<u64>,
    /// The last change of the catalogue that was acknowledged.
    pub(crate) edits_from: u64,
}

impl Orders {
    /// Returns the words that [`Self::parse`] reads.
    pub(crate) fn words(&self) -> Vec<String> {
        let from: Vec<String> = self.from.iter().map(u64::to_string).collect();
        vec![
            "worker".into(),
            self.dir.display().to_string(),
            self.seed.to_string(),
            self.batches.to_string(),
            from.join(","),
            self.edits_from.to_string(),
        ]
    }

    /// Reads the words behind `worker`.
    pub(crate) fn parse(words: &[String]) -> Option<Self> {
        let [dir, seed, batches, from, edits_from] = words else {
            return None;
        };
        let from = from.split(',').map(|number| number.parse().ok());
        Some(Self {
            dir: dir.into(),
            seed: seed.parse().ok()?,
            batches: batches.parse().ok()?,
            from: from.collect::<Option<_>>()?,
            edits_from: edits_from.parse().ok()?,
        })
    }
}

/// Does what it is told until it is done, or the store fails.
pub(crate) fn run(orders: &Orders) -> ExitCode {
    end_with_parent();
    let opened = store::environment(&orders.dir).and_then(|environment| {
        match store::open(environment.clone()) {
            Ok(engine) => Ok((engine, environment)),
            Err(error) => Err(describe(&error)),
        }
    });
    let (engine, environment) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("open: {error}");
            return ExitCode::from(OPEN_FAILED);
        }
    };
    let (writing, unsent) = (AtomicUsize::new(WRITERS), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for (writer, from) in orders.from.iter().enumerate() {
            let (engine, writing, unsent) = (&engine, &writing, &unsent);
            scope.spawn(move || {
                if !write(engine, orders, writer, *from) {
                    unsent.fetch_add(1, Ordering::SeqCst);
                }
                writing.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let mut house = House {
            engine: &engine,
            environment: &environment,
            random: Random::new(orders.seed),
            edit: orders.edits_from,
            is_lazy: store::is_lazy(),
        };
        while writing.load(Ordering::SeqCst) > 0 && !engine.has_failed() {
            house.keep();
        }
    });
    let failed = engine.has_failed() || unsent.load(Ordering::SeqCst) > 0;
    match engine.close() {
        Ok(()) if !failed => {
            say("d");
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(STORE_FAILED),
    }
}

/// Sends batches, a few at once, and waits for them in their order; tells whether all were taken.
fn write(engine: &Engine, orders: &Orders, writer: usize, from: u64) -> bool {
    let mut under_way: VecDeque<(u64, Commit)> = VecDeque::new();
    let (mut failures, mut waits) = (0, 0);
    let last = match orders.batches {
        0 => u64::MAX,
        batches => from + batches,
    };
    let mut next = from + 1;
    while failures < FAILURES_MAX && (next <= last || !under_way.is_empty()) {
        if next <= last && (under_way.len() as u64) < IN_FLIGHT {
            say(&format!("s {writer} {next}"));
            match engine.commit(batch(writer, next).frame()) {
                Ok(commit) => {
                    under_way.push_back((next, commit));
                    next += 1;
                    continue;
                }
                Err(Error::Overloaded { .. }) => {}
                Err(error) => {
                    failures += 1;
                    failed(engine, "r", writer, next, &error);
                }
            }
        }
        let Some((sequence, commit)) = under_way.pop_front() else {
            waits += 1;
            if waits > WAITS_MAX {
                return false;
            }
            pause();
            continue;
        };
        match commit.wait() {
            Ok(_) => {
                waits = 0;
                say(&format!("a {writer} {sequence}"));
            }
            Err(error) => {
                failures += 1;
                failed(engine, "u", writer, sequence, &error);
            }
        }
    }
    failures == 0
}

fn failed(engine: &Engine, what: &str, writer: usize, sequence: u64, error: &Error) {
    eprintln!("{what} {writer} {sequence}: {}", describe(error));
    say(&format!("{what} {writer} {sequence}"));
    if engine.has_failed() {
        say("p");
    }
}

/// What is done beside writing, at moments that follow from the seed.
struct House<'a> {
    engine: &'a Engine,
    environment: &'a Environment,
    random: Random,
    edit: u64,
    /// Whether nothing is to leave memory.
    is_lazy: bool,
}

impl House<'_> {
    /// Does one thing, or waits.
    fn keep(&mut self) {
        let outcome = match self.random.below(16) {
            0 | 1 if !self.is_lazy => self.engine.flush(),
            2 | 3 if !self.is_lazy => self.engine.compact(),
            4 | 5 => self.change(),
            6 => self.age(),
            8..=10 => self.change_mode(),
            7 => store::change_master_key(self.environment),
            _ => {
                pause();
                Ok(())
            }
        };
        if let Err(error) = outcome {
            eprintln!("housekeeping: {}", describe(&error));
            pause();
        }
    }

    fn change(&mut self) -> Result<(), Error> {
        self.edit += 1;
        let number = self.edit;
        say(&format!("S {number}"));
        let edit = CatalogueEdit::PutSetting {
            name: SETTING.into(),
            value: Some(number.to_string()),
        };
        self.engine.edit(edit)?.wait()?;
        say(&format!("A {number}"));
        Ok(())
    }

    /// Lets `state` keep every row from now on, or only the latest.
    fn change_mode(&mut self) -> Result<(), Error> {
        let append_only = self.random.below(2) == 1;
        say("M");
        let change = TableChange {
            retention: None,
            append_only: Some(append_only),
        };
        self.engine.set_table(STATE, change)?.wait()?;
        say(&format!("N {}", u8::from(append_only)));
        Ok(())
    }

    /// Deletes what ages, or gives it a retention that all of it is past, or takes that back.
    fn age(&mut self) -> Result<(), Error> {
        let retention = match self.random.below(3) {
            0 => {
                let all = RowPredicate {
                    time: TimeRange::ALL,
                    tags: BTreeMap::new(),
                };
                self.engine.delete_rows(AGING, all)?.wait()?;
                return Ok(());
            }
            1 => Some(Span::from_secs(3_600)),
            _ => None,
        };
        let change = TableChange {
            retention: Some(retention),
            append_only: None,
        };
        self.engine.set_table(AGING, change)?.wait()?;
        Ok(())
    }
}

/// Writes a line at once; a parent that is gone reads no more, and then nothing is left to do.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let written = out
        .write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush());
    if written.is_err() {
        std::process::exit(1);
    }
}

/// Ends the process when its parent does: standard input is a pipe that nobody writes to.
fn end_with_parent() {
    std::thread::spawn(|| {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        std::process::exit(1);
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "a whole process on the real clock"
)]
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(2));
}

/// The setting that counts the changes of the catalogue.
pub(crate) const SETTING: &str = "torture";
/// Exit codes of a worker.
pub(crate) const OPEN_FAILED: u8 = 3;
pub(crate) const STORE_FAILED: u8 = 4;
const FAILURES_MAX: u32 = 6;
/// A store that takes nothing for two seconds has no room and gets none.
const WAITS_MAX: u32 = 1_000;
