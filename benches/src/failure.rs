//! Errors as their reader needs them: one line what is wrong, one what to do.

use std::fmt;

/// A measurement that did not come about.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    advice: String,
}

/// The result of a measurement.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Says what is wrong and what to do about it.
    pub(crate) fn new(what: impl fmt::Display, advice: impl Into<String>) -> Self {
        Self {
            what: what.to_string(),
            advice: advice.into(),
        }
    }

    /// An answer that is not the data set's: a defect of the server, whatever its speed.
    pub(crate) fn wrong_answer(what: impl fmt::Display) -> Self {
        let advice = "the server answers wrongly: no figure of this run counts";
        Self::new(what, advice)
    }

    /// A file of the machine or of the run that could not be read or written.
    pub(crate) fn io(path: impl fmt::Display, source: &std::io::Error) -> Self {
        let advice = "look at the disk's room and permissions, or choose another place with --data";
        Self::new(format!("{path}: {source}"), advice)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n       {}", self.what, self.advice)
    }
}

impl std::error::Error for Failure {}
