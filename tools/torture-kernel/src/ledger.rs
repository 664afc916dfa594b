//! What workers have sent and what they were told, over all their lives in one directory.

use std::collections::BTreeSet;

use crate::load::WRITERS;

/// Sent and acknowledged, for each writer and for changes of the catalogue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// The highest sequence that was sent.
    pub(crate) sent: [u64; WRITERS],
    /// The sequences that were acknowledged.
    pub(crate) acked: [BTreeSet<u64>; WRITERS],
    /// The last change that was sent.
    pub(crate) edit_sent: u64,
    /// The last change that was acknowledged.
    pub(crate) edit_acked: u64,
    /// Whether `state` keeps every row, where that is certain.
    pub(crate) mode: Option<bool>,
    /// Batches, by writer and sequence, that were first sent while it was certain to keep every row, and
    /// no change of that was sent since.
    pub(crate) kept: BTreeSet<(usize, u64)>,
}

/// What one life of a worker said, beside what the ledger keeps.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// Whether it ended by itself, all done.
    pub(crate) is_done: bool,
    /// Whether its store said that it had failed.
    pub(crate) has_failed: bool,
    /// Batches acknowledged.
    pub(crate) acks: u64,
    /// Batches that were sent behind the failure: writer and sequence.
    late: BTreeSet<(u64, u64)>,
}

impl Ledger {
    /// Takes in what a worker said.
    ///
    /// # Errors
    /// W-3: a batch that was sent behind the failure of the store and acknowledged; a line that is
    /// none. What was sent before may have been synced before, and its words come late.
    pub(crate) fn hear(&mut self, output: &str) -> Result<Words, String> {
        let mut words = Words::default();
        // The last line may be cut short by the kill; what it said was not heard.
        let whole = output.rsplit_once('\n').map_or("", |(lines, _)| lines);
        for line in whole.lines() {
            self.hear_line(line, &mut words)?;
        }
        Ok(words)
    }

    fn hear_line(&mut self, line: &str, words: &mut Words) -> Result<(), String> {
        let mut parts = line.split(' ');
        let (what, first, second) = (parts.next(), parts.next(), parts.next());
        let first = first.and_then(|number| number.parse::<u64>().ok());
        let second = second.and_then(|number| number.parse::<u64>().ok());
        let writer = first.and_then(|writer| usize::try_from(writer).ok());
        match (what, first, second) {
            (Some("d"), ..) => words.is_done = true,
            (Some("p"), ..) => words.has_failed = true,
            (Some("S"), Some(number), _) => self.edit_sent = self.edit_sent.max(number),
            (Some("A"), Some(number), _) => self.edit_acked = self.edit_acked.max(number),
            (Some("M"), ..) => {
                self.mode = None;
                self.kept.clear();
            }
            (Some("N"), Some(mode), _) => self.mode = Some(mode == 1),
            (Some("u" | "r"), ..) => {}
            (Some("s"), _, Some(sequence)) => {
                let sent = writer.and_then(|writer| self.sent.get_mut(writer));
                let sent = sent.ok_or_else(|| format!("no writer: {line:?}"))?;
                let is_new = *sent < sequence;
                *sent = (*sent).max(sequence);
                if is_new && self.mode == Some(true) {
                    self.kept.extend(writer.map(|writer| (writer, sequence)));
                }
                if words.has_failed {
                    words.late.insert((first.unwrap_or(0), sequence));
                }
            }
            (Some("a"), _, Some(sequence)) => {
                if words.late.contains(&(first.unwrap_or(0), sequence)) {
                    return Err(format!(
                        "W-3: sent and acknowledged behind the failure: {line:?}"
                    ));
                }
                let acked = writer.and_then(|writer| self.acked.get_mut(writer));
                let acked = acked.ok_or_else(|| format!("no writer: {line:?}"))?;
                acked.insert(sequence);
                words.acks += 1;
            }
            _ => return Err(format!("a worker said {line:?}")),
        }
        Ok(())
    }

    /// Returns the sequence of each writer up to which everything was acknowledged.
    pub(crate) fn from(&self) -> Vec<u64> {
        let prefix = |acked: &BTreeSet<u64>| {
            let gap = (1..).zip(acked).find(|(n, sequence)| n != *sequence);
            gap.map_or(acked.len() as u64, |(n, _)| n - 1)
        };
        self.acked.iter().map(prefix).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn what_was_said_is_kept_and_half_a_line_is_not() {
        let mut ledger = Ledger::default();
        let words = ledger
            .hear("s 0 1\na 0 1\ns 0 2\ns 0 3\na 0 3\ns 2 9\nS 4\na 2 9")
            .unwrap();
        assert_eq!((words.acks, words.is_done), (2, false));
        assert_eq!(ledger.sent, [3, 0, 9]);
        assert_eq!(ledger.from(), [1, 0, 0]);
        assert_eq!((ledger.edit_sent, ledger.edit_acked), (4, 0));
        assert!(ledger.acked[2].is_empty(), "half a line was not heard");
    }

    #[test]
    fn what_is_sent_while_every_row_is_kept_is_noted_until_that_may_change() {
        let mut ledger = Ledger::default();
        ledger.hear("s 0 1\nM\ns 0 2\nN 1\ns 0 3\n").unwrap();
        assert_eq!(ledger.mode, Some(true));
        assert_eq!(ledger.kept, [(0, 3)].into());
        // Another life sends what was not acknowledged again; it may have been there before.
        ledger.hear("s 0 2\ns 0 3\ns 0 4\n").unwrap();
        assert_eq!(ledger.kept, [(0, 3), (0, 4)].into());
        ledger.hear("M\ns 0 5\n").unwrap();
        assert_eq!((ledger.mode, ledger.kept.len()), (None, 0));
    }

    #[test]
    fn an_ack_behind_the_failure_is_found() {
        assert!(Ledger::default().hear("p\ns 0 1\na 0 1\n").is_err());
        assert!(Ledger::default().hear("s 0 1\np\na 0 1\n").is_ok());
        assert!(Ledger::default().hear("a 7 1\n").is_err());
    }
}
