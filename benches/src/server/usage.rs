//! What the server's process has used, from `/proc`.

use std::fs::read_to_string;
use std::time::Duration;

use crate::failure::{Failure, Outcome};

/// Processor time and memory of a process so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    /// Processor time of all threads, in user and kernel mode; counted in hundredths of a second.
    pub(crate) cpu: Duration,
    /// The memory that is resident now, in bytes.
    pub(crate) resident_bytes: u64,
    /// The most memory that was resident at any time, in bytes.
    pub(crate) resident_bytes_max: u64,
}

impl Usage {
    /// Reads the usage of a process that is running.
    ///
    /// # Errors
    /// When it is not, or `/proc` has another shape.
    pub(crate) fn of(process: u32) -> Outcome<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{process}/{file}");
            read_to_string(&path).map_err(|source| Failure::io(path, &source))
        };
        let parsed = Self::parse(&read("stat")?, &read("status")?);
        let unknown = || Failure::new("/proc has an unknown shape", "measure on Linux");
        parsed.ok_or_else(unknown)
    }

    fn parse(stat: &str, status: &str) -> Option<Self> {
        // The second field is the program's name in brackets, which may hold anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut times = fields.split_ascii_whitespace().skip(UTIME_AFTER_NAME);
        let mut ticks = || times.next()?.parse::<u64>().ok();
        let ticks = ticks()? + ticks()?;
        let kilobytes = |name: &str| -> Option<u64> {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            value.trim().strip_suffix(" kB")?.trim().parse().ok()
        };
        let (now, peak) = (kilobytes("VmRSS:")?, kilobytes("VmHWM:")?);
        Some(Self {
            cpu: Duration::from_millis(ticks * TICK_MS),
            resident_bytes: now * 1_024,
            resident_bytes_max: peak * 1_024,
        })
    }
}

/// `utime` is field 14 of `stat`, the name is field 2; `stime` follows.
const UTIME_AFTER_NAME: usize = 11;
/// The kernel tells user space 100 ticks a second on every architecture (`USER_HZ`).
const TICK_MS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_peak_are_read_past_any_name() {
        let stat = "7 (a) b (c) S 0 0 0 0 -1 41 5 51 0 60 457 110 3 2 10 -10 13 0 11 535";
        let status = "Name:\tx\nVmPeak:\t  90 kB\nVmHWM:\t  20 kB\nVmRSS:\t 10 kB\n";
        let usage = Usage::parse(stat, status).unwrap();
        assert_eq!(usage.cpu, Duration::from_millis(5_670));
        assert_eq!(
            (usage.resident_bytes_max, usage.resident_bytes),
            (20_480, 10_240)
        );
        assert_eq!(Usage::parse("7 x", status), None);
        assert_eq!(Usage::parse(stat, "VmHWM: much"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident_bytes_max > 100_000);
        assert!(Usage::of(u32::MAX).is_err());
    }
}
