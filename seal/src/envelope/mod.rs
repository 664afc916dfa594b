//! The envelope: a small file sealed whole.
//!
//! ```text
//!  offset bytes
//!       0     8  magic "PGASEALD"
//!       8     2  version, 1
//!      10     2  kind of the file
//!      12     4  number of the data key
//!      16     8  length of the plaintext, n
//!      24     8  checksum: the first 8 bytes of SHA-256 over all other bytes
//!      32    16  cluster
//!      48    32  salt
//!      80    16  commitment to the key
//!      96    12  nonce
//!     108     n  ciphertext
//!   108+n    16  tag, also over the bytes 0–24 and 32–96
//! ```
//!
//! The checksum needs no key, so that a scrub can tell rot from a wrong key.

use platform::Entropy;
use sha2::{Digest as _, Sha256};

use crate::fields::Fields;
use crate::{
    COMMITMENT_BYTES, ClusterId, DataKeyId, Error, FileKind, Keyring, Nonce, Salt, TAG_BYTES,
};

/// Bytes that an envelope is longer than its plaintext.
pub const ENVELOPE_OVERHEAD_BYTES: usize = HEADER_BYTES + TAG_BYTES;

/// Seals a small file under the active data key and a salt of its own.
///
/// # Panics
/// When `plain` is longer than 64 GiB.
#[must_use]
pub fn seal(keyring: &Keyring, kind: FileKind, entropy: &dyn Entropy, plain: &[u8]) -> Vec<u8> {
    let (id, salt, nonce) = (
        keyring.active(),
        Salt::generate(entropy),
        Nonce::generate(entropy),
    );
    let key = keyring
        .file_key(id, kind, &salt)
        .expect("the active data key is in the keyring");
    let header = Header {
        kind: kind.code(),
        id,
        plain_bytes: plain.len() as u64,
        cluster: keyring.cluster(),
        salt,
        commitment: key.commitment(),
        nonce,
    };
    let (head, mut rest) = header.encode(plain.len());
    let aad = [head.as_slice(), &rest].concat();
    rest.extend_from_slice(nonce.as_bytes());
    let mut text = plain.to_vec();
    key.seal_in_place(&nonce, &aad, &mut text);
    rest.append(&mut text);
    let sum = checksum(&head, &rest);
    [head.as_slice(), &sum, &rest].concat()
}

/// Opens a small file and returns its plaintext.
///
/// # Errors
/// [`Error::Damaged`] when any byte changed, [`Error::WrongKind`], [`Error::WrongCluster`],
/// [`Error::MissingDataKey`], [`Error::WrongFileKey`], [`Error::UnsupportedVersion`].
pub fn open(keyring: &Keyring, kind: FileKind, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (header, sealed) = parse(bytes)?;
    if header.kind != kind.code() {
        let (artefact, expected, actual) = (ARTEFACT.to_owned(), kind, header.kind);
        return Err(Error::WrongKind {
            artefact,
            expected,
            actual,
        });
    }
    if header.cluster != keyring.cluster() {
        let (expected, actual) = (keyring.cluster(), header.cluster);
        return Err(Error::WrongCluster {
            artefact: ARTEFACT.to_owned(),
            expected,
            actual,
        });
    }
    let key = keyring.file_key(header.id, kind, &header.salt)?;
    key.check_commitment(&header.commitment, &ARTEFACT, header.id)?;
    let (head, rest) = header.encode(0);
    let mut plain = sealed.to_vec();
    key.open_in_place(&header.nonce, &[head, rest].concat(), &mut plain)
        .map_err(|_| damaged("its tag does not match"))?;
    Ok(plain)
}

/// Checks an envelope's magic, length and checksum, without a key.
///
/// # Errors
/// [`Error::Damaged`] when any byte changed, [`Error::UnsupportedVersion`].
pub fn verify(bytes: &[u8]) -> Result<(), Error> {
    parse(bytes).map(|_| ())
}

