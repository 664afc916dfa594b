//! Decides which segments make up the log, from their headers alone.
//!
//! Every header names the segment before it, so the newest one names them all. A segment that the
//! chain passes by was cut off by a change of timeline, and only by that.

use schema::Lsn;

/// What a segment's header says about its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) previous: u64,
    pub(crate) base_lsn: Lsn,
    pub(crate) timeline: u32,
}

/// Which of the links belong to the log, as indexes into the links given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The log, oldest first.
    pub(crate) members: Vec<usize>,
    /// What a change of timeline left behind.
    pub(crate) abandoned: Vec<usize>,
}

/// Why segments make up no log; each names the link at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainFault {
    /// What this link continues is not there, and is needed.
    Missing(Link),
    /// This link is on no chain, though no change of timeline cut it off.
    Stray(Link),
    /// This link contradicts the one that continues it.
    Contradiction(Link),
}

/// Follows the chain back from the newest of `links`, which are in the order of their numbers.
///
/// `from` is the first position that is needed: what was before it may have been released.
pub(crate) fn follow(links: &[Link], from: Lsn) -> Result<Chain, ChainFault> {
    let mut chain = Chain::default();
    let Some(mut newer) = links.last().copied() else {
        return Ok(chain);
    };
    chain.members.push(links.len() - 1);
    for (index, link) in links.iter().enumerate().rev().skip(1) {
        if link.number > newer.previous {
            if link.timeline >= newer.timeline {
                return Err(ChainFault::Stray(*link));
            }
            chain.abandoned.push(index);
            continue;
        }
        // A gap is never of our making: segments are released oldest first, each one durably.
        if link.number < newer.previous {
            return Err(ChainFault::Missing(newer));
        }
        if link.base_lsn > newer.base_lsn || link.timeline > newer.timeline {
            return Err(ChainFault::Contradiction(*link));
        }
        chain.members.push(index);
        newer = *link;
    }
    if newer.base_lsn > from {
        return Err(ChainFault::Missing(newer));
    }
    chain.members.reverse();
    chain.abandoned.reverse();
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(number: u64, previous: u64, base: u64, timeline: u32) -> Link {
        Link {
            number,
            previous,
            base_lsn: Lsn::new(base),
            timeline,
        }
    }

    #[test]
    fn an_ordinary_chain_is_followed_to_its_oldest_segment() {
        let links = [link(3, 2, 50, 1), link(4, 3, 90, 1), link(5, 4, 90, 1)];
        let chain = follow(&links, Lsn::new(60)).unwrap();
        assert_eq!(
            chain,
            Chain {
                members: vec![0, 1, 2],
                abandoned: vec![]
            }
        );
        assert_eq!(follow(&[], Lsn::ZERO), Ok(Chain::default()));
    }

    #[test]
    fn what_a_change_of_timeline_passed_by_is_abandoned() {
        let links = [
            link(1, 0, 0, 1),
            link(2, 1, 50, 1),
            link(3, 2, 90, 1),
            link(4, 1, 20, 2),
        ];
        let chain = follow(&links, Lsn::ZERO).unwrap();
        assert_eq!(
            chain,
            Chain {
                members: vec![0, 3],
                abandoned: vec![1, 2]
            }
        );
    }

    #[test]
    fn a_gap_or_a_missing_beginning_or_a_stray_is_refused() {
        let gap = [link(1, 0, 0, 1), link(3, 2, 90, 1)];
        assert_eq!(
            follow(&gap, Lsn::new(100)),
            Err(ChainFault::Missing(gap[1]))
        );
        let beginning = [link(3, 2, 90, 1)];
        assert_eq!(
            follow(&beginning, Lsn::new(89)),
            Err(ChainFault::Missing(beginning[0]))
        );
        assert!(follow(&beginning, Lsn::new(90)).is_ok());
        let stray = [link(1, 0, 0, 1), link(2, 1, 50, 1), link(3, 1, 50, 1)];
        assert_eq!(follow(&stray, Lsn::ZERO), Err(ChainFault::Stray(stray[1])));
        let order = [link(1, 0, 60, 1), link(2, 1, 50, 1)];
        let contradiction = Err(ChainFault::Contradiction(order[0]));
        assert_eq!(follow(&order, Lsn::new(60)), contradiction);
        let timeline = [link(1, 0, 40, 2), link(2, 1, 50, 1)];
        let contradiction = Err(ChainFault::Contradiction(timeline[0]));
        assert_eq!(follow(&timeline, Lsn::new(60)), contradiction);
    }
}
