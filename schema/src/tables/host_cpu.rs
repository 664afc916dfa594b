//! The processors of the machine, from `/proc/stat` and `/proc/loadavg`.

use super::{BuiltIn, Field};

/// Processor time by mode since the previous sample, load and pressure of the machine.
pub static HOST_CPU: BuiltIn = BuiltIn {
    name: "host_cpu",
    about: "Processor time by mode since the previous sample, load and pressure of the machine.",
    append_only: false,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance", "host"],
    fields: &[
        Field::interval(),
        Field::spent_ms("user"),
        Field::spent_ms("nice"),
        Field::spent_ms("system"),
        Field::spent_ms("idle"),
        Field::spent_ms("iowait"),
        Field::spent_ms("irq"),
        Field::spent_ms("softirq"),
        Field::spent_ms("steal"),
        Field::level("cpus", "processors"),
        Field::count("context_switches", ""),
        Field::count("processes_forked", "processes"),
        Field::level("procs_running", "processes"),
        Field::level("procs_blocked", "processes"),
        Field::measure("load1", ""),
        Field::measure("load5", ""),
        Field::measure("load15", ""),
        Field::spent_ms("pressure_some"),
    ],
};
