//! Both disks of this crate keep the contract.

use std::collections::BTreeSet;

use super::*;
use crate::disk::{RealDisk, SimDisk};

#[test]
fn operating_system_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    run_all(&RealDisk, dir.path());
}

#[test]
fn simulated_disk_keeps_the_contract() {
    run_all(&SimDisk::new(1), Path::new("/data"));
}

#[test]
fn simulated_disk_keeps_the_contract_after_every_kind_of_end() {
    let disk = SimDisk::new(1);
    run_all(&disk, Path::new("/before"));
    run_all(&disk.kill(), Path::new("/killed"));
    run_all(&disk.crash(), Path::new("/crashed"));
}

#[test]
fn cases_have_names_of_their_own() {
    let names: Vec<&str> = cases().map(|case| case.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}
