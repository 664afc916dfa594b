//! The pieces of a store's files: what is sealed or checked as one, and so is named as one when it is
//! damaged.
//!
//! | file | pieces |
//! |---|---|
//! | segment of the log | header, each group, what is behind the last one |
//! | part | header, each page, footer, trailer |
//! | manifest, keyring | the file |

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use engine::offline;
use wal::inspect;

use crate::check::describe;
use crate::machine::Machine;
use crate::suites::readers::log_environment;
use crate::violation::Violation;

/// Where the pieces of each file lie.
pub(super) struct Pieces(BTreeMap<PathBuf, Vec<Range<u64>>>);

impl Pieces {
    /// Looks into files that are whole.
    ///
    /// # Errors
    /// When one is not.
    pub(super) fn of(machine: &Machine, files: &[(PathBuf, u64)]) -> Result<Self, Violation> {
        let all = files.iter().map(|(path, bytes)| {
            let begins = match path.extension().and_then(|extension| extension.to_str()) {
                Some("log") => groups(machine, path)?,
                Some("part") => pages(machine, path, *bytes)?,
                _ => Vec::new(),
            };
            Ok((path.clone(), between(begins, *bytes)))
        });
        all.collect::<Result<_, _>>().map(Self)
    }

    /// Tells whether a byte is in the last piece of a file: of a segment, behind its last group.
    pub(super) fn is_in_last(&self, path: &Path, at: u64) -> bool {
        let pieces = self.0.get(path);
        let last = pieces.and_then(|pieces| pieces.last());
        last.is_some_and(|last| last.contains(&at))
    }

    /// Tells whether a complaint names the file, and an offset in the piece that a byte of it is in.
    pub(super) fn is_named(&self, complaint: &str, path: &Path, at: u64) -> bool {
        let pieces = self.0.get(path);
        let piece = pieces.and_then(|pieces| pieces.iter().find(|piece| piece.contains(&at)));
        let path = path.to_str().unwrap_or_default();
        let mut named = complaint.split("; ").filter(|one| one.contains(path));
        named.any(|one| {
            let offset = offset_in(one);
            piece.is_some_and(|piece| offset.is_some_and(|offset| piece.contains(&offset)))
        })
    }
}

/// Returns where the last group of a segment lies, if it has one.
///
/// # Errors
/// When the segment is not whole.
pub(super) fn last_group(machine: &Machine, path: &Path) -> Result<Option<Range<u64>>, Violation> {
    let begins = groups(machine, path)?;
    let mut from_behind = begins.iter().rev().copied();
    Ok(from_behind
        .next()
        .zip(from_behind.next())
        .map(|(end, at)| at..end))
}

/// Returns where each group of a segment begins, and where the last one ends.
fn groups(machine: &Machine, path: &Path) -> Result<Vec<u64>, Violation> {
    let unread = |error: wal::Error| Violation(error.to_string());
    let scan = inspect::scan(&machine.disk, path).map_err(unread)?;
    let groups = inspect::groups(&log_environment(machine)?, path).map_err(unread)?;
    // Positions and offsets go the same pace.
    let (base, first) = (scan.segment.base_lsn.get(), scan.records.first());
    let header = first.map_or(scan.end_offset, |record| record.offset);
    let begins = groups.iter().map(|group| header + group.lsn.get() - base);
    Ok(begins.chain([scan.end_offset]).collect())
}

/// Returns where the pieces of a part begin behind its header.
fn pages(machine: &Machine, path: &Path, bytes: u64) -> Result<Vec<u64>, Violation> {
    let unread = |error| Violation(describe(&error));
    let environment = machine.environment().map_err(unread)?;
    let part = offline::inspect_part(&environment, path).map_err(unread)?;
    let (mut begins, mut end) = (Vec::new(), 0);
    for column in part.columns() {
        for page in 0..part.page_count() {
            let page = part.page(column, page);
            if page.sealed_bytes > 0 {
                begins.push(page.offset);
                end = end.max(page.offset + u64::from(page.sealed_bytes));
            }
        }
    }
    begins.extend([end.max(PART_HEADER_BYTES), bytes - PART_TRAILER_BYTES]);
    Ok(begins)
}

/// Returns the stretches between offsets, from the beginning of a file to its end.
fn between(mut begins: Vec<u64>, bytes: u64) -> Vec<Range<u64>> {
    begins.push(0);
    begins.sort_unstable();
    begins.dedup();
    let ends = begins.iter().skip(1).copied().chain([bytes]);
    begins.iter().zip(ends).map(|(at, end)| *at..end).collect()
}

/// Returns the offset that a text names.
fn offset_in(text: &str) -> Option<u64> {
    let behind = ["at byte ", "at offset "]
        .iter()
        .find_map(|words| Some(text.split_once(words)?.1))?;
    let digits = behind.find(|c: char| !c.is_ascii_digit());
    behind.get(..digits.unwrap_or(behind.len()))?.parse().ok()
}

/// As `docs/internals/part.md` has it.
const PART_HEADER_BYTES: u64 = 80;
const PART_TRAILER_BYTES: u64 = 16;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Pieces, between};

    #[test]
    fn only_the_piece_that_a_byte_is_in_names_it() {
        let path = Path::new("/data/a");
        let pieces = Pieces([(path.to_owned(), between(vec![80, 40], 90))].into());
        let names = |text, at| pieces.is_named(text, path, at);
        assert!(names("/data/a is damaged: at byte 40: no", 79));
        assert!(names("of /data/b at byte 1; /data/a at offset 80", 89));
        assert!(!names("/data/a is damaged: at byte 40: no", 80));
        assert!(!names("/data/a is damaged", 0) && !names("/data/b at byte 0", 0));
        assert!(!names("/data/a at byte 90", 89) && !names("", 0));
        assert!(pieces.is_in_last(path, 80) && !pieces.is_in_last(path, 79));
    }
}
