//! The connections of a run: opened before the clock runs, closed after.

use collector::send::{Connection, Credentials, Route};
use platform::{Clock, RealClock};
use schema::Epoch;
use wire::Token;

use crate::failure::{Failure, Outcome};
use crate::server::Server;

/// A connection, and the name under which its batches are numbered.
#[derive(Debug)]
pub(crate) struct Link {
    pub(super) connection: Connection,
    name: String,
}

impl Link {
    /// Opens so many connections to a server, as an import does, and returns them with the epoch of
    /// their batches.
    ///
    /// # Errors
    /// When the server does not let them in.
    pub(crate) async fn open(server: &Server, count: u32) -> Outcome<(Vec<Self>, u64)> {
        let token = Token::from_text(&server.token()?)
            .map_err(|error| Failure::new(error, "build both programs from one source"))?;
        let route = Route {
            addresses: vec![server.quic().to_owned()],
            authority_sha256: token.authority,
        };
        let epoch = RealClock.now().0.unsigned_abs();
        let credentials = Credentials::Token(token.clone());
        let mut links = Vec::new();
        for number in 0..count {
            let name = format!("import:{}:bench-{number}", token.id);
            let connection = Connection::connect(&route, &credentials, &name, Epoch(epoch)).await;
            let connection = connection.map_err(|error| {
                Failure::new(
                    error,
                    "at most eight connections; see the .log beside the data directory",
                )
            })?;
            links.push(Self { connection, name });
        }
        Ok((links, epoch))
    }

    /// Returns the names of connections.
    pub(crate) fn names(links: &[Self]) -> Vec<String> {
        links.iter().map(|link| link.name.clone()).collect()
    }

    /// Closes connections in good order.
    pub(crate) async fn close(links: Vec<Self>) {
        for link in links {
            link.connection.close().await;
        }
    }
}
