//! Faults against the store, by seed, with one checker for what must hold after each of them.
//!
//! ```text
//!   main ── run: seeds, time, threads ──▶ suites::{swarm, exhaustive, failpoints, bits, …}
//!                                             │ a case: one seed, one outcome
//!                                             ▼
//!   Machine ─ History (what is done) ─▶ Told (what was sent and acked) ─▶ check (W-2)
//! ```
//!
//! It is not part of the product. The suites that this program runs for hours run for seconds in its
//! own tests. What each suite does, and how to repeat a seed, is in `docs/reliability.md`.

pub mod changes;
pub mod check;
pub mod counts;
pub mod deletes;
pub mod dice;
pub mod history;
pub mod ledger;
pub mod machine;
pub mod model;
pub mod newest;
pub mod observe;
pub mod rows;
pub mod run;
pub mod suites;
pub mod told;
pub mod violation;
pub mod workload;
