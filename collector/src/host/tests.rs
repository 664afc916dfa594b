//! Texts of a real kernel become rows, and missing files become no rows.

use super::{HOST_TABLES, Procfs};
use crate::sample::reading::{Reading, counter_positions};
use crate::sample::value::Value;
use crate::sample::view::View;

fn procfs() -> Procfs {
    Procfs {
        stat: "cpu  100 1 50 4000 7 0 3 2 0 0\ncpu0 50 1 25 2000 3 0 1 1 0 0\n\
               cpu1 50 0 25 2000 4 0 2 1 0 0\nctxt 12345\nbtime 1700000000\nprocesses 99\n\
               procs_running 2\nprocs_blocked 1\n"
            .into(),
        loadavg: "0.50 0.25 0.10 1/200 4242\n".into(),
        meminfo: "MemTotal:       2048 kB\nMemFree:  1024 kB\nHugePages_Total:       4\n".into(),
        vmstat: "pgmajfault 7\npswpin 1\npswpout 2\noom_kill 0\n".into(),
        diskstats: " 254 0 vda 10 1 80 5 20 2 160 9 1 14 30 0 0 0 0 3 4\n\
                    254 1 vda1 9 1 8 5 2 2 16 9 0 14 3 0 0 0 0 3 4\n"
            .into(),
        pressure_cpu: "some avg10=0.00 avg60=0.00 avg300=0.00 total=5000\nfull avg10=0 total=1\n"
            .into(),
    }
}

fn value(reading: &Reading, view: &View, name: &str) -> Value {
    let at = view
        .fields
        .iter()
        .position(|column| column.name == name)
        .unwrap();
    reading.rows.values().next().unwrap().fields[at].clone()
}

#[test]
fn texts_of_a_kernel_become_rows() {
    let procfs = procfs();
    let [cpu, memory, disk] = HOST_TABLES.map(|table| ((table.read)(&procfs, "h"), table.view));
    assert_eq!(value(&cpu.0, cpu.1, "user"), Value::F64(1_000.0));
    assert_eq!(value(&cpu.0, cpu.1, "cpus"), Value::I64(2));
    assert_eq!(value(&cpu.0, cpu.1, "procs_blocked"), Value::I64(1));
    assert_eq!(value(&cpu.0, cpu.1, "pressure_some"), Value::F64(5.0));
    assert_eq!(value(&memory.0, memory.1, "total"), Value::I64(2 << 20));
    assert_eq!(
        value(&memory.0, memory.1, "huge_pages_total"),
        Value::I64(4)
    );
    assert_eq!(value(&memory.0, memory.1, "available"), Value::Null);
    assert_eq!(disk.0.rows.len(), 1);
    assert_eq!(value(&disk.0, disk.1, "write_bytes"), Value::I64(160 * 512));
    assert_eq!(value(&disk.0, disk.1, "flush_time"), Value::F64(4.0));
    assert_eq!(procfs.started(), 1_700_000_000_000_000);
}

#[test]
fn a_kernel_without_the_files_gives_no_rows() {
    for table in HOST_TABLES {
        assert!((table.read)(&Procfs::default(), "h").rows.is_empty());
    }
}

#[test]
fn every_host_table_is_filled_column_by_column() {
    for table in HOST_TABLES {
        let mut declared: Vec<_> = table
            .view
            .table
            .fields
            .iter()
            .map(|field| field.name)
            .collect();
        declared.retain(|name| *name != "interval_s");
        let filled: Vec<_> = table.view.fields.iter().map(|column| column.name).collect();
        assert_eq!(filled, declared, "{}", table.view.table.name);
        assert!(!counter_positions(table.view).is_empty());
    }
}
