//! TLS to PostgreSQL, by libpq's rules.
//!
//! | sslmode | tries | checks |
//! |---|---|---|
//! | disable | plain | – |
//! | allow | plain, then TLS | nothing |
//! | prefer | TLS, then plain | nothing |
//! | require | TLS | nothing, or the chain where a root file is given or found |
//! | verify-ca | TLS | the chain |
//! | verify-full | TLS | the chain and the host's name |
//!
//! **Source:** PostgreSQL documentation, 34.19 "SSL Support". Beyond libpq, `verify-ca` and
//! `verify-full` without a root file use the system's roots.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use platform::{RealDisk, durable};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::verifier::{ChainOnly, Unchecked, provider};
use crate::Error;

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SslMode {
    Disable,
    Allow,
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// What a URL says about TLS.
#[derive(Debug, Clone, Default)]
pub(super) struct Encryption {
    pub(super) mode: SslMode,
    pub(super) root_file: Option<PathBuf>,
    pub(super) certificate_file: Option<PathBuf>,
    pub(super) key_file: Option<PathBuf>,
}

/// One way to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Plain,
    Tls,
}

impl Encryption {
    /// Returns what to try, in order.
    pub(super) fn attempts(&self) -> &'static [Attempt] {
        match self.mode {
            SslMode::Disable => &[Attempt::Plain],
            SslMode::Allow => &[Attempt::Plain, Attempt::Tls],
            SslMode::Prefer => &[Attempt::Tls, Attempt::Plain],
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[Attempt::Tls],
        }
    }

    /// Returns the TLS connector of this mode. Reads files: not to be called on a runtime's thread.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, Error> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?;
        let root_file = self.root_file.clone().or_else(default_root_file);
        let is_system = root_file.as_deref() == Some(Path::new("system"));
        let builder = match (self.mode, &root_file) {
            (SslMode::VerifyFull, _) => {
                builder.with_root_certificates(roots(root_file.as_deref())?)
            }
            (_, Some(_)) if is_system => {
                builder.with_root_certificates(roots(root_file.as_deref())?)
            }
            (SslMode::VerifyCa, _) | (SslMode::Require, Some(_)) => {
                let verifier = ChainOnly::new(roots(root_file.as_deref())?);
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier))
            }
            _ => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unchecked)),
        };
        let config = match (&self.certificate_file, &self.key_file) {
            (Some(certificate), Some(key)) => builder
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(|error| wrong(error.to_string()))?,
            _ => builder.with_no_client_auth(),
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

impl FromStr for SslMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err(Error::Config {
                    place: "url, sslmode".into(),
                    reason: "use disable, allow, prefer, require, verify-ca or verify-full".into(),
                });
            }
        })
    }
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, Error> {
    let found = match file {
        Some(file) if file != Path::new("system") => certificates(file)?,
        _ => rustls_native_certs::load_native_certs().certs,
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found);
    if store.is_empty() {
        return Err(wrong(
            "no root certificates found: name a file with sslrootcert".into(),
        ));
    }
    Ok(store)
}

/// libpq's own default, `~/.postgresql/root.crt`, where it exists.
fn default_root_file() -> Option<PathBuf> {
    let file = PathBuf::from(std::env::var_os("HOME")?).join(".postgresql/root.crt");
    file.is_file().then_some(file)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(file)?).collect();
    certificates.map_err(|error| wrong(format!("{}: {error}", file.display())))
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(&read(file)?)
        .map_err(|error| wrong(format!("{}: {error}", file.display())))
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    durable::read_file(&RealDisk, file).map_err(|source| Error::Disk {
        path: file.to_owned(),
        source,
    })
}

fn wrong(reason: String) -> Error {
    Error::Tls { reason }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Encryption, SslMode};

    #[test]
    fn modes_are_tried_as_libpq_tries_them() {
        let attempts = |mode| {
            Encryption {
                mode,
                ..Encryption::default()
            }
            .attempts()
        };
        assert_eq!(attempts(SslMode::Disable), [Attempt::Plain]);
        assert_eq!(attempts(SslMode::Allow), [Attempt::Plain, Attempt::Tls]);
        assert_eq!(attempts(SslMode::Prefer), [Attempt::Tls, Attempt::Plain]);
        assert_eq!(attempts(SslMode::Require), [Attempt::Tls]);
        assert_eq!(attempts(SslMode::VerifyFull), [Attempt::Tls]);
    }

    #[test]
    fn a_missing_root_file_is_an_error_not_a_missing_check() {
        let encryption = Encryption {
            mode: SslMode::VerifyCa,
            root_file: Some("/nonexistent/ca.pem".into()),
            ..Encryption::default()
        };
        assert!(encryption.connector().is_err());
    }
}
