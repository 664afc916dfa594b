//! A server process on free ports.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Api, program};

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerOptions {
    /// Variables of its environment: `PGANALYTICS_…`.
    pub(crate) environment: Vec<(String, String)>,
    /// Its configuration file.
    pub(crate) config: Option<PathBuf>,
    /// The ports to take, where a restart must come back on the same ones.
    pub(crate) http: Option<String>,
    /// Likewise.
    pub(crate) quic: Option<String>,
}

impl ServerOptions {
    /// Returns these options with a setting more, such as `("BACKUP__URL", "file:///…")`.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.environment
            .push((format!("PGANALYTICS_{key}"), value.into()));
        self
    }
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    data: PathBuf,
    http: String,
    quic: String,
}

impl ServerProcess {
    /// Starts a server and waits until it says that it is ready.
    ///
    /// # Panics
    /// When it ends instead; its own words are on standard error.
    pub(crate) fn start(data: &Path, options: &ServerOptions) -> Self {
        Self::try_start(data, options)
            .unwrap_or_else(|code| panic!("the server ended with {code:?}"))
    }

    /// Starts a server and waits until it is ready, or returns its exit code.
    pub(crate) fn try_start(data: &Path, options: &ServerOptions) -> Result<Self, Option<i32>> {
        let mut command = Command::new(program());
        command.arg("server").arg("--data").arg(data);
        command.args(["--http", options.http.as_deref().unwrap_or("127.0.0.1:0")]);
        command.args(["--quic", options.quic.as_deref().unwrap_or("127.0.0.1:0")]);
        command.args(["--pgwire", "127.0.0.1:0"]);
        if let Some(config) = &options.config {
            command.arg("--config").arg(config);
        }
        command.envs(
            options
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        );
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let output = child.stdout.take().expect("standard output is piped");
        let mut line = String::new();
        let read = BufReader::new(output)
            .read_line(&mut line)
            .expect("standard output is readable");
        if read == 0 {
            return Err(child.wait().expect("the server ended").code());
        }
        let address = |door: &str| {
            let words = line
                .split_whitespace()
                .find_map(|word| word.strip_prefix(door));
            words
                .unwrap_or_else(|| panic!("no {door} in {line:?}"))
                .to_owned()
        };
        Ok(Self {
            data: data.to_owned(),
            http: address("http="),
            quic: address("quic="),
            child,
        })
    }

    /// Kills the process as a crash would and starts it again on the same ports.
    pub(crate) fn crash_and_restart(self, options: &ServerOptions) -> Self {
        let (data, http, quic) = (self.data.clone(), self.http.clone(), self.quic.clone());
        self.kill();
        let options = ServerOptions {
            http: Some(http),
            quic: Some(quic),
            ..options.clone()
        };
        Self::start(&data, &options)
    }

    /// Sends SIGKILL and waits for the end.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the server is running");
        self.child.wait().expect("the server ended");
    }

    /// Sends SIGTERM, waits for the end and returns the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(asked.expect("kill(1) is there").success());
        self.child.wait().expect("the server ended").code()
    }

    /// Returns how much of the process is in memory.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the server is running");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes = kibibytes.and_then(|text| text.parse::<u64>().ok());
        kibibytes.expect("the kernel tells it") << 10
    }

    /// Returns `host:port` of the HTTP door.
    pub(crate) fn http(&self) -> &str {
        &self.http
    }

    /// Returns `host:port` of the collectors' door.
    pub(crate) fn quic(&self) -> &str {
        &self.quic
    }

    /// Returns the administrator's token.
    pub(crate) fn admin_token(&self) -> String {
        let text = std::fs::read_to_string(self.data.join("admin.token"));
        text.expect("the first start makes it").trim().to_owned()
    }

    /// Returns the HTTP door with the administrator's token.
    pub(crate) fn api(&self) -> Api {
        Api::new(format!("http://{}", self.http), self.admin_token())
    }
}

impl Drop for ServerProcess {
    /// Leaves no process behind, whatever the test did.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
