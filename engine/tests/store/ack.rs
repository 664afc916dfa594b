//! W-1: an ack means durable and visible.

use crate::harness::{Machine, Row, START, batch, lines, write};

#[test]
fn an_acked_batch_is_visible_at_once() {
    let engine = Machine::new(1).open();
    let committed = write(&engine, &batch("cpu", &[Row::new("a", START + 5, 1)]));
    assert!(!committed.duplicate);
    assert!(engine.view().applied_lsn() >= committed.lsn);
    assert_eq!(lines(&engine, "cpu"), ["time=5 host=a count=1"]);
}

#[test]
fn an_acked_batch_survives_power_loss() {
    let machine = Machine::new(2);
    let engine = machine.open();
    write(&engine, &batch("cpu", &[Row::new("a", START + 5, 1)]));
    let digest = engine.digest().unwrap();
    let after = Machine::on(machine.disk.crash());
    let recovered = after.open();
    assert_eq!(recovered.digest().unwrap(), digest);
    assert_eq!(lines(&recovered, "cpu"), ["time=5 host=a count=1"]);
    assert!(recovered.recovery().log.records == 1);
}
