//! The promises of the store, over a simulated disk and clock; one behaviour per module.

mod ack;
mod harness;
