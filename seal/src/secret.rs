//! 32 bytes that must leave no trace: erased when dropped, never printed.

use std::fmt;

use platform::Entropy;
use zeroize::Zeroize;

/// A 256-bit key.
///
/// It lives on the heap, so that moving it leaves no copy behind on a stack.
#[derive(Clone)]
pub(crate) struct Secret(Box<[u8; SECRET_BYTES]>);

impl Secret {
    pub(crate) fn generate(entropy: &dyn Entropy) -> Self {
        let mut secret = Self::zeroed();
        entropy.fill(secret.0.as_mut_slice());
        secret
    }

    /// Returns a secret to be filled in through [`Secret::as_mut_bytes`].
    pub(crate) fn zeroed() -> Self {
        Self(Box::new([0; SECRET_BYTES]))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    pub(crate) fn as_mut_bytes(&mut self) -> &mut [u8; SECRET_BYTES] {
        &mut self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

pub(crate) const SECRET_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use platform::SimEntropy;

    use super::Secret;

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let secret = Secret::generate(&SimEntropy::new(1));
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
    }
}
