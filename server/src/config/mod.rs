//! The configuration: defaults, overridden by a TOML file, by `PGANALYTICS_…` variables, by flags.
//!
//! ```text
//!   Settings::default() ◀─ file ◀─ environment (PGANALYTICS_HTTP__LISTEN) ◀─ flags
//!                          └──────── one toml::Table ────────┘
//!                             keys::check: an unknown key names the nearest known one
//! ```
//! [`Settings`] is plain data. It is read once at start; nothing reads the environment later.

mod error;
mod keys;
mod load;
mod memory;
mod settings;

pub use error::ConfigError;
pub use load::{Overrides, load, load_text, to_toml};
pub use settings::{
    BackupSettings, HttpSettings, LogFormat, LogSettings, PgwireSettings, QuicSettings,
    SealSettings, ServerSettings, Settings, TlsMode,
};
