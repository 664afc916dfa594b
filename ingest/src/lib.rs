//! How rows come in.

mod door;
mod error;
pub mod exchange;
mod gate;
pub mod json;
pub mod line;
mod rules;
mod settings;
mod sink;

pub use door::gunzip;
pub use error::Error;
pub use gate::{EnrolFuture, Gate, Instances, Peer, Sighting};
pub use rules::check_batch;
pub use settings::Settings;
pub use sink::{CommitFuture, CommitSink, Committed, Refused};
