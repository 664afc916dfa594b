//! Tokens: what an operator copies from one machine to another.
//!
//! ```text
//!   pga_ ‖ base64url( JSON { v, kind, id, secret, authority, http, quic } )
//! ```
//! A token names the server's addresses and the fingerprint of its certificate authority, so that one
//! text is all that a collector or client needs; the server stores only a hash of the secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Exchanged once for a collector's client certificate.
    Enrolment,
    /// A bearer token over HTTP, and over QUIC for `import`.
    Api,
}

/// Thirty-two random bytes that prove the token; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Returns the secret made of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, to be hashed and nothing else.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A token, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is good for.
    pub kind: TokenKind,
    /// Which one it is, in the server's list; not secret.
    pub id: String,
    /// What proves it.
    pub secret: Secret,
    /// SHA-256 of the certificate authority's DER certificate.
    pub authority: [u8; 32],
    /// `http://host:port` or `https://host:port` of the server.
    pub http: Vec<String>,
    /// `host:port` of the server's QUIC port.
    pub quic: Vec<String>,
}

impl Token {
    /// Returns the text to copy.
    pub fn to_text(&self) -> String {
        let body = Body {
            v: 1,
            kind: self.kind,
            id: self.id.clone(),
            secret: URL_SAFE_NO_PAD.encode(self.secret.expose()),
            authority: URL_SAFE_NO_PAD.encode(self.authority),
            http: self.http.clone(),
            quic: self.quic.clone(),
        };
        let json = serde_json::to_vec(&body).expect("strings and numbers always serialise");
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads the text of a token.
    ///
    /// # Errors
    /// [`Error::Token`] for anything that [`Self::to_text`] did not write.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        Self::read(text.trim()).ok_or(Error::Token)
    }

    fn read(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let body: Body = serde_json::from_slice(&json).ok()?;
        let bytes = |text: &str| <[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        (body.v == 1).then_some(())?;
        Some(Self {
            kind: body.kind,
            id: body.id,
            secret: Secret(bytes(&body.secret)?),
            authority: bytes(&body.authority)?,
            http: body.http,
            quic: body.quic,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    kind: TokenKind,
    id: String,
    secret: String,
    authority: String,
    #[serde(default)]
    http: Vec<String>,
    #[serde(default)]
    quic: Vec<String>,
}

const PREFIX: &str = "pga_";

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            kind: TokenKind::Enrolment,
            id: "t1".into(),
            secret: Secret::new([7; 32]),
            authority: [9; 32],
            http: vec!["http://127.0.0.1:8080".into()],
            quic: vec!["127.0.0.1:7443".into()],
        }
    }

    #[test]
    fn a_token_survives_its_text() {
        assert_eq!(Token::from_text(&token().to_text()), Ok(token()));
        assert_eq!(
            Token::from_text(&format!(" {}\n", token().to_text())),
            Ok(token())
        );
    }

    #[test]
    fn what_is_cut_or_changed_is_refused_or_another_token() {
        let text = token().to_text();
        for cut in 0..text.len() {
            assert!(Token::from_text(&text[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(Token::from_text("Bearer x"), Err(Error::Token));
    }

    #[test]
    fn the_secret_stays_out_of_debug_output() {
        assert!(!format!("{:?}", token()).contains("7, 7"));
    }
}
