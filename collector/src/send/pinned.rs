//! TLS for others who know the server by its authority, such as an HTTPS client.

use rustls::ClientConfig;

use super::Credentials;
use crate::Error;

/// Returns a client's TLS that takes the server whose certificate authority has this SHA-256, under
/// whatever name it is reached.
///
/// # Errors
/// [`Error::Tls`] when the provider does not speak TLS 1.3.
pub fn pinned_tls(authority_sha256: [u8; 32]) -> Result<ClientConfig, Error> {
    let mut config = Credentials::None.tls(authority_sha256)?;
    config.alpn_protocols.clear();
    Ok(config)
}
