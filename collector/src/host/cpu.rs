//! `host_cpu`: `/proc/stat`, `/proc/loadavg`, `/proc/pressure/cpu`.
//!
//! **Source:** Linux, `Documentation/filesystems/proc.rst`, 1.7.

use schema::tables::HOST_CPU;

use super::HostTable;
use super::procfs::{Procfs, value_of};
use crate::sample::reading::Reading;
use crate::sample::value::Value;
use crate::sample::view::{Column, Emission, View};

pub(super) const TABLE: HostTable = HostTable { view: &VIEW, read };

static VIEW: View = View {
    table: &HOST_CPU,
    from: &[],
    tags: &[Column::same("host")],
    key: &[],
    origin: &[],
    fields: &[
        Column::same("user"),
        Column::same("nice"),
        Column::same("system"),
        Column::same("idle"),
        Column::same("iowait"),
        Column::same("irq"),
        Column::same("softirq"),
        Column::same("steal"),
        Column::same("cpus"),
        Column::same("context_switches"),
        Column::same("processes_forked"),
        Column::same("procs_running"),
        Column::same("procs_blocked"),
        Column::same("load1"),
        Column::same("load5"),
        Column::same("load15"),
        Column::same("pressure_some"),
    ],
    emission: Emission::Always,
};

fn read(procfs: &Procfs, host: &str) -> Reading {
    let mut reading = Reading::default();
    let Some(modes) = procfs
        .stat
        .lines()
        .find_map(|line| line.strip_prefix("cpu "))
    else {
        return reading;
    };
    let modes: Vec<f64> = modes
        .split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    let loads: Vec<f64> = procfs
        .loadavg
        .split_whitespace()
        .take(3)
        .filter_map(|n| n.parse().ok())
        .collect();
    let cpus = procfs
        .stat
        .lines()
        .filter(|line| line.starts_with("cpu"))
        .count()
        .saturating_sub(1);
    reading.add_named(&VIEW, &[host], |name| {
        let mode = |at: usize| modes.get(at).map(|ticks| Value::F64(ticks * TICK_MS));
        let stat = |name| value_of(&procfs.stat, name).map(Value::I64);
        match name {
            "user" => mode(0),
            "nice" => mode(1),
            "system" => mode(2),
            "idle" => mode(3),
            "iowait" => mode(4),
            "irq" => mode(5),
            "softirq" => mode(6),
            "steal" => mode(7),
            "cpus" => i64::try_from(cpus).ok().map(Value::I64),
            "context_switches" => stat("ctxt"),
            "processes_forked" => stat("processes"),
            "load1" => loads.first().copied().map(Value::F64),
            "load5" => loads.get(1).copied().map(Value::F64),
            "load15" => loads.get(2).copied().map(Value::F64),
            "pressure_some" => pressure_ms(&procfs.pressure_cpu).map(Value::F64),
            other => stat(other),
        }
    });
    reading
}

/// Reads the microseconds of `some avg10=0.00 … total=123`.
fn pressure_ms(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with("some "))?;
    let total = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("total="))?;
    total.parse::<f64>().ok().map(|micros| micros / 1_000.0)
}

/// `USER_HZ` is 100 on every Linux.
const TICK_MS: f64 = 10.0;
