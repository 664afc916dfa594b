//! Where a password comes from; asked at every connection, since some live minutes only.

use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::{Disk as _, RealDisk};
use tokio_postgres::config::Host;
use tracing::warn;

use super::Target;
use super::pgpass::{Question, look_up};
use crate::Error;

/// A source of passwords of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PasswordSource {
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a shell command prints.
    Command(String),
}

/// Returns the target's configuration with a password, if there is one anywhere.
///
/// In libpq's order: the URL, the environment's `PGPASSWORD`, the password file; the sources of the
/// configuration stand before them all, since somebody wrote them for this instance.
pub(super) async fn with_password(target: &Target) -> Result<tokio_postgres::Config, Error> {
    let mut config = target.config.clone();
    if let Some(source) = &target.password {
        config.password(source.read().await?);
    } else if config.get_password().is_none() {
        let found = match std::env::var_os("PGPASSWORD") {
            Some(password) => Some(password.to_string_lossy().into_owned()),
            None => from_pgpass(target).await,
        };
        if let Some(password) = found {
            config.password(password);
        }
    }
    Ok(config)
}

impl PasswordSource {
    async fn read(&self) -> Result<String, Error> {
        let text = match self {
            Self::File(path) => {
                tokio::fs::read_to_string(path)
                    .await
                    .map_err(|source| Error::Disk {
                        path: path.clone(),
                        source,
                    })?
            }
            Self::Command(line) => run(line).await?,
        };
        let password = text.lines().next().unwrap_or_default();
        if password.is_empty() {
            return Err(self.wrong("its first line is empty".into()));
        }
        Ok(password.to_owned())
    }

    fn wrong(&self, reason: String) -> Error {
        let origin = match self {
            Self::File(path) => path.display().to_string(),
            // The line itself may hold a secret.
            Self::Command(_) => "password_command".into(),
        };
        Error::Password { origin, reason }
    }
}

async fn run(line: &str) -> Result<String, Error> {
    let wrong = |reason| Error::Password {
        origin: "password_command".into(),
        reason,
    };
    let command = tokio::process::Command::new("/bin/sh")
        .args(["-c", line])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(COMMAND_TIMEOUT, command)
        .await
        .map_err(|_| wrong("it did not end within 15 s".into()))?
        .map_err(|error| wrong(error.to_string()))?;
    if !output.status.success() {
        return Err(wrong(output.status.to_string()));
    }
    String::from_utf8(output.stdout).map_err(|_| wrong("it did not print UTF-8".into()))
}

async fn from_pgpass(target: &Target) -> Option<String> {
    let file = target.pgpass_file.clone().or_else(default_file)?;
    if !is_private(&file) {
        warn!(file = %file.display(), "password file ignored: others may read it, use mode 0600");
        return None;
    }
    let text = tokio::fs::read_to_string(&file).await.ok()?;
    let config = &target.config;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(_)) | None => "localhost".into(),
    };
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let port = config.get_ports().first().copied().unwrap_or(5432);
    look_up(
        &text,
        Question {
            host: &host,
            port,
            database,
            user,
        },
    )
}

fn default_file() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("PGPASSFILE") {
        return Some(file.into());
    }
    let file = PathBuf::from(std::env::var_os("HOME")?).join(".pgpass");
    file.is_file().then_some(file)
}

fn is_private(file: &Path) -> bool {
    let mode = RealDisk
        .metadata(file)
        .ok()
        .flatten()
        .and_then(|metadata| metadata.mode);
    mode.is_none_or(|mode| mode & 0o077 == 0)
}

const COMMAND_TIMEOUT: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::PasswordSource;

    #[tokio::test]
    async fn a_command_gives_its_first_line_and_hides_itself_when_it_fails() {
        let source = PasswordSource::Command("printf 'one\\ntwo\\n'".into());
        assert_eq!(source.read().await.unwrap(), "one");
        let failing = PasswordSource::Command("echo geheim; exit 3".into());
        let error = failing.read().await.unwrap_err().to_string();
        assert!(error.contains('3') && !error.contains("geheim"), "{error}");
    }

    #[tokio::test]
    async fn a_file_gives_its_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        platform::durable::write_file(&platform::RealDisk, &path, b"geheim\n").unwrap();
        assert_eq!(
            PasswordSource::File(path.clone()).read().await.unwrap(),
            "geheim"
        );
        platform::durable::write_file(&platform::RealDisk, &path, b"\n").unwrap();
        assert!(PasswordSource::File(path).read().await.is_err());
    }
}
