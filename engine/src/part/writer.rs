//! Writes a part, from the first row to the last, in one pass.

use std::ops::Range;

use platform::OpenMode;
use schema::Timestamp;
use seal::{FileKey, FileKind, Salt, seal_page};

use super::directory_builder::DirectoryBuilder;
use super::footer::{Footer, FooterDescription};
use super::group::{OpenGroup, Sealing, footer_place};
use super::header::{HEADER_BYTES, Header, TRAILER_BYTES, Trailer};
use super::unfinished::Unfinished;
use super::{PartDescription, PartEnvironment, PartId, PartMeta, WriterSettings, statistics};
use crate::Error;
use crate::column::Column;
use crate::encoding::PageEncoder;

/// A part under construction.
///
/// Series come in rising order of their tags, nulls first, and the rows of each in rising order of
/// time. Memory is bounded by one row group. Dropped before [`Self::finish`], the file is removed.
#[derive(Debug)]
pub struct PartWriter {
    environment: PartEnvironment,
    description: PartDescription,
    settings: WriterSettings,
    id: PartId,
    file: Unfinished,
    key: FileKey,
    salt: Salt,
    /// Where the next byte goes.
    end: u64,
    directory: DirectoryBuilder,
    group: OpenGroup,
    rows: u32,
    /// Where within the rows that are appended next series begin.
    begins: Vec<usize>,
    /// The time of the newest row of the series that is being written.
    newest: Option<i64>,
    /// The earliest and latest time of all rows.
    times: Option<(i64, i64)>,
}

impl PartWriter {
    /// Begins a part in a new file.
    ///
    /// # Errors
    /// [`Error::Setting`] for settings out of range, [`Error::Seal`] without a data key,
    /// [`Error::Io`] when the disk refuses.
    pub fn create(
        environment: &PartEnvironment,
        description: PartDescription,
        settings: &WriterSettings,
    ) -> Result<Self, Error> {
        settings.validate()?;
        let id = PartId::generate(&*environment.entropy);
        let path = environment.path(&id);
        let salt = Salt::generate(&*environment.entropy);
        let data_key = environment.keyring.active();
        let key = environment
            .keyring
            .file_key(data_key, FileKind::Part, &salt)
            .map_err(|source| Error::seal(&path, 0, source))?;
        let file = environment
            .disk
            .open(&path, OpenMode::CreateNew)
            .map_err(|source| Error::io(&path, source))?;
        let file = Unfinished::new(environment, path, file);
        let header = Header {
            id,
            data_key,
            salt,
            commitment: key.commitment(),
        };
        file.write(&[&header.to_bytes()], 0)?;
        Ok(Self {
            environment: environment.clone(),
            directory: DirectoryBuilder::new(description.tags.len()),
            group: OpenGroup::new(&description.fields),
            description,
            settings: *settings,
            id,
            file,
            key,
            salt,
            end: HEADER_BYTES as u64,
            rows: 0,
            begins: Vec::new(),
            newest: None,
            times: None,
        })
    }

    /// Returns the part's name.
    pub const fn id(&self) -> PartId {
        self.id
    }

    /// Returns the number of rows so far.
    pub const fn rows(&self) -> u64 {
        self.rows as u64
    }

    /// Returns the bytes in the file so far.
    pub const fn bytes(&self) -> u64 {
        self.end
    }

    /// Begins the next series, given by its tags.
    ///
    /// # Panics
    /// When the series does not come after the one before, has another number of tags than the part,
    /// or follows a series without rows.
    pub fn begin_series(&mut self, tags: &[Option<&str>]) {
        self.begin_series_at(tags, 0);
    }

    /// Begins a series within the rows that are appended next: so many of them belong to those before.
    ///
    /// Series of few rows are appended together by this, without a call for each column of each.
    ///
    /// # Panics
    /// As [`Self::begin_series`]; the next [`Self::append`] when it has fewer rows.
    pub fn begin_series_at(&mut self, tags: &[Option<&str>], ahead: usize) {
        let ahead_rows = u32::try_from(ahead).expect("rows of one call are counted in 32 bits");
        self.directory
            .begin(tags, self.rows.saturating_add(ahead_rows));
        self.begins.push(ahead);
    }

    /// Appends rows to the series that were begun; a field that is `None` is null in all of them.
    ///
    /// # Errors
    /// [`Error::Limit`] for more rows or text than a part or page can hold, [`Error::Io`] when the
    /// disk refuses; the part is then to be dropped.
    ///
    /// # Panics
    /// When no series was begun, the times fall, or the fields are not as many or as long as they
    /// should be.
    pub fn append(
        &mut self,
        time: &[i64],
        fields: &[Option<(&Column, Range<usize>)>],
    ) -> Result<(), Error> {
        self.check(time, fields);
        let rows = u32::try_from(time.len())
            .ok()
            .and_then(|rows| self.rows.checked_add(rows));
        self.rows = rows.ok_or(Error::Limit {
            what: "rows in a part",
            limit: u32::MAX.into(),
        })?;
        let mut done = 0;
        while done < time.len() {
            let room = self.settings.page_rows as usize - self.group.page_rows();
            let until = time.len().min(done + room);
            let slices: Vec<Option<(&Column, Range<usize>)>> = fields
                .iter()
                .map(|field| {
                    let (column, rows) = field.as_ref()?;
                    Some((*column, rows.start + done..rows.start + until))
                })
                .collect();
            self.group
                .append(time.get(done..until).unwrap_or_default(), &slices);
            done = until;
            if self.group.page_rows() == self.settings.page_rows as usize {
                self.close_page()?;
            }
        }
        Ok(())
    }

