//! The PostgreSQL that the demo watches: a throwaway one, or the one that was given.

use testbed::{Cluster, Options};

use crate::failure::{Failure, Outcome};

/// The watched server.
#[derive(Debug)]
pub(crate) enum Watched {
    /// Ours, gone with the demo.
    Throwaway(Cluster),
    /// Somebody's; we only look.
    Given(String),
}

impl Watched {
    /// Takes the given server or starts one.
    pub(crate) async fn find_or_start(given: Option<&str>) -> Outcome<Self> {
        if let Some(url) = given {
            return Ok(Self::Given(url.to_owned()));
        }
        eprintln!("starting a throwaway PostgreSQL …");
        tokio::task::spawn_blocking(start)
            .await
            .map_err(|error| Failure::new(error, "this is a defect: please report it"))?
    }

    /// Returns how to connect to it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Throwaway(cluster) => cluster.url(),
            Self::Given(url) => url.clone(),
        }
    }

    /// Returns what it is, for the introduction.
    pub(crate) fn about(&self) -> String {
        match self {
            Self::Throwaway(cluster) => {
                format!(
                    "PostgreSQL {} on port {}, with a load",
                    cluster.major_version(),
                    cluster.port()
                )
            }
            Self::Given(_) => "your PostgreSQL, without a load of ours".to_owned(),
        }
    }
}

fn start() -> Outcome<Watched> {
    let options = Options::default().with("track_functions", "all");
    let cluster = Cluster::start(&options).map_err(|error| match error {
        testbed::Error::Missing => Failure::new(
            "no PostgreSQL server binaries were found on PATH or where packages put them",
            "on Debian or Ubuntu: apt-get install postgresql postgresql-contrib; elsewhere set \
             PGANALYTICS_POSTGRES_BIN to the directory of initdb, or watch a server with --postgres URL",
        ),
        other => Failure::new(other, "the message above is PostgreSQL's own"),
    })?;
    cluster
        .sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        .map_err(|error| {
            Failure::new(
                error,
                "install postgresql-contrib, which holds pg_stat_statements",
            )
        })?;
    Ok(Watched::Throwaway(cluster))
}
