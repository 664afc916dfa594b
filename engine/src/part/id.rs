//! The name of a part.

use std::fmt;
use std::str::FromStr;

use platform::Entropy;
use serde::{Deserialize, Serialize};

use crate::Error;

/// 16 random bytes that name a part, and its file as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartId([u8; PART_ID_BYTES]);

impl PartId {
    /// Draws a new id.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; PART_ID_BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Returns the id with these bytes.
    pub const fn from_bytes(bytes: [u8; PART_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; PART_ID_BYTES] {
        &self.0
    }

    /// Returns the name of the part's file.
    pub fn file_name(&self) -> String {
        format!("{self}{FILE_SUFFIX}")
    }

    /// Returns the id of the part that a file of this name holds, if it is a part's name.
    pub fn from_file_name(name: &str) -> Option<Self> {
        name.strip_suffix(FILE_SUFFIX)?.parse().ok()
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartId({self})")
    }
}

impl FromStr for PartId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digit = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
        let refused = || Error::Refused {
            what: format!("part {text:?}"),
            reason: "the id of a part has 32 hexadecimal digits in lower case",
        };
        if text.len() != 2 * PART_ID_BYTES || !text.bytes().all(digit) {
            return Err(refused());
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| refused())?;
        // Digits are read from the left, as they are written: the first is the highest.
        let mut bytes = number.to_le_bytes();
        bytes.reverse();
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for PartId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<PartId> for String {
    fn from(id: PartId) -> Self {
        id.to_string()
    }
}

/// Bytes of a [`PartId`].
pub(crate) const PART_ID_BYTES: usize = 16;
const FILE_SUFFIX: &str = ".part";

#[cfg(test)]
mod tests {
    use platform::SimEntropy;

    use super::PartId;

    #[test]
    fn an_id_survives_its_text_its_file_name_and_json() {
        let id = PartId::generate(&SimEntropy::new(1));
        assert_eq!(id.to_string().parse::<PartId>().unwrap(), id);
        assert_eq!(PartId::from_file_name(&id.file_name()), Some(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<PartId>(&json).unwrap(), id);
    }

    #[test]
    fn digits_come_in_the_order_of_the_bytes() {
        let id = PartId::from_bytes([0x01, 0x23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]);
        assert_eq!(id.to_string(), "012300000000000000000000000000ff");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "01",
            "0123000000000000000000000000000G",
            "+12300000000000000000000000000ff",
            "012300000000000000000000000000FF",
        ] {
            assert!(text.parse::<PartId>().is_err(), "{text}");
        }
        assert_eq!(PartId::from_file_name("x.part"), None);
        assert_eq!(
            PartId::from_file_name("012300000000000000000000000000ff.tmp"),
            None
        );
    }
}
