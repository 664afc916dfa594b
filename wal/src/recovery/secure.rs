//! Puts the last group of the log on disk once more.
//!
//! After a sync that failed, the kernel goes on showing what was written, and calls it clean: another
//! sync succeeds and writes nothing. A process that starts then, on a machine that did not, reads a
//! group that no disk holds. Every group but the last is vouched for by the one behind it, which is
//! written only after a sync has returned; the last is written again, over itself, before anybody
//! takes it for durable.

use platform::{FailPoint, OpenMode};

use crate::segment::{Found, OpenSegment, WalkedGroup, Walker};
use crate::{Environment, Error};

/// What to do about the last group, which no other calls durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastGroup {
    /// Only look at it; nothing is made of what it says.
    Read,
    /// Make it durable before it is given out.
    Secure,
}

/// Writes a group back over itself, syncs it, and reads it again; `before` is a walker that stands
/// before it.
///
/// A crash in the middle leaves the bytes that were there or the same bytes.
pub(super) fn secure(
    environment: &Environment,
    mut before: Walker,
    group: &WalkedGroup,
) -> Result<(), Error> {
    let segment = before.segment().clone();
    rewrite(environment, &segment, group).map_err(|source| Error::Io {
        path: segment.path.clone(),
        source,
    })?;
    // A page that the kernel calls clean may have been dropped, and read from the disk, in between.
    match before.next()? {
        Found::Group(again) if again.tag == group.tag => Ok(()),
        _ => Err(Error::Damaged {
            path: segment.path.clone(),
            offset: segment.offset_of(group.lsn),
            reason: "its last group was lost while it was read",
        }),
    }
}

fn rewrite(
    environment: &Environment,
    segment: &OpenSegment,
    group: &WalkedGroup,
) -> std::io::Result<()> {
    let start = segment.offset_of(group.lsn);
    let length = segment.offset_of(group.end) - start;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    segment.file.read_exact_at(&mut bytes, start)?;
    let file = environment.disk.open(&segment.path, OpenMode::ReadWrite)?;
    file.write_all_at(&bytes, start)?;
    environment.disk.reach(FailPoint::WalTailRewritten)?;
    file.sync_data()
}
