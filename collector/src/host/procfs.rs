//! The files of procfs that are read, as texts.

use std::path::Path;

/// The texts at a moment; a file that this kernel lacks is empty.
#[derive(Debug, Default, Clone)]
pub(crate) struct Procfs {
    /// `/proc/stat`.
    pub(crate) stat: String,
    /// `/proc/loadavg`.
    pub(crate) loadavg: String,
    /// `/proc/meminfo`.
    pub(crate) meminfo: String,
    /// `/proc/vmstat`.
    pub(crate) vmstat: String,
    /// `/proc/diskstats`.
    pub(crate) diskstats: String,
    /// `/proc/pressure/cpu`.
    pub(crate) pressure_cpu: String,
}

impl Procfs {
    /// Reads all files below `root`, which is `/proc`.
    pub(crate) async fn read(root: &Path) -> Self {
        let read = async |name: &str| {
            tokio::fs::read_to_string(root.join(name))
                .await
                .unwrap_or_default()
        };
        Self {
            stat: read("stat").await,
            loadavg: read("loadavg").await,
            meminfo: read("meminfo").await,
            vmstat: read("vmstat").await,
            diskstats: read("diskstats").await,
            pressure_cpu: read("pressure/cpu").await,
        }
    }

    /// Returns when the machine started, in microseconds since the Unix epoch.
    pub(crate) fn started(&self) -> i64 {
        value_of(&self.stat, "btime")
            .unwrap_or(0)
            .saturating_mul(1_000_000)
    }
}

/// Returns the first number behind a name at the beginning of a line, with or without a colon.
pub(super) fn value_of(text: &str, name: &str) -> Option<i64> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        let value = rest.strip_prefix([' ', '\t'])?;
        value.split_whitespace().next()?.parse().ok()
    })
}

/// Returns the name of this machine.
pub(crate) async fn host_name(root: &Path) -> String {
    let name = tokio::fs::read_to_string(root.join("sys/kernel/hostname")).await;
    name.map_or_else(|_| "localhost".to_owned(), |name| name.trim().to_owned())
}
