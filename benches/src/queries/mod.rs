//! Five questions of TSBS and one of our own, in our SQL: asked over HTTP, timed, and every answer checked.
//!
//! | query | asks for |
//! |---|---|
//! | `single-groupby-1-1-1` | one field of one host over one hour, its maximum each minute |
//! | `cpu-max-all-1` | all ten fields of one host over eight hours, their maxima each hour |
//! | `double-groupby-1` | one field of all hosts over twelve hours, its mean each hour and host |
//! | `high-cpu-1` | the rows of one host over twelve hours in which `usage_user` is above 90 |
//! | `lastpoint` | the newest row of every host |
//! | `latest` | the same, of the table function `latest` |
//!
//! Hosts and stretches of time are drawn from the seed.
//! Each question is asked once to warm up and once timed: from the request to the last byte of the
//! reply. Both answers are compared, value by value, with one that was computed from the generated
//! data in plain loops: an answer that is wrong ends the run, however fast it was.

mod answer;
mod cpu_max_all;
mod double_groupby;
mod high_cpu;
mod lastpoint;
mod run;
mod single_groupby;
mod stretch;
#[cfg(test)]
mod tests;

pub(crate) use answer::{Cell, Expected};
pub(crate) use run::{QueryFigures, measure};

use crate::generate::{CpuValues, Random};

/// A question and its answer.
#[derive(Debug)]
pub(crate) struct Question {
    /// What to ask.
    pub(crate) sql: String,
    /// What must come back.
    pub(crate) expected: Expected,
}

/// How questions of one sort are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query {
    /// TSBS's name for it.
    pub(crate) name: &'static str,
    draw: fn(&CpuValues, &mut Random) -> Question,
}

/// The queries that are measured.
pub(crate) const QUERIES: [Query; 6] = [
    Query {
        name: "single-groupby-1-1-1",
        draw: single_groupby::draw,
    },
    Query {
        name: "cpu-max-all-1",
        draw: cpu_max_all::draw,
    },
    Query {
        name: "double-groupby-1",
        draw: double_groupby::draw,
    },
    Query {
        name: "high-cpu-1",
        draw: high_cpu::draw,
    },
    Query {
        name: "lastpoint",
        draw: lastpoint::draw,
    },
    Query {
        name: "latest",
        draw: lastpoint::draw_latest,
    },
];
