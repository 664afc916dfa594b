//! A server process: from `ready` on its standard output to SIGKILL.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use platform::{Clock, RealClock, RealDisk, durable};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{Http, Program, Usage};
use crate::failure::{Failure, Outcome};

/// A server that serves.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    http: String,
    quic: String,
    ready_after: Duration,
}

/// The number of a server's process, to look at it from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerId(pub(crate) u32);

impl Server {
    /// Starts the program on free ports over a data directory and waits until it serves.
    ///
    /// Its standard error is appended to the file beside the data directory that ends in `.log`.
    ///
    /// # Errors
    /// When it ends, or is not ready within ten minutes; the end of its log is in the message.
    pub(crate) async fn start(program: &Program, data: &Path) -> Outcome<Self> {
        let log = log_path(data);
        let started = RealClock.monotonic();
        let mut child = spawn(program, data, &log)?;
        let output = child.stdout.take();
        let output = output.ok_or_else(|| Failure::new("no standard output", "run it again"))?;
        let mut lines = BufReader::new(output).lines();
        let line = match timeout(READY_WITHIN, lines.next_line()).await {
            Ok(Ok(Some(line))) => line,
            Ok(_) => return Err(not_ready("the server ended before it was ready", &log)),
            Err(_) => {
                return Err(not_ready(
                    "the server was not ready within ten minutes",
                    &log,
                ));
            }
        };
        let ready_after = RealClock.monotonic().since(started);
        let doors = address(&line, "http=").zip(address(&line, "quic="));
        let (http, quic) = doors.ok_or_else(|| {
            let what = format!("the server said {line:?} instead of ready http=… quic=…");
            Failure::new(what, "build both programs from one source")
        })?;
        Ok(Self {
            child,
            data: data.to_owned(),
            http,
            quic,
            ready_after,
        })
    }

    /// Returns how long it took from the start of the process until it said that it serves.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Returns the data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Returns `host:port` of the collectors' door.
    pub(crate) fn quic(&self) -> &str {
        &self.quic
    }

    /// Returns the administrator's token.
    ///
    /// # Errors
    /// When the server has not written it.
    pub(crate) fn token(&self) -> Outcome<String> {
        let path = self.data.join("admin.token");
        let bytes = durable::read_file(&RealDisk, &path);
        let bytes = bytes.map_err(|source| Failure::io(path.display(), &source))?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Returns a client of the HTTP door.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub(crate) fn http(&self) -> Outcome<Http> {
        Http::new(format!("http://{}", self.http), self.token()?)
    }

    /// Returns what the process has used so far.
    ///
    /// # Errors
    /// When it does not run any more; the end of its log is in the message.
    pub(crate) fn usage(&self) -> Outcome<Usage> {
        let id = self.id()?;
        Usage::of(id.0).map_err(|_| self.ended())
    }

    /// Returns the number of the process.
    ///
    /// # Errors
    /// When it does not run any more; the end of its log is in the message.
    pub(crate) fn id(&self) -> Outcome<ServerId> {
        let id = self.child.id().ok_or_else(|| self.ended());
        id.map(ServerId)
    }

    fn ended(&self) -> Failure {
        not_ready("the server ended by itself", &log_path(&self.data))
    }

    /// Kills the process with SIGKILL and waits for its end.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub(crate) async fn kill(mut self) -> Outcome {
        let killed = self.child.kill().await;
        killed.map_err(|error| Failure::new(error, "end the server by hand"))
    }
}

fn spawn(program: &Program, data: &Path, log: &Path) -> Outcome<Child> {
    let log_file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(|source| Failure::io(log.display(), &source))?;
    let mut command = Command::new(program.path());
    command.arg("server").arg("--data").arg(data);
    command.envs(program.variables());
    for door in ["--http", "--quic", "--pgwire"] {
        command.args([door, "127.0.0.1:0"]);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log_file)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| Failure::io(program.path().display(), &source))
}

/// Returns the address of a door in the line `ready http=… quic=… pgwire=…`.
fn address(line: &str, door: &str) -> Option<String> {
    let mut words = line.strip_prefix("ready ")?.split_ascii_whitespace();
    words
        .find_map(|word| word.strip_prefix(door))
        .map(str::to_owned)
}

fn log_path(data: &Path) -> PathBuf {
    data.with_extension("log")
}

fn not_ready(what: &str, log: &Path) -> Failure {
    let text = std::fs::read_to_string(log)
        .unwrap_or_else(|error| format!("(it cannot be read: {error})"));
    let mut tail: Vec<&str> = text.lines().rev().take(LOG_LINES).collect();
    tail.reverse();
    let advice = format!("its log, {}, ends:\n{}", log.display(), tail.join("\n"));
    Failure::new(what, advice)
}

const READY_WITHIN: Duration = Duration::from_secs(600);
const LOG_LINES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_are_read_from_the_ready_line() {
        let line = "ready http=127.0.0.1:8080 quic=127.0.0.1:7443 pgwire=127.0.0.1:5439";
        assert_eq!(address(line, "quic=").as_deref(), Some("127.0.0.1:7443"));
        assert_eq!(address(line, "ftp="), None);
        assert_eq!(address("starting http=127.0.0.1:1", "http="), None);
    }

    #[tokio::test]
    async fn a_server_that_ends_at_once_is_told_with_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::find(Some(Path::new("/bin/false"))).unwrap();
        let failure = Server::start(&program, &dir.path().join("data"))
            .await
            .unwrap_err();
        assert!(
            failure.to_string().contains("ended before it was ready"),
            "{failure}"
        );
        assert!(failure.to_string().contains("data.log"), "{failure}");
    }
}
