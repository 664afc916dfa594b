//! The series of one table: tag tuples by number, and numbers by tag tuple.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock, RwLockWriteGuard};

use super::{Dictionary, NULL_CODE, SeriesId, SeriesOrder};

/// The append-only index that all states of a table share.
///
/// It may know series that a view does not: they have no rows there.
#[derive(Debug, Default)]
pub(crate) struct SeriesIndex {
    inner: RwLock<Inner>,
    order: Mutex<Arc<SeriesOrder>>,
    values: Mutex<Vec<Arc<[Arc<str>]>>>,
}

/// What the lock guards.
#[derive(Debug, Default)]
pub(crate) struct Inner {
    dictionaries: Vec<Dictionary>,
    /// Codes by tag, then by series; a series past the end of a tag's codes has none.
    codes: Vec<Vec<u32>>,
    by_tuple: HashMap<Box<[u32]>, SeriesId>,
}

impl SeriesIndex {
    /// Returns the number of series.
    pub(crate) fn series_count(&self) -> u32 {
        self.inner.read().series_count()
    }

    /// Returns about how much memory the index takes, its order and lists of values included.
    pub(crate) fn bytes(&self) -> u64 {
        let inner = self.inner.read();
        let values: u64 = inner.dictionaries.iter().map(Dictionary::bytes).sum();
        let codes: usize = inner.codes.iter().map(Vec::len).sum();
        let series = inner.by_tuple.len() as u64 * SERIES_BYTES;
        // The codes of a tuple stand twice: by tag, and boxed as the key of the map.
        values + series + codes as u64 * CODE_BYTES
    }

    /// Returns the values of a tag by code; none for a tag that no row has.
    pub(crate) fn tag_values(&self, tag: usize) -> Arc<[Arc<str>]> {
        let inner = self.inner.read();
        let Some(dictionary) = inner.dictionaries.get(tag) else {
            return Arc::default();
        };
        let mut cached = self.values.lock();
        if cached.len() <= tag {
            cached.resize_with(tag + 1, Arc::default);
        }
        match cached.get_mut(tag) {
            Some(values) if values.len() == dictionary.values().len() => Arc::clone(values),
            Some(values) => {
                *values = dictionary.values().into();
                Arc::clone(values)
            }
            None => Arc::default(),
        }
    }

    /// Returns the series in the order of their tags; at least those of any view taken before.
    pub(crate) fn order(&self) -> Arc<SeriesOrder> {
        let inner = self.inner.read();
        let mut order = self.order.lock();
        if order.sorted.len() != inner.series_count() as usize {
            *order = Arc::new(order.extended(&inner));
        }
        Arc::clone(&order)
    }

    /// Returns shared access, for looking up.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Inner) -> R) -> R {
        look(&self.inner.read())
    }

    /// Returns exclusive access, for interning the tags of one batch or part.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write()
    }
}

impl Inner {
    /// Returns the number of series.
    pub(crate) fn series_count(&self) -> u32 {
        u32::try_from(self.by_tuple.len()).expect("series_max is a u32")
    }

    /// Returns the dictionaries of the tags.
    pub(crate) fn dictionaries(&self) -> impl ExactSizeIterator<Item = &Dictionary> {
        self.dictionaries.iter()
    }

    /// Returns the code of a series' tag; nothing where it is null.
    pub(crate) fn code_of(&self, tag: usize, series: SeriesId) -> Option<u32> {
        let code = self.codes.get(tag)?.get(series.index()).copied()?;
        (code != NULL_CODE).then_some(code)
    }

    /// Returns the value of a series' tag; nothing where it is null.
    pub(crate) fn value_of(&self, tag: usize, series: SeriesId) -> Option<&Arc<str>> {
        self.dictionaries
            .get(tag)?
            .value(self.code_of(tag, series)?)
    }

    /// Returns the code of a value of a tag, if it has one.
    pub(crate) fn code(&self, tag: usize, value: &str) -> Option<u32> {
        self.dictionaries.get(tag)?.code(value)
    }

    /// Returns the code of a value of a tag, making both where they are new.
    pub(crate) fn intern_value(&mut self, tag: usize, value: &str) -> u32 {
        if self.dictionaries.len() <= tag {
            self.dictionaries.resize_with(tag + 1, Dictionary::default);
            self.codes.resize_with(tag + 1, Vec::new);
        }
        self.dictionaries
            .get_mut(tag)
            .map_or(NULL_CODE, |dictionary| dictionary.intern(value))
    }

    /// Returns the series of a tuple of codes, if there is one.
    pub(crate) fn series(&self, tuple: &[u32]) -> Option<SeriesId> {
        self.by_tuple.get(trimmed(tuple)).copied()
    }

    /// Returns the series of a tuple of codes, making it where it is new.
    pub(crate) fn intern(&mut self, tuple: &[u32]) -> SeriesId {
        let tuple = trimmed(tuple);
        if let Some(series) = self.by_tuple.get(tuple) {
            return *series;
        }
        let series = SeriesId(self.series_count());
        for (codes, code) in self.codes.iter_mut().zip(tuple) {
            if *code != NULL_CODE {
                codes.resize(series.index(), NULL_CODE);
                codes.push(*code);
            }
        }
        self.by_tuple.insert(tuple.into(), series);
        series
    }
}

/// Cuts the nulls at the end off, so that a tuple stays the same when the table gets a new tag.
fn trimmed(tuple: &[u32]) -> &[u32] {
    let end = tuple.iter().rposition(|code| *code != NULL_CODE);
    tuple.get(..end.map_or(0, |last| last + 1)).unwrap_or(tuple)
}

/// What a series takes besides its codes: the box of its tuple, the slot in the map, which may be half
/// empty, and the two numbers of its place in the order.
pub(crate) const SERIES_BYTES: u64 = 96;
/// What a code takes: by tag and in the tuple, each in a vector or box that may have room to spare.
pub(crate) const CODE_BYTES: u64 = 16;
