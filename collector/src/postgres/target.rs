//! A connection URL, read as libpq reads it.

use std::path::PathBuf;

use tokio_postgres::config::Host;

use super::encryption::{Encryption, SslMode};
use super::password::PasswordSource;
use crate::Error;

/// Where and how to connect to one PostgreSQL server.
#[derive(Clone)]
pub struct Target {
    pub(super) config: tokio_postgres::Config,
    pub(super) encryption: Encryption,
    pub(super) password: Option<PasswordSource>,
    pub(super) pgpass_file: Option<PathBuf>,
}

impl Target {
    /// Reads a URL (`postgres://user@host:port/database?sslmode=verify-full&sslrootcert=…`).
    ///
    /// `sslmode` is one of `disable`, `allow`, `prefer` (the default), `require`, `verify-ca`,
    /// `verify-full`; `sslrootcert`, `sslcert`, `sslkey` and `passfile` name files as in libpq, and
    /// `sslrootcert=system` asks for the system's roots.
    ///
    /// # Errors
    /// [`Error::Config`] naming what cannot be read; never with the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, Error> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong("it does not begin with postgres://".into()));
        }
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut encryption = Encryption::default();
        let mut pgpass_file = None;
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = unescape(value);
            match name {
                "sslmode" => encryption.mode = value.parse::<SslMode>()?,
                "sslrootcert" => encryption.root_file = Some(value.into()),
                "sslcert" => encryption.certificate_file = Some(value.into()),
                "sslkey" => encryption.key_file = Some(value.into()),
                "passfile" => pgpass_file = Some(value.into()),
                // The driver has no GSSAPI; libpq too goes on without it unless it is required.
                "gssencmode" if value != "require" => {}
                _ => rest.push(pair),
            }
        }
        let url = match rest.as_slice() {
            [] => address.to_owned(),
            rest => format!("{address}?{}", rest.join("&")),
        };
        // The driver's message quotes no values.
        let mut config: tokio_postgres::Config = url
            .parse()
            .map_err(|error: tokio_postgres::Error| wrong(error.to_string()))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.application_name(APPLICATION_NAME);
        Ok(Self {
            config,
            encryption,
            password: None,
            pgpass_file,
        })
    }

    /// Returns this target with a source of passwords, asked at every connection.
    #[must_use]
    pub(crate) fn with_password(mut self, source: Option<PasswordSource>) -> Self {
        self.password = source;
        self
    }

    /// Returns this target under another application name than the collector's.
    #[must_use]
    pub fn with_application_name(mut self, name: &str) -> Self {
        self.config.application_name(name);
        self
    }

    /// Tells whether the server runs on this machine: a Unix socket or a loopback address.
    pub(crate) fn is_local(&self) -> bool {
        self.config.get_hosts().iter().any(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost"
                    || name
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|ip| ip.is_loopback())
            }
        })
    }

    /// Returns host and port for people: never a password.
    pub(crate) fn place(&self) -> String {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => format!("{name}:{port}"),
            Some(Host::Unix(dir)) => format!("{} (port {port})", dir.display()),
            None => format!("localhost:{port}"),
        }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

fn wrong(reason: String) -> Error {
    Error::Config {
        place: "url".into(),
        reason,
    }
}

/// Resolves `%2F` and its like.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, next) = match (first, after) {
            (b'%', [high, low, beyond @ ..]) => match hexadecimal(*high, *low) {
                Some(byte) => (byte, beyond),
                None => (*first, after),
            },
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = next;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// What the sessions of the collector are called in `pg_stat_activity`.
pub(super) const APPLICATION_NAME: &str = "pganalytics-collector";
/// The longest that connecting may take, where the URL says nothing.
pub(super) const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::{SslMode, Target};

    #[test]
    fn urls_of_libpq_are_read() {
        let target = Target::parse(
            "postgres://u:p%40@db1:5433/app?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&connect_timeout=3",
        )
        .unwrap();
        assert_eq!(target.encryption.mode, SslMode::VerifyFull);
        assert_eq!(target.encryption.root_file, Some("/etc/ca.pem".into()));
        assert_eq!(target.config.get_password(), Some(b"p@".as_slice()));
        assert_eq!(target.place(), "db1:5433");
        assert!(!target.is_local());
        assert!(
            Target::parse("postgres://u@%2Fvar%2Frun/x")
                .unwrap()
                .is_local()
        );
        assert_eq!(
            Target::parse("postgres://u@h/x").unwrap().encryption.mode,
            SslMode::Prefer
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_quoting_the_password() {
        for url in [
            "host=db1",
            "postgres://u:geheim@h/x?sslmode=perhaps",
            "postgres://u:geheim@h/x?nope=1",
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(!error.contains("geheim"), "{error}");
        }
        let shown = format!("{:?}", Target::parse("postgres://u:geheim@h/x").unwrap());
        assert!(!shown.contains("geheim"), "{shown}");
    }
}
