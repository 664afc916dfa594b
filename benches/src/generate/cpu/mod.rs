//! The data set `cpu`: the shape of TSBS's *cpu-only*.
//!
//! | what | how |
//! |---|---|
//! | rows | one of each host every 10 s, all hosts at the same moment, in the order of their numbers |
//! | tags | ten: `hostname` (`host_0` …), `region` (9), `datacenter` of that region (23 in all), `rack` (100), `os` (3), `arch` (2), `team` (4), `service` (20), `service_version` (2), `service_environment` (3); drawn once a host |
//! | fields | ten whole numbers, `usage_user` … `usage_guest_nice` |
//! | values | a walk in fractions, which begins anywhere from 0 to 100, adds a normal step of deviation 1 each 10 s and is held between 0 and 100; stored is its whole part |
//!
//! **Source:** github.com/timescale/tsbs, `pkg/data/usecases/common` and `…/devops`; its values, of
//! another generator of random numbers, are not repeated, its distribution is. The differences
//! within a field have an entropy of 0.268 bytes a value, as those of TSBS have; a test measures it.

mod host;
mod rows;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use rows::CpuRows;
pub(crate) use values::CpuValues;

/// How large the data set is, and which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CpuShape {
    /// Which of all data sets of this shape.
    pub(crate) seed: u64,
    /// The number of hosts; TSBS's usual is 1 000 or 4 000.
    pub(crate) hosts: u32,
    /// When each host is first sampled, in nanoseconds since the epoch.
    pub(crate) start_nanos: i64,
    /// How many times each host is sampled.
    pub(crate) ticks: i64,
}

impl CpuShape {
    /// Returns the shape of so many hours from the beginning of all data sets.
    pub(crate) fn of_hours(seed: u64, hosts: u32, hours: u32) -> Self {
        Self {
            seed,
            hosts,
            start_nanos: super::START_NANOS,
            ticks: i64::from(hours) * TICKS_PER_HOUR,
        }
    }

    /// Returns the shape of at least so many rows that come after all of this one's.
    pub(crate) fn followed_by(self, rows: u64) -> Self {
        let ticks = rows.div_ceil(u64::from(self.hosts).max(1));
        Self {
            start_nanos: self.end(),
            ticks: i64::try_from(ticks).unwrap_or(i64::MAX),
            ..self
        }
    }

    /// Returns the number of rows.
    #[cfg(test)]
    pub(crate) fn rows(self) -> u64 {
        u64::from(self.hosts) * self.ticks.unsigned_abs()
    }

    /// Returns the moment of the first rows, in nanoseconds since the epoch.
    pub(crate) fn start(self) -> i64 {
        self.start_nanos
    }

    /// Returns the moment at which the next rows would come.
    pub(crate) fn end(self) -> i64 {
        self.time_of(self.ticks)
    }

    /// Returns the moment of a tick.
    fn time_of(self, tick: i64) -> i64 {
        self.start_nanos + tick * TICK_NANOS
    }
}

/// The table that holds the data set.
pub(crate) const CPU_TABLE: &str = "cpu";

/// The tags, `hostname` first.
const CPU_TAGS: [&str; 10] = [
    "hostname",
    "region",
    "datacenter",
    "rack",
    "os",
    "arch",
    "team",
    "service",
    "service_version",
    "service_environment",
];

/// The fields.
pub(crate) const CPU_FIELDS: [&str; 10] = [
    "usage_user",
    "usage_system",
    "usage_idle",
    "usage_nice",
    "usage_iowait",
    "usage_irq",
    "usage_softirq",
    "usage_steal",
    "usage_guest",
    "usage_guest_nice",
];

const TICK_NANOS: i64 = 10_000_000_000;
const TICKS_PER_HOUR: i64 = 360;
