//! The suites: each turns a seed into a case.

mod at_rest;
pub mod bits;
mod compound;
mod exhaustive;
mod failpoints;
mod faults;
pub mod fixtures;
mod pieces;
mod readers;
mod short;
mod swarm;

use crate::counts::Counts;
use crate::violation::Violation;

/// A kind of torture.
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Runs the case of a seed.
    pub case: fn(u64, &mut Counts) -> Result<(), Violation>,
}

/// All suites, in the order in which `all` runs them.
pub const SUITES: &[Suite] = &[
    Suite {
        name: "sim",
        about: "random settings, work and faults, life after life of one store, each checked",
        case: swarm::case,
    },
    Suite {
        name: "exhaustive",
        about: "a short history, the power cut after each of its changes of the disk",
        case: exhaustive::case,
    },
    Suite {
        name: "short",
        about: "many short histories by chance, the power cut after each of their changes of the disk",
        case: short::case,
    },
    Suite {
        name: "compound",
        about: "a fault at every change that a recovery makes, and faults in the recovery from that",
        case: compound::case,
    },
    Suite {
        name: "failpoints",
        about: "every failpoint, the first, second and third time, by a power cut and by an error",
        case: failpoints::case,
    },
    Suite {
        name: "bits",
        about: "every bit of every file flipped, sectors zeroed and exchanged, files cut and extended",
        case: bits::case,
    },
    Suite {
        name: "fixtures",
        about: "every bit of every file of the stores kept from released formats",
        case: fixtures::case,
    },
];

/// Returns the suite of a name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Suite> {
    SUITES.iter().find(|suite| suite.name == name)
}

/// Runs the case of the suite `sim` of a seed, and returns a number for all that it did to its disks.
///
/// # Errors
/// As the case.
pub fn fingerprint(seed: u64, counts: &mut Counts) -> Result<u64, Violation> {
    swarm::lives(seed, counts)
}
