//! A manifest as bytes.
//!
//! ```text
//!  sealed envelope (crate `seal`, kind Manifest) around:
//!  offset  bytes  field    meaning
//!       0      4  magic    "pgAM"
//!       4      2  version  2
//!       6      2  reserved 0
//!       8      8  length   bytes of the body before compression
//!      16      n  body     zstd of the manifest as JSON, to the end
//! ```

use std::ops::RangeInclusive;
use std::path::Path;

use platform::Entropy;
use seal::{FileKind, Keyring, envelope};

use super::Manifest;
use crate::Error;

/// Returns a manifest sealed.
pub(crate) fn encode(manifest: &Manifest, keyring: &Keyring, entropy: &dyn Entropy) -> Vec<u8> {
    let body = serde_json::to_vec(manifest).expect("a manifest has text keys and no foreign types");
    let packed = zstd::bulk::compress(&body, LEVEL).expect("zstd into memory runs out of nothing");
    let mut plain = Vec::with_capacity(HEADER_BYTES + packed.len());
    plain.extend(MAGIC);
    plain.extend(VERSION.to_le_bytes());
    plain.extend(0u16.to_le_bytes());
    plain.extend((body.len() as u64).to_le_bytes());
    plain.extend(packed);
    envelope::seal(keyring, FileKind::Manifest, entropy, &plain)
}

/// Reads a manifest.
///
/// # Errors
/// [`Error::Corrupt`] when its bytes are not what was written, [`Error::Seal`] when no key fits,
/// [`Error::Refused`] for a version that this program does not know.
pub(crate) fn decode(path: &Path, bytes: &[u8], keyring: &Keyring) -> Result<Manifest, Error> {
    let plain =
        envelope::open(keyring, FileKind::Manifest, bytes).map_err(|source| {
            match source.kind() {
                seal::Kind::Corrupt => Error::corrupt_at(path, 0, source),
                _ => Error::seal(path, 0, source),
            }
        })?;
    let corrupt = |reason: &str| Error::corrupt(path, reason);
    let (header, packed) = plain
        .split_first_chunk::<HEADER_BYTES>()
        .ok_or_else(|| corrupt("it is shorter than its header"))?;
    let [m0, m1, m2, m3, v0, v1, _, _, length @ ..] = *header;
    if [m0, m1, m2, m3] != MAGIC {
        return Err(corrupt("it is not a manifest"));
    }
    if !VERSIONS.contains(&u16::from_le_bytes([v0, v1])) {
        return Err(Error::Refused {
            what: path.display().to_string(),
            reason: "a later version of this program wrote it",
        });
    }
    let length = usize::try_from(u64::from_le_bytes(length))
        .ok()
        .filter(|l| *l <= BODY_BYTES_MAX);
    let length = length.ok_or_else(|| corrupt("its length is not believable"))?;
    let body = zstd::bulk::decompress(packed, length);
    let body = body.map_err(|_| corrupt("its body does not decompress"))?;
    serde_json::from_slice(&body).map_err(|error| corrupt(&error.to_string()))
}

const MAGIC: [u8; 4] = *b"pgAM";
const VERSION: u16 = 2;
/// Version 1 has neither tombstones nor latest parts, and its parts neither heat nor `committed` nor `deletes_lsn`.
const VERSIONS: RangeInclusive<u16> = 1..=VERSION;
const HEADER_BYTES: usize = 16;
const LEVEL: i32 = 1;
/// A manifest of a million parts stays below.
const BODY_BYTES_MAX: usize = 1 << 30;
