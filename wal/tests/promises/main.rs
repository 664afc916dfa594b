//! What the log promises, over a simulated disk: one file for each promise.

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod recovery_rows;
#[cfg(test)]
mod restore_rows;
#[cfg(test)]
mod w1_acks;
#[cfg(test)]
mod w2_crashes;
#[cfg(test)]
mod w3_poison;
#[cfg(test)]
mod w4_damage;
#[cfg(test)]
mod w5_segments;
#[cfg(test)]
mod w6_pressure;
