//! Counts how often values fall into each of some classes.

/// Returns how many values are at each position below `positions`; others are left out.
pub(super) fn tally(values: &[i64], positions: usize, position: impl Fn(i64) -> usize) -> Vec<u32> {
    let count = Count {
        values,
        positions,
        position,
    };
    platform::wide(count)
}

struct Count<'a, P> {
    values: &'a [i64],
    positions: usize,
    position: P,
}

impl<P: Fn(i64) -> usize> platform::Wide for Count<'_, P> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn run(self) -> Vec<u32> {
        let Self {
            values,
            positions,
            position,
        } = self;
        // Four counters each, in turn: adding to a number that was just written waits for it.
        let mut lanes = vec![[0u32; 4]; positions];
        let (fours, rest) = values.as_chunks::<4>();
        for four in fours {
            for (lane, value) in four.iter().enumerate() {
                let counters = lanes.get_mut(position(*value));
                if let Some(counter) = counters.and_then(|counters| counters.get_mut(lane)) {
                    *counter += 1;
                }
            }
        }
        for value in rest {
            if let Some([counter, ..]) = lanes.get_mut(position(*value)) {
                *counter += 1;
            }
        }
        lanes.iter().map(|counters| counters.iter().sum()).collect()
    }
}
