//! Reads all of a part to see whether it is whole.

use super::{PageColumn, PageStatistics, Part};
use crate::Error;
use crate::column::{Column, Values};

/// What reading all pages of a part showed.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Verification {
    /// Pages read.
    pub pages: u64,
    /// Bytes of them, sealed.
    pub bytes: u64,
    /// What is wrong; nothing when the part is whole.
    pub damage: Vec<Error>,
}

impl Part {
    /// Reads every page and compares its values with the footer.
    ///
    /// Goes past the cache, and goes on after damage, which is then quarantined (E-4).
    pub fn verify(&self) -> Verification {
        let mut verification = Verification::default();
        for column in self.columns() {
            for page in 0..self.page_count() {
                verification.pages += 1;
                verification.bytes += u64::from(self.page(column, page).sealed_bytes);
                verification
                    .damage
                    .extend(self.verify_page(column, page).err());
            }
        }
        verification
    }

    fn verify_page(&self, column: PageColumn, page: usize) -> Result<(), Error> {
        let values = match column {
            PageColumn::Time => Column::from_values(Values::Time(self.read_time_page(page)?)),
            PageColumn::Field(field) => self.read_field_page(field, page)?,
        };
        let (known, found) = (self.statistics(column, page), PageStatistics::of(&values));
        // Compared as text, since a NaN does not equal itself.
        if format!("{known:?}") != format!("{found:?}") {
            let reason =
                format!("page {page} of {column:?}: its values are not what the footer says");
            return Err(Error::corrupt(self.path(), reason));
        }
        Ok(())
    }
}