/// Returns the first 8 bytes of SHA-256 over the bytes around a checksum.
pub(crate) fn checksum(before: &[u8], after: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::new_with_prefix(before)
        .chain_update(after)
        .finalize();
    let mut sum = [0; CHECKSUM_BYTES];
    sum.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    sum
}

struct Header {
    kind: u16,
    id: DataKeyId,
    plain_bytes: u64,
    cluster: ClusterId,
    salt: Salt,
    commitment: [u8; COMMITMENT_BYTES],
    nonce: Nonce,
}

impl Header {
    /// Returns the bytes before the checksum and those between it and the nonce: all that the tag
    /// covers beside the text. The second has room for `text_bytes` more.
    fn encode(&self, text_bytes: usize) -> (Vec<u8>, Vec<u8>) {
        let mut head = Vec::with_capacity(CHECKSUM_OFFSET);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&VERSION.to_le_bytes());
        head.extend_from_slice(&self.kind.to_le_bytes());
        head.extend_from_slice(&self.id.0.to_le_bytes());
        head.extend_from_slice(&self.plain_bytes.to_le_bytes());
        let mut rest = Vec::with_capacity(HEADER_BYTES + text_bytes);
        rest.extend_from_slice(self.cluster.as_bytes());
        rest.extend_from_slice(self.salt.as_bytes());
        rest.extend_from_slice(&self.commitment);
        (head, rest)
    }

    fn decode(head: &[u8], rest: &[u8]) -> Option<Self> {
        let (mut head, mut rest) = (Fields::new(head), Fields::new(rest));
        let (_magic, _version) = (head.array::<8>()?, head.u16()?);
        Some(Self {
            kind: head.u16()?,
            id: DataKeyId(head.u32()?),
            plain_bytes: head.u64()?,
            cluster: ClusterId::from_bytes(rest.array()?),
            salt: Salt::from_bytes(rest.array()?),
            commitment: rest.array()?,
            nonce: Nonce::from_bytes(rest.array()?),
        })
    }
}

/// Returns the header and ‹ciphertext ‖ tag› of an envelope that is whole.
fn parse(bytes: &[u8]) -> Result<(Header, &[u8]), Error> {
    let (head, rest) = bytes
        .split_at_checked(CHECKSUM_OFFSET)
        .ok_or_else(too_short)?;
    let (stored, rest) = rest
        .split_first_chunk::<CHECKSUM_BYTES>()
        .ok_or_else(too_short)?;
    let (_, sealed) = bytes.split_at_checked(HEADER_BYTES).ok_or_else(too_short)?;
    if !head.starts_with(MAGIC) {
        return Err(damaged("it does not begin with the magic of a sealed file"));
    }
    if checksum(head, rest) != *stored {
        return Err(damaged("its checksum does not match"));
    }
    let version = Fields::new(head.get(MAGIC.len()..).unwrap_or_default()).u16();
    if let Some(version) = version
        && version != VERSION
    {
        let artefact = ARTEFACT.to_owned();
        return Err(Error::UnsupportedVersion {
            artefact,
            version,
            supported: VERSION,
        });
    }
    let header = Header::decode(head, rest).ok_or_else(too_short)?;
    let plain_bytes = sealed.len().checked_sub(TAG_BYTES).ok_or_else(too_short)?;
    if header.plain_bytes != plain_bytes as u64 {
        return Err(damaged("its length is not the one in its header"));
    }
    Ok((header, sealed))
}

fn too_short() -> Error {
    damaged("it is too short")
}

fn damaged(reason: &'static str) -> Error {
    Error::Damaged {
        artefact: ARTEFACT.to_owned(),
        reason,
    }
}

const ARTEFACT: &str = "a sealed file";
const MAGIC: &[u8; 8] = b"PGASEALD";
const VERSION: u16 = 1;
const CHECKSUM_OFFSET: usize = 24;
const CHECKSUM_BYTES: usize = 8;
const HEADER_BYTES: usize = 108;

#[cfg(test)]
mod tests;
