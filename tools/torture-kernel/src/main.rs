//! Torture on the real kernel: processes that are really killed, disks that really fail.
//!
//! ```text
//!   suite ──spawns──▶ worker ──writes──▶ store          what a worker says goes into a ledger;
//!     │                 ✗ killed, cut, failed              check: acked ⊆ recovered ⊆ sent,
//!     └──check──▶ recovers the store, twice                nothing twice, verify clean, one digest
//!
//!   torture-kernel kills  SEED COUNT     kill -9 at random moments
//!   torture-kernel calls  SEED COUNT     the Nth system call of a kind is killed, fails, or writes
//!                                        nothing; a COUNT of 0 strikes at every one
//!   torture-kernel points SEED COUNT     aborts at failpoints; a COUNT of 0 strikes at each three times
//!   torture-kernel limits SEED COUNT     short writes: files grow no further than so many kilobytes
//!   torture-kernel shorts SEED COUNT     short writes: the kernel writes a beginning of the Nth
//!   torture-kernel power  SEED COUNT     power cuts: ext4 on a loop device, its journal lost
//!   torture-kernel liar   SEED COUNT     a sync fails, and the next one says that all is well
//!   torture-kernel all    SEED SECONDS   all of them in turn for so long
//! ```
//!
//! Each prints what it did, `<suite>: N <things>, seed S, 0 violations`, and ends with 1 at the first
//! violation, its directory kept and named where there is one.

mod calls;
mod check;
mod kills;
mod ledger;
mod liar;
mod limits;
mod load;
mod mount;
mod points;
mod power;
mod process;
mod random;
mod shorts;
mod store;
mod suites;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    suites::run(&words).unwrap_or_else(|| {
        eprintln!("usage: torture-kernel kills|calls|points|limits|shorts|power|liar SEED COUNT");
        eprintln!("       torture-kernel all SEED SECONDS");
        ExitCode::from(2)
    })
}