    /// Writes what is left and makes file and name durable.
    ///
    /// # Errors
    /// As [`Self::append`].
    ///
    /// # Panics
    /// When the part has no rows, or its last series has none; see [`Self::rows`].
    pub fn finish(mut self) -> Result<PartMeta, Error> {
        if self.group.page_rows() > 0 {
            self.close_page()?;
        }
        self.write_group()?;
        let (time_min, time_max) = self
            .times
            .expect("the caller finishes a part that has rows");
        let meta = PartMeta {
            id: self.id,
            table: self.description.table,
            rows: self.rows.into(),
            series: self.directory.series_count() as u64,
            time_min: Timestamp::from_nanos(time_min),
            time_max: Timestamp::from_nanos(time_max),
            window: self.description.window,
            first_lsn: self.description.first_lsn,
            last_lsn: self.description.last_lsn,
            bytes: 0,
            level: self.description.level,
            heat: self.description.heat,
            committed: self.description.committed,
            deletes_lsn: self.description.deletes_lsn,
        };
        let footer = Footer {
            description: FooterDescription {
                meta: meta.clone(),
                tags: self.description.tags,
                fields: self.description.fields,
                page_rows: self.settings.page_rows,
                group_pages: self.settings.group_pages,
            },
            directory: self.directory.finish(self.rows),
            columns: self.group.entries,
        };
        let place = footer_place(self.salt);
        let sealed = seal_page(
            &self.key,
            &*self.environment.entropy,
            &place,
            footer.encode(),
        );
        let limit = Error::Limit {
            what: "bytes in the footer of a part",
            limit: u32::MAX.into(),
        };
        let footer_bytes = u32::try_from(sealed.len()).map_err(|_| limit)?;
        let trailer = Trailer {
            footer_offset: self.end,
            footer_bytes,
        };
        self.file.write(&[&sealed, &trailer.to_bytes()], self.end)?;
        self.file.sync()?;
        let bytes = self.end + u64::from(footer_bytes) + TRAILER_BYTES as u64;
        Ok(PartMeta { bytes, ..meta })
    }

    fn check(&mut self, time: &[i64], fields: &[Option<(&Column, Range<usize>)>]) {
        assert!(
            self.directory.series_count() > 0,
            "rows belong to a series that was begun"
        );
        assert_eq!(
            fields.len(),
            self.description.fields.len(),
            "rows have all fields of their part"
        );
        let fits = |(_, rows): &(&Column, Range<usize>)| rows.len() == time.len();
        assert!(
            fields.iter().flatten().all(fits),
            "all fields have as many rows as there are times"
        );
        let begins = std::mem::take(&mut self.begins);
        let mut start = 0;
        for begin in begins {
            let rest = time.get(start..begin);
            self.check_times(rest.expect("a series begins within the rows that are appended"));
            (start, self.newest) = (begin, None);
        }
        self.check_times(time.get(start..).unwrap_or_default());
    }

    /// Checks the times of rows of one series.
    fn check_times(&mut self, time: &[i64]) {
        let (Some(first), Some(last)) = (time.first(), time.last()) else {
            return;
        };
        let rising = time.is_sorted() && self.newest.is_none_or(|newest| newest <= *first);
        assert!(rising, "the rows of a series come in rising order of time");
        self.newest = Some(*last);
        let (min, max) = self.times.unwrap_or((*first, *last));
        self.times = Some((min.min(*first), max.max(*last)));
    }

    fn close_page(&mut self) -> Result<(), Error> {
        let sealing = Sealing {
            key: &self.key,
            salt: self.salt,
            entropy: &*self.environment.entropy,
            encoder: PageEncoder {
                effort: self.settings.effort,
                footer_text_bytes_max: statistics::TEXT_BYTES_MAX,
            },
            group_pages: self.settings.group_pages,
        };
        self.group.close_page(&sealing)?;
        if self
            .group
            .pages()
            .is_multiple_of(self.settings.group_pages as usize)
        {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), Error> {
        let sealed = self.group.take_sealed();
        let slices: Vec<&[u8]> = sealed.iter().map(Vec::as_slice).collect();
        self.file.write(&slices, self.end)?;
        self.end += slices.iter().map(|slice| slice.len() as u64).sum::<u64>();
        Ok(())
    }
}

impl WriterSettings {
    fn validate(&self) -> Result<(), Error> {
        let refuse = |setting, reason| Err(Error::Setting { setting, reason });
        if !(1..=1 << 20).contains(&self.page_rows) {
            return refuse("page_rows", "it must be from 1 to 1 048 576");
        }
        if self.group_pages == 0 {
            return refuse("group_pages", "it must be above zero");
        }
        Ok(())
    }
}
