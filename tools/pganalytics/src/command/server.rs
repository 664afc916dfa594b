//! `pganalytics server`: serve until told to stop.

use server::config::{self, Overrides};
use server::{Server, Stopped};

use crate::cli;
use crate::failure::{Failure, Outcome};

/// Runs the command.
pub(crate) async fn run(call: cli::Server) -> Outcome {
    let settings = config::load(
        call.config.as_deref(),
        &Overrides::from_process(flags(&call)),
    )?;
    server::telemetry::start(&settings.log)?;
    let server = Server::start(settings).await?;
    println!("{}", server.ready_line());
    match server.run_until_signal().await? {
        Stopped::Asked => Ok(()),
        Stopped::Fenced => Err(Failure::new(
            "another server archives to the same repository, so this one has stopped",
            "stop the other server, or give this one a repository of its own",
        )),
        Stopped::Failed => Err(Failure::new(
            "the store has failed, so nothing more is acknowledged and the server has stopped",
            "look at the disk and the log above; a restart replays what is on disk",
        )),
    }
}

/// Returns the settings that the call overrides.
fn flags(call: &cli::Server) -> Vec<(String, String)> {
    let data = call.data.as_ref().map(|path| path.display().to_string());
    let given = [
        ("server.data", data),
        ("http.listen", call.http.clone()),
        ("quic.listen", call.quic.clone()),
        ("pgwire.listen", call.pgwire.clone()),
    ];
    given
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}
