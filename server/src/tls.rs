//! TLS of both doors, by rustls on ring, under the server's own authority or given files.

use std::path::Path;
use std::sync::Arc;

use platform::{Disk, durable};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};

use crate::Error;
use crate::identity::Authority;

/// Returns the QUIC door's TLS: TLS 1.3, client certificates of our authority where one is shown.
///
/// No resumption: a resumed session would not be verified again, and a revoked collector could come
/// back with it. No early data: it could be replayed.
///
/// # Errors
/// [`Error::Certificate`].
pub(crate) fn quic(authority: &Authority, names: Vec<String>) -> Result<ServerConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone())?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| Error::Certificate {
                reason: error.to_string(),
            })?;
    let (chain, key) = authority.server_chain(names)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![wire::ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(config)
}

/// Returns the HTTP door's TLS under the server's own authority.
///
/// # Errors
/// [`Error::Certificate`].
pub(crate) fn https_own(authority: &Authority, names: Vec<String>) -> Result<ServerConfig, Error> {
    let (chain, key) = authority.server_chain(names)?;
    https(chain, key)
}

/// Returns the HTTP door's TLS from PEM files.
///
/// # Errors
/// [`Error::Io`] and [`Error::Certificate`].
pub(crate) fn https_files(
    disk: &dyn Disk,
    chain: &Path,
    key: &Path,
) -> Result<ServerConfig, Error> {
    let read = |path: &Path| {
        durable::read_file(disk, path).map_err(|source| Error::Io {
            path: path.into(),
            source,
        })
    };
    let wrong = |error: rustls::pki_types::pem::Error| Error::Certificate {
        reason: error.to_string(),
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(chain)?).collect();
    let key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(wrong)?;
    https(certificates.map_err(wrong)?, key)
}

fn https(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
