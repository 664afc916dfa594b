//! Finding PostgreSQL's server binaries.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// A directory with `initdb`, `postgres`, `pg_ctl` and `psql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The major version: 15.
    pub major_version: u32,
    /// The directory.
    pub bin: PathBuf,
}

impl Installation {
    /// Returns every installation of this machine, the newest first.
    ///
    /// Looks into `$PGANALYTICS_POSTGRES_BIN`, or else `/usr/lib/postgresql/*/bin` and `PATH`.
    pub fn all() -> Vec<Self> {
        let mut found: Vec<Self> = candidates()
            .iter()
            .filter_map(|bin| Self::at(bin))
            .collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.major_version));
        found
    }

    /// Returns the installation of this major version, or the newest.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none.
    pub fn find(major_version: Option<u32>) -> Result<Self, Error> {
        // What the set-up script fetched for tests is taken only where its version is asked for.
        let fetched = major_version
            .into_iter()
            .flat_map(fetched)
            .filter_map(|bin| Self::at(&bin));
        Self::all()
            .into_iter()
            .chain(fetched)
            .find(|one| major_version.is_none_or(|wanted| wanted == one.major_version))
            .ok_or(Error::Missing)
    }

    fn at(bin: &Path) -> Option<Self> {
        if !bin.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(bin.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some(Self {
            major_version: major_version(&text)?,
            bin: bin.to_owned(),
        })
    }
}

/// Reads the 15 of `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major_version(text: &str) -> Option<u32> {
    let after = text.split("(PostgreSQL) ").nth(1)?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Returns where `scripts/setup.sh test` puts a version: a directory that every account can read.
fn fetched(major_version: u32) -> Vec<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let roots = [Some(PathBuf::from("/var/cache")), cache];
    let below = format!("pganalytics/postgresql/{major_version}/bin");
    roots
        .into_iter()
        .flatten()
        .map(|root| root.join(&below))
        .collect()
}

fn candidates() -> Vec<PathBuf> {
    if let Some(bin) = std::env::var_os("PGANALYTICS_POSTGRES_BIN") {
        return vec![bin.into()];
    }
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = debian.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.chain(std::env::split_paths(&path)).collect()
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn versions_are_read_as_postgres_prints_them() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0)"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major_version("command not found"), None);
    }
}
