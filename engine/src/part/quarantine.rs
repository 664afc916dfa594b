//! The pages of a part that turned out damaged.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::PageColumn;

/// A page that does not open or decode, or that the disk did not give when it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuarantinedPage {
    /// The name of its column.
    pub column: String,
    /// Its number within the column.
    pub page: u32,
    /// Where it lies and what does not fit.
    pub reason: String,
}

/// Remembers bad pages, so that each is named once (E-4). What is damaged is never read again; what
/// could not be read is asked for each time, and leaves when it comes.
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    pages: Mutex<BTreeMap<(PageColumn, u32), (Ill, QuarantinedPage)>>,
}

/// What is the matter with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ill {
    /// Its bytes are not what was written: for good.
    Damaged,
    /// The disk returned an error: perhaps not the next time.
    Unreadable,
}

impl Quarantine {
    /// Returns why a page is damaged, if it is.
    pub(crate) fn reason(&self, column: PageColumn, page: u32) -> Option<String> {
        let pages = self.pages.lock();
        let (ill, page) = pages.get(&(column, page))?;
        (*ill == Ill::Damaged).then(|| page.reason.clone())
    }

    /// Remembers a page and tells whether it is a new one.
    pub(crate) fn add(&self, column: PageColumn, ill: Ill, page: QuarantinedPage) -> bool {
        self.pages
            .lock()
            .insert((column, page.page), (ill, page))
            .is_none()
    }

    /// Forgets that a page could not be read: now it was.
    pub(crate) fn release(&self, column: PageColumn, page: u32) {
        let mut pages = self.pages.lock();
        if pages
            .get(&(column, page))
            .is_some_and(|(ill, _)| *ill == Ill::Unreadable)
        {
            pages.remove(&(column, page));
        }
    }

    /// Tells whether a page is damaged for good.
    pub(crate) fn has_damage(&self) -> bool {
        let pages = self.pages.lock();
        pages.values().any(|(ill, _)| *ill == Ill::Damaged)
    }

    pub(crate) fn list(&self) -> Vec<QuarantinedPage> {
        let pages = self.pages.lock();
        pages.values().map(|(_, page)| page.clone()).collect()
    }
}
