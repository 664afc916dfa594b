//! The pages of a part that turned out damaged.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::PageColumn;

/// A page that does not open or decode.
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

/// Remembers damaged pages, so that each is named once and never read again (E-4).
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    pages: Mutex<BTreeMap<(PageColumn, u32), QuarantinedPage>>,
}

impl Quarantine {
    /// Returns what is known against a page.
    pub(crate) fn reason(&self, column: PageColumn, page: u32) -> Option<String> {
        self.pages
            .lock()
            .get(&(column, page))
            .map(|page| page.reason.clone())
    }

    /// Remembers a page and tells whether it is a new one.
    pub(crate) fn add(&self, column: PageColumn, page: QuarantinedPage) -> bool {
        self.pages
            .lock()
            .insert((column, page.page), page)
            .is_none()
    }

    pub(crate) fn list(&self) -> Vec<QuarantinedPage> {
        self.pages.lock().values().cloned().collect()
    }
}
