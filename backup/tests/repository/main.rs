//! Backups of a real engine, end to end: what was committed is what is restored.
//!
//! One program for all of them, so that the engine is linked once.

#[cfg(test)]
mod directory;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod gaps;
#[cfg(test)]
mod history;
#[cfg(test)]
mod moments;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod support;
#[cfg(test)]
mod timelines;
#[cfg(test)]
mod verification;
