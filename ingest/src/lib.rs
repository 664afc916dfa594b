//! How rows come in.

mod door;
mod error;
pub mod json;
pub mod line;

pub use door::gunzip;
pub use error::Error;
