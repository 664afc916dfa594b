//! Moves whole buffers by calls that may move only a part.
//!
//! The kernel may read or write fewer bytes than asked, and a signal may interrupt it before the
//! first. The loops take the call as an argument, so that tests can shorten and interrupt it.

use std::io::{self, ErrorKind, IoSlice};

use rustix::io::Errno;

/// Fills `out` from `offset` on by calling `read` as often as it takes.
pub(super) fn read_exact(
    mut out: &mut [u8],
    mut offset: u64,
    mut read: impl FnMut(&mut [u8], u64) -> Result<usize, Errno>,
) -> io::Result<()> {
    while !out.is_empty() {
        let count = match read(out, offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        };
        out = out.get_mut(count..).unwrap_or_default();
        offset += count as u64;
    }
    Ok(())
}

/// Writes all of `bytes` from `offset` on by calling `write` as often as it takes.
pub(super) fn write_all(
    mut bytes: &[u8],
    mut offset: u64,
    mut write: impl FnMut(&[u8], u64) -> Result<usize, Errno>,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = match write(bytes, offset) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => count,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        };
        bytes = bytes.get(count..).unwrap_or_default();
        offset += count as u64;
    }
    Ok(())
}

/// Writes all of `slices` from `offset` on, at most [`SLICES_PER_CALL`] in one call of `write`.
pub(super) fn write_all_vectored(
    mut slices: &mut [IoSlice<'_>],
    mut offset: u64,
    mut write: impl FnMut(&[IoSlice<'_>], u64) -> Result<usize, Errno>,
) -> io::Result<()> {
    // Advancing by nothing drops empty slices in front, so that what is left has bytes.
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let some = slices.get(..SLICES_PER_CALL).unwrap_or(slices);
        let count = match write(some, offset) {
            // A call's worth of empty slices in the middle has nothing to write.
            Ok(0) if some.iter().all(|slice| slice.is_empty()) => {
                slices = slices.get_mut(SLICES_PER_CALL..).unwrap_or_default();
                continue;
            }
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => count,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        };
        IoSlice::advance_slices(&mut slices, count);
        offset += count as u64;
    }
    Ok(())
}

/// The kernel refuses more in one call (`IOV_MAX`).
const SLICES_PER_CALL: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that takes and gives at most three bytes a call, and is interrupted before each.
    #[derive(Default)]
    struct Stingy {
        bytes: Vec<u8>,
        calls: usize,
    }

    impl Stingy {
        fn interrupts(&mut self) -> Result<(), Errno> {
            self.calls += 1;
            if self.calls % 2 == 1 {
                Err(Errno::INTR)
            } else {
                Ok(())
            }
        }

        fn write(&mut self, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
            self.interrupts()?;
            assert_eq!(offset, self.bytes.len() as u64);
            let count = bytes.len().min(3);
            self.bytes.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn read(&mut self, out: &mut [u8], offset: u64) -> Result<usize, Errno> {
            self.interrupts()?;
            let left = &self.bytes[usize::try_from(offset).unwrap()..];
            let count = out.len().min(3).min(left.len());
            out[..count].copy_from_slice(&left[..count]);
            Ok(count)
        }
    }

    #[test]
    fn short_and_interrupted_calls_move_everything_once() {
        let bytes: Vec<u8> = (0..100).collect();
        let mut file = Stingy::default();
        write_all(&bytes, 0, |b, at| file.write(b, at)).unwrap();
        assert_eq!(file.bytes, bytes);
        let mut out = [0; 90];
        read_exact(&mut out, 10, |o, at| file.read(o, at)).unwrap();
        assert_eq!(out, bytes[10..]);
    }

    #[test]
    fn slices_are_written_in_order_across_short_calls_and_empty_slices() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * SLICES_PER_CALL).collect();
        let mut slices: Vec<IoSlice<'_>> = Vec::new();
        slices.extend(bytes.chunks(2).map(IoSlice::new));
        slices.splice(0..0, vec![IoSlice::new(b""); 2 * SLICES_PER_CALL]);
        slices.splice(
            3 * SLICES_PER_CALL..3 * SLICES_PER_CALL,
            vec![IoSlice::new(b""); 2 * SLICES_PER_CALL],
        );
        let mut file = Stingy::default();
        write_all_vectored(&mut slices, 0, |some, at| {
            assert!(some.len() <= SLICES_PER_CALL);
            let bytes: Vec<u8> = some
                .iter()
                .flat_map(|slice| slice.iter().copied())
                .collect();
            file.write(&bytes, at)
        })
        .unwrap();
        assert_eq!(file.bytes, bytes);
    }

    #[test]
    fn no_progress_is_an_error_and_not_a_loop() {
        let write = write_all(b"x", 0, |_, _| Ok(0)).unwrap_err();
        assert_eq!(write.kind(), ErrorKind::WriteZero);
        let read = read_exact(&mut [0; 2], 0, |_, _| Ok(0)).unwrap_err();
        assert_eq!(read.kind(), ErrorKind::UnexpectedEof);
        let vectored = write_all_vectored(&mut [IoSlice::new(b"x")], 0, |_, _| Ok(0)).unwrap_err();
        assert_eq!(vectored.kind(), ErrorKind::WriteZero);
    }

    #[test]
    fn full_disk_after_a_short_write_is_told() {
        let mut calls = 0;
        let error = write_all(b"abcdef", 0, |_, _| {
            calls += 1;
            if calls == 1 { Ok(4) } else { Err(Errno::NOSPC) }
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::StorageFull);
    }
}
