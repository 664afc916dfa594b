//! Who sent what: names and numbers that identify tables, collectors and their batches.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, validate_name};

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the name, checked.
            ///
            /// # Errors
            /// [`Error::Name`] when it breaks a rule of [`validate_name`].
            pub fn new(name: impl Into<String>) -> Result<Self, Error> {
                let name = name.into();
                validate_name(&name)?;
                Ok(Self(name))
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(name: String) -> Result<Self, Error> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

name_type! {
    /// The name of a collector, unique in one server.
    CollectorName
}
name_type! {
    /// The name of a table of ours.
    TableName
}

/// One incarnation of a collector's spool; a later one has a larger number.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// The number of a batch within its epoch, from 1 upwards, never given twice.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub u64);

/// Which instances a collector may write: an exact name, or a prefix followed by `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstancePattern(pub String);

impl InstancePattern {
    /// Tells whether this pattern covers the instance.
    pub fn covers(&self, instance: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => instance.starts_with(prefix),
            None => self.0 == instance,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CollectorName, InstancePattern};

    #[test]
    fn a_pattern_covers_its_own_name_or_its_prefix() {
        assert!(InstancePattern("orders".into()).covers("orders"));
        assert!(!InstancePattern("orders".into()).covers("orders-2"));
        assert!(InstancePattern("orders-*".into()).covers("orders-2"));
        assert!(InstancePattern("*".into()).covers("anything"));
        assert!(!InstancePattern("orders-*".into()).covers("order"));
    }

    #[test]
    fn a_stored_name_is_checked_when_it_is_read() {
        assert!(serde_json::from_str::<CollectorName>("\"a/b\"").is_err());
        assert!(serde_json::from_str::<CollectorName>("\"a-b\"").is_ok());
    }
}
