//! Tokens: who may call, in which role; only a hash of the secret is kept.

use std::fmt;

use schema::{CollectorName, Timestamp};
use serde::{Deserialize, Serialize};

/// What the holder of a token may do; each role includes those before it, but for `Writer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Queries.
    Reader,
    /// Writes rows, reads nothing.
    Writer,
    /// Reads, and runs backups, maintenance and collectors.
    Operator,
    /// Everything.
    Admin,
}

/// A token as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    /// The public part, by which it is listed and revoked.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// SHA-256 of the secret part.
    pub secret_sha256: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// When it ceases to work, if ever.
    pub expires: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// The collector that it enrols, once; it does nothing else then.
    pub enrols: Option<CollectorName>,
    /// SHA-256 of the public key that it enrolled.
    pub used_by_key: Option<[u8; 32]>,
}

impl TokenRecord {
    /// Tells whether the token works at this time.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        !self.revoked && self.expires.is_none_or(|expires| now < expires)
    }
}

impl fmt::Debug for TokenRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRecord")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("role", &self.role)
            .field("expires", &self.expires)
            .field("revoked", &self.revoked)
            .field("enrols", &self.enrols)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        })
    }
}
