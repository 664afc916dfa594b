//! The server's own certificate authority.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Certificate and key of the authority; at rest only inside sealed files (S-1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityRecord {
    /// The certificate, DER.
    pub certificate_der: Vec<u8>,
    /// The private key, PKCS #8 DER.
    pub key_der: Vec<u8>,
}

impl fmt::Debug for AuthorityRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorityRecord")
            .field("certificate_bytes", &self.certificate_der.len())
            .finish_non_exhaustive()
    }
}
