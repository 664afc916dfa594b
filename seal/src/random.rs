//! Salts and nonces: random bytes that are public but must not repeat.

use platform::Entropy;

/// Bytes in a [`Salt`].
pub const SALT_BYTES: usize = 32;
/// Bytes in a [`Nonce`].
pub const NONCE_BYTES: usize = 12;

/// 32 random bytes in the header of a file, from which its key follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Salt([u8; SALT_BYTES]);

/// 12 random bytes, drawn anew for every sealing.
///
/// A counter would repeat after a crash or a restored machine image, and one repetition under one
/// key gives away its authentication key. With a key per file, a billion sealings still leave the
/// odds of a repetition below 2^-37 (SP 800-38D, section 8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; NONCE_BYTES]);

impl Salt {
    /// Draws a new salt.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; SALT_BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Returns the salt with these bytes, as read from a header.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SALT_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of this salt.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SALT_BYTES] {
        &self.0
    }
}

impl Nonce {
    /// Draws a new nonce.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; NONCE_BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Returns the nonce with these bytes, as read beside a ciphertext.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; NONCE_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of this nonce.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; NONCE_BYTES] {
        &self.0
    }
}
