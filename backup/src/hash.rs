//! The address of stored content: the BLAKE3 hash of its (sealed) bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The BLAKE3 hash of an object, written as 64 lower-case hexadecimal digits.
///
/// B-3: a manifest holds these and never a path, and nothing else than 64 digits parses, so that no
/// manifest can name a file outside the directory that a restore fills.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobHash([u8; 32]);

impl BlobHash {
    /// Returns the hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Returns the hash of what was fed to a hasher.
    pub(crate) fn finish(hasher: &blake3::Hasher) -> Self {
        Self(*hasher.finalize().as_bytes())
    }

    /// Returns the first two digits, which name the folder of a blob.
    pub(crate) fn folder(&self) -> String {
        let [first, ..] = self.0;
        format!("{first:02x}")
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobHash({self})")
    }
}

impl FromStr for BlobHash {
    type Err = Error;

    /// Reads exactly 64 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).map(Self).ok_or_else(|| Error::NotAHash {
            text: text.chars().take(HASH_DIGITS + 1).collect(),
        })
    }
}

impl TryFrom<String> for BlobHash {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<BlobHash> for String {
    fn from(hash: BlobHash) -> Self {
        hash.to_string()
    }
}

fn parse(text: &str) -> Option<[u8; 32]> {
    if text.len() != HASH_DIGITS {
        return None;
    }
    let mut hash = [0; 32];
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

/// Returns the value of a lower-case digit: one content has one name, so upper case is none.
const fn digit(text: u8) -> Option<u8> {
    match text {
        b'0'..=b'9' => Some(text - b'0'),
        b'a'..=b'f' => Some(text - b'a' + 10),
        _ => None,
    }
}

const HASH_DIGITS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::BlobHash;

    #[test]
    fn a_path_is_no_hash() {
        let good = BlobHash::of(b"x").to_string();
        for text in [
            "",
            "../../../../etc/passwd",
            "/etc/passwd",
            &good[1..],
            &format!("{good}0"),
            &format!("{}/", &good[1..]),
            &good.to_ascii_uppercase(),
            &format!("{}\0", &good[1..]),
            &format!("+{}", &good[1..]),
        ] {
            assert!(text.parse::<BlobHash>().is_err(), "{text}");
            assert!(serde_json::from_value::<BlobHash>(text.into()).is_err());
        }
        assert_eq!(good.parse::<BlobHash>().unwrap(), BlobHash::of(b"x"));
    }

    proptest! {
        #[test]
        fn only_what_is_printed_is_read(text in "\\PC{0,70}") {
            if let Ok(hash) = text.parse::<BlobHash>() {
                prop_assert_eq!(hash.to_string(), text);
            }
        }
    }
}
