//! W-1, W-2, W-3, W-4, E-1: the share of the torture that every change of the code goes through, by
//! fixed seeds. `make torture` runs more.

use torture::counts::Counts;
use torture::run::run_case;
use torture::suites::named;

/// Runs cases of a suite, and says how to repeat the one that fails.
fn pass(suite: &str, seeds: std::ops::Range<u64>) -> Counts {
    let suite = named(suite).expect("there is such a suite");
    let mut all = Counts::default();
    for seed in seeds {
        let (counts, found) = run_case(suite, seed);
        all.merge(&counts);
        if let Err(violation) = found {
            let name = suite.name;
            panic!("cargo run -p torture -- {name} --seed {seed} --cases 1\n{violation}");
        }
    }
    all
}

#[test]
fn random_lives_under_random_faults() {
    assert!(pass("sim", 0..16).of("crashes") > 200);
}

#[test]
fn a_power_cut_after_every_change_of_short_histories() {
    assert!(pass("exhaustive", 0..4).of("crashes") > 1_000);
}

#[test]
fn a_power_cut_after_every_change_of_many_histories() {
    assert!(pass("short", 0..12).of("crashes") > 600);
}

#[test]
fn faults_in_the_recovery_from_a_fault() {
    assert!(pass("compound", 0..8).of("faults in a recovery") > 200);
}

#[test]
fn every_failpoint_strikes_three_times() {
    let counts = pass("failpoints", 1..2);
    let points = platform::FailPoint::ALL;
    let ways = points
        .iter()
        .map(|point| 3 * (1 + u64::from(point.can_fail())));
    assert_eq!(counts.of("failpoints struck"), ways.sum::<u64>());
}

#[test]
fn a_seed_is_one_order_of_events() {
    for seed in 0..12 {
        let fingerprints = [0, 1].map(|_| {
            let mut counts = Counts::default();
            let fingerprint = torture::suites::fingerprint(seed, &mut counts);
            (fingerprint.expect("the share above passes"), counts)
        });
        assert_eq!(fingerprints[0], fingerprints[1], "seed {seed}");
    }
}

#[test]
fn damage_is_refused_or_named_or_harmless() {
    let stretches = torture::suites::bits::stretches(0);
    assert!(stretches > 100);
    // Every so many stretches, spread over all files; `make torture` goes through all.
    let mut counts = Counts::default();
    for seed in (0..stretches).step_by(STRIDE) {
        counts.merge(&pass("bits", seed..seed + 1));
    }
    assert!(counts.of("bits refused") > 1_000, "{counts}");
    assert!(
        counts.of("bits named by the tables they are in") > 100,
        "{counts}"
    );
}

#[test]
fn damage_to_a_store_of_an_older_version_is_refused_or_named_or_harmless() {
    let counts = pass("fixtures", 0..12);
    assert!(counts.of("bits refused") >= 256, "{counts}");
    assert!(
        counts.of("bits named by the tables they are in") > 500,
        "{counts}"
    );
}

const STRIDE: usize = 16;
