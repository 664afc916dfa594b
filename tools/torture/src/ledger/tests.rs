//! The checker finds what it is for: each promise broken once.

use super::Ledger;

/// Two batches of two rows: the first is acked at 5, the second sent at 6.
fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    for (number, (sent, acked)) in [(1, Some(5)), (6, None)].into_iter().enumerate() {
        let rows = [0, 1].map(|row| format!("{number}/{row}"));
        assert_eq!(ledger.add(format!("batch {number}"), rows), number);
        ledger.sent(number, sent);
        if let Some(at) = acked {
            ledger.acked(number, at);
        }
    }
    ledger
}

fn complaint(moment: u64, found: &[&str]) -> String {
    let found = ledger().check(moment, found.iter().copied());
    found
        .map(|_| String::new())
        .unwrap_or_else(|violation| violation.0)
}

#[test]
fn what_may_be_found_is_found() {
    let whole = ["0/0", "0/1", "1/0", "1/1"];
    assert_eq!(complaint(9, &whole), "");
    assert_eq!(complaint(9, &whole[..2]), "");
    assert_eq!(complaint(4, &[]), "");
    assert_eq!(complaint(4, &whole[..2]), "", "it was sent, and made it");
}

#[test]
fn every_broken_promise_is_told() {
    assert_eq!(complaint(5, &[]), "batch 0 was acked and is lost");
    assert_eq!(
        complaint(9, &["0/0"]),
        "batch 0 is there with 1 of its 2 rows"
    );
    assert_eq!(
        complaint(5, &["0/0", "0/1", "1/0", "1/1"]),
        "batch 1 is there and was not taken"
    );
    assert_eq!(
        complaint(9, &["0/0", "0/1", "0/1"]),
        "a row is there twice: 0/1"
    );
    assert_eq!(complaint(9, &["2/0"]), "a row that nobody sent: 2/0");
}

#[test]
fn what_a_restart_did_not_find_must_not_come_back_and_what_it_found_must_stay() {
    let whole = ["0/0", "0/1", "1/0", "1/1"];
    let mut lost = ledger();
    lost.settle(&[0].into(), 7);
    assert_eq!(lost.check(9, ["0/0", "0/1"]), Ok([0].into()));
    assert!(lost.check(9, whole).is_err());
    let mut found = ledger();
    assert!(found.check(9, ["0/0", "0/1"]).is_ok());
    found.settle(&[0, 1].into(), 7);
    assert!(found.check(9, ["0/0", "0/1"]).is_err());
    assert_eq!(found.check(9, whole), Ok([0, 1].into()));
}

#[test]
fn a_hole_in_the_log_is_told() {
    let ledger = ledger();
    assert!(ledger.check_prefix(9, &[0].into()).is_ok());
    assert!(ledger.check_prefix(9, &[1].into()).is_err());
    assert!(ledger.check_prefix(5, &[].into()).is_ok());
}
