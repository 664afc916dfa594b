//! Writes that strace holds back, as it tells of them.
//!
//! ```text
//!   27410 pwrite64(3, ""..., 8192, 4096 <unfinished ...>     is held back
//!   27416 pwrite64(4, ""..., 512, 0) = 512                   another thread's
//!   27410 <... pwrite64 resumed>) = 4103 (DELAYED)           went on
//!   27416 pwritev(4, [{iov_base=""..., iov_len=32}, {iov_base=""..., iov_len=480}], 2, 512) = 512
//! ```

use std::path::Path;

/// The Nth call of a kind, of each thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call {
    /// `pwrite64` or `pwritev`.
    pub(super) name: &'static str,
    /// Counted from 1.
    pub(super) nth: u64,
}

/// A write that is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    thread: String,
    call: Call,
    offset: u64,
    bytes: u64,
}

impl Call {
    /// Returns the words before a worker's command that let strace hold back this call and the one after
    /// it. A limit that is met says so by an error, not by a signal.
    pub(super) fn wrapper(self, log: &Path) -> Vec<String> {
        let ignoring = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "limited"];
        let (log, inject) = (log.display().to_string(), self.inject());
        let file = ["strace", "-f", "-qq", "-o", &log];
        let terse = ["-s", "0", "-e", "abbrev=none", "-e", "signal=none"];
        let what = ["-e", TRACED, "-e", &inject];
        let words = ignoring.iter().chain(&file).chain(&terse).chain(&what);
        words.map(|word| (*word).to_owned()).collect()
    }

    /// Returns how strace is told what to hold back.
    pub(super) fn inject(self) -> String {
        let Self { name, nth } = self;
        let next = nth + 1;
        format!("inject={name}:delay_enter={HELD_MICROSECONDS}:when={nth}..{next}")
    }

    /// Returns the calls of this kind that have begun, with their threads.
    fn all(self, text: &str) -> impl Iterator<Item = (&str, &str)> {
        lines(text).filter_map(move |(thread, line)| Some((thread, self.arguments_in(line)?)))
    }

    fn arguments_in(self, line: &str) -> Option<&str> {
        line.strip_prefix(self.name)?.strip_prefix('(')
    }
}

impl Held {
    /// Returns the call of any thread that is its Nth.
    pub(super) fn find(text: &str, call: Call) -> Option<Self> {
        let (writes, mut threads) = (call.all(text), Vec::<(&str, u64)>::new());
        for (thread, write) in writes {
            let known = threads.iter_mut().find(|(known, _)| *known == thread);
            let count = match known {
                Some((_, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    threads.push((thread, 1));
                    1
                }
            };
            if count == call.nth {
                let (bytes, offset) = stretch(write)?;
                return Some(Self {
                    thread: thread.to_owned(),
                    call,
                    offset,
                    bytes,
                });
            }
        }
        None
    }

    /// Tells whether its thread has begun another one.
    pub(super) fn has_next(&self, text: &str) -> bool {
        let all = self.call.all(text);
        let of_thread = all.filter(|(thread, _)| *thread == self.thread);
        of_thread.count() as u64 > self.call.nth
    }

    /// Returns its thread's number.
    pub(super) fn thread(&self) -> &str {
        &self.thread
    }

    /// Returns a position within it that follows from a number.
    pub(super) fn within(&self, number: u64) -> u64 {
        let beginning = number.checked_rem(self.bytes.saturating_sub(1));
        self.offset + 1 + beginning.unwrap_or(0)
    }

    /// Tells whether the kernel wrote a beginning of it.
    pub(super) fn was_cut(&self, text: &str) -> bool {
        let written = self.written(text);
        written.is_some_and(|written| (1..self.bytes).contains(&written))
    }

    /// Returns what the kernel said that it wrote.
    fn written(&self, text: &str) -> Option<u64> {
        let mut count = 0;
        let of_thread = lines(text).filter(|(thread, _)| *thread == self.thread);
        let mut from_it = of_thread.skip_while(|(_, line)| {
            count += u64::from(self.call.arguments_in(line).is_some());
            count < self.call.nth
        });
        let (_, outcome) = from_it.find_map(|(_, line)| line.rsplit_once(" = "))?;
        leading_number(outcome)
    }
}

/// Returns what strace has written so far; nothing before it has begun.
pub(super) fn read(log: &Path) -> Result<String, String> {
    match std::fs::read(log) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("{}: {error}", log.display())),
    }
}

/// Returns the lines with their threads.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(thread, line)| (thread, line.trim_start()))
}

/// Returns how many bytes a write is of, and where; nothing while strace is writing it down.
fn stretch(arguments: &str) -> Option<(u64, u64)> {
    let (_, behind_file) = arguments.split_once(", ")?;
    if let Some((slices, behind)) = behind_file.split_once("], ") {
        let lengths = slices.split("iov_len=").skip(1).map(leading_number);
        let bytes = lengths.sum::<Option<u64>>()?;
        let (_, offset) = behind.split_once(", ")?;
        return Some((bytes, leading_number(offset)?));
    }
    let (_, behind) = behind_file.split_once("\"\"..., ")?;
    let (bytes, offset) = behind.split_once(", ")?;
    Some((bytes.parse().ok()?, leading_number(offset)?))
}

fn leading_number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

/// All that may meet the limit.
const TRACED: &str = "trace=pwrite64,pwritev,ftruncate,fallocate";
/// Long enough for a limit to be set.
const HELD_MICROSECONDS: u64 = 100_000;

#[cfg(test)]
mod tests {
    use super::{Call, Held};

    const TEXT: &str = "\
27410 pwrite64(3, \"\"..., 65536, 0) = 65536
27410 pwrite64(3, \"\"..., 8192, 4096 <unfinished ...>
27416 pwritev(4, [{iov_base=\"\"..., iov_len=32}, {iov_base=\"\"..., iov_len=480}], 2, 512) = 512
27410 <... pwrite64 resumed>)           = 4103 (DELAYED)
27410 pwrite64(3, \"\"..., 4089, 8199";

    fn find(text: &str, name: &'static str, nth: u64) -> Option<Held> {
        Held::find(text, Call { name, nth })
    }

    #[test]
    fn a_write_that_is_held_back_is_found_and_so_is_its_end() {
        let held = find(TEXT, "pwrite64", 2).unwrap();
        assert_eq!(
            (held.thread(), held.offset, held.bytes),
            ("27410", 4096, 8192)
        );
        assert!((4097..4096 + 8192).contains(&held.within(u64::MAX)));
        assert!(held.has_next(TEXT));
        assert!(held.was_cut(TEXT));
        let lines: Vec<&str> = TEXT.lines().take(3).collect();
        let so_far = lines.join("\n");
        assert!(!held.has_next(&so_far));
        assert!(!held.was_cut(&so_far));
        assert_eq!(find(TEXT, "pwrite64", 4), None);
        let slices = find(TEXT, "pwritev", 1).unwrap();
        assert_eq!((slices.offset, slices.bytes), (512, 512));
    }

    #[test]
    fn a_write_that_was_done_or_failed_was_not_cut() {
        assert!(!find(TEXT, "pwrite64", 1).unwrap().was_cut(TEXT));
        let failed = TEXT.replace("4103 (DELAYED)", "-1 EFBIG (File too large) (DELAYED)");
        assert!(!find(&failed, "pwrite64", 2).unwrap().was_cut(&failed));
    }
}
