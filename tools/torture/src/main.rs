//! `torture`: faults against the store, by seed, for as long as it is told to.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use platform::FailPoint;
use torture::run::{Plan, run};
use torture::suites::{SUITES, Suite, named};

/// Runs suites of faults against the store; fails with the seed that found something.
#[derive(Debug, Parser)]
#[command(name = "torture")]
struct Call {
    /// A suite, `all` of them one after the other, or `points` for a list of the failpoints.
    suite: String,
    /// The first seed; the others follow it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For how long cases are begun; all suites together.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many cases at most, of each suite.
    #[arg(long, default_value_t = u64::MAX)]
    cases: u64,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
}

fn main() -> ExitCode {
    let call = Call::parse();
    if call.suite == "points" {
        FailPoint::ALL
            .iter()
            .for_each(|point| println!("{}", point.name()));
        return ExitCode::SUCCESS;
    }
    let suites: Vec<&Suite> = match named(&call.suite) {
        Some(suite) => vec![suite],
        None if call.suite == "all" => SUITES.iter().collect(),
        None => {
            eprintln!("there is no suite {:?}; there are:", call.suite);
            SUITES
                .iter()
                .for_each(|suite| eprintln!("  {:<12}{}", suite.name, suite.about));
            return ExitCode::from(2);
        }
    };
    // The store complains of every fault that it meets; what counts is printed below.
    std::panic::set_hook(Box::new(|_| {}));
    let plan = Plan {
        seed: call.seed,
        cases: call.cases,
        time: Duration::from_secs(call.seconds) / u32::try_from(suites.len()).unwrap_or(1),
        jobs: call.jobs,
    };
    // Every suite runs, whatever the one before has found.
    let failed = suites.iter().filter(|suite| !report(suite, &plan)).count();
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs a suite and prints what it did; returns whether all went well.
fn report(suite: &Suite, plan: &Plan) -> bool {
    let outcome = run(suite, plan);
    println!(
        "{}: {} cases from seed {}: {}",
        suite.name, outcome.cases, plan.seed, outcome.counts
    );
    for (seed, violation) in &outcome.failures {
        println!(
            "FAILED seed {seed}: {violation}\nrepeat it: cargo run -p torture -- {} --seed {seed} --cases 1",
            suite.name
        );
    }
    outcome.failures.is_empty()
}
