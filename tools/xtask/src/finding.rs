//! One broken rule, with the place where it is broken.

use std::fmt;

/// A rule that is broken somewhere.
#[derive(Debug)]
pub struct Finding {
    /// A file, or the name of a crate.
    pub place: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl Finding {
    /// Returns a finding.
    pub fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}
