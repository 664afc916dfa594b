//! Frames in the order in which a connection sends them, built slice by slice.

use wire::v1::Batch;
use wire::{BatchFrame, Limits};

use super::{IngestSettings, Tally};
use crate::failure::{Failure, Outcome};
use crate::generate::{DataSet, Rows, Share};

/// The feeds of all connections.
pub(crate) struct Feeds {
    feeds: Vec<Feed>,
    tally: Tally,
}

/// One connection's share of a data set, numbered.
struct Feed {
    rows: Box<dyn Rows>,
    collector: String,
    epoch: u64,
    sequence: u64,
    tally: Tally,
}

/// The frames of one slice, by connection.
pub(super) type Slice = Vec<Vec<BatchFrame>>;

impl Feeds {
    /// Deals a data set out to connections, each of which numbers its batches under one of `names`
    /// in an epoch.
    pub(crate) fn new(data_set: DataSet, names: &[String], epoch: u64) -> Self {
        let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let feed = |(share, name): (Share, &String)| Feed {
            rows: data_set.rows(share),
            collector: name.clone(),
            epoch,
            sequence: 0,
            tally: Tally::new(data_set),
        };
        Self {
            feeds: Share::split(count).zip(names).map(feed).collect(),
            tally: Tally::new(data_set),
        }
    }

    /// Returns what was built so far.
    pub(crate) fn tally(&self) -> Tally {
        let mut tally = self.tally.clone();
        self.feeds.iter().for_each(|feed| tally.add(&feed.tally));
        tally
    }

    /// Builds the next slice, each connection's on a thread of its own; nothing after the last.
    ///
    /// # Errors
    /// When a batch is larger than a server takes.
    pub(super) fn build(&mut self, settings: &IngestSettings) -> Outcome<Option<Slice>> {
        let count = self.feeds.len().max(1) as u64;
        let bytes_max = settings.slice_bytes / count;
        let built: Outcome<Slice> = std::thread::scope(|scope| {
            let build = |feed| move || Feed::build(feed, settings.rows_per_batch, bytes_max);
            let threads: Vec<_> = self
                .feeds
                .iter_mut()
                .map(|feed| scope.spawn(build(feed)))
                .collect();
            let defect = |_| Failure::new("the generator panicked", "please report this defect");
            let joined = threads
                .into_iter()
                .map(|thread| thread.join().map_err(defect)?);
            joined.collect()
        });
        let slice = built?;
        Ok(slice
            .iter()
            .any(|frames| !frames.is_empty())
            .then_some(slice))
    }
}

impl Feed {
    fn build(&mut self, rows_per_batch: usize, bytes_max: u64) -> Outcome<Vec<BatchFrame>> {
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while bytes < bytes_max {
            let Some(table) = self.rows.next_table(rows_per_batch) else {
                break;
            };
            self.tally.add_table(&table);
            self.sequence += 1;
            let batch = Batch {
                collector: self.collector.clone(),
                epoch: self.epoch,
                sequence: self.sequence,
                tables: vec![table],
            };
            let frame = BatchFrame::encode(&batch, &Limits::default())
                .map_err(|error| Failure::new(error, "lower --rows-per-batch"))?;
            bytes += frame.bytes().len() as u64;
            frames.push(frame);
        }
        Ok(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::CpuShape;

    fn settings(slice_bytes: u64) -> IngestSettings {
        IngestSettings {
            connections: 2,
            rows_per_batch: 100,
            in_flight: 8,
            slice_bytes,
        }
    }

    fn feeds() -> Feeds {
        let data_set = DataSet::Cpu(CpuShape::of_hours(42, 10, 1));
        Feeds::new(data_set, &["a".to_owned(), "b".to_owned()], 7)
    }

    #[test]
    fn slices_hold_all_rows_and_are_numbered_without_a_gap() {
        let mut feeds = feeds();
        let mut sequences = [0, 0];
        let (mut rows, mut slices) = (0, 0);
        while let Some(slice) = feeds.build(&settings(10_000)).unwrap() {
            slices += 1;
            for (frames, sequence) in slice.iter().zip(&mut sequences) {
                for frame in frames {
                    *sequence += 1;
                    assert_eq!(
                        (frame.view().epoch(), frame.view().sequence()),
                        (7, *sequence)
                    );
                    rows += frame.view().rows() as u64;
                }
            }
        }
        assert!(slices > 5, "{slices}");
        assert_eq!(sequences, [18, 18]);
        assert_eq!((rows, feeds.tally().rows()), (3_600, 3_600));
    }

    #[test]
    fn all_of_it_is_one_slice_where_there_is_room() {
        let mut feeds = feeds();
        assert_eq!(
            feeds
                .build(&settings(1 << 30))
                .unwrap()
                .map(|slice| slice.len()),
            Some(2)
        );
        assert!(feeds.build(&settings(1 << 30)).unwrap().is_none());
    }
}
