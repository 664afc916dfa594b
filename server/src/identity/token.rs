//! Tokens: made once, shown once, stored as a hash.

use engine::{Catalogue, Role, TokenRecord};
use platform::Entropy;
use schema::{CollectorName, Timestamp};
use subtle::ConstantTimeEq;
use wire::{Secret, Token, TokenKind};

use super::{hex, sha256};
use crate::Error;

/// What a new token is to be.
#[derive(Debug)]
pub(crate) struct TokenRequest {
    /// For people, in lists.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// From when on it is refused.
    pub(crate) expires: Option<Timestamp>,
    /// The collector that it enrols, for an enrolment token.
    pub(crate) enrols: Option<CollectorName>,
    /// SHA-256 of the authority's certificate.
    pub(crate) authority: [u8; 32],
    /// Where the server is reached.
    pub(crate) http: Vec<String>,
    /// Where collectors reach it.
    pub(crate) quic: Vec<String>,
}

/// Makes a token: the record for the catalogue, and the token itself, to be shown once.
pub(crate) fn create_token(
    request: TokenRequest,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> (TokenRecord, Token) {
    let (mut secret, mut id) = ([0; 32], [0; 8]);
    entropy.fill(&mut secret);
    entropy.fill(&mut id);
    let id = hex(&id);
    let kind = if request.enrols.is_some() {
        TokenKind::Enrolment
    } else {
        TokenKind::Api
    };
    let record = TokenRecord {
        id: id.clone(),
        name: request.name,
        role: request.role,
        secret_sha256: sha256(&secret),
        created: now,
        expires: request.expires,
        revoked: false,
        enrols: request.enrols,
        used_by_key: None,
    };
    let token = Token {
        kind,
        id,
        secret: Secret::new(secret),
        authority: request.authority,
        http: request.http,
        quic: request.quic,
    };
    (record, token)
}

/// Returns the record of a token that proves itself and is in force.
///
/// # Errors
/// [`Error::Unauthorised`], with the same words for a wrong secret and an unknown id.
pub(crate) fn find_token<'a>(
    catalogue: &'a Catalogue,
    token: &Token,
    now: Timestamp,
) -> Result<&'a TokenRecord, Error> {
    let unknown = Error::Unauthorised {
        reason: "the token is not known here",
    };
    let Some(record) = catalogue.token(&token.id) else {
        return Err(unknown);
    };
    let presented = sha256(token.secret.expose());
    if !bool::from(presented.ct_eq(&record.secret_sha256)) {
        return Err(unknown);
    }
    if record.revoked {
        return Err(Error::Unauthorised {
            reason: "the token was revoked",
        });
    }
    if record.expires.is_some_and(|expires| expires <= now) {
        return Err(Error::Unauthorised {
            reason: "the token has expired",
        });
    }
    Ok(record)
}
