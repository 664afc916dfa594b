//! How a sender proves who it is.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use wire::Token;

use super::authority::PinnedAuthority;
use crate::Error;
use crate::postgres::provider;

/// What proves a sender.
#[derive(Clone)]
pub enum Credentials {
    /// A client certificate and its key, both DER (PKCS #8); what enrolment gives.
    Certificate {
        /// The certificate.
        certificate: Vec<u8>,
        /// The key.
        key: Vec<u8>,
    },
    /// An API token of a writer; what an import has.
    Token(Token),
    /// Nothing yet: only enrolment is possible.
    None,
}

impl Credentials {
    /// Returns the text of the bearer token, empty where a certificate speaks.
    pub(super) fn bearer(&self) -> String {
        match self {
            Self::Token(token) => token.to_text(),
            Self::Certificate { .. } | Self::None => String::new(),
        }
    }

    /// Returns the configuration of QUIC's TLS.
    pub(super) fn tls(&self, authority_sha256: [u8; 32]) -> Result<ClientConfig, Error> {
        let wrong = |error: rustls::Error| Error::Tls {
            reason: error.to_string(),
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(wrong)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(PinnedAuthority::new(authority_sha256)));
        let mut config = match self {
            Self::Certificate { certificate, key } => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from(certificate.clone())],
                    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.clone())),
                )
                .map_err(wrong)?,
            Self::Token(_) | Self::None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![wire::ALPN.to_vec()];
        Ok(config)
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Certificate { .. } => "Certificate(…)",
            Self::Token(_) => "Token(…)",
            Self::None => "None",
        })
    }
}
