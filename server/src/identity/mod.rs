//! Who is who: the server's certificate authority, its certificates, tokens and their roles.
//!
//! ```text
//!   authority (made on first start, sealed in the catalogue, part of every backup)
//!     ├─ signs the server's certificate, anew at every start
//!     └─ signs each collector's certificate, once, against an enrolment token
//!   tokens: the text is shown once, the catalogue holds SHA-256 of its secret
//! ```

mod authority;
mod fingerprint;
mod token;

pub(crate) use authority::{Authority, public_key_sha256};
pub(crate) use fingerprint::{hex, sha256};
pub(crate) use token::{TokenRequest, create_token, find_token};
