//! Workers as processes: started, waited for with a limit, and never left behind.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::ledger::{Ledger, Words};
use crate::mount::run;
use crate::random::Random;
use crate::worker::Orders;

/// A worker that runs; killed when dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What was read of its output so far.
    heard: String,
}

/// How a worker ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code or signal.
    pub(crate) status: ExitStatus,
    /// What it said, beside what the ledger keeps.
    pub(crate) words: Words,
}

impl Worker {
    /// Starts a worker that goes on where the ledger ends; `wrapper` is put before its command.
    ///
    /// # Errors
    /// The system's, in words.
    pub(crate) fn start(
        wrapper: &[String],
        dir: &Path,
        ledger: &Ledger,
        seed: u64,
        batches: u64,
    ) -> Result<Self, String> {
        let orders = Orders {
            dir: dir.to_owned(),
            seed,
            batches,
            from: ledger.from(),
            edits_from: ledger.edit_acked,
        };
        let program = program()?.display().to_string();
        let words: Vec<String> = [wrapper.to_vec(), vec![program], orders.words()].concat();
        let (first, rest) = words.split_first().ok_or("nothing to start")?;
        let mut command = Command::new(first);
        // What a worker has to say about a failure is of use only to whoever looks for one.
        let noise = match std::env::var_os("TORTURE_NOISE") {
            Some(_) => Stdio::inherit(),
            None => Stdio::null(),
        };
        let command = command
            .args(rest)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let child = command.stderr(noise).spawn();
        let mut child = child.map_err(|error| format!("{first}: {error}"))?;
        let output = child.stdout.take().ok_or("standard output is piped")?;
        Ok(Self {
            child,
            output: BufReader::new(output),
            heard: String::new(),
        })
    }

    /// Waits until it has said so many lines more, or has ended.
    ///
    /// # Errors
    /// The system's, in words.
    pub(crate) fn listen(&mut self, lines: u64) -> Result<(), String> {
        for _ in 0..lines {
            let read = self.output.read_line(&mut self.heard);
            if read.map_err(|error| error.to_string())? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Sends SIGSTOP and waits until every thread has stopped: until then a call that it is in goes
    /// on.
    ///
    /// # Errors
    /// What kill(1) says; a thread that does not stop.
    pub(crate) fn stop(&self) -> Result<(), String> {
        self.signal("STOP")?;
        let tasks = format!("/proc/{}/task", self.child.id());
        for _ in 0..1_000 {
            let tasks = std::fs::read_dir(&tasks).map_err(|error| error.to_string())?;
            let states = tasks.flatten().map(|task| {
                let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
                // The state stands behind the name, which is in brackets.
                stat.rsplit_once(") ")
                    .is_some_and(|(_, rest)| rest.starts_with('T'))
            });
            if states.into_iter().all(|is_stopped| is_stopped) {
                return Ok(());
            }
            sleep(Duration::from_millis(1));
        }
        Err("a thread does not stop".into())
    }

    /// Tells whether it has not ended yet.
    ///
    /// # Errors
    /// The system's, in words.
    pub(crate) fn is_running(&mut self) -> Result<bool, String> {
        let ended = self.child.try_wait().map_err(|error| error.to_string())?;
        Ok(ended.is_none())
    }

    /// Sends a signal, by its name.
    ///
    /// # Errors
    /// What kill(1) says.
    pub(crate) fn signal(&self, name: &str) -> Result<(), String> {
        run("kill", &[&format!("-{name}"), &self.child.id().to_string()])
    }

    /// Sends SIGKILL and hears what was said before.
    ///
    /// # Errors
    /// Those of [`Ledger::hear`].
    pub(crate) fn kill(mut self, ledger: &mut Ledger) -> Result<Ended, String> {
        self.child.kill().map_err(|error| error.to_string())?;
        self.finish(ledger)
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// Those of [`Ledger::hear`]; a worker that hangs.
    pub(crate) fn wait(mut self, ledger: &mut Ledger) -> Result<Ended, String> {
        let until = now() + PATIENCE;
        while self
            .child
            .try_wait()
            .map_err(|error| error.to_string())?
            .is_none()
        {
            if now() > until {
                self.kill(ledger)?;
                return Err(format!("a worker hangs: nothing for {PATIENCE:?}"));
            }
            sleep(Duration::from_millis(1));
        }
        self.finish(ledger)
    }

    fn finish(&mut self, ledger: &mut Ledger) -> Result<Ended, String> {
        let status = self.child.wait().map_err(|error| error.to_string())?;
        let read = self.output.read_to_string(&mut self.heard);
        read.map_err(|error| error.to_string())?;
        let words = ledger.hear(&self.heard)?;
        Ok(Ended { status, words })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Ended {
    /// Tells whether it ended by a panic or another abnormal end of its own; a kill from outside and
    /// an exit code are none.
    pub(crate) fn is_crash(&self) -> bool {
        use std::os::unix::process::ExitStatusExt as _;
        self.status.code() == Some(PANIC)
            || self.status.signal().is_some_and(|signal| signal != KILL)
    }
}

/// Lets a worker live until a random moment: one life in four ends while it begins or recovers, the
/// others behind a random number of its lines.
///
/// # Errors
/// As [`Worker::listen`].
pub(crate) fn live(worker: &mut Worker, random: &mut Random) -> Result<(), String> {
    if random.below(4) == 0 {
        sleep(Duration::from_micros(random.below(20_000)));
        return Ok(());
    }
    worker.listen(1 + random.below(150))?;
    sleep(Duration::from_micros(random.below(2_000)));
    Ok(())
}

/// A directory for one history; kept when a violation was found in it.
#[derive(Debug)]
pub(crate) struct Arena {
    dir: Option<tempfile::TempDir>,
}

impl Arena {
    /// Makes a directory under `root`.
    ///
    /// # Errors
    /// The system's, in words.
    pub(crate) fn under(root: &Path) -> Result<Self, String> {
        let dir = tempfile::Builder::new().prefix("torture-").tempdir_in(root);
        let dir = dir.map_err(|error| error.to_string())?;
        Ok(Self { dir: Some(dir) })
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &Path {
        self.dir
            .as_ref()
            .map_or(Path::new("/nonexistent"), |dir| dir.path())
    }

    /// Adds where to look to a violation, and keeps the directory.
    pub(crate) fn keep(&mut self, violation: String) -> String {
        match self.dir.take() {
            Some(dir) => format!("{violation} (kept in {})", dir.keep().display()),
            None => violation,
        }
    }
}

/// Where suites that need no disk of their own work: in memory, so that syncs cost little.
pub(crate) fn root() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

fn program() -> Result<PathBuf, String> {
    std::env::current_exe().map_err(|error| error.to_string())
}

#[expect(
    clippy::disallowed_methods,
    reason = "whole processes on the real clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "whole processes on the real clock"
)]
pub(crate) fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}

const PATIENCE: Duration = Duration::from_secs(60);
const PANIC: i32 = 101;
const KILL: i32 = 9;
