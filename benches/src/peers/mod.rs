//! Other stores on the same rows, on the same machine, in the same run.
//!
//! ```text
//!   Rows ──line protocol──▶ VictoriaMetrics, a process on loopback: speed, processor time, bytes
//!     └───RowBinary file──▶ ClickHouse, in a Python process through chdb: bytes
//! ```
//!
//! Both are told the rows' own shape: VictoriaMetrics a series for each field, ClickHouse a table that
//! is sorted by tags and time, its columns coded as its makers advise ([`clickhouse`]).
//! What each has taken is counted before its bytes are.

mod clickhouse;
mod column;
mod figures;
mod line;
mod row_binary;
mod victoria;

pub(crate) use clickhouse::ClickHouse;
pub(crate) use figures::{PeerFigures, VICTORIA};

use figures::CLICKHOUSE;
pub(crate) use victoria::VictoriaMetrics;

use column::{Cell, Cells, cells};

/// The other stores, known to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peers {
    pub(crate) victoria: VictoriaMetrics,
    pub(crate) clickhouse: ClickHouse,
}

impl Peers {
    /// Looks for both.
    ///
    /// # Errors
    /// When one is missing; the advice says how to install it.
    pub(crate) fn find() -> crate::failure::Outcome<Self> {
        Ok(Self {
            victoria: VictoriaMetrics::find()?,
            clickhouse: ClickHouse::find()?,
        })
    }
}

const INSTALL: &str = "run scripts/setup.sh bench, or measure with --without-peers";
