//! The master key: the one secret that is kept outside the data directory.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use platform::Entropy;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::Error;
use crate::secret::{SECRET_BYTES, Secret};

/// A 256-bit key that wraps the data keys of a keyring, and seals nothing else.
#[derive(Clone)]
pub struct MasterKey(Secret);

/// The public name of a master key: 8 bytes of a hash of it, printed as 16 hexadecimal digits.
///
/// It stands in clear in the keyring, so that a wrong key is told from damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MasterKeyId([u8; 8]);

impl MasterKey {
    /// Draws a new key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(Secret::generate(entropy))
    }

    /// Returns the key with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; SECRET_BYTES]) -> Self {
        let mut secret = Secret::zeroed();
        secret.as_mut_bytes().copy_from_slice(bytes);
        Self(secret)
    }

    /// Reads a key as text (64 hexadecimal digits, or base64 of 32 bytes) or as 32 raw bytes.
    ///
    /// White space around a text is ignored.
    ///
    /// # Errors
    /// [`Error::KeyMalformed`], naming `origin`, for anything else.
    pub fn parse(bytes: &[u8], origin: &dyn fmt::Display) -> Result<Self, Error> {
        let malformed = |reason| Error::KeyMalformed {
            origin: origin.to_string(),
            reason,
        };
        if let Ok(raw) = <&[u8; SECRET_BYTES]>::try_from(bytes) {
            // 32 random bytes are all printable once in 10^13 keys, but half of a hexadecimal key
            // always is: a truncated key must not become a weak one.
            return if raw
                .iter()
                .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
            {
                Err(malformed(
                    "32 printable characters are a text, not 32 random bytes",
                ))
            } else {
                Ok(Self::from_bytes(raw))
            };
        }
        let text = bytes.trim_ascii();
        Self::from_hexadecimal(text)
            .or_else(|| Self::from_base64(text))
            .ok_or_else(|| malformed("use 64 hexadecimal digits, base64 of 32 bytes, or 32 bytes"))
    }

    /// Returns the public name of this key.
    #[must_use]
    pub fn id(&self) -> MasterKeyId {
        let digest = Sha256::new_with_prefix(KEY_ID_DOMAIN)
            .chain_update(self.0.as_bytes())
            .finalize();
        let mut id = [0; 8];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        MasterKeyId(id)
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.0
    }

    /// Returns the text form that [`MasterKey::parse`] reads: 64 hexadecimal digits and a line feed.
    pub(crate) fn to_text(&self) -> Zeroizing<Vec<u8>> {
        let mut text = Zeroizing::new(Vec::with_capacity(2 * SECRET_BYTES + 1));
        for byte in self.0.as_bytes() {
            text.extend([byte >> 4, byte & 0xf].map(hexadecimal_digit));
        }
        text.push(b'\n');
        text
    }

    fn from_hexadecimal(text: &[u8]) -> Option<Self> {
        let (pairs, rest) = text.as_chunks::<2>();
        if pairs.len() != SECRET_BYTES || !rest.is_empty() {
            return None;
        }
        let mut secret = Secret::zeroed();
        for (byte, pair) in secret.as_mut_bytes().iter_mut().zip(pairs) {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            *byte = u8::try_from(high? << 4 | low?).ok()?;
        }
        Some(Self(secret))
    }

    fn from_base64(text: &[u8]) -> Option<Self> {
        let engine = if text.ends_with(b"=") {
            STANDARD
        } else {
            STANDARD_NO_PAD
        };
        let bytes = Zeroizing::new(engine.decode(text).ok()?);
        <&[u8; SECRET_BYTES]>::try_from(bytes.as_slice())
            .ok()
            .map(Self::from_bytes)
    }
}

impl MasterKeyId {
    /// Returns the id with these bytes.
    pub(crate) const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of this id.
    pub(crate) const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id())
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

const fn hexadecimal_digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'a' + value - 10
    }
}

const KEY_ID_DOMAIN: &[u8] = b"pga/master-key-id/v1";

#[cfg(test)]
mod tests {
    use platform::SimEntropy;

    use super::MasterKey;

    #[test]
    fn every_form_of_a_key_reads_as_the_same_key() {
        let mut raw = [0; 32];
        raw.iter_mut()
            .zip(0x50_u8..)
            .for_each(|(byte, value)| *byte = value.wrapping_mul(3));
        let key = MasterKey::from_bytes(&raw);
        let text = key.to_text();
        let base64 = base64::Engine::encode(&super::STANDARD, raw);
        let upper = text.to_ascii_uppercase();
        let bare = base64.trim_end_matches('=').as_bytes();
        for form in [
            raw.as_slice(),
            &text,
            &upper,
            base64.as_bytes(),
            bare,
            b" \n".as_slice(),
        ] {
            let parsed = MasterKey::parse(form, &"test").map(|parsed| parsed.id());
            assert_eq!(parsed.ok(), (form != b" \n").then(|| key.id()));
        }
    }

    #[test]
    fn half_a_hexadecimal_key_is_refused() {
        let error = MasterKey::parse(b"00112233445566778899aabbccddeeff", &"env:KEY").unwrap_err();
        assert!(error.to_string().contains("env:KEY"), "{error}");
    }

    #[test]
    fn text_of_32_characters_is_no_key_and_random_bytes_are() {
        let passphrase = b"correct horse battery staple etc";
        assert!(MasterKey::parse(passphrase, &"test").is_err());
        let random = [0xe7; 32];
        let key = MasterKey::parse(&random, &"test").unwrap();
        assert_eq!(key.id(), MasterKey::from_bytes(&random).id());
    }

    #[test]
    fn debug_shows_the_id_and_not_the_key() {
        let key = MasterKey::generate(&SimEntropy::new(7));
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.id()));
        let text = String::from_utf8(key.to_text().to_vec()).unwrap();
        assert!(!text.contains(&key.id().to_string()));
    }
}
