//! Versions of servers and of the extension `pg_stat_statements`, and what was called what when.

use std::fmt;

/// A version as a number that compares: 15 for PostgreSQL 15, 110 for the extension's 1.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32);

impl Version {
    /// Before every version.
    pub(crate) const FIRST: Self = Self(0);
    /// After every version.
    pub(crate) const NEVER: Self = Self(u32::MAX);

    /// Reads `server_version_num`: 150018 is 15.
    pub(crate) fn of_server(number: &str) -> Option<Self> {
        number.trim().parse::<u32>().ok().map(|n| Self(n / 10_000))
    }

    /// Reads an extension's version: 1.10 is 110.
    pub(crate) fn of_extension(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
        (minor < 100).then_some(Self(major * 100 + minor))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            extension @ 100.. => write!(f, "{}.{}", extension / 100, extension % 100),
            server => write!(f, "{server}"),
        }
    }
}

/// How something is written in SQL, from one version until before another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// The first version.
    pub(crate) since: Version,
    /// The first version that no longer has it.
    pub(crate) before: Version,
    /// The expression.
    pub(crate) sql: &'static str,
}

impl Form {
    /// In every version.
    pub(crate) const fn always(sql: &'static str) -> Self {
        Self {
            since: Version::FIRST,
            before: Version::NEVER,
            sql,
        }
    }

    /// From this version on.
    pub(crate) const fn since(version: u32, sql: &'static str) -> Self {
        Self {
            since: Version(version),
            before: Version::NEVER,
            sql,
        }
    }

    /// Until before this version.
    pub(crate) const fn before(version: u32, sql: &'static str) -> Self {
        Self {
            since: Version::FIRST,
            before: Version(version),
            sql,
        }
    }

    fn holds_in(&self, version: Version) -> bool {
        self.since <= version && version < self.before
    }
}

/// Returns the expression of a version, if it has one.
pub(crate) fn in_version(forms: &[Form], version: Version) -> Option<&'static str> {
    forms
        .iter()
        .find(|form| form.holds_in(version))
        .map(|form| form.sql)
}

#[cfg(test)]
mod tests {
    use super::{Form, Version, in_version};

    #[test]
    fn versions_are_read_and_compare_as_numbers_not_as_texts() {
        assert_eq!(Version::of_server("150018"), Some(Version(15)));
        assert!(Version::of_extension("1.9") < Version::of_extension("1.10"));
        assert_eq!(
            Version::of_extension("1.10").map(|v| v.to_string()),
            Some("1.10".into())
        );
        assert_eq!(Version::of_extension("unpackaged"), None);
        assert_eq!(Version::of_server("devel"), None);
    }

    #[test]
    fn a_form_holds_from_its_first_version_until_before_its_last() {
        let forms = [Form::before(17, "old"), Form::since(17, "new")];
        assert_eq!(in_version(&forms, Version(16)), Some("old"));
        assert_eq!(in_version(&forms, Version(17)), Some("new"));
        assert_eq!(in_version(&[Form::before(18, "x")], Version(18)), None);
        assert_eq!(in_version(&[Form::always("x")], Version(13)), Some("x"));
    }
}
