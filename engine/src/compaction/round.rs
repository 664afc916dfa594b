//! A round over all tables: what is expired goes, and what is worth it is merged.
//!
//! Tables have their turns in the order of their names. While rows come in faster than they are merged, one
//! turn may last long, so a table that falls behind by more is served in between.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::behind::{Behind, Failed};
use super::expiry::expire;
use super::policy::{Effort, choose};
use super::renewal::{Renewals, renew_latest};
use super::worker::{merge, with_situation};
use crate::store::Store;
use crate::{Error, Kind};

/// Whether a round drops what is past its retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    Due,
    /// The clock is not believed.
    Held,
}

/// Goes over all tables once.
///
/// # Errors
/// The first that was met; what it had nothing to do with was done all the same (E-4).
pub(super) fn round(store: &Store, effort: Effort, expiry: Expiry) -> Result<(), Error> {
    let mut renewals = store.compacting.lock();
    let names: Vec<Arc<str>> = store.state.load().tables.keys().map(Arc::clone).collect();
    let mut round = Round::new(store, effort);
    for name in &names {
        if let Err(error) = round.turn_of(name, expiry, &mut renewals) {
            round.note(error);
        }
    }
    round.first_error.map_or(Ok(()), Err)
}

struct Round<'a> {
    store: &'a Store,
    effort: Effort,
    behind: Behind<'a>,
    failed: Failed,
    /// Tables that could not be merged out of turn.
    set_aside: BTreeSet<Arc<str>>,
    first_error: Option<Error>,
}

impl<'a> Round<'a> {
    const fn new(store: &'a Store, effort: Effort) -> Self {
        Self {
            store,
            effort,
            behind: Behind::new(store),
            failed: Failed::new(),
            set_aside: BTreeSet::new(),
            first_error: None,
        }
    }

    fn turn_of(
        &mut self,
        name: &Arc<str>,
        expiry: Expiry,
        renewals: &mut Renewals,
    ) -> Result<(), Error> {
        if expiry == Expiry::Due {
            expire(self.store, name)?;
        }
        loop {
            self.behind.look(&self.failed);
            if self.store.is_closing() || !(self.merge_out_of_turn(name) || self.merge_one(name)?) {
                break;
            }
        }
        if self.failed.contains_key(name) || self.is_damaged(name) {
            // The search for newest rows would meet the damaged page as well.
            return Ok(());
        }
        renew_latest(self.store, name, self.effort, renewals)
    }

    /// Tells whether a table has a part that is left alone for a damaged page.
    fn is_damaged(&self, name: &str) -> bool {
        let state = self.store.state.load();
        let table = state.table(name).filter(|_| self.effort == Effort::Usual);
        table.is_some_and(|table| table.parts.iter().any(|part| part.is_damaged()))
    }

    /// Merges once for a table that is further behind; tells whether it did.
    fn merge_out_of_turn(&mut self, name: &str) -> bool {
        let further = match self.effort {
            Effort::Usual => self.behind.further_than(name, &self.set_aside),
            // Somebody waits for this table, or the next.
            Effort::Full => None,
        };
        let Some(further) = further else {
            return false;
        };
        match self.merge_one(&further) {
            Ok(merged) => merged,
            Err(error) => {
                self.note(error);
                // Its own turn comes, and this one must not wait for it (E-4).
                self.set_aside.insert(further);
                false
            }
        }
    }

    /// Merges once, if there is something that is worth it; tells whether there was.
    fn merge_one(&mut self, name: &Arc<str>) -> Result<bool, Error> {
        let state = self.store.state.load();
        let Some(table) = state.table(name) else {
            return Ok(false);
        };
        let failed = self.failed.get(name).map_or(&[][..], Vec::as_slice);
        let wanted = (self.effort, failed);
        let Some(choice) = with_situation(self.store, (&state, table), wanted, choose) else {
            return Ok(false);
        };
        let look = || self.behind.look(&self.failed);
        match merge(self.store, (&state, table), &choice, (self.effort, &look)) {
            // E-4: parts with a damaged page stay as they are, and all others are merged.
            Err(error) if error.kind() == Kind::Corrupt => {
                self.note(error);
                self.failed
                    .entry(Arc::clone(name))
                    .or_default()
                    .push(choice);
            }
            outcome => outcome?,
        }
        self.behind.look_again(name, &self.failed);
        Ok(true)
    }

    fn note(&mut self, error: Error) {
        self.first_error.get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use platform::{Fault, Operation, Rule};

    use super::{Effort, Round};
    use crate::Settings;
    use crate::flush::flush;
    use crate::store::{Bare, NOW};

    /// Returns a store with 16 parts of one table, as many as a merge is worth, and 48 of another.
    fn store() -> Bare {
        let bare = Bare::open(Settings::default());
        for at in 0..48 {
            bare.write_to("waits", NOW).unwrap();
            if at % 3 == 0 {
                bare.write_to("cpu", NOW).unwrap();
            }
            flush(&bare.store).unwrap();
        }
        bare
    }

    fn parts(bare: &Bare) -> [usize; 2] {
        let state = bare.store.state.load();
        ["cpu", "waits"].map(|table| state.table(table).unwrap().parts.len())
    }

    #[test]
    fn the_table_that_is_furthest_behind_is_merged_out_of_turn_and_slows_ingest_down() {
        let bare = store();
        let mut round = Round::new(&bare.store, Effort::Usual);
        round.behind.look(&round.failed);
        assert_eq!(bare.store.brake.merges_due(), 3);
        assert!(!round.merge_out_of_turn("waits"), "no other is further");
        assert!(round.merge_out_of_turn("cpu"));
        assert_eq!(parts(&bare), [16, 1]);
        assert_eq!(bare.store.brake.merges_due(), 1);
        assert!(!round.merge_out_of_turn("waits"), "by one merge only");
        drop(round);
        assert_eq!(bare.store.brake.merges_due(), 0);
    }

    #[test]
    fn a_table_that_cannot_be_merged_keeps_no_other_from_its_turn() {
        let bare = store();
        let mut round = Round::new(&bare.store, Effort::Usual);
        round.behind.look(&round.failed);
        bare.disk
            .inject(Rule::new(Operation::Write, Fault::Io).under("/data/parts"));
        assert!(!round.merge_out_of_turn("cpu"));
        assert!(round.first_error.is_some());
        bare.disk.clear_rules();
        assert!(!round.merge_out_of_turn("cpu"), "it is set aside");
        assert!(round.merge_one(&"cpu".into()).unwrap());
        assert_eq!(parts(&bare), [1, 48]);
    }
}
