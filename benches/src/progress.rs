//! What is being done, on standard error, so that a long run is not silent.

use std::io::Write;

/// Prints a line; that nobody can read it is no reason to end.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stderr().lock(), "… {line}").ok();
}
