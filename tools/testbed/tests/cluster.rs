//! A cluster answers, keeps its data over a restart, and leaves nothing behind.

use std::path::Path;

use testbed::{Cluster, Options, Shutdown};

#[test]
fn a_cluster_answers_on_both_doors_and_leaves_nothing_behind() {
    let cluster = Cluster::start(&Options::default()).unwrap();
    assert_eq!(cluster.sql("SELECT 1 + 1").unwrap(), "2");
    cluster.sql("CREATE EXTENSION pg_stat_statements").unwrap();
    let version = cluster.sql("SHOW server_version_num").unwrap();
    assert_eq!(
        version.parse::<u32>().unwrap() / 10_000,
        cluster.major_version()
    );
    let data = cluster.sql("SHOW data_directory").unwrap();
    assert!(cluster.socket_url().contains("%2F"));
    drop(cluster);
    assert!(!Path::new(&data).exists());
}

#[test]
fn data_survive_a_crash_and_mistakes_are_told() {
    let cluster = Cluster::start(&Options::default().with("work_mem", "3MB")).unwrap();
    assert_eq!(cluster.sql("SHOW work_mem").unwrap(), "3MB");
    cluster.sql("CREATE TABLE t AS SELECT 7 AS n").unwrap();
    cluster.sql("CHECKPOINT").unwrap();
    cluster.restart(Shutdown::Immediate).unwrap();
    assert_eq!(cluster.sql("SELECT n FROM t").unwrap(), "7");
    let mistake = cluster.sql("SELECT n FROM nowhere").unwrap_err();
    assert!(mistake.to_string().contains("nowhere"), "{mistake}");
}
