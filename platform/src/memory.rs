//! How much memory the machine, or the container around this process, has to give.
//!
//! A container's limit counts where it is lower than the machine's memory: a budget taken from the
//! machine would be answered by the kernel ending the process.

use std::fs::read_to_string;
use std::io;
use std::path::{Path, PathBuf};

/// Returns the most memory that this process may use, in bytes.
///
/// It is the machine's memory or, where lower, the lowest limit of the control groups (version 2
/// or 1) that the process is in.
///
/// # Errors
/// When `/proc/meminfo` cannot be read. Control groups that cannot be read are no limit.
pub fn memory_limit() -> io::Result<u64> {
    let machine = from_meminfo("MemTotal:")?;
    Ok(groups()
        .iter()
        .filter_map(|group| group.limit)
        .fold(machine, u64::min))
}

/// Returns the memory that can still be taken without swapping, in bytes.
///
/// # Errors
/// As for [`memory_limit`].
pub fn available_memory() -> io::Result<u64> {
    let machine = from_meminfo("MemAvailable:")?;
    Ok(groups()
        .iter()
        .filter_map(Group::available)
        .fold(machine, u64::min))
}

/// Returns the bytes that the line `name` of a file of `/proc` tells in kibibytes.
pub(crate) fn kibibytes_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim()
        .strip_suffix(" kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

/// What one control group allows and uses, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    limit: Option<u64>,
    used: Option<u64>,
}

impl Group {
    fn available(&self) -> Option<u64> {
        Some(self.limit?.saturating_sub(self.used?))
    }
}

fn from_meminfo(name: &str) -> io::Result<u64> {
    let text = read_to_string("/proc/meminfo")?;
    kibibytes_of(&text, name)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "unknown shape of /proc/meminfo"))
}

/// Reads the control groups around this process, from its own up to the root.
fn groups() -> Vec<Group> {
    let Ok(membership) = read_to_string("/proc/self/cgroup") else {
        return Vec::new();
    };
    group_dirs(&membership, Path::new("/sys/fs/cgroup"))
        .iter()
        .map(|dir| read_group(dir))
        .collect()
}

/// Returns the folders of the groups named in `/proc/self/cgroup`, each with its ancestors.
fn group_dirs(membership: &str, mount: &Path) -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for line in membership.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else {
            continue;
        };
        let root = match controllers {
            "" => mount.to_path_buf(),
            "memory" => mount.join("memory"),
            _ => continue,
        };
        let group = root.join(group.trim_start_matches('/'));
        dirs.extend(
            group
                .ancestors()
                .take_while(|dir| dir.starts_with(&root))
                .map(Path::to_path_buf),
        );
    }
    dirs
}

fn read_group(dir: &Path) -> Group {
    let number = |names: [&str; 2]| {
        names
            .iter()
            .find_map(|name| read_to_string(dir.join(name)).ok()?.trim().parse().ok())
    };
    Group {
        // Version 2 says "max" where there is no limit, which is no number; version 1 tells a
        // number beyond every machine.
        limit: number(["memory.max", "memory.limit_in_bytes"]),
        used: number(["memory.current", "memory.usage_in_bytes"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RealDisk, durable};

    #[test]
    fn this_machine_has_memory_and_some_of_it_is_left() {
        let limit = memory_limit().unwrap();
        assert!(limit > 16 << 20, "{limit}");
        assert!(available_memory().unwrap() <= limit);
    }

    #[test]
    fn lines_of_another_shape_are_no_number() {
        assert_eq!(
            kibibytes_of("MemTotal:   12 kB\n", "MemTotal:"),
            Some(12_288)
        );
        assert_eq!(kibibytes_of("MemTotal:   12 MB\n", "MemTotal:"), None);
        assert_eq!(
            kibibytes_of("MemTotal: 99999999999999999999 kB\n", "MemTotal:"),
            None
        );
        assert_eq!(kibibytes_of("", "MemTotal:"), None);
    }

    #[test]
    fn ancestors_of_a_group_count_up_to_the_mount() {
        let mount = Path::new("/cg");
        let two = group_dirs("0::/a/b\n", mount);
        assert_eq!(two, ["/cg/a/b", "/cg/a", "/cg"].map(PathBuf::from));
        let one = group_dirs("5:cpu:/x\n4:memory:/m\nnonsense\n", mount);
        assert_eq!(one, ["/cg/memory/m", "/cg/memory"].map(PathBuf::from));
    }

    #[test]
    fn limit_and_usage_come_from_either_version() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            durable::write_file(&RealDisk, &dir.path().join(name), text.as_bytes()).unwrap();
        };
        assert_eq!(
            read_group(dir.path()),
            Group {
                limit: None,
                used: None
            }
        );
        write("memory.limit_in_bytes", "900\n");
        write("memory.usage_in_bytes", "1000\n");
        assert_eq!(read_group(dir.path()).available(), Some(0));
        write("memory.max", "max\n");
        write("memory.current", "100\n");
        assert_eq!(read_group(dir.path()).available(), Some(800));
        write("memory.max", "500\n");
        assert_eq!(read_group(dir.path()).available(), Some(400));
    }
}
