//! zstd over encoded bytes, where it pays.

use std::io::Read;

use super::Damage;

/// Compresses with zstd, unless less than a twentieth would be gained.
pub(crate) fn compress(bytes: &[u8], level: i32) -> Option<Vec<u8>> {
    if bytes.len() < BYTES_MIN {
        return None;
    }
    // Compression only fails for want of memory; the bytes then stay as they are.
    let compressed = zstd::bulk::compress(bytes, level).ok()?;
    (compressed.len() + bytes.len() / 20 < bytes.len()).then_some(compressed)
}

/// Decompresses exactly `size` bytes.
///
/// Memory grows with what really comes out, not with what `size` claims.
pub(crate) fn decompress(bytes: &[u8], size: usize) -> Result<Vec<u8>, Damage> {
    let out = if size <= BULK_BYTES_MAX {
        zstd::bulk::decompress(bytes, size).map_err(|_| BROKEN)?
    } else {
        let mut out = Vec::new();
        let decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|_| BROKEN)?;
        // One byte more than is wanted shows that there is too much.
        decoder
            .take(size as u64 + 1)
            .read_to_end(&mut out)
            .map_err(|_| BROKEN)?;
        out
    };
    if out.len() != size {
        return Err(Damage("its length is not what it says"));
    }
    Ok(out)
}

/// Shorter bytes gain nothing: a frame of zstd alone has a dozen.
const BYTES_MIN: usize = 48;
/// Up to here the whole is allocated at once.
const BULK_BYTES_MAX: usize = 4 << 20;
const BROKEN: Damage = Damage("zstd cannot read it");
