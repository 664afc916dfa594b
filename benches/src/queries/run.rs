//! Asks, times and checks.

use serde::Serialize;

use super::{QUERIES, Query, Question};
use crate::failure::{Failure, Outcome};
use crate::generate::{CpuValues, Random};
use crate::latency::Latency;
use crate::progress;
use crate::server::{Answered, Http};

/// What one query's questions took.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QueryFigures {
    /// TSBS's name for the query.
    pub(crate) name: &'static str,
    /// Rows of the largest answer.
    pub(crate) rows_max: usize,
    /// From the request to the last byte of the reply, warm.
    pub(crate) latency: Latency,
}

/// Asks each query with `runs` different parameters and returns what the answers took.
///
/// # Errors
/// When the server fails, or answers wrongly.
pub(crate) async fn measure(
    http: &Http,
    values: &CpuValues,
    runs: u32,
) -> Outcome<Vec<QueryFigures>> {
    let mut figures = Vec::with_capacity(QUERIES.len());
    for query in &QUERIES {
        progress::say(&format!("asking {} {runs} times", query.name));
        figures.push(measure_query(http, query, values, runs).await?);
    }
    Ok(figures)
}

async fn measure_query(
    http: &Http,
    query: &Query,
    values: &CpuValues,
    runs: u32,
) -> Outcome<QueryFigures> {
    let mut random = Random::new(values.shape().seed, QUESTION_STREAM);
    let mut durations = Vec::new();
    let mut rows_max = 0;
    for _ in 0..runs {
        let question = (query.draw)(values, &mut random);
        ask(http, query, &question).await?;
        durations.push(ask(http, query, &question).await?.took);
        rows_max = rows_max.max(question.expected.row_count());
    }
    Ok(QueryFigures {
        name: query.name,
        rows_max,
        latency: Latency::of(durations),
    })
}

async fn ask(http: &Http, query: &Query, question: &Question) -> Outcome<Answered> {
    let answered = http.sql(&question.sql).await?;
    match question.expected.difference(&answered.rows) {
        None => Ok(answered),
        Some(difference) => {
            let what = format!("{}: {difference}, asked: {}", query.name, question.sql);
            Err(Failure::wrong_answer(what))
        }
    }
}

/// Apart from the streams of every data set.
const QUESTION_STREAM: u64 = 3 << 40;
