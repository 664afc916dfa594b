//! Names of processor, kernel and file system, from `/proc`.

use std::fs::read_to_string;
use std::path::Path;

/// Returns the name of the first processor.
pub(super) fn processor() -> Option<String> {
    named(&read_to_string("/proc/cpuinfo").ok()?, "model name")
}

/// Returns the kernel's release.
pub(super) fn kernel() -> Option<String> {
    let release = read_to_string("/proc/sys/kernel/osrelease").ok()?;
    Some(release.trim().to_owned())
}

/// Returns type and device of the file system that holds a directory.
pub(super) fn file_system(dir: &Path) -> Option<String> {
    let dir = dir.canonicalize().ok()?;
    mount_of(&read_to_string("/proc/self/mountinfo").ok()?, &dir)
}

/// Returns the value of a line `name : value`.
fn named(text: &str, name: &str) -> Option<String> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned())
}

/// Returns the mount with the longest mount point above a directory; of equal ones the last, which
/// hides the others.
fn mount_of(mountinfo: &str, dir: &Path) -> Option<String> {
    let mut best: Option<(usize, String)> = None;
    for line in mountinfo.lines() {
        let Some((place, device)) = line.split_once(" - ") else {
            continue;
        };
        let (Some(point), mut words) = (place.split(' ').nth(4), device.split(' ')) else {
            continue;
        };
        let is_longer = best
            .as_ref()
            .is_none_or(|(length, _)| *length <= point.len());
        if dir.starts_with(point) && is_longer {
            let (kind, source) = (words.next()?, words.next()?);
            best = Some((point.len(), format!("{kind} on {source}")));
        }
    }
    best.map(|(_, description)| description)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
25 27 0:25 / /dev/shm rw,relatime shared:3 - tmpfs tmpfs rw
30 27 0:26 / /data rw - xfs /dev/vdb rw
31 27 0:27 / /data rw - btrfs /dev/vdc rw
";

    #[test]
    fn the_nearest_mount_is_told() {
        let of = |dir: &str| mount_of(MOUNTS, Path::new(dir));
        assert_eq!(of("/home/x").as_deref(), Some("ext4 on /dev/vda"));
        assert_eq!(of("/dev/shm/x").as_deref(), Some("tmpfs on tmpfs"));
        assert_eq!(of("/data").as_deref(), Some("btrfs on /dev/vdc"));
        assert_eq!(of("/database").as_deref(), Some("ext4 on /dev/vda"));
        assert_eq!(mount_of("nonsense", Path::new("/")), None);
    }

    #[test]
    fn a_named_value_is_found() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.50GHz\n";
        assert_eq!(
            named(text, "model name").as_deref(),
            Some("Some CPU @ 2.50GHz")
        );
        assert_eq!(named(text, "model"), None);
    }
}
