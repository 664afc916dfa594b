//! The distinct values of one tag, numbered in the order in which they came.

use std::collections::HashMap;
use std::sync::Arc;

/// Values by code and codes by value; it only grows.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    values: Vec<Arc<str>>,
    codes: HashMap<Arc<str>, u32>,
    bytes: u64,
}

impl Dictionary {
    /// Returns the code of a value, giving it the next one if it is new.
    pub(crate) fn intern(&mut self, value: &str) -> u32 {
        if let Some(code) = self.codes.get(value) {
            return *code;
        }
        let code = u32::try_from(self.values.len()).expect("series_max bounds distinct values");
        let value: Arc<str> = value.into();
        self.bytes += value.len() as u64 + VALUE_BYTES;
        self.values.push(Arc::clone(&value));
        self.codes.insert(value, code);
        code
    }

    /// Returns the code of a value, if it has one.
    pub(crate) fn code(&self, value: &str) -> Option<u32> {
        self.codes.get(value).copied()
    }

    /// Returns the value of a code.
    pub(crate) fn value(&self, code: u32) -> Option<&Arc<str>> {
        self.values.get(code as usize)
    }

    /// Returns all values, by code.
    pub(crate) fn values(&self) -> &[Arc<str>] {
        &self.values
    }

    /// Returns about how much memory it takes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns for each code its position among the sorted values.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = (0..).take(self.values.len()).collect();
        sorted.sort_unstable_by_key(|code| self.value(*code));
        let mut ranks = vec![0; sorted.len()];
        for (rank, code) in (0..).zip(sorted) {
            if let Some(slot) = ranks.get_mut(code as usize) {
                *slot = rank;
            }
        }
        ranks
    }
}

/// What a value takes besides its text: its counts, its slot in the map and in the vector, which may be
/// half empty, and in the list that scans share.
pub(crate) const VALUE_BYTES: u64 = 136;
