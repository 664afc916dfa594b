//! The key of one file, and how it follows from a data key and the file's salt.
//!
//! **Source**: RFC 5869 (HKDF).

use std::fmt;
use std::sync::Arc;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::gcm::Cipher;
use crate::secret::{SECRET_BYTES, Secret};
use crate::{ClusterId, DataKeyId, Error, FileKind, Nonce, Salt};

/// Bytes that sealing adds behind a text.
pub const TAG_BYTES: usize = 16;
/// Bytes of a commitment in the header of a file.
pub const COMMITMENT_BYTES: usize = 16;

/// The key of one file, expanded for use; cloning shares it.
#[derive(Clone)]
pub struct FileKey {
    inner: Arc<Inner>,
}

impl FileKey {
    /// Derives the key of the file with this salt, kind and cluster.
    pub(crate) fn derive(
        data_key: &Secret,
        kind: FileKind,
        cluster: ClusterId,
        salt: &Salt,
    ) -> Self {
        let mut output = Zeroizing::new([0; SECRET_BYTES + COMMITMENT_BYTES]);
        Hkdf::<Sha256>::new(Some(salt.as_bytes()), data_key.as_bytes())
            .expand_multi_info(
                &[
                    FILE_KEY_INFO,
                    &kind.code().to_le_bytes(),
                    cluster.as_bytes(),
                ],
                output.as_mut_slice(),
            )
            .expect("48 bytes are within the 8160 that HKDF-SHA256 can give");
        let mut key = Secret::zeroed();
        let mut commitment = [0; COMMITMENT_BYTES];
        let (key_bytes, commitment_bytes) = output.split_at(SECRET_BYTES);
        key.as_mut_bytes().copy_from_slice(key_bytes);
        commitment.copy_from_slice(commitment_bytes);
        Self {
            inner: Arc::new(Inner {
                cipher: Cipher::new(&key),
                commitment,
            }),
        }
    }

    /// Returns the commitment to this key that stands in the header of its file.
    ///
    /// AES-GCM alone does not commit to a key: a ciphertext can be made that opens under two of
    /// them. The commitment also tells a wrong key from damage before anything is opened.
    #[must_use]
    pub fn commitment(&self) -> [u8; COMMITMENT_BYTES] {
        self.inner.commitment
    }

    /// Checks that a file's header commits to this key.
    ///
    /// # Errors
    /// [`Error::WrongFileKey`] when it commits to another; `artefact` and `id` go into it.
    pub fn check_commitment(
        &self,
        stored: &[u8; COMMITMENT_BYTES],
        artefact: &dyn fmt::Display,
        id: DataKeyId,
    ) -> Result<(), Error> {
        if *stored == self.inner.commitment {
            return Ok(());
        }
        Err(Error::WrongFileKey {
            artefact: artefact.to_string(),
            id,
        })
    }

    /// Encrypts `buffer` in place and appends its tag of [`TAG_BYTES`].
    ///
    /// # Panics
    /// When `buffer` is longer than 64 GiB.
    pub fn seal_in_place(&self, nonce: &Nonce, aad: &[u8], buffer: &mut Vec<u8>) {
        let tag = self.inner.cipher.seal(nonce, aad, buffer);
        buffer.extend_from_slice(&tag);
    }

    /// Decrypts `buffer` in place and takes its tag off.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the bytes, the nonce or `aad` are not the ones that were sealed;
    /// `buffer` then still holds ciphertext.
    pub fn open_in_place(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let text = self.open_slice(nonce, aad, buffer)?.len();
        buffer.truncate(text);
        Ok(())
    }

    /// Encrypts a slice in place and returns its tag, for callers that lay out bytes themselves.
    ///
    /// # Panics
    /// When `text` is longer than 64 GiB.
    #[must_use]
    pub fn seal_detached(&self, nonce: &Nonce, aad: &[u8], text: &mut [u8]) -> [u8; TAG_BYTES] {
        self.inner.cipher.seal(nonce, aad, text)
    }

    /// Decrypts a slice in place against its tag.
    ///
    /// # Errors
    /// [`Error::Damaged`] as [`FileKey::open_in_place`]; `text` then still holds ciphertext.
    pub fn open_detached(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Error> {
        self.inner
            .cipher
            .open(nonce, aad, text, tag)
            .map_err(|_| tag_mismatch())
    }

    /// Decrypts ‹text ‖ tag› in place and returns the text.
    pub(crate) fn open_slice<'a>(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], Error> {
        let (text, tag) = sealed
            .split_last_chunk_mut::<TAG_BYTES>()
            .ok_or_else(too_short)?;
        self.open_detached(nonce, aad, text, tag)?;
        Ok(text)
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(redacted)")
    }
}

struct Inner {
    cipher: Cipher,
    commitment: [u8; COMMITMENT_BYTES],
}

fn tag_mismatch() -> Error {
    Error::Damaged {
        artefact: "a sealed text".to_owned(),
        reason: "its tag does not match",
    }
}

fn too_short() -> Error {
    Error::Damaged {
        artefact: "a sealed text".to_owned(),
        reason: "it is shorter than its tag",
    }
}

const FILE_KEY_INFO: &[u8] = b"pga/file/v1";
