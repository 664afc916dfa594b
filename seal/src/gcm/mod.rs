//! AES-256-GCM over a slice, with the tag apart; the only module that names the cipher's crate.
//!
//! **Source**: NIST SP 800-38D.

use aes_gcm::aead::array::Array;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};

use crate::secret::Secret;
use crate::{Nonce, TAG_BYTES};

/// A tag did not fit its key, nonce, associated data and ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mismatch;

/// A key, expanded for use. Erased when dropped.
pub(crate) struct Cipher(Aes256Gcm);

impl Cipher {
    pub(crate) fn new(key: &Secret) -> Self {
        Self(Aes256Gcm::new(&Array(*key.as_bytes())))
    }

    /// Encrypts `text` in place and returns its tag.
    ///
    /// # Panics
    /// When `text` is longer than 64 GiB, which no file of ours is.
    pub(crate) fn seal(&self, nonce: &Nonce, aad: &[u8], text: &mut [u8]) -> [u8; TAG_BYTES] {
        let nonce = Array(*nonce.as_bytes());
        let tag = self.0.encrypt_inout_detached(&nonce, aad, text.into());
        tag.expect("no file of ours reaches the 64 GiB that one nonce may cover")
            .0
    }

    /// Decrypts `text` in place when its tag fits, else leaves it as it is.
    pub(crate) fn open(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Mismatch> {
        let (nonce, tag) = (Array(*nonce.as_bytes()), Array(*tag));
        self.0
            .decrypt_inout_detached(&nonce, aad, text.into(), &tag)
            .map_err(|_| Mismatch)
    }
}

#[cfg(test)]
mod tests;
