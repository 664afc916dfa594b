//! What this process uses, and how much of the machine a thread may claim.

use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setpriority_process, setrlimit};
use rustix::thread::gettid;
use rustix::time::{ClockId, clock_gettime};

use crate::memory::kibibytes_of;

/// What this process holds and has used, for metrics and budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessUsage {
    /// Memory that is resident now, in bytes.
    pub resident_bytes: u64,
    /// The most memory that was ever resident, in bytes.
    pub resident_bytes_max: u64,
    /// Processor time used so far by all threads, in user and kernel mode.
    pub cpu: Duration,
    /// Threads that run now.
    pub thread_count: u64,
}

impl ProcessUsage {
    /// Reads the usage of this process. It costs one small read of `/proc` and one call.
    ///
    /// # Errors
    /// When `/proc` is not mounted or has not the known shape (`InvalidData`).
    pub fn read() -> io::Result<Self> {
        let status = std::fs::read_to_string(STATUS)?;
        Self::parse(&status, cpu_time()).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "unknown shape of /proc/self/status",
            )
        })
    }

    fn parse(status: &str, cpu: Duration) -> Option<Self> {
        Some(Self {
            resident_bytes: kibibytes_of(status, "VmRSS:")?,
            resident_bytes_max: kibibytes_of(status, "VmHWM:")?,
            cpu,
            thread_count: number_of(status, "Threads:")?,
        })
    }
}

/// Sets the niceness of the calling thread: 0 is usual, 19 yields to everybody else.
///
/// Queries and compaction run niced, so that ingest is served first.
///
/// # Errors
/// `PermissionDenied` when `nice` is lower than now and the process may not raise its priority.
pub fn lower_thread_priority(nice: i32) -> io::Result<()> {
    // On Linux a niceness belongs to a thread, and this call takes a thread's id for a process'.
    setpriority_process(Some(gettid()), nice)?;
    Ok(())
}

/// Raises the number of files that this process may have open, sockets included, to the most that it may
/// set itself; returns the limit now in force, `u64::MAX` for none.
///
/// A shell's or an old service manager's soft limit of 1 024 is soon reached: a store keeps a file open for
/// each part, a server a socket for each client. To be called once, before many files are open.
///
/// # Errors
/// When the operating system does not allow what it calls the hard limit.
pub fn raise_open_files_limit() -> io::Result<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        let current = maximum;
        setrlimit(Resource::Nofile, Rlimit { current, maximum })?;
    }
    Ok(maximum.unwrap_or(u64::MAX))
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

fn number_of(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

const STATUS: &str = "/proc/self/status";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_of_this_process_is_plausible() {
        let usage = ProcessUsage::read().unwrap();
        assert!(usage.resident_bytes > 100_000, "{usage:?}");
        assert!(
            usage.resident_bytes_max >= usage.resident_bytes / 2,
            "{usage:?}"
        );
        assert!(usage.thread_count >= 1);
        assert!(ProcessUsage::read().unwrap().cpu >= usage.cpu);
    }

    #[test]
    fn status_of_another_shape_is_refused() {
        let cpu = Duration::from_secs(1);
        let status = "Name:\tx\nVmHWM:\t  20 kB\nVmRSS:\t  10 kB\nThreads:\t3\n";
        let usage = ProcessUsage::parse(status, cpu).unwrap();
        assert_eq!(
            (usage.resident_bytes, usage.resident_bytes_max),
            (10_240, 20_480)
        );
        assert_eq!((usage.thread_count, usage.cpu), (3, cpu));
        assert_eq!(ProcessUsage::parse("Name:\tx\n", cpu), None);
        assert_eq!(
            ProcessUsage::parse(&status.replace("10 kB", "much"), cpu),
            None
        );
    }

    #[test]
    fn priority_is_lowered_for_the_calling_thread_only() {
        let niced = std::thread::spawn(|| {
            lower_thread_priority(7).unwrap();
            rustix::process::getpriority_process(Some(gettid())).unwrap()
        });
        assert_eq!(niced.join().unwrap(), 7);
        assert_ne!(
            rustix::process::getpriority_process(Some(gettid())).unwrap(),
            7
        );
    }

    #[test]
    fn the_limit_on_open_files_is_raised_as_far_as_it_goes() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let current = Some(maximum.map_or(512, |maximum| maximum.min(512)));
        setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
        assert_eq!(
            raise_open_files_limit().unwrap(),
            maximum.unwrap_or(u64::MAX)
        );
        let raised = getrlimit(Resource::Nofile);
        assert_eq!((raised.current, raised.maximum), (maximum, maximum));
        assert!(
            raise_open_files_limit().is_ok(),
            "a second time it is there already"
        );
    }
}
