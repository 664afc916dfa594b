//! Cuts a range of bytes at the borders of sectors or pages.

/// The part of a range that lies in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// The number of the unit.
    pub(super) index: u64,
    /// Where in the unit the part begins.
    pub(super) start: usize,
    /// The length of the part.
    pub(super) bytes: usize,
}

/// Returns the parts of the `bytes` bytes from `offset` on, unit by unit of `unit` bytes.
pub(super) fn pieces(offset: u64, bytes: usize, unit: u64) -> impl Iterator<Item = Piece> {
    let end = offset + bytes as u64;
    let mut at = offset;
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let stop = end.min((at / unit + 1) * unit);
        let piece = Piece {
            index: at / unit,
            start: small(at % unit),
            bytes: small(stop - at),
        };
        at = stop;
        Some(piece)
    })
}

/// Returns a number below the size of a unit as an index.
fn small(number: u64) -> usize {
    usize::try_from(number).expect("units are a few thousand bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lie_in_one_unit_each_and_cover_the_range() {
        let cut: Vec<Piece> = pieces(510, 1030, 512).collect();
        let expected = [(0, 510, 2), (1, 0, 512), (2, 0, 512), (3, 0, 4)];
        assert_eq!(
            cut,
            expected.map(|(index, start, bytes)| Piece {
                index,
                start,
                bytes
            })
        );
    }

    #[test]
    fn nothing_has_no_pieces() {
        assert_eq!(pieces(512, 0, 512).count(), 0);
    }
}
