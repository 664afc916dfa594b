//! A share of the suites on the real kernel, of some seconds; the rest is `make torture-kernel`.
//!
//! Where a suite needs root, loop devices or strace and there are none, it says so and did nothing;
//! what it prints is shown with the test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::process::Command;

/// Runs a suite and returns how many things it did.
fn suite(name: &str, seed: u64, count: u64) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_torture-kernel"));
    let command = command.args([name, &seed.to_string(), &count.to_string()]);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    println!("{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    let done = text.lines().last().unwrap().split(' ').nth(1).unwrap();
    done.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// As asked for, or nothing where the machine cannot: as root it must.
fn assert_done(done: u64, wanted: u64) {
    assert!(
        done == wanted || (done == 0 && !is_root()),
        "{done} of {wanted}"
    );
}

#[test]
fn w_2_kills_at_random_moments_lose_nothing_acked() {
    assert_eq!(suite("kills", 1, 25), 25);
}

#[test]
fn w_2_power_cuts_lose_nothing_acked() {
    assert_done(suite("power", 1, 8), 8);
}

#[test]
fn w_3_a_sync_that_lies_the_second_time_poisons_the_store() {
    assert_done(suite("liar", 1, 1), 1);
}

#[test]
fn faults_in_system_calls_lose_nothing_acked() {
    assert_done(suite("calls", 1, 15), 15);
}

#[test]
fn w_2_aborts_at_failpoints_lose_nothing_acked() {
    assert_eq!(suite("points", 1, 12), 12);
}

#[test]
fn short_writes_lose_nothing_acked() {
    assert_eq!(suite("limits", 1, 6), 6);
}

#[test]
fn writes_that_are_cut_short_lose_nothing_acked() {
    assert_done(suite("shorts", 1, 4), 4);
}
