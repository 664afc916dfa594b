//! Decompression of a request's body, with a cap.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::Error;

/// Returns the decompressed body.
///
/// Allocates as bytes come out, never more than `limit` and a few kilobytes.
///
/// # Errors
/// [`Error::Gzip`] for what is not gzip or ends early, [`Error::BodyBytes`] past `limit` bytes.
pub fn gunzip(body: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(most)
        .read_to_end(&mut plain)
        .map_err(|source| Error::Gzip { source })?;
    if plain.len() > limit {
        return Err(Error::BodyBytes { limit });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::gunzip;
    use crate::Error;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_survives_compression_and_members_are_joined() {
        let two = [gzip(b"cpu v=1\n"), gzip(b"cpu v=2\n")].concat();
        assert_eq!(gunzip(&two, 16).unwrap(), b"cpu v=1\ncpu v=2\n");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![b'x'; 10 << 20]);
        assert!(matches!(
            gunzip(&bomb, 1 << 10),
            Err(Error::BodyBytes { limit: 1024 })
        ));
        assert!(gunzip(&bomb, 10 << 20).is_ok());
    }

    #[test]
    fn what_is_cut_or_no_gzip_is_refused() {
        let whole = gzip(b"cpu v=1\n");
        for cut in 1..whole.len() {
            assert!(
                matches!(gunzip(&whole[..cut], 64), Err(Error::Gzip { .. })),
                "cut at {cut}"
            );
        }
        assert!(matches!(gunzip(b"cpu v=1", 64), Err(Error::Gzip { .. })));
    }
}
