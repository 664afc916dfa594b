//! All values of `cpu` in memory, to know what a query must answer.

use super::CpuShape;
use super::host::Host;

/// Every value of a data set: a byte each, 43 MB for 1 000 hosts and 12 h.
#[derive(Debug)]
pub(crate) struct CpuValues {
    shape: CpuShape,
    samples: Vec<[u8; 10]>,
}

impl CpuValues {
    /// Generates them.
    pub(crate) fn new(shape: CpuShape) -> Self {
        let ticks = usize::try_from(shape.ticks).unwrap_or(0);
        let samples_of = |number| {
            let mut host = Host::new(shape.seed, number);
            (0..ticks).map(move |_| host.sample())
        };
        Self {
            shape,
            samples: (0..shape.hosts).flat_map(samples_of).collect(),
        }
    }

    /// Returns the shape of the data set.
    pub(crate) fn shape(&self) -> CpuShape {
        self.shape
    }

    /// Returns the name of a host.
    pub(crate) fn hostname(host: u32) -> String {
        format!("host_{host}")
    }

    /// Returns time and values of the samples of a host from `start` until before `end`.
    pub(crate) fn samples(
        &self,
        host: u32,
        start: i64,
        end: i64,
    ) -> impl Iterator<Item = (i64, &[u8; 10])> {
        let ticks = usize::try_from(self.shape.ticks).unwrap_or(0);
        let first = host as usize * ticks;
        let samples = self.samples.get(first..first + ticks);
        let samples = samples.expect("a host of this shape has all its samples");
        let times = (0..self.shape.ticks).map(|tick| self.shape.time_of(tick));
        let within = move |(time, _): &(i64, &[u8; 10])| start <= *time && *time < end;
        times.zip(samples).filter(within)
    }

    /// Returns time and values of the newest sample of a host.
    pub(crate) fn newest(&self, host: u32) -> Option<(i64, &[u8; 10])> {
        let newest = self.shape.time_of(self.shape.ticks - 1);
        self.samples(host, newest, i64::MAX).next()
    }

    /// Returns the sums of every field over the whole data set.
    #[cfg(test)]
    pub(crate) fn sums(&self) -> [i64; 10] {
        let mut sums = [0; 10];
        for sample in &self.samples {
            for (sum, value) in sums.iter_mut().zip(sample) {
                *sum += i64::from(*value);
            }
        }
        sums
    }
}
