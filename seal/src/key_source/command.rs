//! Runs a command whose output is the master key.

use std::io::{self, Read as _};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::KEY_SOURCE_BYTES_MAX;

/// Returns what the shell command writes to its standard output, at most 4096 bytes of it.
///
/// Its standard error goes to ours, so that the operator reads what the key service says.
/// It waits for as long as the command runs: without the key there is nothing else to do.
pub(super) fn output(line: &str) -> Result<Zeroizing<Vec<u8>>, io::Error> {
    let mut child = Command::new("sh")
        .args(["-c", line])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut key = Zeroizing::new(Vec::new());
    // Taking the pipe and dropping it after the limit makes a command that writes on end itself.
    let read = match child.stdout.take() {
        Some(pipe) => pipe.take(KEY_SOURCE_BYTES_MAX).read_to_end(&mut key),
        None => Ok(0),
    };
    let status = child.wait()?;
    read?;
    if !status.success() {
        return Err(io::Error::other(format!("the command ended with {status}")));
    }
    Ok(key)
}
