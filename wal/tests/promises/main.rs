//! What the log promises, over a simulated disk: one file for each promise.

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod w1_acks;
#[cfg(test)]
mod w2_crashes;
