//! Under whose name PostgreSQL runs: ours, or `postgres` where we are root.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::Error;

/// The account that owns the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// The one this process has.
    Own,
    /// The system's `postgres`, since PostgreSQL refuses to run as root.
    Postgres,
}

impl Account {
    /// Returns the account for this process.
    pub(crate) fn current() -> Self {
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        if is_root { Self::Postgres } else { Self::Own }
    }

    /// Returns the words to put in front of a command line.
    pub(crate) fn prefix(self) -> &'static [&'static str] {
        match self {
            Self::Own => &[],
            Self::Postgres => &[
                "setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "--",
            ],
        }
    }

    /// Gives a directory or file to the account.
    pub(crate) fn give(self, path: &Path) -> Result<(), Error> {
        if self == Self::Own {
            return Ok(());
        }
        run(Command::new("chown").arg("-R").arg("postgres:").arg(path)).map(drop)
    }

    /// Returns the command `program` under this account, without our environment's `PG…`.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut words = self.prefix().iter();
        let mut command = match words.next() {
            None => Command::new(program),
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(program);
                command
            }
        };
        // The directory we were started in may not be readable to the other account.
        command.current_dir("/");
        for name in [
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGDATABASE",
            "PGDATA",
            "PGPASSWORD",
        ] {
            command.env_remove(name);
        }
        command
    }
}

/// Runs a command to its end and returns what it wrote to standard output.
pub(crate) fn run(command: &mut Command) -> Result<String, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| Error::Start {
        program: program.clone(),
        source,
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let arguments: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    Err(Error::Program {
        program: format!("{program} {}", arguments.join(" ")),
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
