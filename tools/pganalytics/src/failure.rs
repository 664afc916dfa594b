//! Errors as an operator reads them: one line what is wrong, one what to do; and the exit code.

use std::fmt;
use std::process::ExitCode;

use schema::ErrorKind as Kind;

/// A command that did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    advice: String,
    code: u8,
}

/// The result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure on the way: exit code 1.
    pub(crate) fn new(what: impl fmt::Display, advice: impl Into<String>) -> Self {
        Self {
            what: what.to_string(),
            advice: advice.into(),
            code: 1,
        }
    }

    /// A mistake in the call: exit code 2.
    pub(crate) fn call(what: impl fmt::Display, advice: impl Into<String>) -> Self {
        Self {
            what: what.to_string(),
            advice: advice.into(),
            code: 2,
        }
    }

    /// Damage found in data on disk: exit code 78.
    pub(crate) fn damage(what: impl fmt::Display) -> Self {
        let advice = "keep the directory as it is, restore from a backup into a new one: \
                      pganalytics restore --help";
        Self {
            what: what.to_string(),
            advice: advice.to_owned(),
            code: EXIT_DAMAGE,
        }
    }

    /// A failure of a part of ours, by its kind.
    pub(crate) fn of(error: &dyn std::error::Error, kind: Kind, advice: &str) -> Self {
        let what = server::describe(error);
        match kind {
            Kind::Corrupt => Self::damage(what),
            Kind::Invalid => Self::call(what, advice),
            _ => Self::new(what, advice),
        }
    }

    /// Prints both lines on standard error and returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        eprintln!("error: {}", self.what);
        if !self.advice.is_empty() {
            eprintln!("       {}", self.advice);
        }
        ExitCode::from(self.code)
    }
}

/// Prints what clap says of the call; help and version are no failures.
pub(crate) fn exit_for_call(error: &clap::Error) -> ExitCode {
    if let Err(write) = error.print() {
        eprintln!("error: {write}");
    }
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

impl From<server::Error> for Failure {
    fn from(error: server::Error) -> Self {
        let advice = match error.kind() {
            Kind::Denied | Kind::Unavailable if matches!(error, server::Error::Seal(_)) => {
                "point seal.key, or --key, to the master key that it needs: without it nothing here can be read"
            }
            Kind::Invalid => {
                "correct the configuration; pganalytics config show prints what is in force"
            }
            Kind::Unavailable => "stop the other process, or choose another port or directory",
            _ => "see the log above; pganalytics verify --data DIR checks the data offline",
        };
        Self::of(&error, error.kind(), advice)
    }
}

impl From<server::ConfigError> for Failure {
    fn from(error: server::ConfigError) -> Self {
        Self::call(
            error,
            "pganalytics config show prints every key with what is in force",
        )
    }
}

const EXIT_DAMAGE: u8 = 78;
