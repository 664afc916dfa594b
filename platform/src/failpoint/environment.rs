//! Failpoints of the real disk, armed for a whole process by its environment.
//!
//! `PGANALYTICS_FAILPOINT=wal.group_written:2:abort` ends the process, as `kill -9` would, when it
//! reaches that point for the second time; `…:error` fails there once, with `EIO`. A value that says
//! something else ends the process at the first point that it reaches: a test that arms nothing must
//! not pass.

use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;

use super::FailPoint;

/// Counts a point, and strikes if it is the armed one.
pub(crate) fn reach(point: FailPoint) -> io::Result<()> {
    match &*ARMED {
        Some(armed) => armed.reach(point),
        None => Ok(()),
    }
}

#[derive(Debug)]
struct Armed {
    point: FailPoint,
    nth: u64,
    strike: Strike,
    reached: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strike {
    Abort,
    Error,
}

impl Armed {
    /// Reads `name:nth:abort` or `name:nth:error`.
    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once(':')?;
        let (nth, strike) = rest.split_once(':')?;
        let point = FailPoint::from_name(name)?;
        let strike = match strike {
            "abort" => Strike::Abort,
            "error" if point.can_fail() => Strike::Error,
            _ => return None,
        };
        Some(Self {
            point,
            nth: nth.parse().ok().filter(|nth| *nth > 0)?,
            strike,
            reached: AtomicU64::new(0),
        })
    }

    fn reach(&self, point: FailPoint) -> io::Result<()> {
        if point != self.point || self.reached.fetch_add(1, Ordering::Relaxed) + 1 != self.nth {
            return Ok(());
        }
        match self.strike {
            Strike::Abort => std::process::abort(),
            Strike::Error => Err(Errno::IO.into()),
        }
    }
}

static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is for tests, and above all configuration"
    )]
    let text = std::env::var(VARIABLE).ok()?;
    Some(Armed::parse(&text).unwrap_or_else(|| {
        panic!("{VARIABLE}={text}: not a failpoint, a count and a strike that it can take")
    }))
});

const VARIABLE: &str = "PGANALYTICS_FAILPOINT";

#[cfg(test)]
mod tests {
    use super::{Armed, FailPoint};

    #[test]
    fn the_nth_strikes_once() {
        let armed = Armed::parse("wal.group_written:2:error").unwrap();
        let reach = |point| armed.reach(point).is_err();
        assert!(!reach(FailPoint::WalGroupWritten) && !reach(FailPoint::WalGroupSynced));
        assert!(reach(FailPoint::WalGroupWritten) && !reach(FailPoint::WalGroupWritten));
    }

    #[test]
    fn what_is_no_failpoint_is_told() {
        for text in [
            "",
            "wal.group_written",
            "wal.group_written:0:abort",
            "wal.group_written:1:kill",
            "wal.group:1:abort",
            // It is only passed: an error has nowhere to go.
            "flush.published:1:error",
        ] {
            assert!(Armed::parse(text).is_none(), "{text}");
        }
    }
}
