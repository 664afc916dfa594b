//! The names of the files in a log's directory.
//!
//! ```text
//!   00000000000000000042.log     segment 42
//!   00000000000000000043.spare   zero-filled and on disk, to become a segment
//!   00000000000000000044.tmp     to become a spare; worth nothing after a crash
//! ```

use std::path::{Path, PathBuf};

/// What a name in the directory says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileName {
    /// A segment of this number.
    Segment(u64),
    /// A spare of this number.
    Spare(u64),
    /// A leftover.
    Temporary,
    /// It ends as a segment's name does, but is none.
    MalformedSegment,
    /// Nothing of ours.
    Foreign,
}

impl FileName {
    pub(crate) fn parse(name: &str) -> Self {
        match name.split_once('.') {
            Some((digits, "log")) => number(digits).map_or(Self::MalformedSegment, Self::Segment),
            Some((digits, "spare")) => number(digits).map_or(Self::Foreign, Self::Spare),
            Some((_, "tmp")) => Self::Temporary,
            _ => Self::Foreign,
        }
    }
}

/// Returns the path of a segment.
pub(crate) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.log"))
}

/// Returns the path of a spare.
pub(crate) fn spare_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.spare"))
}

/// Returns the path of a file that is to become a spare.
pub(crate) fn temporary_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.tmp"))
}

fn number(digits: &str) -> Option<u64> {
    let is_ours = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is() {
        assert_eq!(
            FileName::parse("00000000000000000042.log"),
            FileName::Segment(42)
        );
        assert_eq!(
            FileName::parse("00000000000000000043.spare"),
            FileName::Spare(43)
        );
        assert_eq!(
            FileName::parse("00000000000000000044.tmp"),
            FileName::Temporary
        );
        assert_eq!(FileName::parse("42.log"), FileName::MalformedSegment);
        assert_eq!(
            FileName::parse("+0000000000000000042.log"),
            FileName::MalformedSegment
        );
        assert_eq!(
            FileName::parse("99999999999999999999.log"),
            FileName::MalformedSegment
        );
        assert_eq!(FileName::parse("lost+found"), FileName::Foreign);
        assert_eq!(
            segment_path(Path::new("/w"), 42),
            Path::new("/w/00000000000000000042.log")
        );
    }
}
