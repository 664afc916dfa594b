//! A page: one sealed piece of a file that is read piece by piece.
//!
//! ```text
//!   nonce (12) ‖ ciphertext (as long as the plaintext) ‖ tag (16)
//! ```
//!
//! The file's own footer says where pages begin and end; nothing of that is repeated here.

use platform::Entropy;

use crate::{Error, FileKey, NONCE_BYTES, Nonce, Place, TAG_BYTES};

/// Bytes that a sealed page is longer than its plaintext.
pub const PAGE_OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// Seals a page for its place. One copy of the plaintext, encrypted where it then lies.
///
/// # Panics
/// When `plain` is longer than 64 GiB.
#[must_use]
pub fn seal_page(
    key: &FileKey,
    entropy: &dyn Entropy,
    place: &Place,
    plain: impl AsRef<[u8]>,
) -> Vec<u8> {
    let plain = plain.as_ref();
    let nonce = Nonce::generate(entropy);
    let mut page = Vec::with_capacity(plain.len() + PAGE_OVERHEAD_BYTES);
    page.extend_from_slice(nonce.as_bytes());
    page.extend_from_slice(plain);
    let (_, text) = page.split_at_mut(NONCE_BYTES);
    let tag = key.seal_detached(&nonce, &place.associated_data(plain.len()), text);
    page.extend_from_slice(&tag);
    page
}

/// Opens a page at its place and returns the plaintext.
///
/// # Errors
/// [`Error::Damaged`] when the bytes changed, or were sealed for another place or under another key.
pub fn open_page(key: &FileKey, place: &Place, sealed: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
    let sealed = sealed.as_ref();
    let (nonce, rest) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or_else(|| damaged(TOO_SHORT))?;
    let (text, tag) = rest
        .split_last_chunk::<TAG_BYTES>()
        .ok_or_else(|| damaged(TOO_SHORT))?;
    let mut plain = text.to_vec();
    let aad = place.associated_data(plain.len());
    key.open_detached(&Nonce::from_bytes(*nonce), &aad, &mut plain, tag)
        .map_err(|_| damaged(NOT_HERE))?;
    Ok(plain)
}

/// Opens a page where it lies and returns the part of `sealed` that is now plaintext.
///
/// # Errors
/// As [`open_page`]; `sealed` is then unchanged.
pub fn open_page_in_place<'a>(
    key: &FileKey,
    place: &Place,
    sealed: &'a mut [u8],
) -> Result<&'a mut [u8], Error> {
    let (nonce, rest) = sealed
        .split_first_chunk_mut::<NONCE_BYTES>()
        .ok_or_else(|| damaged(TOO_SHORT))?;
    let plain_bytes = rest
        .len()
        .checked_sub(TAG_BYTES)
        .ok_or_else(|| damaged(TOO_SHORT))?;
    let aad = place.associated_data(plain_bytes);
    key.open_slice(&Nonce::from_bytes(*nonce), &aad, rest)
        .map_err(|_| damaged(NOT_HERE))
}

fn damaged(reason: &'static str) -> Error {
    Error::Damaged {
        artefact: "a page".to_owned(),
        reason,
    }
}

const TOO_SHORT: &str = "it is shorter than its nonce and tag";
const NOT_HERE: &str = "its tag does not match its bytes and place";

#[cfg(test)]
mod tests;
