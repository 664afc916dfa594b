//! Looking at a data directory that no server has open.

mod inspect;
mod verify;

pub use inspect::{CollectorWindow, ManifestReport, inspect_manifest, inspect_part, read_manifest};
pub use verify::{Verification, verify};
