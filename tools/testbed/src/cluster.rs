//! One running cluster.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::account::{Account, run};
use crate::guard::Guard;
use crate::{Error, Installation, Options};

/// A PostgreSQL server of our own; dropping it stops the server and removes its files.
#[derive(Debug)]
pub struct Cluster {
    installation: Installation,
    account: Account,
    dir: PathBuf,
    port: u16,
    /// Of the superuser, who may run programs: other users of the machine must not be it.
    password: String,
    _guard: Guard,
}

/// How a server is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Orderly: statistics are written and survive.
    Fast,
    /// As in a crash: statistics are lost.
    Immediate,
}

impl Cluster {
    /// Initialises and starts a cluster and waits until it answers. Takes one to two seconds.
    ///
    /// # Errors
    /// [`Error::Missing`] without server binaries, others with what the failing program wrote.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let installation = Installation::find(options.major_version)?;
        let account = Account::current();
        let dir = tempfile::Builder::new()
            .prefix("pganalytics-testbed-")
            .tempdir()?
            .keep();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755))?;
        let guard = Guard::start(
            &installation.bin.join("pg_ctl"),
            &dir.join("data"),
            &dir,
            &account.prefix().join(" "),
        )?;
        let mut cluster = Self {
            installation,
            account,
            dir,
            port: 0,
            password: password()?,
            _guard: guard,
        };
        account.give(&cluster.dir)?;
        cluster.initialise(options)?;
        cluster.listen(options)?;
        Ok(cluster)
    }

    /// Returns the URL over TCP, for the superuser `postgres`, with the password.
    pub fn url(&self) -> String {
        let (password, port) = (&self.password, self.port);
        format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres")
    }

    /// Returns the URL over the Unix socket.
    pub fn socket_url(&self) -> String {
        let dir = self.dir.display().to_string().replace('/', "%2F");
        let (password, port) = (&self.password, self.port);
        format!("postgres://postgres:{password}@{dir}:{port}/postgres")
    }

    /// Returns the port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the major version.
    pub fn major_version(&self) -> u32 {
        self.installation.major_version
    }

    /// Returns the directory of the server's binaries (`pgbench` among them).
    pub fn bin(&self) -> &Path {
        &self.installation.bin
    }

    /// Runs statements through `psql` and returns what they print, unaligned, without headers.
    ///
    /// # Errors
    /// [`Error::Program`] with PostgreSQL's message.
    pub fn sql(&self, statements: &str) -> Result<String, Error> {
        let psql = self.installation.bin.join("psql");
        // Some packages carry the server alone; any client speaks to any server.
        let psql = if psql.is_file() {
            psql
        } else {
            PathBuf::from("psql")
        };
        let mut command = self.account.command(&psql);
        // Not in the URL: everybody sees the words of a command.
        command.env("PGPASSWORD", &self.password);
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &url]);
        command.args(["-c", statements]);
        run(&mut command).map(|output| output.trim_end().to_owned())
    }

    /// Stops the server and starts it again under the same port.
    ///
    /// # Errors
    /// [`Error::Program`] with the server's log.
    pub fn restart(&self, shutdown: Shutdown) -> Result<(), Error> {
        self.stop(shutdown)?;
        self.resume()
    }

    /// Stops the server and leaves its files.
    ///
    /// # Errors
    /// [`Error::Program`] when it does not stop.
    pub fn stop(&self, shutdown: Shutdown) -> Result<(), Error> {
        let mode = match shutdown {
            Shutdown::Fast => "fast",
            Shutdown::Immediate => "immediate",
        };
        self.pg_ctl(&["-m", mode, "stop"])
    }

    /// Starts a server that was stopped.
    ///
    /// # Errors
    /// [`Error::Program`] with the server's log.
    pub fn resume(&self) -> Result<(), Error> {
        let log = self.dir.join("log");
        self.pg_ctl(&["-l", &log.display().to_string(), "start"])
            .map_err(|error| match error {
                Error::Program { program, output } => Error::Program {
                    program,
                    output: output + &std::fs::read_to_string(&log).unwrap_or_default(),
                },
                other => other,
            })
    }

    fn initialise(&self, options: &Options) -> Result<(), Error> {
        let password_file = self.dir.join("password");
        self.write(&password_file, &self.password)?;
        let mut initdb = self.account.command(&self.installation.bin.join("initdb"));
        initdb.args(["-U", "postgres", "-A", "scram-sha-256", "--no-sync"]);
        initdb.args(["-E", "UTF8", "--locale=C"]);
        initdb.arg("--pwfile").arg(&password_file);
        run(initdb.arg("-D").arg(self.data()))?;
        std::fs::remove_file(&password_file)?;
        if let Some(tls) = &options.tls {
            self.write(&self.data().join("server.crt"), &tls.certificate)?;
            self.write(&self.data().join("server.key"), &tls.key)?;
        }
        let path = self.data().join("pg_hba.conf");
        let rules = std::fs::read_to_string(&path)?;
        self.write(&path, &(options.host_rules.join("\n") + "\n" + &rules))
    }

    /// Starts the server on a free port, and on another one should somebody take it in between.
    fn listen(&mut self, options: &Options) -> Result<(), Error> {
        let mut outcome = Ok(());
        for _ in 0..PORT_ATTEMPTS {
            self.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let socket_dir = self.dir.display().to_string();
            self.write(
                &self.data().join("postgresql.auto.conf"),
                &options.configuration(self.port, &socket_dir),
            )?;
            outcome = self.resume();
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<(), Error> {
        let mut command = self.account.command(&self.installation.bin.join("pg_ctl"));
        command
            .args(["-s", "-w", "-t", "60", "-D"])
            .arg(self.data())
            .args(arguments);
        // The server inherits standard output; a pipe would keep us waiting for its end.
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let program = "pg_ctl".to_owned();
        let status = command.status().map_err(|source| Error::Start {
            program: program.clone(),
            source,
        })?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Program {
            program: format!("{program} {}", arguments.join(" ")),
            output: String::new(),
        })
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), Error> {
        // Nobody else reads it, not even while it is written; PostgreSQL demands it of a key.
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(path)?.write_all(text.as_bytes())?;
        self.account.give(path)
    }
}

/// Returns a password that nobody guesses.
#[expect(
    clippy::disallowed_methods,
    reason = "a device, not a file of the store"
)]
fn password() -> Result<String, Error> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

const PORT_ATTEMPTS: u32 = 3;
